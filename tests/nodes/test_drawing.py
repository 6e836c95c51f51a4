"""The nodes that make drawings, executed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from trackgo import Drawing
from trackgo.figures import overlays

DOCUMENT = json.dumps(
    {
        "version": 1,
        "components": [
            {
                "name": "boat",
                "mask": {"strokes": [{"tool": "brush", "radius": 0.1, "points": [[0.25, 0.5]]}]},
                "arrows": [{"points": [[0.25, 0.5], [0.75, 0.5]]}],
            },
            {"name": "to fill", "mask": {"strokes": []}, "arrows": [{"points": [[0.75, 0.5], [0.75, 0.2]]}]},
        ],
    }
)
NO_COMPONENTS = '{"version":1,"components":[]}'


@pytest.fixture
def picture() -> torch.Tensor:
    """An IMAGE of two frames, 48×32 px, whose bytes survive the trip to uint8 and back."""
    return torch.randint(0, 256, (2, 32, 48, 3), generator=torch.Generator().manual_seed(0)).float() / 255


def masks_of(drawing, width: int, height: int) -> np.ndarray:
    return Drawing.from_json(drawing.to_json()).masks(width, height)


def test_canvas_gives_drawing_masks_and_preview(nodes, picture: torch.Tensor) -> None:
    right_half = torch.zeros(1, 16, 24)
    right_half[:, :, 12:] = 1
    drawing, masks, preview, _ = nodes.run("TrackGoCanvas", image=picture, editor=DOCUMENT, mask=right_half).args
    assert masks.dtype == torch.float32 and masks.shape == (2, 32, 48)
    expected = Drawing.from_json(DOCUMENT).masks(48, 32)
    np.testing.assert_array_equal(masks[0].numpy(), expected[0])
    np.testing.assert_array_equal(masks[1].numpy(), np.arange(48)[None].repeat(32, 0) >= 24)
    first = (picture[0] * 255).round().byte().numpy()
    same = Drawing.from_json(drawing.to_json())
    np.testing.assert_array_equal((preview[0] * 255).round().byte().numpy(), overlays.draw_drawing(first, same))
    assert preview.shape == (1, 32, 48, 3)


def test_canvas_gives_points_as_sam_takes_them(nodes, picture: torch.Tensor) -> None:
    """In pixels of the picture, of an upstream drawing too; whole numbers in a list of x and y."""
    lasso = {"tool": "lasso", "points": [[0.1, 0.1], [0.4, 0.1], [0.2, 0.4]], "clicks": [[0.25, 0.125]]}
    upstream = Drawing.from_json(json.dumps({"version": 1, "components": [{"mask": {"strokes": [lasso]}}]}))
    own = json.dumps({"version": 1, "components": [{"arrows": [{"points": [[0.5, 0.5], [0.9, 0.5]]}]}]})
    points = nodes.run("TrackGoCanvas", image=picture, editor=own, drawing=upstream).args[3]
    assert json.loads(points) == [{"x": 12, "y": 4}, {"x": 24, "y": 16}]


def test_canvas_tells_the_editor_its_picture(nodes, picture: torch.Tensor) -> None:
    saved = nodes.run("TrackGoCanvas", image=picture, editor=DOCUMENT, mask=torch.ones(1, 4, 4)).ui["trackgo_image"]
    assert len(saved) == 1 and set(saved[0]) == {"filename", "subfolder", "type"} and saved[0]["type"] == "temp"
    import folder_paths

    shown = np.asarray(Image.open(Path(folder_paths.get_temp_directory()) / saved[0]["filename"]))
    np.testing.assert_allclose(shown, picture[0].numpy() * 255, atol=1)


def test_canvas_tells_the_editor_the_frames_of_a_batch(nodes) -> None:
    """As many as its timeline has, the first one aside; reduced, since they are only looked at."""
    import folder_paths

    batch = torch.linspace(0, 1, 5)[:, None, None, None].expand(5, 400, 800, 3)
    answer = nodes.run("TrackGoCanvas", image=batch, editor=NO_COMPONENTS, frames=4).ui
    assert len(answer["trackgo_image"]) == 1 and len(answer["trackgo_frames"]) == 3
    for index, saved in enumerate(answer["trackgo_frames"], 1):
        shown = np.asarray(Image.open(Path(folder_paths.get_temp_directory()) / saved["filename"]))
        assert shown.shape == (320, 640, 3)
        np.testing.assert_allclose(shown, index / 4 * 255, atol=1)
    assert "trackgo_frames" not in nodes.run("TrackGoCanvas", image=batch[:1], editor=NO_COMPONENTS, frames=4).ui


@pytest.mark.parametrize("text", ["", "  ", NO_COMPONENTS])
def test_canvas_takes_an_empty_drawing(nodes, picture: torch.Tensor, text: str) -> None:
    drawing, masks, preview, points = nodes.run("TrackGoCanvas", image=picture, editor=text).args
    assert points == "[]"
    assert masks.shape == (0, 32, 48)
    assert torch.equal(preview, picture[:1])
    assert drawing.to_json() == Drawing.empty().to_json()


def test_canvas_drops_the_alpha_channel(nodes, picture: torch.Tensor) -> None:
    with_alpha = torch.cat([picture, torch.zeros(2, 32, 48, 1)], dim=-1)
    preview = nodes.run("TrackGoCanvas", image=with_alpha, editor=NO_COMPONENTS).args[2]
    assert torch.equal(preview, picture[:1])


def test_upstream_components_come_first(nodes, picture: torch.Tensor) -> None:
    (upstream,) = nodes.run("TrackGoComponent", mask=torch.ones(1, 4, 4), name="sky").args
    drawing = nodes.run(
        "TrackGoCanvas", image=picture, editor=DOCUMENT, drawing=upstream, mask=torch.ones(1, 4, 4)
    ).args[0]
    assert [component.name for component in drawing.components] == ["sky", "boat", "to fill"]


def test_an_upstream_camera_films_what_the_canvas_draws(nodes, picture: torch.Tensor) -> None:
    (upstream,) = nodes.run("TrackGoCameraMotion", pan_x=0.1, easing="ease-in").args
    more = {"image": picture, "drawing": upstream, "mask": torch.ones(1, 4, 4)}
    drawing = nodes.run("TrackGoCanvas", editor=DOCUMENT, **more).args[0]
    assert (drawing.camera.pan, drawing.camera.easing, len(drawing.components)) == ((0.1, 0.0), "ease-in", 2)
    filmed = json.dumps(json.loads(DOCUMENT) | {"camera": {"zoom": 2}})
    with pytest.raises(ValueError, match="2 of the drawings have a camera that moves"):
        nodes.run("TrackGoCanvas", editor=filmed, **more)


def test_masks_in_a_batch_fill_empty_components_in_order(nodes, picture: torch.Tensor) -> None:
    empty = {"version": 1, "components": [{"name": str(i), "mask": {"source": "input"}} for i in range(3)]}
    batch = torch.zeros(2, 32, 48)
    batch[0, :16], batch[1, 16:] = 1, 1
    masks = nodes.run("TrackGoCanvas", image=picture, editor=json.dumps(empty), mask=batch).args[1]
    assert torch.equal(masks, batch[[0, 1, 1]])


def test_unknown_keys_of_the_document_survive(nodes, picture: torch.Tensor) -> None:
    document = json.loads(DOCUMENT) | {"theirs": {"a": [1]}}
    document["components"][0]["mine"] = 7
    drawing = nodes.run("TrackGoCanvas", image=picture, editor=json.dumps(document), mask=torch.ones(1, 4, 4)).args[0]
    after = json.loads(drawing.to_json())
    assert after["theirs"] == {"a": [1]} and after["components"][0]["mine"] == 7


@pytest.mark.parametrize(
    ("text", "says"),
    [("{", "not JSON"), ("[]", "object"), ('{"version": 2, "components": []}', "version"), (7, "text")],
)
def test_a_malformed_document_is_refused_before_running(nodes, text: object, says: str) -> None:
    answer = nodes.TrackGoCanvas.validate_inputs(editor=text)
    assert isinstance(answer, str) and answer.startswith("TrackGo Canvas: ") and says in answer
    assert nodes.TrackGoCanvas.validate_inputs(editor=DOCUMENT) is True


def with_picture(name: object) -> str:
    return json.dumps({"version": 1, "image": name, "components": []})


@pytest.fixture
def uploaded(picture: torch.Tensor) -> Iterator[Path]:
    """The picture's first frame as sub/boat.png in the input folder."""
    import folder_paths

    path = Path(folder_paths.get_input_directory()) / "sub" / "boat.png"
    path.parent.mkdir(exist_ok=True)
    Image.fromarray((picture[0] * 255).byte().numpy()).save(path)
    yield path
    path.unlink(missing_ok=True)


