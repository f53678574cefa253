"""Extraction of features of many inputs."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lpat.backbones.spec import facts_of_backbones
from lpat.batch.plan import shortfalls
from lpat.batch.run_record import (
    UNCHANGED,
    OnError,
    Outcome,
    RunRecord,
    batch_folder,
    facts_of_run,
    failure,
)
from lpat.engine import Engine
from lpat.errors import FeatureError, LpatError, OutputError
from lpat.features.extraction import Extraction
from lpat.features.files import read_features, write_features
from lpat.files.atomic import takes_no_more
from lpat.inputs import Input, output_name
from lpat.types import FeatureSpec
from lpat.video.address import Address, Url


def extract_batch(
    extract: Engine[Extraction],
    spec: FeatureSpec,
    inputs: Sequence[Input],
    output: Path,
    *,
    overwrite: bool = False,
    on_error: OnError = "skip",
    options: Mapping[str, Any] | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> RunRecord:
    """Write `NAME.safetensors` with features of each input, and `run.json`.

    A file of this spec that isn't older than its video is left as it is. Bad inputs, a full disk
    and the end of the batch are as in `detect_batch`.

    Raises:
        OutputError: the folder can't be written, or another process is writing into it.
    """

    def outcomes() -> Generator[Outcome, None, None]:
        pending = []
        for source in inputs:
            if not overwrite and _is_current(source.path, _path(output, source), spec):
                yield Outcome(source.name, str(source.path), "skipped", UNCHANGED)
            else:
                pending.append(source)
        for source, extraction in extract(pending):
            if isinstance(extraction, LpatError):
                yield failure(source, extraction)
            else:
                yield _write(source, extraction, _path(output, source))

    facts = facts_of_run("lpat-extract", options or {}) | {
        "dimension": spec.dimension,
        "backbones": facts_of_backbones(spec),
    }
    with batch_folder(output), RunRecord(output, inputs, facts, on_outcome=on_outcome) as record:
        record.record_all(outcomes(), inputs, on_error)
    return record


def _path(output: Path, source: Input) -> Path:
    return output / f"{output_name(source)}.safetensors"


def _write(source: Input, extraction: Extraction, path: Path) -> Outcome:
    begun = time.monotonic()
    try:
        write_features(path, extraction.features)
    except OutputError as error:
        if takes_no_more(error):
            raise
        return failure(source, error)
    reasons = shortfalls(extraction.decode_failures, extraction.broken_off)
    return Outcome(
        source.name,
        str(source.path),
        "partial" if reasons else "done",
        "; ".join(reasons) or None,
        duration=round(extraction.features.duration, 3),
        decode_failures=extraction.decode_failures,
        from_cache=extraction.from_cache,
        seconds={"write": round(time.monotonic() - begun, 4)},
    )


def _is_current(video: Address, path: Path, spec: FeatureSpec) -> bool:
    try:
        if isinstance(video, Url):
            newer = video.is_kept
        else:
            newer = path.stat().st_mtime_ns >= video.stat().st_mtime_ns
        return newer and read_features(path).spec == spec
    except (FeatureError, OSError):
        return False
