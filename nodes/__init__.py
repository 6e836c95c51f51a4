"""The pack's nodes, one file per family. They translate ComfyUI's values, call `trackgo`, and hand back."""

from __future__ import annotations

from comfy_api.latest import ComfyExtension, io

from . import cut_and_drag, drawing, inspect, model, targets, track_files, tracking, trajectories

NODES: list[type[io.ComfyNode]] = [
    *drawing.NODES,
    *trajectories.NODES,
    *model.NODES,
    *cut_and_drag.NODES,
    *inspect.NODES,
    *targets.NODES,
    *tracking.NODES,
    *track_files.NODES,
]


class TrackGoExtension(ComfyExtension):
    """The list of nodes that ComfyUI asks for."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return list(NODES)
