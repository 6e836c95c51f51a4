"""The benchmarks of speed run whole at a small size, and count what the paper counts; no figure of time is judged."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from benchmarks import before_sampling, busy, gpu, rivals, temporal_attention, training_step
from tests.comfy_harness import ComfyInstall
from trackgo.training.config import ModelConfig, StageConfig, TrainingConfig


def test_parameters_that_each_system_adds_to_svd() -> None:
    """TrackGo's are the paper's; DragNUWA's are without the LoRA that is merged into SVD's weights."""
    unet = rivals.svd_unet("meta")
    added = {}
    for name, kind in rivals.SYSTEMS.items():
        with torch.device("meta"):
            added[name] = round(rivals.parameters(kind(unet).added), 2)
    assert added == {"plain SVD": 0, "TrackGo": 29.36, "DragNUWA": 114.68, "DragAnything": 682.02}


def test_rivals_add_nothing_while_their_last_layers_are_zero() -> None:
    """So they stand where their papers put them: a zero convolution, a zero scale and shift."""
    torch.manual_seed(0)
    unet, call = rivals.svd_unet("cpu", **gpu.SMALL_UNET), rivals.Call(6, 64, 64, "cpu")
    with torch.inference_mode():
        bare = call.run(unet)
        for kind in (rivals.DragAnything, rivals.DragNuwa):
            system = kind(unet)
            prepared = system.prepare(call)
            with system.attached(unet, call, prepared):
                acts = call.run(unet)
            for parameter in system.added.parameters():
                parameter.zero_()
            with system.attached(unet, call, system.prepare(call)):
                silent = call.run(unet)
            assert not torch.allclose(acts, bare, atol=1e-3)
            torch.testing.assert_close(silent, bare)
        torch.testing.assert_close(call.run(unet), bare)


@pytest.mark.slow
def test_more_active_locations_are_more_operations() -> None:
    unet = rivals.svd_unet("meta", **gpu.SMALL_UNET)
    call, found = rivals.Call(14, 64, 128), []
    for share in (0.0, 0.2, 1.0):
        rivals.OurTrackGo.share = share
        with torch.device("meta"):
            found.append(rivals.count(rivals.OurTrackGo(unet), unet, call))
    assert found[0][0] < found[1][0] < found[2][0]
    assert found[0][1] == rivals.count(rivals.System(unet), unet, call)[1], "nothing is active: SVD's own operations"


@pytest.mark.slow
def test_what_comes_before_the_first_step_is_a_small_part_of_one_call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At SVD's widths, in operations, which do not depend on the machine."""
    monkeypatch.setattr(sys, "argv", ["before_sampling", "--size", "64", "128", "--frames", "14", "--points", "4"])
    before_sampling.main()
    said = capsys.readouterr().out
    assert float(re.search(r"([\d.]+)% of one bare UNet call", said)[1]) < 5


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_a_busy_machine_is_said_where_others_work(capsys: pytest.CaptureFixture[str]) -> None:
    work = "import time; end = time.process_time() + 60\nwhile time.process_time() < end: pass"
    with subprocess.Popen([sys.executable, "-c", work]) as other:
        with busy.noticed():
            time.sleep(3)
        other.kill()
    assert "THE MACHINE WAS BUSY" in capsys.readouterr().err
    with busy.noticed(limit=1_000):
        time.sleep(1.1)
    assert not capsys.readouterr().err


def test_a_step_of_training_in_its_four_ways() -> None:
    config = TrainingConfig((StageConfig(1, 64, 64, 6),), model=ModelConfig(trainable="adapter+attn1"))
    data = training_step.random_input(6, 64, 64)
    count, found = training_step.measure(config, rivals.svd_unet("cpu", **gpu.SMALL_UNET), data, rounds=2)
    assert count > 1e5 and set(found) == {(False, False), (False, True), (True, False), (True, True)}
    for seconds, ratios, peak in found.values():
        assert len(seconds) == len(ratios) == 2 and min(ratios) > 0
        assert peak > 0 or not Path("/proc/self/clear_refs").exists()
    assert found[False, False][1] == [1, 1]


@pytest.mark.slow
def test_one_command_writes_all_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporal_attention, "CHANNELS", (64, 128, 192))
    arguments = ["--small", "--device", "cpu", "--dtype", "float32", "bfloat16", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["gpu", *arguments])
    gpu.main()
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["float32"]["difference from float32 on the CPU, of a small UNet"] < 1e-6
    assert figures["bfloat16"]["difference from float32 on the CPU, of a small UNet"] < 0.1
    assert len(figures["float32"]["attention over stock"]) == 3 * 3 * 2
    assert "a call over a bare one" in (tmp_path / "figures.html").read_text()


@pytest.mark.slow
def test_comfyui_and_diffusers_give_the_same_on_a_device(comfy_install: ComfyInstall) -> None:
    with torch.inference_mode():
        found = gpu.comfyui_difference(comfy_install, "cpu", "float32")
    assert set(found) == {"bare", "trackgo"} and max(found.values()) < 1e-4
