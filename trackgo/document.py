"""JSON text → Drawing, with messages that lead to the mistake.

The dataclasses of `drawing` check their own fields; here the document's shape is checked and the place is named.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, TypeVar

from .camera import Camera
from .checks import located
from .drawing import (
    LEAST_POINTS,
    MAX_RADIUS,
    MAX_TEXT_BYTES,
    VERSION,
    Arrow,
    Component,
    Drawing,
    Mask,
    Stroke,
    component_label,
)

_Part = TypeVar("_Part")


def parse_json(text: str, what: str) -> Any:
    """Strict JSON → Python values; ValueError with line and column, also for NaN, Infinity and endless nesting."""
    if not isinstance(text, str):
        raise ValueError(f"{what} is a {type(text).__name__}; it must be JSON text")
    if len(text) > MAX_TEXT_BYTES:
        raise ValueError(f"{what} has {len(text)} characters; at most {MAX_TEXT_BYTES} are read")
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"{what} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise ValueError(f"{what} is nested too deeply to be read") from None
    except ValueError as error:  # a constant above, or a number with thousands of digits
        raise ValueError(f"{what} is not JSON: {error}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON; every number must be finite")


def parse_drawing(text: str) -> Drawing:
    """A version-1 document → Drawing; see `Drawing.from_json`."""
    return read_drawing(parse_json(text, "the drawing"))


def read_drawing(value: Any) -> Drawing:
    """A version-1 document that has been parsed already → Drawing; ValueError as `Drawing.from_json`."""
    document = _object(value, "the drawing")
    version = document.get("version")
    if isinstance(version, bool) or version != VERSION:
        given = f"is {json.dumps(version)[:40]}" if "version" in document else "is missing"
        raise ValueError(f"the drawing's version {given}; this TrackGo reads version {VERSION}")
    with located("the drawing"):
        items = _list(document, "components", required=True)
    components = []
    for index, item in enumerate(items):
        name = item.get("name") if isinstance(item, dict) else None
        with located(component_label(index, name)):
            components.append(_component(item))
    camera = None
    if "camera" in document:
        with located("camera"):
            camera = _camera(document["camera"])
    return Drawing(tuple(components), _rest(document, ("version", "components", "camera")), camera)


def _camera(value: Any) -> Camera:
    known = ("pan", "zoom", "turn", "start", "end", "easing")
    item = _object(value, "it")
    return Camera(**{key: item[key] for key in known if key in item}, extra=_rest(item, known))


def _component(value: Any) -> Component:
    known = ("name", "mask", "arrows", "start", "end", "easing", "hidden", "locked")
    item = _object(value, "it")
    fields = {key: item[key] for key in known if key in item}
    if "mask" in item:
        with located("mask"):
            fields["mask"] = _mask(item["mask"])
    fields["arrows"] = _each(_list(item, "arrows"), "arrow", _arrow)
    return Component(**fields, extra=_rest(item, known))


def _mask(value: Any) -> Mask:
    item = _object(value, "it")
    strokes = _each(_list(item, "strokes"), "stroke", _stroke)
    return Mask(strokes, item.get("png"), _rest(item, ("strokes", "png")))


def _stroke(value: Any) -> Stroke:
    item = _object(value, "it")
    _need(item, "tool")
    tool = item["tool"] if isinstance(item["tool"], str) else ""
    if tool in MAX_RADIUS:
        _need(item, "radius")
    if LEAST_POINTS.get(tool):
        _need(item, "points")
    return Stroke(item["tool"], item.get("points", ()), item.get("radius"), _rest(item, ("tool", "points", "radius")))


def _arrow(value: Any) -> Arrow:
    item = _object(value, "it")
    _need(item, "points")
    return Arrow(item["points"], item.get("curve", "straight"), _rest(item, ("points", "curve")))


def _each(items: list[Any], what: str, parse: Callable[[Any], _Part]) -> tuple[_Part, ...]:
    parts = []
    for number, item in enumerate(items, start=1):
        with located(f"{what} {number}"):
            parts.append(parse(item))
    return tuple(parts)


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is {_kind(value)}; it must be an object {{…}}")
    return value


def _list(item: dict[str, Any], key: str, required: bool = False) -> list[Any]:
    if required:
        _need(item, key)
    value = item.get(key, [])
    if not isinstance(value, list):
        raise ValueError(f"{key} is {_kind(value)}; it must be a list […]")
    return value


def _need(item: dict[str, Any], key: str) -> None:
    if key not in item:
        raise ValueError(f"{key} is missing")


def _rest(item: dict[str, Any], known: Iterable[str]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in known}


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "null")
