"""The animation of a book in a real browser: it plays, stops at its end, moves by hand."""

import pytest

from lobsim.market import Market
from lobsim.plots import book_animation

LAST = 3


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    market = Market("SPY", seed=1, record=True)
    market.advance(market.start_s + 30)
    path = tmp_path_factory.mktemp("film") / "film.html"
    html = book_animation(market, alt="The book of SPY for 30 s.", frames=LAST + 1, interval_ms=40)
    # Twice on one page, as when a cell is copied with its output.
    path.write_text(f"<!doctype html><meta charset=utf-8>{html}{html}", encoding="utf-8")
    return path


def test_it_plays_to_its_last_frame_and_stops_there(page, film):
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    page.goto(film.as_uri())
    first, button = page.locator("img").first, page.locator("button").first
    before = first.get_attribute("src")
    other = page.locator("img").last.get_attribute("src")
    assert "The book of SPY for 30 s." in first.get_attribute("alt")
    assert page.locator("output").first.inner_text() == "10:00:00.0"
    button.click()
    page.wait_for_function("document.querySelector('output').textContent === '10:00:30.0'")
    page.wait_for_function("document.querySelector('button').textContent === '\\u25B6'")
    assert first.get_attribute("src") != before
    assert page.locator("img").last.get_attribute("src") == other  # the copy has its own player
    assert first.evaluate("picture => picture.naturalWidth") > 500 and not errors


def test_the_slider_shows_any_frame(page, film):
    page.goto(film.as_uri())
    page.locator("input").first.fill(str(LAST))
    assert page.locator("output").first.inner_text() == "10:00:30.0"
    page.locator("input").first.fill("1")
    assert page.locator("output").first.inner_text() == "10:00:10.0"
