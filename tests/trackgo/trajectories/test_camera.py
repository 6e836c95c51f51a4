"""The camera on top of the components' own motion: exact at every frame, in the tracks, in P and in the exports."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackgo import Camera, Drawing, point_trajectories
from trackgo.drawing import Arrow, Component, Mask, Stroke, camera_component
from trackgo.figures.overlays import camera_view, draw_drawing
from trackgo.trajectories import COMPONENT_COLORS
from trackgo.trajectories.control_points import points_per_component
from trackgo.trajectories.interchange import export_tracks
from trackgo.trajectories.motion import camera_motion, component_motion

GOLDEN = json.loads((Path(__file__).parents[2] / "fixtures" / "geometry_golden.json").read_text(encoding="utf-8"))
WIDTH, HEIGHT, FRAMES = 160, 90, 8
BOAT = Component(
    "boat",
    Mask((Stroke("lasso", [(0.1, 0.2), (0.3, 0.2), (0.3, 0.6), (0.1, 0.6)]),)),
    (Arrow([(0.2, 0.4), (0.7, 0.4)]),),
)
TREE = Component("tree", Mask((Stroke("brush", [(0.8, 0.5)], 0.08),)))
CAMERA = Camera((0.2, -0.1), 1.5, 20.0)


def tracks_of(drawing: Drawing, number: int | None = None) -> np.ndarray:
    result = point_trajectories(drawing, FRAMES, WIDTH, HEIGHT)
    chosen = slice(None) if number is None else result.component == number
    return result.tracks[:, chosen].astype(np.float64)


@pytest.mark.parametrize("case", GOLDEN["cameras"], ids=lambda case: case["name"])
def test_camera_over_a_component_equals_the_matrices(case):
    component = Component.from_dict(case["component"])
    frames, size = case["frames"], (case["width"], case["height"])
    camera = camera_motion(Camera.from_dict(case["camera"]), frames, *size)
    found = [camera.scale_turn.real, camera.scale_turn.imag, camera.shift.real, camera.shift.imag]
    assert np.allclose(np.stack(found, -1), case["similarity"], atol=1e-8)
    moved = component_motion(component, frames, *size).then(camera)
    assert np.allclose(moved.apply(np.array(case["points_px"])), case["tracks_px"], atol=1e-7)


@settings(deadline=None)
@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.1, 10), st.floats(-720, 720))
def test_the_move_begins_with_nothing_and_ends_as_it_says(x, y, zoom, turn):
    motion = camera_motion(Camera((x, y), zoom, turn), 9, WIDTH, HEIGHT)
    centre = np.array([[(WIDTH - 1) / 2, (HEIGHT - 1) / 2], [0.0, 0.0]])
    first, last = motion.apply(centre)[[0, -1]]
    assert np.allclose(first, centre, atol=1e-9)
    assert np.allclose(last[0] - centre[0], (x * WIDTH, y * HEIGHT), atol=1e-6)
    arm = (centre[1] - centre[0]) @ [1, 1j] * zoom * np.exp(1j * np.radians(turn))
    assert np.allclose((last[1] - last[0]) @ [1, 1j], arm, atol=1e-6)
    steps = np.log(np.abs(motion.scale_turn))
    assert np.allclose(np.diff(steps), np.log(zoom) / 8, atol=1e-9), "zoom is even on a logarithmic scale"


@pytest.mark.parametrize("zoom", [0.2, 8.0])
def test_what_ends_in_the_middle_comes_straight_there(zoom):
    """No overshoot on the way, as an even pan beside a zoom would have."""
    goal, centre = complex(30, 20), complex((WIDTH - 1) / 2, (HEIGHT - 1) / 2)
    pan = -zoom * (goal - centre)
    motion = camera_motion(Camera((pan.real / WIDTH, pan.imag / HEIGHT), zoom), 25, WIDTH, HEIGHT)
    away = (motion.scale_turn * goal + motion.shift - centre) / (goal - centre)
    assert np.abs(away.imag).max() < 1e-9
    assert (np.diff(away.real) < 0).all() and away.real[-1] == pytest.approx(0, abs=1e-9)


def test_objects_move_by_themselves_and_then_with_the_camera():
    alone, filmed = (tracks_of(drawing, 0) for drawing in (Drawing((BOAT, TREE)), Drawing((BOAT, TREE), camera=CAMERA)))
    motion = camera_motion(CAMERA, FRAMES, WIDTH, HEIGHT)
    expected = np.stack([motion.apply(step)[i] for i, step in enumerate(alone)])
    assert np.allclose(filmed, expected, atol=1e-3)
    assert not np.allclose(filmed[-1], alone[-1], atol=5)


def test_a_still_component_and_the_background_move_with_the_camera_alone():
    drawing = Drawing((BOAT, TREE), camera=CAMERA)
    motion = camera_motion(CAMERA, FRAMES, WIDTH, HEIGHT)
    for number in (1, 2):
        found = tracks_of(drawing, number)
        assert np.allclose(found, motion.apply(found[0]), atol=1e-3)


def test_the_background_has_points_where_no_mask_is():
    drawing = Drawing((BOAT, TREE), camera=CAMERA)
    free = ~drawing.masks(WIDTH, HEIGHT).any(axis=0)
    points = tracks_of(drawing, 2)[0]
    assert len(points) == points_per_component(free.mean())
    columns, rows = np.floor(points + 0.5).astype(int).T
    assert free[rows, columns].all()
    assert np.array_equal(tracks_of(drawing, 0)[0], tracks_of(Drawing((BOAT, TREE)), 0)[0]), "others keep their points"


def test_p_shows_the_camera_in_the_color_after_the_last():
    picture = point_trajectories(Drawing((BOAT,), camera=CAMERA), FRAMES, WIDTH, HEIGHT).render()
    for color in COMPONENT_COLORS[:2]:
        assert (picture[0] == color).all(axis=-1).any()
    assert not (picture == COMPONENT_COLORS[2]).all(axis=-1).any()


def test_what_passes_in_front_hides_the_background():
    drawing = Drawing((BOAT,), camera=Camera((0.1, 0.0)))
    result = point_trajectories(drawing, FRAMES, WIDTH, HEIGHT)
    mask, own = drawing.masks(WIDTH, HEIGHT)[0], np.array([0.5 * WIDTH, 0]) / (FRAMES - 1)
    ground = result.component == 1
    hidden = 0
    for frame in range(FRAMES):
        columns, rows = np.rint(result.tracks[0, ground] - frame * own).astype(int).T
        inside = (columns >= 0) & (columns < WIDTH) & (rows >= 0) & (rows < HEIGHT)
        covered = inside & mask[rows.clip(0, HEIGHT - 1), columns.clip(0, WIDTH - 1)]
        x = result.tracks[frame, ground, 0]
        assert np.array_equal(result.visibility[frame, ground], (x < WIDTH - 0.5) & ~covered)
        hidden += covered.sum()
    assert hidden > 10


def test_a_camera_that_does_not_move_changes_nothing():
    plain, still = (
        point_trajectories(d, FRAMES, WIDTH, HEIGHT)
        for d in (Drawing((BOAT,)), Drawing((BOAT,), camera=Camera(end=0.5)))
    )
    assert np.array_equal(plain.tracks, still.tracks) and np.array_equal(plain.component, still.component)


def test_a_camera_alone_and_a_frame_wholly_covered():
    alone = point_trajectories(Drawing(camera=CAMERA), FRAMES, WIDTH, HEIGHT)
    assert alone.tracks.shape == (FRAMES, 64, 2) and set(alone.component) == {0}
    covered = point_trajectories(Drawing((camera_component(0.1),), camera=CAMERA), FRAMES, WIDTH, HEIGHT)
    assert set(covered.component) == {0}


def test_an_object_shrunk_to_nothing_hides_nothing():
    arrows = (Arrow([(0.1, 0.4), (0.2, 0.4)]), Arrow([(0.3, 0.4), (0.2, 0.4)]))
    result = point_trajectories(
        Drawing((replace(BOAT, arrows=arrows),), camera=Camera(zoom=0.9)), FRAMES, WIDTH, HEIGHT
    )
    assert np.isfinite(result.tracks).all() and result.visibility[-1].all()


def test_exports_follow_the_camera():
    drawing = Drawing((TREE,), camera=Camera((0.25, 0.0)))
    result = point_trajectories(drawing, FRAMES, WIDTH, HEIGHT)
    for line, point in zip(json.loads(export_tracks(result, "kj")), range(result.tracks.shape[1]), strict=True):
        assert line[-1]["x"] - line[0]["x"] == pytest.approx(0.25 * WIDTH, abs=1.1), point
    path = result.to_tracks()["track_path"]
    assert float(path[-1, 0, 0] - path[0, 0, 0]) == pytest.approx(0.25 * WIDTH, abs=1e-3)


def test_an_empty_mask_may_be_skipped_and_keeps_its_number():
    empty = Component("nowhere", Mask((Stroke("brush", [(5.0, 5.0)], 0.01),)))
    result = point_trajectories(Drawing((empty, TREE)), FRAMES, WIDTH, HEIGHT, skip_empty=True)
    assert set(result.component) == {1}
    assert np.array_equal(result.tracks, tracks_of(Drawing((BOAT, TREE)), 1).astype(np.float32))


# --- the document ---


def test_round_trip_with_unknown_keys():
    text = '{"version":1,"components":[],"camera":{"pan":[0.1,-0.2],"zoom":2,"easing":"ease-in","theirs":[1]},"mine":7}'
    drawing = Drawing.from_json(text)
    assert drawing.camera == Camera((0.1, -0.2), 2.0, easing="ease-in", extra={"theirs": [1]})
    again = json.loads(drawing.to_json())
    assert again["camera"] == {
        "pan": [0.1, -0.2], "zoom": 2, "turn": 0, "start": 0, "end": 1, "easing": "ease-in", "theirs": [1],
    }  # fmt: skip
    assert again["mine"] == 7 and Drawing.from_json(drawing.to_json()) == drawing
    assert "camera" not in json.loads(Drawing((BOAT,)).to_json())


@pytest.mark.parametrize(
    ("camera", "says"),
    [
        ("[]", "camera: it is a list; it must be an object"),
        ('{"zoom": 0}', "camera: zoom is 0; it must be a number from 0.01 to 100"),
        ('{"pan": [1]}', r"camera: pan is \[1\]; it must be a pair"),
        ('{"pan": "ab"}', "camera: pan is"),
        ('{"pan": [0, true]}', "camera: pan y is true"),
        ('{"turn": "a bit"}', "camera: turn is"),
        ('{"start": 0.9, "end": 0.1}', "camera: start is 0.9 and end is 0.1"),
        ('{"easing": "bounce"}', "camera: easing is"),
    ],
)
def test_a_bad_camera_is_named(camera, says):
    with pytest.raises(ValueError, match=says):
        Drawing.from_json(f'{{"version": 1, "components": [], "camera": {camera}}}')


def test_drawings_join_with_one_camera_that_moves():
    film, still = Drawing((BOAT,), camera=CAMERA), Drawing((TREE,), camera=Camera())
    assert Drawing.concat(still, film).camera == Drawing.concat(film, still).camera == CAMERA
    assert Drawing.empty().with_camera(CAMERA).camera == CAMERA
    with pytest.raises(ValueError, match="2 of the drawings have a camera that moves"):
        film.with_camera(Camera(zoom=2.0))


def test_the_preview_frames_what_the_camera_sees_in_the_end():
    camera = Camera((0.25, 0.0), 2.0)  # the picture twice as large, a quarter of the frame further right
    view = camera_view(camera, WIDTH, HEIGHT)
    assert np.allclose(
        view[[0, 2]], [(0.125 * WIDTH - 0.5, 0.25 * HEIGHT - 0.5), (0.625 * WIDTH - 0.5, 0.75 * HEIGHT - 0.5)]
    )
    shown = draw_drawing(np.zeros((HEIGHT, WIDTH, 3), np.uint8), Drawing(camera=camera))
    middle = shown[HEIGHT // 2, round(view[0, 0]) - 1 : round(view[0, 0]) + 2]
    assert middle.max() > 150 and shown[HEIGHT // 2, WIDTH // 2].max() == 0
