"""What would be trained on, and what is missing for it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from lpat.cli import extract
from lpat.features.extractors import default_spec
from lpat.files.json_files import write_json
from lpat_viewer.tagging.opening import open_folder
from lpat_viewer.training import plan as planning
from lpat_viewer.training.plan import (
    FEATURES,
    MOTION,
    PRESETS,
    TrainingPlan,
    duration_text,
    missing_packages,
    plan_of,
)

GOOD = TrainingPlan(Path("v"), Path("v/tags.json"), 12, {"jump": 5, "run": 4}, 12, 3, 600.0)


def test_nothing_is_missing_where_labels_have_videos_and_some_show_nothing() -> None:
    assert GOOD.hindrance == ""
    assert GOOD.remarks == ()


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (
            TrainingPlan(Path("v"), Path("t.csv"), 3, {}, 0, 0),
            "none of 3 videos is tagged in t.csv",
        ),
        (
            TrainingPlan(Path("v"), Path("t.csv"), 3, {}, 2, 2),
            "none of 2 tagged videos has a label",
        ),
    ],
)
def test_without_a_label_nothing_can_be_trained(plan: TrainingPlan, message: str) -> None:
    assert plan.hindrance.startswith(message)


def test_what_is_missing_is_told_in_lines() -> None:
    plan = TrainingPlan(Path("v"), Path("t.json"), 9, {"jump": 4, "run": 1}, 4, 0)
    assert plan.remarks == (
        "5 videos without tags: left out",
        "labels with fewer than 3 videos: run (1)",
        "every tagged video shows jump: nothing tells when it doesn't",
        "no video in which nothing happens (key 0): a few make the level surer",
    )


def test_the_estimate_grows_with_networks_videos_and_what_is_to_be_extracted() -> None:
    default, larger, _ = PRESETS
    # 12 videos of 50 s, snippets of 0.5 s: batches of 10 x 100; 2 x 300 steps of 0.025 s
    assert GOOD.estimate(default, 0.5) == pytest.approx(15 + 15)
    assert GOOD.estimate(larger, 0.5) == pytest.approx(15 + 30)
    slower = TrainingPlan(Path("v"), Path("t"), 12, {"jump": 5}, 12, 3, 600.0, 250.0)
    assert slower.estimate(default, 0.5) == pytest.approx(15 + 15 + 10)
    assert duration_text(31) == "about 30 s"
    assert duration_text(300) == "about 5 min"
    assert duration_text(9000) == "about 2.5 h"


def test_features_are_those_that_the_commands_take() -> None:
    (option,) = (its for its in extract.command.params if its.name == "features")
    assert isinstance(option.type, click.Choice)
    assert [kind.name for kind in FEATURES] == list(option.type.choices)
    assert MOTION.spec() == default_spec()


def test_durations_are_those_of_the_headers_of_tagged_videos(
    tmp_path: Path, write_video: Callable[..., Path]
) -> None:
    for name in ("a.mp4", "b.mp4"):
        write_video(name, pts=range(50))
    (tmp_path / "broken.mp4").touch()
    says = {"a": ["jump"], "broken": [], "elsewhere": ["run"]}
    database = {name: {"labels": labels} for name, labels in says.items()}
    write_json(tmp_path / "tags.json", {"database": database})
    plan = plan_of(open_folder(tmp_path), None)
    assert (plan.videos, plan.tagged, plan.nothing) == (3, 2, 1)
    assert plan.labels == {"jump": 1}
    assert plan.seconds == plan.seconds_to_extract == pytest.approx(2.0)


def test_missing_packages_come_with_a_line_that_installs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        planning, "find_spec", lambda name: None if name == "torch" else found(name)
    )
    line = missing_packages(("torch", "onnx"))
    assert line.startswith("training needs torch: ")
    assert 'pip install "torch>=' in line  # the packages: lpat is on no index
    assert '"onnx>=' in line
    assert "onnxscript" not in line
    monkeypatch.setattr(planning, "find_spec", found)
    assert missing_packages(("numpy",)) == ""
