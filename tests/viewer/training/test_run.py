"""Training beside the window, by commands that play lpat-train and lpat-export."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from lpat.backbones.appearance import WEIGHTS
from lpat.features.files import write_features
from lpat.files.json_files import write_json
from lpat.localizer import Localizer
from lpat.types import Features, FeatureSpec
from lpat_viewer.training.plan import FEATURES, missing_packages
from lpat_viewer.training.run import Order, Programs, Stage, TrainingRun
from lpat_viewer.training.training_window import TrainingWindow

PYTHON = (sys.executable, "-c")
SAYS = """
import json, sys, pathlib
run = pathlib.Path(sys.argv[sys.argv.index("--output") + 1])
run.mkdir(); (run / "checkpoint").write_text("weights")
for n in (1, 2):
    print(json.dumps({"event": "step", "done": n, "total": 2, "losses": {"total": 1 / n}}),
          file=sys.stderr, flush=True)
"""
WAITS = SAYS + "\nimport time\nwhile True: time.sleep(0.01)\n"
STAYS = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + WAITS
FAILS = SAYS + "\nprint('lpat-train: error: tags.json: no good', file=sys.stderr); sys.exit(1)"
PARTLY = SAYS + "\nprint('failed: b: no such file', file=sys.stderr); sys.exit(3)"
DIES = SAYS + "\nimport os; os.kill(os.getpid(), 9)"
EXPORTS = """
import sys, pathlib
run = pathlib.Path(sys.argv[sys.argv.index("--run") + 1])
pathlib.Path(sys.argv[1]).write_text((run / "checkpoint").read_text())
"""
BREAKS = "import sys; sys.exit('half')"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary folders are made; none is left."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield place
    assert list(place.iterdir()) == []


class Listener:
    """What a run says."""

    def __init__(self, run: TrainingRun) -> None:
        self.stages: list[Stage] = []
        self.finished: list[tuple[Path, str]] = []
        self.failed: list[str] = []
        run.progressed.connect(self.stages.append)
        run.finished.connect(lambda *its: self.finished.append(its))
        run.failed.connect(self.failed.append)

    @property
    def over(self) -> bool:
        return bool(self.finished or self.failed)


Start = Callable[..., tuple[TrainingRun, Listener]]


@pytest.fixture
def start(qtbot: QtBot, tmp_path: Path) -> Iterator[Start]:
    """A function that starts a run of two programs; the model goes to `models/model.onnx`."""
    runs: list[TrainingRun] = []

    def begin(train: str, export: str = EXPORTS) -> tuple[TrainingRun, Listener]:
        model = tmp_path / "models" / "model.onnx"
        order = Order(tmp_path, tmp_path / "tags.json", "lpat", model, None)
        run = TrainingRun(order, Programs((*PYTHON, train), (*PYTHON, export)))
        runs.append(run)
        listener = Listener(run)
        run.start()
        return run, listener

    yield begin
    for run in runs:
        run.stop()


def test_a_model_is_trained_exported_and_put_in_its_place(
    qtbot: QtBot, start: Start, tmp_path: Path
) -> None:
    _, said = start(SAYS)
    qtbot.waitUntil(lambda: said.over)
    model = tmp_path / "models" / "model.onnx"
    assert said.finished == [(model, "")]
    assert model.read_text() == "weights"
    assert said.stages == [
        Stage("Starting"),
        Stage("Training", 1, 2, {"total": 1.0}),
        Stage("Training", 2, 2, {"total": 0.5}),
        Stage("Exporting"),
    ]
    assert [path.name for path in model.parent.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize(
    ("train", "export", "reason"),
    [
        (FAILS, EXPORTS, "tags.json: no good"),
        (DIES, EXPORTS, "the process was killed"),
        (SAYS, BREAKS, "half"),
    ],
)
def test_what_fails_is_one_line_and_leaves_the_model_of_before(
    qtbot: QtBot, start: Start, tmp_path: Path, train: str, export: str, reason: str
) -> None:
    model = tmp_path / "models" / "model.onnx"
    model.parent.mkdir()
    model.write_text("before")
    run, said = start(train, export)
    qtbot.waitUntil(lambda: said.over)
    assert (said.failed, said.finished) == ([reason], [])
    assert not run.running
    assert model.read_text() == "before"


def test_videos_that_failed_are_told_with_the_model(qtbot: QtBot, start: Start) -> None:
    _, said = start(PARTLY)
    qtbot.waitUntil(lambda: said.over)
    assert said.finished[0][1] == "failed: b: no such file"


def test_cancelling_ends_it_and_leaves_nothing(qtbot: QtBot, start: Start, tmp_path: Path) -> None:
    run, said = start(WAITS)
    qtbot.waitUntil(lambda: len(said.stages) == 3)
    run.cancel()
    run.cancel()  # the second changes nothing
    qtbot.waitUntil(lambda: said.over)
    assert said.failed == [""]
    assert not (tmp_path / "models").exists()


def test_one_that_does_not_end_is_killed(
    qtbot: QtBot, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lpat_viewer.training.run.PATIENCE", 50)
    run, said = start(STAYS)
    qtbot.waitUntil(lambda: len(said.stages) == 3)
    run.cancel()
    qtbot.waitUntil(lambda: said.over)
    assert said.failed == [""]


def test_a_command_that_is_not_there_is_one_line(qtbot: QtBot, tmp_path: Path) -> None:
    order = Order(tmp_path, tmp_path / "t.json", "lpat", tmp_path / "m.onnx", None)
    run = TrainingRun(order, Programs(("/no/such/program",), ("",)))
    said = Listener(run)
    run.start()
    qtbot.waitUntil(lambda: said.over)
    assert said.failed[0].startswith("training can't be started: ")


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[TrainingWindow]:
    """A window on a folder of two tagged videos; its programs wait until they are cancelled."""
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).touch()
    database = {"a": {"labels": ["jump"]}, "b": {"labels": []}}
    write_json(tmp_path / "tags.json", {"database": database})
    window = TrainingWindow(cache=None, programs=Programs((*PYTHON, WAITS), (*PYTHON, EXPORTS)))
    window.show()
    yield window
    window.end()


def test_the_window_tells_the_plan_trains_and_stays_usable_when_cancelled(
    qtbot: QtBot, window: TrainingWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models: list[Path] = []
    assert not window.train.isEnabled()
    window.propose(tmp_path, tmp_path / "tags.json", models.append)
    qtbot.waitUntil(lambda: window.plan is not None)
    assert "2 of 2 videos tagged, 1 of them with nothing; 1 labels: jump 1" in window.facts.text()
    assert "Training takes about" in window.facts.text()
    window.train.click()
    qtbot.waitUntil(lambda: window.losses.text() == "total 0.500")
    assert window.message.text().startswith("Training 2 of 2")
    buttons = QMessageBox.StandardButton
    monkeypatch.setattr(QMessageBox, "question", lambda *_: buttons.No)
    assert not window.close()
    window.cancel.click()
    qtbot.waitUntil(lambda: not window.running)
    assert window.message.text() == "Stopped; nothing was written"
    qtbot.waitUntil(window.train.isEnabled)
    assert models == []
    assert window.close()


def test_features_that_see_appearance_are_asked_for_and_put_into_the_model(
    qtbot: QtBot, window: TrainingWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "lpat_viewer.training.training_window.missing_packages",
        lambda needed: "no weights" if WEIGHTS in needed else "",
    )
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    window.propose(tmp_path, tmp_path / "tags.json", lambda model: None)
    window.features.setCurrentIndex([kind.name for kind in FEATURES].index("motion+appearance"))
    qtbot.waitUntil(lambda: "no weights" in window.facts.text())
    assert not window.train.isEnabled()
    window.features.setCurrentIndex(0)
    qtbot.waitUntil(window.train.isEnabled)
    motion, both = (
        Order(tmp_path, tmp_path / "t.json", "lpat", tmp_path / "m.onnx", None, features)
        for features in ("motion", "motion+appearance")
    )
    run = tmp_path / "run"
    assert set(both.train_line(run)) - set(motion.train_line(run)) == {
        "--features", "motion+appearance",
    }  # fmt: skip
    lines = [order.export_line(run, tmp_path / "x.onnx") for order in (motion, both)]
    assert lines[1] == [*lines[0], "--bundle"]


def test_what_stands_in_the_way_is_told(
    qtbot: QtBot, window: TrainingWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.propose(tmp_path / "none", None, lambda model: None)
    qtbot.waitUntil(lambda: "expected a folder of videos" in window.facts.text())
    monkeypatch.setattr(
        "lpat_viewer.training.training_window.missing_packages",
        lambda needed: "training needs torch: x",
    )
    window.propose(tmp_path, None, lambda model: None)
    qtbot.waitUntil(lambda: window.plan is not None)
    assert "training needs torch: x" in window.facts.text()
    assert not window.train.isEnabled()


def test_the_reviewed_videos_beside_the_tags_are_offered_and_trained_on(
    qtbot: QtBot, window: TrainingWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[Order] = []
    monkeypatch.setattr(TrainingRun, "start", lambda run: orders.append(run._order))
    path = tmp_path / "reviewed.json"

    def looked_at() -> str:
        window.propose(tmp_path, tmp_path / "tags.json", lambda model: None)
        qtbot.waitUntil(lambda: window.plan is not None)
        return window.facts.text()

    assert "reviewed" not in looked_at()
    assert window.reviewed.text() == ""
    write_json(path, {"database": {}})  # none is left in it
    assert "reviewed" not in looked_at()
    rows = [{"label": "jump", "segment": [0, 1]}, {"label": "jump", "segment": [2, 3]}]
    write_json(path, {"database": {"a": {"annotations": rows}, "b": {"annotations": []}}})
    assert "2 reviewed, with 2 instances in all" in looked_at()
    assert window.reviewed.text() == str(path)
    window.train.click()
    assert orders[0].train_line(Path("run"))[-2:] == ["--reviewed", str(path)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"database": {"b": {"annotations": [{"label": "run", "segment": [0, 1]}]}}}',
         "reviewed.json: video 'b': its segments show 'run', but its labels say nothing"),
        ("{", "reviewed.json: expected JSON"),
    ],
)  # fmt: skip
def test_reviewed_videos_that_training_would_refuse_are_told_before_it(
    qtbot: QtBot, window: TrainingWindow, tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "reviewed.json").write_text(content, encoding="utf-8")
    window.propose(tmp_path, None, lambda model: None)
    qtbot.waitUntil(lambda: window.plan is not None)
    assert message in window.facts.text()
    assert not window.train.isEnabled()
    window.reviewed.selectAll()  # without it, there is nothing to refuse
    qtbot.keyClick(window.reviewed, Qt.Key.Key_Delete)
    window.look()
    qtbot.waitUntil(window.train.isEnabled)


@pytest.mark.slow
def test_the_real_commands_make_a_model_that_runs(qtbot: QtBot, tmp_path: Path) -> None:
    if missing_packages():
        pytest.skip("training needs packages that aren't installed")
    spec = FeatureSpec("precomputed", 1, {}, 6)
    random = np.random.default_rng(0)
    database = {}
    for number in range(6):
        values = random.normal(size=(20, 6)).astype(np.float32)
        label = "ab"[number % 2]
        values[5:10, number % 2] += 4
        write_features(tmp_path / f"v{number}.safetensors", Features(values, spec, 10.0))
        database[f"v{number}"] = {"labels": [label]}
    write_json(tmp_path / "tags.json", {"database": database})
    rows = [{"label": "a", "segment": [2.5, 5]}]
    write_json(tmp_path / "reviewed.json", {"database": {"v0": {"annotations": rows}}})
    more = ("--steps", "4", "--hidden", "8", "--members", "1", "--context", "1", "--ends", "0",
            "--device", "cpu")  # fmt: skip
    model = tmp_path / "model.onnx"
    reviewed = tmp_path / "reviewed.json"
    order = Order(
        tmp_path, tmp_path / "tags.json", "lpat", model, None, more=more, reviewed=reviewed
    )
    run = TrainingRun(order)
    said = Listener(run)
    run.start()
    qtbot.waitUntil(lambda: said.over)
    assert said.failed == []
    names = dict.fromkeys(stage.name for stage in said.stages)
    assert list(names) == ["Starting", "Features", "Training", "Exporting"]
    assert Localizer(model, "cpu").classes == ("a", "b")
