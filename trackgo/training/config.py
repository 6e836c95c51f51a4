"""Training configuration: frozen dataclasses, read from YAML, every unknown key refused by name."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ..model.config import MASS_MODES, Mass

TRAINABLE_SETS = ("adapter", "adapter+attn1", "adapter+temporal", "everything", "adapter+lora")
"""E and the TrackAdapters alone; with the temporal self-attentions; with all temporal layers; with the whole UNet; with
LoRA on the UNet's attention layers."""

PRECISIONS = ("fp32", "bf16", "fp16")
OPTIMIZERS = ("adamw", "muon")


def _require(condition: bool, key: str, value: object, wanted: str) -> None:
    if not condition:
        raise ValueError(f"{key} is {value!r}; it must be {wanted}")


def _require_share(key: str, value: float) -> None:
    _require(0 <= value <= 1, key, value, "a probability from 0 to 1")


@dataclass(frozen=True)
class ModelConfig:
    """What is trained.

    Attributes:
        base: ``demo`` (the tiny SVD in the package), a diffusers folder or the name of a model in the local cache.
        initial: ``pretrained``, or ``random`` to train the base UNet from nothing.
        start_from: a TrackGo checkpoint (.safetensors) whose weights to begin with; empty for a fresh adapter.
        mass: how A' joins A (``adapter.mass_weights``).
        alpha: threshold α of eq. 3.
        trainable: one of ``TRAINABLE_SETS``.
        lora_rank: rank r of the LoRA matrices; only with ``adapter+lora``.
        gradient_checkpointing: recompute activations in the backward pass: a third more time, far less memory.
        frozen_precision: ``bf16`` or ``fp16`` keeps what is not trained in half precision; ``fp32`` in full.
    """

    base: str = "demo"
    initial: str = "pretrained"
    start_from: str = ""
    mass: Mass = "centered"
    alpha: float = 0.2
    trainable: str = "adapter+attn1"
    lora_rank: int = 32
    gradient_checkpointing: bool = False
    frozen_precision: str = "fp32"

    def __post_init__(self) -> None:
        _require(self.initial in ("pretrained", "random"), "model.initial", self.initial, "'pretrained' or 'random'")
        _require(self.mass in MASS_MODES, "model.mass", self.mass, f"one of {', '.join(MASS_MODES)}")
        wanted = "one of " + ", ".join(TRAINABLE_SETS)
        _require(self.trainable in TRAINABLE_SETS, "model.trainable", self.trainable, wanted)
        _require(0 < self.alpha < 1, "model.alpha", self.alpha, "between 0 and 1")
        _require(self.lora_rank >= 1, "model.lora_rank", self.lora_rank, "at least 1")
        _require(
            self.frozen_precision in PRECISIONS,
            "model.frozen_precision",
            self.frozen_precision,
            f"one of {', '.join(PRECISIONS)}",
        )
        trains_base = self.trainable == "everything"
        _require(
            self.initial == "pretrained" or trains_base,
            "model.trainable",
            self.trainable,
            "'everything' when model.initial is 'random'",
        )


@dataclass(frozen=True)
class DataConfig:
    """Where training triples come from.

    Attributes:
        source: ``world`` (procedural, ``trackgo.demo.world``) or ``shards`` (made by ``python -m trackgo prepare``).
        path: folder of the shards.
        latents: of shards prepared with ``--latents``; ``use`` takes stored latents in place of the video where they
            have the stage's size, and refuses those that another VAE or image encoder than ``model.base``'s made;
            ``ignore`` decodes the video.
        scenes: how many different scenes of the world are used; 0 for no end.
        plain: share of the world's scenes in which two to four plain sprites move over a smooth background.
        large: share of them in which one or two sprites fill much of the frame.
        workers: processes that prepare batches.
        cache: how many prepared clips each worker keeps.
    """

    source: str = "world"
    path: str = ""
    latents: str = "use"
    scenes: int = 0
    plain: float = 0.0
    large: float = 0.0
    workers: int = 1
    cache: int = 0

    def __post_init__(self) -> None:
        _require(self.source in ("world", "shards"), "data.source", self.source, "'world' or 'shards'")
        _require(self.source != "shards" or bool(self.path), "data.path", self.path, "the folder of the shards")
        _require(self.latents in ("use", "ignore"), "data.latents", self.latents, "'use' or 'ignore'")
        for name in ("plain", "large"):
            _require_share(f"data.{name}", getattr(self, name))
        _require(self.plain + self.large <= 1, "data.plain + data.large", self.plain + self.large, "1 or less")
        for name in ("scenes", "workers", "cache"):
            _require(getattr(self, name) >= 0, f"data.{name}", getattr(self, name), "0 or more")


