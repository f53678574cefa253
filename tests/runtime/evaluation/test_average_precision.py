"""Evaluation: hand-worked tables, a naive twin, and a published method's own table."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpat.annotations.reading import VideoAnnotation, read_annotations
from lpat.core import average_precisions, match_detections
from lpat.errors import AnnotationError, UsageError
from lpat.evaluation.average_precision import Evaluation, evaluate, format_table, notes
from lpat.evaluation.protocols import PROTOCOLS
from lpat.files.json_files import write_json
from lpat.formats.detections import read_detections
from lpat.types import Detections

Truth = tuple[str, float, float]  # label, start, end
Found = tuple[str, float, float, float]  # label, start, end, score


def video(name: str, *truths: Truth, labels: tuple[str, ...] = ()) -> VideoAnnotation:
    segments = np.array([truth[1:] for truth in truths], np.float64).reshape(-1, 2)
    names = tuple(truth[0] for truth in truths)
    return VideoAnnotation(
        name, "test", None, labels or tuple(dict.fromkeys(names)), segments, names
    )


def found(*rows: Found, classes: tuple[str, ...] = ("run", "jump", "fly")) -> Detections:
    return Detections(
        classes,
        np.array([row[1:3] for row in rows], np.float64).reshape(-1, 2),
        np.array([classes.index(row[0]) for row in rows], np.int64),
        np.array([row[3] for row in rows], np.float64),
    )


def precision_of(truths: Sequence[Truth], rows: Sequence[Found], tiou: float = 0.5) -> float:
    """Average precision of one class in one video."""
    return evaluate([video("v", *truths)], {"v": found(*rows)}, tious=[tiou]).average


RUNS = [("run", 0.0, 10.0), ("run", 20.0, 30.0)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], 0.0),
        ([("run", 0, 10, 0.1)], 0.5),
        ([("run", 0, 10, 0.1), ("run", 20, 30, 0.2)], 1.0),
        # true at ranks 2 and 3: precisions 1/2 and 2/3, the first lifted to 2/3
        ([("run", 50, 60, 0.9), ("run", 0, 10, 0.8), ("run", 20, 30, 0.7)], 2 / 3),
        # a duplicate is false
        ([("run", 0, 10, 0.9), ("run", 0, 10, 0.8), ("run", 20, 30, 0.7)], (1 + 2 / 3) / 2),
        # exactly the threshold is enough
        ([("run", 0, 5, 0.9)], 0.5),
        ([("run", 0, 4.999, 0.9)], 0.0),
        # a detection that takes no time is false
        ([("run", 5, 5, 0.9), ("run", 0, 10, 0.8)], 0.25),
        # equal scores rank in input order
        ([("run", 0, 10, 0.5), ("run", 50, 60, 0.5)], 0.5),
        ([("run", 50, 60, 0.5), ("run", 0, 10, 0.5)], 0.25),
    ],
)
def test_average_precision_of_hand_worked_lists(rows: list[Found], expected: float) -> None:
    assert precision_of(RUNS, rows) == pytest.approx(expected, abs=1e-12)


def test_a_taken_truth_leaves_the_next_best() -> None:
    truths = [("run", 0.0, 8.0), ("run", 0.0, 6.0)]
    twice = [("run", 0.0, 10.0, 0.9), ("run", 0.0, 10.0, 0.8)]
    assert precision_of(truths, twice, tiou=0.5) == 1.0
    assert precision_of(truths, twice, tiou=0.7) == 0.5


def test_of_equal_overlaps_the_later_truth_is_taken() -> None:
    # The first detection overlaps both alike; only the earlier is left for the second.
    truths = [("run", 0.0, 5.0), ("run", 5.0, 10.0)]
    assert precision_of(truths, [("run", 0, 10, 0.9), ("run", 0, 5, 0.8)]) == 1.0
    assert precision_of(truths, [("run", 0, 10, 0.9), ("run", 5, 10, 0.8)]) == 0.5


def test_a_truth_that_takes_no_time_is_never_found() -> None:
    assert precision_of([("run", 3.0, 3.0)], [("run", 3, 3, 0.9), ("run", 0, 9, 0.8)]) == 0.0


def test_classes_videos_and_thresholds_are_judged_apart() -> None:
    truth = [
        video("a", ("run", 0, 10), ("jump", 0, 10)),
        video("b", ("run", 0, 10)),
        video("quiet"),
    ]
    results = {
        "a": found(("run", 0, 10, 0.5), ("fly", 0, 10, 0.9), ("fly", 5, 9, 0.9)),
        "b": found(("run", 0, 6, 0.9)),
        "other": found(("run", 0, 10, 0.95)),
        "unheard": found(("jump", 0, 10, 0.95)),
    }
    evaluation = evaluate(truth, results, tious=[0.5, 0.7], left_out={"other"})
    assert evaluation.protocol == "activitynet"
    assert evaluation.classes == ("jump", "run")
    np.testing.assert_allclose(evaluation.average_precision, [[0, 0], [1, 0.25]], atol=1e-12)
    np.testing.assert_allclose(evaluation.mean_average_precision, [0.5, 0.125], atol=1e-12)
    assert evaluation.average == pytest.approx(0.3125)
    assert evaluation.truth_counts.tolist() == [1, 2]
    assert evaluation.detection_counts.tolist() == [1, 2]
    assert evaluation.videos == 3
    assert evaluation.missing_videos == 1
    assert evaluation.ignored_videos == 1
    assert evaluation.unlisted_videos == 1
    assert evaluation.unknown_labels == {"fly": 2}


def test_detections_in_videos_without_annotations_are_false() -> None:
    truth, right = [video("a", ("run", 0, 10))], found(("run", 0, 10, 0.5))
    wrong = found(("run", 0, 10, 0.9))
    assert evaluate(truth, {"a": right, "b": wrong}, tious=[0.5]).average == 0.5
    assert evaluate(truth, {"a": right, "b": wrong}, tious=[0.5], left_out=["b"]).average == 1.0


def test_videos_with_labels_but_without_times_are_left_out() -> None:
    truth = [video("a", ("run", 0, 10)), video("b", labels=("run",))]
    results = {"b": found(("run", 0, 10, 0.9)), "a": found(("run", 0, 10, 0.5))}
    evaluation = evaluate(truth, results, tious=[0.5])
    assert evaluation.average == 1.0
    assert (evaluation.videos, evaluation.untimed_videos, evaluation.ignored_videos) == (1, 1, 1)


def test_a_video_of_impossible_times_alone_is_judged_and_its_detections_are_false(
    tmp_path: Path,
) -> None:
    """As ActivityNet's and THUMOS'14's own code has it: no detection can find such a truth."""
    row = {"label": "run", "segment": [3, 3]}
    timed = {"annotations": [{"label": "run", "segment": [0, 10]}]}
    results = {"b": found(("run", 0, 10, 0.9)), "a": found(("run", 0, 10, 0.5))}
    for odd in (row, {**row, "segment": [-1, 2]}, {**row, "segment": [5, 4]}):
        document = {"database": {"a": timed, "b": {"annotations": [odd]}}}
        write_json(tmp_path / "truth.json", document)
        truth = read_annotations(tmp_path / "truth.json").videos
        evaluation = evaluate(truth, results, tious=[0.5])
        assert evaluation.average == 0.5
        assert (evaluation.videos, evaluation.odd_videos, evaluation.untimed_videos) == (2, 1, 0)
        assert (
            "1 of them with impossible segment times alone: their detections count as false"
            in notes(evaluation)
        )


