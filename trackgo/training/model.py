"""What is trained: an SVD UNet with TrackGo in it, as one module whose forward pass returns the losses.

One module, because DistributedDataParallel and FSDP2 hook the forward pass of one module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..adapter import AttentionSettings, LayerMotion
from ..encoder import align, points_to_tensor
from ..model import Motion, TrackGo, _Level, halvings
from ..svd import LAYERS, Attachment, attached
from .batch import ModelInput
from .correspondence import correspondence_loss, looking
from .diffusion import denoise, denoising_loss, loss_weight
from .identity import IdentityProbes
from .losses import AttentionLoss, lasting_loss, vacated_loss
from .precision import float32_attention_on_cpu

_PIXELS_AT_ONCE = 8 * 14 * 128 * 128
_LEVEL_OF = {"down_0": 0, "down_1": 1, "down_2": 2, "mid": 3, "up_1": 2, "up_2": 1, "up_3": 0}


class TrainingMotion(Motion):
    """``Motion`` with E run over many frames at a time, which is twice as fast on small pictures.

    Args:
        recompute: recompute E in the backward pass instead of keeping its activations.
    """

    def __init__(self, model: TrackGo, images: Tensor, recompute: bool = False) -> None:
        super().__init__(model, images)
        self.recompute = recompute

    def _encode(self, sizes: Sequence[tuple[int, int]], device: torch.device) -> None:
        dtype = next(self.model.parameters()).dtype
        frames = self.images.flatten(0, 1)
        parts = frames.split(max(1, _PIXELS_AT_ONCE // (frames.shape[1] * frames.shape[2])))

        def encode(part: Tensor) -> tuple[Tensor, ...]:
            pictures = points_to_tensor(part, device, dtype).contiguous(memory_format=torch.channels_last)
            f = self.model.encoder(pictures)
            return tuple(align(f, *size) for size in sizes)

        run = (lambda part: checkpoint(encode, part, use_reentrant=False)) if self.recompute else encode
        for size, aligned in zip(sizes, zip(*map(run, parts), strict=True), strict=True):
            f = rearrange(torch.cat(aligned), "(m l) c h w -> (m h w) l c", l=self.frames)
            still = f.detach()[:, :1]
            index = ((f.detach() - still).abs().amax(dim=(1, 2)) > 1e-4).nonzero().flatten()
            self._levels[size] = _Level(index, f[index], len(f))

    def prepare(self, like: Tensor) -> None:
        """Compute A' of all 16 layers now: a layer that is recomputed must find it, not make it anew."""
        sizes = halvings(*self.latent_size)
        for layer in LAYERS:
            self.layer(layer.name, *sizes[_LEVEL_OF[layer.name.rpartition("_")[0]]], like)


class TrainedSVD(nn.Module):
    """UNet and TrackGo with the adapters attached for as long as ``attached()`` is entered.

    Args:
        unet: diffusers' ``UNetSpatioTemporalConditionModel``.
        trackgo: E and the TrackAdapters.
        alpha: threshold α of eq. 3.
        recompute: gradient checkpointing, of the UNet's blocks and of E.
        attention_loss: compute L_attn (eq. 8).
        identity: probes that ask which component is where (``identity``).
        correspondence: ask spatial attention where that was (``correspondence``).
        background: ``lasting`` and ``vacated`` too (``losses``).

    Attributes:
        inherited: base weights (diffusers keys) that ``model.start_from`` had changed before this run.
    """

    def __init__(
        self,
        unet: nn.Module,
        trackgo: TrackGo,
        alpha: float,
        recompute: bool = False,
        attention_loss: bool = True,
        identity: IdentityProbes | None = None,
        correspondence: bool = False,
        background: bool = False,
    ) -> None:
        super().__init__()
        self.unet, self.trackgo, self.identity = unet, trackgo, identity
        self.recompute, self.attention_loss, self.correspondence = recompute, attention_loss, correspondence
        self.background = background
        self.inherited: frozenset[str] = frozenset()
        still = torch.zeros(1, 121, 8, 8, 3, dtype=torch.uint8)
        self.attachment = Attachment(Motion(trackgo, still), AttentionSettings(alpha))
        if recompute:
            unet.enable_gradient_checkpointing()

    @contextmanager
    def attached(self) -> Iterator[None]:
        """The adapters act inside. The backward pass belongs inside too: recomputed layers run their forward there."""
        with attached(self.unet, self.attachment), float32_attention_on_cpu():
            yield

    def move_with_(self, points: Tensor) -> TrainingMotion:
        """Let P (uint8 [B, L, H, W, 3]) drive the UNet from now on, with the weights as they are now."""
        motion = TrainingMotion(self.trackgo, points, self.recompute and torch.is_grad_enabled())
        motion.prepare(next(self.unet.parameters()))
        self.attachment.motion = motion
        return motion

    def forward(self, data: ModelInput) -> dict[str, Tensor]:
        """Loss terms per clip, [B] each: ``mse`` and, if asked for, ``attention`` (eq. 8), ``identity``,
        ``correspondence``, ``lasting`` and ``vacated``."""
        self.move_with_(data.points)
        look = AttentionLoss(data.moving, self.attachment.settings) if self.attention_loss else None
        asked = self.identity if self.training else None
        matching = self.correspondence and self.training
        self.attachment.probe = look
        try:
            with ExitStack() as stack:
                seen = stack.enter_context(asked.looking(self.unet)) if asked else None
                matched = stack.enter_context(looking(self.unet)) if matching else None
                estimate = denoise(self.unet, data.noisy, data.sigma, data.conditioning)
        finally:
            self.attachment.probe = None
        terms = {"mse": denoising_loss(estimate, data.latents, data.sigma)}
        if look:
            terms["attention"] = look.per_clip()
        if asked:
            terms["identity"] = asked(seen, self._told(), data.components, data.origins)
        if matching:
            terms["correspondence"] = correspondence_loss(matched, data.origins)
        if self.background and self.training:
            error = estimate - data.latents
            shown = data.conditioning.image_latent.flatten(1).any(dim=1)  # without the picture all colours are guesses
            weight = loss_weight(data.sigma) * shown
            terms["lasting"] = weight * lasting_loss(error)
            terms["vacated"] = weight * vacated_loss(error, data.moving)
        return terms

    def activated_shares(self) -> dict[str, float]:
        """Layer → share of its A' entries that reach α, for the last P."""
        alpha = self.attachment.settings.alpha
        return {name: layer.activated_share(alpha) for name, layer in self._told().items()}

    def _told(self) -> dict[str, LayerMotion]:
        """A' of every layer for the last P."""
        return {name: layer for (name, *_), layer in self.attachment.motion.kept.items()}
