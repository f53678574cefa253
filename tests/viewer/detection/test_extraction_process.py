"""Extraction in a process of its own: the same rows, and an end however it ends."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from lpat.errors import FeatureError, VideoError
from lpat.features.extraction import extract_features
from lpat.features.extractors import default_spec
from lpat.types import FeatureSpec
from lpat_viewer.detection.extraction_process import (
    ExtractedRows,
    ExtractionError,
    Finished,
    extract_beside,
)

WriteVideo = Callable[..., Path]


def never() -> bool:
    return False


def test_rows_are_those_of_extraction_in_this_process(write_video: WriteVideo) -> None:
    path, spec = write_video(pts=range(200)), default_spec()
    *parts, last = extract_beside(path, spec, never)
    assert isinstance(last, Finished)
    assert (last.duration, last.decode_failures) == (pytest.approx(8.0), 0)
    rows = [part for part in parts if isinstance(part, ExtractedRows)]
    assert len(rows) == len(parts)
    assert [part.expected for part in rows] == [pytest.approx(8.0)] * len(rows)
    np.testing.assert_array_equal(
        np.concatenate([part.values for part in rows]), extract_features(path, spec).features.values
    )
    assert multiprocessing.active_children() == []


def test_the_process_never_hears_of_an_interrupt(long_video: Path) -> None:
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("what a process blocks is looked up in /proc, which is Linux's")
    parts = extract_beside(long_video, default_spec(), never)
    next(parts)
    (child,) = multiprocessing.active_children()
    fields = dict(
        line.split(":\t") for line in Path(f"/proc/{child.pid}/status").read_text().splitlines()
    )
    assert int(fields["SigBlk"], 16) >> signal.SIGINT - 1 & 1
    cast(Generator[object, None, None], parts).close()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_what_is_wrong_with_the_input_is_raised_here(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"gone\.mp4: no such file"):
        list(extract_beside(tmp_path / "gone.mp4", default_spec(), never))
    with pytest.raises(FeatureError, match="unknown feature extractor 'i3d'"):
        list(extract_beside(tmp_path / "gone.mp4", FeatureSpec("i3d", 1, {}, 5), never))
    assert multiprocessing.active_children() == []


def test_leaving_the_iteration_ends_the_process(long_video: Path) -> None:
    parts = extract_beside(long_video, default_spec(), never)
    assert isinstance(next(parts), ExtractedRows)
    assert len(multiprocessing.active_children()) == 1
    parts.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


def test_nothing_comes_once_nobody_is_interested(write_video: WriteVideo) -> None:
    assert list(extract_beside(write_video(pts=range(20)), default_spec(), lambda: True)) == []
    assert multiprocessing.active_children() == []


def test_processes_may_be_started_and_ended_by_many_threads_at_once(tmp_path: Path) -> None:
    def start_and_end(_: int) -> int:
        return len(list(extract_beside(tmp_path / "gone.mp4", default_spec(), lambda: True)))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that threads come into each other's way
    try:
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(start_and_end, range(200))) == {0}
    finally:
        sys.setswitchinterval(interval)
    assert multiprocessing.active_children() == []


def test_a_process_that_ends_by_a_bug_is_one_clear_line(capfd: pytest.CaptureFixture[str]) -> None:
    no_path = cast(Path, 5)
    with pytest.raises(ExtractionError, match=r"5: .* ended by an error \(exit code 1\)"):
        list(extract_beside(no_path, default_spec(), never))
    assert "Traceback" in capfd.readouterr().err
    assert multiprocessing.active_children() == []


def test_the_process_loads_no_qt() -> None:
    code = (
        "import sys, lpat_viewer.detection.extraction_process\n"
        "print(*(name for name in sys.modules if name.startswith('PySide6')))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == []
