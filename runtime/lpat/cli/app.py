"""What every command shares: exit codes, one line for an error, help in groups.

Exit codes: 0 all done, 1 usage or nothing done, 3 some inputs failed, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from lpat.cli.streams import failure_of, is_left, make_streams_safe
from lpat.errors import LpatError

if TYPE_CHECKING:
    from lpat.batch.run_record import RunRecord

DONE, FAILED, PARTIAL, INTERRUPTED = 0, 1, 3, 130


def run(command: click.Command, speaks: Callable[[], bool] = lambda: True) -> NoReturn:
    """Run `command` on the process's arguments and exit; it may return an exit code.

    An `LpatError` becomes one line on stderr. A bug keeps its traceback. Where several processes
    run the command together, `speaks` says whether this one is to print that line. What can't be
    printed is dropped, and changes no exit code.
    """
    make_streams_safe()
    try:
        code = command.main(prog_name=command.name, standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.ClickException as error:
        if speaks():
            _print_error(command, f"{error.format_message()} (see {command.name} --help)")
        code = FAILED
    except LpatError as error:
        if speaks():
            _print_error(command, str(error))
        code = FAILED
    except (KeyboardInterrupt, click.Abort):
        if speaks():
            print(f"\n{command.name}: interrupted", file=sys.stderr)
        code = INTERRUPTED
    failure = failure_of(sys.stdout)
    if failure is not None and not is_left(sys.stdout) and speaks():
        reason = failure.strerror
        print(f"{command.name}: standard output can't be written ({reason})", file=sys.stderr)
    sys.exit(code or DONE)


def note(line: str) -> None:
    """Tell something on stderr that is no error."""
    print(f"note: {line}", file=sys.stderr)


def _print_error(command: click.Command, message: str) -> None:
    print(f"{command.name}: error: {' '.join(message.split())}", file=sys.stderr)


@contextmanager
def resumable(command: str, output: Path) -> Iterator[None]:
    """Ctrl-C in the block exits by a line that tells how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        print(
            f"\n{command}: interrupted; what is done is in {output}, "
            "and the same command goes on from there",
            file=sys.stderr,
        )
        raise click.exceptions.Exit(INTERRUPTED) from None


def finish(command: str, record: RunRecord, where: str) -> int:
    """The exit code of a batch, once its summary is printed."""
    print(f"{record.summary()}; {where}")
    if record.stopped is not None:
        print(f"{command}: error: stopped, as {record.stopped}", file=sys.stderr)
    elif not record.counts["failed"]:
        return DONE
    nothing = not (record.counts["done"] or record.counts["partial"] or record.unchanged)
    return FAILED if nothing else PARTIAL


class GroupedCommand(click.Command):
    """A command whose help lists its options under titles; `groups` has their Python names."""

    def __init__(self, *args: Any, groups: Mapping[str, Sequence[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.groups = groups

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the groups, and what is in none of them last."""
        records = {
            parameter.name: record
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option)
            and (record := parameter.get_help_record(ctx)) is not None
        }
        for title, names in self.groups.items():
            with formatter.section(title):
                formatter.write_dl([records.pop(name) for name in names])
        with formatter.section("Other"):
            formatter.write_dl(list(records.values()))
