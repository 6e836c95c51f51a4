"""TrackGo: encoder E and the 16 TrackAdapters of one SVD."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..svd.layers import temporal_attentions
from ..trajectories import PointTrajectories
from . import checkpoint
from .adapter import TrackAdapter
from .attach import Attachment, attached
from .config import AttentionSettings, Mass, TauMode, TrackGoConfig
from .encoded import EncodedTrajectories
from .encoder import TrajectoryEncoder
from .low_rank import BaseChange


class TrackGo(nn.Module):
    """E and one TrackAdapter per temporal self-attention: 29,358,320 parameters on SVD.

    Attributes:
        config: what it was built from.
        base_weights: base-model weights that were trained along (or low-rank changes of them), by diffusers key; they
            travel with the checkpoint and are lent to the base model while attached.
    """

    def __init__(self, config: TrackGoConfig, operations: Any = nn) -> None:
        super().__init__()
        self.config = config
        self.encoder = TrajectoryEncoder(operations)
        self.adapters = nn.ModuleDict(
            {layer.name: TrackAdapter(layer.channels, layer.heads, operations) for layer in config.layers}
        )
        self.base_weights: dict[str, BaseChange] = {}

    @classmethod
    def for_unet(cls, unet: nn.Module, mass: Mass = "centered", seed: int = 0, base: str = "") -> TrackGo:
        """A fresh TrackGo for ``unet`` (either back end): W'q and W'k copied from its own temporal self-attentions.

        The caller's random state is left as it was.

        Raises:
            ValueError: ``unet`` is not SVD's.
        """
        config = TrackGoConfig.for_unet(unet, mass, base)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            model = cls(config)
            model.encoder.reset_parameters_()
            for name, attention in temporal_attentions(unet).items():
                adapter = model.adapters[name]
                adapter.reset_parameters_()
                adapter.to_q.weight.copy_(attention.to_q.weight)
                adapter.to_k.weight.copy_(attention.to_k.weight)
                adapter.calibrate_()
        return model

    @classmethod
    def load(cls, path: str | Path, operations: Any = nn) -> TrackGo:
        """Read a checkpoint in the precision it was stored in.

        Args:
            operations: layers to build from (``torch.nn``, or a back end's casting layers).

        Raises:
            ValueError: not a TrackGo checkpoint, of a newer format, or a key missing, extra or wrongly shaped.
            FileNotFoundError: nothing at ``path``.
        """
        stored = checkpoint.read(path)
        with torch.device("meta"):
            model = cls(stored.config, operations)
        checkpoint.check_keys({k: v.shape for k, v in model.state_dict().items()}, stored.tensors, path)
        model.load_state_dict(stored.tensors, assign=True)
        model.base_weights = stored.base_weights
        return model

    def save(self, path: str | Path, dtype: torch.dtype | None = None) -> None:
        """Write a checkpoint; the file appears whole or not at all.

        Args:
            dtype: precision to store (``torch.float16`` halves the file); by default each tensor's own.
        """
        checkpoint.write(checkpoint.Stored(self.config, self.state_dict(), self.base_weights), path, dtype)

    def check_fits(self, unet: nn.Module) -> None:
        """Refuse a base model with other widths or heads.

        Raises:
            ValueError: naming the first layer that differs.
        """
        for ours, theirs in zip(self.config.layers, TrackGoConfig.for_unet(unet).layers, strict=True):
            if ours != theirs:
                raise ValueError(
                    f"these TrackGo weights were made for another base model: layer {ours.name} has {ours.channels} "
                    f"channels and {ours.heads} heads, the model has {theirs.channels} and {theirs.heads}"
                )

    def encode(self, trajectories: PointTrajectories, dtype: torch.dtype | None = None) -> EncodedTrajectories:
        """Encode trajectories. Nothing is computed yet: A' is computed when the first layer asks, and kept.

        Args:
            dtype: precision that E and W'q, W'k run in; by default that of the weights.
        """
        return EncodedTrajectories(self, trajectories.render()[None], dtype)

    @contextmanager
    def attached(
        self, unet: nn.Module, trajectories: EncodedTrajectories, alpha: float = 0.2, tau: float = 0.0,
        tau_mode: TauMode = "freeze",
    ) -> Iterator[Attachment]:  # fmt: skip
        """Drive ``unet`` (either back end) with encoded ``trajectories`` inside the ``with`` block.

        For the settings see ``AttentionSettings``.

        Afterwards modules and outputs are bit-identical to before, also when the block raised.
        """
        self.check_fits(unet)
        with attached(
            unet, Attachment(trajectories, AttentionSettings(alpha, tau_mode, tau)), self.base_weights
        ) as live:
            yield live
