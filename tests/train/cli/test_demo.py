"""The demo from nothing to its report, on fewer and shorter videos."""

import json
from pathlib import Path

import pytest

from lpat.formats.detections import read_detections
from lpat_train.cli.demo_run import run_demo
from lpat_train.demo.plan import Recipe

RECIPE = Recipe(seed=3, width=96, height=72, seconds=(6.0, 8.0))
QUICK = ("--steps", "10", "--hidden", "16")


@pytest.mark.slow
def test_the_demo_goes_all_the_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "demo"
    report = run_demo(folder, training=5, test=3, recipe=RECIPE, train_options=QUICK)
    shown = capsys.readouterr().out
    for line in ("$ lpat-train ", "$ lpat-export ", "$ lpat-detect ", "$ lpat-eval "):
        assert line in shown
    assert "\n  predicted " in shown
    assert "\n  manual " in shown
    page = report.read_text(encoding="utf-8")
    assert page.count("<figure") == 3
    assert page.count("<svg") >= 3
    assert len(read_detections(folder / "detections" / "detections.json")) == 8

    before = {path: path.stat().st_mtime_ns for path in (folder / "videos").iterdir()}
    run_demo(folder, training=4, test=2, recipe=RECIPE, train_options=QUICK)
    after = {path: path.stat().st_mtime_ns for path in (folder / "videos").iterdir()}
    assert after.items() < before.items()
    assert len(after) == 6
    document = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
    assert len(document["database"]) == 6
