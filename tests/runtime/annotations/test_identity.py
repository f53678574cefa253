"""Which names mean one video, which labels are one class, and which only look so."""

import pytest

from lpat.annotations.identity import (
    Called,
    canonical,
    label_of,
    look_alike,
    match_names,
    name_among,
    parts_of,
    renamed,
    spelled,
    unique_names,
)
from lpat.errors import AnnotationError

NFC, NFD = "\u00fcbung 01", "u\u0308bung 01"


def files(*paths: str) -> list[Called]:
    """Files by their whole paths, each by a name that is unique among them."""
    stems = [path.rpartition("/")[2].rpartition(".")[0] for path in paths]
    return [
        Called.by_file(stem if stems.count(stem) == 1 else path.lstrip("/"), path.split("/"))
        for stem, path in zip(stems, paths, strict=True)
    ]


def test_forms_blanks_and_line_breaks_make_no_other_text() -> None:
    assert canonical(NFD) == label_of(NFD) == canonical(f" {NFC}\t") == label_of(f"{NFC}\n") == NFC
    assert label_of("jump\u2028 high") == label_of("jump\r\nhigh") == "jump high"
    assert canonical("line\nbreak") == "line\nbreak"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jump", "jump"),
        ("jump", "ju\u200bmp"),  # zero width space
        ("jump", "ju\u00admp"),  # soft hyphen
        ("jump", "\ufeffjump"),
        ("jump", "\u202ajump\u202c"),  # of a direction
        ("jump", "jump\ufe0f"),  # variation selector
        ("high jump", "high\u00a0jump"),
        ("high jump", "high  jump"),
        ("Stra\u00dfe", "STRASSE"),
    ],
)
def test_texts_that_only_look_alike_are_told_with_what_makes_them_differ(
    one: str, other: str
) -> None:
    assert canonical(one) != canonical(other)
    assert look_alike([one, other, one]) == [(one, other)]
    assert spelled(one) != spelled(other)


def test_texts_of_other_letters_do_not_look_alike() -> None:
    assert look_alike(["jump", "jumps", "j\u00fcmp", "", "run"]) == []


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("./S1//ADL/10.mp4", ("S1", "ADL", "10.mp4")),
        (".\\S1\\ADL\\10.mp4", ("S1", "ADL", "10.mp4")),
        ("S1/x/../ADL/10", ("S1", "ADL", "10")),
        ("../S1/10", ("S1", "10")),
        ("/data/S1/10.mp4", ("data", "S1", "10.mp4")),
        ("D:\\S1\\10.mp4", ("D:", "S1", "10.mp4")),
        ("", ()),
    ],
)
def test_a_name_has_folders_by_whichever_slash(name: str, parts: tuple[str, ...]) -> None:
    assert parts_of(name) == parts


@pytest.mark.parametrize(
    "name",
    [
        "10", "10.mp4", "ADL/10", "S1/ADL/10.mp4", "S1\\ADL\\10", "./S1/ADL/10.mp4",
        "/data/S1/ADL/10.mp4", "data/S1/ADL/10", "/mnt/host/data/S1/ADL/10.mp4", " S1/ADL/10 ",
    ],
)  # fmt: skip
def test_a_file_is_meant_by_any_end_of_its_path_with_and_without_suffix(name: str) -> None:
    assert match_names([name], files("/data/S1/ADL/10.mp4", "/data/S2/ADL/11.mp4")).found == {
        name: 0
    }


@pytest.mark.parametrize(
    "name",
    ["S1/10", "S2/ADL/10.mp4", "0.mp4", "1", "10.mov", "10.mp4/x", "ADL", "", "10.", "s1/adl/10"],
)
def test_another_path_or_suffix_is_another_video(name: str) -> None:
    found = match_names([name], files("/data/S1/ADL/10.mp4", "/data/S1/WALK/11.mp4"))
    assert (found.found, found.several) == ({}, {})


def test_folders_tell_equal_file_names_apart() -> None:
    candidates = files("/d/S1/10.mp4", "/d/S2/10.mp4")
    matches = match_names(["S2/10", "S1\\10.mp4", "10"], candidates)
    assert matches.found == {"S2/10": 1, "S1\\10.mp4": 0}
    assert matches.several == {"10": [0, 1]}


