"""lpat-detect as a user meets it: files, exit codes, lines on stderr."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import click
import numpy as np
import pytest
from safetensors.numpy import load_file
from tests.waiting import PATIENCE, wait_until

from lpat.cli.detect import GROUPS, command, main
from lpat.features.extractors import default_spec
from lpat.features.files import write_features
from lpat.files.locks import locked_folder
from lpat.formats.detections import read_detections
from lpat.localizer import Localizer
from lpat.model.metadata import ModelMetadata
from lpat.segments.level import LevelTable
from lpat.segments.post_processing import PostProcessing
from lpat.types import Features, FeatureSpec

WriteVideo = Callable[..., Path]
MakeModel = Callable[..., Path]
Detect = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def model(tmp_path: Path, make_model: MakeModel) -> Path:
    """A model that takes the built-in features."""
    return make_model(tmp_path / "model.onnx", default_spec())


@pytest.fixture
def leveled_model(tmp_path: Path, make_model: MakeModel) -> Path:
    """One of precomputed features, whose level is calibrated at 3 % of false alarms."""
    margins = np.array([[3.0, 2.0], [0.0, 0.0], [-2.0, -3.0]])
    table = LevelTable(0.03, (0.001, 0.03, 0.5), margins, usual=0.4, follow=0.5)
    spec = FeatureSpec("precomputed", 1, {}, 6)
    options = PostProcessing(class_selection="all")
    metadata = ModelMetadata(("jump", "run"), spec, options, level=table).to_json()
    np.save(tmp_path / "v.npy", np.random.default_rng(0).normal(size=(60, 6)).astype(np.float32))
    return make_model(tmp_path / "leveled.onnx", spec, metadata=metadata)


@pytest.fixture
def videos(tmp_path: Path, write_video: WriteVideo) -> Path:
    """A folder with two videos of moving noise."""
    (tmp_path / "videos").mkdir()
    random = np.random.default_rng(0)
    for name in ("one", "two"):
        wide = random.integers(0, 255, (48, 300, 3), dtype=np.uint8)
        write_video(
            f"videos/{name}.mp4", pts=range(60), pictures=[wide[:, n : n + 64] for n in range(60)]
        )
    return tmp_path / "videos"


@pytest.fixture
def run_detect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Detect:
    """Runs the command in this process, in a folder of its own, one input at a time.

    Its streams are files, as a shell may redirect them.
    """

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        words = ["lpat-detect", *map(str, arguments)]
        with monkeypatch.context() as changed, ExitStack() as files:
            said = [
                files.enter_context((tmp_path / name).open("w", encoding="utf-8"))
                for name in ("stdout", "stderr")
            ]
            changed.chdir(tmp_path)
            changed.setattr(os, "environ", environment(tmp_path))
            changed.setattr("lpat.features.extractors.default_jobs", lambda _: 1)
            changed.setattr(sys, "argv", words)
            changed.setattr(sys, "stdout", said[0])
            changed.setattr(sys, "stderr", said[1])
            with pytest.raises(SystemExit) as stop:
                main()
            sys.stderr.flush()
        output, errors = ((tmp_path / name).read_text("utf-8") for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess(words, cast(int, stop.value.code), output, errors)

    return run


@pytest.fixture
def start_detect(tmp_path: Path) -> Detect:
    """The same in a process of its own."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command_line(*arguments),
            cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Commands react to Ctrl-C, even where the tests run in a shell's background.

    Such a shell has its children ignore Ctrl-C, and theirs would inherit that.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def command_line(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "lpat.cli.detect", *map(str, arguments)]


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "LPAT_CACHE": str(folder / "cache")}


def statuses(output: Path) -> dict[str, str]:
    document = json.loads((output / "run.json").read_text(encoding="utf-8"))
    return {entry["name"]: entry["status"] for entry in document["inputs"]}


