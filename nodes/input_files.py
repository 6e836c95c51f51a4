"""Files that people put into ComfyUI's input folder, by the names that its own nodes give them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import folder_paths


def leads_elsewhere(name: str) -> bool:
    """Whether a name is none inside a folder: it goes up, begins at a root or a drive, or is no name at all."""
    parts = name.replace("\\", "/").split("/")
    return "\0" in name or ".." in parts or ":" in name or not parts[0]


def input_path(name: str, what: str, remedy: str) -> Path:
    """Where the file of this name ("boat.png", "sub/boat.png") lies, inside the input folder alone.

    Raises ValueError, which says `what` the file is and ends with `remedy`, for a name that leads elsewhere or nowhere.
    """
    if leads_elsewhere(name) or name.endswith(("[output]", "[temp]")):
        raise ValueError(f"the {what} {name!r} is not in ComfyUI's input folder; {remedy}")
    path = Path(folder_paths.get_input_directory()).absolute() / name.replace("\\", "/")
    if not path.is_file():
        raise ValueError(f"the {what} {name!r} is not in ComfyUI's input folder any more; {remedy}")
    return path


def input_names(ending: str) -> list[str]:
    """Names of the files directly in the input folder that end so, sorted; as Load Image lists pictures."""
    folder = Path(folder_paths.get_input_directory())
    return sorted(path.name for path in folder.glob(f"*{ending}") if path.is_file())


def fingerprint(path: Path) -> str:
    """Changes whenever the file's content does."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
