"""What commands print, readable on every terminal: characters that its encoding lacks get a plain spelling."""

from __future__ import annotations

import codecs
import sys
import unicodedata

_PLAIN = {
    "×": "x", "…": "...", "→": "->", "←": "<-", "↔": "<->", "↦": "->", "↑": "up", "↓": "down", "−": "-", "–": "-",
    "—": "-", "·": "-", "‖": "|", "≥": ">=", "≤": "<=", "±": "+-", "÷": "/", "°": " degrees", "∞": "infinity",
    "α": "alpha", "λ": "lambda", "μ": "mu", "σ": "sigma", "τ": "tau", "φ": "phi", "Σ": "Sigma", "½": "1/2",
    "‘": "'", "’": "'", "“": '"', "”": '"', "„": '"', "★": "*", "⚠": "!", "√": "sqrt ",
}  # fmt: skip
_ESCAPED_BYTES = range(0xDC80, 0xDD00)  # what Python makes of bytes in file names that are no text


def speak_plainly() -> None:
    """Let standard output and standard error spell out what their encoding lacks, where Python would escape or stop."""
    codecs.register_error("trackgo-plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a notebook's or a test's may not be a text file
            stream.reconfigure(errors="trackgo-plain")


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """A codec error handler: a spelling for the first character that cannot be encoded."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character, end = error.object[error.start], error.start + 1
    if ord(character) in _ESCAPED_BYTES:
        return bytes([ord(character) - 0xDC00]), end
    spelling = _PLAIN.get(character) or unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    if not spelling and not unicodedata.combining(character):
        spelling = character.encode("ascii", "backslashreplace").decode()
    return spelling, end
