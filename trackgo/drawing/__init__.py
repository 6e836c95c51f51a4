"""What a person draws: masks, arrows, timing and a camera, as one JSON document (version 1)."""

from .camera import Camera
from .camera_component import camera_component
from .checks import EASINGS
from .document import CURVES, VERSION, Arrow, Component, Drawing
from .mask import Mask
from .strokes import TOOLS, Stroke
from .timing import PLAYBACKS, Hold

__all__ = [
    "CURVES", "EASINGS", "PLAYBACKS", "TOOLS", "VERSION",
    "Arrow", "Camera", "Component", "Drawing", "Hold", "Mask", "Stroke", "camera_component",
]  # fmt: skip
