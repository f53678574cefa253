"""`index.html`: all inputs of a batch with links to their pages, and what became of the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from lpat.batch.outputs import PAGE, entry_path
from lpat.batch.plan import read_stored
from lpat.batch.run_record import UNCHANGED, Outcome
from lpat.batch.writer import WrittenInput
from lpat.files.atomic import write_text
from lpat.report.batch_page import BatchRow, batch_page


def write_index(
    folder: Path,
    outcomes: Iterable[Outcome],
    written: Mapping[str, WrittenInput],
    classes: Sequence[str],
) -> None:
    """Write the page of a batch's outcomes; a rerun that changes nothing writes the same.

    `written` are the inputs whose files are up to date, `classes` the model's.

    Raises:
        OutputError: it can't be written.
    """
    rows = [_row(folder, outcome, written.get(outcome.name)) for outcome in outcomes]
    write_text(folder / "index.html", batch_page("Actions in videos", rows, classes))


def _row(folder: Path, outcome: Outcome, written: WrittenInput | None) -> BatchRow:
    status, reason = _lasting(outcome)
    stored = None if written is None else read_stored(entry_path(folder, written.file_name))
    if written is None or stored is None:
        return BatchRow(outcome.name, "", status, reason)
    address = f"videos/{quote(written.file_name)}.html"
    has_page = PAGE in stored.entry.outputs
    return BatchRow(
        outcome.name,
        address if has_page else "",
        status,
        reason,
        stored.entry.duration,
        stored.detections,
    )


def _lasting(outcome: Outcome) -> tuple[str, str]:
    """Status and reason as they are of the results, whichever run of the batch made them."""
    if outcome.is_unchanged:
        shortfalls = (outcome.reason or "").removeprefix(UNCHANGED).removeprefix("; ")
        return ("partial" if shortfalls else "done"), shortfalls
    reason = "" if outcome.status == "done" else outcome.reason or ""
    return ("left" if outcome.status == "skipped" else outcome.status), reason