def test_a_folder_gives_a_file_for_each_video_and_one_for_all(
    start_detect: Detect, model: Path, videos: Path, tmp_path: Path
) -> None:
    done = start_detect(model, videos, "--output", "out")
    assert done.returncode == 0, done.stderr
    assert "CPUExecutionProvider" in done.stdout or "CUDAExecutionProvider" in done.stdout
    combined = read_detections(tmp_path / "out" / "detections.json")
    assert list(combined) == ["one", "two"]
    for name, detections in combined.items():
        alone = read_detections(tmp_path / "out" / "videos" / f"{name}.json")
        np.testing.assert_array_equal(alone[name].segments, detections.segments)
        assert (detections.segments[:, 1] <= 2.4 + 1e-9).all()
    assert statuses(tmp_path / "out") == {"one": "done", "two": "done"}


def test_a_rerun_does_only_what_is_missing(
    run_detect: Detect, model: Path, videos: Path, tmp_path: Path
) -> None:
    run_detect(model, videos, "--output", "out")
    before = (tmp_path / "out" / "detections.json").read_bytes()
    (tmp_path / "out" / "videos" / "two.json").unlink()
    again = run_detect(model, videos, "--output", "out")
    assert statuses(tmp_path / "out") == {"one": "skipped", "two": "done"}
    assert "1 done, 1 unchanged" in again.stdout
    assert (tmp_path / "out" / "detections.json").read_bytes() == before
    run_detect(model, videos, "--output", "out", "--overwrite")
    assert statuses(tmp_path / "out") == {"one": "done", "two": "done"}


def test_the_level_is_moved_and_a_rerun_at_another_level_does_all_anew(
    run_detect: Detect, leveled_model: Path, tmp_path: Path
) -> None:
    def run(*rate: str) -> tuple[dict, int]:
        done = run_detect(leveled_model, "v.npy", "--output", "out", "--scores", *rate)
        assert done.returncode == 0, done.stderr
        assert ("level moved: false alarms 0.2" in done.stdout) == ("0.2" in rate)
        document = json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))
        (found,) = read_detections(tmp_path / "out" / "detections.json").values()
        written = load_file(tmp_path / "out/videos/v.scores.safetensors")
        expected = Localizer(leveled_model, "cpu", false_alarms=document["false_alarms"])
        scores = expected.scores(tmp_path / "v.npy")
        np.testing.assert_array_equal(written["scores"], scores.scores)
        np.testing.assert_array_equal(written["background"], scores.background)
        return document, len(found)

    own, few = run()
    moved, many = run("--false-alarms", "0.2")
    again, _ = run("--false-alarms", "0.2")
    back, _ = run("--false-alarms", "0.03")
    same, _ = run()
    assert few < many
    documents = (own, moved, again, back, same)
    assert [its["false_alarms"] for its in documents] == [0.03, 0.2, 0.2, 0.03, 0.03]
    assert {its["model_false_alarms"] for its in documents} == {0.03}
    statuses_in_turn = [its["inputs"][0]["status"] for its in documents]
    assert statuses_in_turn == ["done", "done", "skipped", "done", "skipped"]


def test_detections_at_a_moved_level_say_so(
    run_detect: Detect, leveled_model: Path, tmp_path: Path
) -> None:
    for rate, expected in (("0.2", 0.2), ("0.03", None)):
        done = run_detect(leveled_model, "v.npy", "--output", "out", "--false-alarms", rate)
        assert done.returncode == 0, done.stderr
        for name in ("detections.json", "videos/v.json"):
            document = json.loads((tmp_path / "out" / name).read_text(encoding="utf-8"))
            assert document["external_data"].get("false_alarms") == expected


