"""Order messages as tokens: what is kept, what is lost, and that only valid ones can be said."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.engine import OUTCOME, Kind, OrderBook, empty_messages, process
from lobsim.orderflow_ai.tokens import Tokenizer, describe
from lobsim.orderflow_ai.tokens_layout import (FIELDS, GAP_EDGES_NS, LARGEST, NUMBERS, VOCABULARY,
                                               field_of)

BAND = (80, 120)
TOKENS = 100_000 if "NUMBA_DISABLE_JIT" not in os.environ else 3_000
NEW = (Kind.LIMIT, Kind.MARKET, Kind.IOC, Kind.FOK, Kind.POST_ONLY)
WITH_PRICE = (Kind.LIMIT, Kind.IOC, Kind.FOK, Kind.POST_ONLY, Kind.REPLACE)

message = st.tuples(
    st.sampled_from(list(Kind)), st.sampled_from([1, -1]),
    st.one_of(st.integers(96, 104), st.integers(BAND[0] - 1, BAND[1] + 1)),
    st.one_of(st.sampled_from([1, 100, 200]), st.integers(1, 2_000), st.just(LARGEST)),
    st.integers(0, 60),  # which order is meant: mostly one there is
    st.one_of(st.just(0), st.integers(0, 10**6), st.integers(0, 10**13)),
    st.booleans())


def stream_of(drawn):
    """Messages with ids that jump about; some of them are ones that a book refuses."""
    messages = empty_messages(len(drawn))
    used, now = [900], 0
    for row, (kind, side, price, size, pick, gap, renames) in zip(messages, drawn, strict=True):
        now += gap
        row["time_ns"], row["kind"], row["side"] = now, kind, side
        row["price_ticks"], row["size"] = price, size
        if kind in NEW:
            # One id in sixty is used twice.
            row["order_id"] = used[0] if pick == 60 else 1000 + 7 * len(used) - 3 * (len(used) % 2)
            used.append(int(row["order_id"]))
        else:
            row["order_id"] = used[-1 - pick % len(used)]
            if kind == Kind.REPLACE and renames:
                row["new_order_id"] = 1000 + 7 * len(used) + 1
                used.append(int(row["new_order_id"]))
    return messages


def play(messages):
    book = OrderBook(price_min=BAND[0] * 0.01, price_max=BAND[1] * 0.01)
    outcomes = np.zeros(len(messages), OUTCOME)
    return book, process(book, messages, outcomes), outcomes["reject"] == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(message, max_size=80))
def test_every_valid_message_is_read_back_exactly(drawn):
    messages = stream_of(drawn)
    book, fills, valid = play(messages)
    tokenizer = Tokenizer()
    encoded = tokenizer.encode(messages, band=BAND)
    assert encoded.kept.tolist() == np.flatnonzero(valid).tolist()
    read, told = tokenizer.decode(encoded), messages[valid]
    again, same, accepted = play(read)
    assert accepted.all()

    assert (read["kind"] == told["kind"]).all()
    new, priced = np.isin(told["kind"], NEW), np.isin(told["kind"], WITH_PRICE)
    assert (read["side"][new] == told["side"][new]).all()
    assert (read["price_ticks"][priced] == told["price_ticks"][priced]).all()
    sized = told["kind"] != Kind.CANCEL
    assert (read["size"][sized] == told["size"][sized]).all()
    names = dict(zip(told["order_id"].tolist(), read["order_id"].tolist(), strict=True))
    assert len(set(names.values())) == len(names)
    assert [names[i] for i in told["order_id"].tolist()] == read["order_id"].tolist()

    for name in ("price_ticks", "size", "maker_left", "taker_side"):
        assert (fills[name] == same[name]).all()
    for ours, theirs in zip(book.depth(50), again.depth(50), strict=True):
        assert (ours == theirs).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(message, min_size=1, max_size=40))
def test_time_is_kept_to_within_its_bucket(drawn):
    messages = stream_of(drawn)
    tokenizer = Tokenizer()
    encoded = tokenizer.encode(messages, band=BAND)
    read = tokenizer.decode(encoded)
    exact = np.diff(encoded.messages["time_ns"], prepend=encoded.start_ns)
    gaps = np.diff(read["time_ns"], prepend=encoded.start_ns)
    assert (gaps[exact == 0] == 0).all()
    told = (exact >= 1_000) & (exact < GAP_EDGES_NS[-1])
    assert (np.abs(np.log(gaps[told] / exact[told])) <= np.log(10) / 16 + 1e-3).all()
    # Said once more, what was read gives the same tokens.
    again = tokenizer.encode(read, band=BAND)
    if again.start_ns == encoded.start_ns:
        assert (again.tokens == encoded.tokens).all()


def test_only_valid_messages_can_be_said():
    """A million tokens by models that know nothing: the engine refuses none of their messages."""
    kinds, refused, said = set(), 0, 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        logits = rng.normal(0.0, 1.0 + seed % 3, (1 if seed % 2 else VOCABULARY, VOCABULARY))
        tokenizer = Tokenizer(round_lot=(1, 100)[seed % 2], largest_size=(LARGEST, 900)[seed // 5])
        band = (1, 5) if seed == 3 else (10**9, 10**9 + 2_000)
        messages, tokens, bad = tokenizer.make_up(logits, rng.random(TOKENS), band=band)
        refused += bad
        said += len(tokens)
        kinds |= set(messages["kind"].tolist())
        assert len(tokens) > TOKENS - 100
        book = OrderBook(price_min=band[0] * 0.01, price_max=band[1] * 0.01)
        process(book, messages)
        assert book.reject_counts == {}
    assert refused == 0 and said > 10 * TOKENS - 1_000 and kinds == set(Kind)


def test_a_token_out_of_place_is_refused():
    messages = stream_of([(Kind.LIMIT, 1, 100, 100, 0, 0, False)] * 3)
    tokenizer = Tokenizer()
    encoded = tokenizer.encode(messages, band=BAND)
    cancel = int(FIELDS[1]) + 11  # of a sell order, of which there is none
    assert describe(cancel) == "EVENT CANCEL sell"
    wrong = encoded.tokens.copy()
    wrong[1] = cancel
    for tokens in (wrong, encoded.tokens[:-1], encoded.tokens[1:]):
        with pytest.raises(ValueError, match="not allowed there or not whole"):
            tokenizer.decode(encoded._replace(tokens=tokens))


def test_buckets_are_no_wider_than_a_quarter_of_their_numbers():
    lows = np.array([int(describe(FIELDS[3] + bucket).split()[1].rstrip("."))
                     for bucket in range(NUMBERS)])
    widths = np.diff(lows)
    assert (widths > 0).all() and (widths[8:] <= lows[8:-1] / 4).all()
    assert lows[0] == 0 and lows[-1] < LARGEST < lows[-1] * 1.25
    assert field_of(np.arange(VOCABULARY)).max() == len(FIELDS) - 2
