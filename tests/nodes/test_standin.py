"""The stand-in against the real API: same signatures, same schema for every node."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests import comfy_standin
from tests.comfy_harness import ComfyInstall, ComfyServer
from tests.comfy_standin import ComfyNode, parameters

TYPES = [*comfy_standin.SOCKET_TYPES, *comfy_standin.WIDGETS]
CALLABLES = [
    *(f"io.{name}.{side}" for name in TYPES for side in ("Input", "Output")),
    "io.NodeOutput",
    "io.Schema",
    "ui.SavedResult",
    "ui.ImageSaveHelper.save_images",
    "ui.ImageSaveHelper.save_animated_webp",
    "ui.PreviewImage",
    "ui.PreviewText",
]
ASK_REAL_API = """
import inspect, json, sys
from functools import reduce
from comfy_api.latest import ComfyExtension, io, ui
def parameters(function):
    found = inspect.signature(function).parameters.values()
    return [[p.name, p.kind.name, repr(p.default)] for p in found if p.name != "self"]
api = {"io": io, "ui": ui}
answer = {}
for path in json.loads(sys.argv[1]):
    first, *rest = path.split(".")
    answer[path] = parameters(reduce(getattr, rest, api[first]))
print("ANSWER" + json.dumps(answer))
"""


@pytest.fixture(scope="module")
def real_parameters(comfy_install: ComfyInstall) -> dict[str, list[list[str]]]:
    """Signatures of everything in CALLABLES, asked of the real API in its own Python."""
    command = [str(comfy_install.python), "-c", ASK_REAL_API, json.dumps(CALLABLES)]
    done = subprocess.run(command, cwd=comfy_install.path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.split("ANSWER")[1])


@pytest.mark.parametrize("path", CALLABLES)
def test_signatures_are_the_real_ones(path: str, real_parameters: dict, node_list) -> None:
    """Every parameter of the stand-in exists in the real API, in the same order, with the same kind and default."""
    from comfy_api.latest import io, ui

    ours = {"io": io, "ui": ui}[path.split(".")[0]]
    for name in path.split(".")[1:]:
        ours = getattr(ours, name)
    expected = real_parameters[path]
    names = [name for name, _, _ in expected]
    for name, kind, default in parameters(ours):
        assert name in names, f"the real {path} has no parameter {name}"
        real_kind, real_default = next((k, d) for n, k, d in expected if n == name)
        assert kind == real_kind
        # 0.8 has empty lists made by a factory where 0.3 has None
        assert default == real_default or (default == "None" and "factory" in real_default), f"{path}({name})"
    ordered = [name for name in names if name in {n for n, _, _ in parameters(ours)}]
    assert [name for name, _, _ in parameters(ours)] == ordered


def _info(node: type[ComfyNode]) -> dict:
    info = json.loads(json.dumps(node.GET_NODE_INFO_V1()))
    info.pop("python_module")
    return info


def test_every_node_has_the_same_schema_in_the_real_comfyui(comfy: ComfyServer, node_list) -> None:
    real = comfy.get("/object_info")
    for node in node_list:
        ours = _info(node)
        assert ours["name"] in real, f"{ours['name']} is not in the real ComfyUI; log:\n{comfy.log_tail()}"
        theirs = real[ours["name"]]
        names = zip(node.define_schema().outputs, theirs["output_name"], strict=True)
        # without a display name 0.3 shows the type and 0.8 the id
        assert all(shown == o.display_name or (not o.display_name and shown in (o.io_type, o.id)) for o, shown in names)
        ours["output_name"] = theirs["output_name"]
        assert {key: theirs[key] for key in ours} == ours


def test_placeholders_refuse_to_work(node_list) -> None:
    import comfy.sd

    with pytest.raises(comfy_standin.NeedsComfyUI, match=r"comfy\.sd\.VAE needs a real ComfyUI"):
        comfy.sd.VAE()
