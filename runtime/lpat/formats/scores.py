"""Scores of one video as a file: what the detections were made of, for whoever wants more."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from lpat.errors import FeatureError
from lpat.files.atomic import atomic_path
from lpat.files.json_files import json_value
from lpat.types import Scores

KEY = "lpat"
"""Where the file says what it holds."""

_SCHEMA = 1
_KIND = "scores"


def write_scores(path: Path, scores: Scores, model_sha256: str) -> None:
    """Write scores as .safetensors, whole or not at all.

    `times` (T + 1,) float64 are the snippets' borders in seconds; `scores` (T, C), `background`
    (T,) and `probabilities` (C + 1,), whose last is the background's, are float32, and so are
    `chances` (T, C) and `distances` (T, 2) of a model that tells ends. The metadata
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
    if scores.ends is not None:
        arrays["chances"] = np.ascontiguousarray(scores.ends.chances, np.float32)
        arrays["distances"] = np.ascontiguousarray(scores.ends.distances, np.float32)
    content = save(arrays, metadata={KEY: json.dumps(header, sort_keys=True)})
    with atomic_path(path) as temporary:  # written here: a full disk is an OSError then
        temporary.write_bytes(content)


def read_scores(path: Path) -> Scores:
    """What `write_scores` wrote, without the ends.

    Raises:
        FeatureError: no such file, or not one of scores.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            header = json_value((file.metadata() or {})[KEY])
            if (header["schema"], header["kind"]) != (_SCHEMA, _KIND):
                raise FeatureError(f"{path}: expected scores, not {header['kind']!r:.80}")
            return Scores(
                tuple(map(str, header["classes"])),
                file.get_tensor("scores"),
                file.get_tensor("background"),
                file.get_tensor("probabilities"),
                file.get_tensor("times"),
            )
    except FileNotFoundError as error:
        raise FeatureError(f"{path}: no such file") from error
    except FeatureError:
        raise
    except OSError as error:
        raise FeatureError(f"{path}: can't be read ({error.strerror or error})") from error
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise FeatureError(f"{path}: expected scores of lpat-detect --scores ({error})") from error
