"""Videos to features, once: the cache, the extractor's spec, several processes."""

import errno
import gc
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lpat.errors import FeatureError, LpatError, OutputError, VideoError
from lpat.features import extraction
from lpat.features.cache import FeatureCache
from lpat.features.extraction import (
    FeatureStream,
    extract_features,
    load_all_features,
    load_features,
    stream_features,
)
from lpat.features.extractors import default_spec, extractor_of
from lpat.features.files import write_features, write_rows
from lpat.files.folders import temporary_folder
from lpat.inputs import Input
from lpat.types import Features, FeatureSpec

WriteVideo = Callable[..., Path]


@pytest.fixture
def video(write_video: WriteVideo) -> Input:
    """Forty frames of moving noise: two whole snippets and a half."""
    random = np.random.default_rng(0)
    wide = random.integers(0, 255, (48, 200, 3), dtype=np.uint8)
    pictures = [wide[:, 2 * n : 2 * n + 64] for n in range(40)]
    return Input("video", write_video("video.mp4", pts=range(40), pictures=pictures))


@pytest.mark.parametrize(
    ("stride", "edges"), [(16, [0, 0.64, 1.28, 1.6]), (8, [0, 0.32, 0.64, 0.96, 1.28, 1.6])]
)
def test_a_video_gives_a_snippet_for_each_stride_and_one_for_the_rest(
    video: Input, stride: int, edges: list[float]
) -> None:
    features = extract_features(video.file, default_spec(stride)).features
    assert features.values.shape == (len(edges) - 1, default_spec().dimension)
    assert features.duration == pytest.approx(1.6)
    np.testing.assert_allclose(features.edges, edges)


def test_features_know_when_players_show_the_first_picture(
    video: Input, write_sound: WriteVideo, write_streams: WriteVideo, tmp_path: Path
) -> None:
    late = Input("late", write_streams("late.mkv", (write_sound(), 0.0), (video.file, 0.5)))
    cache = FeatureCache(tmp_path / "cache")
    for from_cache in (False, True):
        its = load_features(late, None, cache)
        assert (its.from_cache, its.features.start) == (from_cache, 0.5)
    assert extract_features(video.file, default_spec()).features.start == 0.0


def test_features_come_while_the_video_is_read(write_video: WriteVideo) -> None:
    path, spec = write_video(pts=range(400)), default_spec()
    with stream_features(path, spec) as stream:
        assert stream.video.expected_duration == pytest.approx(16)
        reached = [stream.video.duration for _ in stream]
    assert reached[0] < 2
    assert reached == sorted(reached)
    assert reached[-1] == pytest.approx(16)
    assert len(reached) == 50


def test_a_video_of_which_parts_failed_to_decode_is_not_cached(
    video: Input, tmp_path: Path
) -> None:
    cache, whole = FeatureCache(tmp_path / "cache"), video.file.read_bytes()
    damaged = bytearray(whole)
    middle = len(whole) // 2
    damaged[middle : middle + 2000] = bytes(2000)
    video.file.write_bytes(damaged)
    assert load_features(video, None, cache).decode_failures
    assert cache.get(video.file, default_spec()) is None
    video.file.write_bytes(whole)
    assert not load_features(video, None, cache).decode_failures
    assert cache.get(video.file, default_spec()) is not None


