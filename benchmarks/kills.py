"""kill -9 at random moments of train, prepare, export, generate and evaluate: what stands at its name is whole, and the
same command run again ends as if nothing had happened.

`python -m benchmarks.kills [--moments 30] [--only NAME]` runs each on tiny inputs with the demo model, one thread, in a
process forked from one that has imported everything, so that the moments fall into the work and not into the imports;
kills it after a random part of the undisturbed run's time; reads every file that is not hidden; runs it again (train
with --resume) to its end, and compares every file with the undisturbed run's, byte by byte. What no two runs have alike
is left out: times, memory and TensorBoard's file. Prints one row per command; exits with 1 where anything differs
or is damaged. For Linux and macOS.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a process that has started threads cannot be forked safely

import av
import torch
import yaml
from PIL import Image
from safetensors.torch import load_file

from tests.trackgo.preparation.clips import write_known_clip
from tests.trackgo.training.support import configuration
from trackgo.cli import main as trackgo
from trackgo.demo.example import example_drawing, example_image
from trackgo.evaluation import session  # noqa: F401  imported here so that the forked processes need not
from trackgo.files import write_picture, write_text
from trackgo.preparation import run as preparation  # noqa: F401
from trackgo.preparation.shards import read_tar
from trackgo.training import export, state, trainer  # noqa: F401
from trackgo.training.config import to_mapping
from trackgo.video import read_clip

_VARIES = {"seconds_per_step", "peak_gib"}
_SECONDS = 900  # no command takes so long, on however busy a machine


@dataclass(frozen=True)
class Command:
    """``arguments`` with ``again`` behind them when it is run again; everything it writes lies in ``out``."""

    name: str
    arguments: Sequence[str]
    out: Path
    again: Sequence[str] = ()


def commands(home: Path) -> list[Command]:
    """The five on tiny inputs under ``home``, which `prepare_inputs` has made."""
    small = ["--frames", "6", "--seed", "3"]
    inputs = home / "in"
    return [
        Command("train", ["train", str(inputs / "train.yaml")], home / "train", ["--resume"]),
        Command(
            "prepare",
            ["prepare", str(inputs / "clips"), "--out", str(home / "shards"), "--frames", "8", "--size", "192x128",
             "--shard-clips", "2", "--preview"],
            home / "shards",
        ),
        Command(
            "export",
            ["export", str(inputs / "run"), "--out", str(home / "exported" / "trackgo.safetensors"),
             "--unet", str(home / "exported" / "unet")],
            home / "exported",
        ),
        Command(
            "generate",
            ["generate", "--image", str(inputs / "picture.png"), "--drawing", str(inputs / "drawing.json"), *small,
             "--width", "128", "--height", "128", "--steps", "2", "--out", str(home / "generated" / "clip.mkv")],
            home / "generated",
        ),
        Command(
            "evaluate",
            ["evaluate", "world", "--count", "2", *small, "--size", "64x64", "--steps", "1", "--fvd", "off", "--fid",
             "off", "--keep-videos", "--out", str(home / "evaluated")],
            home / "evaluated",
        ),
    ]  # fmt: skip


def prepare_inputs(home: Path) -> None:
    """Clips, a picture with a drawing, a training configuration, and a run to export."""
    inputs = home / "in"
    (inputs / "clips").mkdir(parents=True)
    for number in range(3):
        write_known_clip(inputs / "clips" / f"clip{number}.mkv", number, frames=8)
    write_picture(inputs / "picture.png", example_image(128, 128))
    write_text(inputs / "drawing.json", example_drawing().to_json())
    for name, steps in (("train", 4), ("run", 1)):
        folder = home / "train" if name == "train" else inputs / "run"
        stages = [{"steps": steps, "width": 64, "height": 64, "frames": 6, "batch_size": 1}]
        config = configuration(
            Path("demo"), folder, stages=stages, run={"folder": str(folder), "checkpoint_every": 1, "keep": 2},
            evaluation={"every": 2, "scenes": 2, "sampling_steps": 2, "sheets": 1},
        )  # fmt: skip
        write_text(inputs / f"{name}.yaml", yaml.safe_dump(to_mapping(config)))
    if trackgo(["train", str(inputs / "run.yaml")]):
        raise RuntimeError("the run that is to be exported failed")


# ---------------------------------------------------------------------------------------------------------------------
# Processes
# ---------------------------------------------------------------------------------------------------------------------


def forked(work: Callable[[], object], log: Path) -> int:
    """Start ``work`` in a process of its own, which writes to ``log``; its id."""
    child = os.fork()
    if child:
        return child
    status = 70
    try:
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        torch.set_num_threads(1)
        status = int(work() or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def ended(child: int, seconds: float) -> int | None:
    """The exit status of a process that ends within so many seconds; None for one that goes on."""
    until = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= until:
            return None
        time.sleep(min(0.01, max(0.0, until - time.monotonic())))


def completed(work: Callable[[], object], log: Path) -> float:
    """Run to the end; the seconds it took. RuntimeError with what it said where it fails."""
    started = time.monotonic()
    child = forked(work, log)
    status = ended(child, _SECONDS)
    if status is None:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if status != 0:
        raise RuntimeError(f"exit status {status}: {log.read_text(errors='replace')[-2000:]}")
    return time.monotonic() - started


# ---------------------------------------------------------------------------------------------------------------------
# Files
# ---------------------------------------------------------------------------------------------------------------------


def standing(folder: Path) -> list[Path]:
    """The files that are not hidden, nor in a hidden folder, without TensorBoard's."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    parts = lambda path: path.relative_to(folder).parts  # noqa: E731
    return [p for p in found if not any(part.startswith(".") or part == "tensorboard" for part in parts(p))]


