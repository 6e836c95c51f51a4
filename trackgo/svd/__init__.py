"""The base model, Stable Video Diffusion, without TrackGo: its layers, files, diffusion and frozen parts."""

from ..former_names import getter

__getattr__ = getter(__package__.rpartition(".")[0], "svd")
