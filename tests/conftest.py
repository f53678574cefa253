"""What all tests share: real videos, where there are any, small written ones, and a tiny model."""

import gc
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, cast

import av
import hypothesis
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream
from numpy.typing import NDArray

from benchmarks.small_networks import write_linear_model, write_mean_backbone
from lpat.backbones.metadata import CHANNELS, BackboneMetadata, Stream
from lpat.model.metadata import ModelMetadata
from lpat.segments.post_processing import PostProcessing
from lpat.types import FeatureSpec

Picture = NDArray[np.uint8]
WriteVideo = Callable[..., Path]

TESTS = Path(__file__).resolve().parent

# How long an example takes is the machine's matter, not a test's.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let skips of one reason be one line of the summary, which tells them apart by place too."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple):
        report.longrepr = (str(TESTS), None, report.longrepr[2])  # type: ignore[assignment]
    return report


def pytest_collection_finish() -> None:
    """Let collecting garbage, as each video's end does, not go through all that is imported."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real videos and annotations that lies beside the project, or a skip."""
    folder = TESTS.parents[1] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real data: there is no folder ../shared/data beside the project")
    return folder


@pytest.fixture(scope="session")
def modules_loaded_by_help() -> Callable[[str], set[str]]:
    """A function that gives what is loaded once the command of a module has printed its help."""

    def loaded(module: str) -> set[str]:
        code = (
            "import sys; from click.testing import CliRunner\n"
            f"from {module} import command\n"
            "result = CliRunner().invoke(command, ['--help']); assert result.exit_code == 0\n"
            "print(*sys.modules)"
        )
        return set(subprocess.check_output([sys.executable, "-c", code], text=True).split())

    return loaded


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Path]:
    """A function that writes a tiny model: scores are weighted sums of a snippet's feature.

    With the default metadata it fits `spec`; `metadata` replaces the JSON text, None leaves it out.
    """

    def make(path: Path, spec: FeatureSpec, *, metadata: str | None = "", classes: int = 2) -> Path:
        random = np.random.default_rng(0)
        weights = random.normal(size=(spec.dimension, classes + 1)).astype(np.float32)
        if metadata == "":
            labels = tuple(f"class_{index}" for index in range(classes))
            metadata = ModelMetadata(labels, spec, PostProcessing()).to_json()
        return write_linear_model(path, weights, metadata)

    return make


@pytest.fixture(scope="session")
def make_backbone() -> Callable[..., Path]:
    """A function that writes a tiny backbone, by default of 4 frames of 16 x 16 pixels.

    Its features are weighted sums of the frames' channels, or with `means` the mean of each frame,
    channel by channel, on the scale that the metadata gives it.
    """

    def make(
        path: Path, stream: Stream = "rgb", *, means: bool = False, seed: int = 0, **changes: Any
    ) -> Path:
        channels, frames = CHANNELS[stream], changes.get("frames", 4)
        dimension = channels * frames if means else changes.get("dimension", 6)
        tiny = {"name": "tiny", "frames": 4, "short_side": 16, "crop": (16, 16)}
        metadata = BackboneMetadata(**{**tiny, **changes, "stream": stream, "dimension": dimension})
        random = np.random.default_rng(seed)
        weights = np.eye(dimension)
        if not means:
            weights = random.normal(size=(channels * frames, dimension))
        return write_mean_backbone(
            path, weights.astype(np.float32), metadata.clip_shape, metadata.to_json()
        )

    return make


