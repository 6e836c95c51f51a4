"""Pictures for people: tinted masks with outlines, arrows, point trails, contact sheets.

Pictures are uint8 [H,W,3] in RGB, clips uint8 [L,H,W,3]. Pixel coordinates: (0, 0) is the centre of the top-left
pixel, x right, y down. Line widths grow with the picture, so that a 128-pixel demo and a 1024-pixel photograph look
alike. Nothing here is used to compute anything: the control picture P is `PointTrajectories.render()`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
from einops import rearrange

from ..drawing import Arrow, Camera, Drawing
from ..drawing.coordinates import to_pixels
from ..trajectories import COMPONENT_COLORS, PointTrajectories
from ..trajectories.motion import CURVE_STEPS, arrow_positions, camera_motion

Color = tuple[int, int, int]
CASING: Color = (16, 18, 24)
WHITE: Color = (255, 255, 255)
PAPER: Color = (24, 25, 29)
INK: Color = (226, 228, 233)
FAULT: Color = (190, 190, 200)
SUBPIXEL_BITS = 4  # cv2 draws at 1/16 of a pixel
MASK_OPACITY = 0.4
_GAP_PX = 6  # between the pictures of a sheet
WHOLE_FRAME_SHARE = 0.95  # a mask that covers more is shown as a border, for a tint would hide the picture


def component_color(index: int) -> Color:
    """The color of the component with this index, the same in P, overlays, trails and the editor."""
    return COMPONENT_COLORS[index % len(COMPONENT_COLORS)]


def line_width(height: int, width: int) -> float:
    """The basic line width in pixels: 2 at 512 on the short edge, never below 1."""
    return max(1.0, min(height, width) / 256)


def check_picture(picture: np.ndarray, name: str = "picture") -> None:
    """Raise ValueError unless `picture` is uint8 [H,W,3]."""
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise ValueError(f"{name} must be uint8 [H,W,3], got {picture.dtype} {list(picture.shape)}")


def check_clip(clip: np.ndarray, name: str = "frames") -> None:
    """Raise ValueError unless `clip` is uint8 [L,H,W,3]."""
    if clip.dtype != np.uint8 or clip.ndim != 4 or clip.shape[3] != 3:
        raise ValueError(f"{name} must be uint8 [L,H,W,3], got {clip.dtype} {list(clip.shape)}")


class _Layer:
    """A colored layer with coverage in [0,1], drawn with antialiased edges and laid over a picture at the end."""

    def __init__(self, height: int, width: int) -> None:
        self.color = np.zeros((height, width, 3), np.uint8)
        self.coverage = np.zeros((height, width), np.uint8)

    @staticmethod
    def _fixed(points_px: np.ndarray) -> np.ndarray:
        limited = np.clip(points_px, -30_000, 30_000)  # cv2 keeps coordinates in 32 bits
        return np.rint(limited * (1 << SUBPIXEL_BITS)).astype(np.int32).reshape(-1, 1, 2)

    def line(self, points_px: np.ndarray, color: Color, width_px: float, alpha: float = 1.0) -> None:
        """An open polyline [N,2]; later strokes lie over earlier ones."""
        fixed, thickness = [self._fixed(points_px)], max(1, round(width_px))
        cv2.polylines(self.color, fixed, False, color, thickness + 2, cv2.LINE_8, SUBPIXEL_BITS)
        cv2.polylines(self.coverage, fixed, False, round(255 * alpha), thickness, cv2.LINE_AA, SUBPIXEL_BITS)

    def polygon(self, points_px: np.ndarray, color: Color, alpha: float = 1.0) -> None:
        """A filled polygon [N,2]."""
        fixed = [self._fixed(points_px)]
        cv2.polylines(self.color, fixed, True, color, 3, cv2.LINE_8, SUBPIXEL_BITS)
        cv2.fillPoly(self.color, fixed, color, cv2.LINE_8, SUBPIXEL_BITS)
        cv2.fillPoly(self.coverage, fixed, round(255 * alpha), cv2.LINE_AA, SUBPIXEL_BITS)

    def disc(self, centre_px: np.ndarray, radius_px: float, color: Color, alpha: float = 1.0) -> None:
        """A filled disc."""
        x, y = self._fixed(centre_px).ravel().tolist()
        radius = round(radius_px * (1 << SUBPIXEL_BITS))
        cv2.circle(self.color, (x, y), radius + (1 << SUBPIXEL_BITS), color, -1, cv2.LINE_8, SUBPIXEL_BITS)
        cv2.circle(self.coverage, (x, y), radius, round(255 * alpha), -1, cv2.LINE_AA, SUBPIXEL_BITS)

    def over(self, picture: np.ndarray) -> np.ndarray:
        """The picture with this layer on it."""
        rows, columns = np.nonzero(self.coverage)
        result = picture.copy()
        alpha = self.coverage[rows, columns, None].astype(np.float32) / 255
        below = picture[rows, columns].astype(np.float32)
        result[rows, columns] = np.rint(below + (self.color[rows, columns] - below) * alpha).astype(np.uint8)
        return result


class _Sheet:
    """Three layers over a picture: dark casings, colored ink, and what lies on the ink.

    They are kept apart because a layer's color reaches a pixel beyond its coverage, for clean antialiased edges.
    """

    def __init__(self, picture: np.ndarray) -> None:
        self.picture = picture
        self.casing, self.ink, self.top = (_Layer(*picture.shape[:2]) for _ in range(3))
        self.width_px = line_width(*picture.shape[:2])
        self.casing_px = min(2.0, self.width_px)  # how far a casing stands out, both sides together

    def merged(self) -> np.ndarray:
        """The picture with all layers on it."""
        result = self.picture
        for layer in (self.casing, self.ink, self.top):
            result = layer.over(result)
        return result


def _tinted(picture: np.ndarray, inside: np.ndarray, color: Color, opacity: float) -> np.ndarray:
    result = picture.copy()
    below = picture[inside].astype(np.float32)
    result[inside] = np.rint(below + (np.array(color, np.float32) - below) * opacity).astype(np.uint8)
    return result


def _outline(sheet: _Sheet, inside: np.ndarray, color: Color) -> None:
    contours, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    for contour in contours:
        closed = np.concatenate([contour, contour[:1]]).reshape(-1, 2).astype(np.float32)
        sheet.casing.line(closed, CASING, sheet.width_px + sheet.casing_px, 0.55)
        sheet.ink.line(closed, color, sheet.width_px)


def _border(sheet: _Sheet, color: Color) -> None:
    height, width = sheet.picture.shape[:2]
    line_px = 1.5 * sheet.width_px
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], np.float32)
    path_px = line_px + corners * (width - 1 - 2 * line_px, height - 1 - 2 * line_px)
    sheet.casing.line(path_px, CASING, line_px + sheet.casing_px, 0.55)
    sheet.ink.line(path_px, color, line_px)


def draw_masks(picture: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The picture [H,W,3] with each mask of bool [s,H,W] tinted and outlined in its component's color.

    A mask over (almost) the whole frame is shown as a border instead. Raises ValueError if the sizes differ.
    """
    check_picture(picture)
    if masks.ndim != 3 or masks.shape[1:] != picture.shape[:2]:
        raise ValueError(
            f"masks must be [s,{picture.shape[0]},{picture.shape[1]}] as the picture, got {list(masks.shape)}"
        )
    sheet = _Sheet(picture)
    for index, inside in enumerate(masks.astype(bool)):
        color = component_color(index)
        if inside.mean() > WHOLE_FRAME_SHARE:
            _border(sheet, color)
        elif inside.any():
            sheet.picture = _tinted(sheet.picture, inside, color, MASK_OPACITY)
            _outline(sheet, inside, color)
    return sheet.merged()


