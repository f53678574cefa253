"""A video file's sound from any time on, as an output device takes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av

from lpat.video.container import open_container

RATE = 48_000
"""Samples a second, of two channels of signed 16 bits, interleaved."""

BYTES_OF_A_SAMPLE = 4


def decode_sound(path: Path, start: float) -> Iterator[bytes]:
    """Sound from `start` seconds on the container's clock on, in parts; none without a stream.

    Where it begins later than that, silence comes first.

    Raises:
        VideoError: there is no such file, or nothing that can be opened.
        FFmpegError: it breaks off.
    """
    with open_container(path) as container:
        streams = [s for s in container.streams.audio if s.codec_context is not None]
        if not streams:
            return
        if start > 0:
            container.seek(round(start * av.time_base))
        resampler = av.AudioResampler(format="s16", layout="stereo", rate=RATE)
        begun = False
        for frame in container.decode(streams[0]):
            early = start - (frame.time or 0.0)  # seconds of this frame that aren't wanted
            for part in resampler.resample(frame):
                data = part.to_ndarray().tobytes()
                if not begun:
                    unwanted = round(early * RATE) * BYTES_OF_A_SAMPLE
                    early -= len(data) / BYTES_OF_A_SAMPLE / RATE
                    if unwanted >= len(data):
                        continue
                    begun = True
                    data = bytes(max(-unwanted, 0)) + data[max(unwanted, 0) :]
                yield data
