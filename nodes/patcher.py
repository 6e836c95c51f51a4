"""TRACKGO: TrackGo's weights, with A' of what follows them, in ComfyUI's memory manager."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

from comfy.model_patcher import ModelPatcher

from ..trackgo.model import TrackGo
from ..trackgo.model.encoded import EncodedTrajectories


class TrackGoPatcher(ModelPatcher):
    """A ``TrackGo`` whose size includes A' of the trajectories that were encoded with it.

    So ComfyUI makes room for A' before a sampling; when it asks for memory A' goes first, and the next sampling
    computes it again.
    """

    model: TrackGo

    def __init__(self, model: TrackGo, load_device: Any, offload_device: Any, size: int = 0, **more: Any) -> None:
        for name in ("encodings", "expected"):  # all copies share them, as they share the weights
            model.__dict__.setdefault(name, weakref.WeakSet())
        self.load_device = load_device  # ComfyUI before 0.8 asks for the size first
        super().__init__(model, load_device, offload_device, **more)  # a clone is told a size with A' in it

    def add(self, encoded: EncodedTrajectories) -> None:
        """Count what these trajectories keep from now on, as long as somebody uses them."""
        self.model.__dict__["encodings"].add(encoded)

    def expect(self, followed: Iterable[object]) -> None:
        """Make room for A' of what is to be sampled, the next time that a model is loaded; of what follows no
        trajectories, or other weights', there is none."""
        ours = (one for one in followed if isinstance(one, EncodedTrajectories) and one.weights is self.model)
        self.model.__dict__["expected"] = weakref.WeakSet(ours)

    def model_size(self) -> int:
        expected = self.model.__dict__["expected"]
        missing = sum(max(0, one.needed_bytes - one.kept_bytes(self.load_device)) for one in list(expected))
        return super().model_size() + self._kept_bytes() + missing

    def loaded_size(self) -> int:
        return super().loaded_size() + self._kept_bytes()

    def partially_unload(self, device_to: Any, memory_to_free: float = 0, **more: Any) -> float:
        freed = self._forget()
        if freed >= memory_to_free:
            return freed
        return freed + super().partially_unload(device_to, memory_to_free - freed, **more)

    def detach(self, unpatch_all: bool = True) -> Any:
        if unpatch_all:  # else a copy of this takes its place
            self._forget()
        return super().detach(unpatch_all)

    def _kept_bytes(self) -> int:
        return sum(one.kept_bytes(self.load_device) for one in list(self.model.__dict__["encodings"]))

    def _forget(self) -> int:
        kept = self._kept_bytes()
        for one in list(self.model.__dict__["encodings"]):
            one.clear()
        return kept
