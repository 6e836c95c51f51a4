"""The English locale: `python -m tests.locale_tools` writes the editor's texts into locales/en/main.json.

The nodes' texts are not written by anything: locales/en/nodeDefs.json is where they stand, the schemas read them there.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

from tests.comfy_harness import ROOT
from tests.comfy_standin import ComfyNode


def node_definitions(node_list: list[type[ComfyNode]]) -> dict[str, Any]:
    """What locales/en/nodeDefs.json must hold: names and texts of every node, input and output in the schemas."""
    definitions = {}
    for node in node_list:
        schema = node.define_schema()
        entry: dict[str, Any] = {"display_name": schema.display_name, "description": schema.description}
        if schema.inputs:
            entry["inputs"] = {
                i.id: {"name": i.display_name or i.id} | ({"tooltip": i.tooltip} if i.tooltip else {})
                for i in schema.inputs
            }
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


def main() -> None:
    path = ROOT / "locales" / "en" / "main.json"
    texts = json.loads(path.read_text(encoding="utf-8")) | {"trackgo": editor_texts()}
    path.write_text(json.dumps(texts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
