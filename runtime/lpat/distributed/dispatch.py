"""Inputs to workers and results back, whatever becomes of the workers meanwhile."""

from __future__ import annotations

import logging
import platform
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lpat.distributed.cluster import Cluster
from lpat.distributed.worker import Answer, Worker, WorkFunction, present_environment
from lpat.errors import ClusterError, DeviceError, LpatError, VideoError, WorkerError
from lpat.inputs import Input, largest_first
from lpat.video.address import Url

if TYPE_CHECKING:
    from ray import ObjectRef

ATTEMPTS = 3
"""Workers that an input may cost, or fail to be seen by, before it is failed."""

QUEUED = 2
"""Inputs that a worker has at a time: one in work, one that follows without waiting for us."""

PATIENCE = 300.0
"""Seconds that a pool without a worker waits for one, as machines may have to be started."""

logger = logging.getLogger(__name__)


@dataclass(eq=False)
class PoolWorker:
    """A worker as the driver knows it."""

    actor: Any  # a handle of Ray's
    getting_ready: ObjectRef[Any]
    host: str | None = None  # none until it is ready
    queue: deque[tuple[ObjectRef[Any], Input]] = field(default_factory=deque)
    unseen: set[str] = field(default_factory=set)  # inputs not seen since one was

    @property
    def awaited(self) -> ObjectRef[Any] | None:
        """What is to come from it next; actors answer in the order they are asked."""
        if self.host is None:
            return self.getting_ready
        return self.queue[0][0] if self.queue else None


