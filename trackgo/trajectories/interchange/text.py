"""Texts of other packs → plain lists and dictionaries, and where in a text that is none something is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...drawing.json_values import NotJson, line_and_column, parse_json, without_mark

MAX_TEXTS = 10_000  # as many as there may be tracks
_MAX_WRAPPERS = 8
_MAX_LEVELS = 8  # of brackets that a message looks through
_CONSTANT = re.compile(r"-?\b(?:NaN|Infinity)\b")
_PYTHON_WORD = re.compile(r"None|True|False|nan|-?inf\b")
_NUMBER_STARTS = "-.0123456789"
_LEAD = re.compile(r"(?:\s*\{\s*\"tracks\"\s*:)*((?:\s*\[){0,64})\s*(.)")


def decode(source: Any) -> Any:
    """JSON text, also with Python's quotes, or a list that may hold such texts → plain lists and dictionaries.

    `{"tracks": …}` around tracks is taken off. ValueError says at which track and point a text is not JSON.
    """
    if isinstance(source, Mapping):
        value = dict(source)
    elif isinstance(source, str):
        value = _parse(source, "the source")
    elif isinstance(source, list | tuple):
        value = list(source)
    else:
        raise ValueError(f"the source is a {type(source).__name__}; it must be text, a list of texts or TRACKS")
    for _ in range(_MAX_WRAPPERS):
        if not isinstance(value, dict) or "tracks" not in value:
            break
        value = value["tracks"]
        value = _parse(value, "tracks") if isinstance(value, str) else value
    return _texts_parsed(value) if isinstance(value, list | tuple) else value


def _texts_parsed(items: list[Any] | tuple[Any, ...]) -> list[Any]:
    texts = sum(isinstance(item, str) for item in items)
    if texts > MAX_TEXTS:
        raise ValueError(f"the source holds {texts} texts; at most {MAX_TEXTS} are read")
    if not texts:
        return list(items)
    pairs = enumerate(items, start=1)
    return [_parse(item, f"text {number}") if isinstance(item, str) else item for number, item in pairs]


def _parse(text: str, what: str) -> Any:
    text = without_mark(text)
    quoted = text
    try:
        return parse_json(text, what)
    except ValueError as strict:
        error = strict
    if "'" in text:
        quoted = _with_double_quotes(text)
        try:
            return parse_json(quoted, what)
        except ValueError as lenient:
            error = lenient if isinstance(lenient, NotJson) else error
    raise ValueError(_located(error, quoted, what)) from None


def _with_double_quotes(text: str) -> str:
    """A Python literal's single quotes → JSON's, of the same length; what stands in double quotes stays."""
    parts = text.split('"')
    parts[::2] = [part.replace("'", '"') for part in parts[::2]]
    return '"'.join(parts)


def _located(error: ValueError, text: str, what: str) -> str:
    """The message of a text that is not JSON, with the track and point where that shows."""
    constant = None if isinstance(error, NotJson) else _CONSTANT.search(text)
    if isinstance(error, NotJson):
        position, reason, remedy = _reason(text, error.position)
        reason = reason or error.reason
    elif constant is not None and constant[0] in str(error):
        position, remedy = constant.start(), "every number must be finite"
        reason = f"{constant[0]} is no number in JSON"
    else:
        return str(error)
    track, point = _place(text, position)
    if track is None and point is not None and not what.startswith("text "):
        track = 1  # a flat list is one track; of a list of texts each is one by itself
    where = "".join(f"{name} {n}: " for name, n in (("track", track), ("point", point)) if n is not None)
    message = f"{what} is not JSON: {where}{reason} at {line_and_column(text, position)}"
    return f"{message}; {remedy}" if remedy else message


def _reason(text: str, position: int) -> tuple[int, str, str]:
    """Where a parser stopped → where a person would point, and what is wrong there and right, if it is one of the ways
    in which Python's lists differ from JSON."""
    after = text[position : position + 1_000]
    comma = position if after[:1] == "," else len(text[:position].rstrip()) - 1
    if text[comma : comma + 1] == "," and text[comma + 1 : comma + 1_000].lstrip()[:1] in ("]", "}"):
        return comma, "there is a comma with nothing behind it", "take it away"
    if after[:1] == "(":
        return position, "there is a Python tuple (…)", "write [x, y]"
    if word := _PYTHON_WORD.match(after):
        return position, f"there is {word[0]}", "it must be a number"
    return position, "", ""


def _place(text: str, position: int) -> tuple[int | None, int | None]:
    """The numbers, from 1, of the track and of the point in it that a position of a text lies in, where that shows."""
    levels = _open_levels(text[:position])
    lists = [(number, start) for bracket, number, start in levels if bracket == "["]
    if not lists:
        return None, None
    numbers: list[int | None] = [None, *(number for number, _ in lists)]
    height = (
        _height(text, lists[-1][1], len(lists)) if levels[-1][0] == "[" else 0
    )  # in a point's braces: its list holds points
    if height < 0:
        return numbers[-1], None
    if height > 0:
        numbers = [None, *numbers[:-1]]
    return numbers[-2], numbers[-1]


def _height(text: str, start: int, level: int) -> int:
    """What the list that opens at `start`, inside level − 1 others, is: 1 a point [x, y], 0 a list of points, −1 a list
    of tracks."""
    first = text[start + 1 : start + 1_000].lstrip()[:1]
    if first and first in _NUMBER_STARTS:
        return 1
    if first and first in "[(":
        deeper = text[start + 1 : start + 1_000].lstrip()[1:].lstrip()[:1]
        return 0 if deeper and deeper in _NUMBER_STARTS else -1
    if first.isalpha() and (lead := _LEAD.match(text)) and (lead[2] == "{" or lead[2] in _NUMBER_STARTS):
        return level - lead[1].count("[") + (0 if lead[2] == "{" else 1)  # as deep as the text's first point says
    return 0


def _open_levels(text: str) -> list[tuple[str, int, int]]:
    """The brackets that are open at a text's end, outermost first: which, the item's number from 1, where it opens."""
    letters = np.frombuffer(text.encode("ascii", "replace"), dtype=np.uint8)
    quotes = np.cumsum(letters == ord('"'), dtype=np.uint8)  # wraps around, which keeps odd and even apart
    outside = quotes % 2 == 0
    opens = ((letters == ord("[")) | (letters == ord("{")) | (letters == ord("("))) & outside
    closes = ((letters == ord("]")) | (letters == ord("}")) | (letters == ord(")"))) & outside
    depth = np.cumsum(opens.astype(np.int8) - closes, dtype=np.int32)
    commas = (letters == ord(",")) & outside
    levels = []
    for level in range(1, min(int(depth[-1]) if len(depth) else 0, _MAX_LEVELS) + 1):
        start = int(np.flatnonzero(opens & (depth == level))[-1])
        number = int((commas[start:] & (depth[start:] == level)).sum()) + 1
        levels.append((chr(letters[start]), number, start))
    return levels
