"""The line at the bottom: where the playhead is, how fast, and how well the detections do."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from lpat.report.timeline import clock_text
from lpat_viewer.models.workspace import Workspace


class StatusLine(QStatusBar):
    """Time and speed at the left; hits, misses and false alarms at the right."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.time = QLabel()
        self.time.setAccessibleName("Time")
        self.verdicts = QLabel()
        self.verdicts.setAccessibleName("Hits, misses and false alarms")
        self.addWidget(self.time)
        self.addPermanentWidget(self.verdicts)
        playhead = workspace.playhead
        playhead.time_changed.connect(self._show_time)
        playhead.duration_changed.connect(self._show_time)
        playhead.speed_changed.connect(self._show_time)
        playhead.loop_changed.connect(self._show_time)
        workspace.verdicts_changed.connect(self._show_verdicts)
        self._show_time()
        self._show_verdicts()

    def _show_time(self, _: object = None) -> None:
        playhead = self._workspace.playhead
        text = f"{clock_text(playhead.time, 3)} of {clock_text(playhead.duration, 3)}"
        if playhead.speed != 1:
            text += f"   {playhead.speed:g} x"
        if playhead.loop is not None:
            start, end = (clock_text(time, 2) for time in playhead.loop)
            text += f"   looping {start} to {end}"
        self.time.setText(text if playhead.duration else "")

    def _show_verdicts(self) -> None:
        verdicts = self._workspace.verdicts
        if verdicts is None:
            self.verdicts.setText("")
            return
        hits, found = int(verdicts.hits.sum()), int(verdicts.found.sum())
        counts = {
            "hits": hits,
            "false alarms": len(verdicts.hits) - hits,
            "misses": len(verdicts.found) - found,
        }
        text = ", ".join(f"{name}: {count}" for name, count in counts.items())
        self.verdicts.setText(f"{text}   (tIoU {self._workspace.display.tiou:.2f})")
