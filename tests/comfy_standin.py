# ruff: noqa: RUF013 (signatures are written as ComfyUI writes them)
"""A thin stand-in for the parts of ComfyUI that the pack's nodes touch, for machines without ComfyUI.

It implements the V3 schema (`comfy_api.latest`: io, ui, ComfyExtension) and a little of `folder_paths`. Signatures
follow ComfyUI 0.3.64, the oldest version we support, and tests/nodes/test_standin.py compares both the signatures and
the schema of every node with the real thing wherever one is found. Every other module of ComfyUI can be imported but
not used: it raises `NeedsComfyUI` when anything in it is called.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import random
import string
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image as PILImage

ROOT = Path(__file__).resolve().parents[1]
MODULES = ("comfy_api", "comfy_api.latest", "folder_paths")
UNUSABLE = ("comfy", "comfy_execution", "comfy_extras", "node_helpers", "latent_preview")


class NeedsComfyUI(RuntimeError):
    """Raised when code under test calls a part of ComfyUI that the stand-in does not have."""


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


class FolderType(str, Enum):
    input = "input"
    output = "output"
    temp = "temp"


class NumberDisplay(str, Enum):
    number = "number"
    slider = "slider"


class Hidden(str, Enum):
    unique_id = "UNIQUE_ID"
    prompt = "PROMPT"
    extra_pnginfo = "EXTRA_PNGINFO"
    dynprompt = "DYNPROMPT"


class Input:
    """An input socket; `io_type` is set on the subclass that belongs to a type."""

    io_type: str = ""

    def __init__(
        self, id: str, display_name: str = None, optional=False, tooltip: str = None, lazy: bool = None, extra_dict=None
    ):
        self.id, self.display_name, self.optional = id, display_name, optional
        self.tooltip, self.lazy, self.extra_dict = tooltip, lazy, extra_dict or {}

    def _options(self) -> dict[str, Any]:
        return {}

    def as_dict(self) -> dict[str, Any]:
        common = {"display_name": self.display_name, "tooltip": self.tooltip, "lazy": self.lazy}
        return _without_none(common | self._options() | self.extra_dict)


class WidgetInput(Input):
    def __init__(
        self,
        id: str,
        display_name: str = None,
        optional=False,
        tooltip: str = None,
        lazy: bool = None,
        default: Any = None,
        socketless: bool = None,
        widget_type: str = None,
        force_input: bool = None,
        extra_dict=None,
    ):
        super().__init__(id, display_name, optional, tooltip, lazy, extra_dict)
        self.default, self.socketless, self.widget_type, self.force_input = (
            default,
            socketless,
            widget_type,
            force_input,
        )

    def _options(self) -> dict[str, Any]:
        return {
            "default": self.default,
            "socketless": self.socketless,
            "widgetType": self.widget_type,
            "forceInput": self.force_input,
        }


class Output:
    """An output socket."""

    io_type: str = ""

    def __init__(self, id: str = None, display_name: str = None, tooltip: str = None, is_output_list=False):
        self.id, self.display_name, self.tooltip, self.is_output_list = id, display_name, tooltip, is_output_list


def Custom(io_type: str) -> type:
    """A type of the graph with sockets only, such as IMAGE or one of our own."""

    def typed(base: type) -> type:
        return type(base.__name__, (base,), {"io_type": io_type})

    return type("ComfyType", (), {"io_type": io_type, "Input": typed(Input), "Output": typed(Output)})


class _BooleanInput(WidgetInput):
    io_type = "BOOLEAN"

    def __init__(
        self,
        id: str,
        display_name: str = None,
        optional=False,
        tooltip: str = None,
        lazy: bool = None,
        default: bool = None,
        label_on: str = None,
        label_off: str = None,
        socketless: bool = None,
        force_input: bool = None,
    ):
        super().__init__(id, display_name, optional, tooltip, lazy, default, socketless, None, force_input)
        self.labels = {"label_on": label_on, "label_off": label_off}

    def _options(self) -> dict[str, Any]:
        return super()._options() | self.labels


class _IntInput(WidgetInput):
    io_type = "INT"

    def __init__(
        self,
        id: str,
        display_name: str = None,
        optional=False,
        tooltip: str = None,
        lazy: bool = None,
        default: int = None,
        min: int = None,
        max: int = None,
        step: int = None,
        control_after_generate: bool = None,
        display_mode: NumberDisplay = None,
        socketless: bool = None,
        force_input: bool = None,
    ):
        super().__init__(id, display_name, optional, tooltip, lazy, default, socketless, None, force_input)
        self.numbers = {
            "min": min,
            "max": max,
            "step": step,
            "control_after_generate": control_after_generate,
            "display": display_mode and display_mode.value,
        }

    def _options(self) -> dict[str, Any]:
        return super()._options() | self.numbers


class _FloatInput(WidgetInput):
    io_type = "FLOAT"

    def __init__(
        self,
        id: str,
        display_name: str = None,
        optional=False,
        tooltip: str = None,
        lazy: bool = None,
        default: float = None,
        min: float = None,
        max: float = None,
        step: float = None,
        round: float = None,
        display_mode: NumberDisplay = None,
        socketless: bool = None,
        force_input: bool = None,
    ):
        super().__init__(id, display_name, optional, tooltip, lazy, default, socketless, None, force_input)
        self.numbers = {
            "min": min,
            "max": max,
            "step": step,
            "round": round,
            "display": display_mode and display_mode.value,
        }

    def _options(self) -> dict[str, Any]:
        return super()._options() | self.numbers


class _StringInput(WidgetInput):
    io_type = "STRING"

    def __init__(
        self,
        id: str,
        display_name: str = None,
        optional=False,
        tooltip: str = None,
        lazy: bool = None,
        multiline=False,
        placeholder: str = None,
        default: str = None,
        dynamic_prompts: bool = None,
        socketless: bool = None,
        force_input: bool = None,
    ):
        super().__init__(id, display_name, optional, tooltip, lazy, default, socketless, None, force_input)
        self.text = {"multiline": multiline, "placeholder": placeholder, "dynamicPrompts": dynamic_prompts}

    def _options(self) -> dict[str, Any]:
        return super()._options() | self.text


class _ComboInput(WidgetInput):
    io_type = "COMBO"

    def __init__(
        self,
        id: str,
        options: list = None,
        display_name: str = None,
        optional=False,
        tooltip: str = None,
        lazy: bool = None,
        default: str = None,
        control_after_generate: bool = None,
        upload=None,
        image_folder=None,
        remote=None,
        socketless: bool = None,
    ):
        super().__init__(id, display_name, optional, tooltip, lazy, default, socketless)
        self.options = options

    def _options(self) -> dict[str, Any]:
        return super()._options() | {"multiselect": False, "options": self.options}


def _with_widget(widget: type[WidgetInput]) -> type:
    kind = Custom(widget.io_type)
    kind.Input = widget
    return kind


class NodeOutput:
    """What a node returns: its results in order, and what the front end is told."""

    def __init__(self, *args: Any, ui: Any = None, expand: dict = None, block_execution: str = None):
        self.args, self.ui, self.expand, self.block_execution = args, ui, expand, block_execution

    @property
    def result(self) -> tuple | None:
        return self.args or None


@dataclass
class Schema:
    node_id: str
    display_name: str = None
    category: str = "sd"
    inputs: list[Input] = None
    outputs: list[Output] = None
    hidden: list[Hidden] = None
    description: str = ""
    is_input_list: bool = False
    is_output_node: bool = False
    is_deprecated: bool = False
    is_experimental: bool = False
    is_api_node: bool = False
    not_idempotent: bool = False
    enable_expand: bool = False

    def validate(self) -> None:
        """Raise ValueError if two ids, of inputs or of named outputs, are the same."""
        ids = [item.id for item in [*(self.inputs or []), *(self.outputs or [])] if item.id is not None]
        repeated = sorted({name for name in ids if ids.count(name) > 1})
        if repeated:
            raise ValueError(f"{self.node_id}: ids must be unique between inputs and outputs, but {repeated} are not")


@dataclass
class NodeInfoV1:
    input: dict
    input_order: dict
    output: list
    output_is_list: list
    output_name: list
    output_tooltips: list
    name: str
    display_name: str
    description: str
    python_module: str
    category: str
    output_node: bool
    deprecated: bool
    experimental: bool
    api_node: bool


def _inputs_v1(schema: Schema) -> dict[str, dict]:
    groups: dict[str, dict] = {"required": {}}
    for item in schema.inputs or []:
        groups.setdefault("optional" if item.optional else "required", {})[item.id] = (item.io_type, item.as_dict())
    hidden = list(schema.hidden or [])
    if schema.is_output_node:
        hidden += [name for name in (Hidden.prompt, Hidden.extra_pnginfo) if name not in hidden]
    if hidden:
        groups["hidden"] = {name.name: (name.value,) for name in hidden}
    return groups


class ComfyNode:
    """Base class of a V3 node."""

    hidden = SimpleNamespace(prompt=None, extra_pnginfo=None, unique_id=None)

    @classmethod
    def GET_SCHEMA(cls) -> Schema:
        schema = cls.define_schema()
        schema.validate()
        return schema

    @classmethod
    def GET_NODE_INFO_V1(cls) -> dict[str, Any]:
        schema = cls.GET_SCHEMA()
        inputs, outputs = _inputs_v1(schema), schema.outputs or []
        return asdict(
            NodeInfoV1(
                input=inputs,
                input_order={group: list(items) for group, items in inputs.items()},
                output=[o.io_type for o in outputs],
                output_is_list=[o.is_output_list for o in outputs],
                output_name=[o.display_name or o.io_type for o in outputs],
                output_tooltips=[o.tooltip or None for o in outputs],
                name=schema.node_id,
                display_name=schema.display_name,
                description=schema.description,
                python_module=getattr(cls, "RELATIVE_PYTHON_MODULE", "nodes"),
                category=schema.category,
                output_node=schema.is_output_node,
                deprecated=schema.is_deprecated,
                experimental=schema.is_experimental,
                api_node=schema.is_api_node,
            )
        )


class ComfyExtension:
    """Base class of what a pack's entrypoint returns."""

    async def on_load(self) -> None:
        return None

    async def get_node_list(self) -> list[type[ComfyNode]]:
        raise NotImplementedError


