"""How the adapters get into SVD's temporal self-attentions, and out again, in diffusers and in ComfyUI.

Diffusers' layers are swapped by its own attention processors, ComfyUI's as modules whose children keep their names
(LoRA patches still find ``to_q``…): the spatial and the temporal block share one attn1 replace key there. Neither
library is imported here.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from ..svd.layers import LAYERS, is_comfy, plain_name, temporal_attentions
from ..svd.unet_keys import comfy_key
from .adapter import AdapterAttention, two_branch_attention
from .config import AttentionSettings
from .low_rank import BaseChange, changed


class AdapterAttentions(Protocol):
    """Gives A' of every layer: encoded trajectories (``encoded.EncodedTrajectories``), or something in their place."""

    @property
    def frames(self) -> int: ...

    @property
    def latent_size(self) -> tuple[int, int]: ...

    def layer(
        self, name: str, height: int, width: int, like: Tensor, alpha: float | None = None
    ) -> AdapterAttention: ...

    def to(self, device: torch.device | str) -> None: ...


Probe = Callable[[str, tuple[int, int], Tensor, Tensor, AdapterAttention], None]
"""See ``Attachment.probe``."""


class Attachment:
    """A live connection between encoded trajectories and the attention layers.

    Attributes:
        enabled: may be switched between sampling steps.
        sigma_range: (highest, lowest) σ at which the adapters act; None for every σ.
        probe: looks on at every layer before the two branches are joined (eq. 8 needs the original branch's weights);
            called with name, (height, width), q, k [G·S, L, C] and the layer's AdapterAttention.
    """

    def __init__(
        self,
        trajectories: AdapterAttentions,
        settings: AttentionSettings,
        sigma_range: tuple[float, float] | None = None,
    ) -> None:
        settings.check_frames(trajectories.frames)
        self.trajectories, self.settings, self.sigma_range, self.enabled = trajectories, settings, sigma_range, True
        self.probe: Probe | None = None

    def active_at(self, sigma: Tensor | None) -> bool:
        """Whether the adapters act at noise level ``sigma`` (a tensor whose first entry counts)."""
        if not self.enabled or self.sigma_range is None or sigma is None:
            return self.enabled
        highest, lowest = self.sigma_range
        return highest >= float(sigma.flatten()[0]) >= lowest

    def check_latent(self, height: int, width: int, frames: int | None = None) -> None:
        """Refuse a latent of another size or length than the trajectories were drawn for."""
        if frames is not None and frames != self.trajectories.frames:
            raise ValueError(
                f"the trajectories have {self.trajectories.frames} frames but the video being sampled has {frames}: "
                "make both the same"
            )
        if (height, width) != self.trajectories.latent_size:
            expected = self.trajectories.latent_size
            raise ValueError(
                f"the trajectories were made for {expected[1] * 8}×{expected[0] * 8} px but the video being sampled "
                f"has {width * 8}×{height * 8} px: make both the same"
            )

    def apply(
        self, name: str, size: tuple[int, int], q: Tensor, k: Tensor, v: Tensor, base: Callable[[], Tensor]
    ) -> Tensor:
        """Two-branch attention of layer ``name`` whose hidden states have (height, width) ``size``; ``base`` gives
        softmax(QKᵀ/√d)V."""
        layer = self.trajectories.layer(name, *size, like=q, alpha=self.settings.alpha)
        if self.probe is not None:
            self.probe(name, size, q, k, layer)
        return two_branch_attention(q, k, v, base, layer, self.settings)


# ---------------------------------------------------------------------------------------------------------------------
# Attaching to ComfyUI's modules
# ---------------------------------------------------------------------------------------------------------------------

Attend = Callable[..., Tensor]
"""(q, k, v, transformer_options) → softmax(QKᵀ/√d)V, all [B, L, C]."""
Guard = Callable[[Mapping], None]
"""Called with ``transformer_options`` whenever a layer runs; raises where it must not go on."""

EVERY_VIDEO = 0
"""In place of a video's number: the attachment serves all videos of a batch."""


