"""Checkpoints: what goes in comes out; whatever else a file holds is refused by name and with one sentence."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.trackgo.support import tiny_unet, track_model
from trackgo import __version__
from trackgo.model import TrackGo, checkpoint
from trackgo.model.config import MASS_MODES
from trackgo.model.low_rank import LowRank

BASE_KEY = "up_blocks.1.attentions.0.temporal_transformer_blocks.0.attn1.to_v.weight"
NARROW = {"widths": (32, 32, 32, 32), "heads": (2, 2, 2, 2)}
PROJECTION = "adapters.mid_0.project.bias"


@pytest.fixture(scope="module")
def model() -> TrackGo:
    """With one changed base weight."""
    model = track_model(tiny_unet(**NARROW))
    model.base_weights = {BASE_KEY: torch.arange(32 * 32).reshape(32, 32) / 3}
    return model


@pytest.fixture(scope="module")
def good(model: TrackGo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "good.safetensors"
    model.save(path)
    return path


@pytest.fixture
def rewrite(good: Path, tmp_path: Path) -> Callable[..., Path]:
    """The good file again, with other tensors (None leaves one out) or other metadata, and as one without a SHA-256."""

    def write(tensors: dict[str, Tensor | None] | None = None, **metadata: str | None) -> Path:
        with safe_open(good, framework="pt") as file:
            words = {**file.metadata(), "sha256": None, **metadata}
        changed = {**load_file(good), **(tensors or {})}
        path = tmp_path / "changed.safetensors"
        save_file(
            {key: value for key, value in changed.items() if value is not None},
            path,
            {key: value for key, value in words.items() if value is not None},
        )
        return path

    return write


def config_of(path: Path) -> dict:
    with safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()["config"])


# ---------------------------------------------------------------------------------------------------------------------
# Round trips
# ---------------------------------------------------------------------------------------------------------------------


def test_round_trip_is_exact(model: TrackGo, good: Path) -> None:
    loaded = TrackGo.load(good)
    assert loaded.config == model.config
    ours, theirs = model.state_dict(), loaded.state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[key], theirs[key]) and ours[key].dtype == theirs[key].dtype for key in ours)
    assert loaded.base_weights.keys() == model.base_weights.keys()
    assert torch.equal(loaded.base_weights[BASE_KEY], model.base_weights[BASE_KEY])
    assert not any(p.is_meta for p in loaded.parameters())


def test_low_rank_changes_travel_as_their_factors(model: TrackGo, tmp_path: Path) -> None:
    path, key = tmp_path / "low.safetensors", "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight"
    other = track_model(tiny_unet(**NARROW))
    other.base_weights = {BASE_KEY: model.base_weights[BASE_KEY], key: LowRank(torch.randn(32, 3), torch.randn(3, 32))}
    other.save(path)
    loaded = TrackGo.load(path).base_weights
    assert torch.equal(loaded[BASE_KEY], model.base_weights[BASE_KEY])
    assert all(torch.equal(a, b) for a, b in zip(loaded[key], other.base_weights[key], strict=True))
    weight = torch.randn(32, 32)
    torch.testing.assert_close(loaded[key].added_to(weight), weight + loaded[key].up @ loaded[key].down)


@pytest.mark.parametrize("factor", [None, torch.zeros(4, 32), torch.zeros(3)], ids=["missing", "rank", "vector"])
def test_torn_low_rank_changes_are_refused(factor: Tensor | None, rewrite: Callable[..., Path]) -> None:
    factors = {"base.odd.weight.up": torch.zeros(32, 3), "base.odd.weight.down": factor}
    named = json.dumps([BASE_KEY, "odd.weight"])
    assert "odd.weight" in refused(rewrite(factors, base_weights=named, low_rank='["odd.weight"]'))


@pytest.mark.parametrize("mass", MASS_MODES)
def test_the_mass_mode_travels_along(mass: str, tmp_path: Path) -> None:
    model = TrackGo.for_unet(tiny_unet(**NARROW), mass, base="a test")
    model.save(tmp_path / "w.safetensors")
    loaded = TrackGo.load(tmp_path / "w.safetensors")
    assert (loaded.config.mass, loaded.config.base) == (mass, "a test")
    assert loaded.base_weights == {}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_halves_the_file(model: TrackGo, good: Path, tmp_path: Path, dtype: torch.dtype) -> None:
    path = tmp_path / "half.safetensors"
    model.save(path, dtype)
    loaded = TrackGo.load(path)
    assert {p.dtype for p in loaded.parameters()} == {dtype}
    assert all(torch.equal(p, model.state_dict()[key].to(dtype)) for key, p in loaded.state_dict().items())
    assert path.stat().st_size < 0.55 * good.stat().st_size
    assert next(model.parameters()).dtype == torch.float32, "saving changes nothing"


def test_metadata_says_what_the_file_is(model: TrackGo, good: Path) -> None:
    with safe_open(good, framework="pt") as file:
        metadata, keys = file.metadata(), set(file.keys())
    assert (metadata["format"], metadata["format_version"]) == ("trackgo", "1")
    assert metadata["trackgo_version"] == __version__
    assert json.loads(metadata["base_weights"]) == [BASE_KEY]
    assert json.loads(metadata["config"])["layers"][0] == {"name": "down_0_0", "channels": 32, "heads": 2}
    assert keys == set(model.state_dict()) | {f"base.{BASE_KEY}"}


def test_saving_makes_folders_and_replaces_files(model: TrackGo, tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "w.safetensors"
    for _ in range(2):
        model.save(str(path))
    assert [p.name for p in path.parent.iterdir()] == ["w.safetensors"]


def test_a_save_that_fails_leaves_the_old_file(
    model: TrackGo, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(good.read_bytes())

    def full_disk(_tensors: dict, filename: Path, _metadata: dict) -> None:
        filename.write_bytes(b"half a file")
        raise OSError("no space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full_disk)
    for target in (path, tmp_path / "other.safetensors"):
        with pytest.raises(OSError, match="no space left"):
            model.save(target)
    assert path.read_bytes() == good.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]


# ---------------------------------------------------------------------------------------------------------------------
# Files that are not what they should be
# ---------------------------------------------------------------------------------------------------------------------


def refused(path: Path) -> str:
    with pytest.raises(ValueError) as error:
        TrackGo.load(path)
    message = str(error.value)
    assert str(path) in message and "\n" not in message
    return message


@pytest.mark.parametrize("key", ["encoder.convs.3.weight", "adapters.up_2_1.to_k.weight", PROJECTION])
def test_a_missing_key_is_named(rewrite: Callable[..., Path], key: str) -> None:
    assert f"lacks '{key}'" in refused(rewrite({key: None}))


@pytest.mark.parametrize("key", ["encoder.convs.6.weight", "adapters.down_3_0.to_k.weight", "something"])
def test_an_extra_key_is_named(rewrite: Callable[..., Path], key: str) -> None:
    assert f"unknown '{key}'" in refused(rewrite({key: torch.zeros(2)}))


def test_many_wrong_keys_are_counted(rewrite: Callable[..., Path]) -> None:
    message = refused(rewrite({f"extra.{i:02}": torch.zeros(1) for i in range(12)}))
    assert "'extra.00'" in message and "and 7 more" in message


@pytest.mark.parametrize("shape", [(32, 31), (32,), (1, 32, 32), (32, 32, 1)])
def test_a_wrong_shape_is_named(rewrite: Callable[..., Path], shape: tuple[int, ...]) -> None:
    message = refused(rewrite({"adapters.mid_0.to_q.weight": torch.zeros(shape)}))
    assert f"'adapters.mid_0.to_q.weight' has shape {shape}, its configuration asks (32, 32)" in message


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool, torch.complex64, torch.float8_e4m3fn])
def test_a_wrong_type_is_named(rewrite: Callable[..., Path], dtype: torch.dtype) -> None:
    assert f"'{PROJECTION}' is stored as {dtype}" in refused(rewrite({PROJECTION: torch.zeros(32, dtype=dtype)}))


def test_base_weights_must_be_those_the_metadata_lists(rewrite: Callable[..., Path]) -> None:
    assert BASE_KEY in refused(rewrite(base_weights="[]"))
    assert "'conv_in.bias'" in refused(rewrite({"base.conv_in.bias": torch.zeros(32)}))
    assert BASE_KEY in refused(rewrite({f"base.{BASE_KEY}": None}))
    for damaged in ("7", "{}", '"x"', "[1]", "[[]]", "[", "null"):
        assert "damaged TrackGo configuration" in refused(rewrite(base_weights=damaged))


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"format": None}, "is not a TrackGo checkpoint"),
        ({"format": "pt"}, "is not a TrackGo checkpoint"),
        ({"format_version": "2"}, "has TrackGo format version '2', this release reads 1: update ComfyUI-TrackGo"),
        ({"format_version": None}, "has TrackGo format version ''"),
        ({"config": None}, "damaged TrackGo configuration"),
        ({"config": "{"}, "damaged TrackGo configuration"),
        ({"config": "[]"}, "damaged TrackGo configuration"),
        ({"config": "7"}, "damaged TrackGo configuration"),
        ({"config": '{"layers": 3}'}, "damaged TrackGo configuration"),
        ({"config": '{"layers": [{"name": "x"}]}'}, "damaged TrackGo configuration"),
        ({"config": "[" * 100_000}, "damaged TrackGo configuration"),
    ],
)
def test_damaged_metadata(rewrite: Callable[..., Path], metadata: dict[str, str | None], words: str) -> None:
    assert words in refused(rewrite(**metadata))


@pytest.mark.parametrize(
    ("field", "value"),
    [("channels", "64"), ("channels", -32), ("channels", 1e9), ("channels", 10**30), ("heads", 0), ("heads", 2.5),
     ("heads", None), ("name", 3), ("name", "mid_1"), ("color", "red")],
)  # fmt: skip
def test_damaged_layers(good: Path, rewrite: Callable[..., Path], field: str, value: object) -> None:
    config = config_of(good)
    config["layers"][6][field] = value
    assert "damaged TrackGo configuration" in refused(rewrite(config=json.dumps(config)))


@pytest.mark.parametrize(("field", "value"), [("mass", "heavy"), ("mass", ["centered"]), ("base", 3), ("layers", None)])
def test_damaged_fields(good: Path, rewrite: Callable[..., Path], field: str, value: object) -> None:
    assert field in refused(rewrite(config=json.dumps(config_of(good) | {field: value})))


def test_a_configuration_for_other_weights_is_refused_by_key(good: Path, rewrite: Callable[..., Path]) -> None:
    config = config_of(good)
    config["layers"][6] |= {"channels": 64, "heads": 4}
    assert "'adapters.mid_0.project." in refused(rewrite(config=json.dumps(config)))


def test_gated_weights_are_refused_with_the_way_out(good: Path, rewrite: Callable[..., Path]) -> None:
    message = refused(rewrite(config=json.dumps(config_of(good) | {"mass": "gated"})))
    assert "mass 'gated' is not supported" in message and "'centered'" in message


class Evil:
    """Unpickling this would leave a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple:
        return Path.touch, (self.trace,)


