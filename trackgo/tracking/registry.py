"""Names of segmenters and trackers: the built-in ones, and those that other packages offer by entry point."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Registry(Generic[T]):
    """Builders by name.

    A builder takes the text behind the colon of ``name:text`` (empty without one) and returns the thing, or raises
    ValueError. Another package adds one in its pyproject.toml, here for ``trackgo.trackers``::

        [project.entry-points."trackgo.trackers"]
        mine = "my_package.tracking:build"

    Attributes:
        kind: what is built, for messages.
        group: the entry points' group.
        builtin: the builders that come with this package; they win over others of the same name.
    """

    kind: str
    group: str
    builtin: Mapping[str, Callable[[str], T]]

    def names(self) -> tuple[str, ...]:
        """All names that can be built, the package's own first."""
        others = sorted({entry.name for entry in entry_points(group=self.group)} - set(self.builtin))
        return (*self.builtin, *others)

    def build(self, spec: str) -> T:
        """``name`` or ``name:text`` → the thing.

        Raises:
            ValueError: an unknown name (the known ones are listed), a plug-in that cannot be imported, or what the
                builder itself refuses.
        """
        name, _, text = spec.partition(":")
        if name in self.builtin:
            return self.builtin[name](text)
        for entry in entry_points(group=self.group, name=name):
            try:
                builder = entry.load()
            except (ImportError, AttributeError) as error:
                raise ValueError(f"{self.kind} '{name}' ({entry.value}) cannot be imported: {error}") from error
            return builder(text)
        raise ValueError(f"there is no {self.kind} '{name}'; known ones are {', '.join(self.names())}")