class ComfyTemporalAttention(nn.Module):
    """Stands where ComfyUI's ``time_stack.0.attn1`` stood; shares its children, so their names and patches stay.

    ``transformer_options`` carries ``activations_shape`` (of the hidden states) and ``original_shape`` (of the latent).

    Attributes:
        attachments: by number of the video in the batch that is sampled, from 1, or ``EVERY_VIDEO``; a video that has
            none is the base model's.
        video: the one being sampled. Not in ``transformer_options``: compiled code takes those for constants.
    """

    def __init__(
        self, base: nn.Module, name: str, attachments: Mapping[int, Attachment], attend: Attend | None = None,
        guard: Guard | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        for child, module in base.named_children():
            self.add_module(child, module)
        object.__setattr__(self, "base", base)  # not a child: the parameters must not be listed twice
        self.name, self.attachments, self.heads = name, dict(attachments), base.heads
        self.attend, self.guard, self.video = attend or self._sdpa, guard, 1
        _keep_out_of_compiled_code()

    def _sdpa(self, q: Tensor, k: Tensor, v: Tensor, _options: Mapping | None = None) -> Tensor:
        q, k, v = (rearrange(x, "b l (h d) -> b h l d", h=self.heads) for x in (q, k, v))
        return rearrange(F.scaled_dot_product_attention(q, k, v), "b h l d -> b l (h d)")

    def forward(
        self,
        x: Tensor,
        context: Tensor | None = None,
        value: Tensor | None = None,
        mask: Tensor | None = None,
        transformer_options: Mapping | None = None,
    ) -> Tensor:
        """[(b s), L, C] → the same, as ComfyUI's CrossAttention."""
        options = transformer_options or {}
        if self.guard is not None:
            self.guard(options)
        attachment = self.attachments.get(self.video, self.attachments.get(EVERY_VIDEO))
        if attachment is None or not attachment.active_at(options.get("sigmas")):
            return self.base(x, context=context, value=value, mask=mask, transformer_options=options)
        attachment.check_latent(*options["original_shape"][-2:], frames=x.shape[1])
        context = x if context is None else context
        q, k, v = self.to_q(x), self.to_k(context), self.to_v(context if value is None else value)
        size = tuple(options["activations_shape"][-2:])
        return self.to_out(attachment.apply(self.name, size, q, k, v, lambda: self.attend(q, k, v, options)))


@functools.cache
def _keep_out_of_compiled_code() -> None:
    """A' is kept between calls, and ComfyUI compiles blind to changed transformer_options.

    No decorator, because `torch.compiler.disable` loads torch's compiler, which takes longer than all of this pack.
    """
    ComfyTemporalAttention.forward = torch.compiler.disable(ComfyTemporalAttention.forward)


# ---------------------------------------------------------------------------------------------------------------------
# Attaching to diffusers' modules
# ---------------------------------------------------------------------------------------------------------------------


class DiffusersTemporalProcessor:
    """Attention processor for diffusers' temporal ``attn1``: tokens [(B·h·w), L, C], batch-major then row-major.

    Diffusers calls these layers without keyword arguments, so the size of the hidden states reaches the processor
    through ``size``, set by a hook on the transformer around it.
    """

    def __init__(self, name: str, attachment: Attachment, original: Callable[..., Tensor]) -> None:
        self.name, self.attachment, self.original = name, attachment, original
        self.size: tuple[int, int] = (0, 0)

    def remember_size(self, _module: nn.Module, args: tuple, kwargs: dict) -> None:
        """Forward pre-hook on the transformer: its input is [B·L, C, h, w]."""
        hidden = args[0] if args else kwargs["hidden_states"]
        self.size = tuple(hidden.shape[-2:])

    def __call__(self, attn: nn.Module, hidden_states: Tensor, *args: object, **kwargs: object) -> Tensor:
        if not self.attachment.enabled:
            return self.original(attn, hidden_states, *args, **kwargs)
        q, k, v = attn.to_q(hidden_states), attn.to_k(hidden_states), attn.to_v(hidden_states)

        def base() -> Tensor:
            heads = (rearrange(x, "b l (h d) -> b h l d", h=attn.heads) for x in (q, k, v))
            return rearrange(F.scaled_dot_product_attention(*heads), "b h l d -> b l (h d)")

        out = self.attachment.apply(self.name, self.size, q, k, v, base)
        return attn.to_out[1](attn.to_out[0](out))


@contextmanager
def _attached_diffusers(unet: nn.Module, attachment: Attachment) -> Iterator[None]:
    def check(_module: nn.Module, args: tuple, kwargs: dict) -> None:
        sample = args[0] if args else kwargs["sample"]  # [B, L, 8, h, w]
        if attachment.enabled:
            attachment.check_latent(*sample.shape[-2:], frames=sample.shape[1])

    attentions = temporal_attentions(unet)
    originals = {name: attn.processor for name, attn in attentions.items()}
    hooks = [unet.register_forward_pre_hook(check, with_kwargs=True)]
    try:
        for layer in LAYERS:
            processor = DiffusersTemporalProcessor(layer.name, attachment, originals[layer.name])
            transformer = unet.get_submodule(layer.diffusers)
            hooks.append(transformer.register_forward_pre_hook(processor.remember_size, with_kwargs=True))
            attentions[layer.name].set_processor(processor)
        yield
    finally:
        for name, attn in attentions.items():
            attn.set_processor(originals[name])
        for hook in hooks:
            hook.remove()


@contextmanager
def _attached_comfy(unet: nn.Module, attachment: Attachment) -> Iterator[None]:
    attentions = temporal_attentions(unet)
    parents = {layer.name: unet.get_submodule(f"{layer.comfy}.time_stack.0") for layer in LAYERS}
    try:
        for name, attn in attentions.items():
            parents[name].attn1 = ComfyTemporalAttention(attn, name, {EVERY_VIDEO: attachment})
        yield
    finally:
        for name, attn in attentions.items():
            parents[name].attn1 = attn


def changed_parameters(unet: nn.Module, weights: Mapping[str, BaseChange]) -> dict[str, nn.Parameter]:
    """The parameters of ``unet`` (either back end) that changed base weights belong to, by diffusers key.

    Raises:
        ValueError: a key or shape that ``unet`` has not.
    """
    parameters = {plain_name(name): parameter for name, parameter in unet.named_parameters()}
    rename = comfy_key if is_comfy(unet) else str
    targets = {key: parameters.get(rename(key)) for key in weights}
    for key, target in targets.items():
        if target is None or target.shape != weights[key].shape:
            have = "nothing" if target is None else f"shape {tuple(target.shape)}"
            raise ValueError(
                f"the TrackGo weights change '{key}' to shape {tuple(weights[key].shape)} but the model has {have} "
                "there: they were trained on another base model"
            )
    return targets


@contextmanager
def replaced_weights(unet: nn.Module, weights: Mapping[str, BaseChange]) -> Iterator[None]:
    """Give ``unet`` other weights for a while; afterwards every parameter holds its own tensor again.

    Args:
        weights: diffusers state-dict key → tensor of the parameter's shape, or what is added to it.

    Raises:
        ValueError: a key or shape that ``unet`` has not, or weights offloaded layer by layer.
    """
    targets = changed_parameters(unet, weights)
    for key, target in targets.items():
        if target.is_meta:
            raise ValueError(
                f"the TrackGo weights change '{key}', which is offloaded layer by layer and cannot be changed there: "
                "use enable_model_cpu_offload() instead of enable_sequential_cpu_offload()"
            )
    originals = {key: target.data for key, target in targets.items()}
    try:
        for key, target in targets.items():
            target.data = changed(originals[key], weights[key])
        yield
    finally:
        for key, target in targets.items():
            target.data = originals[key]


_HOLDERS: WeakKeyDictionary[nn.Module, tuple[int, int]] = WeakKeyDictionary()  # UNet → thread, how often
_HOLDING = threading.Lock()


@contextmanager
def _alone_with(unet: nn.Module) -> Iterator[None]:
    """Refuse what would mix two threads' trajectories; one thread may attach several times, the inner acts."""
    with _HOLDING:
        thread, depth = _HOLDERS.get(unet, (threading.get_ident(), 0))
        if thread != threading.get_ident():
            raise RuntimeError(
                "another thread has attached trajectories to this UNet: attach in one thread at a time, or give each "
                "thread a UNet of its own"
            )
        _HOLDERS[unet] = thread, depth + 1
    try:
        yield
    finally:
        with _HOLDING:
            thread, depth = _HOLDERS.pop(unet)
            if depth > 1:
                _HOLDERS[unet] = thread, depth - 1


@contextmanager
def attached(
    unet: nn.Module, attachment: Attachment, weights: Mapping[str, BaseChange] | None = None
) -> Iterator[Attachment]:
    """Put ``attachment`` into the 16 temporal self-attentions of ``unet`` (either back end) and take it out again.

    Modules and outputs are bit-identical to before afterwards, also when the body raised.

    Args:
        weights: changed base weights that travel with a TrackGo checkpoint, by diffusers key.

    Raises:
        ValueError: ``unet`` is not SVD's, or the weights do not fit it.
        RuntimeError: something is attached to it in another thread.
    """
    attach = _attached_comfy if is_comfy(unet) else _attached_diffusers
    with _alone_with(unet), replaced_weights(unet, weights or {}), attach(unet, attachment):
        yield attachment
