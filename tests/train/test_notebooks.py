"""The notebooks of `examples/` run from top to bottom, and are stored without outputs."""

import ast
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from matplotlib import pyplot

from lpat.files.json_files import write_json
from lpat_train.demo.plan import Recipe

NOTEBOOKS = Path(__file__).resolve().parents[2] / "examples"
QUICK = {"steps": 8, "hidden": 16, "ends": 0.5, "jobs": 1}


def cells(name: str) -> list[dict[str, Any]]:
    return json.loads((NOTEBOOKS / name).read_text(encoding="utf-8"))["cells"]


def run(name: str, parameters: dict[str, Any]) -> list[Any]:
    """Run a notebook's cells as Jupyter does, with other values after the cell of parameters.

    The values with which its cells end.
    """
    space: dict[str, Any] = {"__name__": "__main__"}
    shown: list[Any] = []
    for cell in cells(name):
        if cell["cell_type"] != "code":
            continue
        code = ast.parse("".join(cell["source"]))
        last = code.body.pop() if isinstance(code.body[-1], ast.Expr) else None
        exec(compile(code, name, "exec"), space)
        if isinstance(last, ast.Expr):
            shown.append(eval(compile(ast.Expression(last.value), name, "eval"), space))
        if "parameters" in cell["metadata"].get("tags", []):
            assert set(parameters) <= set(space)
            space |= parameters
    return [value for value in shown if value is not None]


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder to work in, with a cache of its own; figures are closed afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LPAT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    yield tmp_path
    pyplot.close("all")


@pytest.mark.parametrize("name", [path.name for path in NOTEBOOKS.glob("*.ipynb")])
def test_a_notebook_is_stored_without_outputs(name: str) -> None:
    for cell in cells(name):
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
    ids = [cell["id"] for cell in cells(name)]
    assert len(set(ids)) == len(ids)
    assert (NOTEBOOKS / name).stat().st_size < 10_000


@pytest.mark.slow
def test_the_quickstart_shows_what_it_finds(
    in_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = Recipe(seed=3, width=96, height=72, seconds=(6.0, 6.0))
    shown = run("quickstart.ipynb", {"TRAINING": 4, "TEST": 1, "RECIPE": recipe, "OPTIONS": QUICK})
    kinds = [type(value).__name__ for value in shown]
    assert kinds == ["Run", "Localizer", "Scores", "Detections", "Axes"]
    assert all(value._repr_html_() for value in shown[2:4])
    assert "Average precision in % by tIoU" in capsys.readouterr().out


def test_the_notebook_for_own_videos_goes_all_the_way(
    dataset, in_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    features, annotations = dataset(training=10, test=0)
    tags = "".join(f"v{n},{('a', 'b', 'a;b')[n % 3]}\n" for n in range(10))
    (in_folder / "tags.csv").write_text(f"video,labels\n{tags}", encoding="utf-8")
    some = in_folder / "some"
    some.mkdir()
    shutil.copy(features / "v0.safetensors", some)
    (some / "broken.safetensors").write_bytes(b"nothing")
    truth = json.loads(annotations.read_text(encoding="utf-8"))
    write_json(in_folder / "truth.json", {"database": {"v0": truth["database"]["v0"]}})
    run("own_videos.ipynb", {"VIDEOS": str(features), "NEW_VIDEOS": str(some),
                             "TRUTH": "truth.json", "OPTIONS": QUICK})  # fmt: skip
    said = capsys.readouterr().out
    assert "broken: " in said
    assert "1 videos judged" in said
    assert (in_folder / "detections.csv").is_file()
