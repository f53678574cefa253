"""lpat-train and lpat-export as a user meets them, on small feature files."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner, Result

from lpat.cli import detect, evaluate
from lpat.errors import AnnotationError, LpatError, OutputError, UsageError
from lpat.files.json_files import write_json
from lpat.files.locks import locked_folder
from lpat_train.cli import export, train

QUICK = ("--steps", "8", "--hidden", "16", "--device", "cpu", "--no-cache")


def invoke(command, *arguments: object) -> Result:
    """The command in this process; it returns its exit code and raises its errors."""
    return CliRunner().invoke(
        command, [*map(str, arguments)], standalone_mode=False, catch_exceptions=False
    )


def run_train(folder: Path, annotations: Path, *more: object) -> Result:
    return invoke(train.command, folder, "--annotations", annotations, *QUICK, *more)


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the process works in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_from_labels_to_evaluated_detections(dataset, in_folder: Path) -> None:
    features, annotations = dataset()
    trained = run_train(features, annotations, "--validate", "test", "--progress", "json")
    assert trained.return_value == 0
    told = [json.loads(line) for line in trained.stderr.splitlines() if line.startswith("{")]
    assert [(its["done"], its["total"]) for its in told if its["event"] == "step"] == [
        (done, 8) for done in range(1, 9)
    ]
    assert told[0] == {"event": "features", "done": 1, "total": 10}
    assert all("total" in its["losses"] for its in told if its["event"] == "step")
    assert "training on 10 videos, 2 classes" in trained.output
    assert "classes, with their videos: a 7, b 6\n" in trained.output
    assert "manual" in trained.output
    runs = sorted(path.name for path in (in_folder / "runs").iterdir())
    assert runs[-1] == "latest"
    assert (in_folder / "runs" / "latest").resolve().name == runs[0]
    written = {path.name for path in (in_folder / "runs" / "latest").iterdir()}
    assert {"checkpoint.safetensors", "config.toml", "run.json"} < written
    assert any(name.startswith("events.out.tfevents") for name in written)

    exported = invoke(export.command, "my model.onnx")
    assert exported.return_value == 0
    assert "T = 1, 2, 17, 320, 2000" in exported.output
    assert "lpat-detect 'my model.onnx' VIDEO_OR_FOLDER" in exported.output

    assert invoke(detect.command, "my model.onnx", features, "--output", "out").return_value == 0
    judged = invoke(
        evaluate.command, annotations, "out/detections.json", "--subset", "test", "--json", "e.json"
    )
    assert judged.return_value in (0, None)
    document = json.loads((in_folder / "e.json").read_text(encoding="utf-8"))
    assert document["protocol"] == "activitynet"


def test_a_run_ends_with_a_report_once(dataset, in_folder: Path) -> None:
    features, annotations = dataset()
    (features / "v3.safetensors").write_bytes(b"broken")
    trained = run_train(features, annotations, "--output", "run")
    assert trained.output.count("what would help most: ") == 1
    assert "3 folds in " in trained.output
    page = (in_folder / "run" / "report.html").read_text("utf-8")
    assert "What would help most" in page
    assert "Left out, &#39;v3&#39;: " in page
    document = json.loads((in_folder / "run" / "report.json").read_text("utf-8"))
    assert [(entry["label"], entry["videos"]) for entry in document["classes"]] == [
        ("a", 6), ("b", 6),
    ]  # fmt: skip
    resumed = invoke(
        train.command, features, "--annotations", annotations, "--resume", "run", "--no-cache"
    )
    assert resumed.output.count("what would help most: ") == 1
    without = run_train(features, annotations, "--output", "run", "--overwrite", "--no-report")
    assert "help most" not in without.output
    assert not (in_folder / "run" / "report.html").exists()


def test_a_run_that_another_process_writes_is_left_alone(dataset, in_folder: Path) -> None:
    features, annotations = dataset()
    run_train(features, annotations, "--output", "run", "--steps", "2", "--no-report")
    before = {path.name: path.read_bytes() for path in Path("run").iterdir()}
    resume = (
        train.command, features, "--annotations", annotations, "--resume", "run", "--no-cache",
    )  # fmt: skip
    with locked_folder(Path("run")):
        with pytest.raises(OutputError, match=r"run: process .* is writing into it already"):
            invoke(*resume)
        with pytest.raises(OutputError, match=r"run: process .* is writing into it already"):
            run_train(features, annotations, "--output", "run", "--overwrite")
    assert {path.name: path.read_bytes() for path in Path("run").iterdir()} == before


def test_a_run_that_was_stopped_before_its_first_checkpoint_may_begin_again(
    dataset, in_folder: Path
) -> None:
    features, annotations = dataset()
    options = ("--output", "run", "--steps", "2", "--no-report")
    run_train(features, annotations, *options)
    Path("run/checkpoint.safetensors").unlink()
    resume = ("--annotations", annotations, "--resume", "run", "--no-cache")
    with pytest.raises(
        UsageError, match="expected a checkpoint, but it holds none yet; train anew"
    ):
        invoke(train.command, features, *resume)
    assert run_train(features, annotations, *options).return_value == 0
    with pytest.raises(UsageError, match="run: holds a run already"):
        run_train(features, annotations, *options)


def test_a_run_goes_on_with_the_reviewed_videos_that_it_learned_from(
    dataset, in_folder: Path
) -> None:
    features, annotations = dataset()
    database = json.loads(annotations.read_text("utf-8"))["database"]
    name, its = next((n, v) for n, v in database.items() if v["subset"] == "training")
    labels = [*its.get("labels", ()), *(row["label"] for row in its.get("annotations", ()))]
    rows = [{"label": label, "segment": [0, 1]} for label in dict.fromkeys(labels)]
    rows.append({"label": labels[0], "segment": [1000, 2000]})
    write_json(in_folder / "reviewed.json", {"database": {name: {"annotations": rows}}})
    trained = run_train(
        features, annotations, "--output", "run", "--no-report", "--reviewed", "reviewed.json",
        "--steps", "2",
    )  # fmt: skip
    assert f"marked: 1 reviewed video with {len(rows) - 1} instance" in trained.output
    assert f"1 mark past the end of the video left out (first: {name!r}: " in trained.stderr
    resume = (
        train.command, features, "--annotations", annotations, "--resume", "run", "--no-cache",
        "--no-report",
    )  # fmt: skip
    with pytest.raises(UsageError, match=rf"learned from 1 reviewed video \({name}\), not from 0"):
        invoke(*resume)
    assert invoke(*resume, "--reviewed", "reviewed.json").return_value == 0


def test_the_exported_file_is_one_with_dynamic_axes(dataset, in_folder: Path) -> None:
    run_train(*dataset(), "--output", "run")
    invoke(export.command, "out/model.onnx", "--run", "run")
    assert [path.name for path in (in_folder / "out").iterdir()] == ["model.onnx"]
    model = onnx.load(in_folder / "out" / "model.onnx", load_external_data=False)

    def axes(value: onnx.ValueInfoProto) -> list[str | int]:
        return [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]

    shapes = {value.name: axes(value) for value in (*model.graph.input, *model.graph.output)}
    assert shapes == {
        "features": ["B", "T", 12],
        "scores": ["B", "T", 2],
        "background": ["B", "T"],
        "probabilities": ["B", 3],
        "chances": ["B", "T", 2],
        "distances": ["B", "T", 2],
    }
    metadata = json.loads({entry.key: entry.value for entry in model.metadata_props}["lpat"])
    assert metadata["schema"] == 1
    assert metadata["classes"] == ["a", "b"]
    assert metadata["training"]["videos"] == 10


def test_an_exported_file_says_nothing_of_the_machine(dataset, in_folder: Path) -> None:
    run_train(*dataset(), "--output", "run")
    invoke(export.command, "model.onnx", "--run", "run")
    assert b"lpat_train" not in (in_folder / "model.onnx").read_bytes()
    graph = onnx.load(in_folder / "model.onnx").graph
    noted = (*graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer)
    assert not any(its.metadata_props for its in noted)


def test_a_run_can_be_resumed(dataset, in_folder: Path) -> None:
    features, annotations = dataset()
    run_train(features, annotations, "--output", "whole")
    run_train(features, annotations, "--output", "parts", "--steps", "3")
    config = in_folder / "parts" / "config.toml"
    config.write_text((in_folder / "whole" / "config.toml").read_text("utf-8"), "utf-8")
    resumed = invoke(
        train.command, features, "--annotations", annotations, "--resume", "parts", "--no-cache"
    )
    assert resumed.return_value == 0
    name = "checkpoint.safetensors"
    assert (in_folder / "parts" / name).read_bytes() == (in_folder / "whole" / name).read_bytes()


def test_options_change_the_toml_file_and_that_the_preset(dataset, in_folder: Path) -> None:
    (in_folder / "my.toml").write_text("dropout = 0.1\nsteps = 9\n", encoding="utf-8")
    run_train(*dataset(), "--output", "run", "--preset", "paper", "--config", "my.toml")
    config = tomllib.loads((in_folder / "run" / "config.toml").read_text(encoding="utf-8"))
    assert (config["steps"], config["dropout"], config["balance"]) == (8, 0.1, 0.2)


def test_an_option_changes_what_the_method_brings(dataset, in_folder: Path) -> None:
    more = ("--method", "wtalc", "--casl", "0.25", "--minimum-snippets", "1")
    run_train(*dataset(), "--output", "run", "--preset", "paper", *more)
    config = tomllib.loads((in_folder / "run" / "config.toml").read_text(encoding="utf-8"))
    assert (config["method"], config["casl"], config["minimum_snippets"]) == ("wtalc", 0.25, 1)
    assert (config["threshold"], config["learning_rate"]) == ("manual", 1e-3)
    assert config["boundary"] == "snippet"  # of the preset, as the method says nothing of it


def test_a_run_is_never_overwritten_unasked(dataset, in_folder: Path) -> None:
    features, annotations = dataset()
    run_train(features, annotations, "--output", "run")
    before = (in_folder / "run" / "checkpoint.safetensors").read_bytes()
    with pytest.raises(UsageError, match="run: holds a run already; --resume goes on with it"):
        run_train(features, annotations, "--output", "run", "--seed", "1")
    assert (in_folder / "run" / "checkpoint.safetensors").read_bytes() == before
    again = run_train(features, annotations, "--output", "run", "--seed", "1", "--overwrite")
    assert again.return_value == 0
    assert (in_folder / "run" / "checkpoint.safetensors").read_bytes() != before
    assert len(list((in_folder / "run").glob("events*"))) == 1


def test_a_resumed_run_keeps_its_config(dataset, in_folder: Path) -> None:
    features, annotations = dataset()
    run_train(features, annotations, "--output", "run")
    with pytest.raises(UsageError, match="--resume goes on under the run's own config"):
        run_train(features, annotations, "--resume", "run")


@pytest.mark.parametrize(
    ("more", "kind", "message"),
    [
        (("--subset", "dev"), AnnotationError, "no subset 'dev'; its subsets: training, test"),
        (("--validate", "dev"), AnnotationError, "no subset 'dev'"),
        (("--config", "nowhere.toml"), UsageError, "nowhere.toml: no such file"),
        (("--dropout", "2"), UsageError, "dropout: expected 0 to 0.99, not 2.0"),
        (
            ("--method", "stpn", "--casl", "1"),
            UsageError,
            "--casl: an option of lpat, wtalc, not of",
        ),
        (("--resume", "nowhere"), UsageError, "leave out other settings"),
        (("--output", "file/run"), OutputError, "file/run.*can't be written"),
    ],
)
def test_bad_usage_is_refused_before_training(
    dataset, in_folder: Path, more, kind: type[LpatError], message: str
) -> None:
    (in_folder / "file").touch()
    with pytest.raises(kind, match=message):
        run_train(*dataset(), *more)
    assert not (in_folder / "runs").exists()


def test_a_label_that_training_never_saw_is_refused_at_once(dataset, in_folder: Path) -> None:
    features, annotations = dataset()
    document = json.loads(annotations.read_text(encoding="utf-8"))
    document["database"]["v10"]["annotations"][0]["label"] = "zebra"
    write_json(annotations, document)
    with pytest.raises(AnnotationError, match="'v10' of subset 'test' shows 'zebra', a label that"):
        run_train(features, annotations, "--validate", "test")
    assert not (in_folder / "runs").exists()


def test_what_is_odd_in_the_labels_is_summed_up_and_ambiguous_times_need_no_file(
    dataset, in_folder: Path
) -> None:
    features, annotations = dataset()
    database = json.loads(annotations.read_text())["database"]
    database["v0"]["labels"] = ["c"]
    ambiguous = [{"label": "Ambiguous", "segment": [1, 2]}]
    for subset in ("training", "test"):
        database[subset] = {"subset": subset, "annotations": ambiguous}
    write_json(annotations, {"database": database})
    trained = run_train(features, annotations, "--validate", "test", "--steps", "2")
    assert trained.return_value == 0
    assert "training on 10 videos, 2 classes" in trained.output
    assert (
        f"{annotations}: 1 videos: labels disagree with their segments (first: 'v0': the list "
        "lacks a; no segment shows c); the segments' labels count\n"
    ) in trained.stderr


@pytest.mark.parametrize(
    ("method", "line", "videos"),
    [
        ("lpat", "2 videos without a label: nothing happens in them", 9),
        ("wtalc", "2 videos without a label left out, as wtalc learns from labels alone", 7),
    ],
)
def test_videos_without_labels_are_trained_on_where_a_method_can_and_judged_all_the_same(
    dataset, in_folder: Path, method: str, line: str, videos: int
) -> None:
    features, annotations = dataset()
    database = json.loads(annotations.read_text())["database"]
    for name in ("v3", "v4", "v11"):
        database[name]["annotations"] = []
    del database["v5"]["annotations"]
    write_json(annotations, {"database": database})
    trained = run_train(
        features, annotations, "--validate", "test", "--steps", "2", "--method", method
    )
    assert trained.return_value == 0
    assert f"{annotations}: {line}\n" in trained.stderr
    said = "1 videos: what they show isn't said (first: 'v5': neither annotations nor labels)"
    assert f"{annotations}: {said}; left out\n" in trained.stderr
    assert f"training on {videos} videos, 2 classes" in trained.output
    assert "\n4 videos, protocol" in trained.output


def test_folders_name_labels(dataset, in_folder: Path) -> None:
    features, _ = dataset()
    for number, name in enumerate(("a", "b", "nothing") * 4):
        (features / name).mkdir(exist_ok=True)
        file = features / f"v{number}.safetensors"
        file.rename(features / name / file.name)
    copy = features / "b" / "copy.safetensors"
    copy.write_bytes((features / "a" / "v0.safetensors").read_bytes())
    trained = invoke(train.command, "features", "--labels-from-folders", *QUICK, "--steps", "2")
    assert trained.return_value == 0
    assert "training on 12 videos, 2 classes" in trained.output
    assert "v0.safetensors and " in trained.stderr
    assert "the same video; it shows a, b" in trained.stderr
    assert "2 videos at the top, in no folder that names a label" in trained.stderr
    assert "features: 4 videos without a label: nothing happens in them" in trained.stderr


@pytest.mark.parametrize("more", [[], ["--annotations", "x.json", "--labels-from-folders"]])
def test_labels_come_from_one_place(in_folder: Path, more: list[str]) -> None:
    with pytest.raises(UsageError, match="either --annotations FILE or --labels-from-folders"):
        invoke(train.command, in_folder, *more)


def test_a_video_that_cannot_be_read_is_named_and_left_out(dataset, in_folder: Path) -> None:
    features, annotations = dataset()
    (features / "v3.safetensors").write_bytes(b"broken")
    trained = run_train(features, annotations)
    assert trained.return_value == 3
    assert "failed: v3: " in trained.output
    assert "training on 9 videos" in trained.output


@pytest.mark.usefixtures("in_folder")
def test_an_export_without_a_run_is_refused() -> None:
    with pytest.raises(UsageError, match="runs/latest: expected a training run"):
        invoke(export.command, "model.onnx")


def test_an_export_needs_an_onnx_name(dataset, in_folder: Path) -> None:
    run_train(*dataset(), "--output", "run")
    with pytest.raises(OutputError, match=r"model\.pt: expected a name that ends in \.onnx"):
        invoke(export.command, "model.pt", "--run", "run")
    assert not (in_folder / "model.pt").exists()


def test_unknown_options_and_values_exit_with_1(tmp_path: Path) -> None:
    for more in (["--lambda", "1"], ["--steps", "many"], ["--preset", "x"]):
        done = subprocess.run(
            [sys.executable, "-m", "lpat_train.cli.train", "x", "--annotations", "y", *more],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        assert more[0] in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["train", "export", "demo"])
def test_help_does_not_load_torch(modules_loaded_by_help, name: str) -> None:
    loaded = modules_loaded_by_help(f"lpat_train.cli.{name}")
    assert loaded & {"torch", "onnx", "onnxruntime", "cv2"} == set()


def test_a_command_without_torch_says_how_to_get_it() -> None:
    code = (
        "import importlib.util, sys\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *a: None if name == 'torch' else find(name, *a)\n"
        "sys.argv = ['lpat-train']\n"
        "from lpat_train.cli.train import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    needs = "lpat-train: error: this command needs torch: pip install 'torch"
    assert done.stderr.startswith(needs)
    assert "lpat[" not in done.stderr  # which no index need have
