"""The window that trains a model: what on, what is missing, how far it is."""

from __future__ import annotations

import time as clock
from collections.abc import Callable
from pathlib import Path

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lpat.annotations.reviewed import REVIEWED_NAME
from lpat.features.cache import FeatureCache
from lpat.features.extractors import default_spec
from lpat_viewer.jobs import Job, Jobs, Progress
from lpat_viewer.tagging.opening import open_folder
from lpat_viewer.theme import theme_of
from lpat_viewer.training.plan import (
    FEATURES,
    PRESETS,
    FeatureKind,
    TrainingPlan,
    duration_text,
    missing_packages,
    plan_of,
)
from lpat_viewer.training.run import Order, Programs, Stage, TrainingRun

MEASURED = 3
"""Parts of a stage after which it is known how fast it goes."""


class TrainingWindow(QDialog):
    """Shows a plan before training, stages and losses meanwhile; one run at a time.

    `end` ends what runs.
    """

    def __init__(
        self,
        *,
        cache: FeatureCache | None,
        programs: Programs | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._cache, self._programs = cache, programs
        self._ended = False
        self._take_model: Callable[[Path], None] | None = None
        self._jobs = Jobs(self)
        self._job: Job | None = None
        self._plan: TrainingPlan | None = None
        self._run: TrainingRun | None = None
        self._stage_name = ""
        self._stage_start = (0, 0.0)  # how much was done when it was first told, and when
        self._points: dict[str, list[tuple[float, float]]] = {}
        self.setWindowTitle("Train a model")
        self.resize(640, 600)
        self.folder = _line("Folder of the videos")
        self.tags = _line("File of the tags")
        self.reviewed = _line("File of reviewed videos")
        self.reviewed.setPlaceholderText("none: learn from labels alone")
        self._reviewed_chosen = False  # by the user: then no other is offered
        self.model = _line("File of the model")
        self.preset = QComboBox()
        self.preset.setAccessibleName("Preset")
        self.preset.addItems([preset.title for preset in PRESETS])
        self.features = QComboBox()
        self.features.setAccessibleName("Features")
        self.features.addItems([kind.title for kind in FEATURES])
        self.facts = _text()
        self.message = _text()
        self.bar = QProgressBar()
        self.bar.setAccessibleName("Progress of training")
        self.losses = _text()
        self.plot = pg.PlotWidget(background=theme_of(self.palette()).background)
        self.train = QPushButton("Train")
        self.cancel = QPushButton("Cancel")
        self.close_button = QPushButton("Close")
        self._lay_out()
        self.folder.editingFinished.connect(self.look)
        self.tags.editingFinished.connect(self.look)
        self.reviewed.textEdited.connect(self._on_reviewed_edited)
        self.reviewed.editingFinished.connect(self.look)
        self.features.currentIndexChanged.connect(lambda _: self.look())
        self.preset.currentIndexChanged.connect(lambda _: self._show())
        self.model.textChanged.connect(lambda _: self._show())
        self.train.clicked.connect(self.start)
        self.cancel.clicked.connect(self._cancel)
        self.close_button.clicked.connect(self.close)
        self._show()

    @property
    def plan(self) -> TrainingPlan | None:
        """What would be trained on; None until it is known."""
        return self._plan

    @property
    def running(self) -> bool:
        """Whether something is being trained."""
        return self._run is not None

    def propose(
        self, folder: Path | None, tags: Path | None, take_model: Callable[[Path], None]
    ) -> None:
        """Fill in what is known, unless something is being trained.

        `take_model` gets the path of the model once it is trained.
        """
        if self.running:
            return
        self._take_model = take_model
        self.folder.setText("" if folder is None else str(folder))
        self.tags.setText("" if tags is None else str(tags))
        place = tags.parent if tags is not None else folder
        self.model.setText("" if place is None else str(place / "model.onnx"))
        self.message.setText("")
        self._reviewed_chosen = False
        self.look()

    def look(self) -> None:
        """Find out what there is to be trained on."""
        if self._ended:  # a line that loses the focus is done with, too
            return
        if self._job is not None:
            self._job.cancel()
        self._plan = None
        folder, tags = Path(self.folder.text()), self.tags.text().strip()
        if not self.folder.text().strip():
            self._show_facts("Choose a folder of videos, and the file that says what they show.")
            return
        self._show_facts("Looking at the videos…")
        self._offer_reviewed(Path(tags).parent if tags else folder)
        cache, features = self._cache, self._features
        reviewed = self.reviewed.text().strip()

        def work(progress: Progress) -> TrainingPlan:
            opened = open_folder(folder, Path(tags) if tags else None)
            return plan_of(
                opened, cache, features, cancelled=lambda: progress.cancelled,
                reviewed=Path(reviewed) if reviewed else None,
            )  # fmt: skip

        self._job = self._jobs.start(work, on_done=self._on_plan, on_failed=self._show_facts)

    def start(self) -> None:
        """Train, if nothing is in the way."""
        plan = self._plan
        if plan is None or not self.train.isEnabled():
            return
        self._points = {}
        self.plot.clear()
        self.losses.setText("")
        order = Order(
            plan.folder, plan.tags, PRESETS[self.preset.currentIndex()].name,
            Path(self.model.text()), None if self._cache is None else self._cache.folder,
            self._features.name, reviewed=plan.reviewed,
        )  # fmt: skip
        run = self._run = TrainingRun(order, self._programs, self)
        run.progressed.connect(self._on_stage)
        run.finished.connect(self._on_finished)
        run.failed.connect(self._on_failed)
        run.start()
        self._show()

    def end(self) -> None:
        """End everything that runs, and delete it soon."""
        self._ended = True
        if self._run is not None:
            self._run.stop()
        self._jobs.stop()
        self.deleteLater()

    def reject(self) -> None:
        """Qt's: Escape closes it as its button does."""
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: ask before a run is given up."""
        if self._run is not None:
            buttons = QMessageBox.StandardButton
            answer = QMessageBox.question(
                self, "Training goes on", "Stop training?", buttons.Yes | buttons.No, buttons.No
            )
            if answer != buttons.Yes:
                event.ignore()
                return
            self._cancel()
        event.accept()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow(*_row("&Videos", self.folder, self._choose_folder))
        form.addRow(*_row("&Tags", self.tags, self._choose_tags))
        form.addRow(*_row("&Reviewed", self.reviewed, self._choose_reviewed))
        form.addRow("&Features", self.features)
        form.addRow("&Preset", self.preset)
        form.addRow(*_row("&Model", self.model, self._choose_model))
        row = QHBoxLayout()
        row.addStretch(1)
        for button in (self.train, self.cancel, self.close_button):
            button.setAutoDefault(False)
            row.addWidget(button)
        theme = theme_of(self.palette())
        self.plot.getAxis("left").setTextPen(theme.text)
        self.plot.getAxis("bottom").setTextPen(theme.text)
        self.plot.setLabel("bottom", "step")
        self.plot.setLabel("left", "loss")
        self.plot.setMouseEnabled(False, False)
        self.plot.hideButtons()
        self.plot.setMenuEnabled(False)
        self._colour = theme.chosen
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self.facts)
        column.addWidget(self.bar)
        column.addWidget(self.losses)
        column.addWidget(self.plot, 1)
        column.addWidget(self.message)
        column.addLayout(row)

    @property
    def _features(self) -> FeatureKind:
        return FEATURES[self.features.currentIndex()]

    def _choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Videos to train on", self.folder.text())
        if name:
            self.folder.setText(name)
            self.look()

    def _choose_tags(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "What they show", self.tags.text() or self.folder.text(), "Tags (*.json *.csv)"
        )
        if name:
            self.tags.setText(name)
            self.look()

    def _choose_reviewed(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "Videos in which every instance is marked",
            self.reviewed.text() or self.tags.text() or self.folder.text(),
            "Reviewed videos (*.json)",
        )  # fmt: skip
        if name:
            self.reviewed.setText(name)
            self._reviewed_chosen = True
            self.look()

    def _on_reviewed_edited(self) -> None:
        self._reviewed_chosen = True

    def _offer_reviewed(self, folder: Path) -> None:
        """Fill in the file of reviewed videos that lies beside the tags, unless one was chosen."""
        if not self._reviewed_chosen:
            path = folder / REVIEWED_NAME
            self.reviewed.setText(str(path) if path.is_file() else "")

    def _choose_model(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, "Where the model goes", self.model.text(), "Models (*.onnx)"
        )
        if name:
            path = Path(name)
            self.model.setText(str(path if path.suffix else path.with_suffix(".onnx")))

    def _cancel(self) -> None:
        if self._run is not None:
            self._run.cancel()
            self.message.setText("stopping…")

    def _on_plan(self, plan: TrainingPlan) -> None:
        self._job = None
        self._plan = plan
        self._show()

    def _on_stage(self, stage: Stage) -> None:
        self.bar.setRange(0, stage.total)
        self.bar.setValue(stage.done)
        of = f" {stage.done} of {stage.total}" if stage.total else ""
        self.message.setText(f"{stage.name}{of}{self._remaining(stage)}")
        if not stage.losses:
            return
        self.losses.setText(", ".join(f"{n} {value:.3f}" for n, value in stage.losses.items()))
        name = "total" if "total" in stage.losses else next(iter(stage.losses))
        points = self._points.setdefault(name, [])
        points.append((stage.done, stage.losses[name]))
        self.plot.clear()
        self.plot.plot(*map(list, zip(*points, strict=True)), pen=pg.mkPen(self._colour, width=1))

    def _remaining(self, stage: Stage) -> str:
        """How long the rest of a stage takes, as fast as it has gone so far."""
        now = clock.monotonic()
        if stage.name != self._stage_name:
            self._stage_name, self._stage_start = stage.name, (stage.done, now)
        done_before, start = self._stage_start
        done = stage.done - done_before
        if done < MEASURED:
            return ""
        rest = (now - start) / done * (stage.total - stage.done)
        return f", {duration_text(rest)} left" if rest >= 1 else ""

    def _on_finished(self, model: Path, remark: str) -> None:
        self._end_run()
        self.message.setText(f"Trained: {model}" + (f"; {remark}" if remark else ""))
        if self._take_model is not None:
            self._take_model(model)

    def _on_failed(self, reason: str) -> None:
        self._end_run()
        text = f"Not trained: {reason}" if reason else "Stopped; nothing was written"
        self.message.setText(text)

    def _end_run(self) -> None:
        if self._run is not None:
            self._run.deleteLater()
            self._run = None
        self.bar.setRange(0, 1)
        self.bar.setValue(0)
        self._show()
        self.look()  # features that were extracted needn't be any more

    def _show_facts(self, text: str) -> None:
        self.facts.setText(text)
        self._show_buttons("no plan")

    def _show(self) -> None:
        plan = self._plan
        if plan is None:
            self._show_buttons("no plan")
            return
        missing = missing_packages(self._features.needed())
        hindrance = plan.hindrance or missing or _no_model_name(self.model.text())
        lines = [
            f"{plan.tagged} of {plan.videos} videos tagged, {plan.nothing} of them with nothing; "
            f"{len(plan.labels)} labels: "
            + (", ".join(f"{label} {count}" for label, count in plan.labels.items()) or "none"),
            *(f"- {remark}" for remark in plan.remarks),
        ]
        if plan.reviewed_videos:
            lines.append(
                f"{plan.reviewed_videos} reviewed, with {plan.instances} instances in all: "
                "their times are learned from, too"
            )
        if hindrance:
            lines.append(hindrance)
        else:
            preset = PRESETS[self.preset.currentIndex()]
            seconds = plan.estimate(preset, default_spec().snippet_seconds, self._features)
            lines.append(
                f"Training takes {duration_text(seconds)} on two cores that do nothing else."
            )
        self.facts.setText("\n".join(lines))
        self._show_buttons(hindrance)

    def _show_buttons(self, hindrance: str) -> None:
        running = self.running
        self.train.setEnabled(not hindrance and not running)
        self.cancel.setEnabled(running)
        fields = (self.folder, self.tags, self.reviewed, self.features, self.preset, self.model)
        for widget in fields:
            widget.setEnabled(not running)


def _no_model_name(text: str) -> str:
    return "" if text.strip().endswith(".onnx") else "the model's file needs a name ending in .onnx"


def _line(name: str) -> QLineEdit:
    line = QLineEdit()
    line.setAccessibleName(name)
    return line


def _text() -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _row(text: str, line: QLineEdit, choose: Callable[[], None]) -> tuple[QLabel, QHBoxLayout]:
    label = QLabel(text)
    label.setBuddy(line)
    button = QPushButton("Choose…")
    button.setAutoDefault(False)
    button.clicked.connect(choose)
    row = QHBoxLayout()
    row.addWidget(line, 1)
    row.addWidget(button)
    return label, row
