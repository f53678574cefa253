"""lpat-import on layouts of other tools: which file is which stream, and which axis is time."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import load_file

from lpat.cli.import_features import command
from lpat.errors import LpatError, UsageError
from lpat.features.files import read_features

RANDOM = np.random.default_rng(0)
LENGTHS = {"a": 11, "b": 13}
JOINT = {name: RANDOM.random((T, 2048), dtype=np.float32) for name, T in LENGTHS.items()}
RGB = {name: values[:, :1024] for name, values in JOINT.items()}
FLOW = {name: values[:, 1024:] for name, values in JOINT.items()}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def invoked(words: str) -> Result:
    arguments = [*words.split(), "--output", "out"]
    return CliRunner().invoke(command, arguments, standalone_mode=False)


def imported(words: str) -> dict[str, np.ndarray]:
    """What the command writes, by video."""
    result = invoked(words)
    assert result.exception is None, result.exception
    assert result.return_value == 0, result.output
    return {path.stem: load_file(path)["features"] for path in Path("out").rglob("*.safetensors")}


def refused(words: str) -> str:
    result = invoked(words)
    assert isinstance(result.exception, LpatError), result.output
    assert not Path("out").exists()
    return str(result.exception)


def save(pattern: str, arrays: dict[str, np.ndarray]) -> None:
    for name, values in arrays.items():
        path = Path(pattern.format(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, values)


def assert_equal(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-6)


@pytest.mark.parametrize(
    ("rgb", "flow"),
    [
        ("in/{}_rgb.npy", "in/{}_flow.npy"),
        ("in/{}-rgb.npy", "in/{}-flow.npy"),
        ("in/{}_RGB.npy", "in/{}_Flow.npy"),
        ("in/{}_rgb_i3d.npy", "in/{}_flow_i3d.npy"),
        ("in/{}_i3d_rgb.npy", "in/{}_i3d_optical_flow.npy"),
        ("in/rgb_{}.npy", "in/flow_{}.npy"),
        ("in/rgb/{}.npy", "in/flow/{}.npy"),
        ("in/train/i3d_rgb/{}.npy", "in/train/i3d_flow/{}.npy"),
        ("in/rgb/{}_rgb.npy", "in/flow/{}_flow.npy"),
    ],
)
def test_streams_are_paired_by_what_their_names_say(rgb: str, flow: str) -> None:
    save(rgb, RGB)
    save(flow, FLOW)
    assert_equal(imported("in"), JOINT)
    shutil.rmtree("out")
    assert_equal(imported("--rgb in --flow in"), JOINT)
    shutil.rmtree("out")
    assert_equal(imported("in --streams flow"), FLOW)
    assert read_features(Path("out/a.safetensors")).spec.parameters == {"streams": "flow"}


def test_rates_and_times_beside_features_are_passed_over() -> None:
    save("vf/{}_rgb.npy", RGB)
    save("vf/{}_flow.npy", FLOW)
    save("vf/{}_fps.npy", dict.fromkeys(RGB, np.array(25.0)))
    save("vf/{}_timestamps_ms.npy", {name: np.arange(T) for name, T in LENGTHS.items()})
    assert_equal(imported("vf"), JOINT)
    assert "4 files of rates and times beside features are passed over" in invoked("vf").output


def test_a_video_that_is_called_as_rates_are_is_one() -> None:
    save("in/{}_fps.npy", JOINT)
    assert imported("in").keys() == {"a_fps", "b_fps"}


@pytest.mark.parametrize("how", ["same", "dots", "link", "hard link", "folder link", "other name"])
def test_one_file_is_never_two_streams(how: str) -> None:
    save("one/{}.npy", RGB)
    Path("two").mkdir()
    other = "two"
    match how:
        case "same":
            other = "one"
        case "dots":
            other = "./two/../one"
        case "link":
            Path("two/a.npy").symlink_to(Path("one/a.npy").resolve())
        case "hard link":
            os.link("one/a.npy", "two/a.npy")
        case "folder link":
            Path("three").symlink_to("one")
            other = "three"
        case _:
            os.link("one/a.npy", "two/b.npy")
            os.link("one/b.npy", "two/a.npy")
    assert "--rgb and --flow name the same files" in refused(f"--rgb one --flow {other}")


def test_a_copy_of_rgb_is_no_flow() -> None:
    save("one/{}.npy", RGB)
    save("two/{}.npy", RGB)
    result = invoked("--rgb one --flow two")
    assert result.return_value == 1
    assert "a: two/a.npy: expected features of flow, but they are those of RGB, copied" in (
        result.output
    )


def test_a_stream_alone_is_stored_as_that_stream() -> None:
    save("in/{}_rgb.npy", RGB)
    assert_equal(imported("in"), RGB)
    assert read_features(Path("out/a.safetensors")).spec.parameters == {"streams": "rgb"}


def test_one_stream_of_i3d_is_not_cut_into_two() -> None:
    save("in/{}.npy", RGB)
    assert "1024 features are one stream of i3d; --streams rgb or flow says" in refused("in")
    assert_equal(imported("in --streams rgb"), RGB)
    assert_equal(imported("in --extractor clip"), RGB)
    assert read_features(Path("out/a.safetensors")).spec.parameters == {"streams": "rgb"}


def test_names_of_a_stream_beside_names_of_none_are_refused() -> None:
    save("in/{}_rgb.npy", {"a": RGB["a"]})
    save("in/{}.npy", {"b": JOINT["b"]})
    assert "in/a_rgb.npy: its name says rgb, while that of in/b.npy says no stream" in refused("in")


def test_a_video_whose_name_ends_as_a_stream_is_imported_where_all_are_said_to_be_of_both() -> None:
    save("in/{}.npy", {"river_flow": JOINT["a"], "river": JOINT["b"]})
    assert "--streams rgb,flow if all are of both" in refused("in")
    found = imported("in --streams rgb,flow")
    assert_equal(found, {"river_flow": JOINT["a"], "river": JOINT["b"]})


def test_hdf5_files_of_many_videos_may_be_of_a_stream_each() -> None:
    for stream, arrays in (("rgb", RGB), ("flow", FLOW)):
        with h5py.File(f"{stream}_val.h5", "w") as file:
            for name, values in arrays.items():
                file[name] = values
    message = refused("--rgb rgb_val.h5 --flow ./rgb_val.h5")
    assert "--flow rgb_val.h5: expected files of flow, but their names say rgb" in message
    assert_equal(imported("rgb_val.h5 flow_val.h5"), JOINT)
    assert_equal(imported("--rgb rgb_val.h5 --flow flow_val.h5 --overwrite"), JOINT)


def arranged(values: np.ndarray, axes: str) -> np.ndarray:
    """Features (T, D) with axes in another order; of ten crops the mean is they."""
    if "crop" not in axes:
        return values if axes == "snippet,feature" else values.T
    crops = values[:, None] + np.linspace(-1, 1, 10, dtype=np.float32)[:, None]
    return crops.transpose([("snippet", "crop", "feature").index(its) for its in axes.split(",")])


@pytest.mark.parametrize(
    "axes",
    [
        "snippet,feature", "feature,snippet", "snippet,crop,feature", "crop,snippet,feature",
        "snippet,feature,crop", "crop,feature,snippet", "feature,snippet,crop",
    ],
)  # fmt: skip
def test_videos_of_several_lengths_tell_which_axis_is_time(axes: str) -> None:
    save("in/{}.npy", {name: arranged(values, axes) for name, values in JOINT.items()})
    found = imported("in")
    assert found.keys() == JOINT.keys()
    for name, values in JOINT.items():
        np.testing.assert_allclose(found[name], values, atol=1e-6)
    assert (f"taken as ({axes})" in invoked("in --overwrite").output) == (axes != "snippet,feature")


def test_axes_of_length_one_are_left_out() -> None:
    save("in/{}.npy", {name: values.T[None, :, :, None, None] for name, values in JOINT.items()})
    assert_equal(imported("in"), JOINT)


def test_a_transposed_file_among_others_fails() -> None:
    more = {f"v{T}": RANDOM.random((T, 2048), dtype=np.float32) for T in (5, 6, 7)}
    save("in/{}.npy", {**more, "odd": RANDOM.random((2048, 9), dtype=np.float32)})
    result = invoked("in --unchecked")
    assert result.return_value == 3
    assert "failed: odd: in/odd.npy: expected 2048 features as in the other files, not 9" in (
        result.output
    )


def test_one_file_is_asked_for_its_axes_unless_something_tells() -> None:
    save("{}.npy", {"dt": JOINT["a"].T, "td": JOINT["a"], "none": JOINT["a"][:, :300]})
    assert imported("td.npy")["td"].shape == (11, 2048)
    shutil.rmtree("out")
    for name in ("dt", "none"):
        assert "nothing tells which axis is time; --axes says it" in refused(f"{name}.npy")
    assert_equal(imported("dt.npy --axes feature,snippet"), {"dt": JOINT["a"]})


def test_a_duration_tells_which_axis_is_time() -> None:
    Path("known.json").write_text('{"database": {"dt": {"duration": 7.0, "labels": ["x"]}}}')
    save("{}.npy", {"dt": JOINT["a"].T})
    assert_equal(imported("dt.npy --annotations known.json"), {"dt": JOINT["a"]})


def test_other_axes_than_were_imported_are_imported_anew() -> None:
    save("{}.npy", {"square": RANDOM.random((2048, 2048), dtype=np.float32)})
    words = "square.npy --axes {} --unchecked"
    imported(words.format("snippet,feature"))
    save("{}.npy", {"v": JOINT["a"].T})
    imported("v.npy --axes snippet,feature --streams rgb --unchecked")
    again = imported("v.npy --axes feature,snippet --streams rgb --unchecked")
    assert again["v"].shape == (11, 2048)


def test_axes_that_make_videos_of_many_widths_are_refused() -> None:
    save("in/{}.npy", {name: values.T for name, values in JOINT.items()})
    message = refused("in --axes snippet,feature --streams rgb")
    assert "videos differ in the number of features: 11 of 'a', 13 of 'b'" in message


def test_hdf5_and_npz_files_of_many_videos() -> None:
    with h5py.File("groups.h5", "w") as file:
        for name, values in JOINT.items():
            file[f"test/{name}/c3d_features"] = values
            file[f"test/{name}/times"] = np.arange(len(values))
    assert_equal(imported("groups.h5"), JOINT)
    with h5py.File("arrays.h5", "w") as file:
        for name, values in JOINT.items():
            file[name] = values.T
    assert_equal(imported("arrays.h5 --overwrite"), JOINT)
    with h5py.File("streams.h5", "w") as file:
        for name in LENGTHS:
            file[f"{name}/rgb"], file[f"{name}/flow"] = RGB[name], FLOW[name]
    assert_equal(imported("streams.h5 --overwrite"), JOINT)
    np.savez("all.npz", **JOINT)  # pyright: ignore[reportArgumentType]
    assert_equal(imported("all.npz --overwrite"), JOINT)


def test_one_hdf5_file_of_one_array_a_video_is_not_two_streams() -> None:
    with h5py.File("arrays.h5", "w") as file:
        for name, values in RGB.items():
            file[name] = values
    assert "name the same files" in refused("--rgb arrays.h5 --flow arrays.h5")


def test_links_of_hdf5_files_to_others_are_not_followed() -> None:
    with h5py.File("other.h5", "w") as file:
        file["c"] = JOINT["a"]
    with h5py.File("arrays.h5", "w") as file:
        file["a"], file["b"] = JOINT["a"], JOINT["b"]
        file["c"] = h5py.ExternalLink("other.h5", "c")
    assert_equal(imported("arrays.h5"), JOINT)


def test_matlab_files_of_7_3_are_read_as_matlab_shows_them() -> None:
    with h5py.File("v.mat", "w", userblock_size=512) as file:
        file["features"] = JOINT["a"].T
    with Path("v.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(128))
    assert_equal(imported("v.mat"), {"v": JOINT["a"]})


def test_older_matlab_files_need_scipy_and_the_line_says_how(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    Path("v.mat").write_bytes(b"MATLAB 5.0 MAT-file".ljust(256))
    result = invoked("v.mat")
    assert result.return_value == 1
    assert "pip install scipy, or convert it where that is, by: python -c" in result.output


def converted_by(message: str) -> None:
    words = shlex.split(message.partition(" by: ")[2])
    subprocess.run([sys.executable, *words[1:]], check=True)


def test_tables_and_pickles_are_refused_with_the_line_that_converts_them() -> None:
    np.savetxt("t.csv", JOINT["a"][:, :4], delimiter=",", header="a,b,c,d", comments="")
    converted_by(refused("t.csv"))
    np.testing.assert_allclose(np.load("t.npy"), JOINT["a"][:, :4])
    np.savetxt("t.csv", JOINT["a"][:, :4], delimiter=",")
    converted_by(refused("t.csv"))
    assert np.load("t.npy").shape == (11, 4)
    JOINT["b"].dump("p.pkl")
    message = refused("p.pkl")
    assert "p.pkl: expected an array, but it is a pickle, which is never unpickled" in message
    converted_by(message)
    np.testing.assert_array_equal(np.load("p.npy"), JOINT["b"])
    Path("pt").mkdir()
    for name in ("x", "y"):
        Path(f"pt/{name}.pt").write_bytes(b"PK")
    message = refused("pt")
    assert "torch.load(p, map_location='cpu', weights_only=True)" in message
    assert message.endswith('"pt"/*.pt')


def test_files_of_other_kinds_beside_features_are_noted() -> None:
    save("in/{}.npy", JOINT)
    Path("in/list.csv").write_text("a,b\n")
    assert_equal(imported("in"), JOINT)
    assert "1 files of other kinds are passed over; the first: in/list.csv" in invoked("in").output
    Path("in/v.mp4").touch()
    assert "1 other file passed over (.mp4): expected .csv, .h5, " in invoked("in").output


def test_files_are_known_by_any_end_of_their_path_and_in_any_form_of_unicode() -> None:
    for stream, arrays in (("rgb", RGB), ("flow", FLOW)):
        save(f"set/{{}}_{stream}.npy", {"u\u0308" if stream == "rgb" else "\u00fc": arrays["a"]})
    Path("t.json").write_text('{"database": {"set/\u00fc.mp4": {"labels": ["jump"]}}}')
    assert_equal(imported("set --annotations t.json --unchecked"), {"\u00fc": JOINT["a"]})
    shutil.rmtree("out")
    with h5py.File("all.h5", "w") as opened:
        opened["1.5"], opened["1.6"] = JOINT["a"], JOINT["b"]
    Path("t.json").write_text('{"database": {"set/1.5": {"labels": ["jump"]}}}')
    assert_equal(imported("all.h5 --annotations t.json --unchecked"), {"1.5": JOINT["a"]})


@pytest.mark.parametrize("value", [{"a": 1}, JOINT])
def test_one_object_is_refused_with_its_way_out(value: dict[str, Any]) -> None:
    np.save("o.npy", np.array(value, object), allow_pickle=True)
    result = invoked("o.npy")
    assert isinstance(result.exception, LpatError)
    assert not isinstance(result.exception, UsageError)
    assert "holds one object, which is never unpickled; if you trust it, convert it by" in str(
        result.exception
    )
