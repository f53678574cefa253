"""Marking the open video as reviewed: what is asked, written and read again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from lpat.annotations.reading import VideoAnnotation
from lpat.annotations.reviewed import REVIEWED_NAME, SavedReview, reviewed_in
from lpat.errors import LpatError, UsageError
from lpat.video.address import FileState
from lpat_viewer.jobs import Job, Jobs
from lpat_viewer.models.corrections import Corrections
from lpat_viewer.models.reviewed import (
    Marking,
    Objection,
    folder_of,
    instances_of,
    place_of_tags,
)
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.windows.watching import SETTLING_MILLISECONDS
from lpat_viewer.windows.writing import Writer


class Reviewing(QObject):
    """The file of reviewed videos: beside the open annotations, or else where all videos lie.

    It is read again whenever it changes, as other windows and programs may write it too.
    """

    changed = Signal()
    tags_changed = Signal(object)  # the path of a file of tags that was written

    def __init__(
        self,
        workspace: Workspace,
        corrections: Corrections,
        jobs: Jobs,
        writer: Writer,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._workspace, self._corrections = workspace, corrections
        self._jobs, self._writer, self._parent = jobs, writer, parent
        self._chosen: Path | None = None
        self._path: Path | None = None
        self._job: Job | None = None
        self._seen: FileState | None = None
        self._watcher = QFileSystemWatcher(self)
        self._timer = QTimer(self, singleShot=True, interval=SETTLING_MILLISECONDS)
        self._timer.timeout.connect(self._look)
        self._watcher.directoryChanged.connect(self._timer.start)
        self._watcher.fileChanged.connect(self._timer.start)
        workspace.video_changed.connect(self._find_place)
        workspace.annotations_changed.connect(self._find_place)
        workspace.playlist.changed.connect(self._find_place)
        workspace.review.changed.connect(self.changed)
        workspace.reviewed.changed.connect(self.changed)

    @property
    def path(self) -> Path | None:
        """The file of reviewed videos, which need not be there yet; None without any video."""
        return self._path

    @property
    def marked(self) -> bool:
        """Whether the file says that the open video is reviewed, with what is seen here."""
        workspace = self._workspace
        return workspace.reviewed_video is not None and not workspace.review.modified

    @property
    def can_mark(self) -> bool:
        """Whether a video is open, and its file known."""
        return self._path is not None and self._workspace.video is not None

    def toggle(self) -> None:
        """Mark the open video as reviewed, or no longer."""
        marking = self._marking()
        if marking is None:
            return
        if self.marked:
            self._write(marking, reviewed=False)
            return
        self._writer.write(marking.objection, lambda found: self._on_objection(marking, found))

    def choose_file(self) -> None:
        """Ask for another file of reviewed videos, which may be there already."""
        name, _ = QFileDialog.getSaveFileName(
            self._parent, "The file of reviewed videos", str(self._path or ""),
            "Reviewed videos (*.json)", "", QFileDialog.Option.DontConfirmOverwrite,
        )  # fmt: skip
        if name:
            path = Path(name)
            self.take_file(path if path.suffix else path.with_suffix(".json"))

    def take_file(self, path: Path) -> None:
        """Read and write this file from now on."""
        self._chosen = path
        self._find_place()

    # From the place to what it says

    def _find_place(self) -> None:
        """Whose videos are open decides where the file is, unless the user has chosen it."""
        place = self._chosen or self._usual_place()
        if place != self._path:
            self._path, self._seen = place, None
            if watched := [*self._watcher.files(), *self._watcher.directories()]:
                self._watcher.removePaths(watched)
            self._workspace.reviewed.set_videos({})
            self._read()

    def _usual_place(self) -> Path | None:
        annotations, video = self._workspace.annotations, self._workspace.video
        if annotations is not None:
            return annotations.path.absolute().parent / REVIEWED_NAME
        paths = [its.path for its in self._workspace.playlist.inputs if isinstance(its.path, Path)]
        folder = folder_of(paths or ([video] if video is not None else []))
        return None if folder is None else folder / REVIEWED_NAME

    def _look(self) -> None:
        if self._path is not None and FileState.of(self._path) != self._seen:
            self._read()

    def _read(self) -> None:
        path = self._path
        if self._job is not None:
            self._job.cancel()
            self._job = None
        if path is None:
            return
        self._seen = FileState.of(path)
        self._watch()
        self._job = self._jobs.start(
            lambda _: reviewed_in(path),
            on_done=self._on_read,
            on_failed=self._workspace.notices.error,
        )

    def _on_read(self, videos: Mapping[str, VideoAnnotation]) -> None:
        self._job = None
        self._workspace.reviewed.set_videos(videos)

    def _watch(self) -> None:
        """Have the system tell of changes; a file that was replaced is another one to it."""
        path = self._path
        known = {*self._watcher.files(), *self._watcher.directories()}
        wanted = [] if path is None else [place for place in (path, path.parent) if place.exists()]
        if new := [str(place) for place in wanted if str(place) not in known]:
            self._watcher.addPaths(new)

    # From the window into the file

    def _marking(self) -> Marking | None:
        workspace, path, video = self._workspace, self._path, self._workspace.video
        if path is None or video is None:
            workspace.notices.tell("There is nothing to mark as reviewed: open a video first")
            return None
        annotated, seen, review = workspace.annotated, workspace.reviewed_video, workspace.review
        known = annotated or seen
        try:
            instances = instances_of(
                review.segments if review.begun else None,
                workspace.truth,
                known.name if known is not None else workspace.name,
                workspace.playhead.duration or (known.duration if known is not None else None),
                all_judged=not self.marked,
            )
        except UsageError as error:
            workspace.notices.tell(f"Not marked as reviewed: {error}", "warning")
            return None
        annotations = workspace.annotations
        tags = annotations.path if annotations is not None else place_of_tags(path.parent)
        return Marking(
            path, instances, seen, str(video.absolute()), tags,
            review.segments if review.begun else None,
        )  # fmt: skip

    def _on_objection(self, marking: Marking, objection: Objection | None) -> None:
        if objection is None:
            self._write(marking)
            return
        if marking.tags is None or not marking.tags.exists():
            self._workspace.notices.tell(objection.text, "warning")
            self._write(marking)
            return
        answer = self._ask(objection)
        if answer == "tag":
            self._writer.write(marking.change_tags, lambda line: self._on_tagged(marking, line))
        elif answer == "mark":
            self._workspace.notices.tell(objection.text, "warning")
            self._write(marking)

    def _on_tagged(self, marking: Marking, hindrance: str) -> None:
        if hindrance:
            self._workspace.notices.tell(hindrance, "warning")
        self.tags_changed.emit(marking.tags)
        self._write(marking)

    def _write(self, marking: Marking, *, reviewed: bool = True, overrule: bool = False) -> None:
        def write() -> SavedReview:
            try:
                return marking.write(reviewed=reviewed, overrule=overrule)
            except LpatError as error:
                raise type(error)(
                    f"{error}; what is marked is kept here: another file can be chosen "
                    "(Edit, File of reviewed videos)"
                ) from error

        self._writer.write(write, lambda saved: self._on_saved(marking, saved, reviewed))

    def _on_saved(self, marking: Marking, saved: SavedReview, reviewed: bool) -> None:
        workspace = self._workspace
        if saved.others is not None:
            if self._may_replace(marking, saved.others):
                self._write(marking, reviewed=reviewed, overrule=True)
            else:
                workspace.reviewed.set_videos(saved.videos)
            return
        video, count = marking.video, len(marking.video.segments)
        if workspace.video is not None and str(workspace.video.absolute()) == marking.file:
            if not reviewed:
                # What was marked may be nowhere else by now.
                self._corrections.begin_from_truth()
                workspace.review.mark_unsaved()
            elif marking.segments is not None:
                workspace.review.mark_saved(marking.segments)
        if marking.path == self._path:
            self._seen = FileState.of(marking.path)
            workspace.reviewed.set_videos(saved.videos)
            self._watch()
        if reviewed:
            text = f"{video.name} is reviewed: {count} instance{'' if count == 1 else 's'}"
        else:
            text = f"{video.name} isn't reviewed any more"
        text += f", says {marking.path.name}"
        if saved.backup is not None:
            text += f"; the file as it was before is {saved.backup.name}"
        workspace.notices.tell(text)

    def _ask(self, objection: Objection) -> str:
        """What is to be done about tags that contradict a review: "tag", "mark" or nothing."""
        box = QMessageBox(self._parent)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Mark as reviewed")
        box.setText(objection.text)
        box.setInformativeText("lpat-train refuses a reviewed video that its labels don't fit.")
        roles = QMessageBox.ButtonRole
        tag = None
        if objection.cure is not None:
            shown = ", ".join(objection.cure) or "nothing happens"
            tag = box.addButton(f"Tag it so: {shown}", roles.AcceptRole)
        mark = box.addButton("Mark all the same", roles.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        clicked = box.clickedButton()
        return "tag" if clicked is tag and tag is not None else "mark" if clicked is mark else ""

    def _may_replace(self, marking: Marking, others: VideoAnnotation) -> bool:
        """Whether what somebody else has marked meanwhile gives way to what is marked here."""
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self._parent,
            "Reviewed twice",
            f"Another window or program has marked {len(others.segments)} instances of "
            f"{others.name} in {marking.path.name} meanwhile; here it is "
            f"{len(marking.video.segments)}. The file as it is now would be kept as a backup.\n\n"
            "Replace them by those of this window?",
            buttons.Yes | buttons.No,
            buttons.No,
        )
        return answer == buttons.Yes
