"""The files of a whole batch, put together from those of its inputs, one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lpat.batch.entries import read_stored
from lpat.batch.outputs import Output, entry_path
from lpat.errors import OutputError
from lpat.files.atomic import atomic_path
from lpat.files.json_files import json_text
from lpat.formats.detections import detections_document
from lpat.formats.tables import csv_document, csv_rows
from lpat.types import Detections


def write_collections(
    folder: Path, files: Mapping[str, str], made_by: Mapping[str, Any], outputs: Sequence[Output]
) -> None:
    """Write `detections.json` with the inputs of `files`, in the order of their names, and a
    table if csv is one of the outputs. `files` says what their own files are called.

    Raises:
        OutputError: they can't be written, or an input's file has gone.
    """
    _write_parts(folder / "detections.json", _json_parts(_stored(folder, files), made_by))
    if any(output.name == "csv" for output in outputs):
        _write_parts(folder / "detections.csv", _csv_parts(_stored(folder, files)))


def _stored(folder: Path, files: Mapping[str, str]) -> Iterator[tuple[str, Detections]]:
    for name in sorted(files):
        path = entry_path(folder, files[name])
        stored = read_stored(path)
        if stored is None:
            raise OutputError(f"{path}: another program changed it while the batch ran")
        yield name, stored.detections


def _json_parts(
    results: Iterable[tuple[str, Detections]], made_by: Mapping[str, Any]
) -> Iterator[str]:
    """What `json_text` gives of the one document that holds all results."""
    yield json_text(detections_document({}, made_by)).removesuffix("}\n}\n")
    end = "}\n}\n"
    for number, result in enumerate(results):
        entry = json_text(detections_document(dict([result]))["results"])
        rows = entry.removeprefix("{").removesuffix("\n}\n").replace("\n", "\n ")
        yield f"{',' if number else ''}{rows}"
        end = "\n }\n}\n"
    yield end


def _csv_parts(results: Iterable[tuple[str, Detections]]) -> Iterator[str]:
    yield csv_document({})
    for name, detections in results:
        yield csv_rows(name, detections)


def _write_parts(path: Path, parts: Iterable[str]) -> None:
    with (
        atomic_path(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        file.writelines(parts)