@pytest.fixture
def write_sound(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes stereo sound, by default uncompressed, whose samples are the time in
    hundredths of a second, and returns its path."""

    def write(
        name: str = "sound.mkv", *, seconds: int = 3, rate: int = 48_000, codec: str = "pcm_s16le"
    ) -> Path:
        path = tmp_path / name
        samples = np.repeat(np.arange(seconds * rate) // (rate // 100), 2).astype(np.int16)
        with av.open(str(path), "w") as container:
            stream = cast(AudioStream, container.add_stream(codec, rate=rate, layout="stereo"))
            for start in range(0, len(samples), 9600):
                part = samples[None, start : start + 9600]
                frame = av.AudioFrame.from_ndarray(part, "s16", "stereo")
                frame.rate, frame.pts = rate, start // 2
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write


@pytest.fixture
def write_streams(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes the first stream of each file, so many seconds later, into one file,
    and returns its path."""

    def write(name: str, *parts: tuple[Path, float]) -> Path:
        with ExitStack() as sources, av.open(str(tmp_path / name), "w") as output:
            packets: list[tuple[Fraction, Packet]] = []
            for path, shift in parts:
                source = sources.enter_context(av.open(str(path)))
                stream = output.add_stream_from_template(source.streams[0])
                stream.disposition = Disposition.default if path == parts[0][0] else Disposition(0)
                for packet in source.demux(source.streams[0]):
                    if packet.dts is None or packet.pts is None:
                        continue
                    ticks = round(shift / packet.time_base)
                    packet.dts, packet.pts = packet.dts + ticks, packet.pts + ticks
                    packet.stream = stream
                    packets.append((packet.dts * packet.time_base, packet))
            for _, packet in sorted(packets, key=lambda timed: timed[0]):
                output.mux(packet)
        return tmp_path / name

    return write


@pytest.fixture
def joined_recording(
    tmp_path: Path,
    write_video: WriteVideo,
    write_sound: Callable[..., Path],
    write_streams: Callable[..., Path],
) -> Path:
    """Three seconds in three parts, put together as HLS players do: the sound of each begins some
    milliseconds before its pictures, where that of the part before hasn't ended."""
    video = write_video("part.mp4", options={"g": "12", "bf": "0"})
    sound = write_sound("part.mkv", seconds=1, codec="aac")
    parts = [write_streams("p.ts", (video, n), (sound, n)).read_bytes() for n in range(3)]
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(parts))
    return path


@pytest.fixture(scope="session")
def write_video_in() -> WriteVideo:
    """A function that writes a video into a folder and returns its path.

    It takes the file's name, the frames' `pts` in units of `time_base`, and either RGB `pictures`
    or a `size`, for which frame n is uniform with luma about 20 + 3 n.
    """

    def write(
        folder: Path,
        name: str = "video.mp4",
        *,
        pts: Iterable[int] = range(25),
        time_base: Fraction = Fraction(1, 25),
        pictures: Iterable[Picture] | None = None,
        size: tuple[int, int] = (64, 48),
        codec: str = "libx264",
        pixel_format: str = "yuv420p",
        options: dict[str, str] | None = None,
    ) -> Path:
        path = folder / name
        times = list(pts)
        if pictures is None:
            width, height = size
            pictures = (
                np.full((height, width, 3), min(255, 20 + 3 * n), np.uint8)
                for n in range(len(times))
            )
        container_options = {"video_track_timescale": "90000"} if path.suffix == ".mp4" else {}
        with av.open(f"file:{path}", "w", options=container_options) as container:
            stream: VideoStream | None = None
            for time, picture in zip(times, pictures, strict=True):
                if stream is None:
                    stream = cast(VideoStream, container.add_stream(codec, rate=25))
                    stream.height, stream.width = picture.shape[:2]
                    stream.pix_fmt = pixel_format
                    stream.codec_context.time_base = time_base
                    stream.options = {**(options or {})}
                frame = av.VideoFrame.from_ndarray(picture, "rgb24")
                frame.pts, frame.time_base = time, time_base
                container.mux(stream.encode(frame))
            if stream is not None:
                container.mux(stream.encode())
        return path

    return write


@pytest.fixture(scope="session")
def long_video(write_video_in: WriteVideo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Minutes of extraction, that a test ends before: the same 500 frames over and over."""
    folder = tmp_path_factory.mktemp("long")
    path = folder / "long.mp4"
    part = write_video_in(folder, "part.mp4", pts=range(500))
    with av.open(str(part)) as source, av.open(str(path), "w") as output:
        packets = [packet for packet in source.demux(source.streams.video[0]) if packet.size]
        times = [(cast(int, packet.dts), cast(int, packet.pts)) for packet in packets]
        stream = output.add_stream_from_template(source.streams.video[0])
        ticks = round(20 / cast(Fraction, packets[0].time_base))
        for number in range(40):
            for packet, (dts, pts) in zip(packets, times, strict=True):
                packet.stream = stream
                packet.time_base = Fraction(20, ticks)
                packet.dts, packet.pts = dts + number * ticks, pts + number * ticks
                output.mux(packet)
    return path


@pytest.fixture
def write_video(tmp_path: Path, write_video_in: WriteVideo) -> WriteVideo:
    """The same, in the test's own folder."""
    return partial(write_video_in, tmp_path)
