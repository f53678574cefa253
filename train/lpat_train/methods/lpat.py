"""LPAT (Lin, Shou and Chang, 2019): class scores and a background threshold for every snippet.

The network, its losses and its variants (members, +CASL, self-training), from top to bottom.

Axes: B video, T snippet, D feature, H hidden, C class, M member. `mask` (B, T) is true on real
snippets and false on padding; a video scores the same alone and padded in a batch. Every loss is
the mean over the batch's videos. `labels` (B, C) is multi-hot; a video without any is one in which
nothing happens. What is said of labelled classes alone is the mean over the videos that have a
label, 0 where none of them has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lpat_train.config import BackgroundReading, NormReading, TrainingConfig, Windows
from lpat_train.data.dataset import Batch
from lpat_train.methods.base import Method
from lpat_train.methods.losses import casl_loss, label_cross_entropy, labelled_mean, top_k_loss
from lpat_train.methods.marks import marks_loss
from lpat_train.methods.self_training import Teacher, self_training_loss
from lpat_train.network.base import Network
from lpat_train.network.pooling import masked_mean


class Output(NamedTuple):
    """What the network says of each snippet, and of each video."""

    scores: Tensor  # (B, T, C)
    background: Tensor  # (B, T), the predicted threshold
    logits: Tensor  # (B, C + 1), pooled; their softmax is the video's class probabilities
    hidden: Tensor = torch.empty(0)  # (B, T, H), what the classifier saw


class MembersOutput(NamedTuple):
    """The mean of all members, and each on its own. Axis M: member."""

    scores: Tensor  # (B, T, C)
    background: Tensor  # (B, T)
    logits: Tensor  # (B, C + 1)
    each_scores: Tensor  # (B, M, T, C)
    each_background: Tensor  # (B, M, T)
    each_logits: Tensor  # (B, M, C + 1)
    hidden: Tensor  # (B, M, T, H)

    @property
    def each(self) -> Output:
        """The members as videos of one batch, (B * M, ...), a video's members side by side."""
        parts = (self.each_scores, self.each_background, self.each_logits, self.hidden)
        return Output(*(part.flatten(0, 1) for part in parts))


class MembersLinear(nn.Conv1d):
    """A linear layer for each member: (B, T, M * H) to (B, T, M * outputs)."""

    def __init__(self, hidden: int, outputs: int, members: int) -> None:
        super().__init__(members * hidden, members * outputs, kernel_size=1, groups=members)

    def forward(self, input: Tensor) -> Tensor:
        """Each member's outputs from its own hidden units.

        Products of matrices in training, where the convolution takes several times as long.
        """
        if not self.training:
            return super().forward(input.transpose(1, 2)).transpose(1, 2)
        weights = self.weight[..., 0].chunk(self.groups)
        biases = (None,) * self.groups if self.bias is None else self.bias.chunk(self.groups)
        each = input.flatten(0, -2).chunk(self.groups, dim=-1)  # (B * T, H)
        outputs = [functional.linear(*its) for its in zip(each, weights, biases, strict=True)]
        return torch.cat(outputs, dim=-1).view(*input.shape[:-1], self.out_channels)


class LPAT(Network):
    """Features (B, T, D) to scores, background and pooled logits (Eqs. 1-4).

    With several members, one for each of `windows`, networks stand side by side on the same
    features, each with context, hidden units, dropout and losses of its own; what comes out is the
    mean of their raw scores.
    """

    def __init__(
        self,
        dimension: int,
        classes: int,
        *,
        hidden: int = 2048,
        dropout: float = 0.7,
        temporal_convolution: bool = False,
        windows: Sequence[Windows] = ((),),
    ) -> None:
        super().__init__(
            dimension,
            hidden=hidden,
            dropout=dropout,
            temporal_convolution=temporal_convolution,
            windows=windows,
        )
        self.members = members = len(windows)
        self.teacher: Teacher | None = None  # of self-training; takes no part in `forward`
        self.classifier = (
            nn.Linear(hidden, classes + 1)
            if members == 1
            else MembersLinear(hidden, classes + 1, members)
        )

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Output | MembersOutput:
        """Scores of padded videos; without a mask every snippet is real."""
        hidden = self.transformed(self.standardised(features), mask)
        raw = self.classifier(hidden)  # (B, T, M * (C + 1))
        if self.members == 1:
            return Output(*scores_of(raw, mask), hidden)
        each_raw, each_hidden = _by_member(raw, self.members), _by_member(hidden, self.members)
        each_mask = None if mask is None else mask.repeat_interleave(self.members, dim=0)
        parts = (*scores_of(each_raw.flatten(0, 1), each_mask), each_hidden.flatten(0, 1))
        each = [part.unflatten(0, (-1, self.members)) for part in parts]
        return MembersOutput(*(part.mean(dim=1) for part in each[:3]), *each)

    def probabilities(self, output: Output | MembersOutput) -> Tensor:
        """Eq. 4, of several members on their mean logits."""
        return torch.softmax(output.logits, dim=-1)


def _by_member(values: Tensor, members: int) -> Tensor:
    """Values (B, T, M * X) as (B, M, T, X)."""
    return values.unflatten(-1, (members, -1)).transpose(1, 2)