@dataclass(frozen=True)
class StageConfig:
    """One rung of a curriculum: ``steps`` optimiser steps on clips of this size, learning rates times ``rate``."""

    steps: int
    width: int
    height: int
    frames: int
    batch_size: int = 8
    rate: float = 1.0

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size"):
            _require(getattr(self, name) >= 1, f"stages: {name}", getattr(self, name), "at least 1")
        for name in ("width", "height"):
            value = getattr(self, name)
            _require(value >= 64 and value % 64 == 0, f"stages: {name}", value, "a multiple of 64")
        _require(self.frames >= 2, "stages: frames", self.frames, "at least 2")
        _require(self.rate > 0, "stages: rate", self.rate, "above 0")


@dataclass(frozen=True)
class OptimizerConfig:
    """The optimiser and its schedule: linear warm-up, constant, linear decay to 0 over the last ``decay_steps``.

    Attributes:
        kind: ``adamw`` (the paper's), or ``muon`` for weight matrices with AdamW for all else (see ``muon``).
        learning_rate: of the TrackAdapters.
        encoder_rate: of E; 0 means the same as ``learning_rate``.
        base_rate: of everything else that is trained; 0 means the same as ``learning_rate``.
        beta1, beta2, epsilon: AdamW's. momentum: Muon's.
        clip: largest gradient norm, all groups together; 0 for none.
        ema: decay of the running average of the weights, 0 for none.
    """

    kind: str = "adamw"
    learning_rate: float = 3e-5
    encoder_rate: float = 0.0
    base_rate: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    momentum: float = 0.95
    weight_decay: float = 1e-2
    warmup_steps: int = 0
    decay_steps: int = 0
    clip: float = 1.0
    ema: float = 0.0

    def __post_init__(self) -> None:
        _require(self.kind in OPTIMIZERS, "optimizer.kind", self.kind, f"one of {', '.join(OPTIMIZERS)}")
        _require(self.learning_rate > 0, "optimizer.learning_rate", self.learning_rate, "above 0")
        for name in ("encoder_rate", "base_rate", "weight_decay"):
            _require(getattr(self, name) >= 0, f"optimizer.{name}", getattr(self, name), "0 or more")
        for name in ("warmup_steps", "decay_steps", "clip", "epsilon"):
            _require(getattr(self, name) >= 0, f"optimizer.{name}", getattr(self, name), "0 or more")
        for name in ("beta1", "beta2", "momentum", "ema"):
            _require(0 <= getattr(self, name) < 1, f"optimizer.{name}", getattr(self, name), "from 0 to below 1")


@dataclass(frozen=True)
class LossConfig:
    """λ of L_attn (eq. 8) and the noise levels ln σ ~ N(sigma_mean, sigma_deviation²); SVD's are 0.7 and 1.6.

    ``identity``: weight of the deep supervision of which component is where (``identity``, not in the paper).
    ``correspondence``: weight of the deep supervision of where it was (``correspondence``, not in the paper).
    ``lasting``, ``vacated``: weights of errors that stay, and of those where a component was (``losses``, not in the
    paper).
    """

    attention: float = 0.1
    identity: float = 0.0
    correspondence: float = 0.0
    lasting: float = 0.0
    vacated: float = 0.0
    sigma_mean: float = 0.7
    sigma_deviation: float = 1.6

    def __post_init__(self) -> None:
        for name in ("attention", "identity", "correspondence", "lasting", "vacated"):
            _require(getattr(self, name) >= 0, f"loss.{name}", getattr(self, name), "0 or more")
        _require(self.sigma_deviation > 0, "loss.sigma_deviation", self.sigma_deviation, "above 0")