def test_a_video_that_changes_after_it_was_read_is_not_taken_for_the_new_one(
    video: Input, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_while_it_grows(place: Path, *rest: Any) -> None:
        write_rows(place, *rest)
        with video.file.open("ab") as file:
            file.write(b"more")

    cache = FeatureCache(tmp_path / "cache")
    monkeypatch.setattr(extraction, "write_rows", write_while_it_grows)
    load_features(video, None, cache)
    assert cache.get(video.file, default_spec()) is None


def test_temporary_files_go_with_their_features(video: Input, tmp_path: Path) -> None:
    before = set(temporary_folder().iterdir())
    results = [its for _, its in load_all_features([video, video], None, None, 1)]
    assert len(set(temporary_folder().iterdir()) - before) == 2
    assert all(isinstance(its, extraction.Extraction) for its in results)
    del results
    gc.collect()
    assert set(temporary_folder().iterdir()) == before


def test_temporary_features_that_are_sent_elsewhere_outlive_their_file(video: Input) -> None:
    its = extract_features(video.file, default_spec())
    values = its.features.values.copy()
    sent = pickle.dumps(its)
    del its
    gc.collect()
    again = pickle.loads(sent)
    np.testing.assert_array_equal(again.features.values, values)
    assert again.features.spec == default_spec()


def test_a_full_disk_is_named_and_leaves_nothing(
    video: Input, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(place: Path, *_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = set(temporary_folder().iterdir())
    monkeypatch.setattr(extraction, "write_rows", fail)
    with pytest.raises(OutputError, match=r"can't be written \(No space left on device\)"):
        load_features(video, None, None)
    assert set(temporary_folder().iterdir()) == before


def test_leaving_a_stream_early_ends_its_threads(write_video: WriteVideo) -> None:
    before = threading.active_count()
    with stream_features(write_video(pts=range(200)), default_spec()) as stream:
        rows = iter(stream)
        next(rows)
        assert threading.active_count() > before
    assert threading.active_count() == before


def test_a_video_is_extracted_once(
    video: Input, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = FeatureCache(tmp_path / "cache")
    first = load_features(video, None, cache)
    monkeypatch.setattr(extraction, "stream_features", None)
    second = load_features(video, None, cache)
    assert (first.from_cache, second.from_cache) == (False, True)
    np.testing.assert_array_equal(first.features.values, second.features.values)


def test_a_changed_video_is_extracted_again(video: Input, tmp_path: Path) -> None:
    cache, spec = FeatureCache(tmp_path / "cache"), default_spec()
    load_features(video, None, cache)
    with video.file.open("ab") as file:
        file.write(b"more")
    assert cache.get(video.file, spec) is None
    assert cache.path_of(video.file, spec) != cache.path_of(video.file, default_spec(stride=16))


def test_a_broken_cache_file_is_no_harm(video: Input, tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path / "cache")
    load_features(video, None, cache)
    cache.path_of(video.file, default_spec()).write_bytes(b"broken")
    assert not load_features(video, None, cache).from_cache
    assert load_features(video, None, cache).from_cache


def test_a_cache_that_cannot_be_written_costs_no_result(video: Input, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not load_features(video, None, FeatureCache(tmp_path / "file" / "cache")).from_cache


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"extractor": "i3d"}, "unknown feature extractor 'i3d'; known: motion"),
        ({"version": 99}, "'motion' makes features of version 2 where version 99 was expected"),
        ({"version": 1}, "where version 1 was expected: train and export again with this lpat"),
        ({"dimension": 7}, "makes dimension .* where 7 was expected"),
        ({"parameters": {"more": 1}}, "this version's extractor 'motion' has no parameter 'more'"),
        ({"parameters": {"descriptors": 3}}, "feature extractor 'motion'"),
        ({"parameters": {"rows": "x"}}, "feature extractor 'motion'"),
        ({"extractor": "precomputed"}, "precomputed features of .* are expected, not a video"),
    ],
)
def test_a_spec_that_no_extractor_makes_is_refused(change, message: str) -> None:
    with pytest.raises(FeatureError, match=message):
        extractor_of(replace(default_spec(), **change))


def test_a_feature_file_of_another_spec_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.safetensors"
    values = np.zeros((2, 5), np.float32)
    write_features(path, Features(values, FeatureSpec("motion", 1, {}, 5), 1.0))
    with pytest.raises(FeatureError, match=r"v\.safetensors: .*dimension 5 where"):
        load_features(Input("v", path), default_spec(), None)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_bad_video_stands_beside_the_good_ones(
    video: Input, write_video: WriteVideo, tmp_path: Path, jobs: int
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    other = Input("other", write_video("other.mp4", pts=range(20)))
    sources = [video, Input("broken", broken), Input("gone", tmp_path / "gone.mp4"), other]
    results = {s.name: r for s, r in load_all_features(sources, None, None, jobs)}
    assert set(results) == {"video", "broken", "gone", "other"}
    assert isinstance(results["broken"], VideoError)
    assert isinstance(results["gone"], VideoError)
    assert not isinstance(results["video"], LpatError)
    np.testing.assert_array_equal(
        results["video"].features.values,
        extract_features(video.file, default_spec()).features.values,
    )


def test_a_damaged_video_gives_the_same_features_by_any_number_of_threads(
    shared_data: Path,
) -> None:
    path, spec = shared_data / "clips" / "corrupted.mp4", default_spec()
    one, two, three = (extract_features(path, spec, threads=count) for count in (1, 2, 3))
    assert one.decode_failures == two.decode_failures == three.decode_failures == 1
    np.testing.assert_array_equal(one.features.values, two.features.values)
    np.testing.assert_array_equal(one.features.values, three.features.values)


@pytest.mark.parametrize(("motion_pixels", "readings"), [(300_000, [1]), (1, [2, 1])])
def test_a_damaged_video_is_read_again_unless_one_thread_decoded_it(
    video: Input, monkeypatch: pytest.MonkeyPatch, motion_pixels: int, readings: list[int]
) -> None:
    data = bytearray(video.file.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2000] = bytes(2000)
    video.file.write_bytes(data)
    seen: list[int] = []

    @contextmanager
    def watched(*arguments: Any, **options: Any) -> Iterator[FeatureStream]:
        with stream_features(*arguments, **options) as stream:
            seen.append(stream.video.threads)
            yield stream

    monkeypatch.setattr(extraction, "stream_features", watched)
    monkeypatch.setattr(extraction, "MOTION_PIXELS", motion_pixels)
    assert extract_features(video.file, default_spec(), threads=2).decode_failures
    assert seen == readings


@pytest.mark.parametrize(
    ("size", "threads", "decoders"),
    [((320, 240), 2, 1), ((1280, 720), 2, 2), ((320, 240), 16, 3), ((1280, 720), 16, 12)],
)
def test_large_pictures_are_decoded_by_more_threads(
    write_video: WriteVideo, size: tuple[int, int], threads: int, decoders: int
) -> None:
    pictures = np.zeros((1, *size[::-1], 3), np.uint8)
    path = write_video("sized.mp4", pts=[0], pictures=pictures)
    with stream_features(path, default_spec(), threads=threads) as stream:
        assert stream.video.threads == decoders
        assert len(list(stream)) == 1
    with stream_features(path, default_spec(), threads=threads, decoders=5) as stream:
        assert stream.video.threads == 5


def test_real_videos_give_finite_features(shared_data: Path) -> None:
    for name in ("v_ZNVhz7ctTq0.mp4", "video_90.mov", "-video-with-dash-.mp4", "corrupted.mp4"):
        result = extract_features(shared_data / "clips" / name, default_spec())
        assert np.abs(result.features.values).max() < 1e3
