"""What notebooks show for scores and detections: the timeline as SVG, which needs nothing else."""

from __future__ import annotations

import numpy as np

from lpat.report.svg import element
from lpat.report.timeline import timeline_svg
from lpat.types import Detections, Scores


def scores_html(scores: Scores) -> str | None:
    """The curves and the threshold; None, so that the text is shown, where none can be drawn."""
    finite = np.isfinite(scores.scores).all() and np.isfinite(scores.background).all()
    if not finite or len(scores.background) == 0 or not scores.edges[-1] > 0:
        return None
    return _scrollable(
        f"{len(scores.background)} snippets, {len(scores.classes)} classes",
        timeline_svg(scores, None),
    )


def detections_html(detections: Detections) -> str:
    """The segments, class by class; a line alone where there are none."""
    count = len(detections)
    caption = f"{count or 'no'} {'detection' if count == 1 else 'detections'}"
    return _scrollable(caption, timeline_svg(None, detections) if count else "")


def _scrollable(caption: str, svg: str) -> str:
    """A caption, which is escaped, over a picture, which is as `timeline_svg` made it."""
    return element('<div style="overflow-x:auto"><div>{}</div>', caption) + svg + "</div>"
