"""The pack in a real ComfyUI server, driven through its API: a graph needs no browser."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request

import numpy as np
import pytest
from PIL import Image

from tests.comfy_harness import ComfyServer, PromptRefused
from tests.nodes.support import node
from trackgo import Drawing, point_trajectories
from trackgo.figures import overlays
from trackgo.trajectories.interchange import export_tracks

DOCUMENT = {
    "version": 1,
    "components": [
        {
            "name": "part",
            "mask": {"strokes": [{"tool": "lasso", "points": [[0.2, 0.2], [0.6, 0.25], [0.5, 0.7]]}]},
            "arrows": [{"points": [[0.4, 0.4], [0.6, 0.3], [0.8, 0.5]], "curve": "smooth"}],
            "easing": "ease-in-out",
        }
    ],
}
TEXT = json.dumps(DOCUMENT)
SIZE = {"frames": 7, "width": 96, "height": 64, "seed": 5}


def drawing_graph(editor: object = TEXT) -> dict:
    """LoadImage → Canvas → Point Trajectories → everything shown."""
    return {
        "1": node("LoadImage", image="photo.png"),
        "2": node("TrackGoCanvas", image=["1", 0], frames=14, editor=editor),
        "3": node("TrackGoPointTrajectories", drawing=["2", 0], **SIZE),
        "4": node("PreviewAny", source=["3", 2]),
        "5": node("PreviewImage", images=["2", 2]),
        "6": node("PreviewImage", images=["3", 1]),
        "7": node("TrackGoPreview", image=["1", 0], tracks=["3", 0], drawing=["2", 0], tail=8),
        "8": node("MaskToImage", mask=["2", 1]),
        "9": node("PreviewImage", images=["8", 0]),
        "10": node("PreviewAny", source=["2", 3]),
    }


@pytest.fixture(scope="module")
def photo(comfy: ComfyServer) -> np.ndarray:
    """A picture in the server's input folder, uint8 [48,72,3]."""
    picture = np.random.default_rng(0).integers(0, 256, (48, 72, 3), dtype=np.uint8)
    Image.fromarray(picture).save(comfy.base / "input" / "photo.png")
    return picture


def test_all_nodes_are_there(comfy: ComfyServer, node_list) -> None:
    missing = {node.define_schema().node_id for node in node_list} - set(comfy.get("/object_info"))
    assert not missing, f"missing {missing}; log:\n{comfy.log_tail()}"


def test_a_drawing_sent_through_the_api_is_the_librarys(comfy: ComfyServer, photo: np.ndarray) -> None:
    run = comfy.run(comfy.prompt(drawing_graph()))
    assert run.error is None
    drawing = Drawing.from_json(TEXT)
    trajectories = point_trajectories(drawing, SIZE["frames"], SIZE["width"], SIZE["height"], SIZE["seed"])
    assert run.outputs["4"]["text"] == [export_tracks(trajectories, "kj")]
    (preview,) = run.outputs["5"]["images"]
    np.testing.assert_array_equal(comfy.image(preview), overlays.draw_drawing(photo, drawing))
    points = [comfy.image(image) for image in run.outputs["6"]["images"]]
    np.testing.assert_array_equal(points, trajectories.render())
    (mask,) = run.outputs["9"]["images"]
    np.testing.assert_array_equal(comfy.image(mask)[..., 0] > 127, drawing.masks(72, 48)[0])
    assert json.loads(run.outputs["10"]["text"][0]) == [{"x": 28, "y": 19}], "where the arrow begins"


def test_canvas_shows_the_editor_its_picture(comfy: ComfyServer, photo: np.ndarray) -> None:
    run = comfy.run(comfy.prompt({key: drawing_graph("")[key] for key in "12"}))
    (shown,) = run.outputs["2"]["trackgo_image"]
    np.testing.assert_allclose(comfy.image(shown).astype(int), photo, atol=1)


def test_what_is_optional_may_be_left_out_of_a_prompt(comfy: ComfyServer, photo: np.ndarray) -> None:
    """A prompt written by hand, without the values that the front end adds."""
    short = drawing_graph()
    del short["2"]["inputs"]["frames"], short["7"]["inputs"]["drawing"]
    short["3"]["inputs"] = SIZE | {"drawing": ["2", 0], "seed": 6}  # a cached node need not report again
    run = comfy.run(short)
    assert run.error is None
    drawing, sizes = Drawing.from_json(TEXT), (SIZE["frames"], SIZE["width"], SIZE["height"])
    assert run.outputs["4"]["text"] == [export_tracks(point_trajectories(drawing, *sizes, 6), "kj")]


def test_preview_is_animated(comfy: ComfyServer, photo: np.ndarray) -> None:
    run = comfy.run(comfy.prompt(drawing_graph()))
    (saved,) = run.outputs["7"]["images"]
    assert run.outputs["7"]["animated"] == [True]
    assert comfy.file(saved)[8:12] == b"WEBP"


@pytest.mark.parametrize(
    ("editor", "says"),
    [("{", "the drawing is not JSON"), ('{"version": 9, "components": []}', "version is 9")],
)
def test_a_malformed_document_is_one_clear_sentence(comfy: ComfyServer, photo, editor: str, says: str) -> None:
    with pytest.raises(PromptRefused) as refused:
        comfy.queue(comfy.prompt(drawing_graph(editor)))
    (error,) = refused.value.details["node_errors"]["2"]["errors"]
    sentence = error["details"].split(" - ", 1)[1]
    assert sentence.startswith("TrackGo Canvas: ") and says in sentence


def test_a_broken_mask_is_one_clear_sentence(comfy: ComfyServer, photo: np.ndarray) -> None:
    empty = json.dumps({"version": 1, "components": [{"name": "nothing"}]})
    run = comfy.run(comfy.prompt(drawing_graph(empty)))
    assert run.error["node_id"] == "3"
    assert 'component 1 ("nothing")' in run.error["exception_message"]


