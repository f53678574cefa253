"""What a path that was given for something else evidently is, for the message that refuses it."""

from __future__ import annotations

import json
import os
from itertools import islice
from pathlib import Path

from lpat.files.csv_files import SPREADSHEET_SUFFIXES, TABLE_SUFFIXES
from lpat.files.media_suffixes import FEATURE_SUFFIXES, VIDEO_SUFFIXES, suffix_of

MODEL, VIDEO = "an ONNX file", "a video"
ANNOTATIONS, DETECTIONS = "a file of annotations", "a file of detections"
TABLE = "a table"

_LARGEST_JSON = 1 << 28
_ENTRIES = 100  # of a folder that are looked at


def kind_of(path: Path) -> str | None:
    """What a path evidently is, by its name and for JSON by its content; None if that is unclear.

    Nothing is raised, whatever is there.
    """
    try:
        if path.is_dir():
            return _kind_of_folder(path)
        if not path.is_file():
            return None
    except OSError:
        return None
    suffix = path.suffix.lower()
    if suffix == ".json":
        return _kind_of_json(path)
    for suffixes, kind in _KINDS.items():
        if suffix in suffixes:
            return kind
    return None


def but_it_is(path: Path) -> str:
    """`; it is ...`, to end a message on what was expected instead; empty if that is unclear."""
    kind = kind_of(path)
    return "" if kind is None else f"; it is {kind}"


_KINDS: dict[frozenset[str], str] = {
    frozenset({".onnx"}): MODEL,
    frozenset({".eaf", ".boris"}): ANNOTATIONS,
    VIDEO_SUFFIXES: VIDEO,
    frozenset({".pt", ".pth", ".ckpt"}): "a checkpoint of PyTorch",
    FEATURE_SUFFIXES: "a file of features or weights",
    TABLE_SUFFIXES: TABLE,
    SPREADSHEET_SUFFIXES: "a spreadsheet",
}

_KEYS: dict[frozenset[str], str] = {
    frozenset({"database"}): ANNOTATIONS,
    frozenset({"results"}): DETECTIONS,
    frozenset({"inputs"}): "the record of a batch",
    frozenset({"observations", "behaviors_conf"}): ANNOTATIONS,  # of BORIS
    frozenset({"metadata", "attribute", "view", "file"}): ANNOTATIONS,  # of VIA 3
}


def _kind_of_folder(folder: Path) -> str:
    if (folder / "config.toml").is_file() and (folder / "run.json").is_file():
        return "the run of a training, of which lpat-export makes a model"
    if (folder / "detections.json").is_file():
        return "an output folder of lpat-detect"
    with os.scandir(folder) as entries:
        suffixes = {suffix_of(entry.name) for entry in islice(entries, _ENTRIES)}
    return "a folder of videos" if suffixes & VIDEO_SUFFIXES else "a folder"


def _kind_of_json(path: Path) -> str | None:
    try:
        if path.stat().st_size > _LARGEST_JSON:
            return None
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if isinstance(document, list):
        tasks = document and all(isinstance(task, dict) for task in document)
        return ANNOTATIONS if tasks else None
    if not isinstance(document, dict):
        return None
    return next((kind for keys, kind in _KEYS.items() if keys <= document.keys()), None)
