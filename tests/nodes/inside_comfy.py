"""Runs inside a real ComfyUI's Python: `inside_comfy.py COMFYUI WORKSPACE`; writes WORKSPACE/results.json.

WORKSPACE holds inputs.safetensors, trackgo.safetensors, changed.safetensors (with base weights) and tracks.npz, made by
test_model.py with diffusers. Every check puts what it measured under its own name; test_model.py judges.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path

comfyui, workspace = Path(sys.argv[1]), Path(sys.argv[2])
sys.argv = [sys.argv[0], "--cpu"]
sys.path.insert(0, str(comfyui))

import comfy.options  # noqa: E402

comfy.options.enable_args_parsing()

import comfy.model_management  # noqa: E402
import comfy.samplers  # noqa: E402
import comfy.sd  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from comfy_extras.nodes_video_model import (  # noqa: E402
    SVD_img2vid_Conditioning,
    VideoLinearCFGGuidance,
    VideoTriangleCFGGuidance,
)
from inside_pack import load_pack  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

import nodes as comfy_nodes  # noqa: E402 — ComfyUI's own

FRAMES, SIZE = 6, 64
# ComfyUI's interrupt is an Exception up to 0.8, a BaseException in 0.33.
RAISED = (Exception, comfy.model_management.InterruptProcessingException)
results: dict[str, object] = {}


name, NODES = load_pack()
model_nodes = importlib.import_module(".nodes.model", name)
trajectories = importlib.import_module(".trackgo.trajectories", name)
model, clip_vision, vae, _, image = NODES["TrackGoDemoModel"].execute().result
weights = model_nodes.load_trackgo(workspace / "trackgo.safetensors")
changed = model_nodes.load_trackgo(workspace / "changed.safetensors")
saved = np.load(workspace / "tracks.npz")
tracks = trajectories.PointTrajectories(
    saved["tracks"], saved["visibility"], saved["component"], SIZE, SIZE
).to_tracks()
positive, negative, latent = SVD_img2vid_Conditioning().encode(clip_vision, image, vae, SIZE, SIZE, FRAMES, 127, 7, 0.0)


def apply(to=model, trackgo=weights, follow=tracks, alpha=0.2, mode="freeze", tau=0.0, start=0.0, end=1.0, fit=None):
    """TrackGoApply; `fit` is its latent."""
    return NODES["TrackGoApply"].execute(to, trackgo, follow, alpha, mode, tau, start, end, latent=fit).result[0]


def sample(of, seed=0, steps=2, cfg=2.0, sampler="euler", guidance=VideoLinearCFGGuidance) -> torch.Tensor:
    """KSampler behind one of the video guidance nodes."""
    guided = guidance().patch(of, 1.0)[0] if guidance else of
    return comfy_nodes.common_ksampler(guided, seed, steps, cfg, sampler, "karras", positive, negative, latent)[0][
        "samples"
    ]


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).abs().max())


def message(action: Callable[[], object]) -> str:
    """The error an action raises, as "Type: text"; "no error" without one."""
    try:
        action()
    except RAISED as error:
        return f"{type(error).__name__}: {error}"
    return "no error"


def unet_outputs() -> None:
    """One UNet call, bare and attached, for the comparison with diffusers."""
    inputs = load_file(workspace / "inputs.safetensors")
    y = torch.cat([model.model.embedder(value[None]) for value in inputs["ids"][0]], dim=-1).repeat(FRAMES, 1)

    def call(of) -> torch.Tensor:
        of.patch_model()
        try:
            return of.model.diffusion_model(
                inputs["sample"][0], inputs["timestep"].repeat(FRAMES), inputs["context"].repeat(FRAMES, 1, 1), y,
                num_video_frames=FRAMES, transformer_options={},
            )  # fmt: skip
        finally:
            of.unpatch_model()

    outputs = {"bare": call(model), "attached": call(apply()), "changed": call(apply(trackgo=changed))}
    outputs["frozen"] = call(apply(tau=-1e4))
    outputs["bare_again"] = call(model)
    save_file({key: value.contiguous() for key, value in outputs.items()}, workspace / "comfy_outputs.safetensors")


def bit_identity() -> None:
    """An unpatched branch beside a patched one, re-queueing, and what is left on the model afterwards."""
    modules = {key: id(module) for key, module in model.model.named_modules()}
    state = {key: value.clone() for key, value in model.model.state_dict().items()}
    before, patched = sample(model), apply(trackgo=changed)
    first = sample(patched)
    results["effect"] = distance(before, first)
    results["unpatched_beside"] = distance(before, sample(model))
    results["requeued"] = distance(first, sample(patched))
    sample(model)
    after = model.model.state_dict()
    results["weights_left"] = max(distance(state[key].float(), after[key].float()) for key in state)
    results["modules_left"] = modules == {key: id(module) for key, module in model.model.named_modules()}


def two_branches() -> None:
    """Two TrackGoApply of one model, run in turn."""
    other = dict(tracks, track_path=tracks["track_path"].flip(0))
    one, two = apply(), apply(follow=other)
    first, second = sample(one), sample(two)
    results["branches_differ"] = distance(first, second)
    results["branches_repeat"] = max(distance(first, sample(one)), distance(second, sample(two)))
    results["applied_twice"] = message(lambda: apply(to=one))


def guidance() -> None:
    """CFG halves together and apart; the video guidance nodes; no guidance at all."""
    together, plain = sample(apply()), sample(model)
    real = comfy.model_management.get_free_memory
    comfy.model_management.get_free_memory = lambda _device=None, torch_free_too=False: (1, 1) if torch_free_too else 1
    try:
        calls = []
        hook = model.model.diffusion_model.register_forward_pre_hook(lambda _m, args: calls.append(len(args[0])))
        results["cfg_apart"] = distance(together, sample(apply()))
        results["cfg_apart_plain"] = distance(plain, sample(model))  # other batches, other rounding
    finally:
        hook.remove()
        comfy.model_management.get_free_memory = real
    results["cfg_apart_batch"] = max(calls)
    for guide in (VideoTriangleCFGGuidance, None):
        results[f"guidance_{guide.__name__ if guide else 'none'}"] = distance(
            sample(model, guidance=guide), sample(apply(), guidance=guide)
        )
    results["cfg_1"] = distance(sample(model, cfg=1.0), sample(apply(), cfg=1.0))


def samplers() -> None:
    """Every stock sampler: finite, and it follows. Some need a second step to call the model at all."""
    outcome = {}
    for sampler in comfy.samplers.KSampler.SAMPLERS:
        steps = 2 if sampler.startswith(("dpm_fast", "dpm_adaptive", "uni_pc")) else 1
        bare, patched = (sample(of, sampler=sampler, steps=steps, cfg=1.0) for of in (model, apply()))
        outcome[sampler] = [bool(torch.isfinite(patched).all()), distance(patched, bare)]
    results["samplers"] = outcome


def lora() -> None:
    """A LoRA-like patch on a temporal attention, before and after TrackGoApply, against the weights changed by hand."""
    key = "diffusion_model.input_blocks.1.1.time_stack.0.attn1.to_v.weight"
    delta = torch.randn(model.model.state_dict()[key].shape, generator=torch.Generator().manual_seed(5)) * 0.5

    def patched(of):
        clone = of.clone()
        results["lora_found"] = clone.add_patches({key: (delta,)}, 1.0) == [key]
        return clone

    before, after = sample(apply(to=patched(model), trackgo=changed)), sample(patched(apply(trackgo=changed)))
    results["lora_effect"] = distance(before, sample(apply(trackgo=changed)))
    results["lora_order"] = distance(before, after)
    results["lora_left"] = distance(sample(model), sample(model))


def percents() -> None:
    """start and end percent."""
    bare, full = sample(model, steps=4), sample(apply(), steps=4)
    results["percent_none"] = distance(bare, sample(apply(start=1.0), steps=4))
    results["percent_full"] = distance(full, sample(apply(start=0.0, end=1.0), steps=4))
    half = sample(apply(end=0.5), steps=4)
    results["percent_half"] = [distance(half, bare), distance(half, full)]


def low_memory() -> None:
    """The weights partly loaded, as on a card that is too small: patched at each use, adapters cast at each use."""
    expected = sample(apply(trackgo=changed))
    patched = apply(trackgo=changed)
    adapters = patched.get_additional_models_with_key(model_nodes.KEY)
    results["adapters_seen"] = [len(adapters), adapters[0].model_size() > 0]
    for patcher in (patched, *adapters):
        patcher.detach()
    load = type(patched).load

    def little(self, device_to=None, lowvram_model_memory=0, force_patch_weights=False, full_load=False):
        return load(self, device_to, 1, force_patch_weights, False)

    type(patched).load = little
    try:
        results["low_memory"] = distance(expected, sample(patched))
        results["low_memory_used"] = patched.model.model_lowvram
    finally:
        type(patched).load = load
    patched.detach()


def half_precision() -> None:
    """bfloat16 weights and arithmetic stay near float32."""
    expected = sample(apply())
    clone = model_nodes.demo_model()
    clone.model.diffusion_model.to(torch.bfloat16)
    clone.model.diffusion_model.dtype = torch.bfloat16
    half = model_nodes.load_trackgo(workspace / "trackgo.safetensors")
    half.model.to(torch.bfloat16)
    got = sample(apply(to=clone, trackgo=half))
    results["bf16"] = [distance(expected, got), float(expected.abs().max()), bool(torch.isfinite(got).all())]
    results["bf16_dtype"] = str(next(iter(half.model.parameters())).dtype)


def interrupting() -> None:
    """A run stopped half way leaves nothing behind."""
    before = sample(model)
    patched = apply(trackgo=changed)

    def stop(_module, args):
        raise comfy.model_management.InterruptProcessingException()

    hook = model.model.diffusion_model.register_forward_pre_hook(stop)
    results["interrupted"] = message(lambda: sample(patched)).partition(":")[0]
    hook.remove()
    results["after_interrupt"] = distance(before, sample(model))


def interrupting_within_a_layer() -> None:
    """Cancel while any layer of the demo model, its VAE or E runs: no other layer begins."""
    fresh = model_nodes.load_trackgo(workspace / "trackgo.safetensors")
    plain = model_nodes.demo_model()
    for layer in plain.model.diffusion_model.modules():
        layer._forward_pre_hooks.clear()  # as another SVD, whose own layers need not ask
    runs = {
        "unet": (model.model.diffusion_model, "out.2", lambda: sample(model)),
        "vae": (vae.first_stage_model, "taesd_decoder.1", lambda: vae.decode(latent["samples"])),
        "encoder": (fresh.model.encoder, "convs.0", lambda: sample(apply(trackgo=fresh))),
        "adapter": (
            plain.model.diffusion_model, "input_blocks.2.1.time_stack.0.norm1", lambda: sample(apply(to=plain)),
        ),
    }  # fmt: skip
    for key, (owner, where, action) in runs.items():
        after = []
        stop = owner.get_submodule(where).register_forward_hook(
            lambda *_: comfy.model_management.interrupt_current_processing()
        )
        leaves = [layer for layer in owner.modules() if not [*layer.children()]]
        count = [layer.register_forward_hook(lambda _m, _i, _o, after=after: after.append(1)) for layer in leaves]
        stop_count = owner.get_submodule(where).register_forward_hook(lambda *_, after=after: after.clear())
        results[f"cancelled_{key}"] = [message(action).partition(":")[0], len(after)]
        for hook in (stop, stop_count, *count):
            hook.remove()
        comfy.model_management.interrupt_current_processing(False)


def too_large_for_the_demo() -> None:
    """SVD_img2vid_Conditioning's own size on the demo model: said before the first step."""
    heard = []
    handler = logging.Handler()
    handler.emit = lambda record: heard.append(record.getMessage())
    logging.getLogger().addHandler(handler)
    stop = model.model.diffusion_model.register_forward_pre_hook(
        lambda *_: comfy.model_management.interrupt_current_processing()
    )
    try:
        large = {"samples": torch.zeros(14, 4, 576 // 8, 1024 // 8)}
        for given in (latent, large):
            heard.append("-")
            message(lambda given=given: comfy_nodes.common_ksampler(
                model, 0, 1, 1.0, "euler", "karras", positive, negative, given
            ))  # fmt: skip
    finally:
        stop.remove()
        logging.getLogger().removeHandler(handler)
        comfy.model_management.interrupt_current_processing(False)
    results["warned"] = [text for text in heard if text == "-" or text.startswith("TrackGo: ")]


def mistakes() -> None:
    """Everything that does not fit, one sentence each, and nothing left behind."""
    before = sample(model)
    long = {key: torch.cat([tracks[key], tracks[key][-1:]]) for key in ("track_path", "track_visibility")}
    wide = {**tracks, "width": 2 * SIZE}
    odd = {**tracks, "width": SIZE + 1}
    results["error_frames"] = message(lambda: sample(apply(follow={**tracks, **long})))
    results["error_size"] = message(lambda: sample(apply(follow=wide)))
    results["error_frames_early"] = message(lambda: apply(follow={**tracks, **long}, fit=latent))
    results["error_size_early"] = message(lambda: apply(follow=wide, fit=latent))
    unseen = {**tracks, "track_visibility": torch.zeros_like(tracks["track_visibility"])}
    results["error_unseen"] = message(lambda: apply(follow=unseen))
    none = {"track_path": tracks["track_path"][:, :0], "track_visibility": tracks["track_visibility"][:, :0]}
    results["error_no_points"] = message(lambda: apply(follow={"width": SIZE, "height": SIZE, **none}))
    results["latent_fits"] = distance(sample(apply()), sample(apply(fit=latent)))
    twice = {"samples": torch.cat([latent["samples"]] * 2)}
    results["latent_of_two_videos"] = message(lambda: apply(fit=twice))
    results["error_multiple"] = message(lambda: apply(follow=odd))
    results["error_percent"] = message(lambda: apply(start=0.8, end=0.2))
    results["error_alpha"] = message(lambda: apply(alpha=0.05))
    other = comfy.model_patcher.ModelPatcher(torch.nn.Linear(1, 1), torch.device("cpu"), torch.device("cpu"))
    results["error_not_svd"] = message(lambda: apply(to=other))
    wrong = model_nodes.load_trackgo(workspace / "wrong.safetensors")
    results["error_other_base"] = message(lambda: apply(trackgo=wrong))
    results["after_errors"] = distance(before, sample(model))


def demo_limits() -> None:
    """What is said of a video far beyond the demo model's own size, and of one that is not."""
    said = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())
    logger = logging.getLogger(f"{name}.nodes.notices")
    logger.addHandler(handler)
    try:
        for width, height in ((1024, 576), (128, 128)):
            apply(follow={**tracks, "width": width, "height": height})
    finally:
        logger.removeHandler(handler)
    results["beyond_demo"] = said


def demo_threads() -> None:
    """PyTorch's threads while the demo's three parts compute, and afterwards."""
    seen, threads = {}, torch.get_num_threads()
    torch.set_num_threads(3)
    parts = {"unet": model.model.diffusion_model, "vae": vae.first_stage_model, "clip": clip_vision.model}
    hooks = [
        layer.register_forward_pre_hook(lambda *_, part=part: seen.update({part: torch.get_num_threads()}))
        for part, whole in parts.items()
        for layer in whole.modules()
    ]
    try:
        comfy_nodes.VAEDecode().decode(vae, {"samples": sample(apply())})
        SVD_img2vid_Conditioning().encode(clip_vision, image, vae, SIZE, SIZE, FRAMES, 127, 7, 0.0)
        results["threads"] = [seen, torch.get_num_threads()]
    finally:
        torch.set_num_threads(threads)
        for hook in hooks:
            hook.remove()


def adapters_run_once() -> None:
    """A' is computed once per layer for all steps, both CFG halves, other seeds, alpha and tau."""
    calls = []
    fresh = model_nodes.load_trackgo(workspace / "trackgo.safetensors")
    for adapter in fresh.model.adapters.values():
        adapter.register_forward_hook(lambda *_: calls.append(1))
    sample(apply(trackgo=fresh), steps=3)
    sample(apply(trackgo=fresh), steps=2, seed=9)
    sample(apply(trackgo=fresh, alpha=0.3, tau=-50.0), steps=2)
    results["adapter_calls"] = len(calls)


CHECKS = [
    unet_outputs, bit_identity, two_branches, guidance, samplers, lora, percents, low_memory, half_precision,
    interrupting, interrupting_within_a_layer, too_large_for_the_demo, mistakes, demo_limits, demo_threads,
    adapters_run_once,
]  # fmt: skip


def run(checks: list[Callable[[], None]]) -> None:
    """Run checks as ComfyUI runs nodes; one that fails does not hide the others."""
    with torch.inference_mode():
        for check in checks:
            try:
                check()
            except RAISED as error:
                results[f"failed_{check.__name__}"] = f"{type(error).__name__}: {error}"
            (workspace / "results.json").write_text(json.dumps(results))


if __name__ == "__main__":
    run(CHECKS)
