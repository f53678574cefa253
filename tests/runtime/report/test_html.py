from dataclasses import replace
from html.parser import HTMLParser

import pytest

from lpat.report.html import Section, Table, report_html

VOID = {"meta", "br", "link", "img"}


class Page(HTMLParser):
    """Collects a page's text and attributes, and fails on tags that don't nest."""

    def __init__(self, html):
        super().__init__()
        self.open, self.attributes, self.texts, self.tags = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        if data.strip():
            self.texts.append(data.strip())


def full_page():
    table = Table(
        ("threshold", "0.5"), [("predicted", 41.26), ("manual", float("nan"))], "mAP", emphasis=0
    )
    chart = "<svg><title>epoch</title></svg>"
    return report_html(
        "A title",
        [Section("Figures", ("First.", "Second."), table), Section("Training", figure=chart)],
        [("one", "<svg></svg>", "a note"), ("two", "<svg></svg>", "")],
    )


def test_page_holds_all_that_it_is_given():
    page = Page(full_page())
    for text in ("A title", "First.", "Second.", "predicted", "41.3", "-", "mAP", "one", "a note"):
        assert text in page.texts
    assert page.tags.count("figure") == 2
    assert page.tags.count("svg") == 3


def test_page_needs_no_other_file():
    html = full_page()
    page = Page(html)
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert "@import" not in html
    assert "url(" not in html
    addresses = [value for name, value in page.attributes if name in ("src", "href", "xlink:href")]
    assert addresses == ["#video-1", "#video-2"]
    others = {name for name, value in page.attributes if value and "://" in value}
    assert others <= {"xmlns"}


def test_links_lead_to_pictures():
    identities = {value for name, value in Page(full_page()).attributes if name == "id"}
    assert identities == {"video-1", "video-2"}


def test_every_text_is_escaped():
    evil = "<script>alert('&')</script>\x00"
    part = Section(evil, (evil,), facts=[(evil, evil)])
    html = report_html(
        evil,
        [
            Section(evil, (evil,), Table((evil,), [(evil,)], evil), parts=[part]),
            Section(evil, parts=[replace(part, folded=True)]),
        ],
        [(evil, "<svg></svg>", evil)] * 2,
    )
    assert "script" not in Page(html).tags
    assert "\x00" not in html


def test_a_section_holds_facts_and_parts_some_of_them_folded():
    parts = [
        Section("Open", table=Table(("a",), [(1,)])),
        Section("Closed", ("inside",), figures=["<svg></svg>"] * 2, folded=True),
    ]
    page = Page(report_html("t", [Section("s", facts=[("mAP", "12 %")], parts=parts)], []))
    for text in ("mAP", "12 %", "Open", "Closed", "inside"):
        assert text in page.texts
    assert page.tags.count("svg") == 2
    assert [page.tags.count(tag) for tag in ("dl", "h3", "details", "summary")] == [1] * 4
    assert "open" not in dict(page.attributes)


def test_page_without_videos_and_figures_is_a_page():
    assert Page(report_html("Nothing", [], [])).texts[-1] == "Nothing"


def test_table_rows_must_fit_the_header():
    with pytest.raises(ValueError, match="a row must have 2 cells, not 1"):
        Table(("a", "b"), [("only",)])


def test_numbers_are_set_to_the_right_and_text_to_the_left():
    html = report_html("t", [Section("s", table=Table(("name", "n"), [("x", 3)]))], [])
    assert "<td>x</td>" in html
    assert '<td class="number">3</td>' in html
