"""lpat-detect --live: detections in a stream, a growing file or a camera, a line each."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lpat.cli.app import DONE, FAILED, PARTIAL
from lpat.cli.streams import is_left

if TYPE_CHECKING:
    from lpat.live import LiveDetector, LiveFeatures
    from lpat.localizer import Localizer
    from lpat.types import Detection, Float32Array


def detect_live(
    localizer: Localizer,
    sources: Sequence[str],
    output: Path | None,
    live_timeout: float,
    timeout: float,
    *,
    shows_status: bool = True,
) -> int:
    """Print each detection in a source as it ends, as a line of JSON; the exit code.

    It ends with the source, with a file that hasn't grown for `live_timeout` seconds, or on Ctrl-C;
    with an `output` folder, all detections are then written to its `detections.json`; without one,
    it ends when nobody reads the lines any longer. A server may take `timeout` seconds to send
    more. With `shows_status`, a line at the bottom of a terminal says what is on.

    Raises:
        UsageError: there are several sources, or it is a feature file.
        VideoError: it can't be opened, or holds no picture that can be decoded.
        ModelError: the model's threshold needs the whole video.
        OutputError: the folder can't be written.
    """
    from lpat.annotations.writing import spare_annotations
    from lpat.errors import UsageError, VideoError, one_line
    from lpat.files.folders import claim_folder
    from lpat.files.json_files import write_json
    from lpat.formats.detections import detections_document, rows_of
    from lpat.inputs import live_input
    from lpat.live import LiveDetector, live_features
    from lpat.types import Detections

    if len(sources) != 1:
        raise UsageError(f"--live: expected one video, not {len(sources)}")
    video = live_input(sources[0], timeout)
    if video.holds_features:
        raise UsageError(f"--live: expected a video, not the feature file {one_line(video.path)}")
    print(f"{localizer.path.name} on {localizer.provider}: {one_line(video.name)}", file=sys.stderr)
    if output is not None:
        claim_folder(output)
        spare_annotations(output / "detections.json")
    detector = LiveDetector(localizer)
    if detector.note:
        print(f"note: {detector.note}", file=sys.stderr)
    found: list[Detection] = []

    def tell(detections: list[Detection], read: float) -> None:
        for detection in detections:
            found.append(detection)
            (row,) = rows_of(Detections.of_all(localizer.classes, [detection]))
            status.write(json.dumps(_line(video.name, row, read), ensure_ascii=False))

    def heard() -> bool:
        """Whether it isn't for nobody that the work goes on."""
        return output is not None or not is_left(sys.stdout)

    with (
        live_features(
            video.path, localizer.metadata.features, live_timeout, localizer.backbones
        ) as features,
        _interruption(features) as interruption,
        _StatusLine(shows_status) as status,
    ):
        try:
            rows = takewhile(lambda _: heard(), features.rows)
            for row in interruption.until_asked(rows):
                tell(detector.push(row), features.video.duration)
                status.show(detector, features.video.duration)
        except VideoError:
            if not interruption.asked:  # else it ended before there was a picture
                raise
        seconds = features.video.duration
        tell(detector.finish(seconds or None), seconds)
        broken_off = None if interruption.asked else features.video.broken_off
        failures = features.video.decode_failures
    if output is not None:
        external = {
            "model": localizer.path.name,
            "model_sha256": localizer.sha256,
            "start": features.video.start,
            "live": True,
        }
        external |= localizer.sensitivity.to_json()
        detections = Detections.of_all(localizer.classes, found)
        write_json(
            output / "detections.json", detections_document({video.name: detections}, external)
        )
    if failures:
        print(f"note: {failures} parts could not be decoded", file=sys.stderr)
    print(f"{len(found)} detections in {seconds:.1f} s of video", file=sys.stderr)
    return _exit_code(broken_off, heard())


class _StatusLine:
    """The lowest line of a terminal that stderr is: what is on. Elsewhere it isn't there."""

    def __init__(self, shown: bool) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            bar_format="{desc}", disable=None if shown else True, leave=False, file=sys.stderr,
            dynamic_ncols=True,
        )  # fmt: skip

    def __enter__(self) -> _StatusLine:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, detector: LiveDetector, read: float) -> None:
        """Tell what hasn't ended after so many seconds of video."""
        if self._bar.disable:
            return
        ongoing = detector.ongoing().items()
        now = ", ".join(f"{label} ({read - start:.1f} s)" for label, start in ongoing)
        self._bar.set_description_str(f"{read:.1f} s: {now or '-'}")

    def write(self, line: str) -> None:
        """Print a line on stdout, above the status."""
        with self._bar.external_write_mode(file=sys.stdout):
            print(line, flush=True)


def _exit_code(broken_off: str | None, heard: bool) -> int:
    if broken_off:
        print(f"note: the source broke off: {broken_off}", file=sys.stderr)
    if not heard:
        print("lpat-detect: error: nobody reads the detections any longer", file=sys.stderr)
        return FAILED
    return PARTIAL if broken_off else DONE


def _line(video: str, row: dict[str, Any], read: float) -> dict[str, Any]:
    start, end = row["segment"]
    return {
        "video": video,
        "label": row["label"],
        "score": row["score"],
        "start": start,
        "end": end,
        "emitted": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "delay": round(max(0.0, read - end), 3),
    }


class _Interruption:
    """Ctrl-C as a request to end: it stops the reading of rows, never what is done with them."""

    def __init__(self, features: LiveFeatures) -> None:
        self.asked = False
        self._stop = features.stop
        self._ends_itself = isinstance(features.video.path, Path)
        self._is_reading = False

    def until_asked(self, rows: Iterator[Float32Array]) -> Iterator[Float32Array]:
        """The rows up to the request; of a file that grows, all that it holds by then."""
        while not self.asked or self._ends_itself:
            self._is_reading = True
            try:
                row = next(rows, None)
            except KeyboardInterrupt:
                return
            finally:
                self._is_reading = False
            if row is None:
                return
            yield row

    def handle(self, number: int, frame: object) -> None:
        """The signal's handler. A second request ends everything at once."""
        second, self.asked = self.asked, True
        self._stop()
        if second or (self._is_reading and not self._ends_itself):
            raise KeyboardInterrupt


@contextmanager
def _interruption(features: LiveFeatures) -> Iterator[_Interruption]:
    interruption = _Interruption(features)
    before = signal.signal(signal.SIGINT, interruption.handle)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, before)
