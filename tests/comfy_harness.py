"""Finds a real ComfyUI, runs it as a server with this pack in it, and queues prompts through its API.

Where ComfyUI is looked for, first match wins:

1. the folders named in `COMFYUI_PATH` (several, separated by `os.pathsep`, run the tests against each);
2. the ComfyUI this pack lies in (`…/ComfyUI/custom_nodes/<this pack>`);
3. `~/comfy/ComfyUI`, comfy-cli's default place.

Its Python is `COMFYUI_PYTHON`, or a `venv`, `.venv` or `python_embeded` inside ComfyUI or beside it, or else the
running Python if that can import ComfyUI's needs. The server gets a base directory of its own: nothing of the user's is
read or written.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
PACK_NAME = "ComfyUI-TrackGo"
NEEDS = "torch, torchsde, torchvision, aiohttp, yarl, einops, transformers, safetensors, scipy, av, alembic, sqlalchemy"
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
    probe = subprocess.run([sys.executable, "-c", f"import {NEEDS}"], capture_output=True, check=False)
    return Path(sys.executable) if probe.returncode == 0 else None


def _candidates() -> list[Path]:
    if os.environ.get("COMFYUI_PATH"):
        return [Path(item).expanduser().resolve() for item in os.environ["COMFYUI_PATH"].split(os.pathsep) if item]
    around = [ROOT.parents[1]] if ROOT.parent.name == "custom_nodes" else []
    return [path for path in (*around, Path.home() / "comfy" / "ComfyUI") if _is_comfyui(path)][:1]


@functools.lru_cache(maxsize=1)
def find_comfyui() -> tuple[ComfyInstall, ...]:
    """Every ComfyUI the tests shall run against, none if there is none here.

    Raises FileNotFoundError if `COMFYUI_PATH` names a folder that holds no ComfyUI: asked for, so not to be skipped.
    """
    found = []
    for path in _candidates():
        if not _is_comfyui(path):
            raise FileNotFoundError(f"COMFYUI_PATH names {path}, which holds no ComfyUI (no main.py and comfy/sd.py)")
        python = _python_for(path)
        if python is not None:
            found.append(ComfyInstall(path, python))
    return tuple(found)


def why_missing() -> str:
    """The one line the skipped tests show."""
    return (
        "NO COMFYUI FOUND: the tests against a real server are skipped; "
        "set COMFYUI_PATH to a ComfyUI folder (and COMFYUI_PYTHON to its Python) to run them"
    )


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

    def queue(self, prompt: dict[str, Any], **more: Any) -> str:
        """Queue an API-format prompt; returns its id. Raises PromptRefused if validation fails."""
        body = json.dumps({"prompt": prompt, **more}).encode()
        request = urllib.request.Request(self.url + "/prompt", body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())["prompt_id"]
        except urllib.error.HTTPError as error:
            raise PromptRefused(json.loads(error.read())) from error

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
