"""What people type into the node search leads to the right node."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import pytest

from tests.comfy_harness import ComfyServer
from tests.comfy_standin import Schema

WANTED = {
    "motion brush": "TrackGoCanvas", "arrow": "TrackGoCanvas", "drag": "TrackGoCanvas", "paint": "TrackGoCanvas",
    "path": "TrackGoCanvas", "spline": "TrackGoImportTracks", "svd": "TrackGoApply", "camera": "TrackGoCameraMotion",
}  # fmt: skip


@dataclass
class SchemaWithAliases(Schema):
    search_aliases: list[str] = field(default_factory=list)


def test_every_node_has_words_and_no_word_names_nothing(nodes, node_list) -> None:
    words = sys.modules[nodes.TrackGoCanvas.__module__.rpartition(".")[0] + ".search_words"].SEARCH_WORDS
    assert words.keys() == {node.define_schema().node_id for node in node_list}


@pytest.mark.parametrize("word", WANTED)
def test_words_stand_in_the_aliases_or_where_there_are_none_in_the_description(word: str, nodes) -> None:
    module = sys.modules[nodes.TrackGoCanvas.__module__.rpartition(".")[0] + ".schema"]
    schema = getattr(nodes, WANTED[word]).define_schema()
    assert word in f"{schema.display_name} {schema.description}".lower()
    known = module.described(SchemaWithAliases(schema.node_id, inputs=schema.inputs, outputs=schema.outputs))
    assert word in known.search_aliases


def test_the_real_comfyui_hands_the_words_on(comfy: ComfyServer) -> None:
    info = comfy.get("/object_info")["TrackGoCanvas"]
    if "search_aliases" not in info:
        pytest.skip("this ComfyUI has no search aliases")
    assert "motion brush" in info["search_aliases"]
