"""Results of a study: a JSON file that grows run by run, and tables made of it."""

from __future__ import annotations

import hashlib
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import lpat.segments.detect as segments
import lpat_train
from benchmarks.studies import measures, simulation
from lpat.errors import UsageError
from lpat.evaluation import average_precision
from lpat.files.json_files import write_json
from lpat.segments import level, post_processing
from lpat_train.config import TrainingConfig

ELSEWHERE = frozenset({"cli", "demo"})
"""Folders of lpat_train that no result follows from."""


@dataclass(frozen=True)
class Run:
    """What a result follows from; `code` is the version of what trains and judges."""

    config: TrainingConfig
    data: str
    folds: int
    sessions: int
    code: str


@dataclass(frozen=True)
class Column:
    """A column of the table: a measure, as it is or in percent, or made of several."""

    head: str
    measure: str
    scale: float = 100.0
    digits: int = 1


COLUMNS = (
    Column("own", "map_own"),
    Column("predicted", "map_predicted"),
    Column("manual", "map_manual"),
    Column("levels", "map_levels"),
    Column("found", "found"),
    Column("true", "true"),
    Column("gain %", "gain"),
    Column("precision", "precision"),
    Column("recall", "recall"),
    Column("AUC", "area"),
    Column("seconds", "seconds", 1.0, 0),
)
NEEDED = {column.measure for column in COLUMNS} - {"gain"}
"""Measures without which a result is of a time before they were."""
LABEL_COLUMNS = (
    Column("label mAP", "label_map"),
    Column("entropy", "label_entropy", 1.0, 3),
)


@dataclass
class Results:
    """The results in a file. It is written anew, whole, with every result that is added."""

    path: Path
    any_code: bool = False  # take results of other versions of the code too
    entries: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path, *, any_code: bool = False) -> Results:
        """The results of a file, none where there is no file yet.

        Raises:
            UsageError: it holds something else.
        """
        if not path.exists():
            return cls(path, any_code)
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            entries = document["results"]
            needed = {entry.name for entry in fields(Run)} | {"measures"}
            if not all(needed <= set(entry) for entry in entries):
                raise KeyError("results")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{path}: expected the results of a study") from error
        return cls(path, any_code, entries)

    def get(self, run: Run) -> Mapping[str, float] | None:
        """The measures of a run, the latest; None where it hasn't been made in full."""
        wanted = asdict(run)
        for entry in reversed(self.entries):
            # Options that came later are at their defaults in an older result.
            found = {**entry, "config": asdict(TrainingConfig()) | entry["config"]}
            compared = [name for name in wanted if name != "code" or not self.any_code]
            same = all(found[name] == wanted[name] for name in compared)
            if same and set(entry["measures"]) >= NEEDED:
                return entry["measures"]
        return None

    def add(self, run: Run, values: Mapping[str, float]) -> None:
        """Keep a run's measures, in the file too."""
        self.entries.append({**asdict(run), "measures": dict(values)})
        write_json(self.path, {"results": self.entries})


def code_version() -> str:
    """Digest of the sources that decide what a run gives: training, segments, measures."""
    package = Path(lpat_train.__file__).parent
    sources = [
        source
        for source in sorted(package.rglob("*.py"))
        if source.relative_to(package).parts[0] not in ELSEWHERE
    ]
    judging = (segments, post_processing, level, average_precision, simulation, measures)
    sources += [Path(str(module.__file__)) for module in judging]
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


def gain(values: Mapping[str, float]) -> float | None:
    """How much better the predicted threshold is than the manual one, relatively."""
    manual = values["map_manual"]
    return values["map_predicted"] / manual - 1 if manual > 0 else None


def format_table(rows: Mapping[str, Sequence[Mapping[str, float]]], *, markdown: bool) -> str:
    """Mean and standard deviation over each row's seeds; percent, but for the entropy."""
    columns = list(COLUMNS)
    if all("label_map" in values for its in rows.values() for values in its):
        columns = [*LABEL_COLUMNS, *COLUMNS]
    heads = ["training", *(column.head for column in columns)]
    lines = [[name, *(_cell(column, its) for column in columns)] for name, its in rows.items()]
    return _laid_out(heads, lines, markdown=markdown)


def format_tious(
    rows: Mapping[str, Sequence[Mapping[str, float]]], tious: Sequence[float], *, markdown: bool
) -> str:
    """Mean mAP at each tIoU, own / predicted / manual / levels, in percent."""
    heads = ["own / predicted / manual / levels mAP", *(f"{tiou:g}" for tiou in tious)]
    lines = [
        [
            name,
            *(
                " / ".join(
                    f"{100 * statistics.mean(v[f'map_{way}_{tiou}'] for v in its):.1f}"
                    for way in ("own", "predicted", "manual", "levels")
                )
                for tiou in tious
            ),
        ]
        for name, its in rows.items()
    ]
    return _laid_out(heads, lines, markdown=markdown)


def _cell(column: Column, its: Sequence[Mapping[str, float]]) -> str:
    read = [gain(v) if column.measure == "gain" else v[column.measure] for v in its]
    values = [column.scale * value for value in read if value is not None]
    if not values:
        return "-"
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.{column.digits}f} +- {spread:.{column.digits}f}"


def _laid_out(heads: list[str], lines: list[list[str]], *, markdown: bool) -> str:
    if markdown:
        ruled = [heads, ["---"] * len(heads), *lines]
        return "\n".join(f"| {' | '.join(line)} |" for line in ruled)
    widths = [max(len(line[i]) for line in [heads, *lines]) for i in range(len(heads))]
    return "\n".join(
        line[0].ljust(widths[0])
        + "".join(cell.rjust(width + 2) for cell, width in zip(line[1:], widths[1:], strict=True))
        for line in [heads, *lines]
    )