def test_each_class_may_have_its_own_rate_and_lowest_score_and_a_rerun_notices(
    run_detect: Detect, leveled_model: Path, tmp_path: Path
) -> None:
    def run(*more: str) -> dict:
        done = run_detect(leveled_model, "v.npy", "--output", "out", *more)
        assert done.returncode == 0, done.stderr
        document = json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))
        ((_, found),) = read_detections(tmp_path / "out" / "detections.json").items()
        expected = Localizer(
            leveled_model, "cpu",
            false_alarms={None: document["false_alarms"], **document["class_false_alarms"]},
            min_score={None: document["min_score"] or -1e9, **document["class_min_scores"]},
        ).detect(tmp_path / "v.npy")  # fmt: skip
        assert len(found) == len(expected)
        external = json.loads((tmp_path / "out/videos/v.json").read_text())["external_data"]
        assert external.get("min_score") == document["min_score"]
        return document

    asked = ("--false-alarms", "0.2", "--false-alarms", "jump=0.01", "--min-score", "run=0.3")
    few, many = ("--false-alarms", "0.2", "--min-score", "0.3"), ("--false-alarms", "0.2")
    documents = [run(*many), run(*asked), run(*asked), run(*few), run(*many)]
    assert documents[1]["class_false_alarms"] == {"jump": 0.01}
    assert documents[1]["class_min_scores"] == {"run": 0.3}
    assert documents[1]["options"]["false_alarms"] == ["0.2", "jump=0.01"]
    found = [its["inputs"][0] for its in documents]
    assert [its["status"] for its in found] == ["done", "done", "skipped", "done", "done"]
    assert found[0]["detections"] == found[4]["detections"] > found[3]["detections"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            ("--false-alarms", "fly=0.1"),
            "false alarms: expected a class of the model (jump, run), ",
        ),
        (
            ("--min-score", "jump=much"),
            "--min-score: expected VALUE or CLASS=VALUE, not 'jump=much",
        ),
        (("--min-score", "inf"), "min score: expected a finite number, not inf"),
        (("--min-score", "1", "--min-score", "2"), "--min-score: expected one value for all class"),
    ],
)
def test_what_no_class_can_have_is_one_clear_line(
    run_detect: Detect, leveled_model: Path, tmp_path: Path, more: tuple[str, ...], message: str
) -> None:
    done = run_detect(leveled_model, "v.npy", *more)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "detections").exists()


@pytest.mark.parametrize("live", [(), ("--live",)])
@pytest.mark.parametrize("rate", ["0.0009", "0.6", "-1", "nan"])
def test_a_rate_beyond_the_models_is_one_clear_line(
    run_detect: Detect, leveled_model: Path, tmp_path: Path, rate: str, live: tuple[str, ...]
) -> None:
    done = run_detect(leveled_model, "v.npy", f"--false-alarms={rate}", *live)
    assert done.returncode == 1
    expected = f"error: false alarms: expected a rate from 0.001 to 0.5, not {float(rate):g}\n"
    assert done.stderr.endswith(expected)
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "detections").exists()


def test_a_level_that_was_never_calibrated_is_not_moved(
    run_detect: Detect, model: Path, videos: Path, tmp_path: Path
) -> None:
    done = run_detect(model, videos, "--false-alarms", "0.01")
    assert done.returncode == 1
    assert "false alarms: expected a model whose level is calibrated" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "detections").exists()
    done = run_detect(model, videos, "--output", "out")
    document = json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))
    assert (document["false_alarms"], document["model_false_alarms"]) == (None, None)


def test_bad_files_are_named_and_passed_over(
    run_detect: Detect, model: Path, videos: Path, tmp_path: Path
) -> None:
    (videos / "empty.mp4").touch()
    (videos / "text.mp4").write_text("no video", encoding="utf-8")
    done = run_detect(model, videos, tmp_path / "nowhere.mp4", "--output", "out")
    assert done.returncode == 3
    for name in ("empty", "text", "nowhere"):
        assert f"failed: {name}: " in done.stderr
    assert "Traceback" not in done.stderr
    assert list(read_detections(tmp_path / "out" / "detections.json")) == ["one", "two"]
    assert statuses(tmp_path / "out")["empty"] == "failed"


def test_nothing_done_is_exit_code_1(run_detect: Detect, model: Path, tmp_path: Path) -> None:
    done = run_detect(model, tmp_path / "nowhere.mp4", "--output", "out")
    assert done.returncode == 1
    assert "no such file" in done.stderr