def _shaft_and_head(path_px: np.ndarray, head_px: float) -> tuple[np.ndarray, np.ndarray]:
    """Split a path [N,2] into the shaft and the head's triangle, which points along the path's last stretch."""
    lengths = np.linalg.norm(np.diff(path_px, axis=0), axis=1)
    total = lengths.sum()
    head_px = min(head_px, 0.6 * total)
    at = np.concatenate([[0.0], np.cumsum(lengths)])
    neck = np.array([np.interp(total - head_px, at, path_px[:, axis]) for axis in (0, 1)])
    direction = (path_px[-1] - neck) / max(np.linalg.norm(path_px[-1] - neck), 1e-9)
    side = np.array([-direction[1], direction[0]]) * 0.48 * head_px
    shaft = np.concatenate([path_px[at < total - head_px], neck[None] + 0.25 * head_px * direction])
    return shaft, np.stack([path_px[-1], neck + side, neck + 0.22 * head_px * direction, neck - side])


def _grown(polygon: np.ndarray, by_px: float) -> np.ndarray:
    outward = polygon - polygon.mean(axis=0)
    return polygon + by_px * outward / np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-9)


def _arrow(sheet: _Sheet, path_px: np.ndarray, color: Color) -> None:
    unit, casing_px = sheet.width_px, sheet.casing_px
    length = np.linalg.norm(np.diff(path_px, axis=0), axis=1).sum() if len(path_px) > 1 else 0.0
    if length > 1e-6:
        shaft, head = _shaft_and_head(path_px, 7.5 * unit)
        sheet.casing.line(shaft, CASING, 1.9 * unit + casing_px, 0.6)
        sheet.casing.polygon(_grown(head, 0.9 * casing_px), CASING, 0.6)
        sheet.ink.line(shaft, color, 1.9 * unit)
        sheet.ink.polygon(head, color)
    sheet.casing.disc(path_px[0], 2.4 * unit + 0.6 * casing_px, CASING, 0.6)
    sheet.ink.disc(path_px[0], 2.4 * unit, WHITE)
    sheet.top.disc(path_px[0], 1.5 * unit, color)


