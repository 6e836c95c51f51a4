"""Point trajectories: control points moved by the arrows, and their picture P.

Coordinates are pixels as (x, y); (0, 0) is the centre of the top-left pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..drawing import Drawing
from ..drawing.budget import check_positions
from ..drawing.coordinates import check_size, inside_frame, to_fractions, to_pixels
from ..drawing.document import MAX_COMPONENTS
from .control_points import control_points
from .motion import Similarity, camera_motion, check_frames, component_motion

if TYPE_CHECKING:
    import torch

COMPONENT_COLORS: tuple[tuple[int, int, int], ...] = (
    (255, 48, 48),
    (48, 224, 64),
    (64, 112, 255),
    (255, 216, 32),
    (255, 72, 232),
    (32, 224, 232),
    (255, 144, 32),
    (168, 88, 255),
    (176, 240, 48),
    (255, 136, 168),
    (40, 168, 136),
    (208, 168, 112),
)  # RGB, one per component in order, from the start again after the last; the editor uses the same
SQUARE_PX = 4
MAX_LENGTH = 10_000  # frames; a tracker's long video may have more of them than are ever made
_MAX_COORDINATE_PX = 1e9


@dataclass(frozen=True, eq=False)
class PointTrajectories:
    """N points over L frames of width × height pixels.

    tracks: float32 [L, N, 2] as (x, y) in pixels, finite, also outside the frame. visibility: bool [L, N].
    component: int64 [N], which component each point belongs to, from 0. N may be 0. ValueError names a bad field.
    """

    tracks: np.ndarray
    visibility: np.ndarray
    component: np.ndarray
    width: int
    height: int

    def __post_init__(self) -> None:
        check_size(self.width, self.height)
        tracks = np.asarray(self.tracks)
        if tracks.ndim != 3 or tracks.shape[2] != 2 or tracks.shape[0] < 1:
            raise ValueError(f"tracks has shape {list(tracks.shape)}; it must be [L, N, 2] with at least one frame")
        _check_length(tracks.shape[0])
        within = np.abs(tracks) <= _MAX_COORDINATE_PX  # False for NaN too
        if not within.all():
            frame, point, axis = np.argwhere(~within)[0]
            value = tracks[frame, point, axis]
            raise ValueError(
                f"tracks: {'xy'[axis]} of point {point + 1} at frame {frame + 1} is {value}; it must be a finite number"
                f" of pixels, at most {_MAX_COORDINATE_PX:g} from 0"
            )
        visibility, component = np.asarray(self.visibility), np.asarray(self.component)
        if visibility.shape != tracks.shape[:2]:
            raise ValueError(f"visibility has shape {list(visibility.shape)}; it must be {list(tracks.shape[:2])}")
        if component.shape != tracks.shape[1:2] or (component.size and component.dtype.kind not in "iu"):
            given = f"shape {list(component.shape)} and dtype {component.dtype}"
            raise ValueError(
                f"component has {given}; it must be whole numbers, one for each of {tracks.shape[1]} points"
            )
        if (component < 0).any():
            raise ValueError(f"component holds {component.min()}; components count from 0")
        object.__setattr__(self, "tracks", tracks.astype(np.float32))
        object.__setattr__(self, "visibility", visibility.astype(bool))
        object.__setattr__(self, "component", component.astype(np.int64))
        object.__setattr__(self, "width", int(self.width))
        object.__setattr__(self, "height", int(self.height))

    @property
    def frames(self) -> int:
        """L."""
        return len(self.tracks)

    def render(self) -> np.ndarray:
        """P: uint8 [L, H, W, 3], black, a filled 4×4 square in the component's color per visible point.

        The square centred on x covers the columns x − 2 ≤ j < x + 2 (rows alike): always exactly four, and exactly
        centred where x lies midway between two columns. Later components cover earlier ones; squares are cut at the
        frame's border.
        """
        pictures = np.zeros((self.frames, self.height, self.width, 3), dtype=np.uint8)
        self._render_(pictures, self.tracks, self.visibility)
        return pictures

    def each_rendered(self) -> Iterator[np.ndarray]:
        """P frame by frame, uint8 [H, W, 3] each: a long clip needs no memory."""
        for tracks, visible in zip(self.tracks, self.visibility, strict=True):
            picture = np.zeros((1, self.height, self.width, 3), dtype=np.uint8)
            self._render_(picture, tracks[None], visible[None])
            yield picture[0]

    def _render_(self, pictures: np.ndarray, tracks: np.ndarray, visibility: np.ndarray) -> None:
        pixels = pictures.reshape(-1, 3)
        side = np.arange(SQUARE_PX)
        for component in np.unique(self.component):
            frame, point = np.nonzero(visibility & (self.component == component))
            corner = np.ceil(tracks[frame, point].astype(np.float64) - SQUARE_PX / 2).astype(np.int64)
            columns = corner[:, 0, None, None] + side  # [M, 1, 4]
            rows = corner[:, 1, None, None] + side[:, None]  # [M, 4, 1]
            inside = (columns >= 0) & (columns < self.width) & (rows >= 0) & (rows < self.height)  # [M, 4, 4]
            place = (frame[:, None, None] * self.height + rows) * self.width + columns
            pixels[place[inside]] = COMPONENT_COLORS[component % len(COMPONENT_COLORS)]

    def to_tracks(self) -> dict[str, torch.Tensor | int]:
        """ComfyUI's TRACKS: track_path float32 [L, N, 2], track_visibility bool [L, N], track_component int64 [N] (CPU
        tensors), width, height."""
        import torch

        return {
            "track_path": torch.from_numpy(self.tracks.copy()),
            "track_visibility": torch.from_numpy(self.visibility.copy()),
            "track_component": torch.from_numpy(self.component.copy()),
            "width": self.width,
            "height": self.height,
        }

    @classmethod
    def from_tracks(
        cls, tracks: Mapping[str, Any], width: int | None = None, height: int | None = None
    ) -> PointTrajectories:
        """A TRACKS dictionary, ours or another pack's, tensors or arrays.

        track_path [L, N, 2] is needed. track_visibility [L, N] or [L, 1] (nonzero = visible) may be missing: a point is
        then visible inside the frame. Without track_component all points are component 0. width and height say which
        frame the pixels refer to when the dictionary does not; its own come first. ValueError names what is wrong.
        """
        if not isinstance(tracks, Mapping) or tracks.get("track_path") is None:
            raise ValueError("TRACKS must be a dictionary that holds track_path, [L, N, 2]")
        path = _to_array("track_path", tracks["track_path"])
        if path.ndim != 3 or path.shape[2] != 2:
            raise ValueError(f"track_path has shape {list(path.shape)}; it must be [L, N, 2]")
        width = width if tracks.get("width") is None else tracks["width"]
        height = height if tracks.get("height") is None else tracks["height"]
        if width is None or height is None:
            raise ValueError("TRACKS does not say its width and height; give the size of the frame its pixels refer to")
        visibility = tracks.get("track_visibility")
        if visibility is None:
            visible = inside_frame(path, width, height)
        else:
            visible = _to_array("track_visibility", visibility) != 0
            if visible.shape not in (path.shape[:2], (path.shape[0], 1)):
                expected = f"[L, N] = {list(path.shape[:2])} or [L, 1]"
                raise ValueError(f"track_visibility has shape {list(visible.shape)}; it must be {expected}")
        component = tracks.get("track_component")
        number = np.zeros(path.shape[1], np.int64) if component is None else _to_array("track_component", component)
        return cls(path, np.broadcast_to(visible, path.shape[:2]), number, width, height)

    def resized(self, width: int, height: int) -> PointTrajectories:
        """The same motion in a frame of another size: fractions of the frame stay, pixels follow."""
        check_size(width, height)
        fractions = to_fractions(self.tracks, self.width, self.height)
        return replace(self, tracks=to_pixels(fractions, width, height), width=width, height=height)

    def resampled(self, frames: int) -> PointTrajectories:
        """The same motion in another number of frames, linear between frames; first stays first and last stays last.

        Between two frames a point is visible when it is visible in both.
        """
        _check_length(frames)
        time = np.arange(frames) / max(frames - 1, 1) * (self.frames - 1)
        before = np.floor(time).astype(np.int64)
        after = np.ceil(time).astype(np.int64)
        share = (time - before)[:, None, None]
        tracks = self.tracks[before] * (1 - share) + self.tracks[after] * share
        return replace(self, tracks=tracks, visibility=self.visibility[before] & self.visibility[after])


def _check_length(frames: int) -> None:
    if isinstance(frames, bool) or not isinstance(frames, int | np.integer) or not 1 <= frames <= MAX_LENGTH:
        raise ValueError(f"frames is {frames!r}; it must be a whole number from 1 to {MAX_LENGTH}")


def _to_array(name: str, value: Any) -> np.ndarray:
    """A tensor on any device and of any dtype, an array or a list → array; ValueError naming a field that is none."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if value.is_floating_point() else value  # numpy has no bfloat16
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} cannot be read as an array: {error}") from None
    if array.dtype.kind not in "buif":
        raise ValueError(f"{name} holds {array.dtype}; it must hold numbers")
    return array


