"""What every command shares: exit codes and one line for an error.

Exit codes: 0 all done, 1 usage or nothing done, 3 some inputs failed, 130 interrupted.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import NoReturn

import click

from lpat.errors import LpatError

DONE, FAILED, PARTIAL, INTERRUPTED = 0, 1, 3, 130


def run(command: click.Command, speaks: Callable[[], bool] = lambda: True) -> NoReturn:
    """Run `command` on the process's arguments and exit; it may return an exit code.

    An `LpatError` becomes one line on stderr. A bug keeps its traceback. Where several processes
    run the command together, `speaks` says whether this one is to print that line.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # a file's name may hold what can't be printed
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = command.main(prog_name=command.name, standalone_mode=False)
        sys.stdout.flush()
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
    except BrokenPipeError:
        # The reader has left (`| head`): nothing more can be said, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FAILED
    sys.exit(code or DONE)


def _print_error(command: click.Command, message: str) -> None:
    print(f"{command.name}: error: {' '.join(message.split())}", file=sys.stderr)
