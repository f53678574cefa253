"""What is made of labels and held-out predictions: checks, verdicts, uncertain videos, advice."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lpat.types import FeatureSpec
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingSet, TrainingVideo
from lpat_train.errors import DivergenceError
from lpat_train.report import reporting
from lpat_train.report.label_checks import LabelChecks, check_labels
from lpat_train.report.pages import MOST_LINES, report_lines, report_page
from lpat_train.report.reporting import make_report
from lpat_train.report.training_report import TrainingReport, judge_training
from lpat_train.report.uncertain_videos import wrong_pairs
from lpat_train.report.verdicts import chance_of, class_report
from lpat_train.training.cross_fitting import HeldOut
from lpat_train.training.early_stopping import average_precision


def video_set(labels: np.ndarray, classes: tuple[str, ...]) -> TrainingSet:
    videos = tuple(
        TrainingVideo(f"v{n}", torch.full((4, 2), float(n)), torch.tensor(row, dtype=torch.float32))
        for n, row in enumerate(labels.tolist())
    )
    return TrainingSet(classes, FeatureSpec("motion", 1, {}, 2), videos)


def checked(labels: np.ndarray, classes: tuple[str, ...], unreadable: int = 0) -> LabelChecks:
    lost = {f"bad{n}": "truncated" for n in range(unreadable)}
    return check_labels(video_set(labels, classes), np.arange(len(labels)), lost)


def held_out(labels: np.ndarray, accuracy: float = 1.0, above: float = 0.4) -> HeldOut:
    """Predictions that are right but for the last videos; above in what shows the class."""
    wrong = np.arange(len(labels)) >= accuracy * len(labels)
    probabilities = np.where(labels ^ wrong[:, None], 0.9, 0.1)
    share = np.where(labels, above, 0.02)
    return HeldOut(np.arange(len(labels)) % 3, probabilities, share, np.full(len(labels), 10), 0.03)


def half(count: int = 36) -> np.ndarray:
    """Labels of two classes, each shown by every other video of three."""
    return np.stack([np.arange(count) % 2 == 0, np.arange(count) // 2 % 2 == 0], axis=1)


def judged(
    labels: np.ndarray, held: HeldOut | None, classes: tuple[str, ...] = ("a", "b")
) -> TrainingReport:
    names = [f"v{n}" for n in range(len(labels))]
    return judge_training(names, labels, checked(labels, classes), held)


@given(st.integers(2, 7), st.data())
def test_chance_is_the_mean_over_all_orders(videos: int, data: st.DataObject) -> None:
    from itertools import combinations

    shown = data.draw(st.integers(1, videos))
    orders = list(combinations(range(videos), shown))
    found = []
    for places in orders:
        present = np.zeros(videos, bool)
        present[list(places)] = True
        found.append(average_precision(-np.arange(videos, dtype=float), present))
    assert chance_of(videos, shown) == pytest.approx(np.mean(found))


def test_what_is_predicted_works_and_what_is_not_is_not_learned() -> None:
    labels = half()
    good = judged(labels, held_out(labels))
    assert [entry.verdict for entry in good.classes] == ["works", "works"]
    assert good.classes[0].precision == 1
    assert good.classes[0].found == pytest.approx(0.4)
    assert good.classes[0].false_alarms == pytest.approx(0.02)
    bad = judged(labels, held_out(labels, 0.2))
    assert [entry.verdict for entry in bad.classes] == ["not learned", "not learned"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"above": 0.01}, "no more is found in its videos than in the others"),
        ({"above": 0.95}, "nearly all of its videos lies above the level"),
        ({"accuracy": 0.6}, "held-out labels are predicted badly"),
    ],
)
def test_what_makes_a_class_doubtful_is_said(change: dict[str, float], reason: str) -> None:
    labels = half()
    report = judged(labels, held_out(labels, **change))
    assert report.classes[0].verdict == "doubtful"
    assert report.classes[0].reasons == (reason,)


def test_too_many_false_alarms_make_a_class_doubtful_and_others_keep_their_verdict() -> None:
    labels = half()
    held = held_out(labels)
    held.above[~labels[:, 0], 0] = 0.09
    report = judged(labels, held)
    assert report.classes[0].reasons == ("3.0 times the false alarms asked for",)
    assert report.classes[1].verdict == "works"
    assert report.advice == "videos without 'a', like those that the model is to run on"


def test_what_labels_cannot_tell_is_doubtful_however_well_they_are_predicted() -> None:
    a = np.arange(36) % 2 == 0
    labels = np.stack([a, a, np.ones(36, bool), np.arange(36) == 0, np.arange(36) < 4], axis=1)
    classes = ("a", "b", "always", "once", "few")
    report = judged(labels, held_out(labels), classes)
    said = {entry.label: (entry.verdict, entry.reasons) for entry in report.classes}
    assert said["a"] == ("doubtful", ("each of its videos shows 'b' too",))
    assert said["b"] == ("doubtful", ("each of its videos shows 'a' too",))
    assert said["always"] == ("doubtful", ("every video shows it",))
    assert said["once"] == ("not learned", ("only 1 video shows it",))
    assert said["few"] == ("doubtful", ("4 videos are few to judge by",))
    assert report.checks.everywhere == ("always",)
    assert report.checks.always_with == {"a": ("b",), "b": ("a",), "once": ("a", "b", "few")}
    assert math.isnan(report.classes[2].precision)


@pytest.mark.parametrize(
    ("labels", "accuracy", "advice"),
    [
        (half(), 1.0, "a few videos with times: lpat-eval tells how good the segments are"),
        (half(), 0.2, "other features (--features, --backbone): "),
        (half(8), 0.2, "more videos of 'a', 'b': 4 show 'a'"),
        (np.tile([[True, True], [False, False]], (18, 1)), 1.0, "videos of 'a' without 'b': "),
        (np.tile([[True, True], [True, False]], (18, 1)), 1.0, "videos without 'a', like "),
    ],
)
def test_the_advice_is_what_helps_most(labels: np.ndarray, accuracy: float, advice: str) -> None:
    assert judged(labels, held_out(labels, accuracy)).advice.startswith(advice)


def test_videos_that_contradict_their_labels_are_to_be_reviewed() -> None:
    labels = half()
    held = held_out(labels)
    held.probabilities[[4, 9, 10], 1] = 1 - held.probabilities[[4, 9, 10], 1]
    report = judged(labels, held)
    assert [video.name for video in report.uncertain[:3]] == ["v4", "v9", "v10"]
    assert report.uncertain[0].label == "b"
    assert report.uncertain[0].shown
    assert not next(video for video in report.uncertain if video.name == "v10").shown
    assert report.advice.startswith("review the labels of the most uncertain videos: 'v4', 'v9', ")


def test_files_that_matter_most_are_told_first() -> None:
    labels, names = half(), [f"v{n}" for n in range(36)]
    lost = judge_training(names, labels, checked(labels, ("a", "b"), 10), held_out(labels))
    assert lost.advice == "mend or replace the 10 videos that can't be read"
    twice = check_labels(video_set(labels, ("a", "b")), np.arange(36) - (np.arange(36) == 1), {})
    assert [(its.names, its.contradictory) for its in twice.same] == [(("v0", "v1"), True)]
    report = judge_training(names, labels, twice, held_out(labels))
    assert report.advice == "look at the labels of 'v0', 'v1': the same video with different labels"


def test_pairs_that_stand_the_wrong_way_round_count() -> None:
    shown = np.array([True, True, False, False])
    assert wrong_pairs(np.array([0.9, 0.2, 0.5, 0.1]), shown).tolist() == [0, 0.5, 0.5, 0]
    assert wrong_pairs(np.array([0.9, 0.2, 0.2, 0.1]), shown).tolist() == [0, 0.25, 0.25, 0]
    assert wrong_pairs(np.ones(2), np.ones(2, bool)).tolist() == [0, 0]


def test_a_class_is_judged_without_calibrated_level() -> None:
    labels = half()
    held = held_out(labels)
    uncalibrated = HeldOut(held.folds, held.probabilities, held.above, held.snippets, None)
    entry = class_report(0, labels, checked(labels, ("a", "b")), uncalibrated)
    assert entry.verdict == "works"
    assert math.isnan(entry.false_alarms)


def test_without_cross_fitting_labels_alone_are_reported_on() -> None:
    labels = half()
    report = judged(labels, None)
    assert {entry.reasons for entry in report.classes} == {("held-out videos don't tell",)}
    json.dumps(report.to_dict(), allow_nan=False)


def test_names_are_escaped_and_long_lists_are_cut() -> None:
    labels = np.tile(half(), (1, 8))
    classes = tuple(f"<script>{n}</script>" for n in range(16))
    checks = check_labels(video_set(labels, classes), np.arange(36), {"<b>": "not <i>read</i>"})
    report = judge_training([f"<img>{n}" for n in range(36)], labels, checks, held_out(labels, 0.9))
    page = report_page("<run>", report)
    for raw in ("<script>", "<b>", "<i>", "<img>", "<run>"):
        assert raw not in page
    assert "&lt;script&gt;0&lt;/script&gt;" in page
    lines = report_lines(report)
    assert sum("<script>" in line for line in lines) == MOST_LINES + 1  # the advice names some
    assert any(line.startswith("  and 6 more classes: ") for line in lines)


def test_a_fold_that_cannot_be_trained_leaves_a_report_of_labels(
    training_set: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverge(*_: object, **__: object) -> None:
        raise DivergenceError("training diverged at step 3")

    monkeypatch.setattr(reporting, "cross_fit", diverge)
    cpu = torch.device("cpu")
    report = make_report(training_set, TrainingConfig(), {}, folds=3, device=cpu)
    assert report.folds == 0
    assert "cross-fitting failed: training diverged at step 3" in report_lines(report)[0]
    assert make_report(training_set, TrainingConfig(), {}, folds=0, device=cpu).folds == 0
