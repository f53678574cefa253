"""The flow of a pair of frames of the demo's videos: OpenCV's TV-L1, ours, and how they differ.

    python -m benchmarks.video.flow_picture docs/images/flow.png

Colour is direction, as the wheel shows; fuller is faster, white rests.
"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from benchmarks.video.tvl1 import coloured, opencv_flow, scaled
from lpat.core import tvl1
from lpat.types import Float32Array
from lpat.video.frame import UInt8Array
from lpat_train.demo.plan import Recipe, plan_video
from lpat_train.demo.scene import paint_frames

FASTEST = 4.0  # pixels in full colour
LARGEST_DIFFERENCE = 0.25
WHEEL = 44  # pixels across
STRIP = 28  # pixels of the line of text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--video", type=int, default=0, help="which of the demo's test videos")
    options = parser.parse_args()
    plan = plan_video(Recipe(), "test", options.video)
    action = plan.instances[0]
    first = round((action.start + action.end) / 2 * plan.recipe.fps)
    two = list(islice(paint_frames(plan), first, first + 2))
    frames = np.stack(
        [scaled(np.asarray(cv2.cvtColor(it, cv2.COLOR_RGB2GRAY), np.uint8)) for it in two]
    )
    (theirs,), (ours,) = opencv_flow(frames), tvl1(frames)
    difference = np.linalg.norm(ours - theirs, axis=0)
    grey = np.repeat(frames[0][:, :, None], 3, axis=2)
    panels = [
        labelled("a frame", grey),
        labelled("flow, OpenCV", with_wheel(coloured(theirs, FASTEST))),
        labelled("flow, lpat", with_wheel(coloured(ours, FASTEST))),
        labelled(
            f"difference x {FASTEST / LARGEST_DIFFERENCE:.0f}: mean {difference.mean():.3f} pixels",
            coloured(ours - theirs, LARGEST_DIFFERENCE),
        ),
    ]
    cv2.imwrite(str(options.picture), np.hstack(panels))


def with_wheel(picture: UInt8Array) -> UInt8Array:
    """The picture with the wheel of colours in its lower right corner."""
    side = np.linspace(-1, 1, WHEEL, dtype=np.float32)
    flow: Float32Array = np.stack(np.meshgrid(side, side))
    inside = np.hypot(*flow) <= 1
    picture[-WHEEL:, -WHEEL:][inside] = coloured(flow, 1.0)[inside]
    return picture


def labelled(text: str, picture: UInt8Array) -> UInt8Array:
    """The picture under a line of text."""
    strip = np.full((STRIP, picture.shape[1], 3), 255, np.uint8)
    cv2.putText(strip, text, (4, 19), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([strip, picture])


if __name__ == "__main__":
    main()
