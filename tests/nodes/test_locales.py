"""Translations cover every node, input and output, and say something."""

from __future__ import annotations

import json
import re
import shutil
import sys
from typing import Any

import pytest

from tests.comfy_harness import ROOT
from tests.locale_tools import editor_texts, node_definitions

LANGUAGES = ("en", "zh", "ja")


def locale(language: str, name: str) -> dict[str, Any]:
    return json.loads((ROOT / "locales" / language / f"{name}.json").read_text(encoding="utf-8"))


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    """All texts of nested dictionaries by their path."""
    if isinstance(value, str):
        return {path: value}
    return {key: text for name, item in value.items() for key, text in leaves(item, (*path, name)).items()}


def test_english_covers_every_node_and_nothing_else(node_list) -> None:
    """The schemas read it; what is left over explains an input that is not there any more, or carries a wrong name."""
    assert locale("en", "nodeDefs") == node_definitions(node_list)


def test_a_missing_text_is_named(nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = sys.modules[nodes.TrackGoCanvas.__module__.rpartition(".")[0] + ".schema"]
    texts = locale("en", "nodeDefs")
    del texts["TrackGoCanvas"]["inputs"]["mask"]
    monkeypatch.setattr(schema, "_texts", lambda: texts)
    with pytest.raises(ValueError, match=r"locales/en/nodeDefs\.json has no text TrackGoCanvas\.inputs\.mask\.tooltip"):
        nodes.TrackGoCanvas.define_schema()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["nodeDefs", "main", "commands", "settings"])
def test_every_language_has_every_text(language: str, name: str) -> None:
    texts = leaves(locale(language, name))
    assert texts.keys() == leaves(locale("en", name)).keys()
    assert all(text.strip() for text in texts.values())


@pytest.mark.parametrize("language", ["zh", "ja"])
def test_explanations_are_translated(language: str) -> None:
    english = leaves(locale("en", "nodeDefs"))
    for path, text in leaves(locale(language, "nodeDefs")).items():
        if path[-1] in ("tooltip", "description"):
            assert text != english[path] and any(ord(letter) > 0x2FFF for letter in text), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_holds_what_the_front_end_takes_for_a_placeholder(language: str) -> None:
    """vue-i18n reads {…}, @ and | as its own syntax."""
    for name in ("nodeDefs", "main"):
        for path, text in leaves(locale(language, name)).items():
            assert not set("{}@|") & set(text), path


def test_commands_and_settings_are_called_as_the_front_end_registers_them() -> None:
    """The front end looks a text up under its id, with _ for the dots."""
    command = (ROOT / "js" / "motion_command.js").read_text(encoding="utf-8")
    ((id, label),) = re.findall(r"const ID = '([^']+)'\nconst LABEL = '([^']+)'", command)
    assert locale("en", "commands") == {id.replace(".", "_"): {"label": label}}
    settings = re.findall(r"id: '([^']+)', name: '([^']+)'", (ROOT / "js" / "settings.js").read_text(encoding="utf-8"))
    assert locale("en", "settings") == {id.replace(".", "_"): {"name": name} for id, name in settings}


@pytest.fixture(scope="module", name="editor_english")
def editor_english_texts() -> dict[str, Any]:
    """The editor's own English, asked of its module."""
    if shutil.which("node") is None:
        pytest.skip("the editor's texts are a JavaScript module; reading them needs node")
    return editor_texts()


def test_english_editor_texts_are_what_the_editor_says(editor_english: dict[str, Any]) -> None:
    assert locale("en", "main")["trackgo"] == editor_english, "run: python -m tests.locale_tools"


@pytest.mark.parametrize("language", ["zh", "ja"])
def test_editor_texts_are_translated_with_their_values_and_keys(language: str, editor_english: dict[str, Any]) -> None:
    english = leaves(editor_english)
    for path, text in leaves(locale(language, "main")["trackgo"]).items():
        assert any(ord(letter) > 0x2FFF for letter in text), path
        assert set(re.findall(r"%\d", text)) == set(re.findall(r"%\d", english[path])), path
        if path[0] == "shortcuts":
            assert re.search(r"[:：]\s*\S", text), f"{path}: keys, a colon, and what they do"
