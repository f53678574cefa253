"""The study: rows from TOML, results that grow, measures worked by hand."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import lpat_train
from benchmarks.studies import collapse, study
from benchmarks.studies.data import TIOUS, DataOptions, HeldOut, StudyData, data_name, load_data
from benchmarks.studies.experiment import read_experiment
from benchmarks.studies.measures import (
    fold_numbers,
    measure,
    measure_snippets,
    roc_area,
    with_level,
)
from benchmarks.studies.results import Results, code_version, format_table
from lpat.annotations.reading import VideoAnnotation
from lpat.errors import UsageError
from lpat.files.json_files import write_json
from lpat.types import Scores
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import make_training_set
from lpat_train.presets import PRESETS, changed
from lpat_train.training.loop import train

EXPERIMENTS = Path(__file__).parents[3] / "benchmarks" / "studies" / "experiments"
WAYS = ("own", "predicted", "manual", "levels")
TINY = """
title = "Tiny"
[base]
steps = 3
hidden = 8
[rows.first]
[rows.second]
balance = 1
temporal_convolution = false
"""


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder with time lines like THUMOS'14's: two classes, four videos to train, two to test."""
    database = {}
    for index in range(6):
        label = ("jump", "run")[index % 2]
        database[f"v{index}"] = {
            "subset": "validation" if index < 4 else "test",
            "duration": 20.0,
            "annotations": [{"label": label, "segment": [3.0 + index, 9.0 + index]}],
        }
    write_json(tmp_path / "thumos14" / "annotations.json", {"database": database})
    return tmp_path


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY, encoding="utf-8")
    return path


def run(monkeypatch: pytest.MonkeyPatch, *words: object) -> None:
    monkeypatch.setattr(sys, "argv", ["study.py", *map(str, words)])
    study.main()


def test_a_rerun_computes_only_what_is_missing(
    shared: Path, tiny: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    output = tmp_path / "results.json"
    made: list[tuple[int, float]] = []

    def counted(config: TrainingConfig, *args: object, **options: object) -> dict[str, float]:
        made.append((config.seed, config.balance))
        return measure(config, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(study, "measure", counted)
    options = (tiny, "--shared", shared, "--output", output)
    run(monkeypatch, *options, "--seeds", 1, "--only", "second")
    assert made == [(0, 1.0)]
    run(monkeypatch, *options, "--seeds", 2)
    assert made == [(0, 1.0), (0, 0.8), (1, 0.8), (1, 1.0)]
    table = capsys.readouterr().out
    run(monkeypatch, *options, "--seeds", 2)
    assert len(made) == 4
    assert capsys.readouterr().out in table
    assert len(json.loads(output.read_text(encoding="utf-8"))["results"]) == 4


def test_results_of_other_code_count_only_where_they_are_wanted(
    shared: Path, tiny: Path, tmp_path: Path, monkeypatch
) -> None:
    output = tmp_path / "results.json"
    options = (tiny, "--shared", shared, "--output", output, "--seeds", 1)
    run(monkeypatch, *options)
    monkeypatch.setattr(study, "code_version", lambda: "other")
    run(monkeypatch, *options, "--any-code")
    assert len(Results.open(output).entries) == 2
    run(monkeypatch, *options)
    assert len(Results.open(output).entries) == 4


def test_a_result_that_lacks_a_measure_is_made_again(
    shared: Path, tiny: Path, tmp_path: Path, monkeypatch
) -> None:
    output = tmp_path / "results.json"
    options = (tiny, "--shared", shared, "--output", output, "--seeds", 1)
    run(monkeypatch, *options)
    document = json.loads(output.read_text(encoding="utf-8"))
    del document["results"][0]["measures"]["map_own"]
    write_json(output, document)
    run(monkeypatch, *options)
    assert len(Results.open(output).entries) == 3


def test_options_that_came_later_leave_older_results_valid(
    shared: Path, tiny: Path, tmp_path: Path, monkeypatch
) -> None:
    output = tmp_path / "results.json"
    options = (tiny, "--shared", shared, "--output", output, "--seeds", 1)
    run(monkeypatch, *options)
    document = json.loads(output.read_text(encoding="utf-8"))
    for entry in document["results"]:
        del entry["config"]["weight_decay"]
    write_json(output, document)
    run(monkeypatch, *options)
    assert len(Results.open(output).entries) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[rows.a]\nlambda = 1", r"row 'a': unknown key 'lambda'"),
        ("[base]\nsteps = 1.5\n[rows.a]", r"row 'a': steps expects a value of type int, not 1.5"),
        (
            "[rows.a]\npreset = 'own'",
            r"row 'a': expected a preset out of lpat, paper, lpat-x, not 'own'",
        ),
        ("steps = 3\n[rows.a]", r"unknown key 'steps'; known: title, preset, base, rows"),
        ("rows = 3", r"rows expects a value of type dict, not 3"),
        ("[rows]\na = 3", r"row 'a': expected a table, not 3"),
        ("title = 'none'", r"expected at least one table \[rows.NAME\], but it has none"),
        ("[rows", r"expected a TOML file"),
    ],
)
def test_what_does_not_fit_ends_the_study_with_one_line(
    text: str, message: str, tmp_path: Path, monkeypatch
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match=message) as caught:
        run(monkeypatch, path)
    assert "\n" not in str(caught.value)


