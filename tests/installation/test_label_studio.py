"""Label Studio's library accepts what is written for it, and would not accept anything.

`nox -s formats` installs it into an environment of its own, and names that environment's
interpreter in LPAT_LABEL_STUDIO_PYTHON.
"""

import json
import os
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lpat.formats.label_studio import labelling_config, task
from lpat.formats.media import Media
from lpat.types import Detections

PYTHON = Path(os.environ["LPAT_LABEL_STUDIO_PYTHON"])
MEDIA = Media("clip", Path("/my videos/clip.mp4"), 60.0, Fraction(30000, 1001), 320, 240)
CLASSES = ("jump", 'a "b" & <c>; é #1', "two\nlines")

JUDGE = """
import json, sys
from label_studio_sdk.label_interface import LabelInterface
config, task = json.load(sys.stdin)
interface = LabelInterface(config)
interface.validate()
errors = [] if interface.validate_task({"data": task["data"]}) else ["data"]
for prediction in task["predictions"]:
    errors += interface.validate_prediction(prediction, return_errors=True)
print(json.dumps(errors))
"""


def errors_in(value: dict[str, Any]) -> list[str]:
    """What Label Studio's library has against a task."""
    done = subprocess.run(
        [str(PYTHON), "-c", JUDGE], input=json.dumps([labelling_config(CLASSES), value]),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def a_task() -> dict[str, Any]:
    times = np.array([[1.0, 2.5], [2.0, 3.0], [10.0, 10.001]])
    return task(Detections(CLASSES, times, np.arange(3), np.array([0.9, 0.5, 0.1])), MEDIA)


def test_a_task_is_accepted() -> None:
    assert errors_in(a_task()) == []


def test_a_task_without_detections_is_accepted() -> None:
    assert errors_in(task(Detections(CLASSES), MEDIA)) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [("timelinelabels", ["swim"]), ("ranges", [{"start": 1}])],
)
def test_what_is_wrong_is_noticed(key: str, value: object) -> None:
    broken = a_task()
    broken["predictions"][0]["result"][0]["value"][key] = value
    (error,) = errors_in(broken)
    assert "Invalid value" in error
