from __future__ import annotations

import dataclasses
import json
import re
import typing
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from trackgo.training import config as c
from trackgo.training.command import config_path

STAGE = {"steps": 3, "width": 64, "height": 64, "frames": 8}
VALID = "stages: [{steps: 3, width: 64, height: 64, frames: 8}]\n"
SECTIONS = (
    c.TrainingConfig,
    c.ModelConfig,
    c.DataConfig,
    c.StageConfig,
    c.OptimizerConfig,
    c.LossConfig,
    c.ConditioningConfig,
    c.EvaluationConfig,
    c.RunConfig,
)


def write(folder: Path, content: dict | str | bytes) -> Path:
    """A configuration file: a tree, YAML text, or bytes as they are."""
    path = folder / "config.yaml"
    text = yaml.safe_dump(content) if isinstance(content, dict) else content
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def refusal(path: Path, overrides: Sequence[str] = ()) -> str:
    """The one line with which a configuration is refused."""
    with pytest.raises(ValueError) as error:
        c.load_config(path, overrides)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


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
        ({"stages": [STAGE], True: 3}, "unknown key 'True'; did you mean 'run'?"),
        ({"stage": [STAGE]}, "unknown key 'stage'; did you mean 'stages'?"),
        ({"stages": [STAGE, STAGE | {"step": 1}]}, "unknown key 'stages.1.step'; did you mean 'stages.1.steps'?"),
        ({"stages": [STAGE | {"width": 100}]}, "stages.0.width is 100; it must be a multiple of 64 from 64"),
        ({"stages": [STAGE | {"width": 0}]}, "stages.0.width is 0; it must be a multiple of 64 from 64"),
        ({"stages": [STAGE | {"frames": 1}]}, "stages.0.frames is 1; it must be a whole number from 2"),
        ({"stages": [STAGE | {"rate": 0}]}, "stages.0.rate is 0; it must be a finite number above 0"),
        ({"stages": [STAGE | {"steps": 10**30}]}, f"stages.0.steps is {10**30}; it must be a whole number from 1"),
        ({"stages": [{"steps": 1}]}, "'stages.0.width' is missing"),
        ({"stages": []}, "stages is []; it must be a list with at least one stage"),
        ({}, "'stages' is missing"),
        ({"stages": [STAGE], "run": {"seed": "x"}}, "run.seed is 'x'; it must be a whole number"),
        ({"stages": [STAGE], "run": {"seed": True}}, "run.seed is True"),
        ({"stages": [STAGE], "model": {"gradient_checkpointing": 1}}, "true or false"),
        ({"stages": [STAGE], "model": {"mass": "heavy"}}, "model.mass is 'heavy'"),
        ({"stages": [STAGE], "model": {"trainable": "adaptor"}}, "model.trainable is 'adaptor'"),
        ({"stages": [STAGE], "model": {"initial": "random"}}, "'everything' when model.initial is 'random'"),
        ({"stages": [STAGE], "model": {"alpha": 1}}, "model.alpha is 1; it must be a number between 0 and 1"),
        ({"stages": [STAGE], "model": {"base": 3}}, "model.base is 3; it must be text"),
        ({"stages": [STAGE], "model": {"base": b"x"}}, "model.base is b'x'; it must be text"),
        ({"stages": [STAGE | {"frames": 5}]}, "above 1/5"),
        ({"stages": [STAGE], "data": {"source": "shards"}}, "data.path"),
        ({"stages": [STAGE], "data": {"latents": "yes"}}, "data.latents is 'yes'; it must be 'use' or 'ignore'"),
        (
            {"stages": [STAGE], "data": {"plain": 0.7, "large": 0.2, "photographs": 0.5}},
            "data.plain + data.large + data.photographs is 1.4; it must be 1 or less",
        ),
        ({"stages": [STAGE], "data": {"plain": 2}}, "data.plain is 2; it must be a probability from 0 to 1"),
        ({"stages": [STAGE], "optimizer": {"beta1": 1}}, "optimizer.beta1 is 1; it must be a number from 0 to below 1"),
        (
            {"stages": [STAGE], "loss": {"attention": -1}},
            "loss.attention is -1; it must be a finite number of 0 or more",
        ),
        (
            {"stages": [STAGE], "loss": {"sigma_mean": float("nan")}},
            "loss.sigma_mean is nan; it must be a finite number",
        ),
        ({"stages": [STAGE], "loss": {"sigma_mean": "-inf"}}, "it must be a finite number"),
        ({"stages": [STAGE], "loss": {"attention": float("inf")}}, "loss.attention is inf; it must be a finite number"),
        ({"stages": [STAGE], "loss": {"attention": True}}, "loss.attention is True; it must be a finite number"),
        ({"stages": [STAGE], "loss": {"attention": 10**400}}, "it must be a finite number"),
        ({"stages": [STAGE], "loss": {"attention": [[[1]]]}}, "loss.attention is [[...]]; it must be a finite number"),
        ({"stages": [STAGE], "run": {"seed": 1.0}}, "run.seed is 1.0; it must be a whole number"),
        ({"stages": [STAGE], "run": {"seed": 10**5000}}, "run.seed is a number of thousands of digits; it must be"),
        ({"stages": [STAGE], "run": None}, "run must hold keys, got None"),
        ({"stages": 3}, "stages is 3; it must be a list"),
        ({"stages": STAGE}, "it must be a list with at least one stage"),
        ({"stages": [3]}, "stages.0 must hold keys, got 3"),
    ],
)
def test_what_is_wrong_is_named(tree, message):
    with pytest.raises(ValueError) as error:
        c.from_mapping(tree)
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="no configuration"):
        c.load_config(tmp_path / "none.yaml")
    assert refusal(tmp_path) == f"'{tmp_path}' is a folder; give the YAML file itself"


