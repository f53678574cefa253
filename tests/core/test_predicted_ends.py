"""How well segments fit predicted ends: the core beside a plain twin."""

from __future__ import annotations

import numpy as np
import pytest

from lpat.core import fit_segments, propose_segments
from lpat.types import Float32Array, Float64Array, Int64Array


def plain_fits(
    chances: Float32Array,
    distances: Float32Array,
    edges: Float64Array,
    segments: Float64Array,
    classes: Int64Array,
) -> Float64Array:
    """As the header says it, one segment and one snippet after the other."""
    middles = edges[:-1] + np.diff(edges) / 2
    unit = sorted(np.diff(edges))[(len(middles) - 1) // 2]
    fits = np.zeros(len(segments))
    for number, (start, end) in enumerate(segments):
        inside = [t for t, middle in enumerate(middles) if start <= middle <= end]
        centre = start + (end - start) / 2
        for t in inside or [int(np.abs(middles - centre).argmin())]:
            first, last = middles[t] + np.array([-1, 1]) * distances[t].astype(np.float64) * unit
            overlap = min(end, last) - max(start, first)
            if overlap > 0:
                tiou = overlap / (end - start + last - first - overlap)
                chance = float(chances[t, classes[number]])
                fits[number] = max(fits[number], tiou * np.sqrt(chance))
    return fits


@pytest.mark.parametrize("seed", range(20))
def test_fits_are_those_of_the_plain_twin(seed: int) -> None:
    random = np.random.default_rng(seed)
    snippets, count = int(random.integers(1, 60)), int(random.integers(0, 40))
    edges = np.cumsum(random.choice([0.0, 0.25, 0.5, 0.5], snippets + 1))
    chances = random.random((snippets, 3), dtype=np.float32).round(1)
    distances = (random.integers(0, 12, (snippets, 2)) / 4).astype(np.float32)
    starts = random.integers(-4, 4 * snippets, count) / 8
    segments = np.stack([starts, starts + random.integers(0, 40, count) / 8], axis=1)
    classes = random.integers(0, 3, count)
    found = fit_segments(chances, distances, edges, segments, classes)
    expected = plain_fits(chances, distances, edges, segments, classes)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_hundred_thousand_snippets_and_their_segments() -> None:
    snippets = 100_000
    edges = np.arange(snippets + 1, dtype=np.float64)
    ones = np.ones((snippets, 1), np.float32)
    halves = np.full((snippets, 2), 0.5, np.float32)
    segments = np.stack([edges[:-1], edges[1:]], axis=1)
    found = fit_segments(ones, halves, edges, segments, np.zeros(snippets, np.int64))
    assert (found == 1).all()


def test_what_no_prediction_is_is_refused() -> None:
    edges, one = np.arange(3, dtype=np.float64), np.zeros(1, np.int64)
    good, near = np.ones((2, 1), np.float32), np.ones((2, 2), np.float32)
    segment = np.array([[0.0, 1.0]])
    with pytest.raises(ValueError, match=r"chances\[1, 0\] is out of bounds: 2"):
        fit_segments(np.array([[1], [2]], np.float32), near, edges, segment, one)
    with pytest.raises(ValueError, match="distances must be finite"):
        fit_segments(good, near * np.float32(np.inf), edges, segment, one)
    with pytest.raises(ValueError, match="two values for each of 2 snippets, not 2"):
        fit_segments(good, good, edges, segment, one)
    with pytest.raises(TypeError, match="chances must be float32"):
        fit_segments(good.astype(np.float64), near, edges, segment, one)  # pyright: ignore


def plain_proposals(
    chances: Float32Array,
    distances: Float32Array,
    margins: Float32Array,
    edges: Float64Array,
    classes: Int64Array,
) -> list[tuple[float, ...]]:
    """As the header says it: class, snippet, start, end, peak and contrast of each."""
    middles = edges[:-1] + np.diff(edges) / 2
    unit = sorted(np.diff(edges))[(len(middles) - 1) // 2]
    found = []
    for c in classes:
        its = chances[:, c].astype(np.float64)
        beside = np.pad(its, 1, constant_values=-1)
        gates = 1 / (1 + np.exp(-1.5 * margins[:, c].astype(np.float64)))
        for t, chance in enumerate(its):
            if chance < max(0.1, 0.3 * its.max()) or chance < max(beside[t], beside[t + 2]):
                continue
            away = distances[t].astype(np.float64) * unit
            start, end = max(middles[t] - away[0], edges[0]), min(middles[t] + away[1], edges[-1])
            if start >= end:
                continue
            inside = np.flatnonzero((middles >= start) & (middles <= end))
            if len(inside) == 0:
                inside = np.array([np.abs(middles - (start + end) / 2).argmin()])
            first, stop = inside[0], inside[-1] + 1
            flank = max(1, (stop - first) // 4)
            outside = np.r_[gates[max(first - flank, 0) : first], gates[stop : stop + flank]]
            contrast = gates[inside].mean() - (outside.mean() if len(outside) else 0.5)
            found.append((c, t, start, end, margins[inside, c].max(), contrast))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_proposals_are_those_of_the_plain_twin(seed: int) -> None:
    random = np.random.default_rng(seed)
    snippets = int(random.integers(1, 60))
    edges = np.cumsum(random.choice([0.25, 0.5, 0.5, 0.5], snippets + 1))
    chances = random.random((snippets, 3), dtype=np.float32).round(1)
    distances = (random.integers(0, 12, (snippets, 2)) / 4).astype(np.float32)
    scores = random.normal(size=(snippets, 3)).astype(np.float32)
    background = random.normal(size=snippets).astype(np.float32)
    classes = np.array([2, 0])
    found = propose_segments(chances, distances, scores, background, edges, classes, sharpness=1.5)
    expected = plain_proposals(chances, distances, scores - background[:, None], edges, classes)
    given = zip(
        found.classes, found.snippets, *found.segments.T, found.peak, found.contrast, strict=True
    )
    np.testing.assert_allclose(
        np.array(list(given)).reshape(-1, 6), np.array(expected).reshape(-1, 6), atol=3e-6
    )
    assert (found.chance == chances[found.snippets, found.classes]).all()


def test_proposals_of_a_hundred_thousand_snippets() -> None:
    snippets = 100_000
    edges = np.arange(snippets + 1, dtype=np.float64)
    ones, halves = np.ones((snippets, 1), np.float32), np.full((snippets, 2), 0.5, np.float32)
    found = propose_segments(ones, halves, ones, ones[:, 0], edges, np.zeros(1, np.int64))
    assert len(found) == snippets
    assert (found.segments == np.stack([edges[:-1], edges[1:]], axis=1)).all()
