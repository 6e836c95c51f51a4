"""What this pack adds to ComfyUI's start: importing it, building its nodes and their schemas.

`python -m benchmarks.import_time [--runs 7]` takes the ComfyUIs that the tests take (COMFYUI_PATHS names them, see
tests/comfy_harness.py), starts Python anew for every run, loads what ComfyUI itself loads before any pack (torch among
it), and times ComfyUI's own loading of this pack. Prints the median of the runs, in seconds by the clock and of the
processor; on a busy machine the latter is the one to read.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess

from benchmarks.busy import noticed
from tests.comfy_harness import ROOT, ComfyInstall, find_comfyui, why_missing

# In the order of ComfyUI's main.py: `utils` before `nodes`, which puts comfy/utils.py in its way.
_LOAD = """
import asyncio, json, sys, time
import comfy.options
comfy.options.enable_args_parsing()
import utils.extra_config, utils.install_util
import execution, server, nodes
async def load():
    await nodes.init_builtin_extra_nodes()
    before = set(sys.modules)
    started = time.perf_counter(), time.process_time()
    loaded = await nodes.load_custom_node(PACK, module_parent="custom_nodes")
    spent = time.perf_counter() - started[0], time.process_time() - started[1]
    assert loaded and "TrackGoCanvas" in nodes.NODE_CLASS_MAPPINGS, "ComfyUI did not load the pack"
    others = {name.partition(".")[0] for name in set(sys.modules) - before if PACK not in name}
    print(json.dumps({"wall": spent[0], "processor": spent[1], "others": sorted(others)}))
asyncio.run(load())
"""


def measured(install: ComfyInstall) -> dict:
    """One start: seconds "wall" and "processor", and the packages that nothing else had loaded, "others"."""
    command = [str(install.python), "-c", _LOAD.replace("PACK", repr(str(ROOT))), "--cpu"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    run = subprocess.run(command, cwd=install.path, env=environment, capture_output=True, encoding="utf-8", check=False)
    if run.returncode:
        raise RuntimeError(f"ComfyUI {install.version} did not load the pack:\n{run.stderr[-2000:]}")
    return json.loads(run.stdout.splitlines()[-1])


@noticed()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    installs = find_comfyui()
    if not installs:
        parser.error(why_missing())
    for install in installs:
        measured(install)  # the first one writes the compiled files
        runs = [measured(install) for _ in range(options.runs)]
        wall, processor = ([run[key] for run in runs] for key in ("wall", "processor"))
        clock, work = statistics.median(wall), statistics.median(processor)
        print(f"ComfyUI {install.version}: {clock:.2f} s by the clock ({min(wall):.2f} to {max(wall):.2f}),", end=" ")
        print(f"{work:.2f} s of the processor; median of {len(runs)}")
        print(f"  packages that nothing else had loaded: {', '.join(runs[-1]['others']) or 'none'}", flush=True)


if __name__ == "__main__":
    main()
