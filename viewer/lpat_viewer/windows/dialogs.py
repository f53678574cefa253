"""What asks the user: files, labels, whether to save."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QWidget

from lpat.annotations.identity import label_of
from lpat.annotations.writing import Replaced, spare_annotations
from lpat.errors import LpatError, UsageError
from lpat.formats.registry import FORMATS, Format, format_for
from lpat.video.address import FileState
from lpat_viewer.models.corrections import Corrections
from lpat_viewer.models.saving import Saving
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.timeline.snapshot import save_picture
from lpat_viewer.windows.opening import dialog_filters
from lpat_viewer.windows.writing import Writer

_CORRECTED = ".corrected"  # in names of files that are proposed

NEW_SEGMENT_SHARE = 0.05
"""Of the visible time: how long a segment is that is drawn by a key."""


class Dialogs:
    """Asks, then has it done. What can't be done is told by the workspace's notices."""

    def __init__(
        self,
        workspace: Workspace,
        corrections: Corrections,
        writer: Writer,
        timeline: QWidget,
        *,
        open_paths: Callable[[Sequence[Path]], None],
        on_saved: Callable[[Path], None],
        tag_folder: Callable[[Path], None] = lambda folder: None,
        train: Callable[[Path | None, Path | None], None] = lambda folder, tags: None,
        parent: QWidget,
    ) -> None:
        self._workspace, self._corrections = workspace, corrections
        self._writer, self._timeline, self._parent = writer, timeline, parent
        self._open_paths, self._on_saved = open_paths, on_saved
        self._tag_folder, self._train = tag_folder, train
        self._saved_as: Path | None = None
        self._written: dict[Path, FileState | None] = {}  # files as they were left here
        self._saved_videos: set[tuple[Path, str]] = set()  # what was saved into which of them

    def open_files(self) -> None:
        """Open any files that the user chooses."""
        names, _ = QFileDialog.getOpenFileNames(
            self._parent, "Open", self._folder(), dialog_filters()
        )
        self._open_paths([Path(name) for name in names])

    def open_folder(self) -> None:
        """Open all videos of a folder."""
        name = QFileDialog.getExistingDirectory(self._parent, "Open folder", self._folder())
        if name:
            self._open_paths([Path(name)])

    def tag_folder(self) -> None:
        """Say what each video of a folder shows, in a window of its own."""
        name = QFileDialog.getExistingDirectory(
            self._parent, "Tag the videos of a folder", self._folder()
        )
        if name:
            self._tag_folder(Path(name))

    def train(self) -> None:
        """Train a model on the videos beside the open one, and on the open annotations."""
        annotations, video = self._workspace.annotations, self._workspace.video
        known = annotations is not None and annotations.path.suffix.lower() in {".json", ".csv"}
        self._train(
            video.parent if video is not None else None,
            annotations.path if annotations is not None and known else None,
        )

    def add_model(self) -> None:
        """Load a model."""
        names, _ = QFileDialog.getOpenFileNames(
            self._parent, "Add a model", self._folder(), "Models (*.onnx)"
        )
        self._open_paths([Path(name) for name in names])

    def close_video(self) -> None:
        """Close the open video, if what was corrected may be left."""
        if self.may_leave():
            self._workspace.playlist.set_current(None)
            self._workspace.set_video(None)

    def save(self) -> bool:
        """Save where it was saved before, or ask; False where nothing is to be saved."""
        return self.save_as() if self._saved_as is None else self.save_to(self._saved_as)

    def save_as(self) -> bool:
        """Ask for a file and save what was accepted; False where nothing is to be saved."""
        asked = QFileDialog.Option.DontConfirmOverwrite  # `save_to` asks, and knows more
        path = self._ask_where("Save annotations", self._new_file(), "Annotations (*.json)", asked)
        return path is not None and self.save_to(path)

    def save_to(self, path: Path) -> bool:
        """Begin to save what was accepted into a file; False where there is nothing to save.

        Asks before anything goes that the file says of the video, unless it was saved here. A
        file that somebody else wrote is kept as a backup.
        """
        self._writer.finish()  # what is being written may be this file
        name = self._workspace.name
        try:
            saving = self._corrections.saving(path)
            replaced = saving.replaces()
        except LpatError as error:
            self._workspace.notices.error(str(error))
            return False
        own = path in self._written and self._written[path] == FileState.of(path)
        if replaced and not (own and (path, name) in self._saved_videos):
            if not self._may_lose(replaced, saving):
                return False
        elif own:
            saving = replace(saving, keeps_backup=False)

        def saved(backup: Path | None) -> None:
            self._corrections.saved(saving, backup)
            self._saved_as = path
            self._written[path] = FileState.of(path)
            self._saved_videos.add((path, name))
            self._on_saved(path)

        self._writer.write(saving.write, saved)
        return True

    def export(self) -> None:
        """Ask for a file and a format, and write the detections as lpat-detect does."""
        proposed = Path(self._folder()) / f"{self._workspace.name or 'video'}.detections.json"
        kinds = {f"{form.readers} (*{form.suffix})": form for form in FORMATS.values()}
        name, kind = QFileDialog.getSaveFileName(
            self._parent, "Export detections", str(proposed), ";;".join(kinds)
        )
        if not name:
            return
        path = path_in(Path(name), kinds.get(kind, FORMATS["json"]))
        try:
            spare_annotations(path)
        except UsageError as error:
            self._workspace.notices.error(str(error))
            return
        if path == Path(name) or self._may_replace("Export detections", path):
            self.export_to(path)

    def export_to(self, path: Path) -> None:
        """Begin to write the detections, in the format that the path's ending chooses."""
        try:
            write = self._corrections.exporting(path)
        except UsageError as error:
            self._workspace.notices.error(str(error))
        else:
            self._writer.write(write, lambda _: self._tell_of(path))

    def save_picture(self) -> None:
        """Ask for a file and draw the timeline into it."""
        proposed = Path(self._folder()) / f"{self._workspace.name or 'timeline'}.png"
        path = self._ask_where("Save a picture", proposed, "Pictures (*.png *.svg)")
        if path is not None:
            self.save_picture_to(path)

    def save_picture_to(self, path: Path) -> None:
        """Draw the timeline into a file."""
        try:
            save_picture(self._timeline, path)
        except LpatError as error:
            self._workspace.notices.error(str(error))
        else:
            self._tell_of(path)

    def relabel(self) -> None:
        """Ask for the chosen segment's class; a new one may be typed."""
        chosen = self._workspace.selection.chosen
        if chosen is not None and (label := self.ask_label(chosen.label)):
            self._corrections.relabel(label)

    def draw_here(self) -> None:
        """Draw a segment of the chosen class at the playhead; without classes, ask for one."""
        if not self._corrections.can_draw:
            self._corrections.begin()  # which says why not
            return
        label = self._workspace.classes.current or self.ask_label("")
        if label:
            start = self._workspace.playhead.time
            length = NEW_SEGMENT_SHARE * self._workspace.time_range.length
            self._corrections.draw(start, start + length, label)

    def may_leave(self) -> bool:
        """Whether what was corrected is saved, or may be lost; asks where it isn't.

        What is being written is waited for. If it can't be written, nothing may be left.
        """
        self._writer.finish()
        if not self._workspace.review.modified:
            return True
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self._parent,
            "Unsaved corrections",
            f"Save the corrections of {self._workspace.name}?",
            buttons.Save | buttons.Discard | buttons.Cancel,
            buttons.Save,
        )
        if answer == buttons.Save:
            return self.save() and self._writer.finish()
        return answer == buttons.Discard

    def _new_file(self) -> Path:
        """A file that isn't there yet, beside the annotations or else beside the video."""
        annotations = self._workspace.annotations
        if annotations is not None and annotations.path.is_file():
            folder, stem = annotations.path.parent, annotations.path.stem
            stem = f"{stem.split(_CORRECTED)[0]}{_CORRECTED}"
        else:
            folder, stem = Path(self._folder()), self._workspace.name or "video"
        names = (f"{stem}-{n}.json" if n > 1 else f"{stem}.json" for n in itertools.count(1))
        return next(folder / name for name in names if not (folder / name).exists())

    def _may_lose(self, replaced: Replaced, saving: Saving) -> bool:
        """Whether a file may lose what it says of a video."""
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self._parent,
            "Save annotations",
            _question(replaced, saving),
            buttons.Yes | buttons.Cancel,
            buttons.Cancel,
        )
        return answer == buttons.Yes

    def _may_replace(self, title: str, path: Path) -> bool:
        """Whether a file may be written that the file dialog didn't ask about."""
        if not path.exists():
            return True
        buttons = QMessageBox.StandardButton
        text = f"{path.name} is there already. Replace it?"
        answer = QMessageBox.question(self._parent, title, text)
        return answer == buttons.Yes

    def ask_label(self, label: str) -> str:
        """The class that the user chooses or types, beginning with one; "" for none."""
        labels = sorted({*self._workspace.classes.labels, label} - {""})
        place = labels.index(label) if label in labels else 0
        text, given = QInputDialog.getItem(self._parent, "Class", "Class:", labels, place, True)
        return label_of(text) if given else ""

    def _ask_where(
        self,
        title: str,
        proposed: Path,
        kinds: str,
        options: QFileDialog.Option = QFileDialog.Option(0),  # noqa: B008 - a constant
    ) -> Path | None:
        """Where to save; asks whether a file may be replaced, unless the options say not to."""
        name, _ = QFileDialog.getSaveFileName(
            self._parent, title, str(proposed), kinds, "", options
        )
        if not name:
            return None
        path = Path(name)
        if path.suffix:
            return path
        path = path.with_suffix(proposed.suffix)
        asks = options != QFileDialog.Option.DontConfirmOverwrite
        return path if not asks or self._may_replace(title, path) else None

    def _tell_of(self, path: Path) -> None:
        self._workspace.notices.tell(f"Wrote {path}")

    def _folder(self) -> str:
        video = self._workspace.video
        return str(video.parent if video is not None else Path.cwd())


