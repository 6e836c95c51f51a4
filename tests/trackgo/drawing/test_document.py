"""The document: what is accepted, what is refused and how, and what survives."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from trackgo import Drawing
from trackgo.drawing import CURVES, EASINGS, PLAYBACKS, Arrow, Component, Hold, Mask, Stroke, camera_component
from trackgo.drawing.document import MAX_COMPONENTS

BOAT = {
    "version": 1,
    "components": [
        {
            "name": "boat",
            "mask": {
                "strokes": [
                    {"tool": "brush", "radius": 0.02, "points": [[0.31, 0.52], [0.33, 0.55]]},
                    {"tool": "erase", "radius": 0.01, "points": [[0.35, 0.5]]},
                    {"tool": "lasso", "points": [[0.1, 0.1], [0.2, 0.1], [0.2, 0.3]]},
                ]
            },
            "arrows": [{"points": [[0.32, 0.53], [0.6, 0.5]], "curve": "straight"}],
            "start": 0.0,
            "end": 1.0,
            "easing": "linear",
        }
    ],
}


def png_text(values: np.ndarray, mode: str | None = None) -> str:
    picture = Image.fromarray(values)
    buffer = io.BytesIO()
    (picture.convert(mode) if mode else picture).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def changed(path: str, value: object) -> str:
    """BOAT as JSON with the entry at components/0/mask/… replaced."""
    document = json.loads(json.dumps(BOAT))
    target = document
    *parents, last = [int(key) if key.isdigit() else key for key in path.split("/")]
    for key in parents:
        target = target[key]
    if value is Ellipsis:
        del target[last]
    else:
        target[last] = value
    return json.dumps(document)


def test_the_document_of_the_specification():
    drawing = Drawing.from_json(json.dumps(BOAT))
    component = drawing.components[0]
    assert component.name == "boat"
    assert [stroke.tool for stroke in component.mask.strokes] == ["brush", "erase", "lasso"]
    assert component.mask.strokes[0].points == ((0.31, 0.52), (0.33, 0.55))
    assert component.arrows == (Arrow(((0.32, 0.53), (0.6, 0.5))),)
    assert json.loads(drawing.to_json()) == BOAT
    assert drawing.to_json() == Drawing.from_json(drawing.to_json()).to_json()
    assert " " not in drawing.to_json()


def test_everything_but_version_and_components_may_be_left_out():
    drawing = Drawing.from_json('{"version": 1, "components": [{}, {"mask": {}}, {"arrows": [{"points": [[1, 2]]}]}]}')
    assert [component.mask.is_empty for component in drawing.components] == [True] * 3
    assert drawing.components[0] == Component()
    assert not drawing.masks(8, 4).any()


def test_unknown_keys_survive_at_every_level():
    document = json.loads(json.dumps(BOAT))
    component = document["components"][0]
    additions = {"note": "é", "deep": {"list": [1, None, {"x": True}]}}
    places = [document, component, component["mask"], component["mask"]["strokes"][2], component["arrows"][0]]
    for place in places:
        place.update(additions)
    again = json.loads(Drawing.from_json(json.dumps(document)).to_json())
    assert again == document


REFUSED = [
    ("components", {}, "the drawing: components is an object; it must be a list"),
    ("components", ..., "the drawing: components is missing"),
    ("version", 2, "version is 2; this TrackGo reads version 1"),
    ("version", True, "version is true"),
    ("version", "1", 'version is "1"'),
    ("version", ..., "version is missing"),
    ("components/0", [], "component 1: it is a list; it must be an object"),
    ("components/0/name", 7, "component 1: name is 7; it must be text"),
    ("components/0/mask", None, 'component 1 ("boat"): mask: it is null'),
    ("components/0/mask/strokes", "brush", 'component 1 ("boat"): mask: strokes is text'),
    ("components/0/mask/strokes/1", 3, "mask: stroke 2: it is a number"),
    ("components/0/mask/strokes/1/tool", "spray", 'stroke 2: tool is "spray"; it must be one of brush, erase, lasso'),
    ("components/0/mask/strokes/1/tool", ["brush"], 'stroke 2: tool is ["brush"]; it must be one of'),
    ("components/0/mask/strokes/1/tool", ..., "stroke 2: tool is missing"),
    ("components/0/mask/strokes/0/radius", ..., "stroke 1: radius is missing"),
    ("components/0/mask/strokes/0/radius", -0.1, "stroke 1: radius is -0.1; it must be a number from 0 to 10"),
    ("components/0/mask/strokes/0/radius", 0, "stroke 1: radius is 0; it must be more"),
    ("components/0/mask/strokes/0/radius", "0.1", 'stroke 1: radius is "0.1"'),
    ("components/0/mask/strokes/0/radius", None, "stroke 1: radius is null"),
    ("components/0/mask/strokes/0/points", [], "stroke 1: points holds 0; a brush stroke needs at least 1"),
    (
        "components/0/mask/strokes/2/points",
        [[0, 0], [1, 1]],
        "stroke 3: points holds 2; a lasso stroke needs at least 3",
    ),
    ("components/0/mask/strokes/0/points", ..., "stroke 1: points is missing"),
    ("components/0/mask/strokes/0/points/1", [0.5], "stroke 1: point 2 is [0.5]; it must be a pair [x, y]"),
    ("components/0/mask/strokes/0/points/1", "ab", 'stroke 1: point 2 is "ab"'),
    ("components/0/mask/strokes/0/points/1", [0.1, None], "stroke 1: point 2: y is null; it must be a number"),
    ("components/0/mask/strokes/0/points/1", ["0.1", 0], 'stroke 1: point 2: x is "0.1"'),
    ("components/0/mask/strokes/0/points/1", [True, 0], "stroke 1: point 2: x is true"),
    (
        "components/0/mask/strokes/0/points/1",
        [1e5, 0],
        "stroke 1: point 2: x is 100000.0; it must be a number from -10000",
    ),
    ("components/0/mask/strokes/0/points/1", [0, 10**400], "stroke 1: point 2: y is 1000"),
    ("components/0/mask/png", 5, "mask: png is 5"),
    ("components/0/mask/png", "?not base64?", "mask: png is not base64"),
    ("components/0/mask/png", "aGVsbG8=", "mask: png is not a readable PNG"),
    ("components/0/arrows", 1.5, "arrows is a number; it must be a list"),
    ("components/0/arrows/0/points", [], "arrow 1: points has 0 points"),
    ("components/0/arrows/0/points", [[0, 0]] * 10_001, "arrow 1: points has 10001 points"),
    ("components/0/arrows/0/curve", "bezier", 'arrow 1: curve is "bezier"; it must be one of straight, smooth'),
    ("components/0/start", 1.2, "start is 1.2; it must be a number from 0 to 1"),
    ("components/0/end", "late", 'end is "late"'),
    ("components/0/easing", "bounce", 'easing is "bounce"; it must be one of linear, ease-in, ease-out, ease-in-out'),
    ("components/0/bezier", "ease", 'bezier is "ease"; it must be four numbers [x1, y1, x2, y2]'),
    ("components/0/bezier", [0.1, 0.2, 0.3], "bezier is [0.1, 0.2, 0.3]; it must be four numbers"),
    ("components/0/bezier", [0.1, 0.2, 0.3, 1.4], "bezier: y2 is 1.4; it must be a number from 0 to 1"),
    ("components/0/holds", 0.5, "holds is a number; it must be a list"),
    ("components/0/holds", [0.5], "hold 1: it is a number; it must be an object"),
    ("components/0/holds", [{"place": 0.5}], "hold 1: span is missing"),
    ("components/0/holds", [{"place": 0.5, "span": -1}], "hold 1: span is -1; it must be a number from 0 to 0.99"),
    ("components/0/holds", [{"place": 0.5, "span": 0.5}] * 2, "holds last 1 of the motion's time in all; at most 0.99"),
    ("components/0/holds", [{"place": 0.5, "span": 0}] * 33, "holds has 33 holds; at most 32 are allowed"),
    ("components/0/playback", "forth", 'playback is "forth"; it must be one of once, reverse, ping-pong, loop'),
    ("components/0/times", 2.5, "times is 2.5; it must be a whole number"),
    ("components/0/times", 0, "times is 0; it must be a number from 1 to 100"),
    ("components/0/hidden", 1, "hidden is 1; it must be true or false"),
    ("components/0/locked", "no", 'locked is "no"'),
]


@pytest.mark.parametrize(("path", "value", "message"), REFUSED)
def test_a_mistake_is_refused_with_its_place(path, value, message):
    with pytest.raises(ValueError) as caught:
        Drawing.from_json(changed(path, value))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_timing_is_written_only_where_it_says_something():
    document = json.loads(json.dumps(BOAT))
    assert not {"bezier", "holds", "playback", "times"} & Drawing.from_dict(document).to_dict()["components"][0].keys()
    said = {
        "bezier": [0.5, 0, 0.5, 1], "holds": [{"place": 0.5, "span": 0.25, "note": "theirs"}],
        "playback": "ping-pong", "times": 4,
    }  # fmt: skip
    document["components"][0] |= said
    drawing = Drawing.from_dict(document)
    assert drawing.components[0].holds == (Hold(0.5, 0.25, {"note": "theirs"}),)
    again = json.loads(drawing.to_json())
    assert {key: again["components"][0][key] for key in said} == said
    assert list(again["components"][0])[-4:] == ["bezier", "holds", "playback", "times"]


def test_start_after_end_is_refused():
    document = json.loads(json.dumps(BOAT))
    document["components"][0] |= {"start": 0.8, "end": 0.3}
    with pytest.raises(ValueError, match=r'component 1 \("boat"\): start is 0.8 and end is 0.3'):
        Drawing.from_json(json.dumps(document))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"version": 1,\n "components": [}', "line 2, column 17"),
        ("", "line 1, column 1"),
        ("null", "the drawing is null; it must be an object"),
        ("[1]", "the drawing is a list"),
        ('{"version": 1, "components": [{"start": NaN}]}', "NaN is no number"),
        ('{"version": 1, "components": [], "x": -Infinity}', "-Infinity is no number"),
        ('{"version": 1, "components": [{"start": 1e999}]}', "start is Infinity"),
        ("[" * 200_000, "nested too deeply"),
        ('{"version": ' + "9" * 10_000 + "}", "the drawing"),  # a version, where Python reads numbers of any length
    ],
)
def test_text_that_is_no_document_is_refused(text, message):
    with pytest.raises(ValueError) as caught:
        Drawing.from_json(text)
    assert message in str(caught.value)


@pytest.mark.parametrize("value", [None, {"version": 1}, b"{}"])
def test_only_text_is_parsed(value):
    with pytest.raises(ValueError, match="it must be JSON text"):
        Drawing.from_json(value)


def test_limits_keep_a_server_alive():
    with pytest.raises(ValueError, match="at most 1000"):
        Drawing((Component(),) * (MAX_COMPONENTS + 1))
    stroke = Stroke("brush", ((0.5, 0.5),) * 50_000, 0.1)
    with pytest.raises(ValueError, match="1050000 points"):
        Drawing((Component(mask=Mask((stroke,) * 21)),))
    with pytest.raises(ValueError, match="at most 67108864"):
        Drawing.from_json(" " * (64 * 1024 * 1024 + 1))
    header_only = (
        b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x00\x00\x00\x00"
    )
    import zlib

    bomb = base64.b64encode(header_only + zlib.crc32(header_only[12:]).to_bytes(4, "big")).decode()
    with pytest.raises(ValueError, match="png"):
        Mask(png=bomb)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "1", "P"])
def test_a_png_of_another_kind_is_refused(mode):
    with pytest.raises(ValueError, match=f"png has mode {mode}; it must be 8-bit greyscale"):
        Mask(png=png_text(np.zeros((4, 4), np.uint8), mode))


def test_a_cut_off_png_is_refused_with_its_component():
    whole = base64.b64decode(png_text(np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)))
    for cut in (60, 500, len(whole) - 20):
        text = json.dumps({"version": 1, "components": [{}, {"mask": {"png": base64.b64encode(whole[:cut]).decode()}}]})
        with pytest.raises(ValueError, match="component 2"):
            Drawing.from_json(text).masks(8, 8)


def test_png_then_strokes():
    values = np.zeros((4, 8), np.uint8)
    values[:, :4] = 128
    values[:, 4:] = 127
    mask = Mask((Stroke("lasso-erase", [(0, 0), (0.25, 0), (0.25, 1), (0, 1)]),), png_text(values))
    found = Drawing((Component(mask=mask),)).masks(16, 8)[0]
    expected = np.zeros((8, 16), bool)
    expected[:, 4:8] = True
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32])
def test_a_component_from_an_array_gives_it_back(dtype):
    wanted = np.random.default_rng(1).random((9, 14)) < 0.5
    values = (wanted * {"u": 255, "i": 255}.get(np.dtype(dtype).kind, 1)).astype(dtype)
    component = Component.from_mask(values, "tree", [Arrow([(0, 0), (1, 1)], "smooth")], easing="ease-in")
    drawing = Drawing.from_json(Drawing((component,)).to_json())
    assert np.array_equal(drawing.masks(14, 9)[0], wanted)
    assert drawing.components[0] == component


def test_a_component_from_a_bad_array_is_refused():
    with pytest.raises(ValueError, match=r"shape \[2, 3, 4\]"):
        Component.from_mask(np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match="dtype complex128"):
        Component.from_mask(np.zeros((2, 3), complex))


def test_hidden_components_take_no_part():
    fill = Mask((Stroke("fill"),))
    drawing = Drawing((Component("a", fill), Component("b", fill, hidden=True), Component("c")))
    assert drawing.active_indices == (0, 2)
    assert [component.name for component in drawing.active] == ["a", "c"]
    masks = drawing.masks(6, 4)
    assert masks.shape == (2, 4, 6)
    assert masks.dtype == bool
    assert masks[0].all()
    assert not masks[1].any()
    assert Drawing.from_json(drawing.to_json()) == drawing


def test_no_components_give_no_masks():
    assert Drawing.empty().masks(7, 5).shape == (0, 5, 7)


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, -1), (2.5, 4), (20_000, 5), (True, 5)])
def test_a_bad_size_is_refused(width, height):
    with pytest.raises(ValueError, match="it must be a whole number of pixels"):
        Drawing.empty().masks(width, height)


def test_masks_beyond_memory_are_refused():
    drawing = Drawing((Component(mask=Mask((Stroke("fill"),))),) * 17)
    with pytest.raises(ValueError, match="17 masks of 16384×16384 pixels exceed 4 GiB"):
        drawing.masks(16_384, 16_384)


def test_concat_keeps_order_and_the_first_extras():
    one = Drawing((Component("a"),), {"note": 1, "only": 2})
    two = Drawing((camera_component(0.1), Component("c")), {"note": 3, "late": 4})
    joined = Drawing.concat(one, two, Drawing.empty())
    assert [component.name for component in joined.components] == ["a", "camera", "c"]
    assert joined.extra == {"note": 1, "only": 2, "late": 4}
    assert Drawing.concat() == Drawing.empty()


def test_drawings_are_values():
    drawing = Drawing.from_json(json.dumps(BOAT))
    assert drawing == Drawing.from_json(json.dumps(BOAT))
    assert hash(drawing) == hash(Drawing.from_json(json.dumps(BOAT)))
    with pytest.raises(AttributeError):
        drawing.components[0].name = "ship"


number = st.floats(-10_000, 10_000)
point = st.tuples(number, number)
extra = st.dictionaries(
    st.text(min_size=1).map(lambda key: "x-" + key), st.none() | st.integers() | st.text(), max_size=2
)
strokes = st.one_of(
    st.builds(
        Stroke, st.sampled_from(["brush", "erase"]), st.lists(point, min_size=1, max_size=4), st.floats(1e-6, 10), extra
    ),
    st.builds(Stroke, st.sampled_from(["lasso", "lasso-erase"]), st.lists(point, min_size=3, max_size=4), extra=extra),
    st.builds(Stroke, st.just("fill"), extra=extra),
)
spans = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)
components = st.builds(
    lambda span, **fields: Component(start=span[0], end=span[1], **fields),
    span=spans,
    name=st.text(max_size=8),
    mask=st.builds(Mask, st.lists(strokes, max_size=3), extra=extra),
    arrows=st.lists(
        st.builds(Arrow, st.lists(point, min_size=1, max_size=4), st.sampled_from(CURVES), extra), max_size=2
    ),
    easing=st.sampled_from(EASINGS),
    bezier=st.none() | st.tuples(*[st.floats(0, 1)] * 4),
    holds=st.lists(st.builds(Hold, st.floats(0, 1), st.floats(0, 0.3), extra), max_size=3),
    playback=st.sampled_from(PLAYBACKS),
    times=st.integers(1, 100),
    hidden=st.booleans(),
    locked=st.booleans(),
    extra=extra,
)


@settings(max_examples=60, deadline=None)
@given(st.builds(Drawing, st.lists(components, max_size=3), extra))
def test_every_drawing_survives_json_and_rasterises(drawing):
    again = Drawing.from_json(drawing.to_json())
    assert again == drawing
    assert again.to_json() == drawing.to_json()
    drawing.to_json().encode("ascii")
    assert drawing.masks(16, 9).shape == (len(drawing.active), 9, 16)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["mask", "strokes", "points", "tool", "arrows", "png", "radius", "start", "name", "curve", "holds"]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(json_values, max_size=3))
def test_nonsense_raises_nothing_but_a_value_error(items):
    try:
        Drawing.from_json(json.dumps({"version": 1, "components": items})).masks(4, 4)
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("stroke", "says"),
    [
        ({"tool": "grow"}, "stroke 1: radius is missing"),
        ({"tool": "shrink", "radius": 0.3}, "stroke 1: radius is 0.3; it must be a number from 0 to 0.25"),
        ({"tool": "grow", "radius": 0}, "stroke 1: radius is 0; it must be more"),
        ({"tool": "blur"}, "stroke 1: tool is .*blur.*; it must be one of brush, .*invert, grow, shrink"),
        ({"tool": ["grow"]}, "stroke 1: tool is"),
    ],
)
def test_mask_tools_are_checked(stroke, says):
    text = json.dumps({"version": 1, "components": [{"mask": {"strokes": [stroke]}}]})
    with pytest.raises(ValueError, match=says):
        Drawing.from_json(text)


def test_a_mask_may_be_resized_a_hundred_times():
    grow = Stroke("grow", radius=0.01)
    assert not Mask((*[grow] * 100, Stroke("invert"))).is_empty
    with pytest.raises(ValueError, match="grows and shrinks 101 times; at most 100"):
        Mask((grow,) * 101)


def test_whole_mask_strokes_round_trip():
    strokes = [{"tool": "fill"}, {"tool": "shrink", "radius": 0.125}, {"tool": "invert", "theirs": 1}]
    text = json.dumps({"version": 1, "components": [{"mask": {"strokes": strokes}}]})
    assert json.loads(Drawing.from_json(text).to_json())["components"][0]["mask"]["strokes"] == strokes
