"""Put the present version on record: `python -m tests.released 0.3.0`."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import sys
import tempfile
from pathlib import Path

import torch

from tests.comfy_harness import ROOT
from tests.comfy_standin import load_pack, standin_comfyui
from tests.node_schemas import offered
from tests.released import FOLDER, measured, versions
from tests.trackgo.support import tiny_unet
from trackgo import TrackGo, __version__

WIDTHS, HEADS = (32, 32, 32, 32), (2, 2, 2, 2)


def two_valued_(model: TrackGo) -> TrackGo:
    """Matrices keep their signs and their mean size, which leaves a file that packs to a tenth."""
    with torch.no_grad():
        for p in model.parameters():
            if p.ndim > 1:
                p.copy_(torch.where(p >= 0, 1.0, -1.0) * p.abs().mean())
    return model


def pack_weights(path: Path) -> None:
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "trackgo.safetensors"
        two_valued_(TrackGo.for_unet(tiny_unet(WIDTHS, HEADS))).save(plain, torch.float16)
        with gzip.GzipFile(path, "wb", 9, mtime=0) as file:
            file.write(plain.read_bytes())


def main(arguments: list[str]) -> int:
    """Exit status: 0, or 2 with one sentence."""
    if arguments != [__version__]:
        print(
            f"say the version that is released, {__version__}: python -m tests.released {__version__}", file=sys.stderr
        )
        return 2
    folder, before = FOLDER / __version__, FOLDER / max(versions(), key=lambda v: [int(n) for n in v.split(".")])
    if folder.exists():
        print(f"{folder} is there already; a released version's record is never written again", file=sys.stderr)
        return 2
    folder.mkdir()
    with standin_comfyui():
        extension = asyncio.run(load_pack().comfy_entrypoint())
        nodes = offered(asyncio.run(extension.get_node_list()))
    (folder / "nodes.json").write_text(json.dumps(nodes, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    shutil.copyfile(ROOT / "workflows/trackgo_demo.json", folder / "workflow.json")
    shutil.copyfile(before / "drawing.json", folder / "drawing.json")
    pack_weights(folder / "trackgo.safetensors.gz")
    (folder / "expected.json").write_text(json.dumps(measured(folder), indent=1) + "\n", encoding="utf-8")
    print(f"wrote {folder}; add to drawing.json what this version is the first to draw, and expected.json anew")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
