"""Average precision as it is usually written, for benchmarks to compare with."""

# pyright: basic, reportCallIssue=false, reportArgumentType=false, reportAttributeAccessIssue=false

from typing import Any

import numpy as np
import pandas as pd

from lpat.types import Float64Array


def pandas_precisions(events: dict[str, Any], tious: Float64Array) -> Float64Array:
    """Average precision (C, K) by the activitynet protocol; arguments as of average_precisions."""
    truths = pd.DataFrame(
        {
            "video": events["truth_videos"],
            "label": events["truth_classes"],
            "start": events["truth_segments"][:, 0],
            "end": events["truth_segments"][:, 1],
        }
    )
    detections = pd.DataFrame(
        {
            "video": events["detection_videos"],
            "label": events["detection_classes"],
            "start": events["detection_segments"][:, 0],
            "end": events["detection_segments"][:, 1],
            "score": events["detection_scores"],
        }
    )
    precision = np.zeros((events["class_count"], len(tious)))
    for label in range(events["class_count"]):
        truth = truths[truths["label"] == label].reset_index(drop=True)
        found = detections[detections["label"] == label]
        found = found.sort_values("score", ascending=False, kind="stable").reset_index(drop=True)
        by_video = dict(iter(truth.groupby("video")))
        taken = np.zeros((len(tious), len(truth)), bool)
        true = np.zeros((len(tious), len(found)))
        for rank, row in found.iterrows():
            candidates = by_video.get(row["video"])
            if candidates is None:
                continue
            shared = np.minimum(candidates["end"], row["end"]) - np.maximum(
                candidates["start"], row["start"]
            )
            shared = np.maximum(shared, 0)
            lengths = (candidates["end"] - candidates["start"]) + (row["end"] - row["start"])
            overlaps = shared / (lengths - shared)
            for index, tiou in overlaps.sort_values(ascending=False).items():
                for k in np.flatnonzero((tiou >= tious) & (true[:, rank] == 0)):
                    if not taken[k, index]:
                        taken[k, index] = True
                        true[k, rank] = 1
        for k in range(len(tious)):
            right = true[k].cumsum()
            precisions = np.maximum.accumulate((right / np.arange(1, len(found) + 1))[::-1])[::-1]
            precision[label, k] = (precisions * true[k]).sum() / len(truth)
    return precision
