"""The pack in a process of ComfyUI's own Python, for the scripts beside this file."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def load_pack() -> tuple[str, dict[str, type]]:
    """Import the pack as ComfyUI does, under a path-like name; its nodes by id."""
    name = str(ROOT).replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(name, ROOT / "__init__.py", submodule_search_locations=[str(ROOT)])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    extension = asyncio.run(module.comfy_entrypoint())
    return name, {node.define_schema().node_id: node for node in asyncio.run(extension.get_node_list())}
