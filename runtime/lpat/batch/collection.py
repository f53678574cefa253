"""The files of a whole batch, put together from those of its inputs, one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lpat.batch.entries import read_stored
from lpat.batch.outputs import Output, entry_path
from lpat.detections import detections_document
from lpat.errors import OutputError
from lpat.files import atomic_path, json_text


def write_collection(
    folder: Path, names: Sequence[str], made_by: Mapping[str, Any], outputs: Sequence[Output]
) -> None:
    """Write `detections.json` with the inputs of these names, in their order.

    Raises:
        OutputError: it can't be written, or an input's file has gone.
    """
    head = json_text(detections_document({}, made_by)).removesuffix("{}\n}\n")
    with (
        atomic_path(folder / "detections.json") as temporary,
        temporary.open("w", encoding="utf-8") as file,
    ):
        file.write(head + "{")
        for number, name in enumerate(names):
            path = entry_path(folder, name)
            stored = read_stored(path)
            if stored is None:
                raise OutputError(f"{path}: was changed by another program while the batch ran")
            results = detections_document({name: stored.detections})["results"]
            rows = json_text(results)[2:-3].replace("\n", "\n ")
            file.write(f"{',' if number else ''}\n {rows}")
        file.write("\n }\n}\n" if names else "}\n}\n")
