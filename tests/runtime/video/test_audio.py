from __future__ import annotations

import numpy as np
import pytest

from lpat.errors import VideoError
from lpat.video.audio import RATE, decode_sound


def samples(path, start):
    """Those of the left channel."""
    return np.frombuffer(b"".join(decode_sound(path, start)), np.int16)[::2]


@pytest.mark.parametrize("start", [0.0, 1.0, 2.345, 2.99])
def test_sound_begins_at_the_sample_asked(write_sound, start):
    found = samples(write_sound(), start)
    assert found[0] == int(start * 100)
    assert len(found) == pytest.approx((3 - start) * RATE, abs=1)


def test_silence_comes_before_sound_that_begins_later(write_sound):
    found = samples(write_sound(), -0.5)
    assert len(found) == 3.5 * RATE
    assert not found[: RATE // 2].any()
    assert found[-1] == 299


def test_sound_of_another_rate_is_converted(write_sound):
    found = samples(write_sound(rate=16_000), 1.0)
    assert len(found) == pytest.approx(2 * RATE, abs=RATE / 100)
    assert abs(int(found[RATE]) - 200) <= 1


def test_a_file_without_sound_has_none(write_video):
    assert len(samples(write_video(), 0.0)) == 0


def test_a_file_that_can_not_be_opened_is_named(tmp_path):
    with pytest.raises(VideoError, match="no such file"):
        samples(tmp_path / "none.mp4", 0.0)
