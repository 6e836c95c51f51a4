"""Many runs in one ComfyUI, some of them interrupted: the model without TrackGo stays as it was, to the bit.

`python -m benchmarks.soak COMFYUI [--runs 300] [--interrupts 60]` starts that ComfyUI, queues the demo model with a new
drawing each time, presses Cancel at a random moment in some runs, and after each run samples the bare model, whose
frames must be those of the beginning. Prints the server's memory, threads and open files on the way; exits with 1 where
a frame differs or a run fails that was not cancelled.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.comfy_harness import ComfyInstall, ComfyServer, Run, comfy_server

FRAMES, SIDE, STEPS = 6, 128, 2
REPORTS = 12


def parts(seed: int, drawing: str | None) -> dict[str, Any]:
    """An API-format prompt: the demo model, with TrackGo where there is a drawing."""
    demo = "demo"
    size = {"width": SIDE, "height": SIDE}
    nodes: dict[str, Any] = {
        demo: {"class_type": "TrackGoDemoModel", "inputs": {}},
        "video": {
            "class_type": "SVD_img2vid_Conditioning",
            "inputs": {
                "clip_vision": [demo, 1], "init_image": [demo, 4], "vae": [demo, 2], "video_frames": FRAMES, **size,
            },
        },
        "sample": {
            "class_type": "KSampler",
            "inputs": {
                "model": [demo, 0], "positive": ["video", 0], "negative": ["video", 1], "latent_image": ["video", 2],
                "seed": seed, "steps": STEPS, "cfg": 1.0, "sampler_name": "euler", "scheduler": "karras",
            },
        },
        "decode": {"class_type": "VAEDecode", "inputs": {"samples": ["sample", 0], "vae": [demo, 2]}},
        "show": {"class_type": "PreviewImage", "inputs": {"images": ["decode", 0]}},
    }  # fmt: skip
    if drawing is not None:
        nodes["canvas"] = {"class_type": "TrackGoCanvas", "inputs": {"image": [demo, 4], "editor": drawing}}
        nodes["points"] = {
            "class_type": "TrackGoPointTrajectories",
            "inputs": {"drawing": ["canvas", 0], "frames": FRAMES, "seed": seed, **size},
        }
        given = {"model": [demo, 0], "trackgo": [demo, 3], "tracks": ["points", 0]}
        nodes["apply"] = {"class_type": "TrackGoApply", "inputs": given}
        nodes["sample"]["inputs"]["model"] = ["apply", 0]
    return nodes


def random_drawing(rng: random.Random) -> str:
    def component() -> dict[str, Any]:
        u, v = rng.uniform(0.25, 0.75), rng.uniform(0.25, 0.75)
        there = [u + rng.uniform(-0.2, 0.2), v + rng.uniform(-0.2, 0.2)]
        stroke = {"tool": "brush", "radius": rng.uniform(0.05, 0.2), "points": [[u, v]]}
        return {"mask": {"strokes": [stroke]}, "arrows": [{"points": [[u, v], there], "curve": "straight"}]}

    return json.dumps({"version": 1, "components": [component() for _ in range(rng.randint(1, 3))]})


def frames(server: ComfyServer, run: Run) -> np.ndarray:
    return np.stack([server.image(saved) for saved in run.outputs["show"]["images"]])


def process_of(server: ComfyServer) -> Path:
    """The server's folder under /proc."""
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and f"\0{server.port}\0" in (folder / "cmdline").read_text():
                return folder
        except OSError:
            continue
    raise RuntimeError("the server's process was not found: this reads /proc and runs on Linux")


def state(process: Path) -> tuple[float, int, int]:
    """Resident memory in MB, threads, open files."""
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    opened = sum(1 for _ in (process / "fd").iterdir())
    return int(status["VmRSS"].split()[0]) / 1024, int(status["Threads"]), opened


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("comfyui", type=Path)
    parser.add_argument("--python", type=Path, help="ComfyUI's own; its venv's where this is left out")
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--interrupts", type=int, default=60)
    options = parser.parse_args()
    rng = random.Random(0)
    cancelled = set(rng.sample(range(options.runs), options.interrupts))
    install = ComfyInstall(options.comfyui, options.python or options.comfyui / "venv" / "bin" / "python")
    differ = failed = stopped = 0
    with comfy_server(install) as server:
        bare = server.prompt(parts(0, None))
        expected = frames(server, server.run(bare))
        started = time.monotonic()
        server.run(server.prompt(parts(1, random_drawing(rng))))
        seconds = time.monotonic() - started
        process = process_of(server)
        print("| runs | cancelled | memory, MB | threads | open files |\n|---|---|---|---|---|")
        for number in range(options.runs):
            prompt_id = server.queue(server.prompt(parts(number, random_drawing(rng))))
            if number in cancelled:
                time.sleep(rng.uniform(0, seconds))
                server.interrupt()
            run = server.wait(prompt_id)
            stopped += number in cancelled and run.error is not None
            failed += number not in cancelled and run.error is not None
            after = server.run(bare)
            differ += after.error is not None or not np.array_equal(frames(server, after), expected)
            if (number + 1) % max(1, options.runs // REPORTS) == 0:
                memory, threads, opened = state(process)
                print(f"| {number + 1} | {stopped} | {memory:.0f} | {threads} | {opened} |", flush=True)
    print(
        f"{options.runs} runs, Cancel pressed in {options.interrupts} of them and in time for {stopped}; the bare "
        f"model differed {differ} times, {failed} runs failed"
    )
    return int(differ > 0 or failed > 0)


if __name__ == "__main__":
    sys.exit(main())