@dataclass(frozen=True)
class ConditioningConfig:
    """SVD's conditioning.

    Attributes:
        image_dropout: probability of training without the first frame (latent and embedding), for guidance.
        trajectory_dropout: probability of a black P, so that the base also works alone.
        fps: frames per second; SVD is given one less.
        motion_bucket: SVD's motion bucket id.
        augmentation_mean, augmentation_deviation: ln of the noise added to the conditioning picture.
    """

    image_dropout: float = 0.1
    trajectory_dropout: float = 0.05
    fps: int = 7
    motion_bucket: int = 127
    augmentation_mean: float = -3.0
    augmentation_deviation: float = 0.5

    def __post_init__(self) -> None:
        _require_share("conditioning.image_dropout", self.image_dropout)
        _require_share("conditioning.trajectory_dropout", self.trajectory_dropout)
        _require(self.fps >= 1, "conditioning.fps", self.fps, "at least 1")


@dataclass(frozen=True)
class EvaluationConfig:
    """Regular looks at held-out clips.

    Attributes:
        every: steps between evaluations, and one at the end; 0 for none.
        scenes: how many held-out clips are measured.
        sheets: how many of them are drawn on the contact sheet.
        sampling_steps: Euler steps of each sample.
        guidance: classifier-free guidance scale; 1 for none.
        sigma: noise level of the loss with the right against another clip's P.
    """

    every: int = 0
    scenes: int = 16
    sheets: int = 6
    sampling_steps: int = 12
    guidance: float = 1.0
    sigma: float = 8.0

    def __post_init__(self) -> None:
        _require(self.every >= 0, "evaluation.every", self.every, "0 or more")
        for name in ("scenes", "sampling_steps"):
            _require(getattr(self, name) >= 2, f"evaluation.{name}", getattr(self, name), "at least 2")


@dataclass(frozen=True)
class RunConfig:
    """Where and how the run works.

    Attributes:
        folder: checkpoints, log and TensorBoard go here.
        precision: ``fp32``, or ``bf16`` or ``fp16`` autocast.
        micro_batch: clips per process and forward pass; 0 for the whole share of a process at once.
        threads: CPU threads, 0 for PyTorch's choice.
        log_every: steps between log lines.
        checkpoint_every: steps between checkpoints.
        keep: how many of the latest checkpoints stay (the best one stays too).
    """

    folder: str = "runs/trackgo"
    seed: int = 0
    precision: str = "fp32"
    micro_batch: int = 0
    threads: int = 0
    log_every: int = 20
    checkpoint_every: int = 500
    keep: int = 3

    def __post_init__(self) -> None:
        _require(self.precision in PRECISIONS, "run.precision", self.precision, f"one of {', '.join(PRECISIONS)}")
        for name in ("log_every", "checkpoint_every", "keep"):
            _require(getattr(self, name) >= 1, f"run.{name}", getattr(self, name), "at least 1")
        for name in ("micro_batch", "threads"):
            _require(getattr(self, name) >= 0, f"run.{name}", getattr(self, name), "0 or more")


