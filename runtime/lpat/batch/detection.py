"""Detection over many inputs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lpat._version import __version__
from lpat.annotations.writing import spare_annotations
from lpat.backbones.spec import facts_of_backbones
from lpat.batch.index_page import write_index
from lpat.batch.outputs import Output, has_pages
from lpat.batch.plan import plan_batch
from lpat.batch.run_record import OnError, Outcome, RunRecord, batch_folder, facts_of_run, failure
from lpat.batch.writer import Writer, write_collections
from lpat.engine import Analysis, Engine
from lpat.errors import LpatError
from lpat.inputs import Input
from lpat.localizer import Localizer


def detect_batch(
    localizer: Localizer,
    analyse: Engine[Analysis],
    inputs: Sequence[Input],
    output: Path,
    *,
    outputs: Sequence[Output] = (),
    overwrite: bool = False,
    on_error: OnError = "skip",
    options: Mapping[str, Any] | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> RunRecord:
    """Detect in every input; write `videos/NAME.json` each, `detections.json` and `run.json`.

    `outputs` says what is to be written beside; with pages, `index.html` leads to them. An input
    whose files are there already, made by this model at this level from the input as it is now, is
    left unchanged; what its stored detections suffice for is made of them. A bad input is reported
    and passed over, or with "stop" ends the batch. So does a disk that takes no more. However the
    batch ends, `run.json` says how far it came, with `options` as they are given, and the record's
    `stopped` says what ended it before its end.

    Raises:
        OutputError: the folder can't be written, or another process is writing into it.
        UsageError: the folder's `detections.json` holds somebody's annotations.
    """
    spare_annotations(output / "detections.json")
    level, moved = localizer.metadata.level, localizer.sensitivity.to_json()
    trained = None if level is None else level.false_alarms
    saved = localizer.metadata.sensitivity.false_alarms
    made_by = {"model": localizer.path.name, "model_sha256": localizer.sha256, **moved}
    facts = facts_of_run("lpat-detect", options or {}) | {
        "model": str(localizer.path),
        "model_sha256": localizer.sha256,
        "provider": localizer.provider,
        "provider_note": localizer.provider_note,
        "model_caution": localizer.metadata.caution,
        "false_alarms": moved.get("false_alarms", trained),
        "class_false_alarms": moved.get("class_false_alarms", {}),
        "min_score": moved.get("min_score"),
        "class_min_scores": moved.get("class_min_scores", {}),
        "model_false_alarms": trained if saved is None else saved,
        "backbones": facts_of_backbones(localizer.metadata.features),
    }
    settings = {"model": localizer.sha256, "version": __version__, **moved}

    def outcomes() -> Generator[Outcome, None, None]:
        plan = plan_batch(inputs, output, settings, outputs, overwrite)
        for work, reason in plan.refused:
            yield failure(work.source, reason)
        for work, stored in plan.unchanged:
            yield writer.unchanged(work, stored)
        for work, stored, missing in plan.to_convert:
            yield writer.convert(work, stored, missing)
        for source, analysis in analyse([work.source for work in plan.to_analyse.values()]):
            if isinstance(analysis, LpatError):
                yield failure(source, analysis)
            else:
                yield writer.write(plan.to_analyse[source.name], analysis)

    with batch_folder(output), RunRecord(output, inputs, facts, on_outcome=on_outcome) as record:
        writer = Writer(output, outputs, made_by, overwrite)
        record.record_all(outcomes(), inputs, on_error)
        write_collections(output, writer.written, made_by, outputs)
        if has_pages(outputs):
            write_index(output, record.outcomes(), writer.written, localizer.classes)
    return record
