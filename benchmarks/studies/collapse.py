"""What becomes of the threshold while a config trains: its side, its gate, who pushes it.

    python -m benchmarks.studies.collapse --preset paper --data simulation --chart paper.svg

Recorded at every step on the batch that trains: the mean over its videos of the labelled classes'
scores s and of the background b, the mean gate of the labelled classes, and for each term of the
loss, times its weight, the norm of its gradient with respect to the classifier's weights of b and
of s, and which way it pushes b: minus the derivative by b's bias. At the end the share of
foreground in the test videos is set beside the truth. Nothing of this changes what is trained.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.studies.data import load_data
from benchmarks.studies.experiment import read_experiment
from benchmarks.studies.measures import SnippetMeasures, measure_snippets
from benchmarks.studies.study import add_data_options, data_options
from lpat.errors import LpatError, UsageError
from lpat.files.atomic import write_text
from lpat.report.charts import Axis, Curve, curve_chart_svg
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import Batch, TrainingSet, make_training_set
from lpat_train.data.sampling import batch_of, clips_at
from lpat_train.methods.losses import labelled_mean
from lpat_train.methods.lpat import LPAT, Losses, Output, lpat_loss
from lpat_train.presets import PRESETS
from lpat_train.training.loop import make_network
from lpat_train.training.validation import score

WINDOW = 50
STYLE = (
    "<style>text{font:12px sans-serif;fill:#333}.level{stroke:#ddd;fill:none}"
    ".axis{stroke:#888;fill:none}.line{fill:none;stroke-width:1.8}.middle{text-anchor:middle}"
    ".end{text-anchor:end}.k0{stroke:#0072b2}.k1{stroke:#d55e00;stroke-dasharray:7 3}"
    ".k2{stroke:#009e73;stroke-dasharray:2 3}</style>"
)


@dataclass(frozen=True)
class Term:
    """What one weighted term of the loss does to the classifier at a step."""

    background_norm: float  # of its gradient by the weights of b
    score_norm: float  # of its gradient by the weights of s
    push: float  # minus its derivative by b's bias: above 0 it raises the threshold


@dataclass(frozen=True)
class Record:
    """One step: means over the batch's videos, and the terms by name."""

    score: float
    background: float
    gate: float
    terms: Mapping[str, Term]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--preset", choices=PRESETS, default="paper")
    parser.add_argument("--experiment", type=Path, help="a row of this file instead of a preset")
    parser.add_argument("--row", default="", help="its name, or part of it")
    add_data_options(parser)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, help="instead of the config's")
    parser.add_argument("--chart", type=Path, help="SVG of scores, background and gate")
    arguments = parser.parse_args()
    try:
        config = PRESETS[arguments.preset]
        if arguments.experiment:
            config = next(
                iter(read_experiment(arguments.experiment).only(arguments.row).rows.values())
            )
        config = replace(config, seed=arguments.seed, steps=arguments.steps or config.steps)
        data = load_data(arguments.data, arguments.seed, data_options(arguments))
        training_set = make_training_set(data.features, data.labels)
        network, records = watch(training_set, config)
        scores = {
            video.name: score(network, training_set.classes, data.features[video.name])
            for video in data.truth
        }
        print(format_records(records))
        print(format_end(measure_snippets(scores, data)))
        if arguments.chart:
            write_text(arguments.chart, chart(records))
    except LpatError as error:
        sys.exit(f"collapse.py: {error}")