def test_each_video_may_number_its_classes_otherwise() -> None:
    truth = [video("a", ("run", 0, 10)), video("b", ("run", 0, 10))]
    results = {
        "a": found(("run", 0, 10, 0.5), classes=("run",)),
        "b": found(("run", 0, 10, 0.5), classes=("walk", "run")),
    }
    assert evaluate(truth, results, tious=[0.5]).average == 1.0


def test_without_results_all_precisions_are_zero() -> None:
    evaluation = evaluate([video("a", *RUNS)], {}, tious=[0.3, 0.5])
    assert evaluation.average_precision.tolist() == [[0.0, 0.0]]
    assert evaluation.missing_videos == 1


@pytest.mark.parametrize("truth", [[], [video("a", labels=("run",))], [video("a")]])
def test_without_times_there_is_nothing_to_evaluate_against(truth: list[VideoAnnotation]) -> None:
    with pytest.raises(AnnotationError, match="no segment times to evaluate against"):
        evaluate(truth, {"a": found()}, tious=[0.5])


@pytest.mark.parametrize(
    ("tious", "message"),
    [([], "one or more"), ([0.0], "not 0$"), ([0.5, 1.01], "not 1.01"), ([np.nan], "not nan")],
)
def test_thresholds_outside_their_range_are_refused(tious: list[float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        evaluate([video("a", *RUNS)], {}, tious=tious)


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(
        UsageError, match="protocol must be one of activitynet, thumos14, wtalc, not 'x'"
    ):
        evaluate([video("a", *RUNS)], {}, tious=[0.5], protocol="x")  # pyright: ignore


def test_detections_that_are_not_finite_are_refused() -> None:
    for row in [("run", 0, np.nan, 0.5), ("run", 0, 1, np.inf)]:
        with pytest.raises(ValueError, match="must be finite"):
            evaluate([video("a", *RUNS)], {"a": found(row)}, tious=[0.5])


def small_evaluation() -> Evaluation:
    truth = [video("a", *RUNS, ("jump", 0, 9)), video("b")]
    results = {"a": found(*[(*run, 0.5) for run in RUNS], ("fly", 0, 1, 1)), "c": found()}
    return evaluate(truth, results, tious=[0.30000000000000004, 0.5])


def test_the_table_names_protocol_classes_thresholds_and_surprises() -> None:
    assert format_table(small_evaluation()).splitlines() == [
        "Average precision in % by tIoU; protocol activitynet",
        "",
        "class  truths  detections     0.3     0.5  average",
        "jump        1           0    0.00    0.00     0.00",
        "run         2           2  100.00  100.00   100.00",
        "mAP         3           2   50.00   50.00    50.00",
        "",
        "2 videos judged",
        "1 of them without results",
        "1 videos not annotated: their detections count as false",
        "1 detections left out: no truth has their labels (fly)",
    ]


def test_the_dictionary_survives_json() -> None:
    document = json.loads(json.dumps(small_evaluation().to_dict(), allow_nan=False))
    assert document["protocol"] == "activitynet"
    assert document["mAP"] == [0.5, 0.5]
    assert document["AP"] == {"jump": [0.0, 0.0], "run": [1.0, 1.0]}
    assert document["truths"] == {"jump": 1, "run": 2}
    assert document["unknown_labels"] == {"fly": 1}


def naive_evaluation(
    truths: np.ndarray, detections: np.ndarray, tious: np.ndarray, class_count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Average precisions and matches, written as ActivityNet's code reads; rows video, class,
    start, end, and for detections score."""
    precision = np.zeros((class_count, len(tious)))
    matches = np.full((len(tious), len(detections)), -1)
    for label in range(class_count):
        members = np.flatnonzero(truths[:, 1] == label)
        ranked = np.flatnonzero(detections[:, 1] == label)
        ranked = ranked[np.argsort(-detections[ranked, 4], kind="stable")]
        for k, threshold in enumerate(tious):
            true = np.zeros(len(ranked))
            for rank, index in enumerate(ranked):
                video, _, start, end, _ = detections[index]
                mine = members[truths[members, 0] == video]
                starts, ends = truths[mine, 2], truths[mine, 3]
                shared = np.clip(np.minimum(end, ends) - np.maximum(start, starts), 0, None)
                union = (ends - starts) + (end - start) - shared
                tiou = np.divide(shared, union, out=np.zeros(len(mine)), where=union > 0)
                for j in np.argsort(tiou, kind="stable")[::-1]:
                    if tiou[j] < threshold:
                        break
                    if mine[j] in matches[k]:
                        continue
                    matches[k, index], true[rank] = mine[j], 1
                    break
            hits = true.cumsum()
            hull = np.maximum.accumulate((hits / np.arange(1, len(true) + 1))[::-1])[::-1]
            precision[label, k] = (hull * true).sum() / len(members)
    return precision, matches


EVENT = st.tuples(
    st.integers(0, 2), st.integers(0, 1), st.integers(0, 12), st.integers(0, 6), st.integers(0, 5)
).map(lambda row: (row[0], row[1], row[2] / 2, (row[2] + row[3]) / 2, row[4] / 4))


@settings(deadline=None, max_examples=150)
@given(truths=st.lists(EVENT, max_size=12), detections=st.lists(EVENT, max_size=25))
def test_precisions_and_matches_equal_those_of_a_naive_twin(
    truths: list[tuple[float, ...]], detections: list[tuple[float, ...]]
) -> None:
    # Few distinct times and scores, so that ties of all kinds are common; a truth for each class.
    truth = np.array([*truths, (0, 0, 0, 1, 0), (0, 1, 0, 1, 0)], np.float64)
    rows = np.array(detections, np.float64).reshape(-1, 5)
    tious = np.array([0.1, 0.25, 0.5, 1.0])
    arguments = {
        "detection_videos": rows[:, 0].astype(np.int64),
        "detection_classes": rows[:, 1].astype(np.int64),
        "detection_segments": rows[:, 2:4].copy(),
        "detection_scores": rows[:, 4].copy(),
        "truth_videos": truth[:, 0].astype(np.int64),
        "truth_classes": truth[:, 1].astype(np.int64),
        "truth_segments": truth[:, 2:4].copy(),
        "ambiguous_videos": np.zeros(0, np.int64),
        "ambiguous_segments": np.zeros((0, 2)),
        "tious": tious,
        "class_count": 2,
        **asdict(PROTOCOLS["activitynet"]),
    }
    precision, matches = naive_evaluation(truth, rows, tious, 2)
    np.testing.assert_array_equal(match_detections(**arguments), matches)
    np.testing.assert_allclose(average_precisions(**arguments), precision, rtol=0, atol=1e-12)


def test_a_published_method_gets_its_own_table(shared_data: Path) -> None:
    folder = shared_data / "autoloc_thumos14"
    expected = json.loads((folder / "expected.json").read_text())
    truth = read_annotations(folder / "ground_truth.json").in_subset("test")
    results = read_detections(folder / "detections.json")
    evaluation = evaluate(truth, results, tious=expected["tiou"])
    assert list(evaluation.classes) == sorted(expected["AP"])
    # The one difference above 1e-14: two detections of class_07 have equal scores, and the original
    # happens to rank the later first.
    for label, precisions in zip(evaluation.classes, evaluation.average_precision, strict=True):
        tolerance = 1e-6 if label == "class_07" else 1e-13
        np.testing.assert_allclose(precisions, expected["AP"][label], rtol=0, atol=tolerance)
    np.testing.assert_allclose(
        evaluation.mean_average_precision, expected["mAP"], rtol=0, atol=1e-6
    )


def test_a_class_without_detections_counts_as_zero_or_not_at_all() -> None:
    truth = [video("v", ("run", 0, 10), ("jump", 20, 30))]
    results = {"v": found(("run", 0, 10, 0.9))}
    assert evaluate(truth, results, tious=[0.5]).average == 0.5
    skip = replace(PROTOCOLS["activitynet"], empty_class="skip")
    skipped = evaluate(truth, results, tious=[0.5], protocol=skip)
    assert skipped.average == 1
    assert skipped.to_dict()["AP"] == {"jump": [None], "run": [1.0]}
    line = next(line for line in format_table(skipped).splitlines() if line.startswith("jump"))
    assert line.split() == ["jump", "1", "0", "-", "-"]
    assert evaluate(truth, {"v": found()}, tious=[0.5], protocol=skip).average == 0
