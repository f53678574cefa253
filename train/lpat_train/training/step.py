"""The losses of one training step, by one process or by several, in bfloat16 where asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from lpat.errors import DeviceError
from lpat_train.config import Precision, TrainingConfig
from lpat_train.data.dataset import Batch, TrainingSet
from lpat_train.data.sampling import TrainingClip, batch_of, clips_at, labels_of, videos_per_step
from lpat_train.distributed.batch_parts import whole_output, whole_rows
from lpat_train.distributed.processes import Processes
from lpat_train.methods import METHODS
from lpat_train.network.base import Network


def steps_per_epoch(config: TrainingConfig, videos: int) -> int:
    """Steps in which each of the training videos is taken once."""
    return -(-videos // videos_per_step(config.batch_size, paired=config.paired))


class StepLosses:
    """Losses by name of a step's batch, with gradients; `total` is what is minimised.

    Of several processes each computes the network on its part of the batch, with dropout drawn
    as for the whole, and the losses of all of it. Their gradients come out averaged, so what is
    derived must be `total` times the number of processes.
    """

    def __init__(
        self,
        network: Network,
        training_set: TrainingSet,
        config: TrainingConfig,
        device: torch.device,
        processes: Processes,
    ) -> None:
        self._network, self._training_set, self._config = network, training_set, config
        self._device, self._processes = device, processes
        self._method = METHODS[config.method]
        self._bfloat16 = computes_in_bfloat16(config.precision, device)
        self._forward: torch.nn.Module = network
        if not processes.alone:  # it also gives all processes the weights of the first
            devices = [device] if device.type == "cuda" else None
            self._forward = DistributedDataParallel(network, device_ids=devices)

    def __call__(self, step: int) -> dict[str, Tensor]:
        """The losses of the batch of a step."""
        config = self._config
        clips = clips_at(
            step,
            self._training_set.videos,
            batch_size=config.batch_size,
            clip_snippets=config.clip_snippets,
            seed=config.seed,
            paired=config.paired,
            labels=self._training_set.label_matrix,
        )
        torch.manual_seed(config.seed * 1_000_003 + step)  # dropout's, so that a run can resume
        if self._processes.alone:
            batch = batch_of(clips).to(self._device)
            output, teacher = self._output(step, batch)
            return self._method.losses(output, replace(batch, teacher=teacher), config)
        return self._shared(step, clips)

    def _shared(self, step: int, clips: tuple[TrainingClip, ...]) -> dict[str, Tensor]:
        part = self._processes.part_of(len(clips))
        own = batch_of(clips, part.rows).to(self._device)
        self._network.part = part
        output, teacher = self._output(step, own)
        whole = whole_output(output, part, self._method.unread(self._config))
        batch = labels_of(clips).to(self._device)
        if teacher is not None:
            batch = replace(batch, teacher=whole_rows(teacher, part))
        return self._method.losses(whole, batch, self._config)

    def _output(self, step: int, batch: Batch) -> tuple[Any, Tensor | None]:
        """The network's output on a batch, and the margins of its teacher, if that teaches."""
        products = bfloat16_products(self._network, self._device)
        with products if self._bfloat16 else nullcontext():
            margins, teacher = None, getattr(self._network, "teacher", None)
            if teacher is not None and self._config.teaches(step):
                begins = not self._config.teaches(step - 1)
                teacher.follow(self._network, anew=begins)
                margins = teacher.margins(batch.features, batch.mask)
            return self._forward(batch.features, batch.mask), margins


def computes_in_bfloat16(precision: Precision, device: torch.device) -> bool:
    """Whether a precision means bfloat16 on a device: `auto` does on CUDA devices made for it.

    Raises:
        DeviceError: bfloat16 was asked for, and the CUDA device isn't made for it.
    """
    if precision == "float32" or (precision == "auto" and device.type != "cuda"):
        return False
    able = device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)
    if precision == "bfloat16" and not able:
        raise DeviceError("precision bfloat16: this CUDA device isn't made for it; use float32")
    return able


@contextmanager
def bfloat16_products(network: nn.Module, device: torch.device) -> Iterator[None]:
    """A block in which the network's linear layers and convolutions multiply in bfloat16.

    What they give is float32 again at once: gates, softmaxes, pooling and all losses see no other,
    and neither do products that a network forms of what its layers gave.
    """
    layers = [module for module in network.modules() if isinstance(module, nn.Linear | nn.Conv1d)]
    for layer in layers:
        layer.forward = _in_bfloat16(layer.forward, device.type)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward  # the class's own is there again


def _in_bfloat16(forward: Callable[..., Tensor], device: str) -> Callable[..., Tensor]:
    def multiplied(values: Tensor) -> Tensor:
        with torch.autocast(device, torch.bfloat16):
            return forward(values).float()

    return multiplied
