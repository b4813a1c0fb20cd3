"""The live view in executed notebooks: a picture without a page, controls with one."""

import base64

import pytest
from plot_notebooks import executed

MARKET = """
from lobsim import plots
from lobsim.market import Market
market = Market("SPY", seed=1, record=True)
market.advance(market.start_s + 20)
"""
STATIC = "plots.watch_market(market)"
LIVE = "plots.watch_market(market, live=True)"
FILM = "plots.animate_book(market, alt='The book of SPY over 20 seconds.', frames=3)"
CLOCK = "print(market.clock_s - market.start_s)"


@pytest.fixture(scope="module")
def notebook():
    return executed(MARKET, STATIC, LIVE, FILM, CLOCK)


def test_without_a_page_it_is_one_picture_in_words_too(notebook):
    (output,) = notebook.cells[1].outputs
    assert set(output.data) == {"image/png", "text/plain"}
    assert base64.b64decode(output.data["image/png"]).startswith(b"\x89PNG")
    alt = output.metadata["image/png"]["alt"]
    assert alt.startswith("Order book of SPY at 10:00:20.0: best bid") and "Position 0" in alt


def test_with_a_page_it_is_a_play_button_orders_and_a_picture_with_words(notebook):
    (output,) = notebook.cells[2].outputs
    assert "application/vnd.jupyter.widget-view+json" in output.data
    state = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    models = [model["model_name"] for model in state.values()]
    assert models.count("PlayModel") == 1 and models.count("ButtonModel") == 6
    values = [model["state"].get("value") for model in state.values()]
    pictures = [value for value in values if isinstance(value, str) and "<img" in value]
    assert len(pictures) == 1 and 'alt="Order book of SPY' in pictures[0]


def test_an_animation_is_stored_with_its_words(notebook):
    (output,) = notebook.cells[3].outputs
    assert output.data["text/plain"] == "The book of SPY over 20 seconds."
    assert output.data["text/html"].count("data:image/png;base64,") >= 1


def test_nothing_runs_until_a_button_is_pressed(notebook):
    assert notebook.cells[4].outputs[0].text == "20.0\n"


def test_running_again_stores_the_same_pictures(notebook):
    again = executed(MARKET, STATIC, FILM)
    assert again.cells[1].outputs == notebook.cells[1].outputs
    assert again.cells[2].outputs[0].data == notebook.cells[3].outputs[0].data
