"""Training configuration: frozen dataclasses, which pydantic checks."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from ..model.config import Mass
from .reading import checked, read_tree

TrainableSet = Literal["adapter", "adapter+attn1", "adapter+temporal", "everything", "adapter+lora"]
TRAINABLE_SETS: tuple[TrainableSet, ...] = typing.get_args(TrainableSet)
"""E and the TrackAdapters alone; with the temporal self-attentions; with all temporal layers; with the whole UNet; with
LoRA on the UNet's attention layers."""

Precision = Literal["fp32", "bf16", "fp16"]

# ---------------------------------------------------------------------------------------------------------------------
# Kinds of values; a description ends the sentence "…; it must be"
# ---------------------------------------------------------------------------------------------------------------------


def _number(value: object) -> object:
    """3e-5, without a dot, is text to YAML."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _without_gates(mass: object) -> object:
    if mass == "gated":
        remedy = "use 'centered', which leaves the base alone where nothing moves"
        raise ValueError(f"model.mass 'gated' is not supported; {remedy}")
    return mass


_MAX = 10**9  # Python's whole numbers have no end, but floats and tensors' sizes have
_Whole = Annotated[int, Field(strict=True, le=_MAX)]
NonNegativeInt = Annotated[_Whole, Field(ge=0, description=f"a whole number from 0 to {_MAX}")]
PositiveInt = Annotated[_Whole, Field(ge=1, description=f"a whole number from 1 to {_MAX}")]
AtLeastTwo = Annotated[_Whole, Field(ge=2, description=f"a whole number from 2 to {_MAX}")]
Side = Annotated[_Whole, Field(ge=64, multiple_of=64, description=f"a multiple of 64 from 64 to {_MAX}")]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**63, description="a whole number from 0 to below 2^63")]
_Float = Annotated[float, BeforeValidator(_number), Field(strict=True, allow_inf_nan=False)]
FiniteFloat = Annotated[_Float, Field(description="a finite number")]
NonNegativeFloat = Annotated[_Float, Field(ge=0, description="a finite number of 0 or more")]
PositiveFloat = Annotated[_Float, Field(gt=0, description="a finite number above 0")]
OpenUnit = Annotated[_Float, Field(gt=0, lt=1, description="a number between 0 and 1")]
Decay = Annotated[_Float, Field(ge=0, lt=1, description="a number from 0 to below 1")]
Probability = Annotated[_Float, Field(ge=0, le=1, description="a probability from 0 to 1")]
Flag = Annotated[bool, Field(strict=True, description="true or false")]
Text = Annotated[str, Field(strict=True, description="text")]

# ---------------------------------------------------------------------------------------------------------------------
# Sections
# ---------------------------------------------------------------------------------------------------------------------

_CHECKS = ConfigDict(extra="forbid")
_GONE = {"optimizer": "gate_rate", "loss": "vacated"}  # what stored runs may still hold


@dataclass(frozen=True, config=_CHECKS)
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

    base: Text = "demo"
    initial: Literal["pretrained", "random"] = "pretrained"
    start_from: Text = ""
    mass: Annotated[Mass, BeforeValidator(_without_gates)] = "centered"
    alpha: OpenUnit = 0.2
    trainable: TrainableSet = "adapter+attn1"
    lora_rank: PositiveInt = 32
    gradient_checkpointing: Flag = False
    frozen_precision: Precision = "fp32"

    def __post_init__(self) -> None:
        if self.initial == "random" and self.trainable != "everything":
            wanted = "'everything' when model.initial is 'random'"
            raise ValueError(f"model.trainable is '{self.trainable}'; it must be {wanted}")


@dataclass(frozen=True, config=_CHECKS)
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
        photographs: share of them in which parts of photographs move over others (``trackgo.demo.cutouts``); needs
            scikit-image and matplotlib.
        workers: processes that prepare batches; 0 for the training process itself.
        cache: how many prepared clips each worker keeps.
    """

    source: Literal["world", "shards"] = "world"
    path: Text = ""
    latents: Literal["use", "ignore"] = "use"
    scenes: NonNegativeInt = 0
    plain: Probability = 0.0
    large: Probability = 0.0
    photographs: Probability = 0.0
    workers: NonNegativeInt = 1
    cache: NonNegativeInt = 0

    def __post_init__(self) -> None:
        if self.source == "shards" and not self.path:
            raise ValueError(f"data.path is {self.path!r}; it must be the folder of the shards")
        if (shares := self.plain + self.large + self.photographs) > 1:
            raise ValueError(f"data.plain + data.large + data.photographs is {shares}; it must be 1 or less")


@dataclass(frozen=True, config=_CHECKS)
class StageConfig:
    """One rung of a curriculum.

    Attributes:
        steps: optimiser steps.
        width, height: pixels of a frame.
        frames: of a clip.
        batch_size: clips of an optimiser step, all processes together.
        rate: what the learning rates are multiplied by.
    """

    steps: PositiveInt
    width: Side
    height: Side
    frames: AtLeastTwo
    batch_size: PositiveInt = 8
    rate: PositiveFloat = 1.0


