"""From paths to inputs with names of their own."""

import io
import os
import sys
from pathlib import Path

import pytest

from lpat.errors import UsageError
from lpat.inputs import Input, find_inputs, output_name
from lpat.video.address import STDIN, Url


def make_files(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names_of(*paths: str | Path) -> list[str]:
    return [source.name for source in find_inputs(paths)]


def test_a_folder_gives_its_videos_and_features_at_any_depth(tmp_path: Path) -> None:
    make_files(tmp_path, "b.mp4", "a.MOV", "notes.txt", "sub/c.npy", ".hidden.mp4", "x.onnx")
    found = find_inputs([tmp_path])
    assert [source.name for source in found] == ["a", "b", "c"]
    assert [source.holds_features for source in found] == [False, False, True]


def test_equal_base_names_are_kept_apart(tmp_path: Path) -> None:
    make_files(tmp_path, "a/clip.mp4", "b/clip.mp4", "b/clip.mkv", "b/other.mp4")
    assert sorted(names_of(tmp_path)) == ["a/clip.mp4", "b/clip.mp4", "clip.mkv", "other"]


def test_a_name_never_clashes_with_anothers_suffix(tmp_path: Path) -> None:
    make_files(tmp_path, "clip.mp4", "clip.mov", "clip.mp4.mkv")
    names = names_of(tmp_path)
    assert len(set(names)) == 3


def test_a_file_named_twice_counts_once(tmp_path: Path) -> None:
    make_files(tmp_path, "sub/clip.mp4")
    path = tmp_path / "sub" / "clip.mp4"
    assert names_of(path, tmp_path / "sub" / ".." / "sub" / "clip.mp4", tmp_path) == ["clip"]


def test_a_file_that_is_not_there_stays_to_fail_by_name(tmp_path: Path) -> None:
    assert names_of(tmp_path / "nowhere.mp4") == ["nowhere"]


def test_a_folder_without_videos_is_refused(tmp_path: Path) -> None:
    make_files(tmp_path, "notes.txt")
    with pytest.raises(UsageError, match="expected a folder with videos or feature files"):
        find_inputs([tmp_path])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_links_that_lead_in_circles_come_to_an_end(tmp_path: Path) -> None:
    make_files(tmp_path, "a/one.mp4", "other/two.mp4")
    (tmp_path / "a" / "loop").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "there").symlink_to(tmp_path / "other")
    (tmp_path / "other" / "back").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "itself.mp4").symlink_to("itself.mp4")
    assert names_of(tmp_path / "a") == ["itself", "one", "two"]


def test_a_dead_link_stays_to_fail_by_name(tmp_path: Path) -> None:
    (tmp_path / "dead.mp4").symlink_to("nowhere")
    assert names_of(tmp_path) == ["dead"]


def test_patterns_that_the_shell_left_alone_are_matched(here: Path) -> None:
    make_files(here, "a1.mp4", "a2.mov", "b.mp4", "a.txt", "x.dat", "s/t/c.mp4", ".a9.mp4")
    assert names_of("a?.*") == ["a1", "a2"]
    assert names_of("a*") == ["a1", "a2"]
    assert names_of("[ab]*.mp4") == ["a1", "b"]
    assert names_of("**/*.mp4") == ["a1", "b", "c"]
    assert names_of("s/**") == ["c"]
    assert names_of(str(here / "*.dat")) == ["x"]


@pytest.mark.parametrize("pattern", ["*.mkv", "no/*.mp4", "**", "a[.mp4*"])
def test_a_pattern_that_matches_nothing_is_refused(here: Path, pattern: str) -> None:
    make_files(here, "notes.txt")
    with pytest.raises(UsageError, match="no video or feature file matches"):
        find_inputs([pattern])


@pytest.mark.parametrize("name", ["a[1].mp4", "*.mp4", "@list.mp4", "@x", "http:", "what?.mp4"])
def test_a_file_that_is_called_so_wins(here: Path, name: str) -> None:
    make_files(here, name, "a1.mp4", "other.mp4")
    assert [source.path for source in find_inputs([name])] == [Path(name)]


def test_paths_are_never_patterns(here: Path) -> None:
    make_files(here, "a1.mp4")
    assert [source.path for source in find_inputs([Path("*.mp4")])] == [Path("*.mp4")]


@pytest.mark.parametrize(
    "content",
    [
        b"one.mp4\n\n# a comment\ntwo words.mp4\r\n",
        b"\xef\xbb\xbfone.mp4\ntwo words.mp4",
        b"one.mp4\0two words.mp4\0",
        "one.mp4\r\ntwo words.mp4\r\n".encode("utf-16"),
    ],
    ids=["lines", "byte order mark", "NUL", "UTF-16"],
)
def test_a_list_names_inputs(here: Path, content: bytes) -> None:
    make_files(here, "one.mp4", "two words.mp4")
    Path("list.txt").write_bytes(content)
    assert names_of("@list.txt") == ["one", "two words"]


