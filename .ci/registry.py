"""Readiness of pyproject.toml for ComfyUI's registry, before `comfy node publish`.

    python .ci/registry.py check    # 2, with a sentence each, for what is not ready
    python .ci/registry.py stamp    # writes the registry's own form over pyproject.toml, in the release's checkout only

The registry reads two things otherwise than pip does: the licence as a table, and the front end that the pack needs as
a dependency, which pip would fetch for everyone who wants the library alone.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = ROOT / "pyproject.toml"
OWNER = "OWNER"
FRONT_END = "comfyui-frontend-package>=1.27.10"
_PLACEHOLDER = re.compile(rf'^\s*(\w+) = ".*\b{OWNER}\b.*"$', re.MULTILINE)


def problems(pyproject: str, changelog: str, library: str) -> list[str]:
    """One sentence for each thing that is not ready, of the texts of pyproject.toml, CHANGELOG.md and
    trackgo/__init__.py."""
    found = [
        f"pyproject.toml: {key} still says {OWNER}; write your publisher id or account there"
        for key in _PLACEHOLDER.findall(pyproject)
    ]
    version = _value(pyproject, "version")
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        found.append(f"pyproject.toml: version is {version!r}; it must be three numbers such as 1.2.0")
    if (other := _value(library, "__version__")) != version:
        found.append(f"trackgo/__init__.py: __version__ is {other!r} and pyproject.toml's version {version!r}")
    if re.search(rf"^## {re.escape(version)} – \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE) is None:
        found.append(f"CHANGELOG.md: there is no heading '## {version} – 2026-01-31'; say what is new and the day")
    return found


def _value(text: str, name: str) -> str:
    match = re.search(rf'^{name} = "([^"]*)"', text, re.MULTILINE)
    return match[1] if match else ""


def stamped(pyproject: str) -> str:
    """The same pyproject.toml as the registry reads it."""
    text = re.sub(r'^license = "([^"]+)"\nlicense-files = .*\n', r'license = { text = "\1" }\n', pyproject, flags=re.M)
    text = text.replace("dependencies = [\n", f'dependencies = [\n    "{FRONT_END}",\n', 1)
    if text.count(FRONT_END) != 1 or "license = {" not in text:
        raise ValueError("pyproject.toml: no license or no dependencies where they are looked for; look at stamped()")
    return text


def main(arguments: list[str]) -> int:
    """Exit status: 0 or 2."""
    if arguments not in (["check"], ["stamp"]):
        print(__doc__, file=sys.stderr)
        return 2
    pyproject = PYPROJECT.read_text(encoding="utf-8")
    if arguments == ["stamp"]:
        PYPROJECT.write_text(stamped(pyproject), encoding="utf-8")
        return 0
    others = ((ROOT / name).read_text(encoding="utf-8") for name in ("CHANGELOG.md", "trackgo/__init__.py"))
    found = problems(pyproject, *others)
    version = _value(pyproject, "version")
    if not (ROOT / "tests/released" / version).is_dir():
        found.append(f"tests/released: {version} is not on record; run: python -m tests.released {version}")
    print("\n".join(found), file=sys.stderr)
    return 2 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
