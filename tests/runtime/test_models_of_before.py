"""A model exported by an earlier lpat, and what that found in three feature files: it stays so.

`before/` has the model, trained on made-up features of 12 dimensions, the features of three videos,
their scores and the detections. Scores agree within what docs/devices.md says of processors.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from lpat import Localizer

BEFORE = Path(__file__).parent / "before"
VIDEOS = ("video_0", "video_1", "video_2")
TOLERANCE = 1e-4  # of scores, as ONNX Runtime sums in another order elsewhere


def key(video: str, rate: float | None) -> str:
    return video if rate is None else f"{video} at {rate}"


@pytest.mark.parametrize("video", VIDEOS)
@pytest.mark.parametrize("rate", [None, 0.1])
def test_scores_are_those_of_before(video: str, rate: float | None) -> None:
    expected = np.load(BEFORE / "scores.npz")
    scores = Localizer(BEFORE / "model.onnx", "cpu", false_alarms=rate).scores(
        BEFORE / f"{video}.npy"
    )
    for name in ("scores", "background", "probabilities"):
        found, stored = getattr(scores, name), expected[f"{key(video, rate)}/{name}"]
        np.testing.assert_allclose(found, stored, rtol=TOLERANCE, atol=TOLERANCE)
    np.testing.assert_array_equal(scores.edges, expected[f"{key(video, rate)}/edges"])


@pytest.mark.parametrize("video", VIDEOS)
@pytest.mark.parametrize("rate", [None, 0.1])
def test_detections_are_those_of_before(video: str, rate: float | None) -> None:
    rows = json.loads((BEFORE / "detections.json").read_text())["results"][key(video, rate)]
    found = list(
        Localizer(BEFORE / "model.onnx", "cpu", false_alarms=rate).detect(BEFORE / f"{video}.npy")
    )
    assert [d.label for d in found] == [row["label"] for row in rows]
    segments = [[d.start, d.end] for d in found]
    np.testing.assert_allclose(segments, [row["segment"] for row in rows], atol=2e-3)
    np.testing.assert_allclose(
        [d.score for d in found], [row["score"] for row in rows], rtol=TOLERANCE, atol=TOLERANCE
    )
