"""ComfyUI's two graph formats: what the front end saves (a workflow) and what the server runs (a prompt).

A prompt is built as the front end builds it, from what `/object_info` says about each node: one value per widget in the
widgets' order, defaults for what a file or a test does not give, links in place of values. A dynamic combo
(`COMFY_DYNAMICCOMBO_V3`) is followed by the widgets of the option that is chosen; they are called after it,
`format.codec`. tests/browser/test_prompt_format.py compares this with the real front end.

Not built here, and refused where it would matter: subgraphs, muted and bypassed nodes, reroutes and primitive nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Spec = list[Any]  # [type, options], or [choices, options] for a combo; the options may be missing
Take = Callable[[str | None, Any], Any]  # (name of a widget or None for a companion, its default) → its value

NOTES = {"MarkdownNote", "Note"}
DYNAMIC_COMBO, AUTOGROW = "COMFY_DYNAMICCOMBO_V3", "COMFY_AUTOGROW_V3"
DEFAULTS = {"INT": 0, "FLOAT": 0, "STRING": "", "BOOLEAN": False, "COLOR": "#ffffff", "TRACKGO_EDITOR": ""}
UPLOADS = ("image_upload", "video_upload", "animated_image_upload")
ALWAYS = 0  # the only mode of a node in which it runs


@dataclass(frozen=True)
class Widget:
    """One value of a node. Without a name it is a companion of another, such as what a seed does after each run: a
    workflow holds its value, a prompt does not."""

    name: str | None
    spec: Spec
    value: Any


def _options(spec: Spec) -> dict[str, Any]:
    return spec[1] if len(spec) > 1 else {}


def choices(spec: Spec) -> list[Any] | None:
    """What a combo, dynamic or not, can be set to; None for every other input."""
    if isinstance(spec[0], list):
        return spec[0]
    if spec[0] == DYNAMIC_COMBO:
        return [option["key"] for option in _options(spec)["options"]]
    return _options(spec).get("options") if spec[0] == "COMBO" else None


def is_widget(spec: Spec) -> bool:
    """Whether the front end shows a value to set, and not only a socket."""
    kind = _options(spec).get("widgetType") or spec[0]
    return not _options(spec).get("forceInput") and (choices(spec) is not None or kind in DEFAULTS)


def default(spec: Spec) -> Any:
    """The value of a widget that nobody has set."""
    given, offered = _options(spec).get("default"), choices(spec)
    if given is None and offered is not None:
        return offered[0] if offered else None
    return DEFAULTS[_options(spec).get("widgetType") or spec[0]] if given is None else given


def input_specs(inputs: dict[str, dict[str, Spec]]) -> dict[str, Spec]:
    """Every input of a node, or of an option of a dynamic combo, in order: name → [type, options]."""
    groups = (inputs.get(group, {}) for group in ("required", "optional"))
    return {name: spec for group in groups for name, spec in group.items()}


def _companions(name: str, spec: Spec) -> int:
    """How many widgets without a name follow this one: what happens to it after a run, and for a combo a filter."""
    control = _options(spec).get("control_after_generate")
    if spec[0] == "INT":
        return int(bool(name in ("seed", "noise_seed") if control is None else control))
    return 2 * bool(control and choices(spec) is not None)


def _walk(inputs: dict[str, dict[str, Spec]], prefix: str, take: Take) -> Iterator[Widget | str]:
    """Widgets in order, and between them the names of sockets without one."""
    for short, spec in input_specs(inputs).items():
        name = prefix + short
        if not is_widget(spec):
            yield name
            continue
        value = take(name, default(spec))
        yield Widget(name, spec, value)
        for _ in range(_companions(name, spec)):
            yield Widget(None, spec, take(None, None))
        if spec[0] == DYNAMIC_COMBO:
            chosen = [option["inputs"] for option in _options(spec)["options"] if option["key"] == value]
            for below in chosen:
                yield from _walk(below, f"{name}.", take)


def _slots(info: dict[str, Any], take: Take) -> tuple[list[Widget], list[str]]:
    """A node's widgets in order, and its sockets without a widget."""
    found = list(_walk(info["input"], "", take))
    widgets = [item for item in found if isinstance(item, Widget)]
    uploads = [s for s in info["input"].get("required", {}).values() if any(_options(s).get(key) for key in UPLOADS)]
    widgets += [Widget(None, spec, take(None, None)) for spec in uploads[:1]]  # the button stands after everything else
    return widgets, [item for item in found if isinstance(item, str)]


def saved_widgets(info: dict[str, Any], values: Iterable[Any]) -> list[Widget]:
    """A node's widgets with the values that a workflow holds for it; defaults for those that an older one lacks.

    Raises ValueError if there are more values than widgets.
    """
    left = list(values)
    widgets, _ = _slots(info, lambda _, fallback: left.pop(0) if left else fallback)
    if left:
        raise ValueError(f"{info['name']} has {len(widgets)} widgets; the values {left} are left over")
    return widgets


def to_prompt(workflow: dict[str, Any], object_info: dict[str, Any]) -> dict[str, Any]:
    """The prompt that the front end would queue for a saved workflow.

    Raises ValueError for a node that is unknown, muted or bypassed, or has more values than widgets.
    """
    sources = {link[0]: [str(link[1]), link[2]] for link in workflow["links"]}
    prompt = {}
    for node in workflow["nodes"]:
        if node["type"] in NOTES:
            continue
        if node.get("mode", ALWAYS) != ALWAYS:
            raise ValueError(f"node {node['id']} ({node['type']}) is muted or bypassed, which is not built here")
        widgets = saved_widgets(_info(node["type"], object_info), node.get("widgets_values", ()))
        inputs = {widget.name: widget.value for widget in widgets if widget.name}
        inputs |= {i["name"]: sources[i["link"]] for i in node.get("inputs", ()) if i.get("link") is not None}
        prompt[str(node["id"])] = {"class_type": node["type"], "inputs": inputs}
    return prompt


def complete(nodes: dict[str, Any], object_info: dict[str, Any]) -> dict[str, Any]:
    """The prompt that the front end would queue for nodes whose widgets are set and sockets connected as given.

    Args:
        nodes: id → {"class_type": …, "inputs": …}, like a prompt; what is not given takes its default.

    Raises ValueError for an unknown node, and for an input that a node does not have with the options that are chosen.
    """
    prompt = {}
    for number, node in nodes.items():
        info, given = _info(node["class_type"], object_info), node["inputs"]
        widgets, sockets = _slots(info, lambda name, fallback, given=given: given.get(name, fallback))
        inputs = {widget.name: widget.value for widget in widgets if widget.name}
        growing = [name for name in sockets if input_specs(info["input"]).get(name, [""])[0] == AUTOGROW]
        unknown = [n for n in given if n not in (*inputs, *sockets) and n.partition(".")[0] not in growing]
        if unknown:
            have = ", ".join((*sockets, *inputs))
            raise ValueError(f"node {number} ({node['class_type']}) has no input {', '.join(unknown)}; it has {have}")
        prompt[number] = {"class_type": node["class_type"], "inputs": inputs | given}
    return prompt


def _info(kind: str, object_info: dict[str, Any]) -> dict[str, Any]:
    if kind not in object_info:
        raise ValueError(f"this ComfyUI has no node {kind}")
    return object_info[kind]
