"""Extraction in a process of its own: in the window's it would fight for the interpreter lock.

Nothing here knows Qt, so that the process doesn't load it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

import numpy as np

from lpat.backbones.search import BACKBONES, Backbones
from lpat.errors import LpatError
from lpat.features.extraction import stream_features
from lpat.parallel.processes import interrupts_blocked
from lpat.types import FeatureSpec, Float32Array

NICENESS = 10
"""How far the process stands back behind the window."""

TELL_EVERY = 0.1
"""Seconds between two messages of the process at least: a few rows cost no more than one."""

LOOK_EVERY = 0.05
"""Seconds after which the end of interest is noticed."""


_PROCESSES = threading.Lock()
"""To be held by who starts or ends a process: starting one collects those that have ended, and two
threads that collect the same one don't both learn how it ended."""


class ExtractionError(LpatError, RuntimeError):
    """An extracting process that ended in the middle of its work."""


@dataclass(frozen=True, eq=False)
class ExtractedRows:
    """Features (n, D) of the next snippets, and how many seconds of how many were read."""

    values: Float32Array
    reached: float
    expected: float | None


@dataclass(frozen=True)
class Finished:
    """What is known once the video was read to its end."""

    duration: float
    decode_failures: int


def extract_beside(
    path: Path,
    spec: FeatureSpec,
    cancelled: Callable[[], bool],
    backbones: Backbones = BACKBONES,
) -> Iterator[ExtractedRows | Finished]:
    """Rows as they come, then `Finished`; it ends early once `cancelled` says so.

    The process ends with the iteration, whatever ends that.

    Raises:
        VideoError: the video can't be read.
        FeatureError: no extractor makes features of this spec.
        BackboneError: a backbone can't be loaded, or doesn't make them.
        ExtractionError: the process died.
    """
    context = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_extract, args=(sender, path, spec, backbones), daemon=True)
    try:
        with _PROCESSES, interrupts_blocked():
            process.start()
        sender.close()  # the only one left is the process's, so its death ends the pipe
        while not cancelled():
            if not receiver.poll(LOOK_EVERY):
                continue
            message = receiver.recv()
            if isinstance(message, LpatError):
                raise message
            yield message
            if isinstance(message, Finished):
                return
    except (EOFError, ConnectionError) as error:
        wait([process.sentinel])
        with _PROCESSES:
            process.join()
            exit_code = process.exitcode
        raise ExtractionError(f"{path}: {_cause_of_death(exit_code)}") from error
    finally:
        receiver.close()
        sender.close()
        with _PROCESSES:
            if process.pid is not None:
                process.kill()
                process.join()
            process.close()


def _extract(sender: Connection, path: Path, spec: FeatureSpec, backbones: Backbones) -> None:
    """The process's work: features of a video, sent as they come."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the window's to handle
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    rows: list[Float32Array] = []
    told = 0.0
    try:
        with stream_features(path, spec, backbones) as stream:
            video = stream.video

            def tell() -> None:
                sender.send(ExtractedRows(np.stack(rows), video.duration, video.expected_duration))
                rows.clear()

            for row in stream:
                rows.append(row)
                if time.monotonic() - told >= TELL_EVERY:
                    tell()
                    told = time.monotonic()
            if rows:
                tell()
            sender.send(Finished(video.duration, video.decode_failures))
    except LpatError as error:
        sender.send(error)
    except BrokenPipeError:
        pass  # nobody listens any longer: the window was killed


def _cause_of_death(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        name = signal.Signals(-exit_code).name
        return f"the process that extracts features was killed ({name}), perhaps for want of memory"
    return f"the process that extracts features ended by an error (exit code {exit_code})"