@pytest.mark.parametrize("name", ["sub/boat.png", "sub/boat.png [input]"])
def test_an_uploaded_picture_serves_where_none_is_connected(nodes, picture, uploaded: Path, name: str) -> None:
    canvas = nodes.TrackGoCanvas
    assert canvas.validate_inputs(editor=with_picture(name)) is True
    assert torch.equal(nodes.run("TrackGoCanvas", editor=with_picture(name)).args[2], picture[:1])
    other = torch.zeros(1, 8, 8, 3)
    assert torch.equal(nodes.run("TrackGoCanvas", editor=with_picture(name), image=other).args[2], other)


def test_another_file_under_the_same_name_counts_as_a_change(nodes, uploaded: Path) -> None:
    mark = nodes.TrackGoCanvas.fingerprint_inputs
    text = with_picture("sub/boat.png")
    first, linked = mark(editor=text, frames=14), mark(editor=text, image=None, frames=14)
    assert first == mark(editor=text, frames=14) != linked
    Image.new("RGB", (48, 32)).save(uploaded)
    assert mark(editor=text, frames=14) != first
    assert mark(editor=text, image=None, frames=14) == linked


def test_a_turned_photograph_arrives_upright(nodes, uploaded: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    Image.new("RGB", (40, 20), (255, 0, 0)).save(uploaded, exif=exif)
    assert nodes.run("TrackGoCanvas", editor=with_picture("sub/boat.png")).args[2].shape == (1, 40, 20, 3)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gone.png", "'gone.png' is not in ComfyUI's input folder any more"),
        ("../../secret.png", "is not in ComfyUI's input folder"),
        ("sub/../../secret.png", "is not in ComfyUI's input folder"),
        ("..\\secret.png", "is not in ComfyUI's input folder"),
        ("/etc/hosts", "is not in ComfyUI's input folder"),
        ("C:\\secret.png", "is not in ComfyUI's input folder"),
        ("a\0.png", "is not in ComfyUI's input folder"),
        ("boat.png [output]", "is not in ComfyUI's input folder"),
        ("boat.png [temp]", "is not in ComfyUI's input folder"),
    ],
)
def test_bad_names_of_pictures_are_refused_in_one_sentence(nodes, name: object, says: str) -> None:
    with pytest.raises(ValueError, match="picture") as refused:
        nodes.run("TrackGoCanvas", editor=with_picture(name))
    assert says in str(refused.value) and "\n" not in str(refused.value)
    assert nodes.TrackGoCanvas.fingerprint_inputs(editor=with_picture(name)) == "", "said once, by the run"