def point_trajectories(
    drawing: Drawing,
    frames: int,
    width: int,
    height: int,
    seed: int = 0,
    skip_empty: bool = False,
    proceed: Callable[[], None] = lambda: None,
) -> PointTrajectories:
    """A drawing → its point trajectories over `frames` frames of width × height pixels.

    `component` counts the active components, as `drawing.masks` does. Each component's points depend on the seed, its
    mask and its place in the document alone. A moving camera carries them all along, and gives what no mask covers
    points of its own: the component after the last (`background_points`). ValueError when a mask covers no pixel,
    naming the component; with `skip_empty` it has no points instead. What `proceed` raises, which is called between
    components and strokes, ends the work.
    """
    check_frames(frames)
    size = (width, height)
    camera = camera_motion(drawing.camera, frames, width, height)
    motions = [component_motion(component, frames, width, height) for component in drawing.active]
    moving = drawing.camera is not None and drawing.camera.moves
    starts, packed, free = [], [], np.ones((height, width) if moving else (0, 0), dtype=bool)
    for mask, index in zip(drawing.each_mask(width, height, proceed), drawing.active_indices, strict=True):
        starts.append(_component_points(drawing, index, mask, seed, skip_empty))
        if moving:
            free &= ~mask
            packed.append(np.packbits(mask, axis=1))
    check_positions(sum(map(len, starts)), frames, "control points")
    moved = [
        motion.then(camera).apply(points).astype(np.float32) for motion, points in zip(motions, starts, strict=True)
    ]
    seen = [inside_frame(path, *size) for path in moved]
    if moving:
        points = background_points(free, np.random.default_rng([seed, MAX_COMPONENTS]))
        moved.append(camera.apply(points).astype(np.float32))
        covered = _covered(points, packed, size, motions, frames)
        seen.append(inside_frame(moved[-1], *size) & ~covered)
    path = np.concatenate([np.empty((frames, 0, 2), np.float32), *moved], axis=1)
    visibility = np.concatenate([np.empty((frames, 0), bool), *seen], axis=1)
    component = np.repeat(np.arange(len(moved)), [part.shape[1] for part in moved])
    return PointTrajectories(path, visibility, component, width, height)


