"""From YAML and ``key=value`` overrides to nested dataclasses; whatever is wrong is told in one sentence."""

from __future__ import annotations

import copy
import difflib
import reprlib
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

Config = TypeVar("Config")

_UNKNOWN = ("unexpected_keyword_argument", "invalid_key")  # pydantic's names: unknown text, and what is not even text
_SHORT = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxstring, _SHORT.maxother = 1, 80, 80  # aliases make short files that are endless in full


def read_tree(path: Path, overrides: Sequence[str] = ()) -> dict[Any, Any]:
    """The mapping in a YAML file with the values at keys such as ``run.seed`` or ``stages.0.steps`` replaced.

    Raises:
        FileNotFoundError: nothing at ``path``.
        ValueError: in one line: a folder, not YAML, not a mapping, or an override that does not fit.
    """
    if path.is_dir():
        raise ValueError(f"'{path}' is a folder; give the YAML file itself")
    if not path.is_file():
        raise FileNotFoundError(f"there is no configuration at '{path}'")
    try:
        tree = _parse(path.read_text(encoding="utf-8"), f"'{path}'")
    except UnicodeDecodeError as error:
        raise ValueError(f"'{path}' is not UTF-8 text: {error.reason} at byte {error.start}") from None
    if not isinstance(tree, dict):
        found = "nothing" if tree is None else _shown(tree)
        raise ValueError(f"'{path}' must hold keys such as 'model:' and 'stages:', got {found}")
    for override in overrides:
        tree = _overridden(tree, override)
    return tree


def checked(kind: type[Config], tree: Mapping[str, Any]) -> Config:
    """Plain nested values → a pydantic dataclass whose fields describe what is right for them.

    Raises:
        ValueError: in one line: an unknown key (the nearest valid one is named), or a value of the wrong kind.
    """
    try:
        return TypeAdapter(kind).validate_python(tree)
    except ValidationError as error:
        errors = error.errors()
    # a key is often missing because it is misspelt
    raise ValueError(_sentence(kind, next((one for one in errors if one["type"] in _UNKNOWN), errors[0])))


# ---------------------------------------------------------------------------------------------------------------------
# YAML and overrides
# ---------------------------------------------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which also refuses a key that stands twice, and names the place of what is no value."""

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge" and isinstance(value, yaml.SequenceNode):
                # lists of what holds such lists grow beyond any memory
                raise yaml.MarkedYAMLError(problem="'<<' takes one mapping, not a list", problem_mark=value.start_mark)
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    problem = f"the key {_shown(key.value)} stands twice"
                    raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
                seen.add(key.value)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, ArithmeticError, LookupError, AttributeError) as error:  # of 2001-02-30, !!bool x, …
            problem = f"{_shown(node.value)} is no {node.tag.rpartition(':')[2]}"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from error


def _parse(text: str, name: str) -> Any:
    """YAML → plain values; ValueError with ``name`` otherwise."""
    try:
        return yaml.load(text, _Loader)
    except RecursionError:
        raise ValueError(f"{name} is nested too deep") from None
    except yaml.YAMLError as error:
        problem = str(error)
        if mark := getattr(error, "problem_mark", None):
            context = f"{error.context}, " if error.context else ""
            problem = f"line {mark.line + 1}, column {mark.column + 1}: {context}{error.problem}"
        raise ValueError(f"{name} is not valid YAML: {' '.join(problem.split())}") from error


def _overridden(tree: dict[Any, Any], override: str) -> dict[Any, Any]:
    """``tree`` with one value replaced, not in place: through aliases other keys may share what it lies in."""
    key, separator, text = override.partition("=")
    name = _shown(override)
    if not separator or not key:
        raise ValueError(f"{name} is no override; write section.key=value, such as optimizer.learning_rate=1e-4")
    *parents, last = key.split(".")
    node: Any = dict(tree)
    changed = node
    for part in parents:
        place = _place(node, part, name)
        child = node.get(part, {}) if isinstance(node, dict) else node[place]
        if not isinstance(child, dict | list):
            raise ValueError(f"{name}: {_shown(part)} holds a single value, not keys")
        node[place] = copy.copy(child)
        node = node[place]
    node[_place(node, last, name)] = _parse(text, name)
    return changed


def _place(node: dict[Any, Any] | list[Any], part: str, name: str) -> str | int:
    if isinstance(node, dict):
        return part
    places = [str(number) for number in range(len(node))]
    if part not in places:
        raise ValueError(f"{name}: {_shown(part)} is no place in a list of {len(node)}, counted from 0")
    return places.index(part)


# ---------------------------------------------------------------------------------------------------------------------
# What is wrong, in a sentence
# ---------------------------------------------------------------------------------------------------------------------


def _sentence(kind: type, error: Mapping[str, Any]) -> str:
    """One of pydantic's errors in words; paths are written as in overrides."""
    what, path, value, context = error["type"], error["loc"], error["input"], error.get("ctx", {})
    where = ".".join(map(str, path))
    if what == "value_error":
        return str(context["error"])
    if what in _UNKNOWN:
        *section, key = (*path[:-1], _shown(value) if what == "invalid_key" else path[-1])
        prefix = "".join(f"{part}." for part in section)
        near = difflib.get_close_matches(key, _fields(kind, section), n=1, cutoff=0.0)[0]
        return f"unknown key {_shown(prefix + key)}; did you mean '{prefix}{near}'?"
    if what == "missing":
        return f"'{where}' is missing"
    if what == "dataclass_type":
        return f"{where or 'the configuration'} must hold keys, got {_shown(value)}"
    if what == "string_unicode":
        return f"{where or 'the configuration'} holds {_shown(value)}, which is not Unicode text"
    wanted = context.get("expected") or _fields(kind, path[:-1])[path[-1]].description
    return f"{where} is {_shown(value)}; it must be {wanted}"


def _fields(kind: Any, section: Sequence[str | int]) -> dict[str, Any]:
    """Pydantic's fields of a section, which lies at a path such as ``stages``, 0."""
    for part in section:
        kind = typing.get_args(kind)[0] if isinstance(part, int) else kind.__pydantic_fields__[part].annotation
    return kind.__pydantic_fields__


def _shown(value: object) -> str:
    try:
        return _SHORT.repr(value)
    except ValueError:  # more decimals than Python writes
        return "a number of thousands of digits"
