"""How long an overlay takes, against decoding and encoding the same video; and a picture of one.

    python -m benchmarks.commands.overlay MODEL VIDEO [--size 1280x720] [--runs 3]
                                       [--picture F.png --time 9]

With --size the video is scaled first. The picture is one frame of the overlay.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import cv2

from lpat.features.cache import default_cache
from lpat.inputs import Input
from lpat.localizer import Localizer
from lpat.rendering.overlay import write_overlay
from lpat.video.reader import Video
from lpat.video.writer import TICKS_PER_SECOND, add_pictures, video_output


def reencode(source: Path, target: Path, size: tuple[int, int] | None = None) -> None:
    """Decode and encode, as an overlay does, with nothing between."""
    with Video.open(source) as video, video_output(source, target, "mp4", {}) as output:
        stream = None
        for frame in video:
            width, height = size or (frame.width // 2 * 2, frame.height // 2 * 2)
            if stream is None:
                stream = add_pictures(output, width, height, Fraction(25))
            picture = frame.picture.reformat(width, height, "yuv420p")
            picture.pts, picture.time_base = (
                round(frame.time * TICKS_PER_SECOND),
                Fraction(1, TICKS_PER_SECOND),
            )
            output.mux(stream.encode(picture))
        if stream is not None:
            output.mux(stream.encode(None))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("video", type=Path)
    parser.add_argument("--size")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--time", type=float, default=0.0)
    options = parser.parse_args()
    localizer = Localizer(options.model)
    from lpat.engine import local_engine

    source = Input(options.video.stem, options.video)
    [(_, analysis)] = local_engine(localizer, default_cache(), 1)([source])
    if isinstance(analysis, Exception):
        raise analysis
    with tempfile.TemporaryDirectory() as folder:
        video, plain, overlay = (Path(folder) / f"{name}.mp4" for name in ("in", "plain", "over"))
        if options.size:
            width, height = map(int, options.size.split("x"))
            reencode(options.video, video, (width, height))
        else:
            video = options.video
        bare, full = [], []
        for _ in range(options.runs):
            start = time.perf_counter()
            reencode(video, plain)
            middle = time.perf_counter()
            write_overlay(video, analysis.scores, analysis.detections, overlay)
            full.append(time.perf_counter() - middle)
            bare.append(middle - start)
        print(
            f"{analysis.duration:.1f} s of video: decode and encode {min(bare):.2f} s, overlay "
            f"{min(full):.2f} s ({min(full) / min(bare):.2f} times that, "
            f"{analysis.duration / min(full):.1f} times real time)"
        )
        if options.picture:
            with av.open(str(overlay)) as container:
                picture = next(f for f in container.decode(video=0) if f.time >= options.time)
                cv2.imwrite(str(options.picture), picture.to_ndarray(format="bgr24"))


if __name__ == "__main__":
    main()
