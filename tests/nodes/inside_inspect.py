"""Runs inside a real ComfyUI's Python, as inside_comfy.py does and with its model and arguments.

What TrackGoAttentionView shows, and that it leaves nothing behind; test_inspect.py judges.
"""

from __future__ import annotations

import importlib
import json

import inside_comfy as base  # isort: skip — first: it puts ComfyUI on the path
import comfy.model_management
import comfy.samplers
import numpy as np
import torch
from inside_comfy import FRAMES, NODES, SIZE, apply, distance, latent, message, model, name, positive, results, sample

record = importlib.import_module(".trackgo.attention.record", name)
attention = importlib.import_module(".nodes.attention", name)
STEPS = 4


def view(of, video=None, frames=None, **changed):
    """TrackGoAttentionView: (pages, shares, report)."""
    video = {"samples": sample(of, steps=STEPS, cfg=1.0)} if video is None else video
    given = {"layers": "up_3_2", "at_steps": "first, last", "steps": STEPS, "scheduler": "karras", "frames_i": "2",
             "frames_j": "1, last", "seed": 0, "compare": True, "frames": frames}  # fmt: skip
    pages, shares, report = NODES["TrackGoAttentionView"].execute(of, positive, video, **(given | changed)).result
    return pages, shares, json.loads(report)


def looking() -> None:
    """The same twice; the model samples the same to the bit before and after; nothing stays on it."""
    modules = {key: id(module) for key, module in model.model.named_modules()}
    bare, patched = sample(model), apply(trackgo=base.changed)
    before = sample(patched)
    video = {"samples": before}
    pages, shares, report = view(patched, video)
    results["pages"] = [list(pages.shape), float(pages.min()), float(pages.max()), float(pages.std())]
    results["shares_shape"] = list(shares.shape)
    results["report"] = report
    results["requeued"] = [distance(pages, view(patched, video)[0]), report == view(patched, video)[2]]
    results["sampled_after"] = distance(before, sample(patched))
    results["probe_left"] = attention.attachment_of(patched).probe is not None
    results["bare_after"] = distance(bare, sample(model))
    results["modules_left"] = modules == {key: id(module) for key, module in model.model.named_modules()}
    results["other_seed"] = report["maps"] != view(patched, video, seed=3)[2]["maps"]


def without_apply() -> None:
    """A plain model shows its own attention, which is what the patched one shows without adapters."""
    video = {"samples": sample(model)}
    plain, patched = view(model, video)[2], view(apply(), video)[2]
    pairs = list(zip(plain["maps"], patched["maps"], strict=True))
    results["plain_kinds"] = sorted(plain["maps"][0].keys() & set(record.KINDS))
    results["plain_is_without"] = max(abs(a["without"][k] - b["without"][k]) for a, b in pairs for k in ("mean", "max"))
    results["plain_shares"] = plain["activated_share"]
    alone = view(apply(), video, compare=False)[2]
    results["alone_kinds"] = sorted(alone["maps"][0].keys() & set(record.KINDS))


def as_while_sampling() -> None:
    """The view's maps beside those of the sampling itself, at its first, second and last step."""
    patched = apply()
    live = attention.attachment_of(patched)
    request = record.AttentionRequest(("up_3_2", "up_2_0"), (0, 1, STEPS - 1), (1,), tuple(range(FRAMES)))
    seen = record.AttentionRecorder(request, live.settings)
    seen.step = 0

    def count(_module, _args, _output):
        seen.step += 1

    hook = model.model.diffusion_model.register_forward_hook(count)
    live.probe = seen
    try:
        video = {"samples": sample(patched, steps=STEPS, cfg=1.0)}
    finally:
        live.probe = None
        hook.remove()
    sigmas = comfy.samplers.calculate_sigmas(patched.get_model_object("model_sampling"), "karras", STEPS).tolist()
    maps, shares = attention.record_maps(patched, positive, video, request, dict(enumerate(sigmas)), 0, False)
    assert shares == seen.shares
    results["as_sampled"] = []
    for step in request.steps:
        found = [m for m in maps if m.step == step]
        pairs = [(m.values["original"], seen.maps[m.layer, m.step, m.i, m.j].values["original"]) for m in found]
        error = np.mean([np.abs(a - b).mean() for a, b in pairs])
        results["as_sampled"].append(float(error / np.mean([b.std() for _, b in pairs])))
    results["bound"] = [sum(v.nbytes for m in maps for v in m.values.values()), request.bytes((SIZE // 8, SIZE // 8))]


def schedules() -> None:
    """SIGMAS from a scheduler node in place of steps and scheduler; adapters that rest."""
    video = {"samples": sample(apply())}
    sigmas = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), "karras", STEPS)
    results["by_sigmas"] = distance(view(apply(), video)[0], view(apply(), video, steps=9, sigmas=sigmas)[0])
    late = apply(start=0.9)
    maps = view(late, video)[2]["maps"]
    results["resting"] = [[m["step"], sorted(m.keys() & set(record.KINDS))] for m in maps]
    results["error_resting"] = message(lambda: view(late, video, at_steps="first", compare=False))


def mistakes() -> None:
    """One sentence each; afterwards the model is as it was."""
    patched = apply()
    before, video = sample(patched), {"samples": sample(patched)}
    results["error_empty"] = message(lambda: view(patched, latent))
    results["error_layer"] = message(lambda: view(patched, video, layers="up_9"))
    results["error_step"] = message(lambda: view(patched, video, at_steps="5"))
    results["error_frame"] = message(lambda: view(patched, video, frames_j="7"))
    results["error_frames"] = message(lambda: view(patched, video, frames=torch.zeros(2, SIZE, SIZE, 3)))
    short = {"samples": video["samples"][:-1]}
    results["error_length"] = message(lambda: view(patched, short, frames_j="1"))
    large = {"samples": torch.nn.functional.interpolate(video["samples"], scale_factor=2)}
    results["error_size"] = message(lambda: view(patched, large))
    results["after_errors"] = distance(before, sample(patched))


def interrupting() -> None:
    """Stopped while it looks: the next sampling is the same, no probe stays."""
    patched = apply(trackgo=base.changed)
    before, video = sample(patched), {"samples": sample(patched)}
    pages = view(patched, video)[0]
    comfy.model_management.interrupt_current_processing()
    results["interrupted"] = message(lambda: view(patched, video)).partition(":")[0]
    results["after_interrupt"] = [distance(before, sample(patched)), distance(pages, view(patched, video)[0])]
    results["interrupt_probe_left"] = attention.attachment_of(patched).probe is not None


if __name__ == "__main__":
    base.run([looking, without_apply, as_while_sampling, schedules, mistakes, interrupting])
