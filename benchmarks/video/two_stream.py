"""Two-stream extraction of a 340x256 video: its stages alone, and all of it, in times real time.

    python -m benchmarks.video.two_stream [--backbone FILE]... [--video FILE] [--seconds 8]
                                          [--baseline 1]
    python -m benchmarks.video.two_stream --i3d    I3D of random weights, PyTorch as the baseline

Each stage is run by itself on what the stages before it make, with all cores; then everything at
once, as lpat-extract does it, and once more with networks and flow that do nothing: what is left is
what the rest costs. The baseline is what two-stream features are usually extracted with: OpenCV's
DualTVL1 for each pair, and the torch module where there is one (the same ONNX file elsewhere), one
after the other. It takes long, so it is run on the first seconds only. Without backbones two small
ones are made. The video is one of the gestures beside the project, scaled, or moving noise.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice, pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from benchmarks.small_networks import write_mean_backbone
from lpat.backbones import pictures as pictures_module
from lpat.backbones.clips import clips_of, windows
from lpat.backbones.extractor import BackboneExtractor, open_extractor
from lpat.backbones.metadata import CHANNELS, BackboneMetadata, Stream
from lpat.backbones.pictures import Pictures, Views, pictures_of, views_of
from lpat.backbones.search import Backbones
from lpat.features.extractors import spec_of
from lpat.inference.onnx_files import BACKBONE_KEY
from lpat.types import FeatureSpec, Float32Array
from lpat.video.frame import UInt8Array
from lpat.video.reader import Video
from lpat.video.resampling import resample

SIZE = (340, 256)
RATE = 25
SHOWN = Path(__file__).resolve().parents[3] / "shared/data/gestures/videos/gesture_test_s000.mp4"

Module = Callable[[Float32Array], Any]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backbone", type=Path, action="append", default=[])
    parser.add_argument("--i3d", action="store_true", help="I3D of random weights")
    parser.add_argument("--video", type=Path)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--baseline", type=float, default=1.0, help="seconds of video, or 0")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        video = arguments.video or write_video(Path(folder) / "video.mp4", arguments.seconds)
        paths, modules = arguments.backbone, {}
        if arguments.i3d:
            paths, modules = write_i3d(Path(folder))
        backbones = Backbones(
            tuple(paths) or write_small(Path(folder)),
            device=arguments.device,
            batch=arguments.batch,
        )
        measure(video, backbones, arguments.baseline, modules)


def measure(
    video: Path, backbones: Backbones, baseline: float, modules: dict[Stream, Module]
) -> None:
    """Print the table."""
    spec = spec_of(backbones)
    extractor = open_extractor(spec, backbones, 0)
    streams = [backbone.metadata for backbone in extractor.backbones]
    print(
        f"{os.cpu_count()} cores, batch {extractor.batch}; "
        + ", ".join(map(_title, extractor.networks))
    )
    print("| what | ms a second of video | of all cores' time | x real time |")
    print("| --- | --- | --- | --- |")
    views, took = timed(lambda: list(decoded(video, streams)))
    length = len(views) / spec.fps
    row = Table(length)
    row("decode and scale", took)
    pictures, took = timed(lambda: list(pictures_of(views, streams, lambda ticks: ticks % 16 == 0)))
    row("flow", took)
    all_windows = list(windows(pictures, spec.snippet_frames, spec.stride))
    for number, network in enumerate(extractor.networks):
        stream = streams[number]
        normalising = running = Cost(0, 0)
        for window in all_windows:
            clips, took = timed(lambda seen=window, n=number: clips_of(column(seen, n), streams[n]))
            normalising += took
            _, took = timed(lambda its=clips, net=network: net.features(its))
            running += took
        row(f"{stream.stream}: crop and normalise", normalising)
        row(f"{stream.stream}: network", running)
    row("sum of these", row.total)
    extracted, took = timed(lambda: extract(extractor, video, spec))
    row("all, overlapped", took)
    whole = took
    _, took = timed(lambda: extract_nothing(extractor, video, spec))
    row("all but flow and networks", took)
    if baseline:
        some = views[: round(baseline * spec.fps)]
        _, usually = timed(lambda: extract_as_usual(extractor, some, spec, modules))
        Table(len(some) / spec.fps)("baseline", usually)
        ratio = usually.wall / len(some) * len(views) / whole.wall
        print(f"{ratio:.1f} times as fast as the baseline; {len(extracted)} snippets")


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, and of all cores together, which other programs change less."""

    wall: float
    cores: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cores + other.cores)


class Table:
    """Rows of a table, of a video so many seconds long."""

    def __init__(self, length: float) -> None:
        self.length = length
        self.total = Cost(0, 0)

    def __call__(self, what: str, cost: Cost) -> None:
        self.total += cost
        each, cores = (1e3 * seconds / self.length for seconds in (cost.wall, cost.cores))
        print(f"| {what} | {each:.0f} | {cores:.0f} | {self.length / cost.wall:.2f} |", flush=True)


