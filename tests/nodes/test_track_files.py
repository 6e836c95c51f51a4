"""Tracks as Wan-Move's pair of .npy files: out of ComfyUI's input folder, into its output folder, and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.comfy_harness import ComfyServer, PromptRefused

FRAMES, WIDTH, HEIGHT = 5, 96, 64
PATH = np.random.default_rng(0).uniform(3, 60, (1, FRAMES, 2, 2)).astype(np.float32)
SEEN = np.array([[[True, True], [True, False], [False, True], [True, True], [True, True]]])
SIZE = {"width": WIDTH, "height": HEIGHT}


def put(folder: Path, name: str = "boat") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{name}_tracks.npy", PATH)
    np.save(folder / f"{name}_visibility.npy", SEEN)


@pytest.fixture
def folders(nodes) -> Iterator[tuple[Path, Path]]:
    """ComfyUI's input and output folders, tidied up afterwards."""
    paths = sys.modules["folder_paths"]
    given, made = Path(paths.get_input_directory()), Path(paths.get_output_directory())
    yield given, made
    for file in (*given.rglob("*.npy"), *made.rglob("*.npy"), *given.parent.glob("*.npy")):
        file.unlink()


def options(nodes, name: str) -> list[str]:
    return next(item.options for item in nodes.TrackGoLoadTracks.define_schema().inputs if item.id == name)


def load(nodes, file: str, **more: Any) -> dict[str, Any]:
    assert nodes.TrackGoLoadTracks.validate_inputs(file=file) is True
    return nodes.run("TrackGoLoadTracks", file=file, **SIZE | more).args[0]


def test_a_pair_of_files_becomes_tracks(nodes, folders) -> None:
    put(folders[0])
    assert options(nodes, "file") == ["boat_tracks.npy", "boat_visibility.npy"]
    tracks = load(nodes, "boat_tracks.npy")
    np.testing.assert_array_equal(tracks["track_path"].numpy(), PATH[0])
    np.testing.assert_array_equal(tracks["track_visibility"].numpy(), SEEN[0])
    assert (tracks["width"], tracks["height"]) == (WIDTH, HEIGHT)
    assert load(nodes, "boat_tracks.npy", visibility="none")["track_visibility"].all()
    assert load(nodes, "boat_tracks.npy", frames=9)["track_path"].shape == (9, 2, 2)


def test_files_may_have_other_names_and_lie_in_folders(nodes, folders) -> None:
    put(folders[0] / "sub")
    (folders[0] / "sub" / "boat_visibility.npy").rename(folders[0] / "seen.npy")
    assert load(nodes, "sub/boat_tracks.npy")["track_visibility"].all()
    tracks = load(nodes, "sub/boat_tracks.npy", visibility="seen.npy")
    np.testing.assert_array_equal(tracks["track_visibility"].numpy(), SEEN[0])


def test_fractions_are_asked_about(nodes, folders) -> None:
    np.save(folders[0] / "small.npy", PATH / 100)
    with pytest.raises(ValueError, match="Load Tracks: the coordinates look like fractions"):
        load(nodes, "small.npy")
    path = load(nodes, "small.npy", units="fraction")["track_path"].numpy()
    np.testing.assert_allclose(path, PATH[0] / 100 * (WIDTH, HEIGHT) - 0.5, atol=1e-4)


def test_a_changed_file_is_read_again(nodes, folders) -> None:
    put(folders[0])
    given = {"file": "boat_tracks.npy", "visibility": "the file beside it", **SIZE}
    first = nodes.TrackGoLoadTracks.fingerprint_inputs(**given)
    assert first == nodes.TrackGoLoadTracks.fingerprint_inputs(**given)
    np.save(folders[0] / "boat_visibility.npy", ~SEEN)
    assert nodes.TrackGoLoadTracks.fingerprint_inputs(**given) != first


@pytest.mark.parametrize("name", ["../out_tracks.npy", "/etc/passwd", "C:/x.npy", "sub/../../out_tracks.npy", "x.npy"])
def test_other_folders_are_out_of_reach(nodes, folders, name: str) -> None:
    put(folders[0].parent, "out")
    said = nodes.TrackGoLoadTracks.validate_inputs(file=name)
    assert said.startswith("TrackGo Load Tracks: the file ") and "ComfyUI's input folder" in said
    with pytest.raises(ValueError, match="ComfyUI's input folder"):
        nodes.run("TrackGoLoadTracks", file=name, **SIZE)
    put(folders[0])
    with pytest.raises(ValueError, match="ComfyUI's input folder"):
        nodes.run("TrackGoLoadTracks", file="boat_tracks.npy", visibility=name, **SIZE)


