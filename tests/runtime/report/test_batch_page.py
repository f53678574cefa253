"""The page of a batch: all videos, with links to pages, and what became of the others."""

import numpy as np
from tests.runtime.report.test_video_page import EVIL, RUN_AND_JUMP, SEEN, Page

from lpat.report.batch_page import BatchRow, batch_page
from lpat.types import Detections

ROWS = [
    BatchRow("a", "videos/a.html", "done", "", 10.0, RUN_AND_JUMP),
    BatchRow("b", "", "failed", "b.mp4: expected a video, but it is text"),
    BatchRow("c", "videos/c.html", "partial", "3 parts could not be decoded", 4.0,
             Detections(("run",))),
]  # fmt: skip


def test_every_video_has_a_row_in_the_batches_order_with_its_page_or_its_line() -> None:
    page = Page(batch_page("t", ROWS, ("run", "jump")))
    rows = [v for v in page.all("tr") if "data-name" in v]
    assert [(row["data-name"], row["data-status"]) for row in rows] == [
        ("a", "done"), ("b", "failed"), ("c", "partial"),
    ]  # fmt: skip
    assert [link["href"] for link in page.all("a")] == ["videos/a.html", "videos/c.html"]
    assert {ROWS[1].reason, ROWS[2].reason, "nothing", "0.900"} < set(page.texts)
    assert [v["data-label"] for v in page.all("span") if "data-label" in v] == ["jump", "run"]


def test_a_strip_shows_where_in_the_video_something_was_found() -> None:
    page = Page(batch_page("t", ROWS, ("run", "jump")))
    bars = {bar["class"]: bar["d"] for bar in page.all("path", "bar")}
    assert bars == {"bar c0": "M144,0h48v12h-48z", "bar c1": "M24,0h84v12h-84z"}


def test_nothing_in_a_name_becomes_markup_or_script() -> None:
    found = Detections((EVIL,), np.array([[1.0, 2.0]]), np.array([0]), np.array([0.5]))
    html = batch_page(EVIL, [BatchRow(EVIL, "videos/x.html", "done", EVIL, 3.0, found)], (EVIL,))
    page = Page(html)
    assert len(page.all("script")) == 1
    assert page.all("b") == []
    assert SEEN in page.texts


def test_a_batch_of_nothing_is_a_page() -> None:
    assert "0 videos:" in Page(batch_page("t", [], ())).texts
