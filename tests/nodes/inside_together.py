"""Runs inside a real ComfyUI's Python, as inside_comfy.py does and with its model and arguments.

TrackGo together with what else acts on a MODEL: batches, merges, compilation, precisions, patches of other nodes, and
a second thread; test_together.py judges.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import threading
from collections.abc import Callable
from contextlib import contextmanager

import inside_comfy as base  # isort: skip — first: it puts ComfyUI on the path
import comfy.hooks
import comfy.ldm.modules.attention as attention
import comfy.model_management
import comfy.sample
import comfy.samplers
import comfy_extras.nodes_freelunch
import comfy_extras.nodes_hypernetwork
import comfy_extras.nodes_model_merging as merging
import comfy_extras.nodes_pag
import torch
from comfy_api.torch_helpers import set_torch_compile_wrapper
from inside_comfy import (
    FRAMES,
    NODES,
    SIZE,
    VideoLinearCFGGuidance,
    apply,
    changed,
    distance,
    latent,
    message,
    model,
    model_nodes,
    name,
    negative,
    positive,
    results,
    sample,
    tracks,
    weights,
    workspace,
)

import nodes as comfy_nodes

following = importlib.import_module(".nodes.following", name)
other_tracks = dict(tracks, track_path=tracks["track_path"].flip(0))
VALUE = "diffusion_model.input_blocks.1.1.time_stack.0.attn1.to_v"


def call(node: type, *given: object) -> object:
    """The first output of one of ComfyUI's own nodes, whichever of its two ways it is written in."""
    if hasattr(node, "execute"):
        return node.execute(*given).result[0]
    return getattr(node(), node.FUNCTION)(*given)[0]


def sample_batch(of: object, samples: dict, guidance: type | None = VideoLinearCFGGuidance) -> torch.Tensor:
    guided = guidance().patch(of, 1.0)[0] if guidance else of
    return comfy_nodes.common_ksampler(guided, 0, 2, 2.0, "euler", "karras", positive, negative, samples)[0]["samples"]


def numbered(of: object, video: int, follow: dict, trackgo: object = weights) -> object:
    """TrackGoApply for one video of a batch."""
    return NODES["TrackGoApply"].execute(of, trackgo, follow, 0.2, "freeze", 0.0, 0.0, 1.0, video).result[0]


def batches() -> None:
    """Two videos of one latent batch are what each would be alone, the second with the noise that falls to it."""
    twice = comfy_nodes.RepeatLatentBatch().repeat(latent, 2)[0]
    second = {"samples": latent["samples"], "batch_index": list(range(FRAMES, 2 * FRAMES))}
    first_alone, second_alone = sample_batch(apply(), latent), sample_batch(apply(), second)
    plain = sample_batch(model, second)
    both = sample_batch(apply(), twice)
    results["batch_same_tracks"] = [distance(both[:FRAMES], first_alone), distance(both[FRAMES:], second_alone)]
    results["batch_effect"] = distance(second_alone, plain)
    first = numbered(model, 1, tracks)
    chained = numbered(first, 2, other_tracks)
    two = sample_batch(chained, twice)
    other_alone = sample_batch(apply(follow=other_tracks), second)
    results["batch_other_tracks"] = [distance(two[:FRAMES], first_alone), distance(two[FRAMES:], other_alone)]
    results["batch_tracks_differ"] = distance(other_alone, second_alone)
    results["batch_only_first"] = distance(sample_batch(first, twice)[FRAMES:], plain)
    pag = call(comfy_extras.nodes_pag.PerturbedAttentionGuidance, apply(), 3.0)
    results["batch_pag"] = distance(sample_batch(pag, twice)[FRAMES:], sample_batch(pag, second))
    results["batch_missing"] = message(lambda: sample_batch(chained, latent))
    results["batch_odd"] = message(lambda: sample_batch(apply(), {"samples": torch.zeros(FRAMES + 2, 4, 8, 8)}))
    results["batch_taken"] = message(lambda: numbered(chained, 2, tracks))
    results["batch_other_size"] = message(lambda: numbered(first, 2, {**tracks, "width": 2 * SIZE}))
    results["batch_other_weights"] = message(lambda: numbered(first, 2, tracks, changed))


