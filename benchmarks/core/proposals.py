"""What is proposed of simulated margins: runs, or components by one gain or another.

    python -m benchmarks.core.proposals

The first table lists the longest proposals of curves made by hand; the second, the average
precision at tIoU 0.5 over 60 simulated videos of known segments, with noise of some deviation and a
threshold that is off by some amount, and how many proposals there are for each segment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lpat.annotations.reading import VideoAnnotation
from lpat.core import ComponentTree, component_tree, select_components
from lpat.evaluation.average_precision import evaluate
from lpat.types import Detections, Float64Array, Int64Array

VIDEOS = 60
CASES = ((0.2, 0.0), (0.2, 2.0), (0.2, -2.0), (0.6, 0.0), (0.6, 2.0), (1.2, 0.0), (1.2, -1.0))


def gate_of(margin: Float64Array) -> Float64Array:
    return 1 / (1 + np.exp(-margin))


def area_of(tree: ComponentTree) -> Float64Array:
    return tree.contrasts * np.diff(tree.snippets, axis=1)[:, 0]


def main() -> None:
    for name, curve in curves().items():
        print(name)
        for method, propose in METHODS.items():
            found = propose(curve)
            lengths = np.diff(found, axis=1)[:, 0]
            longest = np.sort(np.argsort(-lengths, kind="stable")[:3])
            words = ", ".join(f"{first}-{stop}" for first, stop in found[longest])
            print(f"  {method:20}{words} ({len(found)} in all)")
    print(f"{'noise, offset':16}" + "".join(f"{method:>22}" for method in METHODS))
    for noise, offset in CASES:
        cells = [precision_of(method, noise, offset) for method in METHODS]
        print(f"{noise:5.1f}, {offset:5.1f}    " + "".join(f"{cell:>22}" for cell in cells))


def runs_of(margin: Float64Array) -> Int64Array:
    """Snippets (N, 2) of the runs above 0."""
    steps = np.diff(np.concatenate([[0], margin > 0, [0]]))
    return np.column_stack([np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)])


def components_of(
    curve: Float64Array, gains_of: Callable[[ComponentTree], Float64Array]
) -> Int64Array:
    """Snippets (N, 2) of the selected components."""
    tree = component_tree(curve)
    return tree.snippets[select_components(tree, gains_of(tree))]


METHODS: Mapping[str, Callable[[Float64Array], Int64Array]] = {
    "runs": runs_of,
    "contrast * length": lambda margin: components_of(margin, area_of),
    "gain of the margin": lambda margin: components_of(margin, lambda tree: tree.gains),
    "gain of the gate": lambda margin: components_of(
        gate_of(margin) - 0.5, lambda tree: tree.gains
    ),
}


def curves() -> dict[str, Float64Array]:
    """Curves of 60 snippets, with bumps of height 4 above a background of -2."""
    random = np.random.default_rng(0)

    def bumps(*places: tuple[int, int]) -> Float64Array:
        curve = np.full(60, -2.0)
        for first, stop in places:
            curve[first:stop] = 2
        return curve

    shallow, far = bumps((20, 30), (32, 42)), bumps((10, 20), (40, 50))
    shallow[30:32], far[20:40] = 1, -1.9
    return {
        "bump 20-35": bumps((20, 35)),
        "smoothed over 9": smoothed(bumps((20, 35)), 9),
        "bumps 20-30 and 32-42, shallow valley": shallow,
        "deep valley, noise 0.1": bumps((20, 30), (32, 42)) + 0.1 * random.standard_normal(60),
        "bumps 10-20 and 40-50": far,
        "ramp": np.linspace(-3, 1, 60),
        "noise around -2": random.standard_normal(60) - 2,
        "noise around 2": random.standard_normal(60) + 2,
        "bump 20-35, background 1, noise 0.3": bumps((20, 35))
        + 3
        + 0.3 * random.standard_normal(60),
    }


def smoothed(curve: Float64Array, width: int) -> Float64Array:
    window = np.hanning(width + 2)
    padded = np.pad(curve, width // 2 + 1, mode="edge")
    return np.asarray(np.convolve(padded, window / window.sum(), "valid"), np.float64)


def simulated(
    random: np.random.Generator, noise: float
) -> tuple[Float64Array, list[tuple[float, float]]]:
    """A curve over segments of 3 to 29 snippets, 2.5 to 5 above a background of -2."""
    curve = np.full(random.integers(40, 300), -2.0)
    segments = []
    first = int(random.integers(0, 20))
    while first < len(curve) - 3:
        stop = min(len(curve), first + int(random.integers(3, 30)))
        curve[first:stop] += random.uniform(2.5, 5)
        segments.append((float(first), float(stop)))
        first = stop + int(random.integers(3, 60))
    return smoothed(curve + 2 * noise * random.standard_normal(len(curve)), 5), segments


def precision_of(method: str, noise: float, offset: float) -> str:
    random = np.random.default_rng(1)
    truth, results, count = [], {}, 0
    for number in range(VIDEOS):
        curve, segments = simulated(random, noise)
        curve += offset
        found = METHODS[method](curve)
        scores = np.array([gate_of(curve[a:b]).mean() for a, b in found])
        order = np.argsort(-scores, kind="stable")
        labels = np.zeros(len(found), np.int64)
        name = f"video_{number}"
        results[name] = Detections(("x",), found[order].astype(np.float64), labels, scores[order])
        times = np.array(segments).reshape(-1, 2)
        truth.append(VideoAnnotation(name, None, None, ("x",), times, ("x",) * len(times)))
        count += len(segments)
    proposals = sum(len(found) for found in results.values())
    average = evaluate(truth, results, tious=np.array([0.5])).average
    return f"{average:6.1%} {proposals / count:6.1f} each"


if __name__ == "__main__":
    main()
