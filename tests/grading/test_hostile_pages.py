"""What a stranger wrote is shown as text where it cannot be rendered; it never costs a page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lobsim.course import clean_html as cleaning
from lobsim.course.clean_html import clean_html, markdown2html
from lobsim.course.limits import Limits
from lobsim.course.outputs import OutputBox


def test_a_picture_that_is_not_attached_leaves_the_text():
    page = markdown2html({}, "See ![book](attachment:a.svg) & <script>evil()</script>")
    assert page == ("<pre>See ![book](attachment:a.svg) &amp; &lt;script&gt;evil()&lt;/script&gt;"
                    "</pre>")


@pytest.mark.parametrize("nested", ["<div>", "<b><i><p>", "<ul><li>", "<table><tr><td>"])
def test_html_of_too_many_tags_is_shown_as_text(nested):
    page = clean_html(nested * 20_000)
    assert page.startswith("<pre>&lt;") and page.count("<") == 2


@pytest.mark.parametrize("slow", ["<p " + "".join(f"a{n}=1 " for n in range(60_000)) + ">",
                                  "<div>" * 9_999])
def test_reading_that_takes_long_is_given_up(monkeypatch, slow):
    monkeypatch.setattr(cleaning, "_CPU_S", 0.2)
    assert clean_html(slow).startswith("<pre>&lt;")
    assert clean_html("<b>and the next</b>") == "<b>and the next</b>"


def test_a_long_answer_is_shown_as_it_was_written():
    page = markdown2html({}, r"\begin{a}" * 20_000)
    assert page == "<pre>" + r"\begin{a}" * 20_000 + "</pre>"


@given(st.lists(st.sampled_from(["<", ">", "[", "](", "attachment:", "$", "`", "*", "|", "\n",
                                 "\\begin{a}", "<b>", "</b>", "<!--", "&", "a", " ", "#", "- "]),
                max_size=40).map("".join))
def test_any_text_whatever_gives_a_page(text):
    page = markdown2html({"cell": {"attachments": {"x.png": {"image/png": "AAAA"}}}}, text)
    assert "<script" not in page and "<!--" not in page


def test_what_is_too_large_to_show_is_not_read_first(monkeypatch):
    read = []
    monkeypatch.setattr("lobsim.course.outputs.clean_html", lambda text: read.append(text) or "")
    box = OutputBox(Limits(rich_bytes=100), 10_000)
    for size in (500, 50):
        box.take("display_data", {"data": {"text/html": "x" * size}})
    assert [len(text) for text in read] == [50]
    assert box.left_out == ["1 output(s) were too large and left out"]
