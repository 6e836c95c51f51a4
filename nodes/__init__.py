"""The pack's nodes, one file per family. They translate ComfyUI's values, call `trackgo`, and hand back."""

from __future__ import annotations

from comfy_api.latest import ComfyExtension, io

from . import inspect, model
from .drawing import TrackGoCameraMotion, TrackGoCanvas, TrackGoComponent
from .trajectories import TrackGoExportTracks, TrackGoImportTracks, TrackGoPointTrajectories, TrackGoPreview

NODES: list[type[io.ComfyNode]] = [
    TrackGoCanvas,
    TrackGoComponent,
    TrackGoCameraMotion,
    TrackGoPointTrajectories,
    TrackGoPreview,
    TrackGoImportTracks,
    TrackGoExportTracks,
    *model.NODES,
    *inspect.NODES,
]


class TrackGoExtension(ComfyExtension):
    """The list of nodes that ComfyUI asks for."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return list(NODES)
