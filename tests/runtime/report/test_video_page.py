"""The page of a video: what it holds, and that nothing in a name can become markup or script."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from lpat.report.timeline import CurveFrame
from lpat.report.video_page import EMBEDDED, MOST_ROWS, Player, video_page
from lpat.types import Detections, Scores

EVIL = "</script><script>alert('x')</script>\"'><b>&amp;{{7*7}}\x00"
SEEN = EVIL.replace("\x00", "\ufffd")


class Page(HTMLParser):
    """A page's tags with their attributes, its texts, and its scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()
        self.scripts = re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())

    def all(self, tag: str, style: str = "") -> list[dict[str, str | None]]:
        """Attributes of all tags of a name, and of a class where one is given."""
        found = [values for name, values in self.tags if name == tag]
        return [v for v in found if not style or style in (v.get("class") or "").split()]

    def rows(self) -> list[tuple[str | None, ...]]:
        """Label, start, end, length and score of each detection in the list."""
        values = [v["data-value"] for v in self.all("td") if "data-value" in v]
        return [tuple(values[n : n + 5]) for n in range(0, len(values), 5)]


def scores_of(*classes: str, snippets: int = 5, duration: float = 10.0) -> Scores:
    wave = np.sin(np.arange(snippets, dtype=np.float32))
    return Scores(
        classes,
        np.stack([wave + n for n in range(len(classes))], axis=1),
        np.zeros(snippets, np.float32),
        np.full(len(classes) + 1, 1 / (len(classes) + 1), np.float32),
        np.linspace(0, duration, snippets + 1),
    )


RUN_AND_JUMP = Detections(
    ("jump", "run"),
    np.array([[6.0, 8.0], [1.0, 4.5]]),
    np.array([1, 0]),
    np.array([0.9, 0.25]),
)


def page_of(found: Detections = RUN_AND_JUMP, **options: object) -> str:
    player = options.pop("player", Player("../clip.mp4"))
    return video_page("clip", scores_of("run", "jump"), found, 10.0, player, **options)  # type: ignore[arg-type]


def test_each_detection_has_a_row_and_a_bar_of_its_time() -> None:
    page = Page(page_of())
    assert page.rows() == [
        ("jump", "1.0", "4.5", "3.5", "0.25"), ("run", "6.0", "8.0", "2.0", "0.9"),
    ]  # fmt: skip
    bars = {bar["data-number"]: bar["style"] or "" for bar in page.all("button", "bar")}
    assert bars["0"].startswith("left:10.0%;width:35.0%;")
    assert bars["1"].startswith("left:60.0%;width:20.0%;")
    assert {"0:01.00", "0:04.50", "3.50", "0.250"} < set(page.texts)


def test_the_video_is_linked_and_a_likely_one_needs_no_notice() -> None:
    page = Page(page_of())
    (video,) = page.all("video")
    assert video["src"] == "../clip.mp4"
    (notice,) = [values for values in page.all("div") if values.get("id") == "notice"]
    assert "hidden" in notice


def test_what_may_not_play_is_said_over_the_timeline() -> None:
    page = Page(page_of(player=Player("x.avi", notice="Browsers don't play it.")))
    assert "Browsers don't play it." in page.texts
    assert len(page.all("button", "bar")) == 2
    assert len(page.all("path", "score")) == 3  # two curves, and the legend's


def test_times_are_those_of_players() -> None:
    page = Page(page_of(offset=2.0))
    assert [row[1] for row in page.rows()] == ["3.0", "8.0"]
    (canvas,) = [values for values in page.all("div") if values.get("id") == "canvas"]
    assert canvas["data-duration"] == "12.0"
    assert any("first picture comes at 2.00 s" in text for text in page.texts)
    frame = CurveFrame(1920, 12.0, -1, 1, left=0, right=0)
    (curve, *_) = page.all("path", "threshold")
    assert (curve["d"] or "").startswith(f"M{float(frame.x(2.0)):.1f},")


def test_nothing_in_a_name_becomes_markup_or_script() -> None:
    found = Detections((EVIL,), np.array([[1.0, 2.0]]), np.array([0]), np.array([0.5]))
    player = Player(EVIL, "", EVIL, EVIL)
    html = video_page(EVIL, scores_of(EVIL, "run"), found, 10.0, player, index=EVIL)
    page = Page(html)
    assert len(page.all("script")) == 1
    assert page.all("b") == []
    assert "\x00" not in html
    assert SEEN in page.texts
    assert page.all("video")[0]["src"] == SEEN
    assert any(SEEN in (bar["title"] or "") for bar in page.all("button", "bar"))


def test_no_script_but_the_pages_own_may_run() -> None:
    page = Page(page_of())
    (script,) = page.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policies = [v["content"] or "" for v in page.all("meta") if "http-equiv" in v]
    assert [policy.split(";")[0] for policy in policies] == [f"script-src 'sha256-{digest}'"]
    assert not [name for _, values in page.tags for name in values if name.startswith("on")]


def test_the_page_fetches_nothing_but_its_video() -> None:
    html = page_of()
    page = Page(html)
    assert not {"link", "img", "iframe", "object"} & {name for name, _ in page.tags}
    assert not re.search(r"@import|url\(", html)
    assert [v["src"] for _, v in page.tags if "src" in v] == ["../clip.mp4"]


def test_an_embedded_video_has_one_place_and_no_link() -> None:
    html = page_of(player=Player(embedded_type="video/webm"))
    assert html.count(EMBEDDED) == 1
    page = Page(html.replace(EMBEDDED, "AAAA"))
    assert page.all("script")[0]["data-type"] == "video/webm"
    assert "src" not in page.all("video")[0]


def test_nothing_found_is_a_page_with_curves() -> None:
    page = Page(page_of(Detections(("run",))))
    assert "Nothing was found in this video." in page.texts
    assert page.all("path", "score")


def test_a_class_that_the_model_does_not_know_has_no_curve() -> None:
    found = Detections(("walk",), np.array([[1.0, 2.0]]), np.array([0]), np.array([0.5]))
    assert "1 more class has no curve here" in Page(page_of(found)).texts


def test_ten_hours_of_many_classes_and_detections_are_a_small_page() -> None:
    labels = tuple(f"class {n}" for n in range(40))
    scores = scores_of(*labels, snippets=100_000, duration=36_000.0)
    starts = np.linspace(0, 35_900, 20_000)
    found = Detections(
        labels,
        np.stack([starts, starts + 2], axis=1),
        np.arange(20_000) % 40,
        np.linspace(1, 0.1, 20_000),
    )
    html = video_page("long", scores, found, 36_000.0, Player("long.mp4"))
    page = Page(html)
    assert len(page.all("button", "bar")) == MOST_ROWS
    assert any(text.startswith("19000 more with lower scores") for text in page.texts)
    assert len(html) < 900_000


@pytest.mark.parametrize("duration", [0.04, 0.5, 59.0, 3600.0, 100_000.0])
def test_the_ruler_has_neither_too_few_nor_too_many_times(duration: float) -> None:
    scores = scores_of("run", duration=duration)
    html = video_page("v", scores, Detections(("run",)), duration, Player())
    ruler = html.split('id="ruler"')[1].split("</div>")[0]
    assert 1 <= ruler.count("<span") <= 61
