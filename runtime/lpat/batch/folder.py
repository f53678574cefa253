"""The folder that a batch writes into: its own while it runs, and tidy when it begins."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lpat.files.atomic import remove_abandoned
from lpat.files.folders import claim_folder
from lpat.files.locks import locked_folder

_SUBFOLDERS = ("videos", "clips")


@contextmanager
def batch_folder(folder: Path) -> Iterator[None]:
    """The folder is made, locked, and freed of what processes that died had begun to write.

    Raises:
        OutputError: it can't be written, or another process is writing into it.
    """
    claim_folder(folder)
    with locked_folder(folder):
        remove_abandoned(folder)
        for name in _SUBFOLDERS:
            for below, _, _ in os.walk(folder / name):
                remove_abandoned(Path(below))
        yield
