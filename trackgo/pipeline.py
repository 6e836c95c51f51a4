"""Picture + trajectories → frames, on diffusers' Stable Video Diffusion.

Noise, picture and sampler are prepared as ComfyUI's stock nodes prepare them (noise on the CPU from the seed, Euler on
Karras σ, guidance growing from frame to frame), so that both back ends give the same video for the same seed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import StableVideoDiffusionPipeline
from PIL import Image
from torch import Tensor

from .base_model import demo_folder
from .center_crop import CenterCrop
from .drawing import Drawing
from .drawing.coordinates import inside_frame
from .engines.cut_and_drag import Reference
from .engines.hold import RELEASE, START, Hold, beginning_at, latent_mask
from .model import TrackGo
from .model.attach import Attachment, Probe, attached
from .model.config import AttentionSettings, TauMode
from .options import SVD_SAMPLING, OwnSampling, sampling_of
from .picture_fit import fit_size as fit_size  # its place for those who import it
from .svd.sizes import LATENT_PX, check_sides
from .trajectories import PointTrajectories, point_trajectories
from .turns import turn_at

_CLIP_SIZE_PX = 224
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


Engine = Literal["trackgo", "cut-and-drag", "both"]
ENGINES: tuple[Engine, ...] = ("trackgo", "cut-and-drag", "both")


class TrackGoPipeline(StableVideoDiffusionPipeline):
    """SVD that follows trajectories. Everything else (``to``, CPU offload, saving) is diffusers' own.

    Attributes:
        trackgo: the weights; None for plain SVD.
        own_sampling: steps, guidance, start and release where a call names none; what the model that was read says
            of itself.
    """

    trackgo: TrackGo | None = None
    own_sampling: OwnSampling = SVD_SAMPLING

    @classmethod
    def from_pretrained(
        cls, path: str | Path = "demo", trackgo: str | Path | None = None, torch_dtype: torch.dtype | None = None
    ) -> TrackGoPipeline:
        """Read a model.

        Args:
            path: ``"demo"``, a folder of such a model or of diffusers, a single SVD .safetensors file, or a hub name
                (fetched by diffusers).
            trackgo: TrackGo weights; by default the demo's for the demo, and ``trackgo.safetensors`` in the folder.
            torch_dtype: precision to run in; by default float32 for the demo, else the precision of the files.

        Raises:
            FileNotFoundError: nothing at ``path``.
            ValueError: not an SVD, or weights that do not fit it.
        """
        name, path = str(path), Path(path)
        beside = path / "trackgo.safetensors"
        if folder := demo_folder(name):
            from .demo import DEMO_SVD, DEMO_TRACKGO
            from .demo.tiny import load_demo_components

            beside = DEMO_TRACKGO if folder == DEMO_SVD else beside
            pipeline = cls(**vars(load_demo_components(folder, torch_dtype or torch.float32)))
        elif path.is_file():
            from .svd.single_file import load_single_file

            pipeline = cls(**vars(load_single_file(path, torch_dtype)))
        elif path.is_dir() or _HUB_NAME.fullmatch(name):
            pipeline = super().from_pretrained(name, torch_dtype=torch_dtype or "auto", variant=_variant(path))
        else:
            raise FileNotFoundError(
                f"there is no model at '{name}': give 'demo', a diffusers folder or a .safetensors file"
            )
        trackgo = trackgo or (beside if beside.is_file() else None)
        if trackgo is not None:
            pipeline.trackgo = TrackGo.load(trackgo)
            pipeline.trackgo.check_fits(pipeline.unet)
        pipeline.own_sampling = sampling_of(name)
        return pipeline

    def __call__(
        self,
        image: Image.Image | np.ndarray,
        trajectories: PointTrajectories | None,
        *,
        steps: int | None = None,
        seed: int = 0,
        guidance: float | None = None,
        fps: int = 7,
        motion_bucket_id: int = 127,
        noise_aug_strength: float = 0.0,
        alpha: float = 0.2,
        tau: float = 0.0,
        tau_mode: TauMode = "freeze",
        start_percent: float = 0.0,
        end_percent: float = 1.0,
        frames: int | None = None,
        engine: Engine | None = None,
        reference: Reference | None = None,
        start: float | None = None,
        release: float | None = None,
        decode_chunk_size: int | None = None,
        on_step: Callable[[int], None] | None = None,
        probe: Probe | None = None,
    ) -> np.ndarray:
        """Generate a clip whose masked parts follow their trajectories. Threads that call it at once wait in turn.

        Args:
            image: the first frame, at the size of the trajectories (``fit_picture`` brings one there).
            trajectories: where the parts go; None samples plain SVD (then ``frames`` says how many).
            steps: sampling steps; by default ``own_sampling``'s.
            seed: of the noise; the same seed gives the same clip.
            guidance: classifier-free guidance of the last frame, the first has 1; by default ``own_sampling``'s.
            fps, motion_bucket_id, noise_aug_strength: SVD's own conditioning.
            alpha, tau, tau_mode: see ``AttentionSettings``.
            start_percent, end_percent: part of the sampling in which the trajectories act, as ComfyUI counts it.
            engine: ``trackgo`` lets the trajectories act on the attention, ``cut-and-drag`` holds the sampling to
                ``reference`` (no weights needed), ``both`` does both. By default what there are weights for: the first
                with TrackGo weights, else the second where there is a ``reference``.
            reference: the rough video of the same drawing (``fit_reference``), for all engines but ``trackgo``.
            start, release: shares of the sampling at which ``cut-and-drag`` begins and lets go, by default
                ``own_sampling``'s or those for SVD; see ``engines.hold``.
            decode_chunk_size: frames decoded at once; fewer need less memory.
            on_step: called with the number of finished steps.
            probe: looks on at the attention while the trajectories act; see ``svd.Attachment``.

        Returns:
            uint8 [L, H, W, 3].

        Raises:
            ValueError: sizes that do not fit, no TrackGo weights, or settings out of range.
        """
        image = Image.fromarray(image) if isinstance(image, np.ndarray) else image.convert("RGB")
        engine = self._engine(engine, reference)
        own = self.own_sampling.held(engine)
        follows, holds = engine != "cut-and-drag" and trajectories is not None, engine != "trackgo"
        if holds:
            _check_reference(reference, image)
            frames = len(reference.frames)
        frames = self._check(image, trajectories if follows else None, frames)
        cells = image.height // LATENT_PX, image.width // LATENT_PX
        noise = torch.randn((1, frames, 4, *cells), generator=torch.Generator("cpu").manual_seed(seed))
        with ExitStack() as stack:
            stack.enter_context(turn_at(self.unet))  # the scheduler, too, serves one sampling at a time
            live = hold = None
            if holds:
                begins, lets_go = _first_of(start, own.start, START), _first_of(release, own.release, RELEASE)
                levels = self.percent_to_sigma(begins), self.percent_to_sigma(lets_go)
                hold = Hold(self._reference_latents(reference.frames), _cells(reference.moved), noise, *levels)
                know_all_steps = stack.enter_context(beginning_at(self.scheduler, hold))
                stack.enter_context(self._from_reference(hold, know_all_steps))
            if follows:
                settings = AttentionSettings(alpha, tau_mode, tau)
                sigmas = self.percent_to_sigma(start_percent), self.percent_to_sigma(end_percent)
                live = stack.enter_context(self._attached(Attachment(self._motion(trajectories), settings, sigmas)))
                live.enabled, live.probe = start_percent <= 0, probe
            output = super().__call__(
                image,
                height=image.height,
                width=image.width,
                num_frames=frames,
                num_inference_steps=_first_of(steps, own.steps),
                min_guidance_scale=1.0,
                max_guidance_scale=_first_of(guidance, self.own_sampling.guidance),
                fps=fps,
                motion_bucket_id=motion_bucket_id,
                noise_aug_strength=noise_aug_strength,
                decode_chunk_size=decode_chunk_size,
                generator=torch.Generator("cpu").manual_seed(seed),
                latents=noise.to(self.unet.dtype),
                output_type="np",
                callback_on_step_end=lambda _pipe, _i, _t, kept: self._after_step(kept, live, hold, on_step),
            )
        return (output.frames[0] * 255).round().clip(0, 255).astype(np.uint8)

    def percent_to_sigma(self, percent: float) -> float:
        """Noise level after a share of the sampling, evenly in log σ, as ComfyUI defines it for SVD."""
        if not 0 <= percent <= 1:
            raise ValueError(f"start and end percent must lie between 0 and 1, got {percent}")
        if percent == 0:
            return math.inf
        if percent == 1:
            return 0.0
        low, high = math.log(self.scheduler.config.sigma_min), math.log(self.scheduler.config.sigma_max)
        return math.exp(high + (low - high) * percent)

    def _check(self, image: Image.Image, trajectories: PointTrajectories | None, frames: int | None) -> int:
        check_sides(image.width, image.height)
        if trajectories is None:
            return frames or self.unet.config.num_frames
        if self.trackgo is None:
            raise ValueError("no TrackGo weights are loaded: pass trackgo=… to from_pretrained, or trajectories=None")
        if (trajectories.width, trajectories.height) != image.size:
            raise ValueError(
                f"the trajectories are for {trajectories.width}×{trajectories.height} px, the picture has "
                f"{image.width}×{image.height}: make both the same"
            )
        return trajectories.frames

    def _motion(self, trajectories: PointTrajectories) -> Any:
        self.trackgo.to(self._execution_device, self.unet.dtype)
        return self.trackgo.encode(trajectories)

    def _attached(self, attachment: Attachment) -> Any:
        return attached(self.unet, attachment, self.trackgo.base_weights)

    def _after_step(
        self, kept: dict[str, Tensor], live: Attachment | None, hold: Hold | None, on_step: Callable[[int], None] | None
    ) -> dict[str, Tensor]:
        """Diffusers' callback: prepares the next step and returns what it goes on with."""
        sigmas, done = self.scheduler.sigmas, self.scheduler.step_index
        if live is not None and done < len(sigmas) - 1:
            live.enabled = True
            live.enabled = live.active_at(sigmas[done])
        if on_step is not None:
            on_step(done)
        if hold is not None:
            kept["latents"] = hold.held(kept["latents"], sigmas, done, self.scheduler.order)
        return kept

    def _engine(self, engine: Engine | None, reference: Reference | None) -> Engine:
        if engine is None:
            return "cut-and-drag" if self.trackgo is None and reference is not None else "trackgo"
        if engine not in ENGINES:
            raise ValueError(f"engine is '{engine}'; it must be one of {', '.join(ENGINES)}")
        return engine

    def _reference_latents(self, frames: np.ndarray) -> Tensor:
        """r: W, uint8 [L, H, W, 3], through the VAE frame by frame, in model scale: float32 [1, L, 4, h, w]."""
        dtype, device = self.vae.dtype, self._execution_device
        upcast = dtype == torch.float16 and getattr(self.vae.config, "force_upcast", False)
        if upcast:
            self.vae.to(dtype=torch.float32)
        try:
            unit = torch.from_numpy(frames).movedim(-1, 1).float() / 127.5 - 1
            parts = (one.to(device, self.vae.dtype) for one in unit.split(1))
            latents = torch.cat([self.vae.encode(part).latent_dist.mode().float() for part in parts])
        finally:
            if upcast:
                self.vae.to(dtype=dtype)
        return latents[None].cpu() * self.vae.config.scaling_factor

    @contextmanager
    def _from_reference(self, hold: Hold, know_all_steps: Callable[[], None]) -> Iterator[None]:
        """Inside, sampling begins with what ``hold`` says instead of noise alone; diffusers has its steps by then."""
        prepare = self.prepare_latents

        def prepare_latents(*args: Any, **kwargs: Any) -> Tensor:
            know_all_steps()
            usual = prepare(*args, **kwargs)
            begun = hold.beginning(self.scheduler.sigmas, self.scheduler.order)
            return usual if begun is None else begun.to(usual)

        self.prepare_latents = prepare_latents
        try:
            yield
        finally:
            del self.prepare_latents

    def _encode_image(self, image: Any, *args: Any, **kwargs: Any) -> Tensor:
        """The whole picture at CLIP's size, resized as ComfyUI does it (bicubic, antialiased, rounded to bytes)."""
        pixels = torch.from_numpy(np.array(image)).movedim(-1, 0)[None].float() / 255  # [1, 3, H, W]
        pixels = F.interpolate(pixels, (_CLIP_SIZE_PX, _CLIP_SIZE_PX), mode="bicubic", antialias=True)
        return super()._encode_image((pixels.clamp(0, 1) * 255).round() / 255, *args, **kwargs)


