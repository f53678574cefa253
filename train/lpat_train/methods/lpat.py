"""LPAT (Lin, Shou and Chang, 2019), and its variant +CASL."""

from __future__ import annotations

from torch import Tensor

from lpat_train.casl import casl_loss
from lpat_train.config import TrainingConfig
from lpat_train.dataset import Batch
from lpat_train.losses import lpat_loss
from lpat_train.methods.method import Method
from lpat_train.model import LPAT, Output


def make_network(config: TrainingConfig, dimension: int, classes: int) -> LPAT:
    """LPAT's network."""
    return LPAT(
        dimension,
        classes,
        hidden=config.hidden or dimension,
        dropout=config.dropout,
        temporal_convolution=config.temporal_convolution,
    )


def losses(output: Output, batch: Batch, config: TrainingConfig) -> dict[str, Tensor]:
    """Eq. 8 and the terms beyond it; with `casl`, W-TALC's similarity on the hidden layer."""
    terms = lpat_loss(output, batch.labels, batch.mask, config)._asdict()
    if config.casl:
        terms["casl"] = casl_loss(output.hidden, output.scores, batch.labels, batch.mask)
        terms["total"] = terms["total"] + config.casl * terms["casl"]
    return terms


METHOD = Method(make_network, losses, lambda config: () if config.casl else ("hidden",))