class SavedResult(dict):
    def __init__(self, filename: str, subfolder: str, type: FolderType):
        super().__init__(filename=filename, subfolder=subfolder, type=type.value)


def _pil(image: Any) -> PILImage.Image:
    return PILImage.fromarray(np.clip(255.0 * image.cpu().numpy(), 0, 255).astype(np.uint8))


class ImageSaveHelper:
    @staticmethod
    def save_images(images, filename_prefix: str, folder_type: FolderType, cls: type | None, compress_level=4):
        """Write a batch [B,H,W,3] in [0,1] as PNG files below the stand-in's own temporary folder."""
        folder = Path(sys.modules["folder_paths"].get_temp_directory())
        results = []
        for number, image in enumerate(images):
            name = f"{filename_prefix}_{number:05}_.png"
            _pil(image).save(folder / name, compress_level=compress_level)
            results.append(SavedResult(name, "", folder_type))
        return results

    @staticmethod
    def save_animated_webp(
        images,
        filename_prefix: str,
        folder_type: FolderType,
        cls: type | None,
        fps: float,
        lossless: bool,
        quality: int,
        method: int,
    ):
        """Write a batch [B,H,W,3] in [0,1] as one animated WebP."""
        folder = Path(sys.modules["folder_paths"].get_temp_directory())
        name, (first, *others) = f"{filename_prefix}_00001_.webp", [_pil(image) for image in images]
        first.save(
            folder / name,
            save_all=True,
            append_images=others,
            duration=int(1000 / fps),
            lossless=lossless,
            quality=quality,
            method=method,
        )
        return SavedResult(name, "", folder_type)


