"""What browsers play, and what is said where they don't."""

import pytest

from lpat.report.browser_support import WHAT_PLAYS, browser_support

MP4, MATROSKA = "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"


@pytest.mark.parametrize(
    ("container", "codec", "pixels", "suffix", "support"),
    [(MP4, "h264", "yuv420p", ".mp4", "likely"), (MP4, "h264", None, ".MP4", "likely"),
     (MP4, "h264", "yuv444p", ".mp4", "sometimes"),
     (MP4, "h264", "yuv420p10le", ".mp4", "sometimes"),
     (MP4, "hevc", "yuv420p", ".mp4", "sometimes"), (MP4, "h264", "yuv420p", ".mov", "sometimes"),
     (MP4, "mpeg4", "yuv420p", ".mp4", "unlikely"), (MATROSKA, "vp9", "yuv420p", ".webm", "likely"),
     (MATROSKA, "vp9", "yuv420p", ".mkv", "sometimes"),
     (MATROSKA, "mpeg4", None, ".mkv", "unlikely"),
     ("avi", "mpeg4", "yuv420p", ".avi", "unlikely"),
     ("mpegts", "h264", "yuv420p", ".ts", "unlikely"),
     ("asf", "wmv3", "yuv420p", ".wmv", "unlikely"), ("gif", "gif", "bgra", ".gif", "unlikely")],
)  # fmt: skip
def test_container_codec_and_pixels_tell_together(
    container: str, codec: str, pixels: str | None, suffix: str, support: str
) -> None:
    found = browser_support(container, codec, pixels, suffix)
    assert found.support == support
    assert (found.reason == "") == (support == "likely")


def test_the_reason_names_what_the_video_is_and_what_would_play() -> None:
    reason = browser_support("avi", "mpeg4", "yuv420p", ".avi").reason
    assert reason == f"Browsers don't play AVI with MPEG-4 Part 2. {WHAT_PLAYS}"
    assert "Ogg with Theora" in browser_support("ogg", "theora", None, ".ogv").reason