def draw_arrows(picture: np.ndarray, paths_px: Sequence[np.ndarray], colors: Sequence[Color]) -> np.ndarray:
    """The picture with one arrow per path [N,2] in pixels; a path of one point (or no length) shows its start only."""
    check_picture(picture)
    sheet = _Sheet(picture)
    for path_px, color in zip(paths_px, colors, strict=True):
        _arrow(sheet, np.asarray(path_px, np.float64), color)
    return sheet.merged()


def draw_drawing(picture: np.ndarray, drawing: Drawing) -> np.ndarray:
    """The picture [H,W,3] with a drawing on it: masks tinted and outlined, arrows along their true curves, and a white
    frame around what a moving camera sees in the end."""
    check_picture(picture)
    height, width = picture.shape[:2]
    result = draw_masks(picture, drawing.masks(width, height))
    arrows = [
        (arrow_path(arrow, width, height)[:: -1 if component.playback == "reverse" else 1], component_color(index))
        for index, component in enumerate(drawing.active)
        for arrow in component.arrows
    ]
    result = draw_arrows(result, [path for path, _ in arrows], [color for _, color in arrows])
    if drawing.camera is None or not drawing.camera.moves:
        return result
    sheet = _Sheet(result)
    for layer, color, width_px in (
        (sheet.casing, CASING, sheet.width_px + sheet.casing_px),
        (sheet.ink, WHITE, sheet.width_px),
    ):
        layer.line(camera_view(drawing.camera, width, height), color, width_px, 0.9)
    return sheet.merged()


def camera_view(camera: Camera, width: int, height: int) -> np.ndarray:
    """The part of the first frame that the camera's whole way ends at: its outline, closed, float64 [5,2] in pixels."""
    motion = camera_motion(replace(camera, start=0, end=1, playback="once"), 2, width, height)
    corners = to_pixels([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)], width, height)
    seen = (corners[:, 0] + 1j * corners[:, 1] - motion.shift[-1]) / motion.scale_turn[-1]
    return np.stack([seen.real, seen.imag], axis=-1)


def draw_on_all(frames: np.ndarray, drawing: Drawing) -> np.ndarray:
    """The clip [L,H,W,3] with a drawing on every frame."""
    if (frames == frames[:1]).all():  # a held picture needs it once
        return np.repeat(draw_drawing(frames[0], drawing)[None], len(frames), axis=0)
    return np.stack([draw_drawing(frame, drawing) for frame in frames])


def arrow_path(arrow: Arrow, width: int, height: int) -> np.ndarray:
    """The line an arrow's point travels, float64 [N,2] in pixels of a width × height frame."""
    if arrow.curve == "straight" or len(arrow.points) < 3:
        return to_pixels(arrow.points, width, height)
    share = np.linspace(0, 1, CURVE_STEPS * (len(arrow.points) - 1) + 1)
    travelled = arrow_positions(arrow, share, width, height)
    return np.stack([travelled.real, travelled.imag], axis=-1)


def draw_trails(frames: np.ndarray, trajectories: PointTrajectories, tail: int = 8) -> np.ndarray:
    """The clip [L,H,W,3] with every visible point as a dot and its last `tail` frames as a fading trail.

    The points may belong to another size than the clip: they are carried over as fractions of the frame.
    Raises ValueError if the lengths differ; `match_length` makes them equal.
    """
    check_clip(frames)
    if len(frames) != len(trajectories.tracks):
        raise ValueError(f"{len(frames)} frames but {len(trajectories.tracks)} positions per track: make them equal")
    return np.stack(list(each_trail(frames, trajectories, tail)))


def each_trail(frames: Iterable[np.ndarray], trajectories: PointTrajectories, tail: int = 8) -> Iterator[np.ndarray]:
    """As `draw_trails`, frame by frame, uint8 [H,W,3] each: a long clip needs no memory."""
    for now, frame in enumerate(frames):
        if now == 0:
            height, width = frame.shape[:2]
            points_px = trajectories.resized(width, height).tracks.astype(np.float64)
        yield _trail_frame(frame, points_px, trajectories, now, tail)