def bomb(kind: str) -> str:
    """A short file that would fill any memory if aliases were written out."""
    lines = [f"a{n}: &a{n} {kind.format(', '.join([f'*a{n - 1}'] * 9))}" for n in range(1, 12)]
    return "\n".join(["a0: &a0 {k: 1}", *lines, ""])


UNREADABLE = {
    "open bracket": ("a: [", "not valid YAML: line 1, column 5: while parsing a flow node, expected the node content"),
    "two documents": ("a: 1\n---\nb: 1", "not valid YAML: line 2, column 1: expected a single document in the stream"),
    "unknown alias": ("a: *b", "not valid YAML: line 1, column 4: found undefined alias 'b'"),
    "NUL": ("a: \x00", "not valid YAML: "),
    "no bool": ("a: !!bool x", "not valid YAML: line 1, column 4: 'x' is no bool"),
    "no date": ("a: 2001-02-30", "not valid YAML: line 1, column 4: '2001-02-30' is no timestamp"),
    "5000 digits": ("a: " + "9" * 5000, "not valid YAML: line 1, column 4: '999"),
    "list as key": (
        "? [a]\n: 1",
        "not valid YAML: line 1, column 3: while constructing a mapping, found unhashable key",
    ),
    "duplicate": (VALID + "run: {seed: 1, keep: 2, seed: 3}", "line 2, column 25: the key 'seed' stands twice"),
    "Latin-1": (b"a: \xe9", "is not UTF-8 text: unexpected end of data at byte 3"),
    "UTF-16": (VALID.encode("utf-16"), "is not UTF-8 text: "),
    "empty": ("", "must hold keys such as 'model:' and 'stages:', got nothing"),
    "comment": ("# stages:\n", "must hold keys such as 'model:' and 'stages:', got nothing"),
    "list": ("- 1", "must hold keys such as 'model:' and 'stages:', got [1]"),
    "text": ("text", "must hold keys such as 'model:' and 'stages:', got 'text'"),
    "1000 lists": ("[" * 1000, "is nested too deep"),
    "900 mappings": ("{a: " * 900 + "1" + "}" * 900, "is nested too deep"),
    "bomb of merges": (bomb("{{<<: [{}]}}"), "'<<' takes one mapping, not a list"),
}


@pytest.mark.parametrize("overrides", [(), ("run.seed=1",)], ids=["alone", "with an override"])
@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_configuration_gets_a_sentence(tmp_path, name, overrides):
    content, message = UNREADABLE[name]
    assert message in refusal(write(tmp_path, content), overrides)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (bomb("[{}]"), "unknown key 'a0'; did you mean 'data'?"),
        ("run: {seed: &a [*a, *a]}", "run.seed is [[...], [...]]; it must be a whole number"),
        ('"\\ud800": 3', "the configuration holds '\\ud800', which is not Unicode text"),
        (f"? {'k' * 500}\n: 1", "unknown key 'kkkk"),
        ('"a\\nb": 1', r"unknown key 'a\nb'; did you mean"),
    ],
    ids=["bomb", "endless", "half a character", "long key", "two lines"],
)
def test_odd_yaml_gets_a_short_sentence(tmp_path, line, message):
    told = refusal(write(tmp_path, VALID + line))
    assert message in told
    assert len(told) < 400


