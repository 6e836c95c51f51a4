"""What is trained: an SVD UNet with TrackGo in it, as one module whose forward pass returns the losses.

One module, because DistributedDataParallel and FSDP2 hook the forward pass of one module.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from ..model import TrackGo
from ..model.adapter import AdapterAttention
from ..model.attach import Attachment, attached
from ..model.config import AttentionSettings
from ..model.encoded import EncodedTrajectories
from ..svd.diffusion import denoise, denoising_loss, loss_weight
from .aids.background import lasting_loss
from .aids.correspondence import collected_queries, correspondence_loss
from .aids.identity import IdentityProbes
from .batch import ModelInput
from .losses import AttentionLoss
from .precision import float32_attention_on_cpu

_PIXELS_AT_ONCE = 8 * 14 * 128 * 128


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
        lasting: that loss too (``background``).

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
        lasting: bool = False,
    ) -> None:
        super().__init__()
        self.unet, self.trackgo, self.identity = unet, trackgo, identity
        self.recompute, self.attention_loss, self.correspondence = recompute, attention_loss, correspondence
        self.lasting = lasting
        self.inherited: frozenset[str] = frozenset()
        still = torch.zeros(1, 121, 8, 8, 3, dtype=torch.uint8)
        self.attachment = Attachment(EncodedTrajectories(trackgo, still), AttentionSettings(alpha))
        if recompute:
            unet.enable_gradient_checkpointing()

    @contextmanager
    def attached(self) -> Iterator[None]:
        """The adapters act inside. The backward pass belongs inside too: recomputed layers run their forward there."""
        with attached(self.unet, self.attachment), float32_attention_on_cpu():
            yield

    def move_with_(self, points: Tensor) -> None:
        """Let P (uint8 [B, L, H, W, 3]) drive the UNet from now on, with the weights as they are now."""
        settings = {"pixels_at_once": _PIXELS_AT_ONCE, "recompute": self.recompute}
        encoded = EncodedTrajectories(self.trackgo, points, **settings)
        encoded.prepare(next(self.unet.parameters()))  # a layer that is recomputed must find A', not make it anew
        self.attachment.trajectories = encoded

    def forward(self, data: ModelInput) -> dict[str, Tensor]:
        """Loss terms per clip, [B] each: ``mse`` and, if asked for, ``attention`` (eq. 8), ``identity``,
        ``correspondence`` and ``lasting``."""
        self.move_with_(data.points)
        attention_loss = AttentionLoss(data.moving, self.attachment.settings) if self.attention_loss else None
        probes = self.identity if self.training else None
        matching = self.correspondence and self.training
        self.attachment.probe = attention_loss
        try:
            with ExitStack() as stack:
                hidden = stack.enter_context(probes.collected(self.unet)) if probes else None
                queries = stack.enter_context(collected_queries(self.unet)) if matching else None
                estimate = denoise(self.unet, data.noisy, data.sigma, data.conditioning)
        finally:
            self.attachment.probe = None
        terms = {"mse": denoising_loss(estimate, data.latents, data.sigma)}
        if attention_loss:
            terms["attention"] = attention_loss.per_clip()
        if probes:
            terms["identity"] = probes(hidden, self._adapter_attentions(), data.components, data.origins)
        if matching:
            terms["correspondence"] = correspondence_loss(queries, data.origins)
        if self.lasting and self.training:
            error = estimate - data.latents
            shown = data.conditioning.image_latent.flatten(1).any(dim=1)  # without the picture all colors are guesses
            terms["lasting"] = loss_weight(data.sigma) * shown * lasting_loss(error)
        return terms

    def activated_shares(self) -> dict[str, float]:
        """Layer → share of its A' entries that reach α, for the last P."""
        alpha = self.attachment.settings.alpha
        return {name: layer.activated_share(alpha) for name, layer in self._adapter_attentions().items()}

    def _adapter_attentions(self) -> dict[str, AdapterAttention]:
        """A' of every layer for the last P."""
        return {name: layer for (name, *_), layer in self.attachment.trajectories.kept.items()}
