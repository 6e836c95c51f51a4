"""Strict JSON, and the shapes of its values: each function raises ValueError with one clear sentence."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

from .checks import located

MAX_TEXT_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 64  # the document itself needs eight
_MAX_CONTAINERS = 20_000_000  # more than that many characters hold; a list may hold itself

_Part = TypeVar("_Part")


BYTE_ORDER_MARK = "\ufeff"


class NotJson(ValueError):
    """A text is not JSON.

    Attributes:
        reason: why, as JSON's parser says it.
        position: the number of characters before the place where it stopped.
    """

    def __init__(self, what: str, reason: str, text: str, position: int) -> None:
        super().__init__(f"{what} is not JSON: {reason} at {line_and_column(text, position)}")
        self.reason, self.position = reason, position


def line_and_column(text: str, position: int) -> str:
    """Where a character stands, both counted from 1."""
    line_start = text.rfind("\n", 0, position) + 1
    return f"line {text.count(chr(10), 0, position) + 1}, column {position - line_start + 1}"


def parse_json(text: str, what: str) -> Any:
    """Strict JSON → Python values; ValueError with line and column, also for NaN, Infinity and endless nesting.

    A byte-order mark, which Windows Notepad writes first, is passed over.
    """
    if not isinstance(text, str):
        raise ValueError(f"{what} is a {type(text).__name__}; it must be JSON text")
    if len(text) > MAX_TEXT_BYTES:
        raise ValueError(f"{what} has {len(text)} characters; at most {MAX_TEXT_BYTES} are read")
    text = without_mark(text)
    try:
        with _collector_waiting():
            return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise NotJson(what, error.msg, text, error.pos) from None
    except RecursionError:
        raise ValueError(f"{what} is nested too deeply to be read") from None
    except ValueError as error:  # a constant above, or a number with thousands of digits
        raise ValueError(f"{what} is not JSON: {error}") from None


@contextmanager
def _collector_waiting() -> Iterator[None]:
    """No garbage collection inside: parsed values hold no circles, and walking them again and again while they grow
    takes four times as long as the parsing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def without_mark(text: str) -> str:
    """The text without byte-order marks before it."""
    return text.lstrip(BYTE_ORDER_MARK)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON; every number must be finite")


def check_values(value: Any, what: str) -> None:
    """ValueError where lists and objects are nested more than 64 deep, or a number is not finite (1e999): what could
    not be saved again, or could in one language only."""
    level, depth, seen = [value], 0, 0
    while level:
        depth, seen = depth + 1, seen + len(level)
        if depth > MAX_DEPTH or seen > _MAX_CONTAINERS:
            raise ValueError(f"{what} is nested too deeply to be read: more than {MAX_DEPTH} lists or objects")
        deeper = []
        for container in level:
            for item in container.values() if isinstance(container, dict) else container:
                if isinstance(item, list | dict | tuple):
                    deeper.append(item)
                elif type(item) in (float, int) and not -sys.float_info.max <= item <= sys.float_info.max:
                    raise ValueError(f"{what} holds a number that is not finite; every number must be finite")
        level = deeper


def as_object(value: Any, what: str) -> dict[str, Any]:
    """`value` if it is an object; ValueError names it as `what`."""
    if not isinstance(value, dict):
        raise ValueError(f"{what} is {_kind(value)}; it must be an object {{…}}")
    return value


def list_of(item: dict[str, Any], key: str, required: bool = False) -> list[Any]:
    """The list under `key`, empty where it is missing and not `required`."""
    if required:
        need(item, key)
    value = item.get(key, [])
    if not isinstance(value, list):
        raise ValueError(f"{key} is {_kind(value)}; it must be a list […]")
    return value


def need(item: dict[str, Any], key: str) -> None:
    """Raise ValueError unless `key` is there."""
    if key not in item:
        raise ValueError(f"{key} is missing")


def each(items: list[Any], what: str, parse: Callable[[Any], _Part]) -> tuple[_Part, ...]:
    """Every item through `parse`; ValueErrors are prefixed with `what` and its number from 1."""
    parts = []
    for number, item in enumerate(items, start=1):
        with located(f"{what} {number}"):
            parts.append(parse(item))
    return tuple(parts)


def unknown(item: dict[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """The keys that are not `known`, which a document keeps."""
    return {key: value for key, value in item.items() if key not in known}


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "null")