def test_inputs_of_equal_names_are_both_kept(
    run_detect: Detect, model: Path, videos: Path, tmp_path: Path
) -> None:
    (videos / "sub").mkdir()
    (videos / "two.mp4").rename(videos / "sub" / "one.mp4")
    assert run_detect(model, videos, "--output", "out").returncode == 0
    names = set(read_detections(tmp_path / "out" / "detections.json"))
    assert names == {"videos/one.mp4", "sub/one.mp4"}
    assert (tmp_path / "out" / "videos" / "sub" / "one.mp4.json").is_file()


STRANGE_NAMES = [
    b"two words", b"-dash", b"line\nbreak", b"\xff", "🎬".encode(), b"x" * 251, b"[1]*", b"@list",
    b"a:b", b"CON", b"\x1b[31m",
]  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows all of these names")
def test_strange_names_are_no_trouble(
    run_detect: Detect, model: Path, videos: Path, write_video: WriteVideo, tmp_path: Path
) -> None:
    names = [os.fsdecode(name) for name in STRANGE_NAMES]
    video = write_video()
    for name in (*names, "ONE"):
        (videos / f"{name}.mp4").hardlink_to(video)
    done = run_detect(model, videos, "--output", "out")
    assert done.returncode == 0, done.stderr
    found = read_detections(tmp_path / "out" / "detections.json")
    assert set(found) == {"one", "ONE", "two", *names}
    assert set(statuses(tmp_path / "out").values()) == {"done"}
    written = [path.name for path in (tmp_path / "out" / "videos").iterdir()]
    assert len({name.casefold() for name in written}) == len(names) + 3
    again = run_detect(model, videos, "--output", "out")
    assert f"\n{len(names) + 3} unchanged" in again.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows all of these names")
def test_strange_names_are_no_trouble_where_they_are_typed(
    run_detect: Detect, model: Path, write_video: WriteVideo, tmp_path: Path
) -> None:
    names = [os.fsdecode(name) for name in STRANGE_NAMES]
    video = write_video()
    for name in names:
        (tmp_path / f"{name}.mp4").hardlink_to(video)
    done = run_detect("--output", "out", "--", model, *(f"{name}.mp4" for name in names))
    assert done.returncode == 0, done.stderr
    assert set(statuses(tmp_path / "out")) == set(names)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows all of these names")
def test_strange_names_of_bad_files_are_named_on_one_line(
    run_detect: Detect, model: Path, tmp_path: Path
) -> None:
    names = [os.fsdecode(name) for name in STRANGE_NAMES]
    (tmp_path / "bad").mkdir()
    for name in names:
        (tmp_path / "bad" / f"{name}.mp4").touch()
    done = run_detect(model, "bad", "--output", "out")
    assert done.returncode == 1
    assert [line[:8] for line in done.stderr.splitlines()] == ["failed: "] * len(names)


