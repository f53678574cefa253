"""Batches: what is written, in which order, what a rerun does, and what run.json says of it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from lpat.batch.detection import detect_batch
from lpat.batch.outputs import Output, Result, chosen_outputs
from lpat.batch.run_record import RunRecord
from lpat.engine import Analysis
from lpat.errors import LpatError, OutputError, UsageError, VideoError
from lpat.features.extractors import default_spec
from lpat.files.atomic import remove_abandoned, write_text
from lpat.files.json_files import write_json
from lpat.files.locks import locked_folder
from lpat.inputs import Input
from lpat.localizer import Localizer
from lpat.types import Detections, Scores


class StubEngine:
    """Finds the same in every input that exists, and tells which it was asked for."""

    def __init__(self, **facts: object) -> None:
        self.asked: list[str] = []
        self.facts = facts

    def __call__(self, sources: Sequence[Input]) -> Iterator[tuple[Input, Analysis | LpatError]]:
        for source in sources:
            self.asked.append(source.name)
            if not source.file.exists():
                yield source, VideoError(f"{source.path}: no such file")
                continue
            classes = ("jump", "run")
            edges = np.arange(5.0)
            scores = Scores(
                classes, ZEROS[:4], ZEROS[:4, 0], np.array([0.5, 0.3, 0.2], np.float32), edges
            )
            found = Detections(
                classes, np.array([[0.00049, 1 / 3], [2.0, 3.0]]), np.array([1, 0]),
                np.array([2 / 3, 0.5]),
            )  # fmt: skip
            yield source, Analysis(scores, found, 4.00049, **self.facts)  # type: ignore[arg-type]


ZEROS = np.zeros((8, 2), np.float32)


@pytest.fixture(scope="module")
def localizer(
    tmp_path_factory: pytest.TempPathFactory, make_model: Callable[..., Path]
) -> Localizer:
    return Localizer(make_model(tmp_path_factory.mktemp("model") / "m.onnx", default_spec()), "cpu")


@pytest.fixture
def detect(localizer: Localizer, tmp_path: Path) -> Callable[..., tuple[RunRecord, StubEngine]]:
    """Runs a batch into `out` with a stub engine, and gives both."""

    def run(sources: Sequence[Input], *formats: str, engine: StubEngine | None = None, **options):
        engine = engine or StubEngine()
        options.setdefault("outputs", chosen_outputs(formats))
        return detect_batch(localizer, engine, sources, tmp_path / "out", **options), engine

    return run


@pytest.fixture
def sources(tmp_path: Path) -> list[Input]:
    return sources_in(tmp_path, ["a", "b", "c"])


def sources_in(folder: Path, names: Sequence[str]) -> list[Input]:
    for name in names:
        (folder / f"{name}.npy").touch()
    return [Input(name, folder / f"{name}.npy") for name in names]


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


def run_document(output: Path) -> dict:
    return json.loads((output / "run.json").read_text(encoding="utf-8"))


def statuses(output: Path) -> dict[str, str]:
    return {entry["name"]: entry["status"] for entry in run_document(output)["inputs"]}


def test_formats_lie_beside_the_entry_that_lists_them(detect, sources, tmp_path: Path) -> None:
    detect(sources, "csv", "srt", "json")
    assert set(files_below(tmp_path / "out")) == {
        "detections.json", "detections.csv",
        *(f"videos/{name}.{suffix}" for name in "abc" for suffix in ("json", "csv", "srt")),
    }  # fmt: skip
    entry = json.loads((tmp_path / "out/videos/a.json").read_text(encoding="utf-8"))
    assert entry["external_data"]["outputs"] == {
        name: {"sha256": sha256((tmp_path / f"out/videos/a.{name}").read_bytes()).hexdigest()}
        for name in ("csv", "srt")
    }
    rows = (tmp_path / "out/detections.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "video,label,start,end,score"
    assert [row[0] for row in rows[1:]] == ["a", "a", "b", "b", "c", "c"]


def test_a_file_that_somebody_corrected_stays_as_it_is(detect, sources, tmp_path: Path) -> None:
    corrected = [tmp_path / f"out/videos/a.{name}" for name in ("csv", "srt")]
    detect(sources[:2], "csv", "srt")
    written = [path.read_bytes() for path in corrected]
    for path in corrected:
        path.write_text("by hand", encoding="utf-8")
    assert detect(sources[:2], "csv", "srt")[0].counts == {"skipped": 2}
    for _ in range(2):  # the input is another one each time
        sources[0].path.write_bytes(sources[0].path.read_bytes() + b"more")
        assert detect(sources[:2], "csv")[0].counts == {"failed": 1, "skipped": 1}
        assert run_document(tmp_path / "out")["inputs"][0]["reason"] == (
            f"csv: {corrected[0]} was changed since lpat-detect wrote it, and stays as it is: "
            "move it, or --overwrite"
        )
        assert [path.read_text("utf-8") for path in corrected] == ["by hand"] * 2
    detect(sources[:1], "csv", overwrite=True)
    assert (corrected[0].read_bytes(), corrected[1].read_text("utf-8")) == (written[0], "by hand")
    corrected[1].unlink()
    assert detect(sources[:1], "csv", "srt")[0].counts == {"done": 1}
    assert [path.read_bytes() for path in corrected] == written


def test_the_batch_file_is_the_document_of_all_results(detect, sources, tmp_path: Path) -> None:
    detect(sources[::-1])
    path = tmp_path / "out" / "detections.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    assert list(document["results"]) == ["a", "b", "c"]
    write_json(tmp_path / "twin.json", document)
    assert (tmp_path / "twin.json").read_bytes() == path.read_bytes()


def test_a_batch_without_results_still_has_a_file_of_them(detect, tmp_path: Path) -> None:
    record, _ = detect([Input("gone", tmp_path / "gone.npy")])
    assert record.counts == {"failed": 1}
    document = json.loads((tmp_path / "out/detections.json").read_text(encoding="utf-8"))
    assert document["results"] == {}


def test_what_is_there_is_left_and_told(detect, sources, tmp_path: Path) -> None:
    detect(sources, "srt", engine=StubEngine(decode_failures=3))
    assert set(statuses(tmp_path / "out").values()) == {"partial"}
    record, engine = detect(sources, "srt")
    assert engine.asked == []
    assert record.unchanged == 3
    (first, *_) = run_document(tmp_path / "out")["inputs"]
    assert first["reason"] == "unchanged; 3 parts could not be decoded"
    assert first["decode_failures"] == 3


def test_a_late_first_picture_is_told_and_kept_for_players(detect, sources, tmp_path: Path) -> None:
    detect(sources[:2], engine=StubEngine(start=2.0))
    for name in ("detections", "videos/a"):
        document = json.loads((tmp_path / f"out/{name}.json").read_text(encoding="utf-8"))
        (row,) = [row for row in document["results"]["a"] if row["label"] == "jump"]
        assert row["segment"] == [2.0, 3.0]
        told = {"starts": {"a": 2.0, "b": 2.0}} if name == "detections" else {"start": 2.0}
        assert told.items() <= document["external_data"].items()
    _, engine = detect(sources[:2], "srt")  # later, of what is stored
    assert engine.asked == []
    assert "00:00:04,000 --> 00:00:05,000\njump" in (tmp_path / "out/videos/a.srt").read_text()


def test_text_formats_are_made_of_stored_detections_alike(detect, sources, tmp_path: Path) -> None:
    detect(sources)
    _, engine = detect(sources, "csv", "srt", "vtt", "edl")
    assert engine.asked == []
    later = files_below(tmp_path / "out")
    detect(sources, "csv", "srt", "vtt", "edl", overwrite=True)
    assert files_below(tmp_path / "out") == later


def test_only_what_is_missing_is_written(detect, sources, tmp_path: Path) -> None:
    detect(sources, "srt", "vtt")
    (tmp_path / "out/videos/b.srt").unlink()
    before = (tmp_path / "out/videos/b.vtt").stat().st_mtime_ns
    _, engine = detect(sources, "srt", "vtt")
    assert engine.asked == []
    assert (tmp_path / "out/videos/b.srt").exists()
    assert (tmp_path / "out/videos/b.vtt").stat().st_mtime_ns == before
    assert statuses(tmp_path / "out") == {"a": "skipped", "b": "done", "c": "skipped"}


def test_an_input_that_changed_is_analysed_and_its_old_outputs_go(
    detect, sources, tmp_path: Path
) -> None:
    detect(sources, "srt")
    sources[0].file.write_text("another", encoding="utf-8")
    _, engine = detect(sources, engine=StubEngine(decode_failures=1))
    assert engine.asked == ["a"]
    assert not (tmp_path / "out/videos/a.srt").exists()
    assert (tmp_path / "out/videos/b.srt").exists()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"results": {}, "external_data": 1}'])
def test_an_entry_that_is_broken_is_made_again(detect, sources, tmp_path, content: str) -> None:
    detect(sources)
    whole = files_below(tmp_path / "out")
    (tmp_path / "out/videos/b.json").write_text(content, encoding="utf-8")
    _, engine = detect(sources)
    assert engine.asked == ["b"]
    assert files_below(tmp_path / "out") == whole


def test_scores_need_another_analysis_but_only_once(detect, sources, tmp_path: Path) -> None:
    detect(sources)
    outputs = chosen_outputs(scores=True)
    _, engine = detect(sources, outputs=outputs)
    assert engine.asked == ["a", "b", "c"]
    assert (tmp_path / "out/videos/a.scores.safetensors").exists()
    _, engine = detect(sources, outputs=outputs)
    assert engine.asked == []


def test_an_output_that_an_input_cannot_have_is_a_note(detect, sources, tmp_path: Path) -> None:
    outputs = chosen_outputs(overlay=True, clips=True)
    detect(sources, outputs=outputs)
    (first, *_) = run_document(tmp_path / "out")["inputs"]
    assert first["status"] == "done"
    assert [note.split(":")[0] for note in first["notes"]] == ["clips", "overlay"]
    _, engine = detect(sources, outputs=outputs)
    assert engine.asked == [], "the note is remembered"


def failing_for(name: str, error: LpatError) -> Output:
    def write(result: Result, path: Path) -> None:
        if result.source.name == name:
            raise error
        write_text(path, "")

    return Output("odd", "videos/{name}.odd", write)


def test_an_output_that_fails_leaves_the_detections(detect, sources, tmp_path: Path) -> None:
    record, _ = detect(sources, outputs=[failing_for("b", VideoError("it has changed"))])
    assert record.counts == {"done": 2, "failed": 1}
    failed = run_document(tmp_path / "out")["inputs"][1]
    assert failed["reason"] == "odd: it has changed"
    results = json.loads((tmp_path / "out/detections.json").read_text(encoding="utf-8"))["results"]
    assert set(results) == {"a", "b", "c"}
    record, engine = detect(sources, outputs=[failing_for("", VideoError(""))])
    assert (record.counts["done"], record.unchanged, engine.asked) == (1, 2, [])


def test_a_full_disk_ends_the_batch_and_a_rerun_goes_on(detect, sources, tmp_path: Path) -> None:
    full = OutputError("no room")
    full.errno = 28
    record, engine = detect(sources, outputs=[failing_for("b", full)])
    assert record.stopped == "no room"
    assert engine.asked == ["a", "b"]
    document = run_document(tmp_path / "out")
    assert (document["complete"], document["stopped"]) == (False, "no room")
    assert document["counts"] == {"done": 1, "pending": 2, "total": 3}
    assert set(files_below(tmp_path / "out")) == {"videos/a.json", "videos/a.odd"}
    _, engine = detect(sources, outputs=[failing_for("", full)])
    assert engine.asked == ["b", "c"]


def test_stop_leaves_what_comes_after_a_failure(detect, sources, tmp_path: Path) -> None:
    sources[1].file.unlink()
    record, engine = detect(sources, on_error="stop")
    assert engine.asked == ["a", "b"]
    assert record.summary() == "1 done, 1 failed, 1 left"
    document = run_document(tmp_path / "out")
    assert not document["complete"]
    assert document["inputs"][2]["reason"] == "left, as b failed"


def test_an_input_whose_files_would_be_anothers_is_refused(detect, tmp_path: Path) -> None:
    record, _ = detect(sources_in(tmp_path, ["a", "a.labelstudio"]), "labelstudio")
    assert record.counts == {"done": 1, "failed": 1}
    assert "would be those of 'a'" in run_document(tmp_path / "out")["inputs"][1]["reason"]


ANNOTATIONS = {"database": {"a": {"annotations": [{"label": "run", "segment": [0, 1]}]}}}


@pytest.mark.parametrize("overwrite", [False, True])
def test_annotations_where_results_would_go_stay(
    overwrite: bool, detect, sources, tmp_path: Path
) -> None:
    write_json(tmp_path / "out" / "videos" / "a.json", ANNOTATIONS)
    before = files_below(tmp_path / "out")
    record, engine = detect(sources, overwrite=overwrite)
    assert record.counts == {"done": 2, "failed": 1}
    assert "a.json: holds annotations" in run_document(tmp_path / "out")["inputs"][0]["reason"]
    assert engine.asked == ["b", "c"]
    assert before.items() <= files_below(tmp_path / "out").items()
    write_json(tmp_path / "out" / "detections.json", ANNOTATIONS)
    with pytest.raises(UsageError, match=r"detections\.json: holds annotations"):
        detect(sources)


def test_what_lies_beside_an_input_and_is_not_of_a_batch_stays(detect, tmp_path: Path) -> None:
    folder = tmp_path / "out" / "videos"
    folder.mkdir(parents=True)
    sources = sources_in(folder, ["a", "b"])
    (folder / "a.srt").write_text("mine", encoding="utf-8")
    for _ in range(2):
        detect(sources, "srt")
        assert (folder / "a.srt").read_text(encoding="utf-8") == "mine"
        assert "a.srt is there, and not of lpat-detect" in str(run_document(tmp_path / "out"))
        assert "run" in (folder / "b.srt").read_text(encoding="utf-8")
    detect(sources, "srt", overwrite=True)
    assert "run" in (folder / "a.srt").read_text(encoding="utf-8")


def test_a_run_says_what_it_depended_on(detect, sources, localizer, tmp_path: Path) -> None:
    detect(sources, options={"formats": []})
    document = run_document(tmp_path / "out")
    assert document["complete"] is True
    assert document["provider"] == localizer.provider
    assert document["options"] == {"formats": []}
    assert set(document["versions"]) == {"lpat", "python", "onnxruntime", "av", "numpy"}
    assert document["step_seconds"]["write"] > 0
    assert document["inputs"][0]["seconds"]["write"] > 0


def test_an_interrupt_is_told_and_keeps_what_is_done(detect, sources, tmp_path: Path) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        detect(sources, on_outcome=interrupt)
    document = run_document(tmp_path / "out")
    assert (document["complete"], document["stopped"]) == (False, "interrupted")
    assert [entry["name"] for entry in document["inputs"]] == ["a"]


def test_the_run_record_is_there_before_the_first_outcome(detect, sources, tmp_path: Path) -> None:
    seen = []
    detect(sources, on_outcome=lambda _: seen.append(run_document(tmp_path / "out")))
    assert seen[0]["complete"] is False
    assert seen[0]["counts"] == {"pending": 3, "total": 3}


def test_ten_thousand_inputs_write_the_ledger_a_few_times_only(
    detect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [Input(f"{number:05}", tmp_path / f"{number}.npy") for number in range(10_000)]
    times: list[Path] = []
    monkeypatch.setattr(
        "lpat.batch.run_record.write_text",
        lambda path, text: (times.append(path), write_text(path, text)),
    )
    record, _ = detect(sources)
    assert record.counts == {"failed": 10_000}
    assert len(run_document(tmp_path / "out")["inputs"]) == 10_000
    assert len(times) < 100


def test_a_second_process_is_refused(detect, sources, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    code = (
        "import sys; from pathlib import Path; from lpat.files.locks import locked_folder\n"
        "with locked_folder(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "out")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(OutputError, match=f"process {holder.pid} on .* is writing into it"):
            detect(sources)
        holder.kill()
    record, _ = detect(sources)
    assert record.counts == {"done": 3}, "a lock dies with its process"
    assert not list((tmp_path / "out").glob(".*"))


def test_the_lock_is_free_after_an_error(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(VideoError), locked_folder(tmp_path):
            raise VideoError("x")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_began_to_write_goes_and_what_a_live_one_writes_stays(
    detect, sources, tmp_path: Path
) -> None:
    folder = tmp_path / "out" / "videos"
    code = (
        "import os, sys; from pathlib import Path; from lpat.files.atomic import atomic_path\n"
        "with atomic_path(Path(sys.argv[1]) / 'x.json'):\n"
        "    print('begun', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as writer:  # fmt: skip
        assert writer.stdout is not None
        assert writer.stdout.readline() == "begun\n"
        assert remove_abandoned(folder) == 0
        writer.kill()
    assert len(list(folder.iterdir())) == 1
    detect(sources)
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(UsageError, match="not 'mp3'"):
        chosen_outputs(["csv", "mp3"])


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(detect, sources, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    with pytest.raises(OutputError, match="out: can't be written"):
        detect(sources)
