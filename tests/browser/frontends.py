"""Where the real front end comes from: the `comfyui-frontend-package` wheel, fetched once with pip and unpacked."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

NEWEST = "newest"
PACKAGE = "comfyui-frontend-package"
DAY_S = 24 * 3600
REPOSITORY = Path(__file__).parents[2]


class FrontendMissing(RuntimeError):
    """The wheel is not cached and could not be fetched."""


def cache_folder() -> Path:
    """Inside the ignored .venv where there is one, else in the system's temporary folder."""
    home = REPOSITORY / ".venv"
    return (home if home.is_dir() else Path(tempfile.gettempdir())) / "trackgo-frontends"


def static_folder(version: str) -> Path:
    """The unpacked static files of a release ("1.27.10", or "newest"); raises FrontendMissing."""
    folder = cache_folder() / version
    index = folder / "static" / "index.html"
    stale = version == NEWEST and index.exists() and time.time() - index.stat().st_mtime > DAY_S
    if index.exists() and not stale:
        return index.parent
    wheel = _download(version, folder)
    if wheel is None and index.exists():
        return index.parent
    if wheel is None:
        raise FrontendMissing(f"{PACKAGE} {version} is not in {folder} and pip could not download it")
    _unpack(wheel, folder)
    index.touch()
    return index.parent


def _download(version: str, folder: Path) -> Path | None:
    folder.mkdir(parents=True, exist_ok=True)
    wanted = PACKAGE if version == NEWEST else f"{PACKAGE}=={version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), wanted]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    return max(folder.glob("*.whl"), key=lambda path: path.stat().st_mtime)


def _unpack(wheel: Path, folder: Path) -> None:
    prefix = "comfyui_frontend_package/static/"
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if not member.filename.startswith(prefix) or member.is_dir() or member.filename.endswith(".map"):
                continue
            target = folder / "static" / member.filename[len(prefix) :]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(member))