@pytest.mark.parametrize("name", [7, " "])
def test_what_is_no_name_of_a_picture_is_refused_before_the_run(nodes, name: object) -> None:
    assert "the document's image is" in nodes.TrackGoCanvas.validate_inputs(editor=with_picture(name))
    with pytest.raises(ValueError, match="the document's image is"):
        nodes.run("TrackGoCanvas", editor=with_picture(name))


def test_no_picture_at_all_and_no_picture_file(nodes, uploaded: Path) -> None:
    with pytest.raises(ValueError, match="connect one to image"):
        nodes.run("TrackGoCanvas", editor=NO_COMPONENTS)
    uploaded.write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"'sub/boat\.png' cannot be read"):
        nodes.run("TrackGoCanvas", editor=with_picture("sub/boat.png"))


def test_the_editor_hears_what_arrives_beside_its_own_document(nodes, picture: torch.Tensor) -> None:
    (upstream,) = nodes.run("TrackGoCameraMotion", pan_x=0.1).args
    masks = torch.zeros(3, 32, 48)
    masks[0, :16] = 1
    ui = nodes.run("TrackGoCanvas", image=picture, editor=DOCUMENT, drawing=upstream, mask=masks).ui
    (told,) = ui["trackgo_arrivals"]
    assert told["drawing"] == upstream.to_json()
    assert len(told["masks"]) == 1, "one component of the document has an empty mask"
    document = {"version": 1, "components": [{"mask": told["masks"][0]}]}
    np.testing.assert_array_equal(Drawing.from_json(json.dumps(document)).masks(48, 32)[0], masks[0].numpy() > 0)
    assert nodes.run("TrackGoCanvas", image=picture, editor=NO_COMPONENTS).ui["trackgo_arrivals"] == []


