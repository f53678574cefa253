"""What lpat-train shows while it trains: a bar, TensorBoard logs, and lines of validation."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lpat.annotations.reading import VideoAnnotation
from lpat.segments.post_processing import PostProcessing
from lpat_train.dataset import FeatureSource
from lpat_train.label_validation import LabelJudgement
from lpat_train.network import Network
from lpat_train.validation import Validation, score, validate

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

TIOUS = (0.3, 0.4, 0.5, 0.6, 0.7)


@dataclass(frozen=True, eq=False)
class SegmentJudge:
    """Judges a network by the segments that it finds in videos of which they are known."""

    classes: tuple[str, ...]
    post_processing: PostProcessing
    features: Mapping[str, FeatureSource]
    truth: tuple[VideoAnnotation, ...]

    def __call__(self, network: Network) -> Validation:
        """By both thresholds, with the post-processing that ships."""
        scores = {
            name: score(network, self.classes, its.load()) for name, its in self.features.items()
        }
        return validate(scores, self.truth, self.post_processing, TIOUS)


class Display:
    """Callbacks of training that show how it goes."""

    def __init__(self, bar: Any, writer: SummaryWriter, judge: SegmentJudge | None) -> None:
        self._bar, self._writer, self._judge = bar, writer, judge

    def step(self, done: int, losses: dict[str, float]) -> None:
        """After each step: the losses of its batch."""
        self._bar.update(done - self._bar.n)
        self._bar.set_postfix({name: f"{value:.3f}" for name, value in losses.items()})
        for name, value in losses.items():
            self._writer.add_scalar(f"loss/{name}", value, done)

    def validation(self, done: int, network: Network, labels: LabelJudgement | None) -> None:
        """Every so often: held-out labels, and segments where they are to be judged."""
        said = []
        if labels is not None:
            said.append(
                f"held-out labels: cross entropy {labels.cross_entropy:.4f}, "
                f"mAP {labels.mean_average_precision:.1%}"
            )
            self._writer.add_scalar("held_out/cross_entropy", labels.cross_entropy, done)
            self._writer.add_scalar("held_out/map", labels.mean_average_precision, done)
        if self._judge is not None:
            found = []
            for name, evaluation in self._judge(network).by_threshold():
                found.append(f"{name} {evaluation.average:.1%}")
                self._writer.add_scalar(f"validation/map_{name}", evaluation.average, done)
            said.append(f"segments: mAP {', '.join(found)}")
        if said:
            self._bar.write(f"step {done}: {'; '.join(said)}", file=sys.stdout)


@contextmanager
def display(steps: int, folder: Path, judge: SegmentJudge | None) -> Iterator[Display]:
    """A block in which training is shown, and logged into the run's folder."""
    from torch.utils.tensorboard import SummaryWriter
    from tqdm import tqdm

    bar = tqdm(total=steps, unit="step", disable=None, file=sys.stderr)
    with bar, SummaryWriter(str(folder)) as writer:
        yield Display(bar, writer, judge)