def test_a_file_that_holds_no_results_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('{"results": [{"config": {}}]}', encoding="utf-8")
    with pytest.raises(UsageError, match=r"results\.json: expected the results of a study"):
        Results.open(tmp_path / "results.json")


def test_a_row_that_is_not_there_is_refused(tiny: Path) -> None:
    with pytest.raises(UsageError, match=r"one of \['first', 'second'\], not 'third'"):
        read_experiment(tiny).only("third")


@pytest.mark.parametrize("path", sorted(EXPERIMENTS.glob("*.toml")), ids=lambda path: path.stem)
def test_each_experiment_of_the_project_can_be_read(path: Path) -> None:
    rows = read_experiment(path).rows
    assert len(set(map(repr, rows.values()))) == len(rows)


def test_a_row_changes_the_base_which_changes_the_preset(tiny: Path) -> None:
    base = replace(PRESETS["lpat"], steps=3, hidden=8)
    assert read_experiment(tiny).rows == {
        "first": base,
        "second": replace(base, balance=1.0, temporal_convolution=False),
    }


def test_test_segments_change_what_is_judged_and_nothing_that_is_trained(shared: Path) -> None:
    config = TrainingConfig(steps=3, hidden=8)
    data = load_data("simulation", 0, DataOptions(shared=shared))
    moved = tuple(replace(video, segments=video.segments - 2.9) for video in data.truth)
    first = measure(config, data, folds=2, sessions=0)
    other = measure(config, replace(data, truth=moved), folds=2, sessions=0)
    assert first["area"] != other["area"]
    for name in ("found", "label_map", "label_entropy"):
        assert first[name] == other[name]


@pytest.mark.parametrize(
    ("options", "same", "other"),
    [
        ({}, "levels", "manual"),
        ({"proposals": "runs"}, "predicted", "levels"),
        ({"proposals": "runs", "threshold": "manual"}, "manual", "levels"),
    ],
)
def test_what_is_a_configs_own_is_what_its_exported_model_does(
    shared: Path, options: dict[str, str], same: str, other: str
) -> None:
    config = changed(PRESETS["lpat"], {"steps": 30, "hidden": 8, "ends": 0.0, **options}, "test")
    values = measure(
        config, load_data("simulation", 0, DataOptions(shared=shared)), folds=0, sessions=0
    )
    assert values["map_own"] == values[f"map_{same}"]
    assert values["map_own"] != values[f"map_{other}"]
    averages = [np.mean([values[f"map_{way}_{tiou}"] for tiou in TIOUS]) for way in WAYS]
    assert averages == pytest.approx([values[f"map_{way}"] for way in WAYS])


