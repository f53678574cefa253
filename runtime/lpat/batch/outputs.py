"""What can be written for each input of a batch, and where."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from lpat.batch.video_pages import write_video_page
from lpat.files.atomic import write_text
from lpat.formats.media import Media, media_of
from lpat.formats.registry import FORMATS, Format, check_formats
from lpat.inputs import Input
from lpat.types import Detections, Scores
from lpat.video.address import FileState

Settings = Mapping[str, Any]
"""What an output depends on beside the detections."""

ALWAYS = "json"
"""The format that every input gets: it is the batch's memory too."""

PAGE = "html"
"""The format that shows curves too, so that detections alone don't suffice for it."""


@dataclass(frozen=True, eq=False)
class Result:
    """What is written of one input.

    Its numbers are those of its JSON file, rounded, so that whatever is made of them later, when
    only that file is there, is the same.
    """

    source: Input
    state: FileState | None  # of the file as it was before it was read
    model_sha256: str
    detections: Detections
    duration: float
    start: float | None = None  # when players show the first picture; None: unknown
    scores: Scores | None = None  # None where the detections come from their file

    @cached_property
    def media(self) -> Media:
        """The video as other programs refer to it."""
        return media_of(self.source.path, self.source.name, self.duration, self.start)


@dataclass(frozen=True)
class Output:
    """Something that can be written for an input.

    `write` makes it, whole or not at all, at the place given, or says why this input can't have
    one. What it says where `is_always_written` is a remark on what it made. Where `is_corrected`,
    people correct the file by other programs.
    """

    name: str
    place: str  # below the output folder, with {name} for the input's
    write: Callable[[Result, Path], str | None]
    needs_scores: bool = False
    settings: Settings = field(default_factory=dict)  # others make another file
    is_always_written: bool = False
    is_corrected: bool = False

    def path(self, folder: Path, name: str) -> Path:
        """Where it is for the input of that name."""
        return folder / self.place.replace("{name}", name)


def chosen_outputs(
    formats: Iterable[str] = (),
    *,
    scores: bool = False,
    overlay: bool = False,
    clips: bool = False,
    clip_margin: float = 0.0,
    embed_limit: int | None = None,
) -> tuple[Output, ...]:
    """What is to be written beside each input's JSON file, in the order of writing.

    Pages (the format `PAGE`) hold videos of at most `embed_limit` bytes, or with None refer to
    them.

    Raises:
        UsageError: a format isn't known, or its package isn't installed.
    """
    formats = list(formats)
    texts = check_formats(formats, beside=[PAGE])
    chosen = [_text_output(form) for form in texts if form.name != ALWAYS]
    if PAGE in formats:
        chosen.append(_page_output(embed_limit))
    if scores:
        chosen.append(_SCORES)
    if clips:
        chosen.append(_clips_output(clip_margin))
    if overlay:
        chosen.append(_OVERLAY)
    return tuple(chosen)


def has_pages(outputs: Iterable[Output]) -> bool:
    """Whether each input gets a page, so that the batch gets one too."""
    return any(output.name == PAGE for output in outputs)


def reason_without_pictures(source: Input) -> str | None:
    """Why neither clips nor an overlay can be made of an input; None where they can."""
    if source.holds_features:
        return "clips and overlays are made of videos; this is a file of features"
    if not isinstance(source.path, Path):
        return "clips and overlays are made of files; this is a URL"
    return None


def entry_path(folder: Path, name: str) -> Path:
    """Where an input's detections go; a folder of their own keeps them from the batch's files."""
    return folder / "videos" / f"{name}.json"


def missing_outputs(
    chosen: Iterable[Output], written: Mapping[str, Settings], folder: Path, name: str
) -> list[Output]:
    """Chosen outputs that an input hasn't got, or has with other settings.

    `written` is what its entry lists; where that has a note, there may be no file.
    """
    missing = []
    for output in chosen:
        listed = dict(written.get(output.name, {"missing": True}))
        note = listed.pop("note", None)
        listed.pop("sha256", None)
        excused = note is not None and not output.is_always_written
        there = excused or output.path(folder, name).exists()
        if listed != dict(output.settings) or not there:
            missing.append(output)
    return missing


def digest_of(path: Path) -> str | None:
    """SHA-256 of a file; None where there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def corrected_outputs(
    written: Mapping[str, Settings], folder: Path, name: str
) -> dict[str, Settings]:
    """Those outputs of an input whose files somebody changed since they were written.

    Their settings say so, so that they fit no output that is asked for.
    """
    found = {}
    for output in map(_text_output, FORMATS.values()):
        settings = written.get(output.name, {})
        now = digest_of(output.path(folder, name)) if "sha256" in settings else None
        if now is not None and now != settings["sha256"]:
            found[output.name] = {**settings, "corrected": True}
    return found


def remove_outputs(names: Iterable[str], folder: Path, name: str) -> None:
    """Remove files of an input that no longer fit its detections. Clips stay."""
    for output in (*map(_text_output, FORMATS.values()), _page_output(None), _SCORES, _OVERLAY):
        if output.name in names:
            output.path(folder, name).unlink(missing_ok=True)


def _text_output(form: Format) -> Output:
    def write(result: Result, path: Path) -> None:
        write_text(path, form.text_of(result.detections, result.media))

    return Output(form.name, f"videos/{{name}}{form.suffix}", write, is_corrected=True)


def _scores_of(result: Result) -> Scores:
    if result.scores is None:
        raise ValueError("this output needs scores, which stored detections don't have")
    return result.scores


def _write_scores(result: Result, path: Path) -> None:
    from lpat.formats.scores import write_scores

    write_scores(path, _scores_of(result), result.model_sha256)


def _page_output(embed_limit: int | None) -> Output:
    def write(result: Result, path: Path) -> str | None:
        return write_video_page(
            path,
            result.source,
            result.media,
            _scores_of(result),
            result.detections,
            embed_limit=embed_limit,
            state=result.state,
        )

    return Output(
        PAGE,
        "videos/{name}.html",
        write,
        needs_scores=True,
        settings={"embed_limit": embed_limit},
        is_always_written=True,
    )


def _write_overlay(result: Result, path: Path) -> str | None:
    from lpat.rendering.overlay import write_overlay

    if (reason := reason_without_pictures(result.source)) is not None:
        return reason
    scores = _scores_of(result)
    write_overlay(result.source.file, scores, result.detections, path, state=result.state)
    return None


def _clips_output(margin: float) -> Output:
    def write(result: Result, folder: Path) -> str | None:
        from lpat.rendering.clips import write_clips

        if (reason := reason_without_pictures(result.source)) is not None:
            return reason
        write_clips(
            result.source.file, result.detections, folder, margin=margin, state=result.state
        )
        return None

    return Output("clips", "clips/{name}", write, settings={"margin": margin})


_SCORES = Output("scores", "videos/{name}.scores.safetensors", _write_scores, needs_scores=True)
_OVERLAY = Output("overlay", "videos/{name}.overlay.mp4", _write_overlay, needs_scores=True)