@dataclass(frozen=True, config=_CHECKS)
class OptimizerConfig:
    """The optimiser and its schedule: linear warm-up, constant, linear decay to 0 over the last ``decay_steps``.

    Attributes:
        kind: ``adamw`` (the paper's), or ``muon`` for weight matrices with AdamW for all else (see ``muon``).
        learning_rate: of the TrackAdapters.
        encoder_rate: of E; 0 means the same as ``learning_rate``.
        base_rate: of everything else that is trained; 0 means the same as ``learning_rate``.
        beta1, beta2, epsilon: AdamW's. momentum: Muon's.
        weight_decay: of weight matrices; norms and biases are not decayed.
        warmup_steps: steps in which the rates rise from 0; 0 for none.
        decay_steps: steps at the end in which they fall to 0; 0 for none.
        clip: largest gradient norm, all groups together; 0 for none.
        ema: decay of the running average of the weights, 0 for none.
    """

    kind: Literal["adamw", "muon"] = "adamw"
    learning_rate: PositiveFloat = 3e-5
    encoder_rate: NonNegativeFloat = 0.0
    base_rate: NonNegativeFloat = 0.0
    beta1: Decay = 0.9
    beta2: Decay = 0.999
    epsilon: NonNegativeFloat = 1e-8
    momentum: Decay = 0.95
    weight_decay: NonNegativeFloat = 1e-2
    warmup_steps: NonNegativeInt = 0
    decay_steps: NonNegativeInt = 0
    clip: NonNegativeFloat = 1.0
    ema: Decay = 0.0


@dataclass(frozen=True, config=_CHECKS)
class LossConfig:
    """Weights of the loss's terms beside SVD's own, and its noise levels ln σ ~ N(sigma_mean, sigma_deviation²).

    Attributes:
        attention: λ of L_attn (eq. 8).
        identity: weight of the deep supervision of which component is where (``identity``, not in the paper).
        correspondence: weight of the deep supervision of where it was (``correspondence``, not in the paper).
        lasting: weight of errors that stay (``background``, not in the paper).
        sigma_mean, sigma_deviation: mean and standard deviation of ln σ; SVD's are 0.7 and 1.6.
    """

    attention: NonNegativeFloat = 0.1
    identity: NonNegativeFloat = 0.0
    correspondence: NonNegativeFloat = 0.0
    lasting: NonNegativeFloat = 0.0
    sigma_mean: FiniteFloat = 0.7
    sigma_deviation: PositiveFloat = 1.6


@dataclass(frozen=True, config=_CHECKS)
class ConditioningConfig:
    """SVD's conditioning.

    Attributes:
        image_dropout: probability of training without the first frame (latent and embedding), for guidance.
        trajectory_dropout: probability of a black P, so that the base also works alone.
        fps: frames per second; SVD is given one less.
        motion_bucket: SVD's motion bucket id.
        augmentation_mean, augmentation_deviation: mean and standard deviation of ln σ of the noise added to the
            conditioning picture.
    """

    image_dropout: Probability = 0.1
    trajectory_dropout: Probability = 0.05
    fps: PositiveInt = 7
    motion_bucket: NonNegativeInt = 127
    augmentation_mean: FiniteFloat = -3.0
    augmentation_deviation: NonNegativeFloat = 0.5


@dataclass(frozen=True, config=_CHECKS)
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

    every: NonNegativeInt = 0
    scenes: AtLeastTwo = 16
    sheets: NonNegativeInt = 6
    sampling_steps: AtLeastTwo = 12
    guidance: FiniteFloat = 1.0
    sigma: PositiveFloat = 8.0


@dataclass(frozen=True, config=_CHECKS)
class RunConfig:
    """Where and how the run works.

    Attributes:
        folder: checkpoints, log and TensorBoard go here.
        seed: of fresh weights, the order of clips, noise and dropout.
        precision: ``fp32``, or ``bf16`` or ``fp16`` autocast.
        micro_batch: clips per process and forward pass; 0 for the whole share of a process at once.
        threads: CPU threads, 0 for PyTorch's choice.
        log_every: steps between log lines.
        checkpoint_every: steps between checkpoints.
        keep: how many of the latest checkpoints stay (the best one stays too).
    """

    folder: Text = "runs/trackgo"
    seed: Seed = 0
    precision: Precision = "fp32"
    micro_batch: NonNegativeInt = 0
    threads: NonNegativeInt = 0
    log_every: PositiveInt = 20
    checkpoint_every: PositiveInt = 500
    keep: PositiveInt = 3


@dataclass(frozen=True, config=_CHECKS)
class TrainingConfig:
    """A whole training run.

    Attributes:
        stages: the curriculum, one rung after another.
        model, data, optimizer, loss, conditioning, evaluation, run: see the sections.
    """

    stages: Annotated[tuple[StageConfig, ...], Field(min_length=1, description="a list with at least one stage")]
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    conditioning: ConditioningConfig = field(default_factory=ConditioningConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    run: RunConfig = field(default_factory=RunConfig)

    def __post_init__(self) -> None:
        alpha, fewest = self.model.alpha, min(stage.frames for stage in self.stages)
        if alpha * fewest <= 1:
            wanted = f"above 1/{fewest}, or whole rows of the attention would be masked at {fewest} frames"
            raise ValueError(f"model.alpha is {alpha}; it must be {wanted}")

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
        ValueError: in one line: not YAML, an unknown key (the nearest valid one is named), or a value of the wrong
            kind.
    """
    return from_mapping(read_tree(Path(path), overrides))


def from_mapping(tree: Mapping[str, Any]) -> TrainingConfig:
    """Plain nested values → TrainingConfig; ValueError as in ``load_config``."""
    return checked(TrainingConfig, tree)


def from_stored(tree: Mapping[str, Any]) -> TrainingConfig:
    """The configuration that a run stored; what older releases knew and nothing needs is left out.

    Raises:
        ValueError: as in ``load_config``.
    """
    known = dict(tree)
    for section, gone in _GONE.items():
        known[section] = {key: value for key, value in tree.get(section, {}).items() if key != gone}
    return from_mapping(known)


def to_mapping(config: TrainingConfig) -> dict[str, Any]:
    """The configuration as plain nested values, for JSON or YAML."""
    return dataclasses.asdict(config)