def test_other_files_are_refused(good: Path, tmp_path: Path) -> None:
    whole, trace = good.read_bytes(), tmp_path / "trace"
    files = {
        "empty": b"",
        "short": whole[:5],
        "header only": whole[:2000],
        "truncated": whole[:-7],
        "longer": whole + b"\0",
        "text": b"not a model at all, but long enough to be read as one",
        "pickle": pickle.dumps(Evil(trace)),
    }
    for name, content in files.items():
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(content)
        assert "is not a readable safetensors file" in refused(path)
    torch.save({"x": Evil(trace)}, tmp_path / "torch.safetensors")
    assert "is not a readable safetensors file" in refused(tmp_path / "torch.safetensors")
    assert not trace.exists()


def test_damaged_tensors_are_found_by_their_sha256(good: Path, rewrite: Callable[..., Path], tmp_path: Path) -> None:
    content = bytearray(good.read_bytes())
    content[-5] ^= 1
    path = tmp_path / "flipped.safetensors"
    path.write_bytes(content)
    assert "is damaged: its tensors are not those that were written (their SHA-256 differs)" in refused(path)
    with safe_open(good, framework="pt") as file:
        digest = file.metadata()["sha256"]
    TrackGo.load(rewrite(sha256=digest))
    assert "is damaged" in refused(rewrite({PROJECTION: torch.ones(32)}, sha256=digest))
    assert "is damaged" in refused(rewrite(sha256=""))
    TrackGo.load(rewrite({PROJECTION: torch.ones(32)}))  # an older file, which says nothing of it