def test_lists_patterns_and_standard_input_are_taken_together(
    model: Path, videos: Path, write_video: WriteVideo, tmp_path: Path
) -> None:
    write_video("piped.ts", pts=range(30))
    (tmp_path / "list").write_text("videos/one.mp4\n", encoding="utf-8")
    done = subprocess.run(
        command_line(model, "@list", "videos/t*.mp4", "-", "--output", "out", "--jobs", "2"),
        cwd=tmp_path, env=environment(tmp_path), capture_output=True, check=False,
        input=(tmp_path / "piped.ts").read_bytes(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert statuses(tmp_path / "out") == {"one": "done", "two": "done", "stdin": "done"}


def test_a_bad_url_is_named_without_its_password(
    run_detect: Detect, model: Path, videos: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        urls = [f"http://me:hunter2@{place}/v.mp4", f"http://{place}/features.npy?token=hunter2"]
        done = run_detect(model, videos, *urls, "--output", "out", "--timeout", "0.3")
    assert done.returncode == 3
    assert f"failed: v: http://me:***@{place}/v.mp4: no answer within 0.3 s\n" in done.stderr
    assert "feature files are read from disk only" in done.stderr
    seen = done.stderr + done.stdout
    seen += "".join(path.read_text() for path in (tmp_path / "out").rglob("*.json"))
    assert "hunter2" not in seen


def test_feature_files_are_taken_and_checked(
    run_detect: Detect, model: Path, tmp_path: Path
) -> None:
    spec, other = default_spec(), FeatureSpec("motion", 1, {}, 5)
    for name, its in (("good", spec), ("other", other)):
        values = np.random.default_rng(0).random((9, its.dimension), dtype=np.float32)
        write_features(tmp_path / "f" / f"{name}.safetensors", Features(values, its, 5.0))
    done = run_detect(model, tmp_path / "f", "--output", "out")
    assert done.returncode == 3
    assert "failed: other: " in done.stderr
    assert "dimension 5 where" in done.stderr
    assert list(read_detections(tmp_path / "out" / "detections.json")) == ["good"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.onnx", "x.mp4"], "nowhere.onnx: no such file"),
        (["model.onnx", "folder"], "expected a folder with videos"),
        (["model.onnx"], "Missing argument 'INPUTS...'"),
        (["model.onnx", "x.mp4", "--device", "tpu"], "Invalid value for '--device'"),
        (["model.onnx", "x.mp4", "--live", "--clips"], "--clips: expected without --live"),
        (["model.onnx", "x.mp4", "--live", "--format", "srt"], "--format: expected without --live"),
        (["model.onnx", "x.mp4", "--live", "--ray", "local"], "--ray: expected without --live"),
    ],
)
def test_bad_usage_is_one_clear_line(
    run_detect: Detect, model: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "folder").mkdir()
    done = run_detect(*arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "detections").exists()


def test_an_output_that_cannot_be_written_is_named(
    run_detect: Detect, model: Path, videos: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    done = run_detect(model, videos, "--output", "file/out")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "file/out" in done.stderr
    assert "can't be written" in done.stderr


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_run_leaves_whole_files_only(
    model: Path, videos: Path, long_video: Path, tmp_path: Path
) -> None:
    (videos / "z_long.mp4").symlink_to(long_video)
    process = subprocess.Popen(
        command_line(model, videos, "--output", "out", "--jobs", "2", "--no-cache"),
        cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    results = [tmp_path / "out" / "videos" / name for name in ("one.json", "two.json")]
    wait_until(lambda: process.poll() is not None or all(path.exists() for path in results))
    assert process.poll() is None, "it ended before it could be interrupted"
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of its processes
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "interrupted; what is done is in out, and the same command goes on from there" in errors
    assert "Traceback" not in errors
    files = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.*")}
    assert files == {"run.json", "videos/one.json", "videos/two.json"}
    assert not json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["complete"]


@pytest.mark.parametrize("name", ["detect", "evaluate", "extract"])
def test_help_answers_without_loading_what_is_slow(
    modules_loaded_by_help: Callable[[str], set[str]], name: str
) -> None:
    loaded = modules_loaded_by_help(f"lpat.cli.{name}")
    assert loaded & {"onnxruntime", "cv2", "av", "torch", "numpy"} == set()


def test_importing_lpat_loads_nothing_slow() -> None:
    code = (
        "import sys; before = set(sys.modules); import lpat\n"
        "slow = {'onnxruntime', 'cv2', 'av', 'torch', 'PySide6', 'pyqtgraph', 'tqdm'}\n"
        "print(sorted(slow & set(sys.modules)))\n"
        "import lpat.batch.detection\n"  # what few batches need is loaded by those
        "print(sorted({'jinja2', 'ssl', 'asyncio', 'lpat.distributed'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["[]", "[]", ""]


def test_progress_can_be_read_by_programs(
    run_detect: Detect, model: Path, videos: Path, tmp_path: Path
) -> None:
    done = run_detect(
        model, videos, tmp_path / "nowhere.mp4", "--output", "out", "--progress", "json"
    )
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert [event["event"] for event in events] == ["start", "input", "input", "input", "end"]
    assert events[0]["counts"] == {"total": 3}
    assert events[-1]["counts"] == {"done": 2, "failed": 1, "total": 3}
    assert events[-2]["remaining_seconds"] == 0
    assert {event["name"] for event in events[1:-1]} == {"one", "two", "nowhere"}


def test_a_failure_can_end_the_batch(
    run_detect: Detect, model: Path, videos: Path, tmp_path: Path
) -> None:
    (videos / "a_text.mp4").write_text("no video", encoding="utf-8")
    done = run_detect(model, videos, "--output", "out", "--on-error", "stop", "--jobs", "1")
    assert done.returncode == 1
    assert "1 failed, 2 left" in done.stdout
    assert "error: stopped, as a_text failed" in done.stderr
    assert statuses(tmp_path / "out") == {"a_text": "failed", "one": "skipped", "two": "skipped"}
    (videos / "a_text.mp4").unlink()
    again = run_detect(model, videos, "--output", "out")
    assert (again.returncode, statuses(tmp_path / "out")) == (0, {"one": "done", "two": "done"})


def test_formats_may_be_repeated_or_separated_by_commas(
    run_detect: Detect, model: Path, videos: Path, tmp_path: Path
) -> None:
    run_detect(model, videos / "one.mp4", "--output", "out", "--format", "srt, vtt", "--format=csv")
    names = {path.name for path in (tmp_path / "out" / "videos").iterdir()}
    assert names == {"one.json", "one.srt", "one.vtt", "one.csv"}


@pytest.mark.skipif(sys.platform == "win32", reason="limits on files are of Unix")
def test_a_disk_that_takes_no_more_is_one_line_and_nothing_is_lost(
    run_detect: Detect, model: Path, tmp_path: Path
) -> None:
    spec = default_spec()
    for name, count in (("a", 10), ("b", 4000)):
        values = np.random.default_rng(0).random((count, spec.dimension), dtype=np.float32)
        write_features(
            tmp_path / f"{name}.safetensors", Features(values, spec, count * spec.snippet_seconds)
        )
    inputs = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "from lpat.cli.detect import main; main()"
    )
    words = [model, *inputs, "--output", "out", "--scores"]
    full = subprocess.run(
        [sys.executable, "-c", script, *map(str, words)],
        cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert full.returncode == 3, full.stderr
    assert full.stderr.count("\n") == 1
    assert "b.scores.safetensors: can't be written (File too large)" in full.stderr
    files = {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert files == {"run.json", "a.json", "a.scores.safetensors"}
    document = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert "File too large" in document["stopped"]
    again = run_detect(*words)
    assert again.returncode == 0, again.stderr
    assert statuses(tmp_path / "out") == {"a": "skipped", "b": "done"}


def test_a_second_process_on_the_same_output_is_one_clear_line(
    run_detect: Detect, model: Path, videos: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    with locked_folder(tmp_path / "out"):
        done = run_detect(model, videos, "--output", "out")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"out: process {os.getpid()} on " in done.stderr
    assert "is writing into it already" in done.stderr


def test_help_groups_every_option() -> None:
    options = {option.name for option in command.params if isinstance(option, click.Option)}
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(options - {"version"})


def test_a_model_that_comes_last_or_something_else_in_its_place_is_told(
    model: Path, tmp_path: Path, run_detect: Detect
) -> None:
    (tmp_path / "v.mp4").write_bytes(b"x")
    (tmp_path / "a.json").write_text('{"database": {}}')
    swapped = run_detect("v.mp4", model, "--output", "out")
    assert swapped.returncode == 1
    assert swapped.stderr == (
        f"lpat-detect: error: v.mp4 is a video and {model} an ONNX file: the model comes first, "
        "lpat-detect MODEL INPUTS\n"
    )
    other = run_detect("a.json", "v.mp4", "--output", "out")
    assert other.stderr == (
        "lpat-detect: error: a.json: expected an ONNX model, not a file of annotations\n"
    )
    inputs = run_detect(model, model, "a.json", "--output", "out")
    assert "model.onnx: expected a video, but it is an ONNX file" in inputs.stderr
    assert "a.json: expected a video, but it is a file of annotations" in inputs.stderr