@dataclass(frozen=True)
class TrainingConfig:
    """A whole training run; see the parts."""

    stages: tuple[StageConfig, ...]
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    conditioning: ConditioningConfig = field(default_factory=ConditioningConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    run: RunConfig = field(default_factory=RunConfig)

    def __post_init__(self) -> None:
        _require(len(self.stages) > 0, "stages", self.stages, "a list with at least one stage")
        for stage in self.stages:
            _require(
                self.model.alpha * stage.frames > 1,
                "model.alpha",
                self.model.alpha,
                f"above 1/{stage.frames}, or whole rows of the attention would be masked at {stage.frames} frames",
            )

    @property
    def steps(self) -> int:
        """Optimiser steps of all stages."""
        return sum(stage.steps for stage in self.stages)

    def stage_at(self, step: int) -> StageConfig:
        """The stage that optimiser step ``step`` (from 0) belongs to; the last one from the end on."""
        for stage in self.stages:
            if step < stage.steps:
                return stage
            step -= stage.steps
        return self.stages[-1]

    def rate_factor(self, step: int) -> float:
        """What the learning rates are multiplied by at optimiser step ``step`` (from 0)."""
        optimizer, factor = self.optimizer, self.stage_at(step).rate
        if step < optimizer.warmup_steps:
            factor *= (step + 1) / optimizer.warmup_steps
        if optimizer.decay_steps and step >= self.steps - optimizer.decay_steps:
            factor *= max(0.0, self.steps - step) / (optimizer.decay_steps + 1)
        return factor


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> TrainingConfig:
    """Read a YAML configuration and apply ``section.key=value`` overrides (``stages.0.steps=100`` for a stage).

    Raises:
        FileNotFoundError: nothing at ``path``.
        ValueError: not YAML, an unknown key (the nearest valid one is named), or a value of the wrong kind.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no configuration at '{path}'")
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
        for override in overrides:
            _override_(tree, override)
    except yaml.YAMLError as error:
        raise ValueError(f"'{path}' is not valid YAML: {error}") from error
    if not isinstance(tree, Mapping):
        raise ValueError(f"'{path}' must hold keys such as 'model:' and 'stages:', got {type(tree).__name__}")
    return from_mapping(tree)


def from_mapping(tree: Mapping[str, Any]) -> TrainingConfig:
    """Plain nested values → TrainingConfig; ValueError as in ``load_config``."""
    return _build(TrainingConfig, tree, "")


def to_mapping(config: TrainingConfig) -> dict[str, Any]:
    """The configuration as plain nested values, for JSON or YAML."""
    return dataclasses.asdict(config)


def _override_(tree: Any, override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise ValueError(f"'{override}' is no override; write section.key=value, such as optimizer.learning_rate=1e-4")
    *parents, last = key.split(".")
    for part in parents:
        tree = tree[_index(part, len(tree), override)] if isinstance(tree, list) else tree.setdefault(part, {})
        if not isinstance(tree, dict | list):
            raise ValueError(f"'{override}': '{part}' holds a single value, not keys")
    value = yaml.safe_load(text)
    if isinstance(tree, list):
        tree[_index(last, len(tree), override)] = value
    else:
        tree[last] = value


def _index(text: str, length: int, override: str) -> int:
    if not text.isdigit() or int(text) >= length:
        raise ValueError(f"'{override}': '{text}' must be a number from 0 to {length - 1}")
    return int(text)


def _build(cls: type, tree: Any, where: str) -> Any:
    if not isinstance(tree, Mapping):
        raise ValueError(f"{where or 'the configuration'} must hold keys, got {tree!r}")
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls)}
    prefix = f"{where}." if where else ""
    for key in tree:
        if key not in fields:
            near = difflib.get_close_matches(str(key), fields, n=1, cutoff=0.0)
            raise ValueError(f"unknown key '{prefix}{key}'; did you mean '{prefix}{near[0]}'?")
    for name, spec in fields.items():
        required = spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING
        if required and name not in tree:
            raise ValueError(f"'{prefix}{name}' is missing")
    return cls(**{key: _value(hints[key], value, f"{prefix}{key}") for key, value in tree.items()})


def _value(kind: Any, value: Any, where: str) -> Any:
    """Check one value against its annotation; whole numbers are taken for floats, and '3e-5', a string to YAML, too."""
    if dataclasses.is_dataclass(kind):
        return _build(kind, value, where)
    origin = typing.get_origin(kind)
    if origin is tuple:
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise ValueError(f"{where} must be a list, got {value!r}")
        return tuple(_value(typing.get_args(kind)[0], item, f"{where}.{i}") for i, item in enumerate(value))
    if origin in (typing.Literal, typing.Union, types.UnionType):
        return value
    if kind is float and not isinstance(value, bool):
        try:
            return float(value)
        except (TypeError, ValueError):
            raise ValueError(f"{where} is {value!r}; it must be a number") from None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        names = {int: "a whole number", str: "text", bool: "true or false", float: "a number"}
        raise ValueError(f"{where} is {value!r}; it must be {names[kind]}")
    return value
