"""The state of a network that predicts held-out labels best, in memory and in the run's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lpat_train.data.dataset import TrainingVideo
from lpat_train.distributed.processes import Processes
from lpat_train.network.base import Network
from lpat_train.training.checkpoint import load_best, load_best_so_far, save_best
from lpat_train.training.early_stopping import (
    Best,
    LabelJudgement,
    judge_labels,
    label_probabilities,
)


class BestState:
    """Judges a network on held-out videos again and again, and keeps the best of its states.

    With a folder the best is written there too, by the first process. Without held-out videos
    there is none.
    """

    def __init__(
        self, held_out: Sequence[TrainingVideo], folder: Path | None, processes: Processes
    ) -> None:
        self.best = Best()
        self._held_out, self._folder, self._processes = held_out, folder, processes
        self._state: dict[str, Tensor] = {}

    def resume(self, folder: Path, network: Network) -> None:
        """Go on from what was best at a folder's checkpoint; `network` is left as it was."""
        self.best = load_best_so_far(folder)
        if self.best.step:
            current = _copy_of(network)
            load_best(folder, network)
            self._state = _copy_of(network)
            network.load_state_dict(current)

    def judge(self, network: Network, step: int) -> LabelJudgement | None:
        """Judge the network after `step` steps by the held-out labels, and keep the best state."""
        if not self._held_out:
            return None
        labels = torch.stack([video.labels for video in self._held_out]).numpy() > 0
        judgement = judge_labels(self._probabilities(network, labels.shape), labels)
        self.best = self.best.after(step, judgement.cross_entropy)
        if self.best.step == step:
            self._state = _copy_of(network)
            if self._folder is not None and self._processes.first:
                save_best(self._folder, self._state, self.best)
        return judgement

    def restore(self, network: Network) -> None:
        """Give a network the best state, where there is one."""
        if self._state:
            network.load_state_dict(self._state)

    def save(self, network: Network) -> None:
        """Write the best state anew, once its level is calibrated."""
        if self._folder is not None:
            save_best(self._folder, _copy_of(network), self.best)

    def _probabilities(self, network: Network, shape: tuple[int, ...]) -> np.ndarray:
        """Class probabilities of all held-out videos; each process scores some."""
        rank, count = self._processes.rank, self._processes.count
        values = np.zeros(shape)
        own = self._held_out[rank::count]
        if own:
            values[rank::count] = label_probabilities(network, own)
        if self._processes.alone:
            return values
        return (
            self._processes.summed(torch.from_numpy(values).to(network.mean.device)).cpu().numpy()
        )


def _copy_of(network: Network) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
