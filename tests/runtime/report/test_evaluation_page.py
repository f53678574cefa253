"""The page of an evaluation: whole, alone, and proof against what files may hold."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from lpat.annotations.reading import VideoAnnotation
from lpat.evaluation.average_precision import Evaluation, evaluate
from lpat.evaluation.error_analysis import diagnose
from lpat.evaluation.proposal_recall import proposal_recall
from lpat.evaluation.protocols import PROTOCOLS, Protocol
from lpat.evaluation.verdicts import verdicts_of
from lpat.report.evaluation_page import evaluation_page
from lpat.types import Detections

VOID = {"meta", "br"}
EVIL = '"><script src="http://x.y/z.js">alert(1)</script>'


class Page(HTMLParser):
    """A page's texts, tags and attributes; tags that don't nest fail."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def evaluation(
    labels: tuple[str, ...] = ("run", "jump"),
    *,
    found: bool = True,
    protocol: Protocol = "activitynet",
) -> Evaluation:
    """One truth of each label, of which the first is found if any is."""
    segments = np.array([(20.0 * n, 20.0 * n + 10) for n in range(len(labels))])
    truth = [VideoAnnotation("v", "test", None, labels, segments, labels)]
    rows = segments[:1] if found else segments[:0]
    count = len(rows)
    detections = Detections(labels, rows, np.zeros(count, np.int64), np.ones(count))
    return evaluate(truth, {"v": detections}, tious=[0.3, 0.5], protocol=protocol)


def page_of(judged: Evaluation, name: str = "found.json", remarks: tuple[str, ...] = ()) -> str:
    judgement = judged.matching
    errors = diagnose(judgement)
    verdicts = verdicts_of(judged, errors)
    return evaluation_page(
        name, judged, proposal_recall(judgement), errors, verdicts, remarks=remarks
    )


def test_the_page_says_what_was_found() -> None:
    page = Page(page_of(evaluation(), remarks=("3 segments look odd",)))
    expected = {
        *(
            "Evaluation of found.json",
            "Protocol activitynet",
            "50.00 %",
            "must reach the threshold",
        ),
        *("What would help most", "works: 1 of 1 truths found, average precision 100.0 %"),
        *("run", "jump", "tIoU 0.3: mAP 50.0", "AP 100.0, 1 truths", "AR, mean over the tIoU"),
        *("1G", "10G", "missed truths", "wrong label", "badly located", "1 videos judged"),
        *("XS, up to 10 s", "3 segments look odd"),
    }
    assert expected - set(page.texts) == set()


def test_the_page_begins_with_what_its_reader_asks() -> None:
    html = page_of(evaluation())
    headings = re.findall(r"<h2>(.*?)</h2>", html)
    assert headings[:3] == ["How good", "On which classes", "What goes wrong"]
    assert headings[-3:] == ["Recall of proposals", "Protocol activitynet", "What was read"]
    texts = Page(html).texts
    assert any(text.startswith("1 of the 2 true actions") for text in texts)
    assert "Best is run, with a mean AP of 100.0 %, and worst jump, with 0.0 %." in texts
    assert any(
        text.startswith("Nothing was found of jump, which keeps up to 50.00") for text in texts
    )


def test_the_costliest_kind_of_error_is_named() -> None:
    labels = ("run", "run")
    truth = [VideoAnnotation("v", None, None, labels, np.array([[0.0, 9], [20, 29]]), labels)]
    found = Detections(("run",), np.array([[50.0, 59], [0, 9]]), np.zeros(2, np.int64),
                       np.array([0.9, 0.8]))  # fmt: skip
    texts = Page(page_of(evaluate(truth, {"v": found}, tious=[0.5]))).texts
    assert any(
        text.startswith("Detections where nothing happens cost most: 25.00 points")
        for text in texts
    )


