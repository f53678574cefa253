"""Scores of one video as a file: what the detections were made of, for whoever wants more."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from lpat.errors import FeatureError
from lpat.files.atomic import atomic_path
from lpat.types import Scores

KEY = "lpat"
"""Where the file says what it holds."""

_SCHEMA = 1
_KIND = "scores"
_ARRAYS = {"times": "F64", "scores": "F32", "background": "F32", "probabilities": "F32"}


def write_scores(path: Path, scores: Scores, model_sha256: str) -> None:
    """Write scores as .safetensors, whole or not at all.

    `times` (T + 1,) float64 are the snippets' borders in seconds; `scores` (T, C), `background`
    (T,) and `probabilities` (C + 1,), whose last is the background's, are float32. The metadata
    `lpat` is JSON with the classes and the SHA-256 of the model.

    Raises:
        OutputError: the file can't be written.
    """
    from safetensors.numpy import save

    header = {
        "schema": _SCHEMA,
        "kind": _KIND,
        "classes": list(scores.classes),
        "model_sha256": model_sha256,
    }
    arrays = {
        "times": np.ascontiguousarray(scores.edges, np.float64),
        "scores": np.ascontiguousarray(scores.scores, np.float32),
        "background": np.ascontiguousarray(scores.background, np.float32),
        "probabilities": np.ascontiguousarray(scores.probabilities, np.float32),
    }
    content = save(arrays, metadata={KEY: json.dumps(header, sort_keys=True)})
    with atomic_path(path) as temporary:  # written here: a full disk is an OSError then
        temporary.write_bytes(content)


def read_scores(path: Path) -> tuple[Scores, str]:
    """Scores of a file, and the SHA-256 of the model that gave them.

    Raises:
        FeatureError: unreadable, not a file of scores, or its arrays don't belong together.
    """
    from safetensors import safe_open

    if not path.is_file():
        raise FeatureError(f"{path}: no such file")
    try:
        with safe_open(path, framework="numpy") as file:
            classes, model_sha256 = _header((file.metadata() or {}).get(KEY))
            found = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
            if found != _ARRAYS:
                raise FeatureError(f"expected the arrays {_ARRAYS}, not {found}")
            arrays = {name: file.get_tensor(name) for name in _ARRAYS}
        scores = Scores(
            classes,
            arrays["scores"],
            arrays["background"],
            arrays["probabilities"],
            arrays["times"],
        )
    except Exception as error:  # the reader has its own kinds for a broken file
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FeatureError(f"{path}: expected a file of scores, but {reason}") from error
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise FeatureError(f"{path}: expected finite {name}")
    if (np.diff(scores.edges) < 0).any():
        raise FeatureError(f"{path}: expected times that never fall")
    return scores, model_sha256


def _header(text: str | None) -> tuple[tuple[str, ...], str]:
    """Classes and the model's SHA-256 from the metadata that `write_scores` puts into a file."""
    if text is None:
        raise FeatureError(f"it has no {KEY!r} metadata")
    header = json.loads(text)
    if not isinstance(header, dict) or header.get("kind") != _KIND:
        raise FeatureError("its metadata is of another kind of file")
    if header.get("schema") != _SCHEMA:
        raise FeatureError(f"its schema is {header.get('schema')!r}; known here: {_SCHEMA}")
    classes, model_sha256 = header.get("classes"), header.get("model_sha256")
    if not (isinstance(classes, list) and all(isinstance(name, str) for name in classes)):
        raise FeatureError("its classes aren't a list of text")
    if not isinstance(model_sha256, str):
        raise FeatureError("it doesn't name its model")
    return tuple(classes), model_sha256
