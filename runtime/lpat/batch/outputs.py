"""What can be written for each input of a batch, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from lpat.batch.entries import Settings
from lpat.errors import UsageError
from lpat.files import write_text
from lpat.formats import FORMATS, Format
from lpat.inputs import Input
from lpat.media import Media, media_of
from lpat.types import Detections, Scores

ALWAYS = "json"
"""The format that every input gets: it is the batch's memory too."""


@dataclass(frozen=True, eq=False)
class Result:
    """What is written of one input.

    Its numbers are those of its JSON file, rounded, so that whatever is made of them later, when
    only that file is there, is the same.
    """

    source: Input
    detections: Detections
    duration: float
    scores: Scores | None = None  # None where the detections come from their file

    @cached_property
    def media(self) -> Media:
        """The video as other programs refer to it."""
        return media_of(self.source.path, self.source.name, self.duration)


@dataclass(frozen=True)
class Output:
    """Something that can be written for an input.

    `write` makes it, whole or not at all, at the place given, or says why this input can't have
    one.
    """

    name: str
    place: str  # below the output folder, with {name} for the input's
    write: Callable[[Result, Path], str | None]
    needs_scores: bool = False
    settings: Settings = field(default_factory=dict)  # others make another file

    def path(self, folder: Path, name: str) -> Path:
        """Where it is for the input of that name."""
        return folder / self.place.replace("{name}", name)


def entry_path(folder: Path, name: str) -> Path:
    """Where an input's detections go; a folder of their own keeps them from the batch's files."""
    return folder / "videos" / f"{name}.json"


def text_outputs(formats: Iterable[str]) -> tuple[Output, ...]:
    """The outputs of some formats, in the order of the table; that of every input isn't among them.

    Raises:
        UsageError: a format that isn't known.
    """
    names = set(formats)
    if unknown := sorted(names - set(FORMATS)):
        raise UsageError(f"expected formats among {', '.join(FORMATS)}, not {unknown[0]!r}")
    return tuple(_text_output(form) for name, form in FORMATS.items() if name in names - {ALWAYS})


def _text_output(form: Format) -> Output:
    def write(result: Result, path: Path) -> None:
        write_text(path, form.text_of(result.detections, result.media))

    return Output(form.name, f"videos/{{name}}{form.suffix}", write)


def missing_outputs(
    wanted: Iterable[Output], written: Mapping[str, Settings], folder: Path, name: str
) -> list[Output]:
    """Those wanted that an input hasn't got, or has with other settings.

    `written` is what its entry lists; where that gives a note instead of a file, there is none.
    """
    return [
        output
        for output in wanted
        if written.get(output.name) not in (dict(output.settings), _noted(output, written))
        or ("note" not in written[output.name] and not output.path(folder, name).exists())
    ]


def _noted(output: Output, written: Mapping[str, Settings]) -> Settings:
    """Its settings as they are listed with the note that stands there."""
    note = written.get(output.name, {}).get("note")
    return {**output.settings, "note": note}
