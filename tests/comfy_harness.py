"""Finds real ComfyUIs, runs one as a server with this pack in it, and queues prompts through its API.

Which ComfyUIs the tests run against:

- `COMFYUI_PATHS` names them, separated by `os.pathsep` (`:`, on Windows `;`), each with its own Python behind a `=`
  where it is not one of those below: `~/a/ComfyUI:~/b/ComfyUI=/opt/python3.11/bin/python`. The tests run against each.
- `COMFYUI_PATH` does the same, without Pythons.
- Without either: the ComfyUI this pack lies in (`…/ComfyUI/custom_nodes/<this pack>`), else `~/comfy/ComfyUI`,
  comfy-cli's default place. With `TRACKGO_ALL_COMFYUIS=1` both, and every other `~/comfy/ComfyUI*`.

A ComfyUI's Python is the one named with it, or `COMFYUI_PYTHON`, or a `venv`, `.venv` or `python_embeded` inside
ComfyUI or beside it, or else the running Python if that can import ComfyUI's needs. The server gets a base directory of
its own: nothing of the user's is read or written.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.workflow_format import complete, to_prompt

ROOT = Path(__file__).resolve().parents[1]
PACK_NAME = "ComfyUI-TrackGo"
NEEDS = "torch, torchsde, torchvision, aiohttp, yarl, einops, transformers, safetensors, scipy, av, alembic, sqlalchemy"
VARIABLES = ("COMFYUI_PATHS", "COMFYUI_PATH")
START_SECONDS, RUN_SECONDS = 300, 300


@dataclass(frozen=True)
class ComfyInstall:
    """A ComfyUI source folder and the Python that runs it."""

    path: Path
    python: Path

    @functools.cached_property
    def version(self) -> str:
        """Its version, e.g. "0.3.64"; "unknown" for a source folder without the version file."""
        file = self.path / "comfyui_version.py"
        return file.read_text().split('"')[1] if file.is_file() else "unknown"


def _is_comfyui(path: Path) -> bool:
    return (path / "main.py").is_file() and (path / "comfy" / "sd.py").is_file()


def _python_for(path: Path) -> Path | None:
    if "COMFYUI_PYTHON" in os.environ:
        return Path(os.environ["COMFYUI_PYTHON"])
    for home in (path, path.parent):
        for name in (
            "venv/bin/python",
            ".venv/bin/python",
            "venv/Scripts/python.exe",
            ".venv/Scripts/python.exe",
            "python_embeded/python.exe",
        ):
            if (home / name).is_file():
                return home / name
    return Path(sys.executable) if _running_python_serves() else None


@functools.lru_cache(maxsize=1)
def _running_python_serves() -> bool:
    return subprocess.run([sys.executable, "-c", f"import {NEEDS}"], capture_output=True, check=False).returncode == 0


def _named() -> list[ComfyInstall]:
    """What the environment names, each as `folder` or `folder=python`."""
    variable = next(name for name in VARIABLES if os.environ.get(name))
    found = []
    for item in filter(None, os.environ[variable].split(os.pathsep)):
        folder, _, own = item.partition("=") if variable == "COMFYUI_PATHS" else (item, "", "")
        path = Path(folder).expanduser().resolve()
        if not _is_comfyui(path):
            raise FileNotFoundError(f"{variable} names {path}, which holds no ComfyUI (no main.py and comfy/sd.py)")
        python = Path(own).expanduser() if own else _python_for(path)
        if python is None:
            raise FileNotFoundError(f"{variable} names {path}, for which no Python is found: no venv in or beside it")
        if not python.is_file():
            raise FileNotFoundError(f"the Python named for {path}, {python}, is not there")
        found.append(ComfyInstall(path, python))
    return found


def _around() -> list[ComfyInstall]:
    """Every ComfyUI with a Python at the usual places, the one that comes first by default in front."""
    home = Path.home() / "comfy"
    places = [ROOT.parents[1]] if ROOT.parent.name == "custom_nodes" else []
    places += [home / "ComfyUI", *sorted(home.glob("ComfyUI*"))]
    candidates = [(path, _python_for(path)) for path in dict.fromkeys(places) if _is_comfyui(path)]
    return [ComfyInstall(path, python) for path, python in candidates if python is not None]


@functools.lru_cache(maxsize=1)
def find_comfyui() -> tuple[ComfyInstall, ...]:
    """Every ComfyUI the tests shall run against, none if there is none here.

    Raises FileNotFoundError if the environment names a folder without a ComfyUI, or one without a Python: asked for, so
    not to be skipped.
    """
    if any(os.environ.get(name) for name in VARIABLES):
        return tuple(_named())
    return tuple(_around() if os.environ.get("TRACKGO_ALL_COMFYUIS") == "1" else _around()[:1])


def why_missing() -> str:
    """The one line the skipped tests show."""
    return (
        "NO COMFYUI FOUND: the tests against a real server are skipped; "
        "set COMFYUI_PATHS to a ComfyUI folder (folder=python names its Python too) to run them"
    )


def which_run() -> str:
    """One line: the ComfyUIs that the tests ran against, and those beside them that they did not."""
    run = find_comfyui()
    left = [] if any(os.environ.get(name) for name in VARIABLES) else [i for i in _around() if i not in run]
    line = "ComfyUI " + ", ".join(install.version for install in run)
    return line + (f"; NOT {', '.join(i.version for i in left)}: TRACKGO_ALL_COMFYUIS=1 runs them all" if left else "")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _place_pack(custom_nodes: Path) -> None:
    custom_nodes.mkdir(parents=True)
    try:
        (custom_nodes / PACK_NAME).symlink_to(ROOT, target_is_directory=True)
    except OSError:  # Windows without the right to make links
        unwanted = shutil.ignore_patterns(".git", ".venv", "venv", "node_modules", "__pycache__", "output", "runs")
        shutil.copytree(ROOT, custom_nodes / PACK_NAME, ignore=unwanted)


def make_base_directory(install: ComfyInstall, base: Path) -> None:
    """Lay out a base directory as a fresh ComfyUI has it: this pack in custom_nodes and example.png in input."""
    _place_pack(base / "custom_nodes")
    (base / "input").mkdir()
    example = install.path / "input" / "example.png"
    if example.is_file():
        shutil.copy(example, base / "input" / "example.png")


@dataclass
class Run:
    """One finished prompt: what each node told the front end, and the error if there was one."""

    outputs: dict[str, dict[str, Any]]
    error: dict[str, Any] | None
    messages: list[Any] = field(default_factory=list)


class PromptRefused(RuntimeError):
    """The server refused a prompt before running it; `details` is its answer."""

    def __init__(self, details: dict[str, Any]) -> None:
        super().__init__(json.dumps(details)[:2000])
        self.details = details


@dataclass(frozen=True)
class ComfyServer:
    """A running server."""

    install: ComfyInstall
    base: Path
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def raw(self, path: str) -> bytes:
        """GET anything."""
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return answer.read()

    def get(self, path: str) -> Any:
        """GET a JSON document."""
        return json.loads(self.raw(path))

    def node_info(self, kinds: Iterable[str]) -> dict[str, Any]:
        """What `/object_info` says about these nodes; those that this ComfyUI lacks are left out."""
        found: dict[str, Any] = {}
        for kind in set(kinds):
            found |= self.get(f"/object_info/{urllib.parse.quote(kind)}")
        return found

    def prompt(self, nodes: dict[str, Any]) -> dict[str, Any]:
        """A prompt of nodes, each {"class_type", "inputs"}; what is not given is what the front end would send."""
        return complete(nodes, self.node_info(node["class_type"] for node in nodes.values()))

    def prompt_of(self, workflow: dict[str, Any]) -> dict[str, Any]:
        """The prompt that the front end would queue for a saved workflow."""
        return to_prompt(workflow, self.node_info(node["type"] for node in workflow["nodes"]))

    def queue(self, prompt: dict[str, Any], **more: Any) -> str:
        """Queue an API-format prompt; returns its id. Raises PromptRefused if validation fails, even in part."""
        body = json.dumps({"prompt": prompt, **more}).encode()
        request = urllib.request.Request(self.url + "/prompt", body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                queued = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise PromptRefused(json.loads(error.read())) from error
        if queued["node_errors"]:  # the server runs what is left of the graph
            raise PromptRefused(queued)
        return queued["prompt_id"]

    def interrupt(self) -> None:
        """What the front end's button does."""
        urllib.request.urlopen(urllib.request.Request(self.url + "/interrupt", b"{}"), timeout=60).close()

    def wait(self, prompt_id: str, seconds: float = RUN_SECONDS) -> Run:
        """Wait until a prompt is finished. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            entry = self.get(f"/history/{prompt_id}").get(prompt_id)
            if entry is not None:
                messages = entry["status"]["messages"]
                errors = [data for kind, data in messages if kind in ("execution_error", "execution_interrupted")]
                return Run(entry["outputs"], errors[0] if errors else None, messages)
            time.sleep(0.05)
        raise TimeoutError(f"prompt {prompt_id} did not finish in {seconds:g} s; log:\n{self.log_tail()}")

    def run(self, prompt: dict[str, Any], seconds: float = RUN_SECONDS) -> Run:
        """Queue a prompt and wait for it."""
        return self.wait(self.queue(prompt), seconds)

    def file(self, saved: dict[str, str]) -> bytes:
        """The bytes of a file that a node reported as {filename, subfolder, type}."""
        query = urllib.parse.urlencode({key: saved[key] for key in ("filename", "subfolder", "type")})
        return self.raw(f"/view?{query}")

    def image(self, saved: dict[str, str]) -> np.ndarray:
        """A saved picture as uint8 [H,W,3]."""
        return np.asarray(Image.open(BytesIO(self.file(saved))).convert("RGB"))

    def log_tail(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def _wait_until_ready(server: ComfyServer, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"ComfyUI ended with code {process.returncode} while starting:\n{server.log_tail()}")
        try:
            server.get("/system_stats")
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise TimeoutError(f"ComfyUI was not ready after {START_SECONDS} s:\n{server.log_tail()}")


def _stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def comfy_server(install: ComfyInstall, arguments: tuple[str, ...] = ("--cpu",)) -> Iterator[ComfyServer]:
    """Run a server with this pack in a temporary base directory; it is stopped and the directory removed at the end."""
    with tempfile.TemporaryDirectory(prefix="comfy-base-") as folder:
        base = Path(folder)
        make_base_directory(install, base)
        server = ComfyServer(install, base, _free_port(), base / "server.log")
        command = [
            str(install.python),
            "main.py",
            "--listen",
            "127.0.0.1",
            "--port",
            str(server.port),
            "--base-directory",
            folder,
            "--database-url",
            "sqlite:///:memory:",
            "--disable-auto-launch",
            *arguments,
        ]
        with server.log.open("wb") as log:
            # On the demo's small tensors several threads mostly wait for each other: for minutes on a busy machine.
            environment = {"OMP_NUM_THREADS": "1", **os.environ}
            process = subprocess.Popen(command, cwd=install.path, env=environment, stdout=log, stderr=subprocess.STDOUT)
            try:
                _wait_until_ready(server, process)
                yield server
            finally:
                _stop(process)