def test_a_byte_order_mark_is_not_in_the_way(tmp_path):
    assert c.load_config(write(tmp_path, "\ufeff" + VALID)).steps == 3


def test_overrides_change_single_values(tmp_path):
    path = write(tmp_path, {"stages": [STAGE, STAGE], "run": {"seed": 1}})
    changed = c.load_config(path, ["stages.1.steps=9", "optimizer.learning_rate=3e-5", "run.folder=runs/x=y"])
    assert changed.stages[1].steps == 9
    assert changed.optimizer.learning_rate == 3e-5  # to YAML, 3e-5 without a dot is text
    assert (changed.run.seed, changed.run.folder) == (1, "runs/x=y")


def test_an_override_changes_nothing_that_shares_an_alias(tmp_path):
    path = write(tmp_path, f"stages: [&rung {STAGE}, *rung, {{<<: *rung, frames: 9}}]".replace("'", ""))
    changed = c.load_config(path, ["stages.0.steps=7"])
    assert [(stage.steps, stage.frames) for stage in changed.stages] == [(7, 8), (3, 8), (3, 9)]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("nothing", "'nothing' is no override; write section.key=value"),
        ("=1", "'=1' is no override"),
        ("stages.7.steps=1", "'stages.7.steps=1': '7' is no place in a list of 1, counted from 0"),
        ("stages.-1.steps=1", "'-1' is no place in a list of 1"),
        ("stages.²=1", "'²' is no place in a list of 1"),
        ("stages.x=1", "'x' is no place in a list of 1"),
        ("run.seed.deep=1", "'run.seed.deep=1': 'seed' holds a single value, not keys"),
        ("loss.attention=1", "'loss.attention=1': 'loss' holds a single value, not keys"),
        ("run.sed=1", "unknown key 'run.sed'; did you mean 'run.seed'?"),
        ("run..seed=1", "unknown key 'run.'"),
        ("a." * 5000 + "b=1", "unknown key 'a'"),
        ("run.\udcff=1", "run holds '\\udcff', which is not Unicode text"),
        ("run.seed=[", "'run.seed=[' is not valid YAML: line 1, column 2"),
        ("run.seed=" + "[" * 1000, "is nested too deep"),
        ("run.seed=", "run.seed is None; it must be a whole number"),
        ("run.seed=" + "9" * 5000, "is no int"),
        ("stages=[]", "stages is []; it must be a list with at least one stage"),
        ("stages.0=1", "stages.0 must hold keys, got 1"),
    ],
)
def test_bad_overrides_are_refused(tmp_path, override, message):
    path = write(tmp_path, {"stages": [STAGE], "run": {"seed": 1}, "loss": None})
    assert message in refusal(path, [override] if "loss" in override else ["loss={}", override])


def test_a_configuration_survives_being_written_down():
    config = c.load_config(config_path("tiny"))
    assert c.from_mapping(c.to_mapping(config)) == config
    assert c.from_stored(json.loads(json.dumps(c.to_mapping(config)))) == config


def test_an_older_run_is_read_unless_it_has_gates():
    config = c.TrainingConfig((c.StageConfig(3, 64, 64, 8),))
    stored = json.loads(json.dumps(c.to_mapping(config)))
    for section, key in (("optimizer", "gate_rate"), ("loss", "vacated")):
        old = {**stored, section: {**stored[section], key: 4.0}}
        assert c.from_stored(old) == config
        with pytest.raises(ValueError, match=rf"unknown key '{section}\.{key}'"):
            c.from_mapping(old)
    stored["model"]["mass"] = "gated"
    with pytest.raises(ValueError, match=r"^model\.mass 'gated' is not supported; use 'centered'.*$"):
        c.from_stored(stored)


