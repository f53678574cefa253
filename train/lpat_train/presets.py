"""Where a config starts and how it is changed: presets, methods' defaults, TOML and options."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lpat.errors import UsageError
from lpat.files.atomic import read_whole
from lpat_train.config import MOST, MethodName, TrainingConfig

_PLAIN = {
    "temporal_convolution": False,
    "context": "1",
    "members": 1,
    "ends": 0.0,
    "false_alarms": 0.0,
    "proposals": "runs",
    "segment_score": "probability",
    "suppression": "hard",
    "minimum_score": 0.0,
    "class_selection": "mean",
    "class_weight": 0.0,
}
"""One network on a snippet's own features, and segments by a threshold as it is learned."""

METHOD_DEFAULTS: Mapping[MethodName, Mapping[str, Any]] = MappingProxyType(
    {
        "lpat": {},
        # The paper's lambda of 0.5 weighs both losses alike, and Adam doesn't mind by how much.
        "wtalc": {
            "casl": 1.0,
            **_PLAIN,
            "steps": 300,
            "learning_rate": 1e-3,
            "threshold": "manual",
            "minimum_snippets": 2,
            "segment_score": "wtalc",
        },
        "hide-and-seek": {
            **_PLAIN,
            "steps": 300,
            "learning_rate": 3e-3,
            "threshold": "manual",
            "segment_score": "wtalc",
        },
        # Half the product's maximum, b, is passed at a peak alone.
        "untrimmednets": {
            **_PLAIN,
            "steps": 600,
            "learning_rate": 1e-3,
            "threshold": "manual",
            "segment_score": "wtalc",
        },
        "stpn": {
            "hidden": 256,
            "dropout": 0.0,
            **_PLAIN,
            "steps": 600,
            "learning_rate": 3e-3,
            "segment_score": "wtalc",
        },
        "cmcs": {
            **_PLAIN,
            "steps": 300,
            "learning_rate": 3e-3,
            "temporal_convolution": True,
            "threshold": "manual",
            "cut": 0.3,
            "segment_score": "contrast",
        },
        "3c-net": {
            **_PLAIN,
            "steps": 600,
            "learning_rate": 1e-3,
            "threshold": "manual",
            "minimum_snippets": 2,
            "segment_score": "wtalc",
        },
        "star": {
            **_PLAIN,
            "steps": 600,
            "learning_rate": 1e-3,
            "threshold": "manual",
            "cut": 0.3,
            "proposals": "components",
            "segment_score": "wtalc",
        },
        # Boxes that lie in each other are runs above several levels.
        "autoloc": {
            **_PLAIN,
            "steps": 600,
            "learning_rate": 1e-3,
            "threshold": "manual",
            "cut": 0.6,
            "proposals": "levels",
        },
    }
)
"""What a method changes in a preset: its paper's values, and how it makes segments.

Of the peers, `learning_rate`, `steps`, where the cut lies and, where the paper's score of a segment
isn't among ours, which one it gets, are the best of `benchmarks/studies/search.py`: one
setting by the mean over parts of the training videos of four data sets, the same budget for each
(docs/study.md).
"""

PRESETS: Mapping[str, TrainingConfig] = MappingProxyType(
    {
        "lpat": TrainingConfig(),
        # Eqs. 1-8 with the values that the paper states for THUMOS'14.
        "paper": TrainingConfig(
            steps=450,
            learning_rate=1e-4,
            hidden=0,
            **_PLAIN,
            balance=0.2,
            top_k=0.0,
            barrier=0.0,
            absence=0.0,
            boundary="snippet",
        ),
        "lpat-x": TrainingConfig(members=4),
    }
)


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        UsageError: unreadable, or not TOML.
    """
    content = read_whole(path, UsageError)
    try:
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: expected a TOML file ({error})") from error


def read_config(path: Path, base: TrainingConfig) -> TrainingConfig:
    """`base` changed by a TOML file of the same names.

    Raises:
        UsageError: unreadable, not TOML, an unknown key, or a value of another type.
    """
    return changed(base, read_toml(path), str(path))


def changed(base: TrainingConfig, values: Mapping[str, Any], place: str) -> TrainingConfig:
    """`base` with some fields replaced; a whole number will do for a float.

    Another method than that of `base` brings its defaults first.

    Raises:
        UsageError: an unknown name, or a value of another type; `place` says where it stood.
    """
    known = {entry.name: type(getattr(base, entry.name)) for entry in fields(base)}
    typed = {}
    for name, value in values.items():
        if name not in known:
            raise UsageError(f"{place}: unknown key {name!r}; known: {', '.join(known)}")
        whole_number_for_float = known[name] is float and type(value) is int
        if type(value) is not known[name] and not whole_number_for_float:
            raise UsageError(
                f"{place}: {name} expects a value of type {known[name].__name__}, not {value!r}"
            )
        if whole_number_for_float and abs(value) > MOST:
            raise UsageError(f"{place}: {name} expects a smaller number than {value!s:.40}")
        typed[name] = known[name](value)
    start = _of_method(base.method, typed.get("method", base.method))
    return replace(base, **(start | typed))


def _of_method(before: MethodName, method: MethodName) -> dict[str, Any]:
    """What changes with the method: its defaults, and back what those of the one before changed."""
    if method == before or method not in METHOD_DEFAULTS:
        return {}
    back = {name: getattr(PRESETS["lpat"], name) for name in METHOD_DEFAULTS[before]}
    return {**back, **METHOD_DEFAULTS[method]}


def to_toml(config: TrainingConfig) -> str:
    """The config as a TOML text that `read_config` takes back."""
    lines = [f"{name} = {_toml_value(value)}" for name, value in asdict(config).items()]
    return "\n".join(lines) + "\n"


def _toml_value(value: bool | int | float | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)
