"""Puts models, workers and views together: what `lpat-view` starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication

from lpat.backbones.search import BACKBONES, Backbones
from lpat.features.cache import FeatureCache
from lpat.files.media_suffixes import FEATURE_SUFFIXES as FEATURES
from lpat_viewer.detection.detector import Detector
from lpat_viewer.detection.survey import Survey
from lpat_viewer.jobs import Jobs
from lpat_viewer.models.corrections import Corrections
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.playback.player import Player
from lpat_viewer.playback.thumbnails import Thumbnails
from lpat_viewer.playback.video_view import VideoView
from lpat_viewer.timeline.lane_tools import LaneTools
from lpat_viewer.timeline.lanes import LanesView
from lpat_viewer.timeline.thumbnail_strip import HEIGHT as THUMBNAIL_HEIGHT
from lpat_viewer.timeline.thumbnail_strip import ThumbnailStrip
from lpat_viewer.timeline.timeline_view import TimelineView
from lpat_viewer.windows.class_panel import ClassPanel
from lpat_viewer.windows.command_table import command_table
from lpat_viewer.windows.dialogs import Dialogs
from lpat_viewer.windows.layers_dock import LayersPanel
from lpat_viewer.windows.legend import Legend
from lpat_viewer.windows.main_window import AREA, MainWindow
from lpat_viewer.windows.opening import Kind, Opener
from lpat_viewer.windows.parts import Parts
from lpat_viewer.windows.playlist_panel import PlaylistPanel
from lpat_viewer.windows.reviewing import Reviewing
from lpat_viewer.windows.segment_table import SegmentTable
from lpat_viewer.windows.settings import Settings
from lpat_viewer.windows.start_page import StartPage
from lpat_viewer.windows.status import StatusLine
from lpat_viewer.windows.toolbar import Toolbar
from lpat_viewer.windows.watching import Watcher
from lpat_viewer.windows.writing import Writer

TITLE = "lpat"


Train = Callable[[Path | None, Path | None, Callable[[Path], None]], None]


class Viewer(QObject):
    """The whole viewer. `close` ends all of its threads and processes."""

    def __init__(
        self,
        settings: Settings,
        *,
        cache: FeatureCache | None,
        device: str = "auto",
        backbones: Backbones = BACKBONES,
        tag_folder: Callable[[Path], None] = lambda folder: None,
        train: Train = lambda folder, tags, take_model: None,
    ) -> None:
        """`tag_folder` opens a window that tags a folder's videos, `train` one that trains."""
        super().__init__()
        self.workspace = workspace = Workspace(self)
        self.jobs = Jobs(self)
        self.player = Player(workspace.playhead, self)
        pixels = round(THUMBNAIL_HEIGHT * QGuiApplication.primaryScreen().devicePixelRatio())
        self.thumbnails = Thumbnails(pixels, self)
        self.detector = Detector(workspace, self.jobs, cache, device, self, backbones=backbones)
        self.survey = Survey(workspace, self.detector, self.jobs, cache, self)
        self.corrections = Corrections(workspace, self)
        self.watcher = Watcher(workspace.notices, self)
        self.window = MainWindow(
            workspace.notices, settings, open_paths=self.open, may_close=self._may_close
        )
        self.class_panel = ClassPanel(workspace.classes)
        self.lanes = LanesView(workspace)
        self.lane_tools = LaneTools(
            self.lanes, workspace, self.corrections, ask_label=lambda: self.dialogs.ask_label("")
        )
        self.timeline = TimelineView(
            workspace, strip=ThumbnailStrip(workspace, self.thumbnails), lanes=self.lanes
        )
        self.writer = Writer(self.jobs, workspace.notices, self)
        self.reviewing = Reviewing(workspace, self.corrections, self.jobs, self.writer, self.window)
        self.reviewing.tags_changed.connect(self._on_saved)
        self.dialogs = Dialogs(
            workspace,
            self.corrections,
            self.writer,
            self.timeline,
            open_paths=self.open,
            on_saved=self._on_saved,
            tag_folder=tag_folder,
            train=lambda folder, tags: train(folder, tags, self.detector.add_model),
            parent=self.window,
        )
        self.opener = Opener(
            workspace,
            self.jobs,
            add_model=self.detector.add_model,
            may_leave=self.dialogs.may_leave,
            on_opened=self._on_opened,
            parent=self,
        )
        self._settings = settings
        self.video = VideoView(self.player, hint="")  # the start page says more
        self._fill_window()
        self.parts = Parts(
            workspace=workspace,
            player=self.player,
            video=self.video,
            detector=self.detector,
            corrections=self.corrections,
            opener=self.opener,
            lane_tools=self.lane_tools,
            reviewing=self.reviewing,
            find_class=self._find_class,
        )
        commands = command_table(self.parts, self.dialogs)
        self.window.set_commands(commands)
        self.toolbar = Toolbar(self.parts, commands, self.window)
        self.window.addToolBar(self.toolbar)
        self._show_start_page()
        self.window.restore()
        workspace.video_changed.connect(self._on_video_changed)
        workspace.review.changed.connect(self._show_title)
        self.player.failed.connect(workspace.notices.error)
        self.detector.changed.connect(self._watch)
        self._show_title()

    def open(self, paths: Sequence[Path]) -> None:
        """Open files and folders of any kind."""
        self.opener.open(paths)

    def close(self) -> None:
        """End everything that runs, and delete it soon; nothing here can be used any more."""
        self.detector.cancel()
        self.player.close()
        self.thumbnails.close()
        self.jobs.stop()
        # Left to the garbage collector, it might be deleted in any thread that makes rubbish.
        self.window.deleteLater()
        self.deleteLater()

    def _fill_window(self) -> None:
        window, workspace = self.window, self.workspace
        segments = SegmentTable(workspace)
        playlist = PlaylistPanel(workspace.playlist, self.opener.open_input)
        models = LayersPanel(workspace, self.detector)
        window.add_dock("Video", self.video, AREA.TopDockWidgetArea)
        window.add_dock("Timeline", self.timeline, AREA.BottomDockWidgetArea)
        self._class_dock = window.add_dock("Classes", self.class_panel, AREA.RightDockWidgetArea)
        window.add_dock("Models", models, AREA.RightDockWidgetArea)
        window.add_dock("Segments", segments, AREA.RightDockWidgetArea)
        window.add_dock("Videos", playlist, AREA.RightDockWidgetArea)
        status = StatusLine(workspace)
        status.insertPermanentWidget(1, Legend(workspace))
        window.setStatusBar(status)
        dialogs = self.dialogs
        self.start_page = StartPage(
            self.video,
            (
                ("Open a video, a model, annotations…", dialogs.open_files),
                ("Open a folder of videos…", dialogs.open_folder),
                ("Tag the videos of a folder…", dialogs.tag_folder),
                ("Train a model…", dialogs.train),
            ),
            lambda: self._settings.recent,
            self.open,
        )
        # Keys are commands until the user clicks where text is typed.
        self.video.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.video.setFocus()

    def _find_class(self) -> None:
        self._class_dock.show()
        self._class_dock.raise_()
        self.class_panel.search.setFocus()
        self.class_panel.search.selectAll()

    def _on_opened(self, path: Path, kind: Kind) -> None:
        self._settings.remember(path)
        self._watch()
        self.watcher.expect(path)

    def _on_saved(self, path: Path) -> None:
        self.watcher.expect(path)
        annotations = self.workspace.annotations
        if annotations is not None and annotations.path == path:
            self.open([path])  # what was saved is what is true now

    def _show_start_page(self) -> None:
        """While no video is open."""
        absent = self.workspace.video is None
        if absent:
            self.start_page.show_recent()
        self.start_page.setVisible(absent)

    def _on_video_changed(self) -> None:
        self._show_start_page()
        video = self.workspace.video
        shown = video if video is not None and video.suffix.lower() not in FEATURES else None
        self.video.set_features(None if shown is not None or video is None else video.name)
        self.player.open(shown)
        self.thumbnails.open(shown)
        self._show_title()
        self._watch()

    def _watch(self) -> None:
        workspace = self.workspace
        paths = [workspace.video, *workspace.detections_files]
        paths.append(workspace.annotations.path if workspace.annotations is not None else None)
        paths.extend(model.path for model in self.detector.models)
        self.watcher.watch([path for path in paths if path is not None])

    def _show_title(self) -> None:
        name = self.workspace.name
        self.window.setWindowTitle(f"{name}[*] - {TITLE}" if name else f"{TITLE}[*]")
        self.window.setWindowModified(self.workspace.review.modified)

    def _may_close(self) -> bool:
        return self.dialogs.may_leave()
