"""The documents that Python and JavaScript must both take, and both refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trackgo import Drawing

DOCUMENTS = json.loads((Path(__file__).parents[2] / "fixtures" / "documents.json").read_text(encoding="utf-8"))


def written(parts: list[str | dict]) -> str:
    return "".join(
        part if isinstance(part, str) else part["between"].join([part["text"]] * part["times"]) for part in parts
    )


@pytest.mark.parametrize("case", DOCUMENTS["good"], ids=lambda case: case["name"])
def test_taken_and_saved_again(case: dict) -> None:
    drawing = Drawing.from_json(written(case["text"]))
    assert Drawing.from_json(drawing.to_json()) == drawing


@pytest.mark.parametrize("case", DOCUMENTS["bad"], ids=lambda case: case["name"])
def test_refused_with_one_sentence(case: dict) -> None:
    with pytest.raises(ValueError) as caught:
        Drawing.from_json(written(case["text"]))
    assert case["says"] in str(caught.value) and len(str(caught.value)) < 400 and "\n" not in str(caught.value)
