"""Labels that folders name: the videos in `jump/` show a jump."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lpat.annotations.checks import VideoRecord, alike_in
from lpat.annotations.reading import Annotations, annotation_from
from lpat.annotations.tags import Change, Labels, clean_label
from lpat.errors import AnnotationError, UsageError

NOTHING = frozenset({"nothing", "none", "background", "_"})
"""Folders of videos in which nothing happens; upper and lower case don't matter."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class FolderLabels:
    """What folders say of videos, by name.

    `untold` are those that no folder says anything of. A video that lies in several folders goes
    by the first of its names; `remarks` have a line for each, and for each that is contradicted.
    """

    labels: Mapping[str, Labels]
    untold: tuple[str, ...]
    remarks: tuple[str, ...]


def label_of_folder(path: Path, tops: Collection[Path]) -> Change:
    """The labels that the folder directly above a file names: one, or none where nothing happens.

    None of a file that lies at the top, in one of the folders that were named themselves.

    Raises:
        UsageError: the folder's name can't be a label.
    """
    folder = path.parent
    if folder in tops:
        return None
    if folder.name.casefold() in NOTHING:
        return ()
    try:
        return (clean_label(folder.name),)
    except UsageError as error:
        raise UsageError(f"{folder}: can't name a label: {error}") from error


def labels_of_folders(paths: Mapping[str, Path], tops: Collection[Path]) -> FolderLabels:
    """What the folders say of videos, given the path of each; all paths are absolute.

    A video is the same in two folders if its content is: then it shows the labels of both. Where
    one of them says that nothing happens, they contradict each other, and nothing is said of it.

    Raises:
        UsageError: a folder's name can't be a label.
    """
    said = {name: label_of_folder(path, tops) for name, path in paths.items()}
    labels: dict[str, Labels] = {}
    untold, remarks = [], []
    for names in _same_content(paths):
        told = list(dict.fromkeys(its for name in names if (its := said[name]) is not None))
        where = " and ".join(str(paths[name]) for name in names)
        if not told:
            untold.extend(names)
        elif () in told and len(told) > 1:
            remarks.append(f"{where}: the same video, in which something happens and nothing does")
        else:
            labels[names[0]] = tuple(label for its in told for label in its)
            if len(told) > 1:
                remarks.append(f"{where}: the same video; it shows {', '.join(labels[names[0]])}")
    order = {name: labels[name] for name in paths if name in labels}
    return FolderLabels(order, tuple(untold), tuple(remarks))


def annotations_of_folders(
    paths: Mapping[str, Path], tops: Sequence[Path]
) -> tuple[Annotations, tuple[str, ...]]:
    """The videos that folders label, as annotations, and lines on what else was found.

    Raises:
        AnnotationError: no folder names a label.
        UsageError: a folder's name can't be a label.
    """
    found = labels_of_folders(paths, tops)
    place = tops[0] if tops else next(iter(paths.values())).parent
    if not any(found.labels.values()):
        raise AnnotationError(
            f"{place}: expected folders that name labels, such as jump/video.mp4, but none of "
            f"{len(paths)} videos lies in one"
        )
    lines = [*found.remarks]
    if found.untold:
        count = len(found.untold)
        lines.append(
            f"{place}: {count} video{'' if count == 1 else 's'} at the top, in no folder that "
            f"names a label (first: {found.untold[0]!r}); left out"
        )
    records = [VideoRecord(name, None, None, its, ()) for name, its in found.labels.items()]
    videos = tuple(map(annotation_from, records))
    return Annotations(place, videos, alike_in(records)), tuple(lines)


def _same_content(paths: Mapping[str, Path]) -> Iterator[list[str]]:
    """Names of videos whose files are the same, byte by byte; a file that can't be read is alone.

    Only files of the same size are read.
    """
    by_size: dict[object, list[str]] = {}
    for name, path in paths.items():
        try:
            key: object = path.stat().st_size or name  # empty ones are no videos, so not the same
        except OSError:
            key = name
        by_size.setdefault(key, []).append(name)
    for names in by_size.values():
        if len(names) == 1:
            yield names
            continue
        by_content: dict[object, list[str]] = {}
        digests: dict[object, object] = {}
        for name in names:
            key = _digest(paths[name], digests) or name
            by_content.setdefault(key, []).append(name)
        yield from by_content.values()


def _digest(path: Path, known: dict[object, object]) -> object:
    """Digest of a file's content, or None; one that has several names is read once."""
    try:
        status = path.stat()
        identity = (status.st_dev, status.st_ino)
        if identity not in known:
            digest = hashlib.sha256()
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
            known[identity] = digest.digest()
        return known[identity]
    except OSError:
        return None