def test_a_name_with_its_suffix_is_rather_that_file() -> None:
    candidates = files("/d/clip.mp4", "/d/clip.mov")
    assert match_names(["clip.mp4", "clip.mov"], candidates).found == {"clip.mp4": 0, "clip.mov": 1}
    matches = match_names(["clip.mp4"], files("/d/clip.mp4", "/d/clip.mp4.mkv"))
    assert matches.several == {"clip.mp4": [0, 1]}


@pytest.mark.parametrize("stored", ["10.npy", "10.mp4.safetensors", "10.h5"])
@pytest.mark.parametrize("name", ["10", "10.mp4", "S1/10", "S1/10.mp4"])
def test_features_are_meant_by_their_videos_name(stored: str, name: str) -> None:
    assert match_names([name], files(f"/d/S1/{stored}")).found == {name: 0}


def test_a_dot_in_a_name_is_no_suffix() -> None:
    candidates = files("/d/v1.5.mp4", "/d/v1.mp4", "/d/clip.360.mp4")
    names = ["v1.5", "v1", "clip.360"]
    assert match_names(names, candidates).found == {"v1.5": 0, "v1": 1, "clip.360": 2}


def test_files_without_the_folders_are_found_by_the_longest_end_in_common_if_asked() -> None:
    flat = files("/features/10.npy", "/features/11.npy")
    names = ["D:\\set\\S1\\10.mp4", "D:\\set\\S2\\11.mp4"]
    assert match_names(names, flat).found == {}
    matches = match_names(names, flat, by_ends=True)
    assert matches.found == {names[0]: 0, names[1]: 1}
    assert matches.by_ends == names
    moved = files("/new/S1/10.mp4", "/new/S2/10.mp4")
    names = ["/old/S1/10.mp4", "/old/S2/10.mp4"]
    assert match_names(names, moved, by_ends=True).found == {names[0]: 0, names[1]: 1}


def test_an_end_in_common_with_two_names_or_beside_whole_paths_means_nothing() -> None:
    flat = files("/features/10.npy")
    assert match_names(["S1/10.mp4", "S2/10.mp4"], flat, by_ends=True).found == {}
    some = files("/d/S2/10.mp4", "/d/S2/12.mp4")
    matches = match_names(["S1/10.mp4", "S2/12.mp4"], some, by_ends=True)
    assert matches.found == {"S2/12.mp4": 1}


def test_of_several_names_for_one_file_the_longest_path_is_its_own() -> None:
    called = Called.by_file("10", ["data", "S1", "10.mp4"])
    assert name_among(["S1/10.mp4", "S2/10.mp4"], called) == "S1/10.mp4"
    assert name_among(["data/S1/10", "S1/10"], called) == "data/S1/10"
    assert name_among(["S2/10.mp4"], called) is None
    assert name_among(["S1/10", "S2/10"], Called.by_name("10")) is None
    assert name_among(["S1/10.mp4"], Called.by_name("10")) == "S1/10.mp4"


def test_results_take_the_names_that_theirs_mean() -> None:
    values = {NFD: 1, "b.mp4": 2, "c": 3, "ADL/10": 4, "other": 5}
    names = [NFC, "b", "c.avi", "S1/ADL/10.mp4"]
    assert list(renamed(values, names).items()) == [
        (NFC, 1), ("b", 2), ("c.avi", 3), ("S1/ADL/10.mp4", 4), ("other", 5),
    ]  # fmt: skip
    assert renamed({"a": 1, "a.mp4": 2}, ["a"]) == {"a": 1, "a.mp4": 2}


@pytest.mark.parametrize(
    ("results", "names", "message"),
    [
        (["a.mp4", "a.mov"], ["a"], r"'a.mov': is the same video as 'a.mp4'"),
        (["10"], ["S1/10", "S2/10"], r"'10': .* may be 'S1/10' or 'S2/10'"),
    ],
)
def test_results_that_mean_one_video_or_either_are_refused(
    results: list[str], names: list[str], message: str
) -> None:
    with pytest.raises(AnnotationError, match=message):
        renamed(dict.fromkeys(results, 0), names)


def test_one_name_in_two_forms_is_refused_with_both() -> None:
    with pytest.raises(AnnotationError, match=r"f: .* twice, as '.bung 01' and 'u\\u0308bung 01'"):
        unique_names([NFC, NFD], "f")
