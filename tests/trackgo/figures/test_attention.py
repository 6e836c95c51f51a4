"""Attention maps against the equations written a second time; recording costs nothing and changes nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st
from PIL import Image
from torch.utils._python_dispatch import TorchDispatchMode

from tests.trackgo.support import (
    FRAMES,
    HEIGHT_PX,
    WIDTH_PX,
    call,
    dense,
    drawn,
    inputs,
    motion_of,
    reference_row,
    softmax,
    tiny_unet,
    track_model,
)  # fmt: skip
from trackgo.cli import main
from trackgo.demo.example import example_drawing, example_image
from trackgo.figures.attention_pages import Scene, attention_pages, report, share_chart
from trackgo.figures.attention_record import (  # fmt: skip
    KINDS,
    LIMIT_BYTES,
    AttentionRecorder,
    AttentionRequest,
    WithoutAdapters,
    parse_layers,
    parse_numbers,
    plain_settings,
    with_plain,
)
from trackgo.figures.attention_watch import watch_sampling
from trackgo.model.attach import Attachment, attached
from trackgo.model.config import AttentionSettings
from trackgo.pipeline import TrackGoPipeline, fit_picture
from trackgo.svd.layers import LAYERS, temporal_attentions

LATENT = HEIGHT_PX // 8, WIDTH_PX // 8
NAMES = tuple(layer.name for layer in LAYERS)
SIZES = {layer.name: layer.size(*LATENT) for layer in LAYERS}
REQUEST = AttentionRequest(("down_0_0", "up_1_2", "up_3_2"), (0,), (0, 5), tuple(range(FRAMES)))


@pytest.fixture(scope="module")
def unet() -> torch.nn.Module:
    return tiny_unet()


@contextmanager
def looked_at(
    unet: torch.nn.Module, mass: str = "centered", settings: AttentionSettings | None = None
) -> Iterator[tuple[AttentionRecorder, dict, Attachment]]:
    """A fresh TrackGo attached to ``unet`` with a recorder on it; also q, k and the A' it was shown."""
    settings = settings or AttentionSettings()
    recorder, shown = AttentionRecorder(REQUEST, settings, step=0), {}

    def look(name, size, q, k, layer):
        shown[name] = q.clone(), k.clone(), layer
        recorder(name, size, q, k, layer)

    model = track_model(unet, mass)
    with attached(unet, Attachment(motion_of(model), settings)) as live, torch.no_grad():
        live.probe = look
        yield recorder, shown, live


