"""Fixtures for every test that needs the pack's nodes or a real ComfyUI."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import hypothesis
import pytest
import torch

from tests.comfy_harness import ComfyInstall, ComfyServer, comfy_server, find_comfyui, which_run, why_missing
from tests.comfy_standin import ComfyNode, NodeOutput, load_pack, standin_comfyui

torch.set_num_threads(1)  # models this small lose by more, most of all on a busy machine
# On a machine that does other things time says nothing; and a failure that comes and goes with chance helps nobody.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.load_profile("steady")
INSTALLS = find_comfyui()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once, loudly, which ComfyUIs the tests ran against and what was skipped for which reason."""
    skipped = terminalreporter.stats.get("skipped", [])
    reports = [report for group in terminalreporter.stats.values() for report in group]
    if any("[comfyui-" in getattr(report, "nodeid", "") for report in reports):
        terminalreporter.write_line(which_run(), yellow=True, bold=True)
    if skipped:
        reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ").split("\n")[0] for report in skipped)
        what = "; ".join(f"{count} × {reason}" for reason, count in reasons.most_common())
        terminalreporter.write_line(f"SKIPPED {len(skipped)} TESTS: {what}", yellow=True, bold=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a browser says so."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker("browser")


class Nodes(SimpleNamespace):
    """The pack's node classes by id, loaded over the stand-in for ComfyUI."""

    def run(self, node_id: str, **inputs: Any) -> NodeOutput:
        """Execute a node as ComfyUI would: inputs that are not given take their schema's defaults."""
        node = getattr(self, node_id)
        given = {i.id: i.default for i in node.define_schema().inputs if getattr(i, "default", None) is not None}
        given |= {i.id: i.extra_dict["default"] for i in node.define_schema().inputs if "default" in i.extra_dict}
        unknown = set(inputs) - {i.id for i in node.define_schema().inputs}
        assert not unknown, f"{node_id} has no input {unknown}"
        return node.execute(**(given | inputs))


@pytest.fixture(scope="session")
def node_list() -> Iterator[list[type[ComfyNode]]]:
    """The classes that the pack's entrypoint hands to ComfyUI."""
    with standin_comfyui():
        with ThreadPoolExecutor(1) as pool:  # Playwright keeps an event loop running in the main thread
            extension = pool.submit(asyncio.run, load_pack().comfy_entrypoint()).result()
            found = pool.submit(asyncio.run, extension.get_node_list()).result()
        yield found


@pytest.fixture(scope="session")
def nodes(node_list: list[type[ComfyNode]]) -> Nodes:
    """The pack's nodes by id; `nodes.run(id, …)` executes one."""
    assert not any(inspect.isabstract(node) for node in node_list)
    return Nodes(**{node.define_schema().node_id: node for node in node_list})


@pytest.fixture(
    scope="session", params=INSTALLS or (None,), ids=lambda i: f"comfyui-{i.version}" if i else "no-comfyui"
)
def comfy_install(request: pytest.FixtureRequest) -> ComfyInstall:
    """A real ComfyUI; the test is skipped where there is none."""
    if request.param is None:
        pytest.skip(why_missing())
    return request.param


@pytest.fixture(scope="session")
def comfy(comfy_install: ComfyInstall) -> Iterator[ComfyServer]:
    """A running ComfyUI server with this pack in it."""
    with comfy_server(comfy_install) as server:
        yield server
