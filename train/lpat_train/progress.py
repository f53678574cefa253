"""Which state of a training run predicted held-out labels best, and whether to go on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lpat_train.config import TrainingConfig

SHORTEST_INTERVAL = 50


@dataclass(frozen=True)
class Best:
    """The best validation so far; `step` 0 stands for none."""

    step: int = 0
    cross_entropy: float = math.inf
    worse_since: int = 0
    """Validations after the best one."""

    def after(self, step: int, cross_entropy: float) -> Best:
        """What is best once the state after `step` steps was judged; of equals, the earlier."""
        if cross_entropy < self.cross_entropy:
            return Best(step, cross_entropy)
        return Best(self.step, self.cross_entropy, self.worse_since + 1)


def is_over(done: int, best: Best, config: TrainingConfig) -> bool:
    """Whether training ends after `done` steps: all taken, or no better for too long."""
    patient = not config.patience or best.worse_since < config.patience
    return done >= config.steps or not patient


def validates_after(done: int, config: TrainingConfig, steps_per_epoch: int) -> bool:
    """Whether the state after `done` steps is judged: every so often, and the last one."""
    interval = config.validate_every or max(steps_per_epoch, SHORTEST_INTERVAL)
    return done % interval == 0 or done == config.steps
