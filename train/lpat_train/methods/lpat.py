"""LPAT (Lin, Shou and Chang, 2019), and its variant +CASL."""

from __future__ import annotations

from torch import Tensor

from lpat_train.casl import casl_loss
from lpat_train.config import TrainingConfig
from lpat_train.context import windows_of
from lpat_train.dataset import Batch
from lpat_train.losses import lpat_loss
from lpat_train.methods.method import Method
from lpat_train.model import LPAT, MembersOutput, Output
from lpat_train.self_training import self_training_loss
from lpat_train.teacher import Teacher


def make_network(config: TrainingConfig, dimension: int, classes: int) -> LPAT:
    """LPAT's network; with self-training it has its teacher beside it."""
    network = LPAT(
        dimension,
        classes,
        hidden=config.hidden or dimension,
        dropout=config.dropout,
        temporal_convolution=config.temporal_convolution,
        windows=windows_of(config.context, config.members),
    )
    if config.self_training:
        network.teacher = Teacher(network)
    return network


def losses(
    output: Output | MembersOutput, batch: Batch, config: TrainingConfig
) -> dict[str, Tensor]:
    """Eq. 8 and the terms beyond it, the mean of all members.

    With `casl`, W-TALC's similarity on the hidden layer; with a teacher, self-training.
    """
    labels, mask, teacher = batch.labels, batch.mask, batch.teacher
    if isinstance(output, MembersOutput):
        output = output.each
        labels, mask = (part.repeat_interleave(config.members, dim=0) for part in (labels, mask))
    terms = lpat_loss(output, labels, mask, config)._asdict()
    if config.casl:
        terms["casl"] = casl_loss(output.hidden, output.scores, labels, mask)
        terms["total"] = terms["total"] + config.casl * terms["casl"]
    if teacher is not None:
        teacher = teacher.repeat_interleave(config.members, dim=0)
        terms["self_training"] = self_training_loss(
            output.scores, output.background, teacher, labels, mask
        )
        terms["total"] = terms["total"] + config.self_training * terms["self_training"]
    return terms


METHOD = Method(
    make_network,
    losses,
    unread=lambda config: () if config.casl else ("hidden",),
    learns_absence=True,
)
