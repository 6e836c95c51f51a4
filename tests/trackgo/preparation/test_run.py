"""Whole runs: what is kept, skipped and why; stopping and going on; the same result however many workers."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.trackgo.preparation.clips import BAD, SIZE, write_known_clip
from trackgo.cli import main
from trackgo.preparation import decode
from trackgo.preparation.run import prepare
from trackgo.preparation.settings import Settings, Thresholds
from trackgo.preparation.shards import read_samples, read_tar
from trackgo.preparation.store import locked
from trackgo.svd.frozen import fingerprint
from trackgo.training.config import ModelConfig
from trackgo.training.setup import load_base

SETTINGS = Settings(**SIZE)
ROOT = Path(__file__).parents[3]


def members(folder: Path) -> dict[str, dict[str, dict[str, bytes]]]:
    """Everything in a folder's shards."""
    return {path.name: dict(read_tar(path)) for path in sorted(folder.glob("*.tar"))}


@pytest.fixture(scope="module")
def prepared(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All clips in this process, four to a shard."""
    folder = tmp_path_factory.mktemp("prepared") / "shards"
    prepare([videos], folder, replace(SETTINGS, preview=True), shard_clips=4)
    return folder


def test_good_clips_are_kept_and_bad_ones_skipped_with_their_reason(prepared: Path, videos: Path) -> None:
    samples = {Path(sample.meta["source"]).name: sample for sample in read_samples(prepared)}
    assert set(samples) == {"good1.mkv", "good2.mkv", "good4.mkv"}
    for sample in samples.values():
        assert sample.frames.shape == (8, 128, 192, 3)
        assert sample.meta["last_frame"] == 7
        assert sample.meta["tools"]["tracker"].startswith("lk")
        assert (np.bincount(sample.component, minlength=sample.masks.shape[1]) >= 16).all()
        first = np.rint(sample.tracks[0]).astype(int)
        assert sample.masks[0, sample.component, first[:, 1], first[:, 0]].all()
    report = json.loads((prepared / "report.json").read_text())
    found = {Path(entry["source"]).name: entry["reason"] for entry in report["bad"] + report["windows"]}
    assert found == BAD
    assert report["clips"] == 10
    assert report["kept"] == 3
    assert sum(report["skipped"].values()) == 7
    assert not list((prepared / "work").iterdir())


def test_the_page_shows_kept_and_rejected_and_needs_nothing_else(prepared: Path) -> None:
    page = (prepared / "preview" / "index.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 5  # three kept, two rejected with a picture
    assert set(re.findall(r"https?://[^'\"]*", page)) == {"http://www.w3.org/2000/svg"}  # a name, not an address
    for name in ("good1.mkv", "still.mkv", "little motion", "most_camera"):
        assert name in page


def test_a_second_run_does_nothing_twice(prepared: Path, videos: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in prepared.glob("shard-*")}
    summary = prepare([videos], prepared, SETTINGS, shard_clips=4)
    assert (summary.clips, summary.kept) == (10, 3)
    assert {path: path.stat().st_mtime_ns for path in prepared.glob("shard-*")} == before


def test_other_settings_need_another_folder(prepared: Path, videos: Path) -> None:
    with pytest.raises(ValueError, match=r"other settings \(frames 8, not 9\)"):
        prepare([videos], prepared, replace(SETTINGS, frames=9), shard_clips=4)
    with pytest.raises(ValueError, match="shard_clips 4, not 5"):
        prepare([videos], prepared, SETTINGS, shard_clips=5)


def test_new_clips_join_behind_the_old_ones(videos: Path, tmp_path: Path) -> None:
    prepare([videos / "good1.mkv"], tmp_path / "out", SETTINGS, shard_clips=2)
    before = members(tmp_path / "out")["shard-000000.tar"]
    summary = prepare([videos / "good2.mkv", videos / "good4.mkv"], tmp_path / "out", SETTINGS, shard_clips=2)
    assert (summary.clips, summary.kept) == (3, 3)
    after = members(tmp_path / "out")
    assert [len(shard) for shard in after.values()] == [2, 1]
    assert before.items() <= after["shard-000000.tar"].items()


@pytest.mark.slow
def test_processes_give_the_same_members_as_one_process(prepared: Path, videos: Path, tmp_path: Path) -> None:
    prepare([videos], tmp_path / "out", SETTINGS, workers=2, shard_clips=4)
    assert members(tmp_path / "out") == members(prepared)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
def test_ray_gives_the_same_members_as_one_process(prepared: Path, videos: Path, tmp_path: Path) -> None:
    prepare([videos], tmp_path / "out", SETTINGS, workers=2, ray="local", shard_clips=4)
    assert members(tmp_path / "out") == members(prepared)


KILLS = int(os.environ.get("TRACKGO_KILLS", "3"))  # more by hand


@pytest.mark.slow
def test_a_run_killed_at_any_instant_goes_on(prepared: Path, videos: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trackgo", "prepare", str(videos), "--out", str(tmp_path / "out"), "--frames", "8",
               "--size", "192x128", "--shard-clips", "4"]  # fmt: skip
    rng = np.random.default_rng(1)
    finished: set[str] = set()
    for _ in range(KILLS):
        run = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        _wait_for_progress(run, tmp_path / "out", finished)
        time.sleep(rng.uniform(0, 0.3))
        run.send_signal(signal.SIGKILL)
        run.wait()
        now = _done(tmp_path / "out")
        assert finished <= now  # nothing is lost
        finished = now
        for path in (tmp_path / "out").glob("**/*.tar"):
            if not path.name.startswith("."):
                assert dict(read_tar(path))  # nothing is torn
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "work").glob("[0-9]*")}
    prepare([videos], tmp_path / "out", SETTINGS, shard_clips=4)
    assert members(tmp_path / "out") == members(prepared)
    assert all(not path.exists() or path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())
    assert not list((tmp_path / "out").glob(".shard*"))


def _done(folder: Path) -> set[str]:
    """Numbers of the clips that are finished, by the files that say so."""
    done = {str(int(path.stem)) for path in folder.glob("work/[0-9]*.json")}
    for path in folder.glob("shard-*.json"):
        done |= set(json.loads(path.read_text()))
    return done


def _wait_for_progress(run: subprocess.Popen, folder: Path, finished: set[str]) -> None:
    deadline = time.monotonic() + 120
    while run.poll() is None and not _done(folder) > finished:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_two_runs_keep_out_of_each_others_folder(videos: Path, tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(ValueError, match="another run"):
        prepare([videos], tmp_path, SETTINGS)


def test_what_a_killed_run_was_writing_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    for name in (".shard-000000.tar.4711.unfinished", "work/.000001.tar.4711.unfinished", "work/000001.tar"):
        (tmp_path / name).touch()
    with locked(tmp_path):
        assert [path.name for path in (tmp_path / "work").iterdir()] == ["000001.tar"]
        assert not (tmp_path / ".shard-000000.tar.4711.unfinished").exists()


def test_thresholds_decide(videos: Path, tmp_path: Path) -> None:
    cameras = Thresholds(most_camera=0.2)
    summary = prepare([videos / "good1.mkv"], tmp_path / "a", replace(SETTINGS, thresholds=cameras))
    assert summary.skipped == {"strong camera motion": 1}
    steps = Thresholds(least_travel=90)
    summary = prepare([videos / "good1.mkv"], tmp_path / "b", replace(SETTINGS, thresholds=steps))
    assert summary.skipped == {"components hardly move": 1}


def test_latents_are_stored_where_asked_for(videos: Path, tmp_path: Path) -> None:
    settings = replace(SETTINGS, latents="demo")
    prepare([videos / "good2.mkv"], tmp_path / "out", settings)
    sample = next(read_samples(tmp_path / "out"))
    assert sample.latents.shape == (8, 4, 16, 24)
    assert sample.embedding.shape[0] == 1
    assert 0.3 < float(sample.latents.std()) < 3
    _, parts = load_base(ModelConfig(base="demo"), seed=0)
    assert sample.meta["encoders"] == {"vae": fingerprint(parts.vae), "image_encoder": fingerprint(parts.image_encoder)}


def test_the_command_prepares(videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_known_clip(tmp_path / "one.mkv", 2, **SIZE)
    arguments = [
        "prepare",
        str(tmp_path / "one.mkv"),
        "--out",
        str(tmp_path / "out"),
        "--frames",
        "8",
        "--size",
        "192x128",
    ]
    assert main([*arguments, "--threshold", "most_camera=3"]) == 0
    assert "1 clips: 1 samples kept" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["missing/"], "there is nothing at"),
        (["good1.mkv", "--size", "wide"], "--size is 'wide'"),
        (["good1.mkv", "--size", "101x64"], "both sides must be even"),
        (["good1.mkv", "--frames", "1"], "at least 2"),
        (["good1.mkv", "--segmenter", "magic"], "no segmenter 'magic'"),
        (["good1.mkv", "--tracker", "magic"], "no tracker 'magic'"),
        (["good1.mkv", "--threshold", "most_fun=3"], "there is no 'most_fun'"),
        (["good1.mkv", "--threshold", "most_jump=high"], "'high' is not a number"),
        (["good1.mkv", "--workers", "0"], "--workers is 0"),
        (["good1.mkv", "--latents", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_is_one_sentence(
    options: list[str], message: str, videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, *rest = options
    latents = ["--size", "192x128"] if "--latents" in rest else []
    assert main(["prepare", str(videos / path), "--out", str(tmp_path / "out"), *latents, *rest]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="names and kinds of files are Linux's here")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_is_no_clip_is_skipped_with_its_reason(
    videos: Path, tmp_path: Path, workers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "clips", tmp_path / "out"
    folder.mkdir()
    shutil.copy(videos / "good1.mkv", folder)
    os.mkfifo(folder / "pipe.mp4")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(folder / "socket.mp4"))
    (folder / "gone.mp4").symlink_to("nowhere")
    (folder / "device.mp4").symlink_to("/dev/zero")
    (folder / "folder.mp4").mkdir()
    (folder / "loop").symlink_to(".")
    shutil.copy(videos / "good1.mkv", os.fsencode(folder) + b"/caf\xe9.mp4")
    (folder / "playlist.mp4").write_text("ffconcat version 1.0\n" + f"file '{folder / 'good1.mkv'}'\n" * 9)
    size = ["--size", "192x128", "--frames", "8"]
    assert main(["prepare", str(folder), "--out", str(out), *size, "--workers", workers, "--preview"]) == 0
    listening.close()
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    reasons = {Path(bad["source"]).name: bad["reason"] for bad in report["bad"]}
    no_file = dict.fromkeys(("pipe.mp4", "socket.mp4", "gone.mp4", "device.mp4"), "no file")
    assert reasons == no_file | {"caf\\udce9.mp4": "file name", "playlist.mp4": "unreadable"}
    assert "is a pipe" in next(bad["message"] for bad in report["bad"] if "pipe" in bad["source"])
    assert report["kept"] >= 1
    assert main(["prepare", str(folder), "--out", str(out), *size]) == 0, "and again, with nothing left to do"


@pytest.mark.parametrize("rate", ["inf", "nan", "-1", "1e9"])
def test_a_rate_that_is_none_is_refused(rate: str, videos: Path, tmp_path: Path, capsys) -> None:
    assert main(["prepare", str(videos), "--out", str(tmp_path / "out"), f"--fps={rate}"]) == 2
    assert "--fps is" in capsys.readouterr().err


def test_a_clip_that_takes_too_long_is_left(videos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "CLIP_SECONDS", -1.0)
    with pytest.raises(decode.Unusable, match="without a window") as caught:
        list(decode.windows(videos / "good1.mkv", Settings(frames=8, width=192, height=128)))
    assert caught.value.reason == "took too long"