def watch(training_set: TrainingSet, config: TrainingConfig) -> tuple[LPAT, list[Record]]:
    """A network trained on the CPU as `lpat_train.training.loop` does, and a record of each step.

    Raises:
        UsageError: another method than `lpat`, which alone has this loss, or several members.
    """
    network = make_network(config, training_set.spec, len(training_set.classes))
    if not isinstance(network, LPAT):
        raise UsageError(f"expected method lpat, not {config.method}")
    if config.members > 1:
        raise UsageError(f"expected a single member, not {config.members}")
    if config.standardize:
        network.fit_standardisation(training_set.snippets())
    network.train()
    optimizer = torch.optim.Adam(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    records = []
    for step in range(config.steps):
        batch = batch_of(
            clips_at(
                step,
                training_set.videos,
                batch_size=config.batch_size,
                clip_snippets=config.clip_snippets,
                seed=config.seed,
            )
        )
        torch.manual_seed(config.seed * 1_000_003 + step)
        output = network(batch.features, batch.mask)
        losses = lpat_loss(output, batch.labels, batch.mask, config)
        records.append(_record(network, output, batch, losses, config))
        optimizer.zero_grad()
        losses.total.backward()
        optimizer.step()
    return network.eval(), records


def _record(
    network: LPAT, output: Output, batch: Batch, losses: Losses, config: TrainingConfig
) -> Record:
    with torch.no_grad():
        background = output.background[..., None]
        labelled = batch.labels[:, None, :] * batch.mask[..., None]  # (B, T, C)
        labelled_score, threshold, gate = (
            labelled_mean(
                (values * labelled).sum(dim=(1, 2)) / labelled.sum(dim=(1, 2)).clamp(min=1),
                batch.labels,
            ).item()
            for values in (output.scores, background, torch.sigmoid(output.scores - background))
        )
    terms = {
        name: _term(network, weight_of(name, config) * value)
        for name, value in losses._asdict().items()
        if name != "total" and weight_of(name, config) > 0
    }
    return Record(labelled_score, threshold, gate, terms)


def weight_of(term: str, config: TrainingConfig) -> float:
    """The weight of a term of the loss: Eq. 8's, or the option of the same name."""
    balance = {"classification": config.balance, "confidence": 1 - config.balance}
    return balance[term] if term in balance else getattr(config, term)


def _term(network: LPAT, value: Tensor) -> Term:
    parameters = list(network.classifier.parameters())  # weights and bias
    weight, bias = torch.autograd.grad(value, parameters, retain_graph=True, materialize_grads=True)
    return Term(weight[-1].norm().item(), weight[:-1].norm().item(), -bias[-1].item())


def format_records(records: Sequence[Record]) -> str:
    """A row for every `WINDOW` steps, of means over them."""
    names = list(records[0].terms)
    heads = ["steps", "s", "b", "gate", *(f"{name}: |b| |s| push" for name in names)]
    lines = []
    for start in range(0, len(records), WINDOW):
        window = records[start : start + WINDOW]
        cells = [f"{_mean([r.score for r in window]):+.2f}"]
        cells.append(f"{_mean([r.background for r in window]):+.2f}")
        cells.append(f"{_mean([r.gate for r in window]):.0%}")
        for name in names:
            terms = [record.terms[name] for record in window]
            cells.append(
                f"{_mean([t.background_norm for t in terms]):.3f} "
                f"{_mean([t.score_norm for t in terms]):.3f} "
                f"{_mean([t.push for t in terms]):+.3f}"
            )
        lines.append([f"{start + 1}-{start + len(window)}", *cells])
    widths = [max(len(line[i]) for line in [heads, *lines]) for i in range(len(heads))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        for line in [heads, *lines]
    )


def format_end(measured: SnippetMeasures) -> str:
    """One line on the test videos."""
    return (
        f"test videos: {measured.found:.0%} foreground where {measured.true:.0%} is true; "
        f"precision {measured.precision:.0%}, recall {measured.recall:.0%}, "
        f"AUC of s - b {measured.area:.0%}"
    )


def chart(records: Sequence[Record]) -> str:
    """SVG of the labelled score, the background and the gate over the steps."""
    steps = np.arange(1, len(records) + 1, dtype=np.float64)
    curves = [
        Curve(name, steps, np.array(values))
        for name, values in (
            ("s, labelled classes", [record.score for record in records]),
            ("b, the threshold", [record.background for record in records]),
            ("gate, 0 to 1", [record.gate for record in records]),
        )
    ]
    reach = max(1, int(np.ceil(max(np.abs(curve.y).max() for curve in curves))))
    marks = np.linspace(0, len(records), 6).round()
    y = Axis("mean over videos", -reach, reach, (-reach, -reach / 2, 0, reach / 2, reach))
    svg = curve_chart_svg(curves, Axis("step", 0, len(records), tuple(marks)), y, height=300)
    opening, rest = svg.split("\n", 1)
    return f"{opening}\n{STYLE}\n{rest}\n"


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


if __name__ == "__main__":
    main()