def batch_of_pictures() -> None:
    """Conditioning made for the whole batch is cut along with it: each video has a first frame of its own."""
    given = positive[0][1]["concat_latent_image"]
    pictures = torch.cat([given.repeat(FRAMES, 1, 1, 1), given.flip(-1).repeat(FRAMES, 1, 1, 1)])
    twice = comfy_nodes.RepeatLatentBatch().repeat(latent, 2)[0]
    second = {"samples": latent["samples"], "batch_index": list(range(FRAMES, 2 * FRAMES))}

    def with_picture(picture: torch.Tensor) -> list:
        return [[positive[0][0], {**positive[0][1], "concat_latent_image": picture}]]

    def run(of: list, samples: dict) -> torch.Tensor:
        return comfy_nodes.common_ksampler(apply(), 0, 2, 2.0, "euler", "karras", of, negative, samples)[0]["samples"]

    both, alone = run(with_picture(pictures), twice), run(with_picture(given.flip(-1)), second)
    results["batch_pictures"] = [distance(both[FRAMES:], alone), distance(alone, run(positive, second))]


def merge(*given: object) -> object:
    """ModelMergeSimple, which asks for the model's whole state dict once a weight: here it is made once."""
    weights = model.model.state_dict()
    with replaced(model.model, "state_dict", lambda: weights):
        return call(merging.ModelMergeSimple, *given)


def merges() -> None:
    """Merge nodes: refused where TrackGo would be left behind or watered down, right where it would not."""
    nodes = {
        "simple": (merging.ModelMergeSimple, (0.0,)),
        "subtract": (merging.ModelSubtract, (1.0,)),
        "add": (merging.ModelAdd, ()),
        "blocks": (merging.ModelMergeBlocks, ()),
    }
    guided = VideoLinearCFGGuidance().patch(apply(trackgo=changed), 1.0)[0]
    results["merged_second"] = {
        key: message(lambda node=node, more=more: call(node, model, guided, *more))
        for key, (node, more) in nodes.items()
    }
    louder = model.clone()
    louder.add_patches({f"{VALUE}.weight": (torch.full((64, 64), 0.3),)})
    merged = merge(model, louder, 0.5)
    bare, applied = sample(merged), sample(apply(to=merged))
    results["merge_then_apply"] = distance(applied, bare)
    results["merge_acts"] = distance(bare, sample(model))
    behind = merge(apply(), louder, 0.5)
    results["merge_behind"] = distance(sample(behind), applied)
    results["merge_behind_nothing"] = distance(
        sample(merge(apply(trackgo=changed), louder, 1.0)), sample(apply(trackgo=changed))
    )
    results["merge_behind_changed"] = message(lambda: sample(merge(apply(trackgo=changed), louder, 0.5)))


def own_base_model() -> None:
    """A clone on another base model (torch.compile's, a second GPU's) uses that one's layers."""
    if "model_override" not in inspect.signature(type(model).clone).parameters:
        return  # an older ComfyUI: all clones share their base model
    second = model_nodes.demo_model()
    second.model.diffusion_model.get_parameter(f"{VALUE.removeprefix('diffusion_model.')}.weight").data.mul_(3)
    expected, patched = sample(apply(to=second)), apply()
    clone = patched.clone(model_override=(second.model, ({}, {}, {}, set())))
    results["own_base"] = [distance(sample(clone), expected), distance(expected, sample(patched))]


def follows(
    key: str, change: Callable[[object], object], of: Callable[[object], torch.Tensor] = sample, follow: dict = tracks
) -> None:
    """What a patch of another node must leave true: [it acts, TrackGo acts under it, order plays no part, an inactive
    TrackGo is not there]."""
    bare, patched = of(change(model)), of(change(apply(follow=follow)))
    results[f"with_{key}"] = [
        distance(patched, of(apply(follow=follow))), distance(patched, bare),
        distance(patched, of(apply(to=change(model), follow=follow))),
        distance(bare, of(change(apply(follow=follow, start=1.0)))),
    ]  # fmt: skip


@contextmanager
def replaced(owner: object, attribute: str, value: object):
    before = getattr(owner, attribute)
    setattr(owner, attribute, value)
    try:
        yield
    finally:
        setattr(owner, attribute, before)


