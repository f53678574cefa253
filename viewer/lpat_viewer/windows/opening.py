"""From a path that the user named to what it holds, read beside the window."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject

from lpat.annotations.checks import summarise
from lpat.annotations.reading import Annotations, holds_annotations, read_annotations
from lpat.errors import LpatError, UsageError
from lpat.files.csv_files import SPREADSHEET_SUFFIXES, TABLE_SUFFIXES
from lpat.files.json_files import read_json
from lpat.files.media_suffixes import MEDIA_SUFFIXES
from lpat.formats.detections import DETECTIONS_NAME, DetectionsFile, read_detections_file
from lpat.inputs import Input, find_inputs
from lpat_viewer.jobs import Jobs, Progress
from lpat_viewer.models.workspace import Workspace

_WORTH_A_NOTICE = {"left_out", "passed_over", "detections", "alike_labels", "alike_names"}
_ANNOTATIONS = (*sorted(TABLE_SUFFIXES), ".eaf", ".boris")

Kind = Literal["video", "folder", "model", "annotations", "detections"]


@dataclass(frozen=True)
class Opened:
    """A path and what was read from it; videos and models are read by those who show them."""

    path: Path
    kind: Kind
    inputs: tuple[Input, ...] = ()
    annotations: Annotations | None = None
    detections: DetectionsFile | None = None
    passed_over: tuple[str, ...] = ()  # a line on other files of a folder

    @property
    def remarks(self) -> list[str]:
        """Lines on what in it isn't shown, or only looks the same."""
        read = self.annotations or self.detections
        findings = read.findings if read is not None else ()
        kept = (finding for finding in findings if finding.kind in _WORTH_A_NOTICE)
        return [*self.passed_over, *summarise(kept)]


def read_path(path: Path) -> Opened:
    """Read what a path holds: by its suffix, and for JSON by its content.

    Raises:
        LpatError: nothing that the viewer can open.
    """
    if path.is_dir():
        return _read_folder(path)
    if not path.exists():
        raise UsageError(f"{path}: no such file")
    match path.suffix.lower():
        case ".onnx":
            return Opened(path, "model")
        case suffix if suffix in {*_ANNOTATIONS, *SPREADSHEET_SUFFIXES}:
            return Opened(path, "annotations", annotations=read_annotations(path))
        case ".json":
            document = read_json(path)
            if isinstance(document, dict) and "results" in document:
                return Opened(path, "detections", detections=read_detections_file(path))
            if holds_annotations(document):
                return Opened(path, "annotations", annotations=read_annotations(path))
            raise UsageError(
                f'{path}: expected annotations ("database") or detections ("results"), '
                "but it has neither"
            )
    return Opened(path, "video")


def _read_folder(folder: Path) -> Opened:
    try:
        passed_over: list[str] = []
        inputs = find_inputs([folder], tell=passed_over.append)
        return Opened(folder, "folder", inputs, passed_over=tuple(passed_over))
    except UsageError as no_videos:
        if (folder / DETECTIONS_NAME).is_file():
            return Opened(folder, "detections", detections=read_detections_file(folder))
        try:
            return Opened(folder, "annotations", annotations=read_annotations(folder))
        except LpatError:
            raise no_videos from None


class Opener(QObject):
    """Opens paths of any kind into a workspace, in the order in which they were named."""

    def __init__(
        self,
        workspace: Workspace,
        jobs: Jobs,
        *,
        add_model: Callable[[Path], None],
        may_leave: Callable[[], bool] = lambda: True,
        on_opened: Callable[[Path, Kind], None] = lambda path, kind: None,
        parent: QObject | None = None,
    ) -> None:
        """Ask `may_leave` before another video takes the place of the open one."""
        super().__init__(parent)
        self._workspace, self._jobs = workspace, jobs
        self._add_model, self._may_leave, self._on_opened = add_model, may_leave, on_opened
        self._waiting: list[Path] = []
        self._reading = False

    def open(self, paths: Iterable[Path]) -> None:
        """Open all of these; a bad one is named, and the others are opened all the same."""
        self._waiting.extend(paths)
        self._read_next()

    def open_input(self, source: Input | None) -> None:
        """Open a video of the playlist, unless there is none."""
        if source is not None and self._may_leave():
            self._workspace.playlist.set_current(source)
            self._workspace.set_video(source.file, source.name)
            self._on_opened(source.file, "video")

    def _read_next(self) -> None:
        if self._reading or not self._waiting:
            return
        self._reading = True
        path = self._waiting.pop(0)

        def read(_: Progress) -> Opened:
            return read_path(path)

        def done(opened: Opened) -> None:
            self._reading = False
            self._take(opened)
            self._read_next()

        def failed(reason: str) -> None:
            self._reading = False
            self._workspace.notices.error(reason)
            self._read_next()

        self._jobs.start(read, on_done=done, on_failed=failed)

    def _take(self, opened: Opened) -> None:
        path = opened.path
        if remarks := opened.remarks:
            self._workspace.notices.tell(f"{path}: {'; '.join(remarks)}", "warning")
        match opened.kind:
            case "folder":
                self._workspace.playlist.set_inputs(opened.inputs)
                self.open_input(self._workspace.playlist.neighbour(0))
            case "video":
                source = next((s for s in self._workspace.playlist.inputs if s.path == path), None)
                if source is None:
                    source = Input(path.stem, path)
                    self._workspace.playlist.set_inputs([source])
                self.open_input(source)
            case "model":
                self._add_model(path)
            case "annotations":
                self._workspace.set_annotations(opened.annotations)
                videos = opened.annotations.videos if opened.annotations is not None else ()
                self._tell_if(self._workspace.truth is None, path, len(videos))
            case "detections":
                results = opened.detections.results if opened.detections is not None else {}
                shown = self._workspace.add_detections(path, results)
                self._tell_if(not shown, path, len(results))
        if opened.kind != "video":
            self._on_opened(path, opened.kind)

    def _tell_if(self, absent: bool, path: Path, videos: int) -> None:
        """Say that a file of so many videos has nothing on the open one."""
        if absent and self._workspace.name:
            self._workspace.notices.tell(
                f"{path}: it has no video named {self._workspace.name!r} among its {videos}",
                "warning",
            )


def dialog_filters() -> str:
    """The kinds of files that the file dialog offers."""
    videos = " ".join(f"*{suffix}" for suffix in sorted(MEDIA_SUFFIXES))
    tables = "".join(f" *{suffix}" for suffix in _ANNOTATIONS)
    everything = f"{videos} *.onnx *.json{tables}"
    return ";;".join(
        [
            f"Everything that can be opened ({everything})",
            f"Videos and features ({videos})",
            "Models (*.onnx)",
            f"Annotations and detections (*.json{tables})",
            "All files (*)",
        ]
    )
