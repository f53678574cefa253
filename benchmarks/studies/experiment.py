"""Rows of a study, read from TOML: training configs by name.

title = "What the table shows"
preset = "lpat"              # of every row that names none

[base]                       # changes to every row
steps = 300

[rows."Eqs. 1-5 alone"]      # changes to this one, after `base`
preset = "lpat"
balance = 1.0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lpat.errors import UsageError
from lpat_train.config import TrainingConfig
from lpat_train.presets import PRESETS, changed, read_toml


@dataclass(frozen=True)
class Experiment:
    """A title, and configs by the names of their rows."""

    title: str
    rows: Mapping[str, TrainingConfig]

    def only(self, words: str) -> Experiment:
        """The rows whose name contains the words.

        Raises:
            UsageError: there are none.
        """
        rows = {name: config for name, config in self.rows.items() if words in name}
        if not rows:
            raise UsageError(f"expected a row named like one of {list(self.rows)}, not {words!r}")
        return Experiment(self.title, rows)


def read_experiment(path: Path) -> Experiment:
    """An experiment from its file.

    Raises:
        UsageError: unreadable, not TOML, an unknown key or preset, or a value of another type.
    """
    document = read_toml(path)
    known = {"title": str, "preset": str, "base": dict, "rows": dict}
    for key, value in document.items():
        if key not in known:
            raise UsageError(f"{path}: unknown key {key!r}; known: {', '.join(known)}")
        if type(value) is not known[key]:
            raise UsageError(
                f"{path}: {key} expects a value of type {known[key].__name__}, not {value!r}"
            )
    rows = document.get("rows", {})
    if not rows:
        raise UsageError(f"{path}: expected at least one table [rows.NAME], but it has none")
    preset = document.get("preset", "lpat")
    return Experiment(
        document.get("title", path.stem),
        {
            name: _config(values, preset, document.get("base", {}), f"{path}: row {name!r}")
            for name, values in rows.items()
        },
    )


def _config(values: Any, preset: str, common: Mapping[str, Any], place: str) -> TrainingConfig:
    if not isinstance(values, dict):
        raise UsageError(f"{place}: expected a table, not {values!r}")
    own = {key: value for key, value in values.items() if key != "preset"}
    chosen = values.get("preset", preset)
    if chosen not in PRESETS:
        raise UsageError(f"{place}: expected a preset out of {', '.join(PRESETS)}, not {chosen!r}")
    return changed(changed(PRESETS[chosen], common, place), own, place)
