"""Runs inside a real ComfyUI's Python, as inside_comfy.py does and with its model and arguments.

A sampling held to a rough video, by every way there is to sample, and together with what else acts on a MODEL;
test_hold_motion.py judges.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

import inside_comfy as base  # isort: skip — first: it puts ComfyUI on the path
import comfy.sample
import comfy.sampler_helpers
import comfy.samplers
import numpy as np
import torch
from comfy_extras import nodes_custom_sampler as custom
from inside_comfy import (
    FRAMES,
    NODES,
    SIZE,
    SVD_img2vid_Conditioning,
    VideoLinearCFGGuidance,
    apply,
    clip_vision,
    distance,
    message,
    model,
    name,
    results,
    vae,
    workspace,
)

import nodes as comfy_nodes

example = importlib.import_module(".trackgo.demo.example", name)
STEPS, CFG = 8, 2.0
SAMPLERS = ("heun", "euler_ancestral", "dpmpp_2m", "dpmpp_sde", "uni_pc", "ddim")

picture = torch.from_numpy(example.example_image(SIZE, SIZE)[None]).float() / 255
positive, negative, empty = SVD_img2vid_Conditioning().encode(
    clip_vision, picture, vae, SIZE, SIZE, FRAMES, 127, 7, 0.0
)
frames, masks = NODES["TrackGoCutAndDrag"].execute(picture, example.example_drawing(), FRAMES, 0, 0).result
rough = comfy_nodes.VAEEncode().encode(vae, frames)[0]


def hold(of: object = model, start: float = 0.175, release: float = 0.244, encoded: dict = rough) -> tuple:
    """TrackGo Hold Motion: MODEL and LATENT."""
    return NODES["TrackGoHoldMotion"].execute(of, encoded, masks, start, release).result


def guided(of: object) -> object:
    return VideoLinearCFGGuidance().patch(of, 1.0)[0]


def sample(of: tuple, sampler: str = "euler", steps: int = STEPS, denoise: float = 1.0) -> torch.Tensor:
    """KSampler behind Video Linear CFG."""
    held, latent = of
    return comfy_nodes.common_ksampler(
        guided(held), 3, steps, CFG, sampler, "karras", positive, negative, latent, denoise=denoise
    )[0]["samples"]


def advanced(of: tuple, begin: int = 0, end: int = 10000, noise: str = "enable", left: str = "disable") -> dict:
    """KSampler (Advanced): its LATENT."""
    held, latent = of
    return comfy_nodes.KSamplerAdvanced().sample(
        guided(held), noise, 3, STEPS, CFG, "euler", "karras", positive, negative, latent, begin, end, left
    )[0]


def by_parts(of: tuple) -> torch.Tensor:
    """SamplerCustomAdvanced with a CFG guider."""
    held, latent = of

    def made(node: type, *given: object) -> object:
        made_by = node.execute(*given) if hasattr(node, "execute") else getattr(node(), node.FUNCTION)(*given)
        return (made_by.result if hasattr(made_by, "result") else made_by)[0]

    guider = made(custom.CFGGuider, guided(held), positive, negative, CFG)
    sigmas = made(custom.BasicScheduler, held, "karras", STEPS, 1.0)
    noise, sampler = made(custom.RandomNoise, 3), made(custom.KSamplerSelect, "euler")
    return made(custom.SamplerCustomAdvanced, noise, guider, sampler, sigmas, latent)["samples"]


def as_the_library() -> None:
    """Frames with and without TrackGo, for the comparison with the pipeline."""
    both = sample(hold(apply()))
    found = {"cut-and-drag": sample(hold()), "both": both, "trackgo": sample((apply(), empty))}
    shown = {key: comfy_nodes.VAEDecode().decode(vae, {"samples": latents})[0] for key, latents in found.items()}
    np.savez(
        workspace / "held.npz",
        rough=(frames * 255).round().to(torch.uint8).numpy(),
        masks=masks.numpy() > 0.5,
        **{key: (video.clamp(0, 1) * 255).round().to(torch.uint8).numpy() for key, video in shown.items()},
    )


def ways_to_sample() -> None:
    """One video, however it is sampled."""
    expected = sample(hold())
    results["held_effect"] = distance(expected, sample((model, empty)))
    results["ways"] = {
        "advanced": distance(advanced(hold())["samples"], expected),
        "custom": distance(by_parts(hold()), expected),
        "begun at its step by hand": distance(advanced(hold(), begin=2)["samples"], expected),
    }
    later = 4
    first = advanced(hold(), end=later, left="enable")
    results["ways"]["two samplers"] = distance(
        advanced((hold()[0], first), begin=later, noise="disable")["samples"], expected
    )
    results["begun behind release"] = distance(sample(hold(), denoise=0.5), sample((model, rough), denoise=0.5))


def held_to_the_end() -> None:
    """What moves is the rough video's, whatever the sampler; the rest is sampled."""
    held, latent = hold(start=0.3, release=1.0)
    moving = (latent["noise_mask"] == 0).expand_as(latent["samples"])
    results["mask"] = [list(latent["noise_mask"].shape), float(moving.float().mean())]
    outcome = {}
    for sampler in SAMPLERS:
        found = sample((held, latent), sampler)
        error, elsewhere = (
            (found - rough["samples"])[moving].abs().max(),
            (found - rough["samples"])[~moving].abs().max(),
        )
        outcome[sampler] = [bool(torch.isfinite(found).all()), float(error), float(elsewhere)]
    results["held_to_the_end"] = outcome


