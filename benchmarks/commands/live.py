"""Live detection against detection in whole videos: how many detections agree, and how late.

    python -m benchmarks.commands.live MODEL VIDEO... [--window SNIPPETS]

Every video is read once, as a stream; the same features, whole, give what live detection is
compared with. A detection agrees if label, start and end do, to the millisecond. The delay is what
had been read of the video past a segment's end when it was emitted.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from lpat.live import WINDOW, LiveDetector, live_features
from lpat.localizer import Localizer
from lpat.types import Detection, Features

Key = tuple[str, float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--window", type=int, default=WINDOW)
    options = parser.parse_args()
    localizer = Localizer(options.model, "cpu")
    rows = [compared(localizer, video, options.window) for video in options.videos]
    whole, live, both, selected, agreeing = np.array([row[0] for row in rows]).sum(axis=0)
    delays = np.concatenate([row[1] for row in rows])
    print(f"{len(rows)} videos, window of {options.window} snippets")
    print(f"detections: {whole} in whole videos, {live} live")
    print(f"of those in whole videos, live found {both / whole:.1%}")
    print(f"of those live, of classes selected in the whole video, {agreeing / selected:.1%} agree")
    print(f"of all those live, {both / live:.1%} agree")
    median, high, most = np.quantile(delays, [0.5, 0.95, 1])
    print(f"delay: median {median:.2f} s, 95 % below {high:.2f} s, largest {most:.2f} s")


def compared(localizer: Localizer, path: Path, window: int) -> tuple[list[int], np.ndarray]:
    """Counts of detections: whole, live, in both, live of selected classes, of these in both;
    and the delays of those that the video's end didn't end."""
    detector = LiveDetector(localizer, window)
    found: list[Detection] = []
    delays: list[float] = []
    values = []
    with live_features(path, localizer.metadata.features, timeout=0) as features:
        for row in features.rows:
            values.append(row)
            closed = detector.push(row)
            delays += [features.video.duration - detection.end for detection in closed]
            found += closed
        duration = features.video.duration
    found += detector.finish(duration)
    spec = localizer.metadata.features
    expected = keys(localizer.detect(Features(np.stack(values), spec, duration)))
    live = keys(found)
    classes = {label for label, _, _ in expected}
    of_selected = {key for key in live if key[0] in classes}
    both = live & expected
    counts = [len(expected), len(live), len(both), len(of_selected), len(of_selected & expected)]
    return counts, np.array(delays)


def keys(detections: Iterable[Detection]) -> set[Key]:
    return {(d.label, round(d.start, 3), round(d.end, 3)) for d in detections}


if __name__ == "__main__":
    main()
