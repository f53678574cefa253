"""What is kept of a slow video's features while they are computed, and how a rerun goes on."""

import gc
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.waiting import wait_until

from lpat.backbones import extractor as backbone_extractor
from lpat.backbones.search import Backbones
from lpat.errors import BackboneError, LpatError
from lpat.features import extraction
from lpat.features.cache import ABANDONED, FeatureCache
from lpat.features.extraction import extract_features, load_all_features
from lpat.features.extractors import default_spec, spec_of
from lpat.features.partial import FeaturePart, open_part
from lpat.inputs import Input
from lpat.types import FeatureSpec

SPEC = FeatureSpec("backbone", 1, {}, 3)
ROWS = list(np.arange(15, dtype=np.float32).reshape(5, 3))


@pytest.fixture
def backbones(make_backbone, tmp_path):
    return Backbones(
        (
            make_backbone(tmp_path / "rgb.onnx", "rgb"),
            make_backbone(tmp_path / "flow.onnx", "flow"),
        )
    )


@pytest.fixture
def video(write_video):
    random = np.random.default_rng(0)
    pictures = random.integers(0, 255, (43, 48, 64, 3), np.uint8)
    return write_video("video.mp4", pts=range(43), pictures=pictures)


class CutOffError(Exception):
    """The end of a run in the middle, of which nothing is cleared away."""


def cut_off(folder, video, spec, rows, *, single=False):
    """Leave a part with some rows, as a killed process does."""

    def given():
        yield from rows
        raise CutOffError

    with pytest.raises(CutOffError), open_part(folder, video, spec) as part:  # noqa: PT012
        part.restart(single=single)
        for _ in part.followed_by(given(), 0):
            pass


def the_part(folder: Path) -> Path:
    (path,) = folder.glob("video-*.part")
    return path


@pytest.mark.parametrize("single", [False, True])
def test_rows_come_back_and_go_on(video, tmp_path, single):
    cut_off(tmp_path, video, SPEC, ROWS[:3], single=single)
    with open_part(tmp_path, video, SPEC) as part:
        assert (len(part), part.single, part.is_kept) == (3, single, True)
        np.testing.assert_array_equal(list(part.followed_by(ROWS[3:], 3)), ROWS)
        assert len(part) == 5
    with open_part(tmp_path, video, SPEC) as part:
        assert (len(part), part.path) == (5, the_part(tmp_path))


def test_rows_beyond_a_whole_batch_are_computed_again(video, tmp_path):
    cut_off(tmp_path, video, SPEC, ROWS[:3])
    with open_part(tmp_path, video, SPEC) as part:
        np.testing.assert_array_equal(list(part.followed_by(ROWS[2:], 2)), ROWS)