@pytest.mark.parametrize(
    ("term", "explained"),
    [("tIoU", "temporal intersection over union (tIoU)"), ("AP", "Average precision (AP)"),
     ("mAP", "the mean over the classes is mAP"), ("AR@", "AR@AN is average recall (AR)"),
     ("AUC", "AUC is the area under its curve"), ("XS", "XS (extra short)"),
     ("1G", "1G are the G best")],
)  # fmt: skip
def test_every_abbreviation_is_explained_where_it_comes_first(term: str, explained: str) -> None:
    html = page_of(evaluation())
    body = re.sub(r"<style>.*?</style>|<[^>]*>", " ", html.split("<body>")[1], flags=re.DOTALL)
    text = " ".join(body.split())
    first = re.search(rf"(?<![A-Za-z]){re.escape(term)}", text)
    assert first is not None
    place = text.index(explained)
    assert place <= first.start() < place + len(explained)


@pytest.mark.parametrize("protocol", list(PROTOCOLS))
def test_every_protocol_is_named_with_its_rules(protocol: Protocol) -> None:
    page = Page(page_of(evaluation(protocol=protocol)))
    assert f"Protocol {protocol}" in page.texts
    rules = {"tIoU", "matching", "precision", "ambiguous intervals", "ground truth"}
    assert rules < set(page.texts)


def test_other_rules_go_by_no_protocols_name() -> None:
    judged = evaluation()
    options = replace(judged.options, strict=True)
    judgement = replace(judged.matching, protocol="custom", options=options)
    custom = replace(judged, protocol="custom", options=options, matching=judgement)
    page = Page(page_of(custom))
    assert {"Protocol custom", "must exceed the threshold"} < set(page.texts)
    assert not any("activitynet" in text for text in page.texts)


def test_the_page_needs_no_other_file() -> None:
    html = page_of(evaluation())
    page = Page(html)
    assert not {"script", "link", "img", "iframe", "object", "image", "use"} & set(page.tags)
    assert not re.search(r"@import|url\(", html)
    assert not {name for name, _ in page.attributes} & {"src", "href", "xlink:href", "onload"}
    assert {name for name, value in page.attributes if value and "://" in value} == {"xmlns"}


def test_hostile_names_stay_text() -> None:
    page = Page(page_of(evaluation((EVIL, "<b>", "&amp;")), EVIL, remarks=(EVIL,)))
    assert "script" not in page.tags
    assert "b" not in page.tags
    assert f"Evaluation of {EVIL}" in page.texts
    assert {EVIL, "<b>", "&amp;"} < set(page.texts)


@pytest.mark.parametrize("protocol", list(PROTOCOLS))
@pytest.mark.parametrize("labels", [("run",), ("run", "jump")])
def test_empty_results_make_a_page(labels: tuple[str, ...], protocol: Protocol) -> None:
    page = Page(page_of(evaluation(labels, found=False, protocol=protocol)))
    assert "0.00 %" in page.texts
    assert f"{len(labels)} truths" in page.texts


def test_classes_left_out_have_a_dash() -> None:
    judged = evaluation()
    options = replace(judged.options, empty_class="skip")
    precision = np.array([[np.nan, np.nan], [1.0, 1.0]])
    left_out = replace(judged, options=options, average_precision=precision)
    assert Page(page_of(left_out)).texts.count("-") == 3


def test_many_classes_are_folded() -> None:
    few, many = (Page(page_of(evaluation(tuple(map(str, range(n)))))) for n in (3, 40))
    assert few.tags.count("details") == 2  # counts only
    assert many.tags.count("details") == 5
    assert many.tags.count("svg") - few.tags.count("svg") == 38  # all are there


def test_of_many_thresholds_six_are_drawn() -> None:
    truth = [VideoAnnotation("v", None, None, ("run",), np.array([[0.0, 10]]), ("run",))]
    page = Page(page_of(evaluate(truth, {}, tious=np.linspace(0.05, 0.95, 19))))
    drawn = [text for text in page.texts if text.startswith("tIoU 0.")]
    assert len(drawn) == 6
    assert (drawn[0], drawn[-1]) == ("tIoU 0.05: mAP 0.0", "tIoU 0.95: mAP 0.0")