def _trail_frame(
    frame: np.ndarray, points_px: np.ndarray, trajectories: PointTrajectories, now: int, tail: int
) -> np.ndarray:
    sheet, visible = _Sheet(frame), trajectories.visibility
    unit, first = sheet.width_px, max(0, now - tail)
    colors = [component_color(int(component)) for component in trajectories.component]
    for past in range(first, now):
        fade = (past + 1 - first) / (now - first)
        for n in np.flatnonzero(visible[past] & visible[past + 1]):
            sheet.casing.line(points_px[past : past + 2, n], colors[n], (0.6 + 0.9 * fade) * unit, 0.85 * fade)
    for n in np.flatnonzero(visible[now]):
        sheet.ink.disc(points_px[now, n], 1.7 * unit + 0.5 * sheet.casing_px, CASING, 0.75)
        sheet.top.disc(points_px[now, n], 1.7 * unit, colors[n])
    return sheet.merged()


def draw_paths(picture: np.ndarray, wanted: PointTrajectories, followed_px: np.ndarray) -> np.ndarray:
    """The picture [H,W,3] with every point's wanted path in its component's color and the followed one in white.

    A dot marks where each path ends, and a thin line joins the two ends: that is how far the point went astray.
    `wanted` is in the picture's pixels, `followed_px` [L,N,2] too; points that are not visible in the first frame, and
    the wanted path where it is not visible, are left out. Raises ValueError if the sizes differ.
    """
    check_picture(picture)
    if followed_px.shape != wanted.tracks.shape or (wanted.height, wanted.width) != picture.shape[:2]:
        raise ValueError(
            f"{list(followed_px.shape)} followed points on a {picture.shape[1]}×{picture.shape[0]} picture do not fit "
            f"the wanted {list(wanted.tracks.shape)} of {wanted.width}×{wanted.height}"
        )
    sheet = _Sheet(picture)
    unit = sheet.width_px
    for n in np.flatnonzero(wanted.visibility[0]):
        seen = np.flatnonzero(wanted.visibility[:, n])
        paths = ((wanted.tracks[seen, n], component_color(int(wanted.component[n]))), (followed_px[seen, n], WHITE))
        sheet.casing.line(np.stack([path[-1] for path, _ in paths]), FAULT, 0.5 * unit, 0.9)
        for layer, (path, color) in zip((sheet.ink, sheet.top), paths, strict=True):
            layer.line(path.astype(np.float64), color, 0.6 * unit, 0.9)
            layer.disc(path[-1].astype(np.float64), 1.3 * unit, color)
    return sheet.merged()


def match_length(frames: np.ndarray, length: int) -> np.ndarray:
    """A clip [B,H,W,3] at another length: one picture is held, a clip is sampled evenly, first and last frame kept."""
    if len(frames) == 0:
        raise ValueError("the clip holds no frame; one at least is needed")
    nearest = np.rint(np.linspace(0, len(frames) - 1, length)).astype(int)
    return frames[nearest]


def contact_sheet(frames: np.ndarray, columns: int = 5, labels: Sequence[str] | None = None) -> np.ndarray:
    """All frames [L,H,W,3] in rows on one dark sheet, each under its label (its number if none are given)."""
    if frames.ndim != 4 or len(frames) == 0:
        raise ValueError(f"frames must be uint8 [L,H,W,3] with L >= 1, got {list(frames.shape)}")
    labels = [f"{number}" for number in range(1, len(frames) + 1)] if labels is None else list(labels)
    if len(labels) != len(frames):
        raise ValueError(f"{len(frames)} frames need as many labels, got {len(labels)}")
    columns = min(columns, len(frames))
    cells = [_cell(frame, label) for frame, label in zip(frames, labels, strict=True)]
    cells += [np.full_like(cells[0], PAPER)] * (-len(cells) % columns)
    rows = rearrange(np.stack(cells), "(row column) h w c -> (row h) (column w) c", column=columns)
    sheet = np.full((rows.shape[0] + _GAP_PX, rows.shape[1] + _GAP_PX, 3), PAPER, np.uint8)
    sheet[_GAP_PX:, _GAP_PX:] = rows
    return sheet


def _cell(frame: np.ndarray, label: str) -> np.ndarray:
    height, width = frame.shape[:2]
    size = max(0.32, min(height, width) / 700)
    caption = round(26 * size) + 4
    cell = np.full((caption + height + _GAP_PX, width + _GAP_PX, 3), PAPER, np.uint8)
    cell[caption : caption + height, :width] = frame
    cv2.putText(cell, label, (1, caption - round(6 * size) - 1), cv2.FONT_HERSHEY_SIMPLEX, size, INK, 1, cv2.LINE_AA)
    return cell