@pytest.mark.slow
@pytest.mark.parametrize("change", ["overwritten", "truncated", "gone"])
def test_what_happens_to_the_file_later_leaves_the_model_alone(
    model: TrackGo, good: Path, tmp_path: Path, change: str
) -> None:
    """In a process of its own: a mapped file that is cut short would end it."""
    path, theirs = tmp_path / "w.safetensors", tmp_path / "seen.safetensors"
    path.write_bytes(good.read_bytes())
    code = """if True:
        import sys
        from pathlib import Path
        from safetensors.torch import save_file
        from trackgo.model import TrackGo
        path, change = Path(sys.argv[1]), sys.argv[3]
        loaded = TrackGo.load(path)
        if change == "gone":
            path.unlink()
        else:
            with open(path, "rb+") as file:
                file.truncate(9) if change == "truncated" else file.write(bytes(path.stat().st_size))
        save_file({**loaded.state_dict(), **loaded.base_weights}, sys.argv[2])
    """
    done = subprocess.run([sys.executable, "-c", code, str(path), str(theirs), change], cwd=Path.cwd(), check=False)
    assert done.returncode == 0
    expected = {**model.state_dict(), **model.base_weights}
    assert all(torch.equal(value, expected[key]) for key, value in load_file(theirs).items())


def test_nothing_and_folders_are_not_found(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing.safetensors", str(tmp_path / "no" / "folder")):
        with pytest.raises(FileNotFoundError, match="there is no TrackGo checkpoint at '"):
            TrackGo.load(path)


def attempt(content: bytes, path: Path) -> None:
    """Loading may work (some bytes mean nothing) or end in a ValueError, never in anything else."""
    path.write_bytes(content)
    try:
        TrackGo.load(path)
    except ValueError as error:
        assert str(path) in str(error)


QUIET = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@given(st.lists(st.tuples(st.integers(0, 14_000), st.binary(min_size=1, max_size=4)), min_size=1, max_size=4))
@settings(max_examples=80, **QUIET)
def test_any_damage_to_the_header_ends_in_a_value_error(
    good: Path, tmp_path: Path, changes: list[tuple[int, bytes]]
) -> None:
    content = bytearray(good.read_bytes())
    for at, replacement in changes:
        content[at : at + len(replacement)] = replacement
    attempt(bytes(content), tmp_path / "damaged.safetensors")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.sampled_from([(), ("layers",), ("mass",), ("base",), ("layers", 0), ("layers", 3, "channels"),
                     ("layers", 15, "heads"), ("layers", 9, "name"), ("new",)]),
    VALUES,
)  # fmt: skip
@settings(max_examples=80, **QUIET)
def test_any_value_anywhere_in_the_configuration_ends_in_a_value_error(
    good: Path, tmp_path: Path, where: tuple, value: object
) -> None:
    config = config_of(good)
    holder = config
    for step in where[:-1]:
        holder = holder[step]
    if where:
        holder[where[-1]] = value
    words = json.dumps(config if where else value)
    path = tmp_path / "config.safetensors"
    save_file({"x": torch.zeros(1)}, path, {"format": "trackgo", "format_version": "1", "config": words})
    with pytest.raises(ValueError, match=r"config\.safetensors"):
        TrackGo.load(path)
