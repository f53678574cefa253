"""A worker: an actor's process on some machine of the cluster, with all that it needs."""

from __future__ import annotations

import contextlib
import os
import platform
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, TypeVar

from lpat.errors import ClusterError, LpatError
from lpat.inputs import Input

Result = TypeVar("Result")
WorkFunction = Callable[[Input], Result | LpatError]
"""What a worker does with each input."""


@dataclass(frozen=True)
class Environment:
    """Versions and folder of the driver, which must be those of its workers."""

    versions: dict[str, str]
    folder: str  # relative paths start here


@dataclass(frozen=True)
class Answer(Generic[Result]):
    """What became of an input on a worker. `unseen`: the worker finds no such file."""

    result: Result | LpatError
    unseen: bool = False


def present_environment() -> Environment:
    """The environment of this process."""
    import onnxruntime

    versions = {"lpat": version("lpat"), "onnxruntime": onnxruntime.__version__}
    return Environment(versions, str(Path.cwd()))


class Worker:
    """Runs in an actor; every method's result can be sent."""

    def prepare(self, make_work: list[Any], expected: Environment) -> str | ClusterError:
        """This machine's name once the worker is ready, or why it can't be.

        `make_work` is a reference in a list, so that nothing of it is loaded before the versions
        are known to agree.
        """
        import cv2
        import ray

        host = platform.node()
        for name, found in present_environment().versions.items():
            if found != expected.versions[name]:
                return ClusterError(
                    f"{host}: expected {name} {expected.versions[name]}, as where the batch was "
                    f"started, not {found}"
                )
        cv2.setNumThreads(1)  # there is a worker for every core
        with contextlib.suppress(OSError):  # an input that isn't found says so itself
            os.chdir(expected.folder)
        try:
            loaded: Any = ray.get(make_work[0])
            self._work: WorkFunction[Any] = loaded()
        except LpatError as error:
            return ClusterError(f"{host}: {error}")
        return host

    def work(self, source: Input) -> Answer[Any]:
        """What the worker makes of an input.

        A bug met in one of a hundred thousand videos doesn't end the batch: it is that input's
        failure, with its place.
        """
        try:
            result = self._work(source)
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            result = ClusterError(
                f"{source.path}: {type(error).__name__}: {error} "
                f"({Path(place.filename).name}, line {place.lineno}, on {platform.node()})"
            )
        missing = isinstance(source.path, Path) and not source.path.exists()
        return Answer(result, unseen=isinstance(result, LpatError) and missing)
