"""The paper's model: encoder E, TrackAdapters, how they are attached to SVD, and checkpoints."""

from ..former_names import getter
from .trackgo import TrackGo

__all__ = ["TrackGo"]

__getattr__ = getter(__package__.rpartition(".")[0], "model")
