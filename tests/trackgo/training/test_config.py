from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from trackgo.training import config as c
from trackgo.training.command import config_path

STAGE = {"steps": 3, "width": 64, "height": 64, "frames": 8}


def write(folder: Path, tree: dict) -> Path:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["tiny", "svd_paper", "svd_14f_24gb"])
def test_shipped_configurations_are_valid(name):
    c.load_config(config_path(name))


def test_the_paper_configuration_says_what_the_paper_says():
    paper = c.load_config(config_path("svd_paper"))
    stage = paper.stages[0]
    assert (stage.steps, stage.width, stage.height, stage.frames, stage.batch_size) == (18_000, 1024, 576, 25, 8)
    assert paper.optimizer.learning_rate == 3e-5
    assert paper.model.alpha == 0.2


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"stages": [STAGE], "optimiser": {}}, "unknown key 'optimiser'; did you mean 'optimizer'"),
        ({"stages": [STAGE], "optimizer": {"learning_rat": 1}}, "did you mean 'optimizer.learning_rate'"),
        ({"stages": [STAGE | {"width": 100}]}, "width is 100"),
        ({"stages": [{"steps": 1}]}, "'stages.0.width' is missing"),
        ({"stages": []}, "at least one stage"),
        ({}, "'stages' is missing"),
        ({"stages": [STAGE], "run": {"seed": "x"}}, "run.seed is 'x'; it must be a whole number"),
        ({"stages": [STAGE], "run": {"seed": True}}, "run.seed is True"),
        ({"stages": [STAGE], "model": {"gradient_checkpointing": 1}}, "true or false"),
        ({"stages": [STAGE], "model": {"mass": "heavy"}}, "model.mass is 'heavy'"),
        ({"stages": [STAGE], "model": {"trainable": "adaptor"}}, "model.trainable is 'adaptor'"),
        ({"stages": [STAGE], "model": {"initial": "random"}}, "'everything'"),
        ({"stages": [STAGE | {"frames": 5}]}, "above 1/5"),
        ({"stages": [STAGE], "data": {"source": "shards"}}, "data.path"),
        ({"stages": [STAGE], "data": {"latents": "yes"}}, "data.latents is 'yes'; it must be 'use' or 'ignore'"),
        ({"stages": 3}, "stages must be a list"),
        ({"stages": [3]}, "stages.0 must hold keys"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, tree, message):
    with pytest.raises(ValueError) as error:
        c.load_config(write(tmp_path, tree))
    assert message in str(error.value)


def test_a_missing_file_and_broken_yaml(tmp_path):
    with pytest.raises(FileNotFoundError, match="no configuration"):
        c.load_config(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(ValueError, match="not valid YAML"):
        c.load_config(tmp_path / "bad.yaml")
    (tmp_path / "list.yaml").write_text("- 1", encoding="utf-8")
    with pytest.raises(ValueError, match="must hold keys"):
        c.load_config(tmp_path / "list.yaml")


def test_overrides_change_single_values(tmp_path):
    path = write(tmp_path, {"stages": [STAGE, STAGE], "run": {"seed": 1}})
    changed = c.load_config(path, ["stages.1.steps=9", "optimizer.learning_rate=3e-5", "run.folder=runs/x=y"])
    assert changed.stages[1].steps == 9
    assert changed.optimizer.learning_rate == 3e-5  # to YAML, 3e-5 without a dot is text
    assert (changed.run.seed, changed.run.folder) == (1, "runs/x=y")


@pytest.mark.parametrize("override", ["nothing", "stages.7.steps=1", "stages.x=1", "run.seed.deep=1", "run.sed=1"])
def test_bad_overrides_are_refused(tmp_path, override):
    path = write(tmp_path, {"stages": [STAGE], "run": {"seed": 1}})
    with pytest.raises(ValueError):
        c.load_config(path, [override])


def test_a_configuration_survives_being_written_down():
    config = c.load_config(config_path("tiny"))
    assert c.from_mapping(c.to_mapping(config)) == config


@given(st.lists(st.integers(1, 20), min_size=1, max_size=4))
def test_every_step_belongs_to_the_stage_that_holds_it(steps):
    stages = tuple(c.StageConfig(n, 64 * (i + 1), 64, 8) for i, n in enumerate(steps))
    config = c.TrainingConfig(stages)
    expected = [stage for stage in stages for _ in range(stage.steps)]
    assert [config.stage_at(step) for step in range(config.steps)] == expected
    assert config.stage_at(config.steps + 5) == stages[-1]


def test_rates_warm_up_hold_and_fall():
    optimizer = c.OptimizerConfig(warmup_steps=4, decay_steps=3)
    config = c.TrainingConfig((c.StageConfig(6, 64, 64, 8), c.StageConfig(6, 64, 64, 8, rate=0.5)), optimizer=optimizer)
    factors = [config.rate_factor(step) for step in range(12)]
    assert factors == [0.25, 0.5, 0.75, 1, 1, 1, 0.5, 0.5, 0.5, 0.375, 0.25, 0.125]


def test_configurations_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        c.RunConfig().seed = 2