def test_component_from_mask_and_text(nodes) -> None:
    mask = torch.zeros(3, 20, 30)
    mask[0, 5:10, 6:12] = 1
    (drawing,) = nodes.run(
        "TrackGoComponent", mask=mask, arrow="8, 7 -> 20, 7", units="pixel", start=0.25, easing="ease-out", name="ball"
    ).args
    (component,) = drawing.components
    np.testing.assert_array_equal(masks_of(drawing, 30, 20)[0], mask[0].numpy() > 0)
    np.testing.assert_allclose(component.arrows[0].points, [(8.5 / 30, 7.5 / 20), (20.5 / 30, 7.5 / 20)])
    assert (component.name, component.start, component.end, component.easing) == ("ball", 0.25, 1.0, "ease-out")


def test_pixel_arrows_may_belong_to_another_size_than_the_mask(nodes) -> None:
    (drawing,) = nodes.run(
        "TrackGoComponent", mask=torch.ones(1, 20, 30), arrow="0, 0 -> 99, 49", units="pixel", width=100, height=50
    ).args
    np.testing.assert_allclose(drawing.components[0].arrows[0].points, [(0.005, 0.01), (0.995, 0.99)])


def test_every_mask_of_a_batch_can_be_a_component(nodes) -> None:
    mask = torch.zeros(2, 8, 8)
    mask[0, :4], mask[1, 4:] = 1, 1
    (first,) = nodes.run("TrackGoComponent", mask=mask, name="fish").args
    (each,) = nodes.run("TrackGoComponent", mask=mask, name="fish", batch="one component per mask").args
    assert [component.name for component in first.components] == ["fish"]
    assert [component.name for component in each.components] == ["fish 1", "fish 2"]
    np.testing.assert_array_equal(masks_of(each, 8, 8), mask.numpy() > 0)


def test_components_chain(nodes) -> None:
    (one,) = nodes.run("TrackGoComponent", mask=torch.ones(1, 4, 4), name="one").args
    (two,) = nodes.run("TrackGoComponent", mask=torch.ones(4, 4), name="two", drawing=one).args
    (three,) = nodes.run("TrackGoCameraMotion", drawing=two, zoom=1.5).args
    assert [component.name for component in three.components] == ["one", "two"]
    assert three.camera.zoom == 1.5 and two.camera is None
    assert [component.name for component in one.components] == ["one"]


@pytest.mark.parametrize("node_id", ["TrackGoComponent", "TrackGoCameraMotion"])
def test_start_after_end_is_refused(nodes, node_id: str) -> None:
    more = {"mask": torch.ones(1, 4, 4)} if node_id == "TrackGoComponent" else {}
    with pytest.raises(ValueError, match=r"start is 0\.6 and end is 0\.4"):
        nodes.run(node_id, start=0.6, end=0.4, **more)


TIMED = {"bezier": "0.4, 0, 0.2, 1", "holds": "0.5, 0.2; 1, .1", "playback": "ping-pong", "times": 3}
WRITTEN = {"bezier": [0.4, 0.0, 0.2, 1.0], "playback": "ping-pong", "times": 3} | {
    "holds": [{"place": 0.5, "span": 0.2}, {"place": 1.0, "span": 0.1}]
}


