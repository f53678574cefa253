"""Pages of a batch: where they find their videos, what a rerun does with them, and the index."""

import base64
import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from tests.runtime.batch.test_batch import StubEngine, files_below, run_document

from lpat.batch.detection import detect_batch
from lpat.batch.outputs import Result, chosen_outputs
from lpat.batch.run_record import RunRecord
from lpat.engine import Analysis
from lpat.errors import LpatError, UsageError
from lpat.features.extractors import default_spec
from lpat.inputs import Input, find_inputs
from lpat.localizer import Localizer
from lpat.video.address import STDIN, Url

Detect = Callable[..., tuple[RunRecord, StubEngine]]


@pytest.fixture(scope="module")
def localizer(
    tmp_path_factory: pytest.TempPathFactory, make_model: Callable[..., Path]
) -> Localizer:
    return Localizer(make_model(tmp_path_factory.mktemp("model") / "m.onnx", default_spec()), "cpu")


@pytest.fixture
def detect(localizer: Localizer, tmp_path: Path) -> Detect:
    """Runs a batch with pages into `out` with a stub engine, and gives both."""

    def run(
        sources: Sequence[Input], *formats: str, embed_limit: int | None = None, **options: object
    ) -> tuple[RunRecord, StubEngine]:
        engine = StubEngine()
        outputs = chosen_outputs(formats or ["html"], embed_limit=embed_limit)
        record = detect_batch(
            localizer, engine, sources, tmp_path / "out", outputs=outputs, **options  # type: ignore[arg-type]
        )  # fmt: skip
        return record, engine

    return run


def source_of(page: str) -> str | None:
    """Where a page finds its video."""
    found = re.search(r'<video [^>]* src="([^"]*)"', page)
    return found and found[1]


def page_of(folder: Path, name: str) -> str:
    return (folder / f"out/videos/{name}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", ["clip.mp4", "a b#?%20&'.mp4", "sub/é ツ.mp4", os.fsdecode(b"caf\xe9.mp4"), "a:b.mp4"]
)
def test_a_page_finds_its_video_by_a_relative_link(
    name: str, detect: Detect, write_video: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "in/sub").mkdir(parents=True)
    video = tmp_path / "in" / name
    write_video("v.mp4").rename(video)
    (source,) = find_inputs([video])
    detect([source])
    (page,) = (tmp_path / "out/videos").rglob("*.html")
    address = source_of(page.read_text(encoding="utf-8"))
    assert address is not None
    split = urlsplit(urljoin(page.as_uri(), address.replace("&#39;", "'")))
    assert (split.scheme, split.query, split.fragment) == ("file", "", "")
    assert Path(unquote(split.path, errors="surrogateescape")).samefile(video)


def test_pages_in_folders_and_the_index_lead_to_each_other(
    detect: Detect, write_video: Callable[..., Path], tmp_path: Path
) -> None:
    for place in ("a/v.mp4", "b/v.mp4"):
        (tmp_path / place).parent.mkdir()
        write_video("v.mp4").rename(tmp_path / place)
    detect(find_inputs([tmp_path / "a", tmp_path / "b"]))
    index = tmp_path / "out/index.html"
    links = re.findall(r'<a href="([^"]*)">', index.read_text(encoding="utf-8"))
    assert links == ["videos/a/v.mp4.html", "videos/b/v.mp4.html"]
    page = index.parent / links[0]
    (back,) = re.findall(r'<a href="([^"]*)">', page.read_text(encoding="utf-8"))
    assert (page.parent / back).samefile(index)


def test_a_video_is_embedded_up_to_the_limit_and_told_beyond_it(
    detect: Detect, write_video: Callable[..., Path], tmp_path: Path
) -> None:
    video = write_video("v.mp4")
    size = video.stat().st_size
    sources = [Input("v", video)]
    detect(sources, embed_limit=size)
    page = page_of(tmp_path, "v")
    (embedded,) = re.findall(r'id="embedded" data-type="video/mp4">([^<]*)<', page)
    assert base64.b64decode(embedded, validate=True) == video.read_bytes()
    assert source_of(page) is None
    record, _ = detect(sources, embed_limit=size - 1)
    assert record.counts == {"done": 1}
    page = page_of(tmp_path, "v")
    assert source_of(page) == "../../v.mp4"
    (note,) = run_document(tmp_path / "out")["inputs"][0]["notes"]
    assert note.startswith("html: not embedded: its ")
    assert "--embed-limit" in page
    (tmp_path / "out/videos/v.html").unlink()
    detect(sources, embed_limit=size - 1)
    assert page_of(tmp_path, "v") == page, "a page is made again though its entry has a note"


def test_a_video_that_browsers_do_not_play_is_linked_with_the_reason(
    detect: Detect, write_video: Callable[..., Path], tmp_path: Path
) -> None:
    video = write_video("v.avi", codec="mpeg4")
    detect([Input("v", video)], embed_limit=1 << 30)
    page = page_of(tmp_path, "v")
    assert source_of(page) == "../../v.avi"
    assert "Browsers don&#39;t play AVI with MPEG-4 Part 2." in page
    assert 'id="embedded"' not in page


