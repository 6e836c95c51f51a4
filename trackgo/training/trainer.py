"""The training loop on Hugging Face Accelerate: ``train(config, resume)``."""

from __future__ import annotations

import math
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from types import FrameType

import torch
from accelerate import Accelerator, DistributedType
from torch import Tensor
from tqdm import tqdm

from . import state
from .average import MovingAverage
from .batch import Batch, model_input
from .config import StageConfig, TrainingConfig, to_mapping
from .data import BadClip, build_loader, micro_batch
from .evaluation import HeldOut, evaluate, hold_out
from .records import Records
from .setup import build_model, build_optimizer, load_base, trained_parameters
from .sharding import callable_parts, check_launch, check_processes, configure_, is_sharded, whole


class Interrupted(Exception):
    """The run was asked to stop (SIGINT or SIGTERM); a checkpoint was written."""


def train(config: TrainingConfig, resume: bool = False) -> Path:
    """Run the whole configuration and return the last checkpoint.

    Args:
        resume: continue from the latest checkpoint in ``run.folder`` if there is one.

    Raises:
        ValueError: the configuration or a checkpoint does not fit, or the loss is no longer a finite number.
        OSError: the disk is full; the last complete checkpoint stays.
    """
    folder = Path(config.run.folder)
    found = state.checkpoints(folder / "checkpoints")
    if found and not resume:
        raise ValueError(f"'{folder}' already holds a run: add --resume to continue it, or choose another run.folder")
    trainer = Trainer(config)
    if found:
        trainer.resume_(folder / "checkpoints")
    return trainer.run()


