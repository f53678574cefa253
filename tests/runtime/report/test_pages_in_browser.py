"""Pages in a real browser, opened from a folder: a video plays, segments are sought, lists filter.

Debian: apt-get install chromium chromium-driver.
"""

import base64
import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.runtime.report.test_video_page import RUN_AND_JUMP, scores_of
from tests.waiting import wait_until

from lpat.report.batch_page import BatchRow, batch_page
from lpat.report.video_page import EMBEDDED, Player, video_page
from lpat.types import Detections

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

FOUND = Detections(
    ("run", "<i>jump"),
    np.array([[1.0, 1.6], [0.2, 0.7], [2.0, 3.5]]),
    np.array([0, 1, 1]),
    np.array([0.9, 0.5, 0.25]),
)
SCORES = scores_of("run", "<i>jump", duration=4.0)


@pytest.fixture(scope="module")
def browser() -> Iterator["Chrome"]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None or find_spec("selenium") is None:
        pytest.skip("no browser to drive: Chromium, its chromedriver or selenium is missing")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(driver)) as chrome:
        yield chrome


@pytest.fixture(autouse=True)
def nothing_wrong_in_its_log(browser: "Chrome") -> Iterator[None]:
    """Fails where a page's script failed, or the page's policy kept something from running."""
    yield
    lines = [line["message"] for line in browser.get_log("browser")]
    assert [line for line in lines if "ERR_FILE_NOT_FOUND" not in line] == []


@pytest.fixture
def clip(write_video: Callable[..., Path]) -> Path:
    """Four seconds."""
    return write_video("clip.mp4", pts=range(100), options={"g": "12"})


@pytest.fixture
def show(browser: "Chrome", tmp_path: Path) -> Callable[..., "Chrome"]:
    """Opens a page of `FOUND` that plays what is given, in a folder of the video."""

    def open_page(player: Player, *, embedded: Path | None = None, offset: float = 0.0) -> "Chrome":
        html = video_page("clip", SCORES, FOUND, 4.0, player, offset=offset)
        if embedded is not None:
            html = html.replace(EMBEDDED, base64.b64encode(embedded.read_bytes()).decode())
        (tmp_path / "page.html").write_text(html, encoding="utf-8")
        browser.get((tmp_path / "page.html").as_uri())
        return browser

    return open_page


def of_video(browser: "Chrome", what: str) -> Any:
    return browser.execute_script(f"return document.querySelector('#video').{what}")


def click(browser: "Chrome", selector: str) -> None:
    from selenium.webdriver.common.by import By

    browser.find_element(By.CSS_SELECTOR, selector).click()


def shown(browser: "Chrome", selector: str) -> list[str]:
    """Texts of what can be seen."""
    from selenium.webdriver.common.by import By

    found = browser.find_elements(By.CSS_SELECTOR, selector)
    return [element.text for element in found if element.is_displayed()]


def names_and_starts(browser: "Chrome") -> list[tuple[str, str]]:
    cells = shown(browser, "#list tbody td")
    return [(cells[n], cells[n + 1]) for n in range(0, len(cells), 5)]


@pytest.mark.parametrize("is_embedded", [False, True])
def test_a_click_on_a_segment_plays_it_to_its_end(
    is_embedded: bool, show: Callable[..., "Chrome"], clip: Path
) -> None:
    if is_embedded:
        browser = show(Player(embedded_type="video/mp4"), embedded=clip)
    else:
        browser = show(Player("clip.mp4"))
    wait_until(lambda: of_video(browser, "readyState") >= 2)
    assert shown(browser, "#notice") == []
    browser.execute_script(
        "const video = document.querySelector('#video'); window.played = [];"
        "for (const name of ['seeked', 'pause'])"
        " video.addEventListener(name, () => played.push([name, video.currentTime]))"
    )
    click(browser, ".bar[title^=run]")
    wait_until(lambda: len(browser.execute_script("return played")) == 2)
    (sought, start), (paused, end) = browser.execute_script("return played")
    assert (sought, paused) == ("seeked", "pause")
    assert start == pytest.approx(1.0, abs=0.25)  # it may play on before the event comes
    assert 1.6 <= end < 3.0
    click(browser, "#list tbody tr:nth-child(3) button")
    wait_until(lambda: of_video(browser, "currentTime") >= 2.0)
    marked = browser.execute_script("return document.querySelectorAll('[aria-current]').length")
    assert marked == 2  # the row and its bar


def test_a_click_beside_segments_seeks_and_does_not_stop_later(
    show: Callable[..., "Chrome"], clip: Path
) -> None:
    browser = show(Player("clip.mp4"))
    wait_until(lambda: of_video(browser, "readyState") >= 2)
    click(browser, "#curves")  # its middle
    wait_until(lambda: abs(of_video(browser, "currentTime") - 2.0) < 0.05)
    assert of_video(browser, "paused")
    place = browser.execute_script(
        "return parseFloat(document.querySelector('#playhead').style.left)"
    )
    assert place == pytest.approx(50, abs=1)


