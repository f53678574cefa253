"""A connection to a Ray cluster, or one of this machine's own, quiet and bounded in time."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lpat.errors import ClusterError
from lpat.parallel.processes import available_cores

LOCAL = "local"

_PATIENCE = 30.0
"""Seconds that a cluster may take to answer."""

_STORE_BYTES = 512 << 20
"""Memory for results on their way, of a cluster of this machine's own; more goes to disk."""

# Nothing is reported to anybody; and Ray is not to hide GPUs from workers that have no share.
_ENVIRONMENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}

_PROBE = """
import sys, ray
try:
    ray.init(address=sys.argv[1], log_to_driver=False)
except Exception as error:
    sys.exit(str(error))
"""


@dataclass(frozen=True)
class Cluster:
    """What a cluster has in all, whether free or not."""

    address: str
    cores: int
    gpus: int


@contextmanager
def connected(address: str, workers: int | None = None) -> Iterator[Cluster]:
    """The cluster at `address`; at the end of the block, what was started for it is ended.

    In a program that is connected to Ray already, that connection is used, and left open.

    Raises:
        ClusterError: there is none, or it has no core and `workers` doesn't say how many to
            wait for.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import ray

    own = not ray.is_initialized()
    if own:
        _connect(address, workers)
    try:
        with _quiet():
            resources = ray.cluster_resources()
            cluster = Cluster(address, int(resources.get("CPU", 0)), int(resources.get("GPU", 0)))
            if not cluster.cores and workers is None:
                raise ClusterError(
                    f"--ray {address}: the cluster has no CPU for workers; if it adds machines on "
                    "demand, say how many workers are wanted (--jobs)"
                )
            yield cluster
    finally:
        if own:
            ray.shutdown()


def _connect(address: str, workers: int | None) -> None:
    import ray

    common: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == LOCAL:
        cores = workers or available_cores()
        common |= {"num_cpus": cores, "include_dashboard": False}
        common |= {"object_store_memory": _STORE_BYTES}
    else:
        _expect_answer(address)
    try:
        ray.init(address=address, **common)
    except Exception as error:  # of many kinds
        raise ClusterError(
            f"--ray {address}: Ray can't be started ({_last_line(error)})"
        ) from error


def _expect_answer(address: str) -> None:
    """Try the address in a process of its own, as Ray itself would for minutes, and not quietly.

    Raises:
        ClusterError: it isn't an address, or no cluster of Ray answers there.
    """
    if address != "auto":
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal() or "/" in address:
            raise ClusterError(f"--ray: expected local, auto or HOST:PORT, not {address!r}")
        try:
            socket.create_connection((host, int(port)), _PATIENCE).close()
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ClusterError(f"--ray {address}: no cluster answers there ({reason})") from error
    try:
        subprocess.run(
            [sys.executable, "-c", _PROBE, address],
            timeout=_PATIENCE, check=True, capture_output=True, text=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ClusterError(
            f"--ray {address}: what answers there is no cluster of Ray that this machine is part "
            f"of ({_PATIENCE:.0f} s)"
        ) from error
    except subprocess.CalledProcessError as error:
        raise ClusterError(f"--ray {address}: {_last_line(error.stderr)}") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Ray prints a paragraph on stdout for each worker lost; what follows of it is ours to say."""
    from unittest.mock import patch

    from ray._private import worker

    if not hasattr(worker, "print_to_stdstream"):  # not part of its API, so it may go
        yield
        return
    with patch.object(worker, "print_to_stdstream", lambda *_, **__: None):
        yield


def _last_line(message: object) -> str:
    lines = [line.strip() for line in str(message).splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
