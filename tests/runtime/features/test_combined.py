"""Features of motion and of backbones side by side, of one pass over the video."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lpat.backbones.search import Backbones
from lpat.backbones.spec import facts_of_backbones, parts_of
from lpat.errors import BackboneError, VideoError
from lpat.features.extraction import extract_features, stream_features
from lpat.features.extractors import default_jobs, default_spec, extractor_of, spec_of
from lpat.features.files import read_features, write_features
from lpat.parallel.processes import available_cores
from lpat.types import FeatureSpec
from lpat.video.reader import Video
from lpat.video.resampling import Tick, resample

Make = Callable[..., Path]


@pytest.fixture
def eye(make_backbone: Make, tmp_path: Path) -> Path:
    """A backbone that is fed one frame of 16, as that of appearance is."""
    return make_backbone(tmp_path / "eye.onnx", name="eye", frames=1, sampling=16, means=True)


@pytest.fixture
def flow(make_backbone: Make, tmp_path: Path) -> Path:
    return make_backbone(tmp_path / "flow.onnx", "flow", name="ear", frames=16)


@pytest.fixture
def video(write_video: Make) -> Path:
    random = np.random.default_rng(0)
    wide = random.integers(0, 255, (48, 200, 3), dtype=np.uint8)
    return write_video(pts=range(61), pictures=[wide[:, n : n + 64] for n in range(61)])


def combined(*paths: Path, stride: int = 8) -> FeatureSpec:
    return spec_of(Backbones(paths), stride, beside_motion=True)


@pytest.mark.parametrize("batch", [1, 3, 64])
@pytest.mark.parametrize("stride", [8, 5, 16])
def test_both_are_what_each_is_alone(
    eye: Path, flow: Path, video: Path, batch: int, stride: int
) -> None:
    backbones = Backbones((eye, flow), batch=batch)
    spec = combined(eye, flow, stride=stride)
    made = extract_features(video, spec, backbones).features.load().values
    motion = extract_features(video, default_spec(stride)).features.load().values
    alone = extract_features(video, spec_of(backbones, stride), backbones).features.load().values
    np.testing.assert_array_equal(made, np.concatenate([motion, alone], axis=1))


def test_the_spec_names_all_that_it_is_made_of(eye: Path, tmp_path: Path, video: Path) -> None:
    spec = combined(eye)
    motion, backbone = parts_of(spec)
    assert motion == default_spec()
    assert backbone == spec_of(Backbones((eye,)), 8)
    assert (spec.extractor, spec.dimension) == ("motion+backbone", 202 + 3)
    assert [its["name"] for its in facts_of_backbones(spec)] == ["eye"]
    assert default_jobs(spec) == available_cores()
    features = extract_features(video, spec, Backbones((eye,))).features.load()
    write_features(tmp_path / "f.safetensors", features)
    assert read_features(tmp_path / "f.safetensors").spec == spec


def test_backbones_of_other_frames_are_refused(make_backbone: Make, tmp_path: Path) -> None:
    short = make_backbone(tmp_path / "short.onnx")
    with pytest.raises(BackboneError, match="of snippet_frames 16, not 4"):
        combined(short)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backbone_dimension": 0}, "expected their backbone_dimension, not 0"),
        ({"backbone_dimension": 205}, "expected their backbone_dimension, not 205"),
        ({"backbone_dimension": "3"}, "expected their backbone_dimension, not '3'"),
        ({"rgb": "0"}, "expected the names and SHA-256"),
        ({"backbone_version": 1}, "version 2 where version 1 was expected"),
    ],
)
def test_a_spec_that_is_broken_is_named(
    eye: Path, changes: dict[str, object], message: str
) -> None:
    spec = combined(eye)
    broken = replace(spec, parameters={**spec.parameters, **changes})
    with pytest.raises(BackboneError, match=message):
        extractor_of(broken, Backbones((eye,), for_others=True))


def test_threads_end_when_nobody_wants_more(eye: Path, video: Path) -> None:
    before = threading.active_count()
    with stream_features(video, combined(eye), Backbones((eye,))) as stream:
        next(iter(stream))
    assert threading.active_count() == before


def test_a_video_that_fails_ends_it_as_it_ends_motion(eye: Path, video: Path) -> None:
    spec = combined(eye)
    extractor = extractor_of(spec, Backbones((eye,)))

    def failing() -> Iterator[Tick]:
        with Video.open(video) as opened:
            for tick in resample(opened, 25.0):
                if tick.index == 40:
                    raise VideoError("broken off")
                yield tick

    before = threading.active_count()
    with pytest.raises(VideoError, match="broken off"):
        list(extractor.extract(failing(), spec))
    assert threading.active_count() == before