def scores_of(raw: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Scores (B, T, C), background (B, T) and pooled logits (B, C + 1) of raw scores, all C + 1."""
    scores, background = raw[..., :-1], raw[..., -1]
    pooled = gated_average(scores, background, mask)
    logits = torch.cat([pooled, masked_mean(background, mask)[..., None]], dim=-1)  # Eq. 3
    return scores, background, logits


def gated_average(scores: Tensor, background: Tensor, mask: Tensor | None) -> Tensor:
    """Gated Temporal Average Pooling (Eqs. 1 and 2): (B, C) from scores (B, T, C).

    The weights g / sum g are the softmax over t of log g, which stays finite where every gate
    of a video is too small for float32.
    """
    log_gates = functional.logsigmoid(scores - background[..., None])  # (B, T, C)
    if mask is not None:
        log_gates = log_gates.masked_fill(~mask[..., None], float("-inf"))
    return (torch.softmax(log_gates, dim=1) * scores).sum(dim=1)


class Losses(NamedTuple):
    """Scalars: what is minimised, and its terms before weighting."""

    total: Tensor
    classification: Tensor
    confidence: Tensor
    top_k: Tensor
    barrier: Tensor
    absence: Tensor


def lpat_loss(output: Output, labels: Tensor, mask: Tensor, config: TrainingConfig) -> Losses:
    """Eq. 8, lambda * L_clas + (1 - lambda) * L_conf, and three terms beyond the paper."""
    background_weight = config.background_weight_of(labels.shape[1])
    classification = classification_loss(
        output.logits, labels, background_weight, config.background_reading
    )
    confidence = confidence_loss(
        output.scores, output.background, labels, mask, config.norm_reading
    )
    top_k = top_k_loss(output.scores, labels, mask, config.top_k_share)
    barrier = barrier_loss(output.scores, output.background, labels, mask)
    absence = absence_loss(output.scores, output.background, labels, mask)
    total = (
        config.balance * classification
        + (1 - config.balance) * confidence
        + config.top_k * top_k
        + config.barrier * barrier
        + config.absence * absence
    )
    return Losses(total, classification, confidence, top_k, barrier, absence)


def classification_loss(
    logits: Tensor, labels: Tensor, background_weight: float, reading: BackgroundReading
) -> Tensor:
    """L_clas (Eq. 5): cross entropy to the normalised labels, and to the background.

    Printed in the paper without its minus. `once` adds w_b log p[C+1] once per video; `inside`
    takes the printed parentheses at their word, where the sum over j adds it C times. Of a video
    without labels that is the one term.
    """
    log_p = torch.log_softmax(logits, dim=-1)
    times = 1 if reading == "once" else labels.shape[1]
    background = -times * background_weight * log_p[:, -1].mean()
    return label_cross_entropy(log_p[:, :-1], labels) + background


def confidence_loss(
    scores: Tensor, background: Tensor, labels: Tensor, mask: Tensor, reading: NormReading
) -> Tensor:
    """L_conf (Eqs. 6 and 7): pushes the labelled score and the background to opposite signs.

    `vector` divides by the norms over the video's snippets. `snippet` divides each term by its
    own |s b|, with a floor: as printed it grows without bound near zero.
    """
    labelled = labelled_maximum(scores, labels)  # (B, T), Eq. 6
    hinge = functional.relu(labelled * background + 0.5) * mask
    if reading == "snippet":
        per_video = (hinge / (labelled * background).abs().clamp(min=0.1)).sum(dim=1)
        return labelled_mean(per_video, labels)
    squares = (labelled.square() * mask).sum(dim=1) * (background.square() * mask).sum(dim=1)
    # The root's slope is infinite at zero: the small term keeps the gradient finite there.
    return labelled_mean(hinge.sum(dim=1) / (squares + 1e-6).sqrt(), labels)


def labelled_maximum(scores: Tensor, labels: Tensor) -> Tensor:
    """The largest score among the video's labelled classes (Eq. 6): (B, T), 0 without any."""
    largest = scores.masked_fill(labels[:, None, :] == 0, float("-inf")).amax(dim=-1)
    return torch.where(labels.any(dim=1)[:, None], largest, 0)


def barrier_loss(scores: Tensor, background: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """-(log g + log(1 - g)) of a video's mean gate g of its labelled classes.

    Nothing in Eqs. 4-7 fixes how much of a video is foreground: all of it, or a peak alone, can
    satisfy them. This keeps the share away from both.
    """
    gates = torch.sigmoid(scores - background[..., None]) * mask[..., None]
    share = gates.sum(dim=1) / mask.sum(dim=1, keepdim=True)  # (B, C)
    mean = (share * labels).sum(dim=1) / labels.sum(dim=1).clamp(min=1)
    mean = mean.clamp(1e-6, 1 - 1e-6)
    return -labelled_mean(mean.log() + (-mean).log1p(), labels)


def absence_loss(scores: Tensor, background: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """-log(1 - g) of the classes that a video does not show: their gates are shut throughout.

    The mean over a video's other classes and its snippets; 0 of a video that shows all. Labels
    know of nothing else that is true of single snippets: of what a video shows they don't say
    when, but what it doesn't show is nowhere in it, and where it shows none that goes for every
    class. So the threshold must pass all that videos have in common.
    """
    absent = (1 - labels)[:, None, :] * mask[..., None]
    opened = functional.softplus(scores - background[..., None]) * absent  # -log(1 - g)
    return (opened.sum(dim=(1, 2)) / absent.sum(dim=(1, 2)).clamp(min=1)).mean()


def make_network(config: TrainingConfig, dimension: int, classes: int) -> LPAT:
    """LPAT's network; with self-training it has its teacher beside it."""
    network = LPAT(
        dimension,
        classes,
        hidden=config.hidden or dimension,
        dropout=config.dropout,
        temporal_convolution=config.temporal_convolution,
        windows=config.windows,
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
    if config.marks and any(batch.marks):
        margins = output.scores - output.background[..., None]
        terms["marks"] = marks_loss(margins, batch.marks, mask)
        terms["total"] = terms["total"] + config.marks * terms["marks"]
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