def other_patches() -> None:
    """PAG, FreeU and a hypernetwork."""
    # of such a small model's middle block, whose perturbation changes little
    follows("pag", lambda of: call(comfy_extras.nodes_pag.PerturbedAttentionGuidance, of, 100.0))
    widths = {**model.model.model_config.unet_config, "model_channels": 16}  # FreeU knows SD's widths: 4 × and 2 × this
    large = {"samples": torch.zeros(FRAMES, 4, SIZE // 4, SIZE // 4)}  # at one cell it divides by 0
    with replaced(model.model.model_config, "unet_config", widths):
        follows(
            "freeu",
            lambda of: call(comfy_extras.nodes_freelunch.FreeU_V2, of, 1.3, 1.4, 0.9, 0.2),
            lambda of: sample_batch(of, large),
            {**tracks, "track_path": 2 * tracks["track_path"], "width": 2 * SIZE, "height": 2 * SIZE},
        )
    generator = torch.Generator().manual_seed(2)
    layer = {"linear.weight": 0.2 * torch.randn(64, 64, generator=generator), "linear.bias": torch.zeros(64)}
    torch.save({64: (layer, layer)}, workspace / "hypernetwork.pt")
    patch = comfy_extras.nodes_hypernetwork.load_hypernetwork_patch(str(workspace / "hypernetwork.pt"), 1.0)

    def hypernetwork(of: object) -> object:  # as HypernetworkLoader does
        clone = of.clone()
        clone.set_model_attn1_patch(patch)
        clone.set_model_attn2_patch(patch)
        return clone

    follows("hypernetwork", hypernetwork)


def hooked_lora() -> None:
    """A LoRA as a hook on the conditioning is the LoRA as a patch."""
    generator = torch.Generator().manual_seed(5)
    up, down = (0.3 * torch.randn(shape, generator=generator) for shape in ((64, 2), (2, 64)))
    lora = {f"{VALUE}.lora_up.weight": up, f"{VALUE}.lora_down.weight": down}

    def hooked(of: object) -> torch.Tensor:
        hooks = comfy.hooks.create_hook_lora(lora, 1.0, 0.0)
        conds = [comfy.hooks.set_hooks_for_conditioning(cond, hooks) for cond in (positive, negative)]
        return comfy_nodes.common_ksampler(of, 0, 2, 2.0, "euler", "karras", *conds, latent)[0]["samples"]

    patched = model.clone()
    patched.add_patches({f"{VALUE}.weight": (up @ down,)})
    results["hook_found"] = distance(hooked(model), sample(model, guidance=None))
    results["hook_is_patch"] = distance(
        hooked(apply(trackgo=changed)), sample(apply(to=patched, trackgo=changed), guidance=None)
    )
    results["hook_left"] = distance(sample(model), sample(model))


def kinds_of_attention() -> None:
    """Split, quad and pytorch attention, as ComfyUI's options choose them for everything."""
    expected, effect = sample(apply()), distance(sample(apply()), sample(model))
    for kind in ("split", "sub_quad", "pytorch", "basic"):
        function = getattr(attention, f"attention_{kind}")
        calls = []

        def counted(*args: object, function=function, calls=calls, **more: object) -> torch.Tensor:
            calls.append(1)
            return function(*args, **more)

        with replaced(attention, "optimized_attention", counted), replaced(following, "optimized_attention", counted):
            got = sample(apply())
        results[f"attention_{kind}"] = [distance(got, expected) / effect, len(calls)]


def model_in(weight: torch.dtype, compute: torch.dtype | None) -> object:
    """The demo model with weights of another type, and computing in another if told so, as ComfyUI makes it."""
    manage = comfy.model_management
    with (
        replaced(manage, "unet_dtype", lambda **_: weight),
        replaced(manage, "unet_manual_cast", lambda *_, **__: compute),
    ):
        return model_nodes.demo_model()


def precisions() -> None:
    """fp16 and bf16 throughout, and fp8 weights that are cast for each use: follows, and near float32."""
    expected, effect = sample(apply(trackgo=changed)), distance(sample(apply(trackgo=changed)), sample(model))
    kinds = {
        "fp16": (torch.float16, None),
        "bf16": (torch.bfloat16, None),
        "fp8": (torch.float8_e4m3fn, torch.float32),
        "fp8 in bf16": (torch.float8_e5m2, torch.bfloat16),
    }
    for kind, types in kinds.items():
        of = model_in(*types)
        bare, got = sample(of), sample(apply(to=of, trackgo=changed))
        results[f"precision_{kind}"] = {
            "finite": bool(torch.isfinite(got).all()),
            "follows": distance(got, bare) / effect,
            "error": distance(got, expected) / effect,
            "left": distance(bare, sample(of)),
            "weights": str(next(of.model.diffusion_model.parameters()).dtype),
        }


def compiled_with(of: object, backend: str, *keys: str) -> object:
    """What TorchCompileModel does, which offers inductor and the whole model only: that takes a quarter of an hour."""
    clone = of.clone()
    try:
        from comfy_extras.nodes_torch_compile import skip_torch_compile_dict

        more = {"options": {"guard_filter_fn": skip_torch_compile_dict}}
    except ImportError:
        more = {}
    set_torch_compile_wrapper(clone, backend=backend, keys=[*keys] or ["diffusion_model"], **more)
    return clone


def compiled() -> None:
    """Compiled before and after TrackGo Apply, and a batch whose videos follow other tracks in one compiled model."""
    expected, bare = sample(apply()), sample(model)
    results["compiled_effect"] = distance(expected, bare)
    compiled_model = compiled_with(model, "eager")
    results["compiled"] = {
        "before": distance(sample(apply(to=compiled_model)), expected),
        "bare beside": distance(sample(compiled_model), bare),
    }
    chained = numbered(numbered(model, 1, tracks), 2, other_tracks)
    twice = comfy_nodes.RepeatLatentBatch().repeat(latent, 2)[0]
    block = "diffusion_model.input_blocks.1.1.time_stack.0"
    torch._dynamo.reset()  # it compiles one piece of code only so often
    torch._dynamo.utils.counters.clear()
    results["inductor"] = {
        "after": distance(sample(compiled_with(apply(), "inductor", block)), expected),
        "before": distance(sample(apply(to=compiled_with(model, "inductor", block))), expected),
    }
    results["inductor_graphs"] = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    both = sample_batch(compiled_with(chained, "eager", block), twice)
    results["compiled"]["after, a batch"] = distance(both, sample_batch(chained, twice))


def memory() -> None:
    """A' is in the memory manager's accounts while it is kept, goes when memory is asked for, and comes again."""
    manage, patched = comfy.model_management, apply()
    (trackgo,) = patched.get_additional_models_with_key("trackgo")
    manage.unload_all_models()
    trackgo.expect([])  # of the samplings above
    before = trackgo.model_size(), trackgo.loaded_size()
    expected = sample(patched)
    (encoded,) = (one.trajectories for one in following.attachments_of(patched).values())
    kept = encoded.kept_bytes("cpu")
    results["memory_needed"] = [kept, encoded.needed_bytes]
    results["memory_counted"] = trackgo.model_size() - before[0] >= kept and trackgo.loaded_size() - before[1] >= kept
    part = trackgo.partially_unload("cpu", 1)
    results["memory_part"] = [part >= kept, encoded.kept_bytes("cpu")]
    results["memory_again"] = [distance(sample(patched), expected), encoded.kept_bytes("cpu") - kept]
    manage.free_memory(1e30, manage.get_torch_device())
    results["memory_freed"] = encoded.kept_bytes("cpu")
    results["memory_once_more"] = distance(sample(patched), expected)


def in_threads(*of: object) -> list[torch.Tensor | str]:
    """Each MODEL sampled in a thread of its own, at once, with its own seed; what came out, or the error."""
    out: list[torch.Tensor | str] = [""] * len(of)

    def run(i: int) -> None:
        with torch.inference_mode():
            try:
                out[i] = sample(of[i], seed=i, steps=4)
            except Exception as error:
                out[i] = f"{type(error).__name__}: {error}"

    threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(len(of))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    return out


def two_threads() -> None:
    """Clones of one patched MODEL, and MODELs that follow other tracks: one sampling waits for the other."""
    order = []
    hook = model.model.diffusion_model.register_forward_pre_hook(lambda *_: order.append(threading.get_ident()))
    try:
        for key, of in (("clones", [apply()] * 3), ("tracks", [apply(), apply(follow=other_tracks)])):
            of = [one.clone() for one in of]
            expected = [sample(one, seed=i, steps=4) for i, one in enumerate(of)]
            order.clear()
            results[f"threads_{key}"] = [
                got if isinstance(got, str) else distance(got, want)
                for got, want in zip(in_threads(*of), expected, strict=True)
            ]
            results[f"threads_{key}_turns"] = [sum(a != b for a, b in itertools.pairwise(order)), len(of) - 1]
    finally:
        hook.remove()


def disturbed() -> None:
    """A plain sampling beside one with TrackGo cannot be made to wait: whichever is disturbed says so."""

    def run(of: object, callback: Callable[..., None]) -> str:
        noise = comfy.sample.prepare_noise(latent["samples"], 0)
        return message(
            lambda: comfy.sample.sample(
                of, noise, 3, 2.0, "euler", "karras", positive, negative, latent["samples"], callback=callback,
                disable_pbar=True, seed=0,
            )
        )  # fmt: skip

    for key, first, second in (("trackgo", apply(), model), ("plain", model, apply())):
        begun, over, told = threading.Event(), threading.Event(), []

        def beside(second=second, begun=begun, over=over, told=told) -> None:
            with torch.inference_mode():
                told.append(run(second, lambda *_: (begun.set(), over.wait(60))))

        thread = threading.Thread(target=beside, daemon=True)

        def interfere(step: int, *_: object, thread=thread, begun=begun) -> None:
            if step == 0:
                thread.start()
                begun.wait(60)

        results[f"disturbed_{key}"] = run(first, interfere)
        over.set()
        thread.join(120)
    results["disturbed_after"] = distance(sample(model), sample(model))


CHECKS = [
    batches, batch_of_pictures, merges, own_base_model, other_patches, hooked_lora, kinds_of_attention, precisions,
    compiled, memory, two_threads, disturbed,
]  # fmt: skip

if __name__ == "__main__":
    base.run(CHECKS)
