"""Training as a Python call: the examples of its documentation, and what they leave out."""

import ast
import doctest
import subprocess
import sys
from pathlib import Path

import pytest

import lpat_train
from lpat.errors import AnnotationError, LpatError, UsageError, install_advice
from lpat_train import read_run, train

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "api-training.md"


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_examples_of_the_documentation_do_what_they_say(dataset, in_folder: Path) -> None:
    dataset()
    result = doctest.testfile(
        str(EXAMPLES), module_relative=False,
        optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL,
    )  # fmt: skip
    assert (result.attempted > 5, result.failed) == (True, 0)
    (folder,) = (path for path in (in_folder / "runs").iterdir() if path.name != "latest")
    assert (in_folder / "runs" / "latest").resolve() == folder
    run = read_run("runs/latest")
    assert (run.config.steps, run.config.hidden, run.classes) == (8, 16, ("a", "b"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": "many"}, r"'--steps': 'many' is not a valid integer"),
        ({"steps": [3, 4]}, r"steps: expected one value, not \[3, 4\]"),
        ({"overwrite": 1}, "overwrite: expected True or False, not 1"),
        ({"preset": "best"}, "'best' is not one of 'lpat', 'paper', 'lpat-x'"),
        ({"sparsity": 0.1}, "--sparsity: an option of stpn, not of method lpat"),
        ({"help": True}, "help: no option of lpat-train"),
        ({"resume": "runs/latest", "output": "out"}, "resume: goes on in the run's own folder"),
    ],
)
def test_a_bad_option_is_named_and_leaves_no_folder(
    dataset, in_folder: Path, options: dict[str, object], message: str
) -> None:
    features, annotations = dataset()
    with pytest.raises(UsageError, match=message):
        train(features, annotations, **options)  # pyright: ignore[reportArgumentType]
    assert not list((in_folder / "runs").glob("*"))


def test_what_cannot_be_read_is_told_as_by_the_command(dataset, in_folder: Path) -> None:
    features, annotations = dataset()
    with pytest.raises(AnnotationError, match=r"nowhere\.json: no such file"):
        train(features, "nowhere.json")
    with pytest.raises(LpatError):
        train([], annotations)
    for wrong in (None, 5, [None], {features: 1, 3: 2}):
        with pytest.raises(UsageError, match=r"videos: expected a path or several, not (None|5|3)"):
            train(wrong, annotations)  # pyright: ignore[reportArgumentType]
    with pytest.raises(UsageError, match=r"annotations: expected the path of a file, not \{\}"):
        train(features, {})  # pyright: ignore[reportArgumentType]
    with pytest.raises(UsageError, match="expected a training run"):
        read_run(in_folder)


def test_flags_and_lists_become_words(dataset, in_folder: Path) -> None:
    features, annotations = dataset()
    options = {"standardize": False, "skip_missing": True, "no_cache": True, "config": None}
    some = sorted(features.iterdir())[:8]
    run = train(some, annotations, output="out", steps=2, hidden=8, ends=0.0, quiet=True, **options)
    assert (run.config.standardize, run.folder) == (False, Path("out"))
    assert run.videos < 10
    assert not (in_folder / "runs").exists()
    with pytest.raises(UsageError, match="out: holds a run already"):
        train(features, annotations, output="out", quiet=True)


def test_without_pytorch_one_line_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import lpat_train; from lpat.errors import MissingPackageError\n"
        "try: lpat_train.train\n"
        "except MissingPackageError as error: print(error)"
    )
    said = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert said == f"lpat_train.train needs torch: {install_advice('train')}\n"


def test_type_checkers_are_told_the_same_names() -> None:
    stub = Path(lpat_train.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    told = next(
        ast.literal_eval(node.value)
        for node in ast.parse(stub).body
        if isinstance(node, ast.Assign)
    )
    assert sorted(told) == sorted(lpat_train.__all__)
    assert all(getattr(lpat_train, name) for name in told)
    assert set(told) <= set(dir(lpat_train))