@pytest.mark.parametrize(
    ("damage", "rows"),
    [
        (lambda content: content[:-1], 2),
        (lambda content: content + b"\0" * 16, 3),
        (lambda content: content[:20] + b"x" + content[21:], 1),
        (lambda content: content[:1], 0),
        (lambda content: b"", 0),
    ],
)
def test_only_whole_rows_count(video, tmp_path, damage, rows):
    cut_off(tmp_path, video, SPEC, ROWS[:3])
    path = the_part(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    with open_part(tmp_path, video, SPEC) as part:
        assert len(part) == rows
        np.testing.assert_array_equal(list(part.followed_by(ROWS[rows:], rows)), ROWS)


def test_a_part_is_of_one_video_as_it_is_and_of_one_spec(video, tmp_path):
    cut_off(tmp_path, video, SPEC, ROWS[:3])
    with open_part(tmp_path, video, replace(SPEC, stride=4)) as other:
        assert len(other) == 0
    os.utime(video, (1, 1))
    with open_part(tmp_path, video, SPEC) as changed:
        assert len(changed) == 0


def test_two_never_write_one_part(video, tmp_path):
    cut_off(tmp_path, video, SPEC, ROWS[:3])
    with open_part(tmp_path, video, SPEC) as first, open_part(tmp_path, video, SPEC) as second:
        assert (len(first), second.is_kept) == (3, False)
        np.testing.assert_array_equal(list(second.followed_by(ROWS, 0)), ROWS)
        assert len(first) == 3


def test_a_part_without_rows_is_none(video, tmp_path):
    cut_off(tmp_path, video, SPEC, [])
    assert not list(tmp_path.glob("*.part"))


def test_stale_parts_are_removed(video, tmp_path):
    cut_off(tmp_path, video, SPEC, ROWS[:3])
    stale, fresh = the_part(tmp_path), tmp_path / "other.part"
    fresh.touch()
    long_ago = time.time() - ABANDONED - 60
    os.utime(stale, (long_ago, long_ago))
    with open_part(tmp_path, video, replace(SPEC, stride=4)) as part:
        assert set(tmp_path.glob("*.part")) == {fresh, part.path}


def test_without_a_place_nothing_is_kept_and_all_works(video, tmp_path):
    (tmp_path / "file").touch()
    for folder in (None, tmp_path / "file" / "cache"):
        with open_part(folder, video, SPEC) as part:
            assert not part.is_kept
            np.testing.assert_array_equal(list(part.followed_by(ROWS, 0)), ROWS)
    np.testing.assert_array_equal(list(FeaturePart().followed_by(ROWS, 0)), ROWS)


def test_a_full_disk_costs_the_next_run_only(video, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    with open_part(tmp_path, video, SPEC) as part:
        monkeypatch.setattr(os, "pwrite", fail)
        np.testing.assert_array_equal(list(part.followed_by(ROWS, 0)), ROWS)
        assert not part.is_kept


@pytest.mark.parametrize("batch", [None, 4])
def test_a_rerun_computes_only_what_is_missing(video, tmp_path, backbones, monkeypatch, batch):
    backbones = replace(backbones, batch=batch)
    spec = spec_of(backbones)
    whole = extract_features(video, spec, backbones).features.load().values
    cut_off(tmp_path, video, spec, whole[:7])
    computed = []
    features = backbone_extractor._features

    def counted(network, clips):
        computed.append(len(clips))
        return features(network, clips)

    monkeypatch.setattr(backbone_extractor, "_features", counted)
    told = []
    source = Input("video", video)
    ((_, result),) = load_all_features(
        [source], spec, None, 1, backbones, parts=tmp_path,
        on_progress=lambda its, seconds, duration: told.append((its, seconds, duration)),
    )  # fmt: skip
    assert not isinstance(result, LpatError)
    np.testing.assert_array_equal(result.features.values, whole)
    first = 7 if batch is None else 4
    assert sum(computed) == 2 * (11 - first)  # of two streams
    assert [seconds for _, seconds, _ in told] == pytest.approx(
        [*(count * 0.16 for count in range(first, 11)), 43 / 25]
    )
    assert {its for its, _, _ in told} == {source}
    assert the_part(tmp_path)  # it goes once the features are no longer needed
    del result
    gc.collect()
    assert not list(tmp_path.glob("*.part"))


def test_a_part_lies_in_the_cache_and_ends_there(video, tmp_path, backbones, monkeypatch):
    spec, cache = spec_of(backbones), FeatureCache(tmp_path / "cache")
    calls = []
    features = backbone_extractor._features

    def fail_later(network, clips):
        calls.append(network)
        if len(calls) > 10:
            raise BackboneError("no more")
        return features(network, clips)

    sources = [Input("video", video)]
    monkeypatch.setattr(backbone_extractor, "_features", fail_later)
    ((_, failed),) = load_all_features(sources, spec, cache, 1, backbones)
    assert isinstance(failed, BackboneError)
    size = the_part(cache.folder).stat().st_size
    assert (size - 1) % (4 * spec.dimension + 4) == 0
    assert size > 1
    monkeypatch.setattr(backbone_extractor, "_features", features)
    ((_, result),) = load_all_features(sources, spec, cache, 1, backbones)
    expected = extract_features(video, spec, backbones).features.values
    np.testing.assert_array_equal(result.features.values, expected)  # type: ignore[union-attr]
    assert [path.suffix for path in cache.folder.iterdir() if path.name[0] != "."] == [
        ".safetensors"
    ]


def test_motion_features_leave_no_part(video, tmp_path, monkeypatch):
    monkeypatch.setattr(extraction, "_until_damaged", None)
    ((_, result),) = load_all_features(
        [Input("video", video)], default_spec(), None, 1, parts=tmp_path / "parts"
    )
    assert not isinstance(result, LpatError)
    assert not (tmp_path / "parts").exists()


def test_a_damaged_video_gives_what_one_thread_makes_of_it(video, tmp_path, backbones):
    """What was begun with several threads isn't gone on with; what one thread began is."""
    content = bytearray(video.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    video.write_bytes(content)
    spec = spec_of(backbones)
    expected = extract_features(video, spec, backbones, threads=1)
    assert expected.decode_failures
    values = expected.features.load().values
    for kept, single in ((np.zeros_like(values[:2]), False), (values[:2], True), ([], False)):
        cut_off(tmp_path, video, spec, kept, single=single)
        ((_, result),) = load_all_features(
            [Input("video", video)], spec, None, 1, backbones, parts=tmp_path
        )
        assert not isinstance(result, LpatError)
        assert result.decode_failures == expected.decode_failures
        np.testing.assert_array_equal(result.features.values, values)


def test_a_killed_extraction_goes_on_where_it_was(video, tmp_path, backbones):
    """The kill comes in the middle of a clip; the files are the same, byte by byte."""
    words = [sys.executable, "-c", STOPPING, video, *backbones.paths]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    subprocess.run([*words, whole, "22"], check=True)
    process = subprocess.Popen([*words, cut, "13"])
    try:
        wait_until(lambda: any(p.stat().st_size > 3 * 52 for p in cut.glob("video-*.part")))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not list(cut.glob("*.safetensors"))
    before = the_part(cut).stat().st_size
    assert before > 3 * 52
    said = subprocess.run([*words, cut, "22"], check=True, capture_output=True, text=True).stdout
    assert int(said) == 11 - (before - 1) // 52
    assert not list(cut.glob("*.part"))
    (ours,), (theirs,) = cut.glob("*.safetensors"), whole.glob("*.safetensors")
    assert ours.read_bytes() == theirs.read_bytes()


STOPPING = """
import sys, time
from pathlib import Path
from lpat.backbones import extractor
from lpat.cli.extract import command
video, rgb, flow, output, most = sys.argv[1:]
features, runs = extractor._features, []
def stopping(network, clips):
    if len(runs) == int(most):
        time.sleep(3600)  # until it is killed
    runs.append(network)
    return features(network, clips)
extractor._features = stopping
words = [video, "--backbone", rgb, "--backbone", flow, "--output", output, "--no-cache"]
sys.stdout = sys.stderr
code = command(words, standalone_mode=False)
assert code == 0, code
print(len(runs) // 2, file=sys.__stdout__)
"""
