"""Starts a command that needs PyTorch, or says in one line how to get it."""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import NoReturn

import click

from lpat.cli import app
from lpat.cli.streams import make_streams_safe
from lpat.errors import MissingPackageError, install_advice
from lpat_train.distributed.processes import is_reporting_process


def run(command: click.Command, *needs: str) -> NoReturn:
    """Run `command` where all packages that it `needs` are installed.

    PyTorch's threads sleep while they wait for each other. As they are by default they try again
    and again, and beside another program that has one of their cores take up to ten times as long.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    make_streams_safe()
    try:
        expect(*needs)
    except MissingPackageError as error:
        print(f"{command.name}: error: {error}", file=sys.stderr)
        sys.exit(app.FAILED)
    app.run(command, speaks=is_reporting_process)


def expect(*needs: str) -> None:
    """Do nothing where all packages that a command `needs` are installed.

    Raises:
        MissingPackageError: one isn't.
    """
    missing = [name for name in needs if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingPackageError(
            f"this command needs {', '.join(missing)}: {install_advice('train')}"
        )
