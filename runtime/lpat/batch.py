"""Detection over many inputs: whole files only, bad inputs named, a rerun does what is missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from lpat import __version__
from lpat.analysis import Analysis, Engine
from lpat.detections import detections_document, read_detections, read_external_data
from lpat.errors import AnnotationError, LpatError
from lpat.extraction import file_key
from lpat.files import claim_folder, write_json
from lpat.inputs import Input
from lpat.localizer import Localizer
from lpat.types import Detections

Status = Literal["done", "unchanged", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What became of one input. `reason` says why it failed."""

    name: str
    path: str
    status: Status
    reason: str | None = None
    duration: float | None = None
    detections: int | None = None
    decode_failures: int = 0


@dataclass
class BatchReport:
    """What became of a batch so far; `run.json` is made of it."""

    localizer: Localizer
    inputs: int
    outcomes: list[Outcome] = field(default_factory=list)
    started: float = field(default_factory=time.time)

    def count(self, status: Status) -> int:
        """Inputs of a status."""
        return sum(outcome.status == status for outcome in self.outcomes)

    def document(self) -> dict[str, Any]:
        """The JSON value of `run.json`."""
        return {
            "lpat": __version__,
            "model": str(self.localizer.path),
            "model_sha256": self.localizer.sha256,
            "provider": self.localizer.provider,
            "provider_note": self.localizer.provider_note,
            "started": time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(self.started)),
            "seconds": round(time.time() - self.started, 3),
            "complete": len(self.outcomes) == self.inputs,
            "inputs": [asdict(outcome) for outcome in self.outcomes],
        }


def detect_batch(
    localizer: Localizer,
    analyse: Engine,
    inputs: Sequence[Input],
    output: Path,
    *,
    overwrite: bool = False,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> BatchReport:
    """Detect in every input; write `videos/NAME.json` each, `detections.json` and `run.json`.

    An input whose file is there already, made by this model from the input as it is now, is left
    unchanged. A bad input is reported and passed over. However the batch ends, `run.json` says
    how far it came.

    Raises:
        OutputError: the folder can't be written.
    """
    claim_folder(output)
    report = BatchReport(localizer, len(inputs))
    settings = {"model": localizer.sha256, "version": __version__}
    keys = {source.name: file_key(source.path, settings) for source in inputs}

    def record(outcome: Outcome) -> None:
        report.outcomes.append(outcome)
        if on_outcome is not None:
            on_outcome(outcome)

    pending = []
    for source in inputs:
        if not overwrite and _is_current(_path_for(output, source.name), keys[source.name]):
            record(Outcome(source.name, str(source.path), "unchanged"))
        else:
            pending.append(source)
    try:
        for source, analysis in analyse(pending):
            record(_write_one(localizer, source, analysis, output, keys[source.name]))
        write_json(output / "detections.json", _combined(localizer, report, output))
    finally:
        write_json(output / "run.json", report.document())
    return report


def _write_one(
    localizer: Localizer, source: Input, analysis: Analysis | LpatError, output: Path, key: str
) -> Outcome:
    """Write what was found in one input."""
    if isinstance(analysis, LpatError):
        return Outcome(source.name, str(source.path), "failed", reason=str(analysis))
    external = {"key": key, "model": localizer.path.name, "model_sha256": localizer.sha256}
    document = detections_document({source.name: analysis.detections}, external)
    write_json(_path_for(output, source.name), document)
    return Outcome(
        source.name,
        str(source.path),
        "done",
        duration=round(analysis.duration, 3),
        detections=len(analysis.detections),
        decode_failures=analysis.decode_failures,
    )


def _path_for(output: Path, name: str) -> Path:
    """Where an input's detections go; a folder of their own keeps them from the batch's files."""
    return output / "videos" / f"{name}.json"


def _is_current(path: Path, key: str) -> bool:
    try:
        return read_external_data(path).get("key") == key
    except AnnotationError:
        return False


def _combined(localizer: Localizer, report: BatchReport, output: Path) -> dict[str, Any]:
    """All detections of the batch in one document, in the order of their names."""
    results: dict[str, Detections] = {}
    for outcome in sorted(report.outcomes, key=lambda outcome: outcome.name):
        if outcome.status != "failed":
            results |= read_detections(_path_for(output, outcome.name))
    external = {"model": localizer.path.name, "model_sha256": localizer.sha256}
    return detections_document(results, external)