def fit_picture(
    picture: np.ndarray, drawing: Drawing, frames: int, width: int, height: int, seed: int = 0
) -> tuple[np.ndarray, PointTrajectories]:
    """Scale a picture to cover width × height, cut its middle out, and take the drawing along.

    Args:
        picture: uint8 [h, w, 3]; the drawing's fractions refer to the whole of it.

    Returns:
        The first frame, uint8 [height, width, 3], and the trajectories in it.
    """
    crop = CenterCrop(picture.shape[1], picture.shape[0], width, height)
    trajectories = point_trajectories(drawing, frames, *crop.covering, seed=seed)
    tracks = trajectories.tracks - np.array(crop.corner, np.float32)
    visible = inside_frame(tracks, width, height)
    moved = replace(trajectories, tracks=tracks, visibility=visible, width=width, height=height)
    return crop.picture(picture), moved


def _check_reference(reference: Reference | None, image: Image.Image) -> None:
    if reference is None:
        raise ValueError("engine 'cut-and-drag' needs the rough video: pass reference=fit_reference(…)")
    frames, moved = (np.asarray(part) for part in reference)
    size, given = (image.height, image.width), f"{frames.dtype} {list(frames.shape)}"
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[1:] != (*size, 3):
        raise ValueError(f"reference.frames must be uint8 [L, {size[0]}, {size[1]}, 3], got {given}")
    if moved.dtype != bool or moved.shape != frames.shape[:3]:
        found = f"{moved.dtype} {list(moved.shape)}"
        raise ValueError(f"reference.moved must be bool {list(frames.shape[:3])}, got {found}")


def _first_of(*values: float | None) -> Any:
    """The first that is not None."""
    return next(value for value in values if value is not None)


def _cells(moved: np.ndarray) -> Tensor:
    """M → the held cells of the latent, bool [1, L, 1, h, w]."""
    return latent_mask(torch.from_numpy(moved))[None, :, None]


def _variant(folder: Path) -> str | None:
    """``"fp16"`` where a diffusers folder holds only that variant of its UNet."""
    names = [path.name for path in (folder / "unet").glob("*.safetensors")]
    return "fp16" if names and all(".fp16." in name for name in names) else None