def timed(work: Callable[[], Any]) -> tuple[Any, Cost]:
    """What a piece of work gives, and what it cost."""
    wall, cores = time.perf_counter(), time.process_time()
    result = work()
    return result, Cost(time.perf_counter() - wall, time.process_time() - cores)


def decoded(path: Path, streams: Sequence[BackboneMetadata]) -> Iterator[Views]:
    with Video.open(path) as video:
        yield from views_of(resample(video, streams[0].fps), streams, streams[0].snippet_frames)


def column(window: Sequence[Pictures], stream: int) -> list[UInt8Array]:
    """What one stream is fed of a window."""
    return [pictures[stream] for pictures in window]


def extract(extractor: BackboneExtractor, path: Path, spec: FeatureSpec) -> list[Float32Array]:
    with Video.open(path) as video:
        return list(extractor.extract(resample(video, spec.fps), spec))


def extract_nothing(extractor: BackboneExtractor, path: Path, spec: FeatureSpec) -> None:
    """All of the extraction, by networks and flow that are there at once."""

    class Idle:
        def __init__(self, network: Any) -> None:
            self.backbone, self.batch = network.backbone, network.batch

        def features(self, clips: Float32Array) -> Float32Array:
            return np.zeros((len(clips), self.backbone.metadata.dimension), np.float32)

    def still(frames: UInt8Array, *_: Any, **__: Any) -> Float32Array:
        return np.zeros((len(frames) - 1, 2, *frames.shape[1:]), np.float32)

    idle: Any = tuple(map(Idle, extractor.networks))
    flow_between = pictures_module.flow_between
    pictures_module.flow_between = still
    try:
        extract(BackboneExtractor(idle, extractor.threads, extractor.batch), path, spec)
    finally:
        pictures_module.flow_between = flow_between


def extract_as_usual(
    extractor: BackboneExtractor,
    views: Sequence[Views],
    spec: FeatureSpec,
    modules: dict[Stream, Module],
) -> None:
    """The usual way: pair by pair, clip by clip, network by network."""
    solver = cv2.optflow.DualTVL1OpticalFlow_create()  # pyright: ignore
    for number, network in enumerate(extractor.networks):
        stream = network.backbone.metadata
        column = [view[number] for view in views]
        if stream.stream == "flow":
            flows = [solver.calc(*pair, None) for pair in pairwise(column)]
            column = [np.zeros((2, *stream.crop), np.uint8) for _ in (*flows, flows[-1])]
        compute = modules.get(stream.stream, network.features)
        for window in windows(column, spec.snippet_frames, spec.stride):
            compute(clips_of(window, stream))


def write_video(path: Path, seconds: float) -> Path:
    """A video of `SIZE` at `RATE`."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for picture in islice(shown(), round(seconds * RATE)):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def shown() -> Iterator[UInt8Array]:
    """Pictures (H, W, 3) of `SIZE`, without end."""
    while SHOWN.is_file():
        with Video.open(SHOWN) as video:
            for tick in resample(video, RATE):
                yield tick.frame.rgb(SIZE, "BILINEAR")
    random = np.random.default_rng(0)
    noise = random.integers(0, 255, (SIZE[1], 1024, 3)).astype(np.uint8)
    wide = cv2.GaussianBlur(noise, (9, 9), 3).astype(np.uint8)
    for number in count():
        yield np.roll(wide, 2 * number, axis=1)[:, : SIZE[0]].copy()


def write_small(folder: Path) -> tuple[Path, ...]:
    """Backbones of means, which cost next to nothing."""
    paths = []
    for stream, channels in CHANNELS.items():
        metadata = BackboneMetadata("means", stream, channels * 16)
        weights = np.eye(channels * 16, dtype=np.float32)
        path = folder / f"{stream}.onnx"
        paths.append(write_mean_backbone(path, weights, metadata.clip_shape, metadata.to_json()))
    return tuple(paths)


def write_i3d(folder: Path) -> tuple[list[Path], dict[Stream, Module]]:
    """I3D of random weights for both streams: ONNX files, and the torch modules."""
    import torch
    from onnx import helper

    from benchmarks.video.random_i3d import random_state
    from lpat_train.backbones.i3d import I3D, network_of
    from lpat_train.backbones.i3d_graph import i3d_graph

    torch.set_num_threads(os.cpu_count() or 1)
    paths: list[Path] = []
    modules: dict[Stream, Module] = {}
    for stream, channels in CHANNELS.items():
        state = random_state(channels)
        network = network_of(state)
        model = i3d_graph({name: weight.numpy() for name, weight in state.items()})
        metadata = BackboneMetadata("i3d, random weights", stream, 1024)
        helper.set_model_props(model, {BACKBONE_KEY: metadata.to_json()})
        path = folder / f"i3d_{stream}.onnx"
        path.write_bytes(model.SerializeToString())
        paths.append(path)

        def compute(clips: Float32Array, network: I3D = network) -> Any:
            with torch.inference_mode():
                return network(torch.from_numpy(clips))

        modules[stream] = compute
    return paths, modules


def _title(network: Any) -> str:
    return f"{network.backbone.metadata.name} ({network.backbone.metadata.stream})"


if __name__ == "__main__":
    main()