def test_lists_are_filtered_and_sorted(show: Callable[..., "Chrome"], clip: Path) -> None:
    browser = show(Player("clip.mp4"))
    by_time = [("<i>jump", "0:00.20"), ("run", "0:01.00"), ("<i>jump", "0:02.00")]
    assert names_and_starts(browser) == by_time
    click(browser, "#list th:nth-child(5) button")  # the best score first
    assert [start for _, start in names_and_starts(browser)] == ["0:01.00", "0:00.20", "0:02.00"]
    click(browser, "#list th:nth-child(1) button")
    assert [name for name, _ in names_and_starts(browser)] == ["<i>jump", "<i>jump", "run"]
    browser.execute_script(
        "const least = document.querySelector('#least');"
        "least.value = 20; least.dispatchEvent(new Event('input'))"
    )
    assert {start for _, start in names_and_starts(browser)} == {"0:00.20", "0:01.00"}
    assert shown(browser, "#bound") == ["0.380"]
    assert len(shown(browser, ".bar")) == 2
    click(browser, "#classes label:last-of-type")  # whichever is last goes, with its curve
    assert len(shown(browser, ".bar")) == 1
    assert len(shown(browser, "#curves svg g")) == 1
    assert shown(browser, "#count") == ["1 of 3"]


def test_a_phone_shows_all_without_scrolling_sideways(
    show: Callable[..., "Chrome"], clip: Path
) -> None:
    browser = show(Player("clip.mp4"))
    size = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        show(Player("x.avi", notice="Browsers don't play it."))
        width = "return document.documentElement.scrollWidth"
        assert browser.execute_script(width) == 360
        bar = "return document.querySelector('.bar').getBoundingClientRect().height"
        assert browser.execute_script(bar) >= 32
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_what_does_not_play_says_so_and_plays_another_file_that_is_chosen(
    show: Callable[..., "Chrome"], write_video: Callable[..., Path], clip: Path
) -> None:
    from selenium.webdriver.common.by import By

    write_video("clip.avi", codec="mpeg4")
    browser = show(Player("clip.avi", notice="Browsers don't play AVI."))
    wait_until(lambda: of_video(browser, "error") is not None)
    assert shown(browser, "#reason") == ["Browsers don't play AVI."]
    assert len(shown(browser, ".bar")) == 3
    browser.find_element(By.CSS_SELECTOR, "#picker").send_keys(str(clip))
    wait_until(lambda: of_video(browser, "readyState") >= 2)
    assert shown(browser, "#notice") == []
    browser = show(Player("moved.mp4"))
    wait_until(lambda: shown(browser, "#reason") != [])
    assert "not where it was" in shown(browser, "#reason")[0]


def test_the_browser_starts_its_clock_where_the_page_does(
    show: Callable[..., "Chrome"],
    browser: "Chrome",
    write_sound: Callable[..., Path],
    write_streams: Callable[..., Path],
    clip: Path,
) -> None:
    """Pictures come 1.5 s after the sound; the browser shows the first of them then, not at 0."""
    from lpat.formats.media import media_of

    sound = write_sound("sound.mkv", seconds=3, codec="aac")
    late = write_streams("late.mp4", (clip, 1.5), (sound, 0.0))
    offset = media_of(late, "late", 4.0).offset
    assert offset == pytest.approx(1.5, abs=0.05)
    show(Player("late.mp4"), offset=offset)
    wait_until(lambda: of_video(browser, "readyState") >= 2)
    assert of_video(browser, "duration") == pytest.approx(4.0 + offset, abs=0.1)
    starts = [float(start.removeprefix("0:")) for _, start in names_and_starts(browser)]
    assert starts == pytest.approx(np.array([0.2, 1.0, 2.0]) + offset, abs=0.01)


def test_the_batches_page_filters_by_name_class_and_status(
    browser: "Chrome", tmp_path: Path
) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import Select

    rows = [
        BatchRow("one", "videos/one.html", "done", "", 10.0, FOUND),
        BatchRow("two", "", "failed", "two.mp4: no such file"),
        BatchRow("three", "videos/three.html", "done", "", 10.0, RUN_AND_JUMP),
    ]
    (tmp_path / "index.html").write_text(batch_page("t", rows, ("run",)), encoding="utf-8")
    browser.get((tmp_path / "index.html").as_uri())
    first = "#videos tbody td:first-child"
    assert shown(browser, first) == ["one", "two", "three"]
    for field, chosen, left in (
        ("label", "jump", ["three"]),
        ("label", "any", ["one", "two", "three"]),
        ("status", "failed", ["two"]),
        ("status", "any", ["one", "two", "three"]),
    ):
        Select(browser.find_element(By.ID, field)).select_by_visible_text(chosen)
        assert shown(browser, first) == left
    browser.find_element(By.ID, "text").send_keys("E")
    assert shown(browser, first) == ["one", "three"]
    click(browser, "#videos th:first-child button")
    assert shown(browser, first) == ["one", "three"]
    click(browser, "#videos th:first-child button")
    assert shown(browser, first) == ["three", "one"]