def mask_reaches_whole() -> None:
    """What ComfyUI makes of the mask before a sampler sees it, for SVD's latents and for a volume such as Wan's."""
    flat = hold()[1]["noise_mask"]
    seen = comfy.sampler_helpers.prepare_mask(flat, rough["samples"].shape, torch.device("cpu"))
    results["flat_mask"] = distance(seen, flat.expand(-1, 4, -1, -1))
    longer = masks[:1].repeat(5, 1, 1)
    volume = {"samples": torch.zeros(1, 16, 2, SIZE // 8, SIZE // 8)}
    deep = NODES["TrackGoHoldMotion"].execute(model, volume, longer, 0.175, 0.244).result[1]["noise_mask"]
    seen = comfy.sampler_helpers.prepare_mask(deep, volume["samples"].shape, torch.device("cpu"))
    results["deep_mask"] = [list(deep.shape), distance(seen, deep.expand(-1, 16, -1, -1, -1)), float(1 - deep.mean())]


def with_others() -> None:
    """TrackGo Apply, a LoRA and a guidance node before or after; the incoming model as it is."""
    before, options = sample((model, empty)), dict(model.model_options)
    held, latent = hold()
    results["apply_order"] = distance(sample((apply(to=held), latent)), sample(hold(apply())))
    results["apply_acts"] = distance(sample(hold(apply())), sample(hold()))
    results["guidance_order"] = distance(sample(hold(guided(model))), sample(hold()))
    key = "diffusion_model.input_blocks.1.1.time_stack.0.attn1.to_v.weight"
    delta = torch.randn(model.model.state_dict()[key].shape, generator=torch.Generator().manual_seed(5)) * 0.5

    def changed(of: object) -> object:
        clone = of.clone()
        clone.add_patches({key: (delta,)}, 1.0)
        return clone

    results["lora_order"] = distance(sample((changed(held), latent)), sample(hold(changed(model))))
    results["lora_acts"] = distance(sample(hold(changed(model))), sample(hold()))
    results["held_again"] = distance(sample(hold(hold(start=0.5, release=0.9)[0])), sample(hold()))
    results["model_left"] = [distance(before, sample((model, empty))), model.model_options == options]


def several_videos() -> None:
    """A latent batch of two videos that TrackGo Apply samples one after the other: the first is what it is alone."""
    held, latent = hold(apply())
    twice = comfy_nodes.RepeatLatentBatch().repeat(latent, 2)[0]
    both, alone = sample((held, twice)), sample((held, latent))
    results["two_videos"] = [distance(both[:FRAMES], alone), distance(both[FRAMES:], alone)]
    encoded = comfy_nodes.RepeatLatentBatch().repeat(rough, 2)[0]
    results["repeated_before"] = distance(sample(hold(apply(), encoded=encoded)), both)


def progress() -> None:
    """The front end's bar: it begins with the step that sampling begins with, and ends full."""
    held, latent = hold()
    told = []
    noise = comfy.sample.prepare_noise(latent["samples"], 3)
    comfy.sample.sample(
        held, noise, STEPS, CFG, "euler", "karras", positive, negative, latent["samples"],
        noise_mask=latent["noise_mask"], callback=lambda step, *_: told.append(step), disable_pbar=True, seed=3,
    )  # fmt: skip
    results["progress"] = told


def mistakes() -> None:
    held, latent = hold()
    execute = NODES["TrackGoHoldMotion"].execute
    cases: dict[str, Callable[[], object]] = {
        "no_mask": lambda: sample((held, empty)),
        "release": lambda: hold(start=0.5, release=0.2),
        "frames": lambda: execute(model, {"samples": rough["samples"][:-1]}, masks, 0.2, 0.3),
        "size": lambda: execute(model, rough, masks[:, :-4], 0.2, 0.3),
        "no_noise": lambda: advanced((held, latent), noise="disable"),
    }
    results["mistakes"] = {key: message(action) for key, action in cases.items()}


CHECKS = [
    as_the_library, ways_to_sample, held_to_the_end, mask_reaches_whole, with_others, several_videos, progress,
    mistakes,
]  # fmt: skip

if __name__ == "__main__":
    base.run(CHECKS)
