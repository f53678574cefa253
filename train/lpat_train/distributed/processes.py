"""Several processes that train one network together, as torchrun starts them.

Each computes the network on its part of the videos of a batch. What the network says of them goes
to all, so that every process computes the losses of the whole batch, whatever they compare; the
gradients of the shares add up to those of the whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lpat.errors import LpatError
from lpat_train.errors import ProcessError

if TYPE_CHECKING:
    import torch

    from lpat_train.distributed.batch_parts import BatchPart

PATIENCE = timedelta(days=7)
"""How long a process waits for the others, which may extract features or validate meanwhile."""


@dataclass(frozen=True)
class Processes:
    """How many there are, and which this one is."""

    rank: int = 0
    count: int = 1
    local_rank: int = 0
    """The rank among those of this machine, which is the number of its CUDA device."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Processes:
        """The processes that torchrun started, as the environment says; else this one, alone."""
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
        if not all(environment.get(name, "").isdigit() for name in names):
            return cls()
        return cls(*(int(environment[name]) for name in names))

    @property
    def alone(self) -> bool:
        """Whether there is but one."""
        return self.count == 1

    @property
    def first(self) -> bool:
        """Whether this is the one that writes and prints."""
        return self.rank == 0

    def part_of(self, total: int) -> BatchPart:
        """This process's part of a batch of `total` videos, in their order."""
        from lpat_train.distributed.batch_parts import BatchPart

        smallest, more = divmod(total, self.count)
        sizes = tuple(smallest + (rank < more) for rank in range(self.count))
        return BatchPart(self.rank, sizes)

    @contextmanager
    def joined(self, device: torch.device) -> Iterator[None]:
        """A block in which the processes exchange tensors: by NCCL on CUDA, by Gloo elsewhere.

        Raises:
            ProcessError: another process ended before the block did.
        """
        if self.alone:
            yield
            return
        import torch
        from torch import distributed

        if device.type == "cuda":
            torch.cuda.set_device(device)
        backend = "nccl" if device.type == "cuda" else "gloo"
        try:
            own = device if device.type == "cuda" else None
            distributed.init_process_group(backend, timeout=PATIENCE, device_id=own)
            yield
            self.meet()
        except RuntimeError as error:
            if isinstance(error, LpatError) or not _is_of_exchange(error):
                raise
            reason = str(error).splitlines()[0]
            raise ProcessError(f"another process of this run has ended ({reason})") from error
        finally:
            if distributed.is_initialized():
                distributed.destroy_process_group()

    def meet(self) -> None:
        """Wait here until all are."""
        if not self.alone:
            from torch import distributed

            distributed.barrier()

    def from_first(self, value: Any) -> Any:
        """A plain value as the first process has it; the others' own are dropped."""
        if self.alone:
            return value
        from torch import distributed

        values = [value]
        distributed.broadcast_object_list(values)
        return values[0]

    def summed(self, values: torch.Tensor) -> torch.Tensor:
        """The sum of all processes' tensors."""
        if not self.alone:
            from torch import distributed

            distributed.all_reduce(values)
        return values


ALONE = Processes()


def is_reporting_process() -> bool:
    """Whether this process is the one to say why the run ends: the first that asks.

    What stops one stops all, and often all see the same error; one line is enough.
    """
    processes = Processes.from_environment()
    if processes.alone:
        return True
    from torch.distributed import TCPStore  # pyright: ignore[reportPrivateImportUsage] - documented

    restart = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    try:
        store = TCPStore(
            os.environ["MASTER_ADDR"],
            int(os.environ["MASTER_PORT"]),
            is_master=False,
            timeout=timedelta(seconds=5),
        )
        return store.add(f"lpat/ended/{restart}", 1) == 1
    except (KeyError, ValueError, RuntimeError):
        return processes.first


def _is_of_exchange(error: RuntimeError) -> bool:
    """Whether an error is of the exchange between processes; Gloo's have no class of their own."""
    from torch import distributed

    words = ("gloo", "Connection closed", "Connection reset", "NCCL", "Broken pipe")
    return isinstance(error, distributed.DistError) or any(word in str(error) for word in words)