def _component_points(drawing: Drawing, index: int, mask: np.ndarray, seed: int, skip_empty: bool) -> np.ndarray:
    """Control points [K, 2] of component `index` on its mask; none of an empty mask if that is allowed."""
    if mask.any():
        return control_points(mask, np.random.default_rng([seed, index]))
    if skip_empty:
        return np.empty((0, 2))
    height, width = mask.shape
    raise ValueError(
        f"{drawing.label(index)}: its mask covers no pixel at {width}×{height}; paint where the component is"
    )


def background_points(free: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Control points [K, 2] on what no mask covers, bool [H, W], K by eq. 10; none if nothing is left."""
    return control_points(free, rng) if free.any() else np.empty((0, 2))


def _covered(
    points: np.ndarray, masks: list[np.ndarray], size: tuple[int, int], motions: list[Similarity], frames: int
) -> np.ndarray:
    """Whether a component lies over places of the background [K, 2] at each frame: bool [L, K].

    Only a component's own motion matters, since the camera moves both alike: a place is covered where the component,
    moved back, has a pixel. So P never shows the background on top of what passes in front of it. Masks are packed
    bits, [H, ⌈W / 8⌉] each.
    """
    covered = np.zeros((frames, len(points)), dtype=bool)
    places = points[:, 0] + 1j * points[:, 1]
    for mask, motion in zip(masks, motions, strict=True):
        shrunk = np.abs(motion.scale_turn) < 1e-6  # to a point: it covers nothing
        back = (places - motion.shift[:, None]) / np.where(shrunk, 1, motion.scale_turn)[:, None]
        within = inside_frame(np.stack([back.real, back.imag], axis=-1), *size) & ~shrunk[:, None]
        columns, rows = (np.floor(np.where(within, part, 0) + 0.5).astype(np.int64) for part in (back.real, back.imag))
        covered |= within & ((mask[rows, columns >> 3] << (columns & 7)) & 128 > 0)
    return covered
