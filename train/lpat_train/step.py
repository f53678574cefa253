"""The losses of one training step, by one process or by several."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from lpat_train.config import TrainingConfig
from lpat_train.dataset import Batch, TrainingSet
from lpat_train.methods import METHODS
from lpat_train.network import Network
from lpat_train.precision import bfloat16_products, computes_in_bfloat16
from lpat_train.processes import Processes
from lpat_train.sampling import Clip, batch_of, clips_at, labels_of, videos_per_step
from lpat_train.share import whole_output, whole_rows


def steps_per_epoch(config: TrainingConfig, videos: int) -> int:
    """Steps in which each of the training videos is taken once."""
    return -(-videos // videos_per_step(config.batch_size, paired=config.paired))


class StepLosses:
    """Losses by name of a step's batch, with gradients; `total` is what is minimised.

    Of several processes each computes the network on its share of the batch, with dropout drawn
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

    def _shared(self, step: int, clips: tuple[Clip, ...]) -> dict[str, Tensor]:
        share = self._processes.share_of(len(clips))
        own = batch_of(clips, share.rows).to(self._device)
        self._network.part = share
        output, teacher = self._output(step, own)
        whole = whole_output(output, share, self._method.unread(self._config))
        batch = labels_of(clips).to(self._device)
        if teacher is not None:
            batch = replace(batch, teacher=whole_rows(teacher, share))
        return self._method.losses(whole, batch, self._config)

    def _output(self, step: int, batch: Batch) -> tuple[Any, Tensor | None]:
        """What the network makes of a batch, and the margins of its teacher, if that teaches."""
        products = bfloat16_products(self._network, self._device)
        with products if self._bfloat16 else nullcontext():
            margins, teacher = None, getattr(self._network, "teacher", None)
            if teacher is not None and self._config.teaches(step):
                begins = not self._config.teaches(step - 1)
                teacher.follow(self._network, anew=begins)
                margins = teacher.margins(batch.features, batch.mask)
            return self._forward(batch.features, batch.mask), margins
