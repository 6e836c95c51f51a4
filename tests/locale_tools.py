"""The English locale: `python -m tests.locale_tools` writes locales/en from the nodes' schemas and editor's texts."""

from __future__ import annotations

import asyncio
import json
import subprocess
from typing import Any

from tests.comfy_harness import ROOT
from tests.comfy_standin import ComfyNode, load_pack, standin_comfyui


def node_definitions(node_list: list[type[ComfyNode]]) -> dict[str, Any]:
    """What locales/en/nodeDefs.json must hold: names and tooltips of every node, input and output."""
    definitions = {}
    for node in node_list:
        schema = node.define_schema()
        entry: dict[str, Any] = {"display_name": schema.display_name, "description": schema.description}
        if schema.inputs:
            entry["inputs"] = {i.id: {"name": i.display_name or i.id, "tooltip": i.tooltip} for i in schema.inputs}
        entry["outputs"] = {
            str(slot): {"name": o.display_name or o.id, "tooltip": o.tooltip} for slot, o in enumerate(schema.outputs)
        }
        definitions[schema.node_id] = entry
    return definitions


def editor_texts() -> dict[str, Any]:
    """What locales/en/main.json must hold as `trackgo`: every text of js/editor/texts.js. Needs node."""
    module = (ROOT / "js" / "editor" / "texts.js").as_uri()
    script = f"import('{module}').then(({{ ENGLISH }}) => console.log(JSON.stringify(ENGLISH)))"
    done = subprocess.run(["node", "--input-type=module", "-e", script], capture_output=True, check=True)
    return json.loads(done.stdout)


def write(name: str, texts: dict[str, Any]) -> None:
    path = ROOT / "locales" / "en" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(texts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    with standin_comfyui():
        extension = asyncio.run(load_pack().comfy_entrypoint())
        definitions = node_definitions(asyncio.run(extension.get_node_list()))
    write("nodeDefs.json", definitions)
    others = json.loads((ROOT / "locales" / "en" / "main.json").read_text(encoding="utf-8"))
    write("main.json", others | {"trackgo": editor_texts()})


if __name__ == "__main__":
    main()
