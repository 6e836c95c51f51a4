"""The nodes that make, show and exchange trajectories, executed."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from trackgo import Drawing, point_trajectories

TEXT = json.dumps(
    {
        "version": 1,
        "components": [
            {
                "mask": {"strokes": [{"tool": "brush", "radius": 0.1, "points": [[0.25, 0.5]]}]},
                "arrows": [{"points": [[0.25, 0.5], [0.75, 0.5]]}],
            },
            {"mask": {"strokes": [{"tool": "brush", "radius": 0.08, "points": [[0.75, 0.2]]}]}},
        ],
    }
)


@pytest.fixture
def drawing(nodes):
    return nodes.run("TrackGoCanvas", image=torch.zeros(1, 8, 8, 3), editor=TEXT).args[0]


@pytest.fixture
def tracks(nodes, drawing) -> dict:
    return nodes.run("TrackGoPointTrajectories", drawing=drawing, frames=6, width=96, height=64, seed=3).args[0]


def test_point_trajectories_are_the_librarys(nodes, drawing) -> None:
    tracks, images, text = nodes.run(
        "TrackGoPointTrajectories", drawing=drawing, frames=6, width=96, height=64, seed=3
    ).args
    expected = point_trajectories(Drawing.from_json(TEXT), 6, 96, 64, seed=3)
    np.testing.assert_array_equal(tracks["track_path"].numpy(), expected.tracks)
    np.testing.assert_array_equal(tracks["track_visibility"].numpy(), expected.visibility)
    np.testing.assert_array_equal(tracks["track_component"].numpy(), expected.component)
    assert (tracks["width"], tracks["height"]) == (96, 64)
    np.testing.assert_array_equal((images * 255).round().byte().numpy(), expected.render())
    coordinates = json.loads(text)
    assert [len(track) for track in coordinates] == [6] * expected.tracks.shape[1]
    given = np.array([[(point["x"], point["y"]) for point in track] for track in coordinates])
    np.testing.assert_allclose(given.swapaxes(0, 1), expected.tracks, atol=0.5)


def test_an_empty_drawing_gives_no_points(nodes) -> None:
    (empty,) = nodes.run("TrackGoCanvas", image=torch.zeros(1, 8, 8, 3)).args[:1]
    tracks, images, text = nodes.run("TrackGoPointTrajectories", drawing=empty, frames=6, width=32, height=16).args
    assert tracks["track_path"].shape == (6, 0, 2)
    assert images.shape == (6, 16, 32, 3) and not images.any()
    assert json.loads(text) == []


def test_a_mask_without_pixels_is_named(nodes) -> None:
    (drawing,) = nodes.run("TrackGoComponent", mask=torch.zeros(1, 4, 4), name="nothing").args
    with pytest.raises(ValueError, match=r'component 1 \("nothing"\).*covers no pixel at 96×64'):
        nodes.run("TrackGoPointTrajectories", drawing=drawing, frames=6, width=96, height=64)


STILL = '{"mask": {"strokes": [{"tool": "brush", "radius": 0.2, "points": [[0.5, 0.5]]}]}, "arrows": []}'


@pytest.mark.parametrize(
    ("components", "camera", "says"),
    [
        ("", "{}", "the drawing is empty"),
        (STILL, "{}", "nothing in the drawing moves"),
        (STILL, '{"pan": [0.1, 0]}', None),
        ("", '{"pan": [0.1, 0]}', None),
    ],
)
def test_a_drawing_that_moves_nothing_is_said_and_does_not_stop_the_run(
    nodes, caplog: pytest.LogCaptureFixture, components: str, camera: str, says: str | None
) -> None:
    text = f'{{"version": 1, "components": [{components}], "camera": {camera}}}'
    given = {"frames": 6, "width": 96, "height": 64}
    nodes.run("TrackGoPointTrajectories", drawing=Drawing.from_json(text), **given)
    warnings = [record.getMessage() for record in caplog.records]
    assert len(warnings) == (says is not None) and all(says in warning for warning in warnings)


@pytest.mark.parametrize("frames", [4, 11])
def test_preview_of_another_length_is_an_error_unless_asked_for(nodes, tracks: dict, frames: int) -> None:
    with pytest.raises(ValueError, match=f"image has {frames} frames and the tracks have 6"):
        nodes.run("TrackGoPreview", image=torch.zeros(frames, 32, 48, 3), tracks=tracks)


@pytest.mark.parametrize(("given", "shown"), [(1, 6), (6, 6), (4, 4), (11, 11)])
def test_preview_follows_the_pictures_length(nodes, tracks: dict, given: int, shown: int) -> None:
    image = torch.full((given, 32, 48, 3), 0.5)
    output = nodes.run("TrackGoPreview", image=image, tracks=tracks, resample=given not in (1, 6))
    frames = output.args[0]
    assert frames.shape == (shown, 32, 48, 3)
    grey = (frames - 0.5).abs().amax(dim=-1) < 0.01
    expected = tracks["track_path"].numpy()
    for index, frame in ((0, 0), (-1, -1)):
        moved = (expected[frame, 0] + 0.5) / 2 - 0.5  # the picture is half as large as the tracks' frame
        column, row = np.rint(moved).astype(int)
        assert not grey[index, row, column], "the first point is drawn where it is"
    assert grey.float().mean() > 0.5
    assert output.ui["animated"] == (True,) and output.ui["images"][0]["filename"].endswith(".webp")


def test_preview_shows_the_drawing_too(nodes, tracks: dict, drawing) -> None:
    image = torch.full((1, 64, 96, 3), 0.5)
    plain = nodes.run("TrackGoPreview", image=image, tracks=tracks).args[0]
    drawn = nodes.run("TrackGoPreview", image=image, tracks=tracks, drawing=drawing).args[0]
    inside = Drawing.from_json(TEXT).masks(96, 64).any(axis=0)
    changed = (plain - drawn).abs().amax(dim=-1).numpy() > 0.01
    assert changed[:, inside].mean() > 0.5


def test_preview_takes_tracks_of_core_nodes(nodes) -> None:
    bare = {"track_path": torch.full((5, 1, 2), 10.0), "track_visibility": torch.ones(5, 1, dtype=torch.bool)}
    frames = nodes.run("TrackGoPreview", image=torch.zeros(1, 32, 32, 3), tracks=bare).args[0]
    assert frames.shape == (5, 32, 32, 3) and (frames[:, 10, 10].amax(dim=-1) > 0.5).all()


def test_preview_without_points_is_the_picture(nodes) -> None:
    tracks = {"track_path": torch.zeros(6, 0, 2), "track_visibility": torch.zeros(6, 0, dtype=torch.bool)}
    image = torch.full((1, 16, 16, 3), 0.2)
    frames = nodes.run("TrackGoPreview", image=image, tracks=tracks).args[0]
    assert torch.equal(frames, image.expand(6, -1, -1, -1))


def test_import_of_text(nodes) -> None:
    text = json.dumps([[{"x": 0, "y": 0}, {"x": 10, "y": 20}], [{"x": 5, "y": 5}, {"x": 5, "y": 5}]])
    (tracks,) = nodes.run("TrackGoImportTracks", text=text, frames=6, width=64, height=32).args
    steps = np.linspace(0, 1, 6)
    np.testing.assert_allclose(tracks["track_path"][:, 0].numpy(), np.stack([10 * steps, 20 * steps], -1), atol=1e-5)
    assert tracks["track_component"].tolist() == [0, 1]
    assert (tracks["width"], tracks["height"]) == (64, 32)


def test_import_fits_tracks_to_another_size(nodes) -> None:
    text = json.dumps([[{"x": 31.5, "y": 15.5}, {"x": 63, "y": 31}]])
    (tracks,) = nodes.run("TrackGoImportTracks", text=text, width=64, height=32, new_width=128, new_height=128).args
    np.testing.assert_allclose(tracks["track_path"][:, 0].numpy(), [[63.5, 63.5], [126.5, 125.5]])
    assert (tracks["width"], tracks["height"]) == (128, 128)


def test_import_of_tracks_prefers_what_they_say(nodes, tracks: dict) -> None:
    (same,) = nodes.run("TrackGoImportTracks", tracks=tracks, text="not read", width=10_000, height=10_000).args
    assert all(torch.equal(torch.as_tensor(same[key]), torch.as_tensor(tracks[key])) for key in tracks)
    (longer,) = nodes.run("TrackGoImportTracks", tracks=tracks, frames=11).args
    assert torch.equal(longer["track_path"][::2], tracks["track_path"])


def test_nothing_to_import_says_so(nodes) -> None:
    with pytest.raises(ValueError, match="nothing to import"):
        nodes.run("TrackGoImportTracks")


@pytest.mark.parametrize(("format", "points"), [("kj", 6), ("ati121", 121), ("ltx", 6)])
def test_export(nodes, tracks: dict, format: str, points: int) -> None:
    text, same = nodes.run("TrackGoExportTracks", tracks=tracks, format=format).args[:2]
    exported = json.loads(text)
    assert [len(track) for track in exported] == [points] * tracks["track_path"].shape[1]
    given = np.array([[(point["x"], point["y"]) for point in track] for track in exported])
    np.testing.assert_allclose(given[:, [0, -1]].swapaxes(0, 1), tracks["track_path"][[0, -1]].numpy(), atol=0.5)
    assert torch.equal(same["track_path"], tracks["track_path"])


def test_what_is_exported_can_be_imported(nodes, tracks: dict) -> None:
    text = nodes.run("TrackGoExportTracks", tracks=tracks, format="kj").args[0]
    (back,) = nodes.run("TrackGoImportTracks", text=text, width=96, height=64).args
    np.testing.assert_allclose(back["track_path"].numpy(), tracks["track_path"].numpy(), atol=0.5)


def test_import_tells_fractions_from_pixels(nodes) -> None:
    text = json.dumps([[{"x": 0.25, "y": 0.5}, {"x": 0.75, "y": 0.5}]])
    with pytest.raises(ValueError, match="look like fractions"):
        nodes.run("TrackGoImportTracks", text=text, width=640, height=480)
    (tracks,) = nodes.run("TrackGoImportTracks", text=text, width=640, height=480, units="fraction").args
    np.testing.assert_allclose(tracks["track_path"][:, 0].numpy(), [[159.5, 239.5], [479.5, 239.5]])


def test_tracks_may_have_1024_frames(nodes, drawing) -> None:
    tracks = nodes.run("TrackGoPointTrajectories", drawing=drawing, frames=1_024, width=32, height=16, seed=3).args[0]
    assert len(tracks["track_path"]) == 1_024
    assert nodes.run("TrackGoImportTracks", tracks=tracks, frames=200).args[0]["track_path"].shape[0] == 200


def test_export_says_what_its_model_wants(nodes, tracks: dict) -> None:
    _, same, note, *size = nodes.run("TrackGoExportTracks", tracks=tracks, format="ltx").args
    assert note == (
        "LTX wants 8n+1 frames and sides in multiples of 32: 6 frames of 96×64 do not fit, the nearest are 9 frames of"
        " 96×64."
    )
    assert size == [6, 96, 64] and len(same["track_path"]) == 6
    assert nodes.run("TrackGoExportTracks", tracks=tracks, format="kj").args[2] == ""


def test_export_refuses_what_its_model_does_not_take(nodes, tracks: dict) -> None:
    given = {"tracks": tracks, "fit": "only if they fit"}
    for format, wanted in (("ltx", r"LTX wants 8n\+1 .* set fit to ltx"), ("ati121", r"Wan wants 4n\+1 .* to wan")):
        with pytest.raises(ValueError, match=f"Export Tracks: {wanted}"):
            nodes.run("TrackGoExportTracks", format=format, **given)
    assert nodes.run("TrackGoExportTracks", format="kj", **given).args[2] == ""


def test_what_its_model_wants_stands_on_the_node(nodes, tracks: dict) -> None:
    output = nodes.run("TrackGoExportTracks", tracks=tracks, format="ltx")
    assert output.ui["text"] == (output.args[2],)
    assert nodes.run("TrackGoExportTracks", tracks=tracks, format="kj").ui["text"] == ()


def test_export_fits_tracks_to_a_model(nodes, tracks: dict) -> None:
    text, fitted, note, *size = nodes.run("TrackGoExportTracks", tracks=tracks, format="kj", fit="wan").args
    assert size == [5, 96, 64] and "6 frames of 96×64 became 5 frames of 96×64" in note
    assert {len(track) for track in json.loads(text)} == {5}
    np.testing.assert_allclose(fitted["track_path"][[0, -1]].numpy(), tracks["track_path"][[0, -1]].numpy(), atol=1e-4)


def test_long_tracks_of_other_nodes_are_still_exported(nodes) -> None:
    long = {"track_path": torch.full((2_000, 1, 2), 10.0), "track_visibility": torch.ones(2_000, 1, dtype=torch.bool)}
    assert len(json.loads(nodes.run("TrackGoExportTracks", tracks=long, format="ltx").args[0])[0]) == 2_000
