"""What is to be done with each input of a batch, by what is there already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lpat.batch.entries import Entry, Stored, read_stored
from lpat.batch.outputs import Output, entry_path, missing_outputs
from lpat.inputs import Input, output_name
from lpat.video.address import Stamp, Url, file_key


@dataclass(frozen=True)
class Work:
    """An input as it is now, before it is read."""

    source: Input
    key: str  # digest of the input, the model and this program
    stamp: Stamp | None


@dataclass(frozen=True)
class Plan:
    """The inputs by what is to be done with them."""

    clashing: list[tuple[Work, str]]  # a file of theirs would be another's: its name
    unchanged: list[tuple[Work, Stored]]
    to_convert: list[tuple[Work, Stored, list[Output]]]  # what their detections suffice for
    to_analyse: dict[str, Work]  # by name


def plan_batch(
    inputs: Sequence[Input],
    folder: Path,
    settings: Mapping[str, object],
    outputs: Sequence[Output],
    overwrite: bool,
) -> Plan:
    """What is to be done where `settings` are those that detections depend on."""
    plan = Plan([], [], [], {})
    owners: dict[Path, str] = {}
    for source in inputs:
        work = Work(source, file_key(source.path, settings), Stamp.of(source.path))
        name = output_name(source)
        paths = list(_paths(folder, name, outputs))
        if taken := [owners[path] for path in paths if path in owners]:
            plan.clashing.append((work, taken[0]))
            continue
        owners.update(dict.fromkeys(paths, source.name))
        stored = None if overwrite else read_stored(entry_path(folder, name))
        if stored is None or stored.entry.key != work.key or may_give_more(source, stored.entry):
            plan.to_analyse[source.name] = work
            continue
        missing = missing_outputs(outputs, stored.entry.outputs, folder, name)
        if not missing:
            plan.unchanged.append((work, stored))
        elif any(output.needs_scores for output in missing):
            plan.to_analyse[source.name] = work
        else:
            plan.to_convert.append((work, stored, missing))
    return plan


def may_give_more(source: Input, entry: Entry) -> bool:
    """Whether reading an input again may give something else: a URL that broke off, or a stream."""
    if not isinstance(source.path, Url):
        return False
    return entry.broken_off is not None or not source.path.is_kept


def _paths(folder: Path, name: str, outputs: Sequence[Output]) -> Iterator[Path]:
    """Where files of an input may lie."""
    yield entry_path(folder, name)
    for output in outputs:
        yield output.path(folder, name)