def test_a_network_without_a_level_gets_one_for_its_level_sets(shared: Path) -> None:
    data = load_data("simulation", 0, DataOptions(shared=shared))
    training_set = make_training_set(data.features, data.labels)
    for preset, calibrated in (("lpat", True), ("paper", False)):
        config = replace(PRESETS[preset], steps=3, hidden=8)
        network = train(training_set, config, device=torch.device("cpu"))
        given = with_level(network, training_set)
        assert (given is network) is calibrated
        assert network.level is not None
        assert network.level.calibrated is calibrated
        assert given.level is not None
        assert given.level.calibrated


def test_signals_come_from_arrays_in_sessions_of_people(tmp_path: Path) -> None:
    folder = tmp_path / "signals"
    (folder / "features").mkdir(parents=True)
    database = {}
    for index in range(5):
        segments = [{"label": "halt", "segment": [1.0, 2.0]}] if index != 3 else []
        subset = "training" if index < 4 else "test"
        database[f"v{index}"] = {"subset": subset, "duration": 2.6, "annotations": segments}
        np.save(folder / "features" / f"v{index}.npy", np.full((10, 64), index, np.float32))
    write_json(folder / "annotations.json", {"database": database})
    options = DataOptions(shared=tmp_path, held_out=HeldOut(0, 3, sessions=3))
    data = load_data("signals", 0, options)
    assert data.labels == {"v1": ("halt",), "v2": ("halt",)}
    assert [video.name for video in data.truth] == ["v0", "v3"]
    assert data.features["v2"].edges[1] == pytest.approx(8 / 30)
    assert data.features["v2"].edges[-1] == 2.6
    assert data_name("signals", 0, DataOptions()) == data_name("signals", 1, DataOptions())


def test_training_data_holds_labels_and_no_times(shared: Path) -> None:
    data = load_data("simulation", 0, DataOptions(shared=shared))
    assert data.labels == {"v0": ("jump",), "v1": ("run",), "v2": ("jump",), "v3": ("run",)}
    assert {video.name for video in data.truth} == {"v4", "v5"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--difficulty", "absurd"], "a difficulty out of easy, medium, hard, not 'absurd'"),
        (["--shared", "nowhere"], r"annotations\.json: no such file; --shared says where"),
        (["--data", "gestures", "--shared", "nowhere"], r"gestures.*no such file"),
    ],
)
def test_data_that_is_not_there_ends_the_study_with_one_line(
    words: list[str], message: str, tiny: Path, tmp_path: Path, monkeypatch
) -> None:
    with pytest.raises(SystemExit, match=message):
        run(monkeypatch, tiny, "--output", tmp_path / "results.json", *words)


def test_results_are_kept_apart_by_all_that_features_follow_from() -> None:
    names = {
        data_name(name, seed, options)
        for name in ("simulation", "demo", "gestures")
        for seed in (0, 1)
        for options in (
            DataOptions(), DataOptions(stride=16), DataOptions(difficulty="hard"),
            DataOptions(features="appearance"),
        )
    }  # fmt: skip
    # Two seeds of two difficulties; and of two strides and other features, two seeds and one.
    assert len(names) == 4 + 6 + 3
    own = {data_name("gestures", 0, DataOptions(videos=Path(folder, "videos"))) for folder in "ab"}
    assert len(own) == 2


def test_watching_changes_nothing_of_what_is_trained(shared: Path) -> None:
    config = TrainingConfig(steps=3, hidden=8, members=1, context="1", false_alarms=0.0, ends=0.0)
    data = load_data("simulation", 0, DataOptions(shared=shared))
    training_set = make_training_set(data.features, data.labels)
    watched, records = collapse.watch(training_set, config)
    trained = train(training_set, config, device=torch.device("cpu"))
    for name, value in trained.state_dict().items():
        assert torch.equal(value, watched.state_dict()[name])
    assert len(records) == 3
    assert set(records[0].terms) == {"classification", "confidence", "top_k", "barrier", "absence"}


