"""What strangers write is shown on feedback pages and does nothing there."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.course import Case, Check, Part
from lobsim.course.calling import Outcome
from lobsim.course.clean_html import clean_html
from lobsim.course.judge import judge

PIECES = ["<script>", "</script>", "<scr<script>ipt>", "<img src=x onerror=alert(1)>", "<b>", "<",
          "<style>", "</style", "<iframe src='//x'>", "<a href='javascript:alert(1)'>x</a>", ">",
          "<svg/onload=alert(1)>", "<form action='/x'><input>", "<div style='position:fixed'>",
          "&lt;script&gt;", "<base href='//x'>", "<!--", "-->", "<meta http-equiv=refresh>", "bid"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
def test_nothing_that_acts_gets_through(text):
    out = clean_html(text).lower()
    for bad in ("<script", "<img src=x", "<iframe", "<svg", "<form", "<input", "<base", "<meta",
                "<style", "<!--", "position", 'href="javascript'):
        assert bad not in out


@pytest.mark.parametrize("good", [
    "<p>a <strong>bold</strong> word</p>", "<h2>Title</h2>", "<code>x &lt; 1</code>",
    '<img src="data:image/png;base64,AAAA" alt="a book">', '<a href="https://example.org">x</a>',
    "<table><tbody><tr><td>1</td></tr></tbody></table>",
    "<details><summary>Hint</summary>text</details>",
])
def test_formatting_stays(good):
    assert clean_html(good) == good


def test_the_check_panel_survives_with_its_styles():
    check = Check("f", "F <1>", reference=lambda x: x, parts=[Part("p", 1, [Case({"x": "<b>"})])])
    page = judge(check, lambda inputs: Outcome(value="<i>"), hidden=True).html()
    cleaned = clean_html(page)
    assert "border-left-width" in cleaned and "<li>" in cleaned and "&lt;i&gt;" in cleaned
    assert "<b>" not in cleaned and "<i>" not in cleaned
