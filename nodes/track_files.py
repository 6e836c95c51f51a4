"""Nodes for tracks in files: Wan-Move's pair of .npy files, out of ComfyUI's input and into its output folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

import folder_paths
from comfy_api.latest import io

from ..trackgo.drawing.checks import located
from ..trackgo.trajectories.interchange import UNITS, import_tracks
from ..trackgo.trajectories.interchange.wan_move import TRACKS_ENDING, VISIBILITY_ENDING, read_files, write_files
from .common import read_tracks
from .input_files import fingerprint, input_names, input_path, leads_elsewhere
from .notices import said
from .schema import CATEGORY, Tracks, described, frames_input, size_inputs
from .trajectories import AS_THEY_ARE, FITS, brought_to_model

LOAD, SAVE = "TrackGo Load Tracks", "TrackGo Save Tracks"
NO_FILE = "none there"
BESIDE, NOWHERE = "the file beside it", "none"
PUT_IT_THERE = "put it there and press R"


def tracks_path(name: str) -> Path:
    """Where a file of tracks lies in the input folder. Raises ValueError."""
    if name == NO_FILE:
        raise ValueError("there is no .npy file in ComfyUI's input folder; put one there and press R")
    return input_path(name, "file", PUT_IT_THERE)


def visibility_path(visibility: str, tracks: Path) -> Path | None:
    """The other file of the pair, if there shall be one; beside `<name>_tracks.npy` it is `<name>_visibility.npy`."""
    if visibility == NOWHERE:
        return None
    if visibility != BESIDE:
        return input_path(visibility, "file", PUT_IT_THERE)
    if not tracks.name.endswith(TRACKS_ENDING):
        return None
    beside = tracks.with_name(tracks.name.removesuffix(TRACKS_ENDING) + VISIBILITY_ENDING)
    return beside if beside.is_file() else None


class TrackGoLoadTracks(io.ComfyNode):
    """Wan-Move's pair of .npy files in ComfyUI's input folder → TRACKS."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        found = input_names(".npy")
        schema = io.Schema(
            node_id="TrackGoLoadTracks",
            category=CATEGORY,
            inputs=[
                io.Combo.Input("file", options=found or [NO_FILE]),
                io.Combo.Input("visibility", options=[BESIDE, NOWHERE, *found], default=BESIDE),
                *size_inputs(),
                frames_input(default=0, min=0),
                io.Combo.Input("units", options=list(UNITS), default="auto"),
            ],
            outputs=[Tracks.Output("tracks", display_name="tracks")],
        )
        return described(schema)

    @classmethod
    def validate_inputs(cls, file: object = None) -> bool | str:
        """Whether the file is there: also one in a folder of the input folder, which the list does not show."""
        try:
            if isinstance(file, str):
                tracks_path(file)
        except ValueError as error:
            return f"{LOAD}: {error}"
        return True

    @classmethod
    def fingerprint_inputs(cls, file: str = NO_FILE, visibility: str = BESIDE, **_: object) -> str:
        """The content of both files."""
        try:
            tracks = tracks_path(file)
            other = visibility_path(visibility, tracks)
        except ValueError:  # `validate_inputs` or `execute` says so
            return ""
        return fingerprint(tracks) + (fingerprint(other) if other else "")

    @classmethod
    def execute(cls, file: str, visibility: str, width: int, height: int, frames: int, units: str) -> io.NodeOutput:
        with located(LOAD):
            tracks = tracks_path(file)
            arrays = read_files(tracks, visibility_path(visibility, tracks))
            loaded = import_tracks(arrays, width, height, frames or None, "wan_move", units)
        return io.NodeOutput(loaded.to_tracks())


def check_prefix(prefix: str) -> None:
    """Raise ValueError for a name that leads out of the output folder, or to no name."""
    if leads_elsewhere(prefix) or not re.split(r"[/\\]", prefix)[-1].strip(". "):
        raise ValueError(
            f"filename_prefix is {prefix!r}; it must be a name in ComfyUI's output folder, such as tracks/boat"
        )


class TrackGoSaveTracks(io.ComfyNode):
    """TRACKS → Wan-Move's pair of .npy files in ComfyUI's output folder."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoSaveTracks",
            category=CATEGORY,
            inputs=[
                Tracks.Input("tracks"),
                io.String.Input("filename_prefix", default="tracks/trackgo"),
                *size_inputs(),
                io.Combo.Input("fit", options=FITS, default=AS_THEY_ARE),
            ],
            outputs=[
                Tracks.Output("saved", display_name="tracks"),
                io.String.Output("file", display_name="file"),
                io.String.Output("note", display_name="note"),
            ],
            is_output_node=True,
        )
        return described(schema)

    @classmethod
    def validate_inputs(cls, filename_prefix: object = None) -> bool | str:
        try:
            if isinstance(filename_prefix, str):
                check_prefix(filename_prefix)
        except ValueError as error:
            return f"{SAVE}: {error}"
        return True

    @classmethod
    def execute(cls, tracks: dict, filename_prefix: str, width: int, height: int, fit: str) -> io.NodeOutput:
        with located(SAVE):
            check_prefix(filename_prefix)
        trajectories, note = brought_to_model(SAVE, read_tracks(tracks, width, height), "wan_move", fit)
        output = folder_paths.get_output_directory()
        folder, name, number, subfolder, _ = folder_paths.get_save_image_path(
            filename_prefix, output, trajectories.width, trajectories.height
        )
        path, _ = write_files(Path(folder) / f"{name}_{number:05}", trajectories)
        file = os.path.join(subfolder, path.name).replace("\\", "/")
        return io.NodeOutput(trajectories.to_tracks(), file, note, ui=said(f"{file} and its visibility. {note}"))


NODES: list[type[io.ComfyNode]] = [TrackGoLoadTracks, TrackGoSaveTracks]