def test_names_with_line_breaks_and_other_bytes_come_through_lists(here: Path) -> None:
    names = [b"line\nbreak.mp4", b"#1.mp4", b"\xff\xfe.mp4", b"-x.mp4"]
    for name in names:
        Path(os.fsdecode(name)).touch()
    Path("list").write_bytes(b"\0".join(names))
    assert [os.fsencode(source.file) for source in find_inputs(["@list"])] == names


def test_a_list_counts_from_its_own_folder_where_nothing_is_found_here(here: Path) -> None:
    make_files(here, "sub/a.mp4", "sub/b.mp4", "b.mp4", "sub/more/c.mp4")
    Path("sub/list").write_text("a.mp4\nb.mp4\nmore/*.mp4\nnone.mp4\n", encoding="utf-8")
    paths = [str(source.path) for source in find_inputs(["@sub/list"])]
    assert paths == ["sub/a.mp4", "b.mp4", "sub/more/c.mp4", "none.mp4"]


def test_a_list_holds_folders_and_urls_and_no_further_lists(here: Path) -> None:
    make_files(here, "f/a.mp4", "f/b.mp4")
    Path("list").write_text("f\nhttp://h/v.mp4\n@list\n-\n", encoding="utf-8")
    assert names_of("@list") == ["a", "b", "v", "@list", "-"]


def test_a_list_may_come_on_standard_input(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_files(here, "a.mp4")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a.mp4\nb.mp4\n")))
    assert names_of("@-") == ["a", "b"]
    with pytest.raises(UsageError, match="standard input can be a video or a list, not both"):
        find_inputs(["@-", "-"])


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("@none.txt", "@none.txt: no such file or list 'none.txt'"),
        ("@empty", "@empty: expected a list of inputs, but it is empty"),
        ("@.", "@.: the list can't be read"),
    ],
)
def test_a_bad_list_is_one_clear_line(here: Path, argument: str, message: str) -> None:
    (here / "empty").write_text("# nothing\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        find_inputs([argument])
    assert str(caught.value).startswith(message)


def test_urls_and_standard_input_have_names() -> None:
    found = find_inputs(["-", "http://h/a/clip.mp4?x=1", "rtsp://me:hunter2@cam/", "-"], timeout=5)
    assert [source.name for source in found] == ["stdin", "clip", "cam"]
    assert found[0].path is STDIN
    assert [source.path.timeout for source in found[1:] if isinstance(source.path, Url)] == [5, 5]
    assert "hunter2" not in repr(found)
    with pytest.raises(UsageError, match="expected a file, not a URL"):
        _ = found[1].file


def test_urls_of_equal_names_are_kept_apart(here: Path) -> None:
    make_files(here, "clip.mp4")
    urls = ["http://h/a/clip.mp4", "http://h/b/clip.mp4", "http://h/b/clip.mp4?2",
            "http://h/b/clip.mp4?3", "http://h/b/clip.mp4?2"]  # fmt: skip
    names = names_of("clip.mp4", *urls)
    assert len(set(names)) == len(names) == 5
    assert names[1] == "a/clip.mp4"
    assert names[2:] == [
        "h/b/clip.mp4", "h/b/clip.mp4 (2)", "h/b/clip.mp4 (3)",
    ]  # fmt: skip


def test_ten_thousand_inputs_have_ten_thousand_names(tmp_path: Path) -> None:
    paths = [tmp_path / f"{n % 100}" / f"{n // 100}.mp4" for n in range(10_000)]
    found = find_inputs(paths)
    assert len({source.name for source in found}) == 10_000
    assert len({output_name(source).casefold() for source in found}) == 10_000


@pytest.mark.parametrize(
    "name",
    ["clip", "two words", "größe 视频", "🎬", "sub/clip.mp4", "-dash", "clip (2)", "a'b", "%d"],
)
def test_a_harmless_name_is_the_files_own(name: str) -> None:
    assert output_name(Input(name, Path("x"))) == name


@pytest.mark.parametrize(
    "name",
    ["a:b", "a\nb", "what?", "\udcff", "CON", "nul.x", "end.", "end ", "..", ".", "a/../b", "",
     "a\\b", "x" * 251, "🎬" * 62, "a" * 250 + "/b", "a|b", "\x1b[31m"],
)  # fmt: skip
def test_a_name_that_some_file_system_refuses_is_made_safe(name: str, tmp_path: Path) -> None:
    made = output_name(Input(name, Path("x")))
    assert made == output_name(Input(name, Path("y")))
    assert made != output_name(Input(f"{name}_", Path("x")))
    assert not set(made) & set('<>:"\\|?*\n\x1b')
    made.encode()
    assert not {".", ".."} & set(made.split("/"))
    path = tmp_path / f"{made}.scores.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    assert path.resolve().is_relative_to(tmp_path)


def test_names_that_differ_by_case_only_get_files_that_differ_by_more(here: Path) -> None:
    make_files(here, "clip.mp4", "Clip.mov", "other.mp4")
    found = find_inputs(["clip.mp4", "Clip.mov", "other.mp4"])
    assert [source.name for source in found] == ["clip", "Clip", "other"]
    made = [output_name(source) for source in found]
    assert len({name.casefold() for name in made}) == 3
    assert made[2] == "other"