def test_the_gate_is_measured_snippet_by_snippet() -> None:
    scores = Scores(
        ("jump", "run"),
        np.array([[9, 3], [9, 1], [9, 3], [9, 1]], np.float32),
        np.full(4, 2, np.float32),
        np.zeros(3, np.float32),
        np.arange(5.0),
    )
    video = VideoAnnotation("v", "test", 4.0, ("run",), np.array([[0.0, 2.0]]), ("run",))
    measured = measure_snippets({"v": scores}, StudyData({}, {}, (video,)))
    assert vars(measured) == {
        "found": 0.5, "true": 0.5, "precision": 0.5, "recall": 0.5, "area": 0.5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "truth", "area"),
    [
        ([1, 2, 3, 4], [0, 0, 1, 1], 1.0),
        ([1, 2, 3, 4], [1, 1, 0, 0], 0.0),
        ([1, 2, 3, 4], [0, 1, 0, 1], 0.75),
        ([1, 1, 1, 1], [0, 1, 0, 1], 0.5),
        ([1, 2, 2, 3], [0, 0, 1, 1], 0.875),
        ([1, 2], [1, 1], 0.5),
        ([], [], 0.5),
    ],
)
def test_the_area_is_the_chance_that_a_true_one_is_above(values, truth, area: float) -> None:
    assert roc_area(np.array(values, np.float64), np.array(truth, np.bool_)) == area


def test_a_session_is_never_split_between_folds() -> None:
    assert fold_numbers(8, 2, 4).tolist() == [0, 1, 0, 1, 0, 1, 0, 1]
    assert fold_numbers(7, 2, 3).tolist() == [0, 1, 0, 0, 1, 0, 0]
    assert fold_numbers(5, 2, 0).tolist() == [0, 1, 0, 1, 0]


@pytest.mark.parametrize(
    ("module", "follows"),
    [("methods/star.py", True), ("training/step.py", True), ("cli/train.py", False)],
)
def test_results_follow_from_all_code_but_the_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, follows: bool
) -> None:
    package = tmp_path / "lpat_train"
    shutil.copytree(Path(str(lpat_train.__file__)).parent, package)
    monkeypatch.setattr(lpat_train, "__file__", str(package / "__init__.py"))
    before = code_version()
    assert code_version() == before
    (package / module).write_text("changed = True", "utf-8")
    assert (code_version() != before) is follows


def test_the_table_gives_mean_and_deviation_and_no_gain_over_nothing() -> None:
    one = {"found": 0.2, "true": 0.3, "precision": 1.0, "recall": 0.5, "area": 0.7}
    one |= {"map_own": 0.6, "map_levels": 0.7, "seconds": 12.0}
    rows = {
        "a": [{**one, "map_predicted": p, "map_manual": 0.2} for p in (0.1, 0.5)],
        "b": [{**one, "map_predicted": 0.1, "map_manual": 0.0}],
    }
    lines = format_table(rows, markdown=True).splitlines()
    assert lines[0].startswith(
        "| training | own | predicted | manual | levels | found | true | gain"
    )
    assert lines[2].startswith(
        "| a | 60.0 +- 0.0 | 30.0 +- 28.3 | 20.0 +- 0.0 | 70.0 +- 0.0 "
        "| 20.0 +- 0.0 | 30.0 +- 0.0 | 50.0 +- 141.4 |"
    )
    assert lines[3].startswith("| b | 60.0 +- 0.0 | 10.0 +- 0.0 | 0.0 +- 0.0 |")
    assert "| 30.0 +- 0.0 | - | 100.0" in lines[3]
    assert lines[3].endswith("| 12 +- 0 |")


def test_a_part_of_the_training_videos_can_be_judged_instead(shared: Path) -> None:
    options = DataOptions(shared=shared, held_out=HeldOut(1, 2))
    data = load_data("simulation", 0, options)
    assert list(data.labels) == ["v0", "v2"]
    assert [video.name for video in data.truth] == ["v1", "v3"]
    assert data_name("simulation", 0, options).endswith(", held out 1/2 of single sessions")
    # Videos 0 and 3 are of the first of three sessions, and so together.
    by_session = replace(options, held_out=HeldOut(0, 2, sessions=3))
    names = {video.name for video in load_data("simulation", 0, by_session).truth}
    assert names == {"v0", "v2", "v3"}
    with pytest.raises(UsageError, match="not 2/2"):
        HeldOut(2, 2)