def test_chain_from_mask_and_text_to_export_and_back(comfy: ComfyServer, photo: np.ndarray) -> None:
    prompt = {
        "1": node("SolidMask", value=1.0, width=32, height=32),
        "2": node("TrackGoComponent", mask=["1", 0], arrow="0.2, 0.5 -> 0.8, 0.5", units="fraction", curve="straight",
                  start=0.0, end=1.0, easing="linear", name="all", batch="first mask", width=0, height=0),
        "3": node("TrackGoCameraMotion", drawing=["2", 0], pan_x=0.0, pan_y=0.1, zoom=1.2, turn=0.0, start=0.0, end=1.0,
                  easing="linear", width=96, height=64),
        "4": node("TrackGoPointTrajectories", drawing=["3", 0], **SIZE),
        "5": node("TrackGoExportTracks", tracks=["4", 0], format="kj", width=96, height=64),
        "6": node("TrackGoImportTracks", text=["5", 0], format="auto", frames=0, width=96, height=64, new_width=192,
                  new_height=128),
        "7": node("TrackGoExportTracks", tracks=["6", 0], format="kj", width=96, height=64),
        "8": node("PreviewAny", source=["5", 0]),
        "9": node("PreviewAny", source=["7", 0]),
    }  # fmt: skip
    run = comfy.run(comfy.prompt(prompt))
    assert run.error is None
    small, large = (np.array([[(p["x"], p["y"]) for p in track] for track in json.loads(run.outputs[key]["text"][0])])
                    for key in ("8", "9"))  # fmt: skip
    assert small.shape[1] == SIZE["frames"] and small.shape[0] > 60, "the component covers the frame"
    np.testing.assert_allclose(large, (small + 0.5) * 2 - 0.5, atol=0.51)
    # Its own way first, then the camera's zoom about the frame's centre and its pan; the text holds whole pixels.
    size = np.array([96, 64])
    seen = size / 2 - 0.5 + 1.2 * (small[:, 0] + (0.6 * 96, 0) - (size / 2 - 0.5)) + (0, 0.1 * 64)
    np.testing.assert_allclose(small[:, -1], seen, atol=0.5 + 1.2 * 0.5 + 1e-6)


def test_core_wan_nodes_take_our_tracks(comfy: ComfyServer, photo: np.ndarray) -> None:
    """ComfyUI's own TRACKS nodes (0.8 and later) read ours and we read theirs."""
    if "WanMoveVisualizeTracks" not in comfy.get("/object_info"):
        pytest.skip("this ComfyUI has no WanMove nodes; they came with 0.8")
    prompt = drawing_graph() | {
        "20": node("WanMoveVisualizeTracks", images=["1", 0], tracks=["3", 0], line_resolution=24, circle_size=3,
                   opacity=0.75, line_width=2),
        "21": node("PreviewImage", images=["20", 0]),
        "22": node("WanMoveTracksFromCoords", track_coords=["3", 2]),
        "23": node("TrackGoExportTracks", tracks=["22", 0], format="kj", width=96, height=64),
        "24": node("PreviewAny", source=["23", 0]),
    }  # fmt: skip
    run = comfy.run(comfy.prompt(prompt))
    assert run.error is None, run.error
    assert len(run.outputs["21"]["images"]) == SIZE["frames"]
    assert run.outputs["24"]["text"] == run.outputs["4"]["text"]


def test_help_locales_and_templates_are_served(comfy: ComfyServer, node_list) -> None:
    for node_class in node_list:
        name = node_class.define_schema().node_id
        assert comfy.raw(f"/extensions/ComfyUI-TrackGo/docs/{name}.md").startswith(b"# TrackGo ")
        assert name in comfy.get("/i18n")["zh"]["nodeDefs"]
    names = comfy.get("/workflow_templates")["ComfyUI-TrackGo"]
    for name in names:
        assert comfy.get(f"/api/workflow_templates/ComfyUI-TrackGo/{name}.json")["nodes"]
        assert comfy.raw(f"/api/workflow_templates/ComfyUI-TrackGo/{name}.jpg")[:3] == b"\xff\xd8\xff"


def test_the_seed_decides_the_points(comfy: ComfyServer, photo: np.ndarray) -> None:
    def points(seed: int) -> str:
        prompt = drawing_graph()
        prompt["3"]["inputs"] = prompt["3"]["inputs"] | {"seed": seed}
        return comfy.run(comfy.prompt(prompt)).outputs["4"]["text"][0]

    drawing, sizes = Drawing.from_json(TEXT), (SIZE["frames"], SIZE["width"], SIZE["height"])
    for seed in (11, 12):  # seeds of their own: a cached node need not report again
        assert points(seed) == export_tracks(point_trajectories(drawing, *sizes, seed), "kj")


def test_the_editors_route_gives_the_same_points(comfy: ComfyServer) -> None:
    def ask(**request: object) -> tuple[int, dict]:
        body = json.dumps(request).encode()
        url = comfy.url + "/api/trackgo/trajectories"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json"})) as got:
                return got.status, json.load(got)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    status, answer = ask(drawing=DOCUMENT, **SIZE)
    expected = point_trajectories(Drawing.from_json(TEXT), **SIZE)
    assert status == 200
    tracks = np.frombuffer(base64.b64decode(answer["tracks"]), "<f4").reshape(expected.tracks.shape)
    np.testing.assert_allclose(tracks, expected.tracks, atol=1e-3)
    status, answer = ask(drawing=DOCUMENT, **SIZE | {"frames": 0})
    assert status == 400 and answer["error"].startswith("frames is 0")
