"""The compiled extension: what it refuses, and the import that explains its absence."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from lpat.core import average_precisions, extract_segments, match_detections


def extract(**changes: Any) -> Any:
    arguments: dict[str, Any] = {
        "scores": np.ones((3, 2), np.float32),
        "threshold": np.zeros(3, np.float32),
        "edges": np.arange(4.0),
        "classes": np.arange(2),
        "boundary": "snippet",
        "minimum_snippets": 1,
    }
    arguments |= changes
    positional = [arguments.pop(name) for name in ("scores", "threshold", "edges", "classes")]
    return extract_segments(*positional, **arguments)


def judgement(**changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "detection_videos": np.zeros(1, np.int64),
        "detection_classes": np.zeros(1, np.int64),
        "detection_segments": np.array([[0.0, 1.0]]),
        "detection_scores": np.zeros(1),
        "truth_videos": np.zeros(1, np.int64),
        "truth_classes": np.zeros(1, np.int64),
        "truth_segments": np.array([[0.0, 1.0]]),
        "ambiguous_videos": np.zeros(0, np.int64),
        "ambiguous_segments": np.zeros((0, 2)),
        "tious": np.array([0.5]),
        "class_count": 1,
        "matcher": "best_truth",
        "strict": False,
        "interpolated": True,
        "ambiguous": "none",
        "snippets_per_second": None,
        "empty_class": "zero",
    }
    return arguments | changes


def with_nan(array: np.ndarray, index: Any, value: float = np.nan) -> np.ndarray:
    array = array.copy()
    array[index] = value
    return array


ONES = np.ones((3, 2), np.float32)
ZEROS = np.zeros(3, np.float32)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"scores": ONES[:, 0].copy()}, ValueError, r"scores must be 2D, not 1D"),
        ({"scores": ONES.astype(np.float64)}, TypeError, r"scores must be float32, not float64"),
        ({"scores": ONES.astype(">f4")}, TypeError, r"scores must be float32, not >f4"),
        ({"scores": np.asfortranarray(ONES)}, ValueError, r"scores must be C-contiguous"),
        ({"scores": np.ones((6, 2), np.float32)[::2]}, ValueError, r"scores must be C-contiguous"),
        ({"scores": [[1.0]]}, TypeError, r"incompatible function arguments"),
        ({"scores": with_nan(ONES, (1, 0))}, ValueError, r"scores\[1, 0\] isn't"),
        ({"scores": with_nan(ONES, (2, 1), np.inf)}, ValueError, r"scores\[2, 1\] isn't"),
        ({"threshold": with_nan(ZEROS, 2)}, ValueError, r"threshold\[2, 0\] isn't"),
        ({"threshold": ZEROS[:2]}, ValueError, r"shape \(3,\) or \(3, 2\), not \(2,\)"),
        ({"threshold": ZEROS[:, None]}, ValueError, r"shape \(3,\) or \(3, 2\), not \(3, 1\)"),
        ({"threshold": np.zeros((), np.float32)}, ValueError, r"1D or 2D, not 0D"),
        ({"edges": np.arange(3.0)}, ValueError, r"edges must have 4 elements, not 3"),
        ({"edges": np.array([0, 1, np.nan, 3])}, ValueError, r"edges\[2\] isn't"),
        ({"edges": np.array([0.0, 2, 1, 3])}, ValueError, r"edges\[2\] does"),
        ({"classes": np.array([0, 2])}, ValueError, r"classes\[1\] .* 2 scores, not 2"),
        ({"classes": np.array([-1])}, ValueError, r"classes\[0\] .* not -1"),
        ({"classes": np.array([0], np.int32)}, TypeError, r"classes must be int64, not int32"),
        (
            {"boundary": "edge"},
            ValueError,
            r"boundary must be one of 'snippet', 'crossing', not 'edge'",
        ),
        ({"minimum_snippets": 0}, ValueError, r"minimum_snippets must be positive, not 0"),
        ({"minimum_snippets": -1}, ValueError, r"minimum_snippets must be positive, not -1"),
    ],
)
def test_segments_refuse_what_they_cannot_read(
    changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        extract(**changes)


@pytest.mark.parametrize("judge", [average_precisions, match_detections])
@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"detection_segments": np.zeros(2)}, ValueError, r"must be 2D, not 1D"),
        ({"detection_segments": np.zeros((1, 3))}, ValueError, r"\(N, 2\), not \(1, 3\)"),
        ({"detection_segments": np.zeros((2, 2))}, ValueError, r"must have 2 elements, not 1"),
        ({"detection_segments": np.array([[0, np.nan]])}, ValueError, r"detection segment 0"),
        ({"truth_segments": np.array([[np.inf, 1]])}, ValueError, r"truth segment 0 must be fin"),
        ({"truth_segments": np.array([[2.0, 1]])}, ValueError, r"truth segment 0 must not end"),
        ({"detection_scores": np.array([-np.inf])}, ValueError, r"detection score 0"),
        ({"detection_scores": np.zeros(1, np.float32)}, TypeError, r"be float64, not float32"),
        ({"truth_videos": np.zeros(2, np.int64)}, ValueError, r"truth_videos must have 1"),
        ({"truth_classes": np.ones(1, np.int64)}, ValueError, r"truth class 0 .* 1, not 1"),
        ({"tious": np.array([0.5, 0.0])}, ValueError, r"in \(0, 1\], not 0"),
        ({"tious": np.array([np.nan])}, ValueError, r"in \(0, 1\], not nan"),
        ({"ambiguous_videos": np.zeros(1, np.int64)}, ValueError, r"ambiguous_videos must have 0"),
        ({"ambiguous_segments": np.zeros((0, 3))}, ValueError, r"ambiguous_segments .* not \(0, 3"),
        ({"matcher": "best"}, ValueError, r"one of 'best_truth', .*'first_truth', not 'best'"),
        ({"ambiguous": "drop"}, ValueError, r"ambiguous must be one of 'none', .* not 'drop'"),
        ({"snippets_per_second": 0.0}, ValueError, r"must be positive, not 0"),
        ({"snippets_per_second": np.inf}, ValueError, r"must be finite"),
        ({"empty_class": "half"}, ValueError, "one of 'zero', 'skip', not 'half'"),
        ({"threads": -1}, ValueError, "threads must be at least 0, not -1"),
        ({"class_count": -1}, ValueError, r"class_count must be at least 0, not -1"),
    ],
)
def test_judges_refuse_what_they_cannot_read(
    judge: Any, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        judge(**judgement(**changes))


def test_a_class_without_ground_truth_has_no_precision() -> None:
    with pytest.raises(ValueError, match="class 1 must have a ground truth"):
        average_precisions(**judgement(class_count=2))
    assert match_detections(**judgement(class_count=2)).tolist() == [[0]]


def test_read_only_arrays_are_welcome_and_results_are_own() -> None:
    scores = np.ones((3, 2), np.float32)
    scores.flags.writeable = False
    runs = extract(scores=scores)
    assert len(runs) == 2
    runs.segments[0] = 7
    assert extract(scores=scores).segments.tolist() == [[0, 3], [0, 3]]


def test_empty_input_gives_arrays_of_the_right_shape() -> None:
    runs = extract(
        scores=np.zeros((0, 2), np.float32), threshold=np.zeros(0, np.float32), edges=np.zeros(1)
    )
    assert len(runs) == 0
    assert runs.segments.shape == runs.snippets.shape == (0, 2)
    assert runs.classes.dtype == runs.snippets.dtype == np.int64
    none = np.zeros(0)
    empty = np.zeros(0, np.int64)
    precisions = average_precisions(
        **judgement(
            detection_videos=empty,
            detection_classes=empty,
            detection_segments=np.zeros((0, 2)),
            detection_scores=none,
            tious=np.array([0.3, 0.5]),
        )
    )
    assert precisions.tolist() == [[0.0, 0.0]]
    assert average_precisions(**judgement(tious=none)).shape == (1, 0)


def test_without_the_extension_the_import_says_how_to_build_it() -> None:
    code = "import sys; sys.modules['lpat._core'] = None; import lpat.segments.detect"
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert process.returncode == 1
    last = process.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: lpat's compiled extension is missing: run `pip install .`")
