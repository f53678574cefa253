"""Which videos browsers play, by container and codec, as far as that can be told beforehand.

Codecs: https://developer.mozilla.org/docs/Web/Media/Guides/Formats/Video_codecs; a browser's own
answer, once it has the file, counts more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Support = Literal["likely", "sometimes", "unlikely"]

WHAT_PLAYS = "MP4 with H.264 plays in all current browsers, WebM with VP8 or VP9 in nearly all."

_CODEC_NAMES = {
    "av1": "AV1",
    "h264": "H.264",
    "hevc": "H.265",
    "mjpeg": "Motion JPEG",
    "mpeg1video": "MPEG-1",
    "mpeg2video": "MPEG-2",
    "mpeg4": "MPEG-4 Part 2",
    "prores": "ProRes",
    "theora": "Theora",
    "vp8": "VP8",
    "vp9": "VP9",
}
_CONTAINER_NAMES = {
    "asf": "ASF (WMV)",
    "avi": "AVI",
    "flv": "FLV",
    "matroska": "Matroska",
    "mpeg": "MPEG program stream",
    "mpegts": "MPEG transport stream",
    "mxf": "MXF",
    "ogg": "Ogg",
}
_EIGHT_BITS = frozenset({"yuv420p", "yuvj420p", "nv12"})
_LIKELY = frozenset(
    {("MP4", "h264"), ("MP4", "vp9"), ("WebM", "vp8"), ("WebM", "vp9"), ("WebM", "av1")}
)
_SOMETIMES = {
    ("MP4", "av1"): "older browsers and devices don't",
    ("MP4", "hevc"): "Safari does, others where the device decodes it",
    ("QuickTime", "h264"): "Chrome, Edge and Safari do",
    ("QuickTime", "hevc"): "Safari does, others where the device decodes it",
    **{
        ("Matroska", codec): "Chrome and Edge do" for codec in ("h264", "hevc", "vp8", "vp9", "av1")
    },
    **{("Ogg", codec): "some do" for codec in ("theora", "vp8")},
}


@dataclass(frozen=True)
class BrowserSupport:
    """How likely a browser plays a video, and what to tell its user: nothing where it's likely."""

    support: Support
    reason: str = ""


def browser_support(
    container: str, codec: str, pixel_format: str | None, suffix: str
) -> BrowserSupport:
    """What is known of a video, by its names of FFmpeg and the suffix of its file's name.

    FFmpeg has one name for MP4 and QuickTime, and one for Matroska and WebM; there the suffix
    tells.
    """
    kind = _kind(container, suffix.lower())
    what = f"{kind} with {_CODEC_NAMES.get(codec, codec)}"
    if (kind, codec) in _LIKELY:
        if codec != "h264" or pixel_format is None or pixel_format in _EIGHT_BITS:
            return BrowserSupport("likely")
        return BrowserSupport(
            "sometimes",
            f"Not all browsers play {what} in pictures of {pixel_format}; they do in yuv420p.",
        )
    if who := _SOMETIMES.get((kind, codec)):
        return BrowserSupport("sometimes", f"Not all browsers play {what}: {who}. {WHAT_PLAYS}")
    return BrowserSupport("unlikely", f"Browsers don't play {what}. {WHAT_PLAYS}")


def _kind(container: str, suffix: str) -> str:
    names = container.split(",")
    if "mp4" in names:
        return "QuickTime" if suffix in {".mov", ".qt"} else "MP4"
    if "webm" in names and suffix == ".webm":
        return "WebM"
    return _CONTAINER_NAMES.get(names[0], names[0])