@pytest.mark.parametrize(
    "css", ["0.4 0 0.2 1", "4e-1, 0, 2e-1, 1", " cubic-bezier(0.4, 0, .2, 1.0);", "[0.4, 0, 0.2, 1]"]
)
def test_timing_of_the_document_can_be_typed(nodes, css: str) -> None:
    """As the editor draws it: the same document, the same places on the way."""
    from trackgo.trajectories.motion import shares

    (component,) = nodes.run("TrackGoComponent", mask=torch.ones(2, 4, 4), **TIMED | {"bezier": css}).args
    (camera,) = nodes.run("TrackGoCameraMotion", zoom=1.5, **TIMED | {"holds": "0.5 0.2\n\n(1, 0.1)\n"}).args
    for document in (json.loads(component.to_json())["components"][0], json.loads(camera.to_json())["camera"]):
        assert {key: document[key] for key in WRITTEN} == WRITTEN
    drawn = Drawing.from_json(json.dumps({"version": 1, "components": [WRITTEN]})).components[0]
    np.testing.assert_array_equal(shares(component.components[0], 25), shares(drawn, 25))
    assert len(np.unique(shares(drawn, 25))) > 5, "it moves"
    (backwards,) = nodes.run("TrackGoComponent", mask=torch.ones(1, 4, 4), playback="reverse").args
    assert backwards.components[0].playback == "reverse"


@pytest.mark.parametrize("node_id", ["TrackGoComponent", "TrackGoCameraMotion"])
def test_a_graph_without_the_further_timing_says_nothing_of_it(nodes, node_id: str) -> None:
    more = {"mask": torch.ones(1, 4, 4)} if node_id == "TrackGoComponent" else {"zoom": 1.2}
    inputs = {item.id: getattr(item, "default", None) for item in getattr(nodes, node_id).define_schema().inputs}
    old = {key: value for key, value in (inputs | more).items() if key not in WRITTEN and value is not None}
    (plain,), (empty,) = getattr(nodes, node_id).execute(**old).args, nodes.run(node_id, **more).args
    assert plain.to_json() == empty.to_json()
    assert not any(f'"{key}"' in plain.to_json() for key in WRITTEN)


@pytest.mark.parametrize("node_id", ["TrackGoComponent", "TrackGoCameraMotion"])
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"bezier": "0.4, 0, 0.2"}, 'bezier: "0.4, 0, 0.2" is not 4 numbers; write them as in: 0.4, 0, 0.2, 1'),
        ({"bezier": "ease"}, 'bezier: "ease" is not 4 numbers'),
        ({"bezier": "0.4, 0, 0.2, 1.5"}, "bezier: y2 is 1.5"),
        ({"holds": "0.5, 0.2; 0.7"}, 'holds, number 2: "0.7" is not 2 numbers; write them as in: 0.5, 0.2'),
        ({"holds": "1.5, 0.2"}, "holds, number 1: place is 1.5"),
        ({"holds": "0, 0.5; 1, 0.5"}, "holds last 1 of the motion's time"),
    ],
)
def test_timing_that_cannot_be_is_one_clear_sentence(nodes, node_id: str, wrong: dict, says: str) -> None:
    more = {"mask": torch.ones(1, 4, 4)} if node_id == "TrackGoComponent" else {}
    with pytest.raises(ValueError) as refused:
        nodes.run(node_id, **more, **wrong)
    assert says in str(refused.value)


@pytest.mark.parametrize("start", [(0.5, 0.5), (0.1, 0.8)])
def test_camera_moves_every_point_as_it_says(nodes, start: tuple[float, float]) -> None:
    """Independent of the library: zoom and turn about the frame's centre, in pixels, then pan."""
    width, height = 400, 200
    (drawing,) = nodes.run(
        "TrackGoCameraMotion", pan_x=0.1, pan_y=-0.2, zoom=1.5, turn=30.0, width=width, height=height
    ).args
    from trackgo.trajectories.motion import camera_motion

    camera = Drawing.from_json(drawing.to_json()).camera
    point = complex(start[0] * width - 0.5, start[1] * height - 0.5)
    end = camera_motion(camera, 14, width, height).apply(np.array([[point.real, point.imag]]))[-1, 0]
    centre = complex(width / 2 - 0.5, height / 2 - 0.5)
    turned = (point - centre) * 1.5 * np.exp(1j * np.pi / 6)
    expected = centre + turned + complex(0.1 * width, -0.2 * height)
    np.testing.assert_allclose(end, [expected.real, expected.imag], atol=1e-6)
