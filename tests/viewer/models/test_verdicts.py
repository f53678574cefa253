"""Hits, misses and false alarms of one video."""

from lpat.annotations.reading import VideoAnnotation
from lpat_viewer.models.verdicts import judge
from lpat_viewer.models.workspace import Workspace


def test_a_detection_is_a_hit_from_the_overlap_on(
    opened: Workspace, truth: VideoAnnotation
) -> None:
    layer = opened.layers.active
    assert layer is not None
    detections = layer.detections
    rows = {
        (detections.classes[label], start): number
        for number, (label, (start, _)) in enumerate(
            zip(detections.labels, detections.segments.tolist(), strict=True)
        )
    }
    verdicts = judge(detections, truth, 0.5)
    assert verdicts.hits[rows["jump", 10.0]]
    assert verdicts.hits[rows["run", 30.0]]
    assert not verdicts.hits[rows["jump", 40.0]]
    assert verdicts.found.tolist() == [True, True, False]
    assert judge(detections, truth, 0.85).found.tolist() == [True, False, False]
