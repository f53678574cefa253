"""lpat-eval as a user meets it: the table, the file, the one-line errors."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lpat.cli.evaluate import main, parse_rules, parse_tious
from lpat.errors import UsageError
from lpat.evaluation.protocols import PROTOCOLS
from lpat.formats.scores import write_scores
from lpat.types import Scores


def annotation(subset: str, *segments: list[float]) -> dict[str, Any]:
    entries = [{"label": "run", "segment": segment} for segment in segments]
    return {"subset": subset, "duration": 60, "annotations": entries}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Annotations of two subsets, and detections in a video of each."""
    truth = {"a": annotation("test", [0, 10], [20, 30]), "b": annotation("training", [0, 10])}
    rows = {
        "a": [{"label": "run", "score": 0.5, "segment": [0, 9]}],
        "b": [{"label": "run", "score": 0.9, "segment": [50, 59]}],
    }
    paths = tmp_path / "annotations.json", tmp_path / "detections.json"
    paths[0].write_text(json.dumps({"database": truth}))
    paths[1].write_text(json.dumps({"results": rows}))
    return paths


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    """Exit code of the command."""
    monkeypatch.setattr(sys, "argv", ["lpat-eval", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert isinstance(stop.value.code, int)
    return stop.value.code


def test_a_table_and_a_file_come_out(
    files: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = tmp_path / "new" / "evaluation.json"
    options = ["--subset", "test", "--tiou", "0.5:0.95:0.05", "--json", target]
    assert run(monkeypatch, *files, *options) == 0
    output = capsys.readouterr()
    assert output.err == ""
    assert "protocol activitynet" in output.out
    assert "1 videos left out of the results: not to be judged" in output.out
    document = json.loads(target.read_text())
    assert document["subset"] == "test"
    assert document["tiou"] == [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
    assert document["AP"] == {"run": [0.5] * 9 + [0.0]}
    assert (document["videos"], document["ignored_videos"]) == (1, 1)
    assert "\n  run  works: 1 of 2 truths found" in output.out
    assert document["verdicts"]["classes"][0]["verdict"] == "works"
    assert output.out.splitlines()[-1].startswith("what would help most: what nothing finds costs")


def test_what_ties_leave_open_is_told_in_a_line_and_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    truth, found, target = (tmp_path / name for name in ("truth.json", "found.json", "out.json"))
    truth.write_text(json.dumps({"database": {"a": annotation("test", [0, 10])}}))
    rows = [{"label": "run", "score": 0.5, "segment": [s, s + 10]} for s in (0, 20, 40)]
    lines = []
    for order in (rows, rows[::-1]):
        found.write_text(json.dumps({"results": {"a": order}}))
        assert run(monkeypatch, truth, found, "--tiou", "0.5", "--json", target) == 0
        (line,) = (s for s in capsys.readouterr().out.splitlines() if "share their score" in s)
        lines.append(line)
        ties = json.loads(target.read_text())["ties"]
        assert ties["detections"] == 3
        assert ties["average_mAP"] == {"lowest": pytest.approx(1 / 3), "highest": 1.0}
        assert ties["mAP"] == {"lowest": [pytest.approx(1 / 3)], "highest": [1.0]}
    assert (
        lines[0]
        == lines[1]
        == (
            "3 detections share their score with others of their class: by the order of those the "
            "average mAP may be 33.33 to 100.00"
        )
    )
    rows = [row | {"score": row["segment"][0] / 100} for row in rows]
    found.write_text(json.dumps({"results": {"a": rows}}))
    assert run(monkeypatch, truth, found, "--tiou", "0.5") == 0
    assert "share their score" not in capsys.readouterr().out


def test_what_is_read_is_not_written_over(
    files: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = tmp_path / "other.json"
    other.write_bytes(files[0].read_bytes())
    before = {path: path.read_bytes() for path in (*files, other)}
    for option, path, message in (
        ("--json", files[0], "is what is to be read"),
        ("--report", files[1], "is what is to be read"),
        ("--json", other, "holds annotations"),
    ):
        assert run(monkeypatch, *files, "--subset", "test", option, path) == 1
        assert f"{path}: {message}" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} == before
    folder = tmp_path / "detections"
    folder.mkdir()
    read = files[1].rename(folder / "detections.json")
    assert run(monkeypatch, files[0], folder, "--subset", "test", "--json", read) == 1
    assert "is what is to be read" in capsys.readouterr().err


def test_the_only_subset_needs_no_name(
    files: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files[0].write_text(json.dumps({"database": {"a": annotation("test", [0, 10])}}))
    assert run(monkeypatch, *files) == 0
    output = capsys.readouterr().out
    assert "1 videos judged" in output
    assert "1 videos not annotated" in output


def test_a_video_of_which_nothing_is_said_is_not_judged(
    files: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    database = {"a": annotation("test", [0, 10]), "b": {"subset": "test"}}
    files[0].write_text(json.dumps({"database": database}))
    assert run(monkeypatch, *files) == 0
    output = capsys.readouterr()
    assert "1 videos judged" in output.out
    assert "1 videos left out of the results: not to be judged" in output.out
    assert "'b': neither annotations nor labels); left out" in output.err


@pytest.mark.parametrize(("protocol", "expected"), [("thumos14", 1.0), ("wtalc", 0.0)])
def test_a_protocol_and_ambiguous_intervals_are_chosen(
    files: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    protocol: str,
    expected: float,
) -> None:
    ambiguous, target = tmp_path / "ambiguous.txt", tmp_path / "evaluation.json"
    ambiguous.write_text("a 8 12\nb 0 1\n")
    files[0].write_text(json.dumps({"database": {"a": annotation("test", [0, 10])}}))
    options = ["--protocol", protocol, "--ambiguous", ambiguous, "--tiou", "0.5", "--json", target]
    files[1].write_text(
        json.dumps({"results": {"a": [{"label": "run", "score": 0.5, "segment": [0, 9]}]}})
    )
    assert run(monkeypatch, *files, *options) == 0
    output = capsys.readouterr().out
    assert f"protocol {protocol}" in output
    assert "1 ambiguous intervals heeded" in output
    document = json.loads(target.read_text())
    assert (document["protocol"], document["average_mAP"]) == (protocol, expected)


def test_ambiguous_in_the_annotations_is_no_class(
    files: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    entry = annotation("test", [0, 10])
    entry["annotations"].append({"label": "Ambiguous", "segment": [20, 30]})
    files[0].write_text(json.dumps({"database": {"a": entry}}))
    for protocol in ("activitynet", "thumos14"):
        assert run(monkeypatch, *files, "--protocol", protocol) == 0
        output = capsys.readouterr().out
        assert "\nAmbiguous" not in output
        assert ("1 ambiguous intervals heeded" in output) == (protocol == "thumos14")


def test_what_is_odd_in_the_videos_judged_is_summed_up(
    files: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    odd = {"labels": ["jump"], **annotation("test", [0, 10], [50, 61], [60, 62])}
    other = {"labels": ["jump"], **annotation("training", [0, 10])}
    files[0].write_text(json.dumps({"database": {"a": odd, "b": other}}))
    target = tmp_path / "evaluation.json"
    assert run(monkeypatch, *files, "--subset", "test", "--json", target) == 0
    lines = capsys.readouterr().err.splitlines()
    said = "the list lacks run; no segment shows jump"
    assert lines == [
        f"{files[0]}: 1 videos: labels disagree with their segments (first: 'a': {said}); "
        "the segments' labels count",
        f"{files[0]}: 2 segments end past their video (first: 'a': run [50.0, 61.0] in a video "
        "of 60.0 s); they are kept",
    ]
    findings = json.loads(target.read_text())["findings"]
    assert findings[0] == {"kind": "labels", "video": "a", "message": said}
    assert [finding["kind"] for finding in findings] == ["labels", "past_end", "past_end"]


def test_a_folder_of_text_files_is_judged(
    files: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "annotation"
    folder.mkdir()
    (folder / "run_test.txt").write_text("a  0 10\na 20 20\n")
    (folder / "Ambiguous_test.txt").write_text("b  49 51\n")
    assert run(monkeypatch, folder, files[1], "--protocol", "thumos14") == 0
    output = capsys.readouterr()
    assert "2 videos judged" in output.out
    assert "1 ambiguous intervals heeded" in output.out
    assert output.err == (
        f"{folder}: 1 segments take no time or start before 0 (first: 'a': run [20.0, 20.0] ends "
        "before or where it starts); left out; their labels are kept\n"
    )


def test_a_report_is_a_page_that_names_the_file_and_the_protocol(
    files: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = tmp_path / "new" / "report.html"
    options = ["--subset", "test", "--report", target, "--protocol", "thumos14"]
    assert run(monkeypatch, *files, *options, "--lengths", "3,6,12,18") == 0
    with_report = capsys.readouterr().out
    html = target.read_text(encoding="utf-8")
    assert "<title>Evaluation of detections.json</title>" in html
    assert "<h2>Protocol thumos14</h2>" in html
    assert "M, 6–12 s" in html  # noqa: RUF001
    assert run(monkeypatch, *files, *options[:2], *options[4:]) == 0
    assert capsys.readouterr().out == with_report


def test_a_report_has_curves_where_scores_lie_beside_the_detections(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, options = tmp_path / "report.html", ["--subset", "test", "--report"]
    assert run(monkeypatch, *files, *options, report) == 0
    html = report.read_text(encoding="utf-8")
    assert "<h3>Worst first (1): a</h3>" in html
    assert "predicted threshold</text>" not in html
    values = np.zeros((4, 1), np.float32)
    edges = np.linspace(0, 40, 5)
    scores = Scores(("run",), values, values[:, 0] + 1, np.array([0.9, 0.1], np.float32), edges)
    write_scores(tmp_path / "videos/a.scores.safetensors", scores, "")
    assert run(monkeypatch, *files, *options, report) == 0
    assert "predicted threshold</text>" in report.read_text(encoding="utf-8")


def test_the_file_says_why(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "evaluation.json"
    options = ["--subset", "test", "--json", target, "--error-tiou", "0.95"]
    assert run(monkeypatch, *files, *options) == 0
    document = json.loads(target.read_text())
    assert document["errors"]["tiou"] == 0.95
    assert document["errors"]["kinds"]["localization"] == 1
    assert document["errors"]["truths"] == {
        "found": 0,
        "badly_located": 1,
        "mislabelled": 0,
        "unseen": 1,
    }
    # A tIoU of 0.9 with one of two truths is enough at nine of the ten thresholds.
    assert document["proposals"]["AR"] == pytest.approx([0.45] * 100)
    assert document["proposals"]["AUC"] == pytest.approx(0.45 * 0.99)


def test_without_a_report_nothing_of_it_is_loaded(files: tuple[Path, Path]) -> None:
    code = (
        "import sys\n"
        "from lpat.cli.evaluate import command\n"
        "command.main(sys.argv[1:], standalone_mode=False)\n"
        "late = {'lpat.evaluation.proposal_recall', 'lpat.report', 'onnxruntime', 'cv2'}\n"
        "print(*sorted(late & set(sys.modules)), file=sys.stderr)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code, *map(str, files), "--subset", "test"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "mAP" in process.stdout
    assert process.stderr.strip() == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--error-tiou", "0.1"], "--error-tiou: expected a threshold in (0.1, 1], not 0.1"),
        (["--error-tiou", "nan"], "--error-tiou: expected a threshold in (0.1, 1], not nan"),
        (
            ["--lengths", "1,2,3"],
            "--lengths: expected four ascending lengths, A,B,C,D, not '1,2,3'",
        ),
        (["--lengths", "1,2,4,3"], "--lengths: expected four ascending lengths"),
        (["--lengths", "1,2,3,inf"], "--lengths: expected four ascending lengths"),
        (["--lengths", "x"], "--lengths: expected four ascending lengths"),
        (["--subset", "test", "--ambiguous", "x"], "protocol activitynet has no use for it"),
        (["--subset", "test", "--protocol", "wtalc", "--ambiguous", "nowhere.txt"], "no such file"),
        ([], "several subsets; choose one by --subset: test, training"),
        (["--subset", "x"], "no subset 'x'; its subsets: test, training"),
        (["--subset", "test", "--tiou", "x"], "--tiou: expected START:STOP:STEP or a list"),
        (["--subset", "test", "--tiou", "0:1:0.5"], "--tiou: expected thresholds in (0, 1], not 0"),
    ],
)
def test_errors_take_one_line(
    files: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    assert run(monkeypatch, *files, *options) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert output.err.startswith("lpat-eval: error: ")
    assert message in output.err


def test_files_in_the_other_order_are_told_so(
    files: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, *reversed(files)) == 1
    assert capsys.readouterr().err.endswith(
        "; it is a file of detections; annotations come first, then detections\n"
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.onnx", "expected detections as JSON, not an ONNX file"),
        ("detections.csv", "expected detections as JSON, not a table"),
        ("clip.mp4", "expected detections as JSON, not a video"),
    ],
)
def test_what_is_given_for_detections_is_named(
    files: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    message: str,
) -> None:
    other = files[0].with_name(name)
    other.touch()
    assert run(monkeypatch, files[0], other, "--subset", "test") == 1
    assert message in capsys.readouterr().err
    assert run(monkeypatch, other, files[1], "--subset", "test") == 1
    assert "\n" not in capsys.readouterr().err.rstrip()


def test_the_folder_that_lpat_detect_wrote_is_judged(
    files: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, *files, "--subset", "test") == 0
    expected = capsys.readouterr().out
    (out := files[1].parent / "out").mkdir()
    files[1].rename(out / "detections.json")
    assert run(monkeypatch, files[0], out, "--subset", "test") == 0
    assert capsys.readouterr().out == expected


def test_files_that_name_other_videos_are_no_zero(
    files: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    row = {"label": "run", "score": 1, "segment": [0, 1]}
    files[1].write_text(json.dumps({"results": {"c.mp4": [row]}}))
    assert run(monkeypatch, *files, "--subset", "test") == 1
    message = "none of its videos is to be judged; it names 'c.mp4', the annotations 'a'"
    assert message in capsys.readouterr().err


def test_names_mean_one_video_by_form_suffix_and_folders_and_look_alikes_are_told(
    files: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ["\u00fcbung", "S1/10.mp4", "S2\\10.mp4", "c", "V"]
    truth = {name: annotation("test", [0, 10]) for name in names}
    row = {"label": "run", "score": 1, "segment": [0, 10]}
    rows = {name: [row] for name in ("u\u0308bung", "S1/10", "S2/10", "c.mp4", "v")}
    rows["c.mp4"] = [row, {**row, "label": "Run"}]
    files[0].write_text(json.dumps({"database": truth}))
    files[1].write_text(json.dumps({"results": rows}))
    assert run(monkeypatch, *files) == 0
    output = capsys.readouterr().out
    assert "5 videos judged\n1 of them without results\n" in output
    assert (
        "2 of these names and labels differ from annotated ones by case, blanks or unseen" in output
    )
    assert "(first: 'V' and 'v')" in output


def test_annotations_without_times_are_named(
    files: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files[0].write_text(json.dumps({"database": {"a": {"labels": ["run"]}}}))
    assert run(monkeypatch, *files) == 1
    assert "no segment times to evaluate against" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.3:0.7:0.1", [0.3, 0.4, 0.5, 0.6, 0.7]),
        ("0.1:0.9:0.1", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
        ("0.5:0.5:0.1", [0.5]),
        ("0.5:0.59:0.1", [0.5]),
        ("0.75, 0.5,0.75", [0.5, 0.75]),
        ("1", [1.0]),
    ],
)
def test_thresholds_are_a_range_or_a_list(text: str, expected: list[float]) -> None:
    assert parse_tious(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "0.5,", "0.3:0.7", "0.1:1.1:0.5,2", "0", "1.1", "-0.5", "nan"),
        *("0.7:0.3:0.1", "0.3:0.7:0", "0.3:0.7:-0.1", "0.3:0.7:1e-9"),
        *("nan:1:0.1", "0.3:inf:0.1", "0.3:0.7:nan"),
    ],
)
def test_other_thresholds_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--tiou: expected"):
        parse_tious(text)


def test_help_loads_neither_arrays_nor_engines() -> None:
    code = (
        "import sys\n"
        "from lpat.cli.evaluate import command\n"
        "command.main(['--help'], standalone_mode=False)\n"
        "print(*sorted({'numpy', 'onnxruntime', 'cv2', 'av'} & set(sys.modules)), file=sys.stderr)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "ANNOTATIONS DETECTIONS" in process.stdout
    assert process.stderr.strip() == ""


def test_rules_of_a_protocol_can_be_changed(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [*files, "--subset", "test", "--rule", "strict=true"]
    assert run(monkeypatch, *arguments, "--rule", "snippets_per_second=1.5") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("protocol custom")
    assert "  tIoU: must exceed the threshold" in lines
    assert "  ground truth: rounded to 1.5 snippets per second" in lines
    assert run(monkeypatch, *arguments, "--rule", "strict=false") == 0  # the last one counts
    assert capsys.readouterr().out.splitlines()[0].endswith("protocol activitynet")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("strictness=true", "expected NAME=VALUE with one of matcher, strict, .*'strictness=true'"),
        ("strict", "strict must be true or false, not ''"),
        ("matcher=best", "matcher must be one of best_truth, .* not 'best'"),
        ("snippets_per_second=x", "snippets_per_second must be a number or none, not 'x'"),
        ("snippets_per_second=0", "must be positive and finite, not 0"),
    ],
)
def test_what_is_no_rule_is_refused(rule: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_rules(PROTOCOLS["activitynet"], [rule])


def test_none_is_no_grid() -> None:
    options = parse_rules(PROTOCOLS["wtalc"], ["snippets_per_second=none", "empty_class=skip"])
    assert options.snippets_per_second is None
    assert options.empty_class == "skip"
