"""CPU seconds and bytes that an hour of video costs, by the size of its pictures.

    python -m benchmarks.video.video_costs MODEL.onnx VIDEO [--seconds 30]

Part of the video is scaled to each size and encoded (H.264, libx264 veryfast, CRF 23). CPU time is
counted, of all threads, as it hardly depends on what else the machine does; of each, the best of
three runs. The head's time is for the features of an hour.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import deque
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from lpat.features.extraction import extract_features
from lpat.localizer import Localizer
from lpat.types import Features
from lpat.video.reader import Video

SIZES = ((320, 240), (1280, 720), (1920, 1080))
HOUR = 3600.0


def encode(source: Path, path: Path, size: tuple[int, int], seconds: float) -> None:
    """Write the start of a video in another size, at 25 frames per second."""
    with Video.open(source) as video, av.open(str(path), "w") as container:
        stream = cast(VideoStream, container.add_stream("libx264", rate=25))
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "23"}
        for number, frame in enumerate(video):
            if number >= seconds * 25:
                break
            picture = cv2.resize(frame.bgr(), size, interpolation=cv2.INTER_CUBIC)
            encoded = av.VideoFrame.from_ndarray(np.asarray(picture, np.uint8), "bgr24")
            encoded.pts, encoded.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(encoded))
        container.mux(stream.encode(None))


def cpu_seconds(work: Callable[[], object]) -> float:
    """The least of three runs."""

    def once() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return min(once() for _ in range(3))


def decode(path: Path) -> float:
    """Duration of a video, all of it decoded."""
    with Video.open(path) as video:
        deque(video, maxlen=0)
        return video.duration


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("video", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    localizer = Localizer(arguments.model, "cpu")
    spec = localizer.metadata.features
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print("| pictures | Mbit/s | decode, CPU s | decode and features, CPU s |")
    print("| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.mp4"
        for size in SIZES:
            encode(arguments.video, path, size, arguments.seconds)
            duration = decode(path)
            times = (
                cpu_seconds(lambda: decode(path)),
                cpu_seconds(lambda: extract_features(path, spec)),
            )
            per_hour = [f"{seconds / duration * HOUR:.0f}" for seconds in times]
            rate = path.stat().st_size * 8 / duration / 1e6
            name = f"{size[0]}x{size[1]}"
            print(f"| {name} | {rate:.2f} | {' | '.join(per_hour)} |", flush=True)
    count = round(HOUR / spec.snippet_seconds)
    values = np.random.default_rng(0).normal(size=(count, spec.dimension)).astype(np.float32)
    features = Features(values, spec, HOUR)
    head = cpu_seconds(lambda: localizer.score(features))
    print(f"head: {head:.2f} CPU s; features: {values.nbytes / 1e6:.1f} MB", end="; ")
    print(f"scores of {len(localizer.classes)} classes: ", end="")
    print(f"{4 * count * (len(localizer.classes) + 1) / 1e6:.2f} MB an hour")


if __name__ == "__main__":
    main()