def test_a_part_can_be_replaced():
    config = c.TrainingConfig((c.StageConfig(3, 64, 64, 8),))
    changed = dataclasses.replace(config, loss=dataclasses.replace(config.loss, identity=0.5))
    assert changed.loss.identity == 0.5 and changed != config
    assert dataclasses.replace(changed, loss=config.loss) == config
    with pytest.raises(ValueError, match="identity"):
        dataclasses.replace(config.loss, identity=-1)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_option_is_explained_where_it_is_declared(section):
    names = re.findall(r"^ {8}(\w[\w, ]*):", section.__doc__, re.MULTILINE)
    explained = {name for line in names for name in line.split(", ")} | set(re.findall(r"\. (\w+):", section.__doc__))
    assert explained == {field.name for field in dataclasses.fields(section)}


def test_a_whole_number_serves_as_a_real_one(tmp_path):
    loss = c.load_config(write(tmp_path, VALID), ["loss.attention=1"]).loss
    assert loss.attention == 1.0 and isinstance(loss.attention, float)


def load_or_be_refused(load: Callable[[], c.TrainingConfig]) -> c.TrainingConfig | None:
    """A configuration, or None after a refusal in one short line that can be printed."""
    try:
        return load()
    except ValueError as error:
        assert type(error) is ValueError
        assert len(str(error).splitlines()) == 1 and len(str(error).encode("utf-8")) < 500
        return None


KEYS = sorted({field.name for section in SECTIONS for field in dataclasses.fields(section)})
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-3, 130),
    st.floats(),
    st.floats(0, 1),
    st.text(max_size=5),
    st.binary(max_size=3),
    st.dates(),
    st.sampled_from(["nan", "3e-5", "1e999", "random", "everything", "shards", "fp16", 10**400, 2**63]),
)
WORDS = st.sampled_from(KEYS) | SCALARS
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
SIGNS = [*"[]{}&*!|>%@-?:,#'\"\\. \n\t\0\x85\u2028\ufeff"]
MARKS = [": ", "\n  ", "- ", "---\n", "...\n", "&a ", "*a ", "<<: ", "=1"]
TAGS = [f"!!{tag} " for tag in ("int", "float", "bool", "null", "str", "binary", "timestamp", "set", "omap", "map")]
WRITTEN = ["1", "64", "~", "yes", "2001-02-30", "0x_", "0b", "1:99", ".inf", "\\ud800", "9" * 4400]
PIECES = st.sampled_from([*KEYS, *SIGNS, *MARKS, *TAGS, *WRITTEN]) | st.text(max_size=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("configurations")


@given(content=st.binary(max_size=40))
def test_any_bytes_load_or_are_refused_in_a_line(folder, content):
    load_or_be_refused(lambda: c.load_config(write(folder, content)))


@given(pieces=st.lists(PIECES, max_size=25), valid=st.booleans())
@example(pieces=["a: !!int ''"], valid=True)
def test_any_text_loads_or_is_refused_in_a_line(folder, pieces, valid):
    path = write(folder, VALID * valid + "".join(pieces))
    load_or_be_refused(lambda: c.load_config(path))


@given(pieces=st.lists(st.lists(PIECES, max_size=8), max_size=3))
def test_any_override_is_followed_or_refused_in_a_line(folder, pieces):
    path, overrides = write(folder, VALID), ["".join(piece) for piece in pieces]
    load_or_be_refused(lambda: c.load_config(path, overrides))


def options(section: type) -> st.SearchStrategy[dict]:
    """Mappings from options to values that often suit them."""
    hints = typing.get_type_hints(section)
    return st.fixed_dictionaries({}, optional={name: _values(hint) for name, hint in hints.items()})


def _values(hint) -> st.SearchStrategy:
    if dataclasses.is_dataclass(hint):
        return options(hint) | SCALARS
    if choices := [choice for choice in typing.get_args(hint) if isinstance(choice, str)]:
        return st.sampled_from(choices) | SCALARS
    if typing.get_origin(hint) is tuple:
        return st.lists(st.just(STAGE) | options(c.StageConfig), max_size=2) | TREES
    suitable = {int: st.sampled_from([0, 1, 2, 64]), float: st.floats(0, 1), bool: st.booleans(), str: st.text()}
    return suitable[hint] | SCALARS


@given(tree=options(c.TrainingConfig) | TREES)
def test_any_values_load_and_survive_or_are_refused_in_a_line(tree):
    """What loads is the same after it was written as JSON."""
    if config := load_or_be_refused(lambda: c.from_mapping(tree)):
        assert c.from_stored(json.loads(json.dumps(c.to_mapping(config)))) == config


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