# ---------------------------------------------------------------------------------------------------------------------
# Numbers
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mass", "mode", "tau"),
    [
        ("centered", "freeze", 0.0), ("literal", "freeze", -100.0), ("literal", "halfadd", -1e4),
        ("centered", "literal", -50.0),
    ],
)  # fmt: skip
def test_maps_are_the_equations(unet: torch.nn.Module, mass: str, mode: str, tau: float) -> None:
    """Every kind at some cells of every map, in float64 and row by row, for the last video of the batch."""
    settings = AttentionSettings(0.15, mode, tau)
    with looked_at(unet, mass, settings) as (recorder, shown, _):
        call(unet, inputs())
    active = 0
    for (name, _, i, j), found in recorder.maps.items():
        q, k, layer = shown[name]
        prime = dense(layer)
        size = SIZES[name]
        cells = math.prod(size)
        for cell in {0, cells // 2, cells - 1, *layer.index.tolist()[:3]}:
            active += cell in layer.index
            expected = _entry(q[-cells:][cell], k[-cells:][cell], prime[cell], i, j, settings, mass)
            got = [found.values[kind].reshape(-1)[cell] for kind in KINDS[1:]]
            tolerance = 2e-3 if mode == "halfadd" else 1e-5
            np.testing.assert_allclose(got, expected, atol=tolerance, err_msg=f"{name} {i} {j} {cell}")
    assert active > 20


def _entry(q, k, prime, i, j, settings, mass) -> list[float]:
    """original, masked, adapter, joined, mask at (i, j): q, k [L, C], A' [h, L, L]; means over the heads."""
    heads = len(prime)
    q, k = (x.double().numpy().reshape(FRAMES, heads, -1) for x in (q, k))
    rows = []
    for h in range(heads):
        scores, blocked = k[:, h] @ q[i, h] / math.sqrt(q.shape[-1]), prime[h, i] >= settings.alpha
        masked = reference_row(scores, blocked, settings.tau_mode, settings.tau)[j]
        weight = prime[h, i, j]
        added = {"literal": weight, "centered": weight - 1 / FRAMES}[mass]
        rows.append([softmax(scores)[j], masked, weight, masked + added, float(blocked[j])])
    return np.mean(rows, axis=0).tolist()


def test_rows_sum_to_one_and_shares_are_the_layers_own(unet: torch.nn.Module) -> None:
    with looked_at(unet) as (recorder, shown, live):
        call(unet, inputs())
        assert recorder.shares == {n: x.activated_share(0.2) for (n, _, _), x in live.trajectories.kept.items()}
    assert set(recorder.shares) == set(NAMES)
    for name in REQUEST.layers:
        for i in REQUEST.frames_i:
            rows = [recorder.maps[name, 0, i, j].values for j in range(FRAMES)]
            for kind in ("original", "masked", "adapter", "joined"):
                np.testing.assert_allclose(sum(row[kind] for row in rows), 1, atol=1e-5)
            mask = np.stack([row["mask"] for row in rows])
            assert mask.min() == 0 and mask.max() > 0 and (mask.sum(axis=0) <= 5).all()  # five entries ≥ 0.2 at most
    assert set(shown) == set(NAMES)


def test_sizes_of_the_layers(unet: torch.nn.Module) -> None:
    sizes = {}
    with attached(unet, Attachment(motion_of(track_model(unet)), AttentionSettings())) as live, torch.no_grad():
        live.probe = lambda name, size, *_: sizes.setdefault(name, tuple(size))
        call(unet, inputs())
    assert sizes == {layer.name: layer.size(*LATENT) for layer in LAYERS}
    at = {layer.name: layer.size for layer in LAYERS}
    assert at["up_3_2"](72, 128) == (72, 128) and at["mid_0"](72, 128) == (9, 16)
    assert at["mid_0"](40, 72) == (5, 9) and at["down_2_1"](36, 20) == (9, 5)


def test_without_adapters_is_the_base_model_to_the_bit(unet: torch.nn.Module) -> None:
    given, heads = inputs(), {name: a.heads for name, a in temporal_attentions(unet).items()}
    bare = AttentionRecorder(REQUEST, plain_settings(FRAMES), plain=True, step=0)
    nothing = Attachment(WithoutAdapters(heads, FRAMES, LATENT), bare.settings)
    nothing.probe = bare
    with torch.no_grad():
        expected = call(unet, given)
        with attached(unet, nothing):
            assert torch.equal(call(unet, given), expected)
    with looked_at(unet) as (recorder, _, _):
        call(unet, given)
    both = with_plain(list(recorder.maps.values()), list(bare.maps.values()))
    assert len(both) == len(recorder.maps) and all(tuple(sorted(m.values)) == tuple(sorted(KINDS)) for m in both)
    assert [m.layer for m in both[:: len(REQUEST.pairs)]] == list(REQUEST.layers)
    differs = {m.layer: np.abs(m.values["without"] - m.values["original"]).max() for m in both}
    assert differs["down_0_0"] == 0  # nothing has acted before the first layer
    assert differs["up_3_2"] > 0


# ---------------------------------------------------------------------------------------------------------------------
# Cost
# ---------------------------------------------------------------------------------------------------------------------


class Operations(TorchDispatchMode):
    """Counts every operation that reaches a kernel."""

    count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count += 1
        return function(*args, **(kwargs or {}))


def test_looking_on_changes_no_bit_and_not_looking_costs_no_operation(unet: torch.nn.Module) -> None:
    given = inputs()
    with attached(unet, Attachment(motion_of(track_model(unet)), AttentionSettings())) as live, torch.no_grad():
        assert live.probe is None  # nobody looks unless asked to
        first = call(unet, given)
        counts = []
        resting = AttentionRecorder(REQUEST, live.settings)
        for probe in (None, AttentionRecorder(REQUEST, live.settings, step=0), resting, None):
            live.probe = probe
            with Operations() as counted:
                assert torch.equal(call(unet, given), first)
            counts.append(counted.count)
        assert not resting.maps and not resting.shares
    assert counts[0] == counts[2] == counts[3] < counts[1]


def test_memory_is_what_the_request_says_and_no_more_is_allowed() -> None:
    request = AttentionRequest(("up_3_2",), (0, 1), (0,), (0, 5))
    assert request.bytes((72, 128)) == 24 * 2 * 2 * 72 * 128
    everything = AttentionRequest(NAMES, tuple(range(25)), tuple(range(5)), tuple(range(25)))
    assert everything.bytes((72, 128)) > LIMIT_BYTES
    with pytest.raises(ValueError, match="MB, the limit is 256 MB: choose fewer"):
        everything.check(25, (72, 128))
    with pytest.raises(ValueError, match="frame 6 was asked for but the video has 5"):
        request.check(5, (72, 128))
    request.check(6, (72, 128))


def test_maps_kept_stay_within_the_bound(unet: torch.nn.Module) -> None:
    with looked_at(unet) as (recorder, _, _):
        call(unet, inputs())
    held = sum(value.nbytes for m in recorder.maps.values() for value in m.values.values())
    assert held == REQUEST.bytes(LATENT) * 5 // 6  # all kinds but the one of a run without adapters


# ---------------------------------------------------------------------------------------------------------------------
# What people type
# ---------------------------------------------------------------------------------------------------------------------


def test_numbers() -> None:
    assert parse_numbers("first, middle,last", 14, "i") == (0, 6, 13)
    assert parse_numbers("middle", 25, "i") == (12,) and parse_numbers("middle", 1, "i") == (0,)
    assert parse_numbers("3-5,1, 4", 6, "i") == (2, 3, 4, 0)
    assert parse_numbers("all", 3, "i") == (0, 1, 2)


@pytest.mark.parametrize("text", ["", " , ", "0", "15", "5-3", "-1", "1.5", "end", "99999999999", "2-99"])
def test_numbers_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"frames: .*|frames names nothing"):
        parse_numbers(text, 14, "frames")