class WorkerPool:
    """Workers in a cluster, and the inputs that they are at.

    No more than `QUEUED` inputs per worker are ever in Ray's hands, and results are taken as they
    come, so that neither the driver nor the cluster's memory grows with the batch. A worker that
    dies is replaced; the input it was at goes to another.
    """

    def __init__(
        self, cluster: Cluster, make_work: Callable[[], WorkFunction[Any]], size: int, *, gpu: bool
    ) -> None:
        import ray

        share = _gpu_share(cluster, size) if gpu else 0
        kind: Any = ray.remote(Worker)
        self._actors = kind.options(num_cpus=1, num_gpus=share, max_restarts=0)
        self._make_work = ray.put(make_work)  # once, not once per worker
        self._cluster = cluster
        self._size = size
        self._environment = present_environment()
        self._workers: list[PoolWorker] = []
        self._pending: deque[Input] = deque()
        self._tried: defaultdict[str, list[str]] = defaultdict(list)  # hosts, by input
        self._failed_starts = 0
        self._last_refusal: ClusterError | None = None

    def run(self, sources: Sequence[Input]) -> Iterator[tuple[Input, Any | LpatError]]:
        """Each input with its result as it comes, an `LpatError` in the place of a bad one's.

        Raises:
            ClusterError: there is no worker, or none is left.
        """
        import ray

        for source in largest_first(sources):
            if isinstance(source.path, Url) and source.path.is_stdin:
                yield source, VideoError("-: standard input can't be read by the workers of --ray")
            else:
                self._pending.append(source)
        try:
            for _ in range(self._size):
                self._start_worker()
            while self._pending or any(worker.queue for worker in self._workers):
                self._assign()
                awaited = {ref: m for m in self._workers if (ref := m.awaited) is not None}
                if not awaited:
                    raise self._last_refusal or ClusterError("no worker is left")
                ready, _ = ray.wait(list(awaited), timeout=PATIENCE)
                if not ready and not any(worker.host for worker in self._workers):
                    raise self._unstarted()
                for reference in ready:
                    yield from self._take(awaited[reference], reference)
        finally:
            for worker in self._workers:
                ray.kill(worker.actor)

    def _start_worker(self) -> None:
        actor = self._actors.remote()
        getting_ready = actor.prepare.remote([self._make_work], self._environment)
        self._workers.append(PoolWorker(actor, getting_ready))

    def _assign(self) -> None:
        """Fill the workers' queues, each with one before any has two.

        Not the last inputs: one that waits behind another could be in work elsewhere.
        """
        ready = [worker for worker in self._workers if worker.host is not None]
        for length in range(QUEUED):
            for worker in ready:
                if len(self._pending) <= (len(ready) if length else 0):
                    return
                if len(worker.queue) == length:
                    source = self._pending.popleft()
                    worker.queue.append((worker.actor.work.remote(source), source))

    def _take(
        self, worker: PoolWorker, reference: ObjectRef[Any]
    ) -> Iterator[tuple[Input, Any | LpatError]]:
        """What has come from a worker: that it is ready, a result, or that it is lost."""
        import ray
        from ray.exceptions import RayError

        try:
            answer = ray.get(reference)
        except RayError as error:
            yield from self._replace(worker, error)
            return
        if worker.host is None:
            if isinstance(answer, ClusterError):
                self._remove(worker, answer)
            else:
                worker.host, self._failed_starts = answer, 0
            return
        _, source = worker.queue.popleft()
        yield from self._accept(worker, source, answer)

    def _accept(
        self, worker: PoolWorker, source: Input, answer: Answer[Any]
    ) -> Iterator[tuple[Input, Any | LpatError]]:
        """A result, unless the worker doesn't see a file that is there.

        Then another may. One that sees none of several files in a row has lost the file system,
        and would soon have gone through the batch.
        """
        here = isinstance(source.path, Path) and source.path.exists()
        if not (answer.unseen and here):
            worker.unseen.clear()
            yield source, answer.result
            return
        reason = f"not seen by {{hosts}}, though {platform.node()} has it"
        yield from self._retry(source, worker, reason)
        worker.unseen.add(source.name)
        if len(worker.unseen) >= ATTEMPTS:
            error = ClusterError(f"{worker.host} doesn't see {source.path} and other inputs")
            self._remove(worker, error)

    def _replace(
        self, worker: PoolWorker, error: Exception
    ) -> Iterator[tuple[Input, Any | LpatError]]:
        """Another worker for one that is lost. What it was at is to blame, not what waited."""
        if worker.host is None:
            self._failed_starts += 1
            if self._failed_starts >= ATTEMPTS:
                self._remove(worker, ClusterError(f"a worker can't start: {_cause(error)}"))
                return
        if worker.queue:
            _, source = worker.queue.popleft()
            logger.warning(
                "a worker on %s died while at %s; another starts", worker.host, source.name
            )
            yield from self._retry(source, worker, "its worker died on {hosts}")
        self._remove(worker)
        self._start_worker()

    def _remove(self, worker: PoolWorker, reason: ClusterError | None = None) -> None:
        """Go on without a worker; what waits for it goes to others."""
        import ray

        self._pending.extendleft(source for _, source in reversed(worker.queue))
        self._workers.remove(worker)
        ray.kill(worker.actor)
        if reason is not None:
            self._last_refusal = reason
            logger.warning("a worker was dismissed: %s", reason)

    def _retry(
        self, source: Input, worker: PoolWorker, reason: str
    ) -> Iterator[tuple[Input, WorkerError]]:
        """Nothing while the input has attempts left; then it is failed."""
        tried = self._tried[source.name]
        tried.append(worker.host or "")
        if len(tried) < ATTEMPTS:
            self._pending.append(source)
            return
        hosts = ", ".join(f"{host} ({n} times)" for host, n in Counter(tried).items())
        yield source, WorkerError(f"{source.path}: {reason.format(hosts=hosts)}")

    def _unstarted(self) -> ClusterError:
        import ray

        free = int(ray.available_resources().get("CPU", 0))
        return ClusterError(
            f"--ray {self._cluster.address}: no worker could be started within {PATIENCE:.0f} s; "
            f"{free} of the cluster's {self._cluster.cores} CPUs are free"
        )


def _gpu_share(cluster: Cluster, workers: int) -> float:
    """The part of a GPU for each worker: as many fit on one as are needed, and no fewer than one.

    Raises:
        DeviceError: the cluster has none.
    """
    if not cluster.gpus:
        raise DeviceError(f"--device cuda: the cluster at {cluster.address} has no GPU")
    per_gpu = -(-workers // cluster.gpus)
    return int(10_000 / per_gpu) / 10_000  # Ray's own precision


def _cause(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "Error" in line), lines[0] if lines else "")
