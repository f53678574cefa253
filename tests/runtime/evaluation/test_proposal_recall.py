"""Recall of proposals: by hand, and beside the original's rules told step by step."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpat.core import first_ranks
from lpat.evaluation.matching import Matching
from lpat.evaluation.proposal_recall import TIOUS, ProposalRecall, proposal_recall

MakeMatching = Callable[..., Matching]
Row = tuple[float, ...]


def tiou_of(one: Row, other: Row) -> float:
    """tIoU of two rows, 0 in different videos."""
    shared = max(0.0, min(one[3], other[3]) - max(one[2], other[2]))
    union = (one[3] - one[2]) + (other[3] - other[2]) - shared
    return shared / union if one[0] == other[0] and union > 0 else 0.0


def best_first(rows: list[Row], video: float) -> list[Row]:
    return sorted((row for row in rows if row[0] == video), key=lambda row: -row[4])


def naive_recall(truths: list[Row], rows: list[Row]) -> np.ndarray:
    """Recall (10, 100) as ActivityNet's evaluation goes about it, video by video."""
    videos = sorted({truth[0] for truth in truths})
    recall = np.zeros((len(TIOUS), 100))
    if not rows:
        return recall
    ratio = 100.0 * float(len(videos)) / len(rows)
    retrieved = {}
    for video in videos:
        ranked = best_first(rows, video)
        retrieved[video] = ranked[: min(int(len(ranked) * ratio), len(ranked))]
    total = sum(map(len, retrieved.values()))
    if not total:
        return recall
    for step in range(100):
        share = (step + 1) / 100.0 * (100.0 * float(len(videos)) / total)
        for number, threshold in enumerate(TIOUS):
            for truth in truths:
                ranked = retrieved[truth[0]]
                seen = ranked[: min(int(len(ranked) * share), len(ranked))]
                recall[number, step] += any(tiou_of(truth, row) >= threshold for row in seen)
    return recall / len(truths)


TRUTH = st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 12), st.integers(0, 8)).map(
    lambda row: (row[0], row[1], row[2] / 2, (row[2] + row[3]) / 2)
)
DETECTION = st.tuples(TRUTH, st.integers(0, 5)).map(lambda row: (*row[0], row[1] / 4))


@settings(deadline=None, max_examples=60)
@given(truths=st.lists(TRUTH, min_size=1, max_size=8), detections=st.lists(DETECTION, max_size=40))
def test_recall_equals_the_original_step_by_step(
    make_matching: MakeMatching, truths: list[Row], detections: list[Row]
) -> None:
    result = proposal_recall(make_matching(truths, detections, classes=2))
    np.testing.assert_allclose(result.recall, naive_recall(truths, detections), atol=1e-12)


def test_recall_of_many_proposals_equals_the_original(make_matching: MakeMatching) -> None:
    """More than a hundred a video, so that the first of the two steps takes some away."""
    random = np.random.default_rng(0)
    truths = [(float(random.integers(0, 3)), 0.0, s, s + 5.0) for s in map(float, range(40))]
    table = random.uniform(size=(700, 5))
    table[:, 0] = random.choice(4, 700, p=[0.6, 0.25, 0.05, 0.1])  # the last has no truth
    table[:, 1], table[:, 2] = 0, 40 * table[:, 2]
    table[:, 3] = table[:, 2] + 1 + 8 * table[:, 3]
    rows: list[Row] = [tuple(row) for row in table.tolist()]
    result = proposal_recall(make_matching(truths, rows))
    np.testing.assert_allclose(result.recall, naive_recall(truths, rows), atol=1e-12)
    assert 0.1 < result.area < 0.9


def test_recall_of_a_hand_worked_list(make_matching: MakeMatching) -> None:
    # Two videos, two proposals each. At AN 1, each video's better one counts; from 2 on, all.
    truths = [(0, 0, 0, 10), (0, 1, 20, 30), (1, 0, 0, 10)]
    rows = [(0, 0, 20, 30, 0.9), (0, 0, 0, 5, 0.1), (1, 1, 50, 60, 0.8), (1, 1, 0, 10, 0.7)]
    result = proposal_recall(make_matching(truths, rows))
    np.testing.assert_allclose(result.recall[:, 0], 1 / 3)
    np.testing.assert_allclose(result.recall[0, 1:], 1)  # the half overlap is enough at 0.5
    np.testing.assert_allclose(result.recall[1:, 1:], 2 / 3)
    later = (1 + 9 * 2 / 3) / 10
    assert result.at(1) == pytest.approx(1 / 3)
    assert result.at(100) == pytest.approx(later)
    assert result.area == pytest.approx(((1 / 3 + later) / 2 + 98 * later) / 100)
    assert (result.proposals, result.videos) == (4, 2)


