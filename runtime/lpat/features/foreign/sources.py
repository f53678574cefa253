"""Which videos' features the files of others hold, and which of their arrays are of one video.

Files and folders of any layout that `stream_names` and `foreign_arrays` know become a source for
each video: one array of all its dimensions, or RGB and flow apart. No array is ever two streams.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from lpat.annotations.identity import Called, canonical
from lpat.annotations.wtalc import read_video_names
from lpat.errors import FeatureError, UsageError
from lpat.features.files import check_array
from lpat.features.foreign.arrays import (
    CONVERTED,
    FOREIGN_SUFFIXES,
    ForeignArray,
    arrays_of,
    refusal,
)
from lpat.features.foreign.axes import Axes
from lpat.features.foreign.stream_names import Stream, stream_of, without_companions
from lpat.files.kinds import but_it_is
from lpat.files.npy import find_arrays, leading_header, numbers_from_objects
from lpat.inputs import find_inputs

Streams = Literal["rgb,flow", "flow,rgb", "rgb", "flow"]

Note = Callable[[str], None]
"""Tells the user a line."""

AxesOf = Callable[[ForeignArray], Axes]
"""What the axes of an array are."""


@dataclass(frozen=True)
class ImportSource:
    """A video's features in files of others: one array, or RGB before flow."""

    name: str
    arrays: tuple[ForeignArray, ...]
    lacks: Stream | None = None  # the stream that other videos have and this one hasn't

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that its features come from."""
        return tuple(dict.fromkeys(array.path for array in self.arrays))

    @property
    def called(self) -> Called:
        """What names of videos mean it: by its file without what tells the stream, or its entry."""
        first = self.arrays[0]
        if not first.is_named_by_file:
            return Called.by_name(self.name)
        return Called.by_file(self.name, [*first.path.absolute().parent.parts, self.name])

    def shape(self, axes_of: AxesOf) -> tuple[int, int] | None:
        """The (T, D) that loading gives; None where that fails."""
        shapes = []
        for array in self.arrays:
            axes = axes_of(array)
            if array.shape is None or len(array.shape) != len(axes.words):
                return None
            shapes.append(axes.shape(array.shape))
        return min(its[0] for its in shapes), sum(its[1] for its in shapes)

    def load(self, axes_of: AxesOf) -> np.ndarray:
        """Its features (T, D), mapped rather than read where that is possible.

        Raises:
            FeatureError: unreadable, not such arrays, or streams that don't belong together.
        """
        if self.lacks is not None:
            has, lacks = ("RGB", "flow") if self.lacks == "flow" else ("flow", "RGB")
            raise FeatureError(f"{self.paths[0]}: {has} features without {lacks} features")
        loaded = [_rows(array, axes_of) for array in self.arrays]
        if len(loaded) == 1:
            return loaded[0]
        rgb, flow = loaded
        # There is one flow less than there are frames, and so sometimes one snippet less.
        if abs(len(rgb) - len(flow)) > 1:
            raise FeatureError(
                f"{self.paths[-1]}: expected {len(rgb)} snippets of flow, as of RGB, "
                f"not {len(flow)}"
            )
        if np.array_equal(rgb, flow):
            raise FeatureError(
                f"{self.paths[-1]}: expected features of flow, but they are those of RGB, copied"
            )
        length = min(len(rgb), len(flow))
        return np.concatenate([rgb[:length], flow[:length]], axis=1)


def _rows(array: ForeignArray, axes_of: AxesOf) -> np.ndarray:
    values = array.read()
    try:
        rows = axes_of(array).rows(values)
        check_array(rows.dtype, rows.shape)
    except FeatureError as error:
        place = f"{array.path}: {array.key}" if array.key else str(array.path)
        raise FeatureError(f"{place}: {error}") from error
    return rows


def file_sources(
    paths: Sequence[Path], said: Streams | None, note: Note
) -> tuple[list[ImportSource], Streams | None]:
    """A source for each video with features among paths and below folders, and their streams.

    Arrays whose names say RGB and flow are paired, and those of one stream are of that, unless the
    user has `said` that they are of both; of a stream that was said alone, those of the other are
    left out. Where neither says anything the streams are None.

    Raises:
        UsageError: none, two of one video, or some that say a stream beside some that don't.
    """
    arrays = _named_arrays(paths, note)
    named = {array.stream for array in arrays}
    if said in ("rgb", "flow"):
        arrays = [array for array in arrays if array.stream in (said, None)]
        if not arrays:
            raise UsageError(f"--streams {said}: expected files of {said}, but none is named so")
    elif said is not None and not {"rgb", "flow"} <= named:
        arrays = _named_arrays(paths, note, joint=True)
    elif said == "flow,rgb":
        raise UsageError("--streams flow,rgb: expected files of both streams, but names say which")
    named = {array.stream for array in arrays}
    if None in named and len(named) > 1:
        one = next(array for array in arrays if array.stream is not None)
        other = next(array for array in arrays if array.stream is None)
        raise UsageError(
            f"{one.path}: its name says {one.stream}, while that of {other.path} says no stream; "
            "expected --streams rgb,flow if all are of both, or --rgb and --flow, or one kind alone"
        )
    if named == {None}:
        return [ImportSource(name, (its,)) for name, its in _by_name(arrays).items()], said
    sides = [_by_name(its for its in arrays if its.stream == side) for side in ("rgb", "flow")]
    streams: Streams = "rgb,flow" if len(named) > 1 else "rgb" if "rgb" in named else "flow"
    if len(named) == 1:
        note(f"the files' names say {streams}: they are stored as --streams {streams}")
    return _paired(*sides), streams


def pair_sources(
    rgb: Sequence[Path], flow: Sequence[Path], note: Note, names: Path | None = None
) -> list[ImportSource]:
    """A source for each video with features below the paths of RGB or of flow.

    Where both streams lie in one folder, each side takes what is named after it. `names` are those
    of the entries where a side is one file of all videos.

    Raises:
        UsageError: a folder without feature files, two of one name among RGB or among flow, the
            same array on both sides, or no video on both.
    """
    sides: dict[Stream, dict[str, ForeignArray]] = {}
    given: dict[Stream, Sequence[Path]] = {"rgb": rgb, "flow": flow}
    for side, paths in given.items():
        if names is not None and len(paths) == 1 and holds_entries(paths[0], names):
            own = [source.arrays[0] for source in entry_sources(paths[0], names)]
        else:
            named = _named_arrays(paths, note)
            own = [array for array in named if array.stream in (side, None)]
            if not own:
                raise UsageError(
                    f"--{side} {paths[0]}: expected files of {side}, but their names say "
                    f"{named[0].stream}, such as {named[0].path}"
                )
        sides[side] = _by_name(own)
    if not sides["rgb"].keys() & sides["flow"].keys():
        _refuse_shared(sides["rgb"], sides["flow"])
        raise UsageError(
            f"expected files of the same names below --rgb and --flow, but none is in both, "
            f"such as {next(iter(sides['rgb']))!r} and {next(iter(sides['flow']))!r}"
        )
    return _paired(sides["rgb"], sides["flow"], both=True)


def _paired(
    rgb: Mapping[str, ForeignArray], flow: Mapping[str, ForeignArray], *, both: bool = False
) -> list[ImportSource]:
    """RGB and flow of a video together; where any has both, or must, others lack one."""
    _refuse_shared(rgb, flow)
    both = both or bool(rgb and flow)
    return [
        ImportSource(
            name,
            tuple(side[name] for side in (rgb, flow) if name in side),
            ("rgb" if name not in rgb else "flow" if name not in flow else None) if both else None,
        )
        for name in dict.fromkeys([*rgb, *flow])
    ]


def _refuse_shared(rgb: Mapping[str, ForeignArray], flow: Mapping[str, ForeignArray]) -> None:
    """One array is never two streams, whatever links lead to it."""
    seen: dict[tuple[int, int, str], ForeignArray] = {}
    for array in rgb.values():
        if array.path.exists():
            seen[array.identity] = array
    for array in flow.values():
        if array.path.exists() and (other := seen.get(array.identity)):
            called = "" if other.path == array.path else f" is the file {other.path} and"
            raise UsageError(
                f"--rgb and --flow name the same files: {array.path}{called} can't be both RGB "
                "and flow; for files of both streams, give them without --rgb and --flow"
            )


def holds_entries(path: Path, names: Path | None) -> bool:
    """Whether a file is one array of all videos: of objects, or (N, T, D) where N are named.

    Raises:
        FeatureError: one object that isn't an array.
        OSError: it can't be read.
    """
    header = leading_header(path) if path.suffix.lower() == ".npy" and path.is_file() else None
    if header is None:
        return False
    if header.holds_objects and not header.shape:
        raise FeatureError(
            f"{path}: expected arrays, but it holds one object, which is never unpickled; if you "
            f"trust it, convert it by: {numbers_from_objects(path)}"
        )
    if header.holds_objects or names is None or len(header.shape) != 3:
        return header.holds_objects
    file = _names_file(names)
    return (
        file.is_file()
        and file.suffix == ".npy"
        and (len(read_video_names(file)) == header.shape[0])
    )


def _names_file(names: Path) -> Path:
    return names / "videoname.npy" if names.is_dir() else names


def entry_sources(path: Path, names: Path) -> list[ImportSource]:
    """A source for each entry of one file of all videos.

    `names` is W-TALC's `videoname.npy`, or a folder that holds it; its order is the entries'.

    Raises:
        AnnotationError: no names.
        FeatureError: the file is broken, or has another number of entries.
    """
    file = _names_file(names)
    videos = read_video_names(file)
    places = find_arrays(path)
    if len(places) != len(videos):
        raise FeatureError(
            f"{path}: expected {len(videos)} entries, one for each name of {file}, "
            f"not {len(places)}"
        )

    def array(index: int) -> ForeignArray:
        place = places[index]
        return ForeignArray(
            path, f"entry {index}", videos[index], None, place.shape, lambda: place.read(path)
        )

    return [ImportSource(name, (array(index),)) for index, name in enumerate(videos)]


def _named_arrays(paths: Sequence[Path], note: Note, *, joint: bool = False) -> list[ForeignArray]:
    """The arrays of feature files among paths and below folders, with their video and stream.

    With `joint` the files' names say no stream.
    """
    arrays = []
    for path, folder in _feature_files(paths, note):
        video, stream = (path.stem, None) if joint else stream_of(path, folder)
        arrays += [
            replace(
                array,
                video=array.video or video,
                stream=array.stream or stream,
                is_named_by_file=array.video is None,
            )
            for array in arrays_of(path)
        ]
    return arrays


def _feature_files(paths: Sequence[Path], note: Note) -> list[tuple[Path, Path]]:
    """Feature files, each with the folder that it was found below."""
    found: dict[str, tuple[Path, Path]] = {}
    for path in paths:
        for source in find_inputs([path], tell=note, suffixes=FOREIGN_SUFFIXES | CONVERTED.keys()):
            place = source.file
            folder = path if path.is_dir() else place.parent
            found.setdefault(os.path.abspath(place), (place, folder))  # noqa: PTH100
    folders = dict(found.values())
    files = [path for path in folders if path.suffix.lower() in FOREIGN_SUFFIXES]
    others = [path for path in folders if path.suffix.lower() not in FOREIGN_SUFFIXES]
    for path in others:
        if path.suffix.lower() in CONVERTED and (path in paths or not files):
            its = [other for other in others if other.suffix == path.suffix]
            beside = [other for other in its if other.parent == path.parent]
            raise UsageError(str(refusal(beside if path not in paths else [path])))
    if others:
        note(f"{len(others)} files of other kinds are passed over; the first: {others[0]}")
    files, companions = without_companions(files)
    if companions:
        note(f"{companions} files of rates and times beside features are passed over")
    if not files:
        raise UsageError(
            f"{paths[0]}: expected feature files, but there is none{but_it_is(paths[0])}"
        )
    return [(path, folders[path]) for path in files]


def _by_name(arrays: Iterable[ForeignArray]) -> dict[str, ForeignArray]:
    named: dict[str, ForeignArray] = {}
    for array in arrays:
        name = canonical(array.video or array.path.stem)
        if name in named:
            raise UsageError(f"video {name!r} has two files: {named[name].path}, {array.path}")
        named[name] = array
    return named
