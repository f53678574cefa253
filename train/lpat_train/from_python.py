"""Training and exporting as Python calls, with the options of lpat-train and lpat-export."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from lpat.errors import UsageError
from lpat_train.cli import export as export_command
from lpat_train.cli import launch
from lpat_train.cli import train as train_command
from lpat_train.training import checkpoint

Paths = str | Path | Iterable[str | Path]


class Run(checkpoint.Run):
    """What a run is of, as its folder says, and how it becomes a model."""

    def export(self, path: str | Path, *, quiet: bool = False, **options: Any) -> Path:
        """Write one ONNX file, and return its path.

        `options` are those of lpat-export (docs/commands.md), such as `precision="float16"`,
        `calibrate="videos/"` and `bundle=True`. What it prints is left out if `quiet`.

        Raises:
            UsageError: there is no such option, or they contradict each other.
            LpatError: the run isn't trained, or the file can't be written.
        """
        launch.expect("torch", "onnx", "onnxscript")
        with _printing(not quiet):
            _do(export_command.command, [path], {**options, "run": self.folder})
        return Path(path)

    def __repr__(self) -> str:
        return (
            f"Run({str(self.folder)!r}, {self.config.method}, {self.videos} videos, "
            f"{len(self.classes)} classes: {', '.join(self.classes)})"
        )


def train(
    videos: Paths,
    annotations: str | Path,
    *,
    preset: str = "lpat",
    output: str | Path | None = None,
    quiet: bool = False,
    **options: Any,
) -> Run:
    """Train on videos or feature files, and folders of them, by their labels.

    `options` are those of lpat-train (`lpat-train --help`) with `_` for `-`: a number or text,
    True or False of a flag, a list of what may be given several times, None as if it were left
    out. The run is in `output`, by default a new folder `runs/<time>`, to which `runs/latest`
    leads. A video that can't be read is named on standard error, and left out. What lpat-train
    prints is left out if `quiet`.

    Raises:
        UsageError: there is no such option, a bad value, or `output` holds a run already.
        LpatError: annotations or all videos can't be read, or don't match.
    """
    launch.expect("torch", "tensorboard")
    listed = _paths(videos)
    if not isinstance(annotations, str | Path | None):
        raise UsageError(f"annotations: expected the path of a file, not {annotations!r:.80}")
    resume = options.get("resume")
    if resume is not None:
        if output is not None:
            raise UsageError("resume: goes on in the run's own folder; leave out output")
        given = {**options, "annotations": annotations}
        folder = Path(resume)
    else:
        given = {**options, "annotations": annotations, "preset": preset}
        folder = checkpoint.fresh_folder(Path("runs")) if output is None else Path(output)
        given["output"] = folder
    try:
        with _printing(not quiet):
            _do(train_command.command, listed, given)
    except BaseException:
        if output is None and resume is None:
            with contextlib.suppress(OSError):  # it isn't empty: what was learned stays
                folder.rmdir()
        raise
    if output is None and resume is None:
        checkpoint.point_latest_at(folder)
    return read_run(folder)


def read_run(folder: str | Path) -> Run:
    """The run in a folder, to be exported.

    Raises:
        UsageError: no run there, or a broken one.
    """
    found = checkpoint.read_run(Path(folder))
    return Run(**{entry.name: getattr(found, entry.name) for entry in fields(found)})


def _paths(videos: Any) -> list[str | Path]:
    """The paths of one or several.

    Raises:
        UsageError: it is something else.
    """
    several = [videos] if isinstance(videos, str | Path) else videos
    listed = list(several) if isinstance(several, Iterable) else [several]
    if other := [its for its in listed if not isinstance(its, str | Path)]:
        raise UsageError(f"videos: expected a path or several, not {other[0]!r:.80}")
    return listed


def _do(
    command: click.Command, arguments: Iterable[str | Path], options: Mapping[str, Any]
) -> None:
    """Run a command as if its line had been typed; its errors are raised.

    Raises:
        UsageError: an option that it hasn't, or a value that isn't one of its own.
    """
    known = _options_of(command)
    words: list[str] = []
    for name, value in options.items():
        if name not in known:
            raise UsageError(f"{name}: no option of {command.name}; known: {', '.join(known)}")
        words += _typed(known[name], name, value)
    # What begins with a dash is no option, and an empty list of inputs is refused by the command.
    line = [*words, "--", *map(str, arguments)]
    try:
        command.main(line, prog_name=command.name, standalone_mode=False)
    except click.ClickException as error:
        raise UsageError(error.format_message()) from error
    except click.Abort:
        raise KeyboardInterrupt from None


def _options_of(command: click.Command) -> dict[str, click.Option]:
    """A command's options by the names that are typed, with `_` for `-`."""
    context = click.Context(command)
    return {
        max(option.opts, key=len).lstrip("-").replace("-", "_"): option
        for option in command.get_params(context)
        if isinstance(option, click.Option) and not option.is_eager
    }


def _typed(option: click.Option, name: str, value: Any) -> list[str]:
    """The words of an option and its value."""
    flag = max(option.opts, key=len)
    if value is None:
        return []
    if option.is_flag:
        if not isinstance(value, bool):
            raise UsageError(f"{name}: expected True or False, not {value!r}")
        off = option.secondary_opts[:1]
        return [flag] if value else off
    several = isinstance(value, list | tuple)
    if isinstance(value, bool) or (several and not option.multiple):
        raise UsageError(f"{name}: expected one value, not {value!r}")
    return [word for its in (value if several else [value]) for word in (flag, str(its))]


@contextlib.contextmanager
def _printing(shown: bool) -> Iterator[None]:
    """A block that prints, or one whose standard output leads nowhere."""
    if shown:
        yield
        return
    with contextlib.redirect_stdout(io.StringIO()):
        yield