class Trainer:
    """One run: its models, optimiser, average and records, at some step.

    Attributes:
        step: optimiser steps done.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self.config, self.step, self.best = config, 0, {}
        if config.run.threads:
            torch.set_num_threads(config.run.threads)
        check_launch()
        precision = {"fp32": "no"}.get(config.run.precision, config.run.precision)
        self.accelerator = Accelerator(mixed_precision=precision, step_scheduler_with_optimizer=False)
        check_processes(self.accelerator.num_processes)
        unet, parts = load_base(config.model, config.run.seed)
        self.model = build_model(config, unet).train()
        optimizer = build_optimizer(self.model, config.optimizer)
        kind = self.accelerator.distributed_type
        if kind == DistributedType.FSDP:
            configure_(self.accelerator.state.fsdp_plugin, config.optimizer.kind)
        self.wrapped, self.optimizer = self.accelerator.prepare(self.model, optimizer)
        self.parts = parts.to(self.accelerator.device)
        self.parameters = trained_parameters(self.model)  # FSDP2 has put other ones into the same module
        self.sharded = any(map(is_sharded, self.parameters.values()))
        self.average = MovingAverage(self.parameters, config.optimizer.ema)
        self.folder = Path(config.run.folder)
        self._held: tuple[StageConfig, HeldOut] | None = None
        self._stop = False

    # ---- one optimiser step -----------------------------------------------------------------------------------------

    def gradients(self, batches: list[Batch]) -> dict[str, float]:
        """Losses of one optimiser step, with the gradients left in the parameters, averaged over the global batch.

        ``batches`` are this process's micro-batches of the step.
        """
        self._set_rates_()
        totals: dict[str, Tensor] = {}
        for number, batch in enumerate(batches):
            last = number == len(batches) - 1
            with nullcontext() if last else self.accelerator.no_sync(self.wrapped):
                terms = self._terms(batch)
                self._check_finite(terms, batch)
                self.accelerator.backward(self._total(terms) / len(batches))
            for name, value in terms.items():
                totals[name] = totals.get(name, 0) + value.detach().float().mean() / len(batches)
        return {name: float(self.accelerator.reduce(value, "mean")) for name, value in totals.items()}

    def _terms(self, batch: Batch) -> dict[str, Tensor]:
        config = self.config
        safe = config.run.precision != "fp16"  # SVD's VAE overflows in fp16
        with self.accelerator.autocast() if safe else nullcontext():
            data = model_input(batch, self.parts, config.run.seed, self.step, config.loss, config.conditioning)
        with self.accelerator.autocast():
            return self.wrapped(data)

    def _check_finite(self, terms: dict[str, Tensor], batch: Batch) -> None:
        for name, values in terms.items():
            if bad := (~values.detach().isfinite()).nonzero().flatten().tolist():
                clip, value = int(batch.number[bad[0]]), float(values.detach()[bad[0]])
                raise ValueError(
                    f"step {self.step}: the {name} loss of clip {clip} of the training data is {value}; if it is "
                    "sound, lower optimizer.learning_rate or use run.precision bf16 instead of fp16. Nothing changed "
                    "and the last checkpoint is intact"
                )

    def _total(self, terms: dict[str, Tensor]) -> Tensor:
        weight = lambda name: 1.0 if name == "mse" else getattr(self.config.loss, name)  # noqa: E731
        return sum(weight(name) * value.mean() for name, value in terms.items())

    def _set_rates_(self) -> None:
        factor = self.config.rate_factor(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * factor

    def _group_norms(self) -> dict[str, float]:
        """Gradient norm by kind of parameter (encoder, adapter, base, probe), before clipping."""
        squares: dict[str, Tensor] = {}
        for group in self.optimizer.param_groups:
            kind = group["name"].removesuffix("_plain")
            for name in group["names"]:
                parameter = self.parameters[name]
                if parameter.grad is not None:
                    squares[kind] = squares.get(kind, 0) + parameter.grad.detach().float().square().sum()
        return {f"gradient/{kind}": float(whole(value)) ** 0.5 for kind, value in squares.items()}

    def optimise_(self, batches: list[Batch]) -> dict[str, float]:
        """One optimiser step; returns losses, and gradient norms on steps that are logged."""
        figures = self.gradients(batches)
        logged = (self.step + 1) % self.config.run.log_every == 0
        self.accelerator.unscale_gradients(self.optimizer)
        if logged:
            figures |= self._group_norms()
        if self.config.optimizer.clip:
            self.accelerator.clip_grad_norm_(list(self.parameters.values()), self.config.optimizer.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        self.average.update_(self.step)
        return figures

    # ---- the loop ---------------------------------------------------------------------------------------------------

    def run(self) -> Path:
        """From the current step to the end."""
        config, main = self.config, self.accelerator.is_main_process
        with ExitStack() as stack:
            stack.enter_context(self.model.attached())
            stack.enter_context(_signals(self._ask_to_stop))
            records = stack.enter_context(Records(self.folder, self.step, main))
            bar = stack.enter_context(tqdm(total=config.steps, initial=self.step, disable=not main, unit="step"))
            started, since = time.monotonic(), self.step
            for batches in self._steps():
                figures = self.optimise_(batches)
                bar.update()
                records.collect(figures)
                if self.step % config.run.log_every == 0:
                    now = time.monotonic()
                    speed = {"seconds_per_step": (now - started) / (self.step - since)}
                    started, since = now, self.step
                    records.line(self.step, speed | self._facts())
                stop = self._asked_to_stop()
                self._after_step(records, stop)
                if stop:
                    raise Interrupted(f"stopped at step {self.step}; continue with --resume")
        return self._checkpoint()

    def _steps(self) -> Iterator[list[Batch]]:
        """The micro-batches of every remaining optimiser step."""
        processes = self.accelerator.num_processes
        place = self.accelerator.process_index
        loader = iter(build_loader(self.config, self.step, place, processes, self.parts.digests))
        for step in range(self.step, self.config.steps):
            share = self.config.stage_at(step).batch_size // processes
            batches = [next(loader) for _ in range(share // micro_batch(self.config, step, processes))]
            for batch in batches:
                if isinstance(batch, BadClip):
                    raise ValueError(f"step {step}: {batch.message}. The last checkpoint is intact")
            yield batches

    def _after_step(self, records: Records, stop: bool) -> None:
        config, end = self.config, self.step == self.config.steps
        every = config.evaluation.every
        if every and (self.step % every == 0 or end):
            figures = self.evaluate()
            records.evaluation(self.step, figures, self._sheet())
            score = figures.get("one/ratio", math.inf)
            if score < self.best.get("ratio", math.inf):
                self.best = {"ratio": score, "step": self.step}
            self.save()
        elif self.step % config.run.checkpoint_every == 0 or end or stop:
            self.save()

    def evaluate(self) -> dict[str, float]:
        """Figures of ``evaluation.evaluate`` with the averaged weights; only the main process measures.

        Where parameters are sharded all do, because each needs the others' parts; still only the main process writes.
        """
        figures: dict[str, float] = {}
        main = self.accelerator.is_main_process
        if main or self.sharded:
            stage = self.config.stage_at(self.step - 1)
            if self._held is None or self._held[0] != stage:
                self._held = (stage, hold_out(self.config, stage, self.parts))
            sheet = self._sheet() if main else None
            with self.average.applied(), callable_parts(self.model), self.accelerator.autocast():
                figures = dict(evaluate(self.model, self._held[1], self.parts, self.config, sheet))
        self.accelerator.wait_for_everyone()
        return figures

    def _sheet(self) -> Path:
        return self.folder / "samples" / f"step-{self.step:08d}.png"

    def _facts(self) -> dict[str, float]:
        """Memory, learning-rate factor, the activated share of every layer and the probes' success, as of the last
        step."""
        shares = {f"activated/{name}": share for name, share in self.model.activated_shares().items()}
        probes = {"probes/right": self.model.identity.right} if self.model.identity else {}
        return _memory(self.accelerator.device) | {"rate": self.config.rate_factor(self.step - 1)} | shares | probes

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop = True

    def _asked_to_stop(self) -> bool:
        """Whether any process got a signal: all must stop at the same step."""
        if self.accelerator.num_processes == 1:
            return self._stop
        asked = torch.tensor(float(self._stop), device=self.accelerator.device)
        return bool(self.accelerator.reduce(asked, "sum") > 0)

    # ---- checkpoints ------------------------------------------------------------------------------------------------

    def save(self) -> Path:
        """Write a checkpoint and drop old ones."""
        folder = self.folder / "checkpoints"
        moments, adam_steps = state.optimizer_moments(self.optimizer)
        scaler = self.accelerator.scaler
        facts = {
            "config": to_mapping(self.config),
            "adam_steps": adam_steps,
            "best": self.best,
            "frozen": dict(self.parts.digests),
            "scaler": scaler.state_dict() if scaler else {},
        }
        saved = state.Saved(self.step, self.parameters, self.average.values, moments, facts)
        if self.accelerator.is_main_process:
            state.save(saved, folder)
            state.prune(folder, self.config.run.keep, self.best.get("step"))
        else:
            state.help_save(saved)
        self.accelerator.wait_for_everyone()
        return self._checkpoint()

    def _checkpoint(self) -> Path:
        return self.folder / "checkpoints" / f"step-{self.step:08d}"

    def resume_(self, folder: Path) -> None:
        """Continue from the newest whole checkpoint in ``folder``; damaged ones after it are named and set aside.

        Raises:
            ValueError: none is whole, or as `restore_`.
        """
        path, saved, problems = state.newest_whole(folder)
        self.restore_(saved, str(path))
        self.accelerator.wait_for_everyone()
        if problems and self.accelerator.is_main_process:
            state.set_aside(folder, path)
            with open(self.folder / "damaged.log", "a", encoding="utf-8") as log:
                for problem in problems:
                    line = f"{problem}; set aside, continuing from step {saved.step}"
                    print(line, file=sys.stderr)
                    log.write(line + "\n")

    def restore_(self, saved: state.Saved, where: str) -> None:
        """Continue where ``saved`` stopped.

        Raises:
            ValueError: it was made with another trainable set, another base, VAE or image encoder.
        """
        for name, digest in self.parts.digests.items():
            if saved.facts["frozen"].get(name) != digest:
                raise ValueError(
                    f"{where} was trained with another {name} than model.base '{self.config.model.base}' has now: "
                    "restore the old one, or start a new run"
                )
        state.restore_parameters_(self.parameters, saved.weights, where)
        state.restore_optimizer_(self.optimizer.optimizer, saved)
        self.average.restore_(saved.average)
        if self.accelerator.scaler and saved.facts["scaler"]:
            self.accelerator.scaler.load_state_dict(saved.facts["scaler"])
        self.step, self.best = saved.step, saved.facts["best"]


@contextmanager
def _signals(handler) -> Iterator[None]:
    """SIGINT and SIGTERM ask for a checkpoint and a clean end, inside."""
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _memory(device: torch.device) -> dict[str, float]:
    """Peak memory in GiB: of the device, or of this process on a CPU."""
    if device.type == "cuda":
        return {"peak_gib": torch.cuda.max_memory_allocated(device) / 2**30}
    import resource

    return {"peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}
