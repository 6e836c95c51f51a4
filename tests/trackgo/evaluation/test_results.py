"""Tables that other programs open."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from trackgo.evaluation.results import _csv


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=12), min_size=1, max_size=4))
def test_no_name_is_a_formula_and_all_are_read_again(names: list[str]) -> None:
    names = [*names, "=1+2", "+cmd|'/c calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "-0.5", ""]
    (row,) = csv.reader(io.StringIO(_csv([names]), newline=""))
    assert [cell.removeprefix("'") for cell in row] == [name.removeprefix("'") for name in names]
    for cell in row:
        assert not cell.startswith(("=", "+", "-", "@", "\t")) or cell.strip("+-").replace(".", "").isalnum()