class PreviewImage:
    def __init__(self, image: Any, animated: bool = False, cls: type | None = None, **kwargs):
        prefix = "ComfyUI_temp_" + "".join(random.choices(string.ascii_lowercase, k=5))
        self.values = ImageSaveHelper.save_images(image, prefix, FolderType.temp, cls, 1)
        self.animated = animated

    def as_dict(self) -> dict[str, Any]:
        return {"images": self.values, "animated": (self.animated,)}


class PreviewText:
    def __init__(self, value: str, **kwargs):
        self.value = value

    def as_dict(self) -> dict[str, Any]:
        return {"text": (self.value,)}


SOCKET_TYPES = {
    "Image": "IMAGE",
    "Mask": "MASK",
    "Latent": "LATENT",
    "Conditioning": "CONDITIONING",
    "Model": "MODEL",
    "Vae": "VAE",
    "Clip": "CLIP",
    "ClipVision": "CLIP_VISION",
    "ClipVisionOutput": "CLIP_VISION_OUTPUT",
    "Video": "VIDEO",
    "Sampler": "SAMPLER",
    "Sigmas": "SIGMAS",
    "AnyType": "*",
}
WIDGETS = {
    "Boolean": _BooleanInput,
    "Int": _IntInput,
    "Float": _FloatInput,
    "String": _StringInput,
    "Combo": _ComboInput,
}


def _io() -> ModuleType:
    module = ModuleType("comfy_api.latest._io")
    for item in (FolderType, NumberDisplay, Hidden, Input, WidgetInput, Output, Custom, NodeOutput, Schema, ComfyNode):
        setattr(module, item.__name__, item)
    for name, io_type in SOCKET_TYPES.items():
        setattr(module, name, Custom(io_type))
    for name, widget in WIDGETS.items():
        setattr(module, name, _with_widget(widget))
    return module


