"""Where points go: control points on masks, moved by arrows and the camera, drawn as P, and other packs' formats."""

from ..former_names import getter
from .points import COMPONENT_COLORS, PointTrajectories, point_trajectories

__all__ = ["COMPONENT_COLORS", "PointTrajectories", "point_trajectories"]

__getattr__ = getter(__package__.rpartition(".")[0], "trajectories")