def test_a_video_that_changes_while_it_is_embedded_fails_by_name(
    write_video: Callable[..., Path], tmp_path: Path
) -> None:
    from lpat.video.address import FileState

    video = write_video("v.mp4")
    state = FileState.of(video)
    with video.open("ab") as file:
        file.write(b"more")
    source = Input("v", video)
    ((_, analysis),) = StubEngine()([source])
    assert isinstance(analysis, Analysis)
    (output,) = chosen_outputs(["html"], embed_limit=1 << 30)
    result = Result(source, state, "", analysis.detections, 1.0, 0.0, analysis.scores)
    with pytest.raises(LpatError, match=r"v\.mp4: "):
        output.write(result, tmp_path / "out/v.html")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("address", "link", "said"),
    [(Url("https://example.org/v.mp4"), "https://example.org/v.mp4", ""),
     (Url("https://u:secret@example.org/v.mp4"), None, "holds a password"),
     (Url("https://example.org/v.mp4?token=secret"), None, "holds a password"),
     (Url("rtsp://example.org/v"), None, "addresses of rtsp"),
     (STDIN, None, "standard input"),
     (Path("/gone/v.npy"), None, "a file of features"),
     (Path("/gone/v.mp4"), None, "can&#39;t be opened")],
)  # fmt: skip
def test_what_is_no_file_says_why_there_is_nothing_to_play(
    address: Path | Url, link: str | None, said: str, tmp_path: Path
) -> None:
    ((_, analysis),) = StubEngine()([Input("a", Path(__file__))])
    assert isinstance(analysis, Analysis)
    result = Result(
        Input("v", address), None, "", analysis.detections, 4.0, 0.0, analysis.scores
    )  # fmt: skip
    (output,) = chosen_outputs(["html"])
    assert output.write(result, tmp_path / "out/videos/v.html") is None
    page = page_of(tmp_path, "v")
    assert source_of(page) == link
    assert said in page
    assert "secret" not in page


def test_a_rerun_leaves_pages_and_index_as_they_are(detect: Detect, tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.npy").touch()
    sources = [Input(name, tmp_path / f"{name}.npy") for name in ("a", "gone", "b")]
    record, _ = detect(sources)
    assert record.counts == {"done": 2, "failed": 1}
    before = files_below(tmp_path / "out")
    index = before["index.html"].decode()
    assert re.findall(r'data-name="(\w+)" data-status="(\w+)"', index) == [
        ("a", "done"), ("gone", "failed"), ("b", "done"),
    ]  # fmt: skip
    assert f"{tmp_path}/gone.npy: no such file" in index
    record, engine = detect(sources)
    assert engine.asked == ["gone"]
    assert record.unchanged == 2
    assert files_below(tmp_path / "out") == before
    _, engine = detect(sources, "csv")
    assert engine.asked == ["gone"], "other formats are made of stored detections"
    pages = {name: text for name, text in before.items() if name.endswith(".html")}
    assert files_below(tmp_path / "out").items() > pages.items()


def test_another_way_to_show_the_video_makes_the_page_anew(
    detect: Detect, write_video: Callable[..., Path], tmp_path: Path
) -> None:
    sources = [Input("v", write_video("v.mp4"))]
    for limit in (None, 1 << 30, None):
        _, engine = detect(sources, embed_limit=limit)
        assert engine.asked == ["v"]
        assert ('id="embedded"' in page_of(tmp_path, "v")) == (limit is not None)


def test_a_page_that_no_longer_fits_goes(detect: Detect, tmp_path: Path) -> None:
    (tmp_path / "a.npy").touch()
    sources = [Input("a", tmp_path / "a.npy")]
    detect(sources)
    os.utime(sources[0].file, ns=(1, 1))
    detect(sources, "srt")
    assert not (tmp_path / "out/videos/a.html").exists()
    entry = json.loads((tmp_path / "out/videos/a.json").read_text(encoding="utf-8"))
    assert set(entry["external_data"]["outputs"]) == {"srt"}


def test_a_batch_that_was_stopped_lists_what_was_left(detect: Detect, tmp_path: Path) -> None:
    (tmp_path / "b.npy").touch()
    detect(
        [Input("gone", tmp_path / "gone.npy"), Input("b", tmp_path / "b.npy")], on_error="stop"
    )  # fmt: skip
    index = (tmp_path / "out/index.html").read_text(encoding="utf-8")
    assert "left, as gone failed" in index
    assert 'data-status="left"' in index


def test_an_unknown_format_is_told_of_pages_too() -> None:
    with pytest.raises(UsageError, match=r"a format of json, .*, html, not 'xls'"):
        chosen_outputs(["html", "xls"])
