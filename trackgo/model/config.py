"""What a TrackGo is built from, and how it acts while sampling; the mode of a checkpoint and the user's knobs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from torch import nn

from ..svd.layers import LAYERS, temporal_attentions

Mass = Literal["literal", "centered"]
TauMode = Literal["freeze", "literal", "halfadd"]
MASS_MODES: tuple[Mass, ...] = ("literal", "centered")
TAU_MODES: tuple[TauMode, ...] = ("freeze", "literal", "halfadd")

TAU_MIN = -1e4
"""The paper's strongest τ; below −65,504 ``halfadd`` would overflow half precision and give NaN."""

ROW_ERROR = 1e-5
"""How far the sum of a float32 row of A' may lie from 1, generously."""

_MAX_CHANNELS = 1 << 16  # far beyond any UNet; keeps a damaged checkpoint from asking for absurd tensors


@dataclass(frozen=True)
class LayerConfig:
    """Width C and number of heads of one temporal self-attention."""

    name: str
    channels: int
    heads: int

    def __post_init__(self) -> None:
        for field in ("channels", "heads"):
            value = getattr(self, field)
            if type(value) is not int or not 0 < value <= _MAX_CHANNELS:
                raise ValueError(
                    f"layer {self.name}: {field} must be a whole number from 1 to {_MAX_CHANNELS}, got {value}"
                )
        if self.channels % self.heads:
            raise ValueError(f"layer {self.name}: {self.channels} channels do not divide into {self.heads} heads")


@dataclass(frozen=True)
class TrackGoConfig:
    """Everything needed to build a TrackGo.

    Attributes:
        layers: the 16 temporal self-attentions, in forward order.
        mass: how A' joins A: ``literal`` or ``centered`` (see ``adapter.mass_weights``).
        base: name of the base model it was made for, for people to read.
    """

    layers: tuple[LayerConfig, ...]
    mass: Mass = "centered"
    base: str = ""

    def __post_init__(self) -> None:
        if self.mass == "gated":
            raise ValueError(
                "mass 'gated' is not supported, because it follows arrows worst: train these weights anew with mass "
                "'centered'"
            )
        if self.mass not in MASS_MODES:
            raise ValueError(f"mass must be one of {', '.join(MASS_MODES)}, got '{self.mass}'")
        if not isinstance(self.base, str):
            raise ValueError(f"base must be the name of a model, got {self.base!r}")
        names = tuple(layer.name for layer in self.layers)
        if names != tuple(layer.name for layer in LAYERS):
            raise ValueError(f"layers must name SVD's {len(LAYERS)} temporal self-attentions in order, got {names}")

    @classmethod
    def for_unet(cls, unet: nn.Module, mass: Mass = "centered", base: str = "") -> TrackGoConfig:
        """Read widths and heads off an SVD UNet of either back end."""
        layers = (LayerConfig(n, a.to_q.in_features, a.heads) for n, a in temporal_attentions(unet).items())
        return cls(tuple(layers), mass, base)


@dataclass(frozen=True)
class AttentionSettings:
    """How the adapter acts at inference.

    Attributes:
        alpha: threshold α of eq. 3, in (0, 1); the paper's 0.2.
        tau_mode: ``freeze`` (users' default), ``literal`` (eq. 11 in float32: a no-op, since softmax ignores what is
            added to everything that is not masked) or ``halfadd`` (scores plus τ rounded to half precision, which is
            what the paper's Fig. 5 shows).
        tau: intensity τ of the unspecified area, 0 … −1e4. 0 leaves it alone.
    """

    alpha: float = 0.2
    tau_mode: TauMode = "freeze"
    tau: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1, got {self.alpha}; the paper uses 0.2")
        if self.tau_mode not in TAU_MODES:
            raise ValueError(f"tau_mode must be one of {', '.join(TAU_MODES)}, got '{self.tau_mode}'")
        if not TAU_MIN <= self.tau <= 0:
            raise ValueError(f"tau must lie between {TAU_MIN:g} and 0, got {self.tau}; 0 does nothing, -10000 freezes")

    @property
    def freeze(self) -> float:
        """s = clip(log10(1 + |τ|) / 4, 0, 1) in ``freeze`` mode, else 0: 0 → 0, −1e2 → 0.50, −1e4 → 1."""
        return min(math.log10(1 + abs(self.tau)) / 4, 1.0) if self.tau_mode == "freeze" else 0.0

    @staticmethod
    def tau_for(freeze: float) -> float:
        """The τ that freezes a share s of 0…1 in ``freeze`` mode: 1 − 10^(4s), and −1e4 for 1.

        Raises:
            ValueError: a share outside 0…1.
        """
        if not 0 <= freeze <= 1:
            raise ValueError(f"freeze must lie between 0 and 1, got {freeze}")
        return 1 - 10 ** (4 * freeze) if freeze < 1 else TAU_MIN

    def check_frames(self, frames: int) -> None:
        """A row of A' sums to 1, so at most 1/α entries reach α; α·L ≤ 1 would mask a uniform row whole (NaN)."""
        least = 1 + ROW_ERROR  # just above 1 the rounding of a uniform row could still mask it whole
        if self.alpha * frames <= least:
            raise ValueError(
                f"alpha {self.alpha} with {frames} frames would mask whole rows of the attention: "
                f"use at least {math.floor(least / self.alpha) + 1} frames or an alpha of "
                f"{math.ceil(1000 * least / frames) / 1000:.3f} or more"
            )
