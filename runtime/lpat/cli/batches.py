"""What the commands that work on batches of inputs share: how they end, and what they say then."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lpat.cli.app import DONE, FAILED, INTERRUPTED, PARTIAL

if TYPE_CHECKING:
    from lpat.batch.ledger import Ledger


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


def finish(command: str, ledger: Ledger, where: str) -> int:
    """The exit code of a batch, once its summary is printed."""
    print(f"{ledger.summary()}; {where}")
    if ledger.stopped is not None:
        print(f"{command}: error: stopped, as {ledger.stopped}", file=sys.stderr)
    elif not ledger.counts["failed"]:
        return DONE
    nothing = not (ledger.counts["done"] or ledger.counts["partial"] or ledger.unchanged)
    return FAILED if nothing else PARTIAL