@hypothesis_given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.integers(1, n), min_size=1))))
def test_numbers_come_back_in_order_and_once(case: tuple[int, list[int]]) -> None:
    count, numbers = case
    assert parse_numbers(",".join(map(str, numbers)), count, "i") == tuple(dict.fromkeys(n - 1 for n in numbers))


def test_layers() -> None:
    assert parse_layers("up_3_*, mid_0") == ("mid_0", "up_3_0", "up_3_1", "up_3_2")
    assert parse_layers("all") == NAMES
    for wrong in ("", "up_4_0", "up_3_2, side"):
        with pytest.raises(ValueError, match="layer"):
            parse_layers(wrong)
    with pytest.raises(ValueError, match="no layer 'x'"):
        AttentionRequest(("x",), (0,), (0,), (0,))
    with pytest.raises(ValueError, match="frames_j are empty"):
        AttentionRequest(("mid_0",), (0,), (0,), ())


# ---------------------------------------------------------------------------------------------------------------------
# Pictures
# ---------------------------------------------------------------------------------------------------------------------


def scene(frames: bool = True) -> Scene:
    video = np.random.default_rng(0).integers(0, 256, (FRAMES, HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8)
    return Scene(video if frames else None, drawn()[0], 4, {0: 700.0}, 0.2, FRAMES, (HEIGHT_PX, WIDTH_PX))


@pytest.mark.parametrize("frames", [True, False])
def test_pages_of_one_size_and_a_report_of_the_same_numbers(unet: torch.nn.Module, frames: bool) -> None:
    with looked_at(unet) as (recorder, _, _):
        call(unet, inputs())
    maps = with_plain(list(recorder.maps.values()), [])
    pages = attention_pages(maps, scene(frames), recorder.shares)
    assert len(pages) == 3 and len({page.shape for page in pages}) == 1 and pages[0].dtype == np.uint8
    assert not np.array_equal(pages[0], pages[1])
    found_report = json.loads(json.dumps(report(maps, scene(frames), recorder.shares)))
    assert len(found_report["maps"]) == len(maps)
    for item, m in zip(found_report["maps"], maps, strict=True):
        assert (item["layer"], item["i"], item["j"], item["step"]) == (m.layer, m.i + 1, m.j + 1, 1)
        assert item["adapter"]["max"] == pytest.approx(m.values["adapter"].max())
    chart = share_chart(recorder.shares, 0.2)
    assert chart.ndim == 3 and chart.std() > 5
    with pytest.raises(ValueError, match="no layer's share"):
        share_chart({}, 0.2)


def test_frames_must_be_the_videos() -> None:
    with pytest.raises(ValueError, match="2 frames were given to show the maps on, but the model saw 8"):
        Scene(np.zeros((2, 8, 8, 3), np.uint8), None, 4, {0: 1.0}, 0.2, FRAMES, (8, 8))


# ---------------------------------------------------------------------------------------------------------------------
# While sampling, and the command
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo() -> tuple[TrackGoPipeline, np.ndarray, object]:
    pipeline = TrackGoPipeline.from_pretrained("demo")
    pipeline.set_progress_bar_config(disable=True)
    return pipeline, *fit_picture(example_image(96, 96), example_drawing(), 6, 64, 64)


def test_watching_a_sampling(demo: tuple) -> None:
    pipeline, picture, trajectories = demo
    request = AttentionRequest(("up_3_2",), (0, 2), (1,), (0, 5))
    settings = {"steps": 3, "guidance": 2.0, "seed": 4}
    seen = watch_sampling(pipeline, picture, trajectories, request, **settings)
    np.testing.assert_array_equal(seen.clip, pipeline(picture, trajectories, **settings))
    assert [(m.step, m.i, m.j) for m in seen.maps] == [(s, 1, j) for s in (0, 2) for j in (0, 5)]
    assert all(set(m.values) == set(KINDS) for m in seen.maps)
    assert seen.sigmas[0] == pytest.approx(700) and seen.sigmas[2] < 1
    np.testing.assert_array_equal(seen.maps[0].values["adapter"], seen.maps[2].values["adapter"])  # at every step
    assert not np.array_equal(seen.maps[0].values["original"], seen.maps[2].values["original"])
    with pytest.raises(ValueError, match="step 3 was asked for but there are 2"):
        watch_sampling(pipeline, picture, trajectories, request, steps=2)


def test_command_writes_pages_shares_numbers_and_arrays(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "seen"
    small = ["--steps", "2", "--frames", "6", "--width", "64", "--height", "64"]
    shown = ["--layers", "mid_0,up_3_2", "--at", "last", "--i", "2", "--j", "1,last", "--arrays", "--no-plain"]
    assert main(["attention", "--out", str(out), *small, *shown]) == 0
    assert f"wrote 2 pages and attention.json to {out}" in capsys.readouterr().out
    names = {path.name for path in out.iterdir()}
    assert names == {"mid_0_step02.png", "up_3_2_step02.png", "shares.png", "attention.json", "attention.npz"}
    with Image.open(out / "up_3_2_step02.png") as page:
        assert page.width > 900
    numbers = json.loads((out / "attention.json").read_text())
    with np.load(out / "attention.npz") as arrays:
        assert arrays["up_3_2/2/2/6/adapter"].shape == (8, 8) and arrays["mid_0/2/2/1/mask"].shape == (1, 1)
        item = next(m for m in numbers["maps"] if (m["layer"], m["j"]) == ("up_3_2", 6))
        assert item["original"]["mean"] == pytest.approx(arrays["up_3_2/2/2/6/original"].mean())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--layers", "up_9"], "no layer is called 'up_9'"),
        (["--at", "13"], "--at: '13' does not lie between 1 and 4"),
        (["--image", "x.png"], "--image and --drawing belong together"),
        (["--alpha", "2"], "--alpha is 2.0; it must be a number from 0 to 1"),
        (["--i", "20"], "--i: '20' does not lie between 1 and 14"),
    ],
)
def test_command_mistakes(words: list[str], expected: str, tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    assert main(["attention", "--out", str(tmp_path / "x"), *words]) == 2
    message = capfd.readouterr().err.strip().splitlines()[-1]
    assert message.startswith("trackgo attention: ") and expected in message
    assert not (tmp_path / "x").exists()