def test_no_file_at_all_says_where_to_put_one(nodes, folders) -> None:
    (only,) = options(nodes, "file")
    assert "there is no .npy file in ComfyUI's input folder; put one there" in nodes.TrackGoLoadTracks.validate_inputs(
        file=only
    )


def test_what_is_no_such_file_is_one_sentence(nodes, folders) -> None:
    (folders[0] / "text.npy").write_text("[[1, 2]]")
    np.save(folders[0] / "seen.npy", SEEN)
    for name, reason in (("text.npy", "is not a file of numbers"), ("seen.npy", "that is the visibility")):
        with pytest.raises(ValueError, match=f"^TrackGo Load Tracks: .*{reason}"):
            nodes.run("TrackGoLoadTracks", file=name, **SIZE)


def sample() -> dict[str, Any]:
    return {"track_path": torch.from_numpy(PATH[0]), "track_visibility": torch.from_numpy(SEEN[0]), **SIZE}


def test_tracks_are_saved_as_the_pair_and_never_over_another(nodes, folders) -> None:
    for number in (1, 2):
        output = nodes.run("TrackGoSaveTracks", tracks=sample(), filename_prefix="tracks/boat")
        assert output.args[1] == f"tracks/boat_{number:05}_tracks.npy" and "fit." in output.args[2]
        (said,) = output.ui["text"]
        assert said.startswith(output.args[1]) and said.endswith(output.args[2])
    file = folders[1] / output.args[1]
    np.testing.assert_array_equal(np.load(file), PATH)
    np.testing.assert_array_equal(np.load(file.with_name("boat_00002_visibility.npy")), SEEN)
    assert len(list(folders[1].rglob("*"))) == 5, "the folder and two pairs, nothing unfinished"


def test_saving_fits_or_refuses_as_chosen(nodes, folders) -> None:
    long = sample() | {"track_path": torch.zeros(6, 2, 2), "track_visibility": torch.ones(6, 2, dtype=torch.bool)}
    assert "do not fit" in nodes.run("TrackGoSaveTracks", tracks=long).args[2]
    saved, file, note = nodes.run("TrackGoSaveTracks", tracks=long, fit="wan").args
    assert len(saved["track_path"]) == 5 == np.load(folders[1] / file).shape[1] and "became 5 frames" in note
    before = list(folders[1].rglob("*"))
    with pytest.raises(ValueError, match=r"Save Tracks: Wan wants 4n\+1 frames .* nearest are 5 .* set fit to wan"):
        nodes.run("TrackGoSaveTracks", tracks=long, fit="only if they fit")
    assert list(folders[1].rglob("*")) == before
    nodes.run("TrackGoSaveTracks", tracks=sample(), fit="only if they fit")


@pytest.mark.parametrize("prefix", ["../boat", "/tmp/boat", "a/../../boat", "C:boat", "", "tracks/", "tracks/.."])
def test_saving_stays_in_the_output_folder(nodes, folders, prefix: str) -> None:
    assert "must be a name in ComfyUI's output folder" in nodes.TrackGoSaveTracks.validate_inputs(
        filename_prefix=prefix
    )
    with pytest.raises(ValueError, match="must be a name in ComfyUI's output folder"):
        nodes.run("TrackGoSaveTracks", tracks=sample(), filename_prefix=prefix)


def test_a_real_comfyui_reads_a_file_and_writes_it(comfy: ComfyServer) -> None:
    put(comfy.base / "input")
    graph = {
        "load": {"class_type": "TrackGoLoadTracks", "inputs": {"file": "boat_tracks.npy", **SIZE}},
        "save": {"class_type": "TrackGoSaveTracks", "inputs": {"tracks": ["load", 0], "filename_prefix": "t/boat"}},
    }
    run = comfy.run(comfy.prompt(graph))
    assert run.error is None, run.error
    (said,) = run.outputs["save"]["text"]
    assert said.startswith("t/boat_00001_tracks.npy")
    np.testing.assert_array_equal(np.load(comfy.base / "output" / "t" / "boat_00001_tracks.npy"), PATH)
    np.testing.assert_array_equal(np.load(comfy.base / "output" / "t" / "boat_00001_visibility.npy"), SEEN)
    for node, name, value in (("load", "file", "../x.npy"), ("save", "filename_prefix", "../x")):
        prompt = comfy.prompt(graph)
        prompt[node]["inputs"][name] = value
        with pytest.raises(PromptRefused) as refused:
            comfy.queue(prompt)
        assert node in refused.value.details["node_errors"], "it stands at the node that knows it"
