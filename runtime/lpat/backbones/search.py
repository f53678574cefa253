"""Where backbones are found: as given, by $LPAT_BACKBONES, and in the user's folder of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path

from lpat.backbones.files import Backbone, read_backbones
from lpat.backbones.spec import VERSION, Wanted, part_of_backbones, streams_of, wanted_by
from lpat.errors import BackboneError
from lpat.files.folders import data_folder
from lpat.types import FeatureSpec

VARIABLE = "LPAT_BACKBONES"
"""Files and folders of backbones, separated as in $PATH."""

APPEARANCE = "efficientnet-lite0"
"""The backbone that can be made of a package's weights (`lpat.backbones.appearance`)."""


def user_folder() -> Path:
    """The user's folder of backbones: `lpat/backbones` among their data."""
    return data_folder() / "backbones"


@dataclass(frozen=True)
class Backbones:
    """Where backbones are to be found, and how they are to be run.

    Files and folders that are given come first. A file of them may be a bundled model. `contents`
    are files that another machine has sent. `batch` is the number of clips that are run at once,
    `threads` that of threads which flow and networks take on a CPU, 0 being one per core.
    A given file that holds nothing of what is wanted is refused, unless some are `for_others`.
    """

    paths: tuple[Path, ...] = ()
    contents: tuple[bytes, ...] = field(default=(), repr=False)
    device: str = "auto"
    require_gpu: bool = False
    batch: int | None = None
    threads: int = 0
    for_others: bool = False

    @cached_property
    def given(self) -> tuple[Backbone, ...]:
        """The backbones of all files that were given.

        Raises:
            BackboneError: one can't be read, or isn't a backbone.
        """
        files = [read_backbones(path) for path in self.paths if not path.is_dir()]
        sent = [read_backbones(Path("backbone.onnx"), content) for content in self.contents]
        return tuple(backbone for found in (*files, *sent) for backbone in found)

    def all_given(self) -> tuple[Backbone, ...]:
        """The given backbones, and those of all files in the given folders.

        Raises:
            BackboneError: one can't be read, or isn't a backbone, or there is none.
        """
        found = list(self.given)
        for folder in filter(Path.is_dir, self.paths):
            found += (one for path in sorted(folder.glob("*.onnx")) for one in read_backbones(path))
        if not found:
            names = ", ".join(map(str, self.paths))
            raise BackboneError(f"{names}: expected a backbone's ONNX file, or a folder of them")
        return tuple(found)

    def find(self, spec: FeatureSpec) -> tuple[Backbone, ...]:
        """The backbones that make features of a spec, RGB first.

        Raises:
            BackboneError: one isn't found, a file was given that holds none of them, or the
                features are another version's.
        """
        if difference := spec.differs_in_version(VERSION):
            raise BackboneError(difference)
        wanted = wanted_by(spec)
        if not self.for_others:
            self._check_given(wanted)
        return streams_of([self.locate(one) for one in wanted])

    def locate(self, wanted: Wanted) -> Backbone:
        """The backbone that is wanted.

        Raises:
            BackboneError: it isn't found, and where it was looked for; or a given file is none.
        """
        for backbone in self.given:
            if backbone.sha256 == wanted.sha256:
                return backbone
        return _found(wanted, self._folders())

    def found_for(self, spec: FeatureSpec) -> Backbones:
        """Exactly those that make features of a spec, by their files, so that none is searched for
        again; none for features that no backbone makes.

        Raises:
            BackboneError: one isn't found, or one is given that isn't wanted.
        """
        part = part_of_backbones(spec)
        if part is not None:
            paths = dict.fromkeys(backbone.path for backbone in self.find(part))
            return self if self.contents else replace(self, paths=tuple(paths))
        if self.paths and not self.for_others:
            raise BackboneError(
                f"{self.paths[0]}: expected no backbone, as {spec.extractor} features need none"
            )
        return replace(self, paths=())

    def by_contents(self) -> Backbones:
        """The given files by what is in them, for a machine that hasn't these.

        Raises:
            BackboneError: one can't be read, or isn't a backbone.
        """
        files = {backbone.file_sha256: backbone for backbone in self.given}
        return replace(self, paths=(), contents=tuple(its.read() for its in files.values()))

    def _check_given(self, wanted: Sequence[Wanted]) -> None:
        digests = [one.sha256 for one in wanted]
        for path, theirs in groupby(self.given, lambda backbone: backbone.path):
            first, *others = theirs
            if not any(backbone.sha256 in digests for backbone in (first, *others)):
                expected = " and ".join(one.title for one in wanted)
                raise BackboneError(f"{path}: expected {expected}, not {first.title}")

    def _folders(self) -> Iterator[Path]:
        yield from (path for path in self.paths if path.is_dir())
        listed = os.environ.get(VARIABLE, "")
        yield from (Path(name) for name in listed.split(os.pathsep) if name)
        yield user_folder()


BACKBONES = Backbones()
"""Backbones that are found without being given, run on the device that `auto` chooses."""


def _found(wanted: Wanted, places: Iterator[Path]) -> Backbone:
    looked: list[str] = []
    for place in places:
        looked.append(str(place))
        for path in sorted(place.glob("*.onnx")) if place.is_dir() else [place]:
            if _digest(path) == wanted.sha256:
                for backbone in read_backbones(path):
                    if backbone.metadata.stream == wanted.stream:
                        return backbone
    made = f"lpat-backbone convert {APPEARANCE} makes it" if wanted.name == APPEARANCE else ""
    given = f"give its file by --backbone or ${VARIABLE}, or put it into that folder"
    raise BackboneError(
        f"backbone {wanted.title} is needed and wasn't found in {', '.join(looked)}: "
        f"{made or given}"
    )


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