def contents(folder: Path) -> dict[str, str]:
    """What the files hold, by name: a digest, and for a training's records what does not vary."""
    found = {}
    for path in standing(folder):
        data = path.read_bytes()
        if path.name == "metrics.jsonl":
            lines = [json.loads(line) for line in data.splitlines()]
            data = json.dumps([{k: v for k, v in line.items() if k not in _VARIES} for line in lines]).encode()
        found[str(path.relative_to(folder))] = hashlib.sha256(data).hexdigest()
    return found


def damaged(folder: Path) -> list[str]:
    """What stands under its name and cannot be read, each with the reason. Only the last line of a training's records
    may be torn: they grow while it runs."""
    problems = []
    for path in standing(folder):
        try:
            _read(path)
        except Exception as error:  # every reader has its own kinds
            problems.append(f"{path.relative_to(folder)}: {error}")
    for checkpoint in state.checkpoints(folder / "checkpoints"):
        try:
            state.load(checkpoint)
        except (ValueError, OSError) as error:
            problems.append(str(error))
    return problems


def _read(path: Path) -> None:
    ending = path.suffix
    if ending == ".safetensors":
        load_file(path)
    elif ending == ".json":
        json.loads(path.read_bytes())
    elif ending == ".jsonl":
        for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
            json.loads(line)
    elif ending == ".tar":
        if not list(read_tar(path)):
            raise ValueError("no sample in it")
    elif ending in (".mkv", ".gif"):
        with av.open(str(path)) as container:
            expected = container.streams.video[0].frames
        frames = len(read_clip(path)[0])
        if frames < max(expected, 6):
            raise ValueError(f"{frames} frames")
    elif ending in (".png", ".jpg"):
        with Image.open(path) as picture:
            picture.load()
    elif ending == ".csv":
        text = path.read_text(encoding="utf-8")
        if not text.endswith("\n") or len({len(row) for row in csv.reader(text.splitlines())}) != 1:
            raise ValueError("its rows are not of one length")
    elif ending == ".html":
        if not path.read_text(encoding="utf-8").rstrip().endswith("</html>"):
            raise ValueError("its end is missing")
    else:
        raise ValueError("nobody here knows how to read it")


# ---------------------------------------------------------------------------------------------------------------------


def kill_often(command: Command, moments: int, rng: random.Random, log: Path) -> tuple[int, int, int]:
    """Kills that came in time, results that differed, and moments after which something was damaged."""
    run = lambda *more: lambda: trackgo([*command.arguments, *more])  # noqa: E731
    seconds = completed(run(), log)
    expected = contents(command.out)
    killed = differed = broken = 0
    for _ in range(3 * moments):
        shutil.rmtree(command.out)
        child = forked(run(), log)
        in_time = ended(child, rng.uniform(0, seconds)) is None
        if in_time:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        problems = damaged(command.out) if command.out.exists() else []
        for problem in problems:
            print(f"{command.name}: damaged: {problem}", file=sys.stderr)
        completed(run(*command.again), log)
        found = contents(command.out)
        odd = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        if odd:
            print(f"{command.name}: differs: {', '.join(odd)}", file=sys.stderr)
        killed, differed, broken = killed + in_time, differed + bool(odd), broken + bool(problems)
        print(f"{command.name}: {killed} of {moments}", file=sys.stderr, flush=True)
        if killed == moments:
            break
    return killed, differed, broken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=30, help="kills of each command")
    parser.add_argument("--only", action="append", metavar="NAME", help="this command alone; may be repeated")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    bad = 0
    with tempfile.TemporaryDirectory(prefix="trackgo-kills-") as folder:
        home = Path(folder)
        log = home / "log.txt"
        completed(lambda: prepare_inputs(home), log)
        print("| command | moments | differed | damaged |\n|---|---|---|---|", flush=True)
        for command in commands(home):
            if options.only and command.name not in options.only:
                continue
            counts = kill_often(command, options.moments, rng, log)
            bad += sum(counts[1:])
            print(f"| {command.name} | {' | '.join(map(str, counts))} |", flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
