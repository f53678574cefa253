"""What asks the user: files, labels, whether to save."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QWidget

from lpat.errors import LpatError, UsageError
from lpat.formats.registry import FORMATS, Format, format_for
from lpat_viewer.models.corrections import Corrections
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.timeline.snapshot import save_picture
from lpat_viewer.windows.opening import dialog_filters
from lpat_viewer.windows.writing import Writer

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
        annotations = self._workspace.annotations
        known = annotations.path if annotations is not None else None
        proposed = known if known is not None and known.suffix == ".json" else None
        if proposed is None:
            proposed = Path(self._folder()) / f"{self._workspace.name or 'video'}.json"
        path = self._ask_where("Save annotations", proposed, "Annotations (*.json)")
        return path is not None and self.save_to(path)

    def save_to(self, path: Path) -> bool:
        """Begin to save what was accepted into a file; False where there is nothing to save."""
        try:
            saving = self._corrections.saving(path)
        except UsageError as error:
            self._workspace.notices.error(str(error))
            return False

        def saved() -> None:
            self._corrections.saved(saving)
            self._saved_as = path
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
        if path == Path(name) or self._may_replace(path):
            self.export_to(path)

    def export_to(self, path: Path) -> None:
        """Begin to write the detections, in the format that the path's ending chooses."""
        try:
            write = self._corrections.exporting(path)
        except UsageError as error:
            self._workspace.notices.error(str(error))
        else:
            self._writer.write(write, lambda: self._tell_of(path))

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
        if chosen is not None and (label := self._ask_label(chosen.label)):
            self._corrections.relabel(label)

    def draw_here(self) -> None:
        """Draw a segment of the chosen class at the playhead; without classes, ask for one."""
        label = self._workspace.classes.current or self._ask_label("")
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

    def _may_replace(self, path: Path) -> bool:
        """Whether a file may be written that the file dialog didn't ask about."""
        if not path.exists():
            return True
        buttons = QMessageBox.StandardButton
        text = f"{path.name} is there already. Replace it?"
        answer = QMessageBox.question(self._parent, "Export detections", text)
        return answer == buttons.Yes

    def _ask_label(self, label: str) -> str:
        labels = sorted({*self._workspace.classes.labels, label} - {""})
        place = labels.index(label) if label in labels else 0
        text, given = QInputDialog.getItem(self._parent, "Class", "Class:", labels, place, True)
        return text.strip() if given else ""

    def _ask_where(self, title: str, proposed: Path, kinds: str) -> Path | None:
        name, _ = QFileDialog.getSaveFileName(self._parent, title, str(proposed), kinds)
        if not name:
            return None
        path = Path(name)
        return path if path.suffix else path.with_suffix(proposed.suffix)

    def _tell_of(self, path: Path) -> None:
        self._workspace.notices.tell(f"Wrote {path}")

    def _folder(self) -> str:
        video = self._workspace.video
        return str(video.parent if video is not None else Path.cwd())


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
