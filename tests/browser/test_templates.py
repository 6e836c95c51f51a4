"""Every template in the front end that a ComfyUI brings along: nothing covers anything, opened and after a run."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from tests.browser.template_page import TEMPLATES, VIEW, Box, TemplatePage, read_template
from tests.comfy_harness import ComfyServer
from tests.workflow_format import NOTES

pytestmark = pytest.mark.slow

MIN_GAP = 8  # px of the graph
RUN = ("trackgo_demo", "trackgo_attention")  # between them they show every kind of node that has something to show


@pytest.fixture(scope="module", params=["classic", "nodes2"])
def shown(request: pytest.FixtureRequest, chromium, comfy: ComfyServer):
    page = chromium.new_page(viewport=VIEW)
    yield TemplatePage(page, comfy, vue=request.param == "nodes2")
    page.close()


@pytest.fixture(scope="module")
def outputs(shown: TemplatePage) -> dict[str, dict[str, Any]]:
    """What a run of the demo gives, by the kind of node."""
    graph = read_template("trackgo_demo")
    shown.show(graph)
    found = shown.run()
    return {node["type"]: found[str(node["id"])] for node in graph["nodes"] if str(node["id"]) in found}


def covered(boxes: dict[int, Box], kinds: dict[int, str]) -> list[str]:
    """Pairs of nodes with less than `MIN_GAP` between them."""
    found = []
    for (one, a), (other, b) in combinations(boxes.items(), 2):
        across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        if across > -MIN_GAP and down > -MIN_GAP:
            found.append(f"{kinds[one]} and {kinds[other]}: {across:.0f} px across, {down:.0f} px down")
    return found


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_node_of_a_template_covers_another(name: str, shown: TemplatePage, outputs: dict) -> None:
    graph = read_template(name)
    kinds = {node["id"]: node["type"] for node in graph["nodes"]}
    shown.show(graph)
    assert covered(shown.boxes(), kinds) == [], "as opened"
    if name in RUN:
        shown.run()
    else:
        shown.pretend({str(number): outputs[kind] for number, kind in kinds.items() if kind in outputs})
    boxes = shown.boxes()
    assert covered(boxes, kinds) == [], "after a run"
    for number, (left, top, right, bottom) in boxes.items():
        inside = [g for g in graph["groups"] if _within(left, top, right, bottom, *g["bounding"])]
        assert len(inside) == 1 or kinds[number] in NOTES, f"{kinds[number]} lies in one group"


def _within(left: float, top: float, right: float, bottom: float, *group: float) -> bool:
    x, y, width, height = group
    return x <= left and y <= top and right <= x + width and bottom <= y + height


def test_the_score_stands_on_its_node(shown: TemplatePage, outputs: dict) -> None:
    graph = read_template("trackgo_attention")
    (score,) = (node["id"] for node in graph["nodes"] if node["type"] == "TrackGoObjMC")
    shown.show(graph)
    (text,) = shown.run()[str(score)]["text"]
    written = shown.page.get_by_text(text, exact=True)
    assert text.startswith("ObjMC ")
    if shown.vue and shown.comfy.install.version == "0.3.64":
        pytest.skip("front end 1.27 shows no widget in Nodes 2.0 that comes after the node")
    written.wait_for(state="visible", timeout=20_000)
    x, y, width, height = (written.bounding_box()[key] for key in ("x", "y", "width", "height"))
    left, top, right, bottom = shown.on_screen(shown.boxes()[score])
    assert left <= x and top <= y and x + width <= right + 1 and y + height <= bottom + 1