def test_labels_that_no_truth_has_are_proposals_too(make_matching: MakeMatching) -> None:
    matching = make_matching([(0, 0, 0, 10)], [(0, -1, 0, 10, 0.5)])
    assert proposal_recall(matching).at(1) == 1
    assert len(matching.detections) == 0


def test_proposals_elsewhere_find_nothing_but_count(make_matching: MakeMatching) -> None:
    # 300 for one annotated video: a third of each video's proposals is retrieved.
    truths = [(0, 0, 0, 10)]
    rows = [(0, 0, 50, 60, 0.9)] * 30 + [(0, 0, 0, 10, 0.8)] + [(1, 0, 0, 10, 0.9)] * 269
    assert proposal_recall(make_matching(truths, rows)).recall.sum() == 0
    assert proposal_recall(make_matching(truths, rows[:31])).at(100) == 1


def test_without_proposals_recall_is_zero(make_matching: MakeMatching) -> None:
    result = proposal_recall(make_matching([(0, 0, 0, 10)], []))
    assert result.recall.shape == (10, 100)
    assert result.area == result.recall.sum() == 0


def test_perfect_proposals_have_an_area_of_all_but_the_first_step() -> None:
    perfect = ProposalRecall(TIOUS, np.ones((10, 100)), 100, 1)
    assert perfect.area == pytest.approx(0.99)
    assert perfect.to_dict()["AN"][-1] == 100


@settings(deadline=None, max_examples=60)
@given(truths=st.lists(TRUTH, max_size=8), detections=st.lists(DETECTION, max_size=20))
def test_first_ranks_equal_a_naive_search(truths: list[Row], detections: list[Row]) -> None:
    truth = np.array(truths, np.float64).reshape(-1, 4)
    rows = np.array(detections, np.float64).reshape(-1, 5)
    tious = np.array([0.1, 0.5, 1.0])
    ranks = first_ranks(**core_arguments(truth, rows, tious))
    expected = np.full((len(truths), len(tious)), -1)
    for index, one in enumerate(truths):
        for rank, row in reversed(list(enumerate(best_first(detections, one[0])))):
            expected[index, tiou_of(one, row) >= tious] = rank
    np.testing.assert_array_equal(ranks, expected)


def core_arguments(truth: np.ndarray, rows: np.ndarray, tious: np.ndarray) -> dict[str, Any]:
    return {
        "proposal_videos": rows[:, 0].astype(np.int64),
        "proposal_segments": rows[:, 2:4].copy(),
        "proposal_scores": rows[:, 4].copy(),
        "truth_videos": truth[:, 0].astype(np.int64),
        "truth_segments": truth[:, 2:4].copy(),
        "video_count": 4,
        "tious": tious,
    }


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"proposal_scores": np.array([np.nan])}, ValueError, "proposal score 0 must be finite"),
        ({"proposal_scores": np.zeros(2)}, ValueError, "proposal_scores must have 1"),
        ({"proposal_scores": np.zeros(1, np.float32)}, TypeError, "must be float64, not float32"),
        ({"proposal_segments": np.zeros((1, 3))}, ValueError, r"\(N, 2\), not \(1, 3\)"),
        ({"proposal_segments": np.array([[0, np.inf]])}, ValueError, "proposal segment 0 must be"),
        ({"truth_segments": np.array([[1.0, 0]])}, ValueError, "truth segment 0 must not end"),
        ({"truth_videos": np.array([4])}, ValueError, "truth video 0 must be one of 4, not 4"),
        ({"video_count": -1}, ValueError, "video_count must be at least 0, not -1"),
        ({"tious": np.array([0.0])}, ValueError, r"in \(0, 1\], not 0"),
        ({"threads": -1}, ValueError, "threads must be at least 0, not -1"),
    ],
)
def test_first_ranks_refuse_what_they_cannot_read(
    changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    one = np.array([[0.0, 0, 0, 1, 0]])
    with pytest.raises(error, match=message):
        first_ranks(**(core_arguments(one, one, np.array([0.5])) | changes))
