"""Training checkpoints that disks, people and killed processes have changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.trackgo.training.support import configuration, losses
from trackgo.training import state
from trackgo.training.export import find_checkpoint
from trackgo.training.trainer import train

FILES = ("weights", "average", "exp_avg", "exp_avg_sq")


def saved(step: int) -> state.Saved:
    noise = torch.Generator().manual_seed(step)
    weights, average, first, second = ({"unet.a": torch.randn(3, 5, generator=noise)} for _ in FILES)
    facts = {"config": {}, "adam_steps": step, "best": {}, "frozen": {}, "scaler": {}}
    return state.Saved(step, weights, average, {"exp_avg": first, "exp_avg_sq": second}, facts)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("three")
    for step in (1, 2, 3):
        state.save(saved(step), folder)
    return folder


def damage(path: Path, kind: str, place: float) -> None:
    content = bytearray(path.read_bytes())
    at = int(place * (len(content) - 1))
    if kind == "missing":
        path.unlink()
    elif kind == "cut off":
        path.write_bytes(content[:at])
    elif kind == "zeroed":
        path.write_bytes(bytes(len(content)))
    elif kind == "longer":
        path.write_bytes(content + b"\0")
    else:
        content[at] ^= 1 << (at % 8)
        path.write_bytes(content)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(FILES),
    st.sampled_from(["missing", "cut off", "zeroed", "longer", "a bit flipped"]),
    st.floats(0, 1),
    st.booleans(),
)
def test_a_damaged_checkpoint_is_named_and_the_newest_whole_one_used(
    three: Path, tmp_path: Path, name: str, kind: str, place: float, both: bool
) -> None:
    folder = tmp_path / "run"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(three, folder)
    for step in (2, 3) if both else (3,):
        damage(folder / f"step-{step:08d}" / f"{name}.safetensors", kind, place)
    path, found, problems = state.newest_whole(folder)
    assert found.step == (1 if both else 2) and path.name == f"step-{found.step:08d}"
    expected = saved(found.step)
    assert torch.equal(found.weights["unet.a"], expected.weights["unet.a"])
    assert torch.equal(found.moments["exp_avg"]["unet.a"], expected.moments["exp_avg"]["unet.a"])
    assert len(problems) == (2 if both else 1)
    assert f"{name}.safetensors" in str(problems[0]) and "step-00000003" in str(problems[0])


@given(st.floats(0, 0.95))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_state_file_that_is_cut_off_or_gone(three: Path, tmp_path: Path, place: float) -> None:
    folder = tmp_path / "run"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(three, folder)
    damage(folder / "step-00000003" / "state.json", "cut off", place)
    (folder / "step-00000002" / "state.json").unlink()
    _, found, problems = state.newest_whole(folder)
    assert found.step == 1 and ["state.json" in str(problem) for problem in problems] == [True, True]


def test_a_checkpoint_of_an_older_release_has_no_list_and_still_needs_its_moments(three: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(three, tmp_path / "run") / "step-00000003"
    facts = json.loads((folder / "state.json").read_text())
    del facts["files"]
    (folder / "state.json").write_text(json.dumps(facts))
    assert state.load(folder).step == 3
    (folder / "exp_avg.safetensors").unlink()
    with pytest.raises(state.Damaged, match=r"step-00000003' is damaged: exp_avg.safetensors: it is missing"):
        state.load(folder)


def test_only_checkpoints_are_taken_for_one(three: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(three, tmp_path / "run")
    (folder / "step-00000009").write_text("a file")
    (folder / "step-00000010").mkdir()
    shutil.copytree(folder / "step-00000001", folder / "step-backup")
    shutil.copytree(folder / "step-00000001", folder / "step-00000001 (copy)")
    assert [path.name for path in state.checkpoints(folder)] == [f"step-{step:08d}" for step in (1, 2, 3)]
    (tmp_path / "other").mkdir()
    shutil.move(folder, tmp_path / "other" / "checkpoints")
    assert find_checkpoint(tmp_path / "other").name == "step-00000003"


@pytest.mark.slow
def test_no_whole_checkpoint_is_said_and_nothing_begins_anew(base_folder: Path, tmp_path: Path, capsys) -> None:
    config = configuration(base_folder, tmp_path / "run", run={"keep": 2})
    train(config)
    folder = tmp_path / "run" / "checkpoints"
    before = losses(tmp_path / "run")
    newest, older = reversed(state.checkpoints(folder))
    damage(newest / "exp_avg.safetensors", "missing", 0)
    assert train(config, resume=True) == newest
    assert losses(tmp_path / "run") == before, "the same steps again, from the older checkpoint"
    said = capsys.readouterr().err
    assert "exp_avg.safetensors: it is missing; set aside, continuing from step 2" in said
    assert said.count("damaged") and "exp_avg" in (tmp_path / "run" / "damaged.log").read_text()
    for path in (newest, older):
        damage(path / "weights.safetensors", "cut off", 0.5)
    with pytest.raises(ValueError, match=rf"{newest.name}' is damaged: weights.safetensors: it has \d+ bytes"):
        train(config, resume=True)


def test_a_kill_while_an_old_checkpoint_is_removed_leaves_no_half_of_it(three, tmp_path, monkeypatch):
    folder = tmp_path / "checkpoints"
    shutil.copytree(three, folder)
    remove = shutil.rmtree

    def killed(path: Path, ignore_errors: bool = False) -> None:
        if path.exists() and not ignore_errors:
            (path / "state.json").unlink()
            raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        state.prune(folder, keep=2)
    monkeypatch.setattr(shutil, "rmtree", remove)
    assert [state.load(path).step for path in state.checkpoints(folder)] == [2, 3]
    state.prune(folder, keep=2)
    assert sorted(path.name for path in folder.iterdir()) == ["step-00000002", "step-00000003"]
