"""A message model as order flow: the compiled network, the stream it says, and the market."""

import os

import numpy as np
import pytest
import torch

from lobsim.engine import Kind, OrderBook, empty_messages, process
from lobsim.market.parts import Latency
from lobsim.market.state import N_DROPPED
from lobsim.orderflow_ai.generate import LearnedMarket, default_band, recall, say_messages
from lobsim.orderflow_ai.generate_network import N_WAITING, network_of, new_memory
from lobsim.orderflow_ai.generate_response import injected_response
from lobsim.orderflow_ai.message_model import MessageModel, ModelShape
from lobsim.orderflow_ai.tokens import Tokenizer
from lobsim.orderflow_ai.tokens_layout import FIELDS, VOCABULARY

TOKENIZER = Tokenizer(largest_size=500)
SECONDS = 40 if "NUMBA_DISABLE_JIT" not in os.environ else 8


@pytest.fixture(scope="module")
def model():
    """It knows nothing but that messages come every second or so, near the best prices."""
    torch.manual_seed(1)
    model = MessageModel(ModelShape(width=16, layers=2, heads=2, window=12)).eval()
    with torch.no_grad():
        model.head.weight.mul_(10.0)
        model.head.bias[:FIELDS[1]] = -8.0
        model.head.bias[34:46] = 0.0
        model.head.bias[FIELDS[2] + 8:FIELDS[3]] = -8.0
    return model


@pytest.fixture(scope="module")
def opening():
    initial = empty_messages(40)
    initial["kind"], initial["order_id"] = Kind.LIMIT, np.arange(1, 41)
    initial["side"] = np.repeat([1, -1], 20)
    steps = np.tile(np.arange(20) // 2, 2)
    initial["price_ticks"] = np.where(initial["side"] > 0, 1000 - steps, 1002 + steps)
    initial["size"] = 300
    return initial


def test_the_compiled_network_is_the_model(model):
    rng = np.random.default_rng(0)
    tokens, features = rng.integers(0, VOCABULARY, 40), rng.normal(size=(40, 12))
    features = features.astype(np.float32)
    ours = np.zeros((39, VOCABULARY))
    network = network_of(model)
    bench = TOKENIZER.bench(empty_messages(0), (1, 9), 0, 1)
    memory = new_memory(network, model.shape.window)
    memory.count[N_WAITING] = -1  # nothing goes before
    recall(tokens, features, bench.state, bench.machine, network, memory, ours)
    with torch.no_grad():
        theirs = model(torch.from_numpy(tokens)[None], torch.from_numpy(features)[None])
        theirs = theirs[0, :39].numpy()
    assert np.abs(ours - theirs).max() < 1e-3


def test_an_undisturbed_market_is_what_the_model_says(model, opening):
    said = say_messages(model, opening, 5, start_s=100, until_s=100 + SECONDS,
                        tokenizer=TOKENIZER)
    assert said.refused == 0 and len(said.messages) > 2 * SECONDS
    market = LearnedMarket(model, opening, 5, 100, 100 + SECONDS, tokenizer=TOKENIZER, record=True)
    for part in (0.1, 0.5, 1.0):
        market.advance(100 + part * SECONDS)
    assert market._flow.count[N_DROPPED] == 0
    kept = market.record()
    told = said.messages[["time_ns", "kind", "side", "size"]]
    ours = kept.messages[["time_ns", "kind", "side", "size"]]
    limits = np.isin(told["kind"], (Kind.LIMIT, Kind.POST_ONLY, Kind.CANCEL))
    assert len(told) == len(ours) and (told[limits] == ours[limits]).all()
    book = OrderBook(price_min=default_band(opening)[0] * 0.01,
                     price_max=default_band(opening)[1] * 0.01)
    process(book, opening)
    process(book, said.messages)
    assert market.best_bid == book.best_bid and market.best_ask == book.best_ask
    # What it says can be told in tokens, of which the book refuses none.
    encoded = TOKENIZER.encode(said.messages, opening, band=default_band(opening))
    assert encoded.refused == 0 and len(encoded.messages) == len(said.messages)


@pytest.mark.parametrize("delay_s", [0.0, 0.3])
def test_own_orders_are_heard_and_nothing_becomes_invalid(model, opening, delay_s):
    parts = [Latency(order_s=delay_s, cancel_s=delay_s)] if delay_s else []
    twins = [LearnedMarket(model, opening, 6, 100, 160, tokenizer=TOKENIZER, parts=parts)
             for _ in range(3)]
    for number, market in enumerate(twins):
        for second in range(101, 101 + SECONDS // 2):
            if number == 2:
                market.advance(second - 0.5)  # the size of the steps makes no difference
            market.advance(second)
            if second % 2 and number:
                market.submit("buy", 200, kind="market")
                market.submit("sell", 100, price=10.02)
            elif second % 4 == 0 and number:
                market.cancel_all()
        market.advance(102 + SECONDS // 2)
        assert market._flow.count[N_DROPPED] == 0
    quiet, one, two = twins
    assert len(one.own_fills) > 2
    assert one.own_fills.equals(two.own_fills) and one.trades.equals(two.trades)
    assert all(np.array_equal(ours, theirs)
               for ours, theirs in zip(one.depth(9), two.depth(9), strict=True))
    assert (len(quiet.trades), quiet.volume) != (len(one.trades), one.volume)


def test_wrong_use_is_told():
    model = MessageModel(ModelShape(width=8, layers=1, heads=1, window=4))
    with pytest.raises(ValueError, match="0 initial orders"):
        say_messages(model, empty_messages(0), 1, start_s=0, until_s=1)
    with pytest.raises(ValueError, match="no initial orders"):
        LearnedMarket(model, empty_messages(0))


def test_a_response_is_that_of_the_order_alone(model, opening):
    """Just after an order that empties the best level, the mid has moved half of what it took."""
    def make(seed):
        return LearnedMarket(model, opening, seed, 100, 110, tokenizer=TOKENIZER)

    told = injected_response(make, (1, 2), 600, 100.0, horizons_s=(1.0,))
    assert told.values[:, 0] == pytest.approx([0.5, 0.5]) and told.values.shape == (2, 2)
    with pytest.raises(ValueError, match="at least 2"):
        injected_response(make, (1,), 600, 100.0, horizons_s=(1.0,))
