"""What an output takes, and whose fault it is where it doesn't."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import av
import pytest
from av.container import OutputContainer
from av.packet import Packet

from lpat.errors import OutputError
from lpat.video.writer import (
    OrderedPackets,
    RefusedError,
    video_output,
    with_sound_or_without,
)


class Recorder:
    """Stands for an output: the decoding times of what is put in."""

    def __init__(self) -> None:
        self.times: list[int] = []

    def mux(self, packet: SimpleNamespace) -> None:
        assert packet.pts >= packet.dts
        self.times.append(packet.dts)


def packet(time: int | None) -> Packet:
    stream = SimpleNamespace(time_base=Fraction(1, 48_000))
    halved = Fraction(1, 24_000)  # the source's clock is coarser than the output's
    ticks = None if time is None else time // 2
    return cast(
        Packet,
        SimpleNamespace(pts=ticks, dts=ticks, duration=512, time_base=halved, stream=stream),
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([0, 1024, 2048], [0, 1024, 2048]),
        ([0, 1024, 900, 2048], [0, 1024, 1025, 2048]),
        ([0, 1024, 1024, 1024, 2048], [0, 1024, 1025, 1026, 2048]),
        ([0, None, None, 3072], [0, 1024, 2048, 3072]),
        ([48_000, 0, 49_024], [48_000, 49_024]),
    ],
    ids=["in order", "overlapping", "thrice", "without times", "far behind"],
)
def test_packets_are_put_in_the_order_of_time(given: list[int | None], expected: list[int]) -> None:
    output = Recorder()
    ordered = OrderedPackets(cast(OutputContainer, output))
    for time in given:
        ordered.mux(packet(time))
    assert output.times == expected


def test_a_file_that_refuses_its_streams_names_the_source(
    write_video: Callable[..., Path], tmp_path: Path
) -> None:
    source, path = write_video(), tmp_path / "out.mp4"

    def copy_without_order() -> None:
        with av.open(str(source)) as video, video_output(source, path, "mp4", {}) as output:
            stream = output.add_stream_from_template(video.streams.video[0])
            for its in video.demux(video=0):
                its.dts, its.stream = 1, stream
                output.mux(its)

    with pytest.raises(RefusedError, match=rf"^{source}: can't be put into out.mp4 \(.*\)$"):
        copy_without_order()
    assert not path.exists()


def test_what_is_refused_with_its_sound_is_written_without() -> None:
    asked: list[bool] = []

    def write(sound: bool) -> str:
        asked.append(sound)
        if sound:
            raise RefusedError("v: can't be put into v.mp4")
        return "written"

    assert with_sound_or_without(write) == "written"
    assert asked == [True, False]

    def fail(_: bool) -> None:
        raise OutputError("v.mp4: can't be written")

    with pytest.raises(OutputError):
        with_sound_or_without(fail)
