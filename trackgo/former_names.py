"""Module paths and names of version 0.1, so that scripts and plug-ins written for it still import.

``install`` puts a finder behind Python's own: it is asked only for a module that nobody else has found. Packages whose
path stayed but whose names moved use ``getter``. Both warn with the name's present place.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_FORMER: dict[str, tuple[str, ...]] = {
    "adapter": ("model.adapter", "model.config"),
    "attention": ("figures",),
    "attention.pictures": ("figures.attention_pages",),
    "attention.record": ("figures.attention_record",),
    "attention.watch": ("figures.attention_watch",),
    "camera": ("drawing.camera",),
    "checks": ("drawing.checks",),
    "components": ("svd.components",),
    "cover": ("center_crop",),
    "document": ("drawing.json_values",),
    "encoder": ("model.encoder",),
    "evaluation.obeyed": ("evaluation.adherence",),
    "heatmap": ("figures.heatmap",),
    "interchange": (
        "trajectories.interchange",
        "trajectories.interchange.ati",
        "trajectories.interchange.base",
        "trajectories.interchange.tora",
    ),
    "low_rank": ("model.low_rank",),
    "model": ("model.config", "model.encoded", "svd.layers"),
    "motion": ("trajectories.motion",),
    "preparation.registry": ("tracking.registry",),
    "preparation.trackers": ("tracking.trackers", "tracking.tracker"),
    "preparation.trackers.cotracker": ("tracking.trackers.cotracker",),
    "preparation.trackers.lk": ("tracking.trackers.lk",),
    "rasterize": ("drawing.rasterize", "drawing.mask_png", "drawing.coordinates"),
    "sheet": ("figures.settings_sheet",),
    "sight": ("trajectories.preview_request",),
    "single_file": ("svd.single_file",),
    "single_file_keys": ("svd.single_file_keys",),
    "svd": ("svd.layers", "model.attach"),
    "svd_keys": ("svd.unet_keys",),
    "training.correspondence": ("training.aids.correspondence",),
    "training.diffusion": ("svd.diffusion", "svd.frozen"),
    "training.following": ("tracking.sprites",),
    "training.identity": ("training.aids.identity",),
    "training.muon": ("training.aids.muon",),
    "trajectories": ("trajectories.points", "trajectories.control_points", "drawing.coordinates"),
    "visualize": ("figures.overlays",),
}
_RENAMED = {
    "Colour": "Color",
    "Cover": "CenterCrop",
    "LayerMotion": "AdapterAttention",
    "Obeyed": "Adherence",
    "colour_table": "color_table",
    "component_colour": "component_color",
    "obeyed": "measure_adherence",
    "obeyed_picture": "adherence_picture",
}
_RENAMED_IN = {
    ("model", "Motion"): "EncodedTrajectories",
    ("model", "halvings"): "level_sizes",
    ("motion", "Motion"): "Similarity",
    ("svd", "Motion"): "AdapterAttentions",
}


def getter(package: str, former: str) -> Callable[[str], Any]:
    """A module's ``__getattr__`` for the names that module ``former`` of 0.1 had in ``package``."""

    def find(name: str) -> Any:
        wanted = _RENAMED_IN.get((former, name)) or _RENAMED.get(name, name)
        if not name.startswith("_"):
            for place in _FORMER[former]:
                module = import_module(f"{package}.{place}")
                if wanted in vars(module):
                    warnings.warn(
                        f"{package}.{former}.{name} has moved: import {wanted} from {package}.{place}",
                        DeprecationWarning,
                        stacklevel=2,
                    )
                    return vars(module)[wanted]
        raise AttributeError(f"module '{package}.{former}' has no attribute '{name}'")

    return find


class _Finder(MetaPathFinder, Loader):
    """Finds the modules of ``package`` that only 0.1 had."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        former = fullname.removeprefix(f"{self.package}.")
        if former == fullname or former not in _FORMER:
            return None
        holds_others = any(name.startswith(f"{former}.") for name in _FORMER)
        return ModuleSpec(fullname, self, is_package=holds_others)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        module.__getattr__ = getter(self.package, module.__name__.removeprefix(f"{self.package}."))


def install(package: str) -> None:
    """Let the module paths of 0.1 below ``package`` be imported."""
    if not any(isinstance(finder, _Finder) and finder.package == package for finder in sys.meta_path):
        sys.meta_path.append(_Finder(package))