def _ui() -> ModuleType:
    module = ModuleType("comfy_api.latest._ui")
    for item in (SavedResult, ImageSaveHelper, PreviewImage, PreviewText):
        setattr(module, item.__name__, item)
    return module


def _folder_paths(base: Path) -> ModuleType:
    module = ModuleType("folder_paths")
    module.base_path, module.models_dir = str(base), str(base / "models")
    module.folder_names_and_paths = {}
    module.supported_pt_extensions = {".ckpt", ".pt", ".pt2", ".bin", ".pth", ".safetensors", ".pkl", ".sft"}

    def add_model_folder_path(folder_name: str, full_folder_path: str, is_default: bool = False) -> None:
        paths, _ = module.folder_names_and_paths.setdefault(folder_name, ([], set()))
        if full_folder_path not in paths:
            paths.insert(0 if is_default else len(paths), full_folder_path)

    def _files(folder_name: str) -> dict[str, str]:
        paths, extensions = module.folder_names_and_paths[folder_name]
        found = [p for folder in map(Path, paths) for p in sorted(folder.glob("*")) if p.suffix in extensions]
        return {p.name: str(p) for p in found}

    def get_full_path_or_raise(folder_name: str, filename: str) -> str:
        if filename not in _files(folder_name):
            raise FileNotFoundError(f"Model in folder '{folder_name}' with filename '{filename}' not found.")
        return _files(folder_name)[filename]

    def get_save_image_path(
        filename_prefix: str, output_dir: str, image_width=0, image_height=0
    ) -> tuple[str, str, int, str, str]:
        folder, name = Path(output_dir, filename_prefix).parent, Path(filename_prefix).name
        folder.mkdir(parents=True, exist_ok=True)
        taken = [int(path.name.removeprefix(f"{name}_")[:5]) for path in folder.glob(f"{name}_[0-9]*_*")]
        return str(folder), name, max(taken, default=0) + 1, str(Path(filename_prefix).parent), filename_prefix

    module.get_save_image_path = get_save_image_path
    module.add_model_folder_path, module.get_full_path_or_raise = add_model_folder_path, get_full_path_or_raise
    module.get_filename_list = lambda folder_name: list(_files(folder_name))
    module.get_folder_paths = lambda folder_name: module.folder_names_and_paths[folder_name][0]
    module.get_full_path = lambda folder_name, filename: _files(folder_name).get(filename)
    for kind in ("temp", "output", "input"):
        (base / kind).mkdir(parents=True, exist_ok=True)
        setattr(module, f"get_{kind}_directory", lambda kind=kind: str(base / kind))
    return module


class _Unusable(ModuleType):
    """A module of ComfyUI that may be imported, and whose names may be subclassed or annotated, but not called."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def refuse(*args: Any, **kwargs: Any) -> None:
            raise NeedsComfyUI(f"{self.__name__}.{name} needs a real ComfyUI")

        return type(name, (), {"__init__": refuse, "__module__": self.__name__})


class _UnusableFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, fullname: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if fullname.split(".")[0] in UNUSABLE:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _Unusable(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        return None


@contextmanager
def standin_comfyui() -> Iterator[Path]:
    """Put the stand-in's modules in `sys.modules`; yields its base directory, and takes everything away again."""
    finder, before = _UnusableFinder(), set(sys.modules)
    with tempfile.TemporaryDirectory(prefix="comfy-standin-") as folder:
        latest = ModuleType("comfy_api.latest")
        latest.io, latest.ui, latest.ComfyExtension = _io(), _ui(), ComfyExtension
        package = ModuleType("comfy_api")
        package.__path__, package.latest = [], latest
        modules = dict(zip(MODULES, (package, latest, _folder_paths(Path(folder))), strict=True))
        taken = [name for name in modules if name in sys.modules]
        if taken:
            raise RuntimeError(f"the stand-in would hide {taken}, which are already imported")
        sys.modules.update(modules)
        sys.meta_path.insert(0, finder)
        try:
            yield Path(folder)
        finally:
            sys.meta_path.remove(finder)
            for name in set(sys.modules) - before:
                if name.split(".")[0] in (*UNUSABLE, "comfy_api", "folder_paths"):
                    del sys.modules[name]


def load_pack(root: Path = ROOT) -> ModuleType:
    """Import the pack as ComfyUI does: by file, under its path as module name."""
    name = str(root).replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(name, root / "__init__.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def parameters(function: Any) -> list[list[str]]:
    """Name, kind and default of a callable's parameters without self, for the comparison with the real API."""
    found = inspect.signature(function).parameters.values()
    return [[p.name, p.kind.name, repr(p.default)] for p in found if p.name != "self"]
