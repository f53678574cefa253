"""What the window is made of, for those who act on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lpat_viewer.detection.detector import Detector
from lpat_viewer.models.corrections import Corrections
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.playback.player import Player
from lpat_viewer.playback.video_view import VideoView
from lpat_viewer.timeline.lane_tools import LaneTools
from lpat_viewer.windows.opening import Opener
from lpat_viewer.windows.reviewing import Reviewing


@dataclass(frozen=True)
class Parts:
    """Models, those who work for them, and the views that commands act on."""

    workspace: Workspace
    player: Player
    video: VideoView
    detector: Detector
    corrections: Corrections
    opener: Opener
    lane_tools: LaneTools
    reviewing: Reviewing
    find_class: Callable[[], None]

    def toggle_drawing(self) -> None:
        """Whether dragging in the lanes draws segments."""
        self.lane_tools.set_drawing(not self.lane_tools.drawing)

    def reload(self) -> None:
        """Read all open files again, as they are now."""
        workspace = self.workspace
        annotations = workspace.annotations
        paths = [
            annotations.path if annotations is not None else None,
            *workspace.detections_files,
            *(model.path for model in self.detector.models),
            workspace.video,
        ]
        self.opener.open([path for path in paths if path is not None])