def _question(replaced: Replaced, saving: Saving) -> str:
    """What goes and what comes in its place, for the user to answer."""
    gone, there = replaced.segments_gone, replaced.segments
    parts = [f"{gone} of its {there} {'segment' if there == 1 else 'segments'}"] if gone else []
    if replaced.labels:
        word = "label" if len(replaced.labels) == 1 else "labels"
        parts.append(f"the {word} {', '.join(replaced.labels)}")
    if moments := replaced.moments_gone:
        parts.append(f"{moments} {'moment' if moments == 1 else 'moments'} outside of segments")
    accepted = len(saving.annotation.segments)
    return (
        f"{saving.path.name} knows video {replaced.video!r} already: {' and '.join(parts)} "
        f"would go, replaced by what was accepted here "
        f"({accepted} {'segment' if accepted == 1 else 'segments'}). "
        "Other videos stay as they are, and the file as it is now is kept as a backup beside it."
        "\n\nReplace?"
    )


def path_in(path: Path, form: Format) -> Path:
    """A path that was typed, with the ending of the format that was chosen beside it.

    JSON is what the dialog begins with, so with it an ending that was typed stays as it is.
    """
    typed = format_for(path)
    if path.suffix and (typed is form or form.name == "json"):
        return path
    bare = (
        path.name[: -len(typed.suffix)] if path.name.lower().endswith(typed.suffix) else path.name
    )
    return path.with_name(bare + form.suffix)
