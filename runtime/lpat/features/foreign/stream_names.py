"""Which stream a feature file is of, and of which video, by the habits of the common extractors.

A file says it at its name's end (`NAME_rgb.npy` of video_features, `NAME-rgb.npz` of CMCS,
`NAME_rgb_i3d.npy`), at its start (`rgb_NAME.npy`), or by a folder (`rgb/NAME.npy` of BaS-Net,
`i3d_flow/NAME.npy`).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Literal, NamedTuple

Stream = Literal["rgb", "flow"]

_STREAM = r"(?P<stream>rgb|(?:optical[-_]?)?flow)"
_NETWORK = r"(?:[-_.](?:i3d|tsn|c3d|tvl1|raft|pwc|feats?|features?))?"
_JOINT = re.compile(r"rgb[-_+&]?(?:and)?[-_+&]?flow|flow[-_+&]?(?:and)?[-_+&]?rgb", re.IGNORECASE)
_END = re.compile(rf"(?P<name>.+?){_NETWORK}[-_. ]{_STREAM}{_NETWORK}", re.IGNORECASE)
_START = re.compile(rf"{_STREAM}[-_. ](?P<name>.+)", re.IGNORECASE)
_WORD = re.compile(r"(?<![a-z])(rgb|flow|opticalflow)(?![a-z])", re.IGNORECASE)
# What video_features and its like write beside the features of a video.
_BESIDE = re.compile(r"(?P<name>.+)[-_](?:fps|timestamps(?:_ms)?)", re.IGNORECASE)

SINGLE_STREAM = frozenset({
    "c3d", "clip", "dino", "dinov2", "egovlp", "internvideo", "internvideo2", "r21d", "r2plus1d",
    "resnet", "s3d", "slowfast", "swin", "timesformer", "timm", "tsp", "vggish", "videomae",
    "videomaev2", "videoswin", "vivit",
})  # fmt: skip
"""Extractors that see the pictures alone, so that their dimensions aren't halves."""


class NamedStream(NamedTuple):
    """What a file's place and name say: the video, and the stream if they name one."""

    video: str
    stream: Stream | None


def stream_of(path: Path, folder: Path) -> NamedStream:
    """What a file below a folder says of itself; the folder's own name counts too.

    A name that has both streams, as `NAME_rgb_flow`, is one of joint features.
    """
    stem = path.stem
    if not _JOINT.search(stem):
        for pattern in (_END, _START):
            if met := pattern.fullmatch(stem):
                return NamedStream(met["name"], _stream(met["stream"]))
    folders = [path.parent, *path.parent.parents]
    for place in folders[: max(1, len(path.parts) - len(folder.parts))]:
        found: set[Stream] = {_stream(word) for word in _WORD.findall(place.name)}
        if found:
            return NamedStream(stem, found.pop() if len(found) == 1 else None)
    return NamedStream(stem, None)


def without_companions(paths: Collection[Path]) -> tuple[list[Path], int]:
    """The paths but for rates and times that stand beside a video's features, and how many those.

    `NAME_fps` and `NAME_timestamps_ms` are such where a file of the same folder is of NAME, as
    `NAME_rgb`, `NAME_clip` or `NAME`; a video of its own may be called so too.
    """
    beside = {path: met["name"] for path in paths if (met := _BESIDE.fullmatch(path.stem))}
    starts: set[tuple[Path, str]] = set()
    for path in paths:
        if path not in beside:
            stem = path.stem
            ends = [met.start() for met in re.finditer("[-_]", stem)]
            starts.update((path.parent, stem[:end]) for end in [*ends, len(stem)])
    passed = {path for path, name in beside.items() if (path.parent, name) in starts}
    return [path for path in paths if path not in passed], len(passed)


def _stream(word: str) -> Stream:
    return "rgb" if word.lower() == "rgb" else "flow"
