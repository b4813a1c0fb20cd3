"""Laws of the NBBO: it equals a slow twin, and symmetries of the quotes are symmetries of it."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.analytics import ELIGIBLE_CONDITIONS, nbbo

COLUMNS = ["bid", "bid_size", "ask", "ask_size", "bid_exchange", "ask_exchange"]


def slow_nbbo(quotes, sizes="sum", max_age_ns=None):
    """State after each quote, by looking at all exchanges each time."""
    last, states = {}, []
    for quote in quotes.itertuples():
        last[quote.exchange] = quote
        row = [quote.time_ns]
        for side, direction in (("bid", 1), ("ask", -1)):
            offers = []
            for letter in sorted(last):
                q = last[letter]
                price, size = getattr(q, side), getattr(q, f"{side}_size")
                fresh = max_age_ns is None or quote.time_ns - q.time_ns <= max_age_ns
                firm = q.condition in ELIGIBLE_CONDITIONS or q.condition == ""
                sane = not (q.bid > q.ask and q.bid_size > 0 and q.ask_size > 0)
                if price > 0 and size > 0 and fresh and firm and sane:
                    offers.append((-direction * price, -size, q.time_ns, letter))
            if not offers:
                row += [np.nan, 0, ""]
                continue
            best = min(offers)
            level = [-offer[1] for offer in offers if offer[0] == best[0]]
            row += [-direction * best[0], sum(level) if sizes == "sum" else -best[1], best[3]]
        states.append([row[0], row[1], row[2], row[4], row[5], row[3], row[6]])
    return pd.DataFrame(states, columns=["time_ns", *COLUMNS])


@st.composite
def quote_tables(draw, max_rows=40):
    n = draw(st.integers(1, max_rows))
    price = st.one_of(st.just(np.nan), st.integers(1, 12).map(lambda k: k / 100))
    size = st.integers(0, 5).map(lambda k: 100 * k)
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, 3), st.sampled_from("NQPZ"), price, size, price, size,
                st.sampled_from(["R", "R", "O", "", "N", "C"]),
            ),
            min_size=n, max_size=n,
        )
    )  # fmt: skip
    names = ["step", "exchange", "bid", "bid_size", "ask", "ask_size", "condition"]
    table = pd.DataFrame(rows, columns=names)
    table.insert(0, "time_ns", table.pop("step").cumsum().astype("int64"))
    table["sequence"] = np.arange(n)
    table.attrs["kind"] = "quotes"
    return table


EVERY = {"same_time": "all", "changes_only": False, "crossed": "keep"}


@settings(max_examples=150, deadline=None)
@given(quote_tables(), st.sampled_from(["sum", "largest"]), st.sampled_from([None, 2]))
def test_nbbo_equals_its_slow_twin(quotes, sizes, max_age_ns):
    max_age_s = None if max_age_ns is None else max_age_ns / 1e9
    fast = nbbo(quotes, sizes=sizes, max_age_s=max_age_s, **EVERY)
    slow = slow_nbbo(quotes, sizes, max_age_ns)
    pd.testing.assert_frame_equal(fast, slow, check_dtype=False)


@settings(max_examples=60, deadline=None)
@given(quote_tables(), st.permutations("NQPZ"))
def test_renaming_exchanges_changes_no_price_or_size(quotes, letters):
    new_name = dict(zip("NQPZ", letters, strict=True))
    renamed = quotes.assign(exchange=quotes["exchange"].map(new_name))
    names = ["time_ns", *COLUMNS[:4]]
    a, b = (nbbo(table, **EVERY)[names] for table in (quotes, renamed))
    pd.testing.assert_frame_equal(a, b)


@settings(max_examples=60, deadline=None)
@given(quote_tables(), st.integers(1, 7))
def test_nbbo_scales_with_prices_and_sizes(quotes, factor):
    scaled = quotes.assign(
        **{side: quotes[side] * 2.0**factor for side in ("bid", "ask")},
        **{name: quotes[name] * factor for name in ("bid_size", "ask_size")},
    )
    a, b = nbbo(quotes), nbbo(scaled)
    np.testing.assert_array_equal(a["bid"] * 2.0**factor, b["bid"])
    np.testing.assert_array_equal(a["ask_size"] * factor, b["ask_size"])


@settings(max_examples=60, deadline=None)
@given(quote_tables())
def test_bids_of_mirrored_quotes_are_asks(quotes):
    top = 0.13
    mirrored = quotes.assign(
        bid=top - quotes["ask"], ask=top - quotes["bid"],
        bid_size=quotes["ask_size"], ask_size=quotes["bid_size"],
    )  # fmt: skip
    a, b = nbbo(quotes, **EVERY), nbbo(mirrored, **EVERY)
    np.testing.assert_allclose(a["bid"], top - b["ask"], atol=1e-12)
    np.testing.assert_array_equal(a["bid_size"], b["ask_size"])


@settings(max_examples=60, deadline=None)
@given(quote_tables(), st.randoms())
def test_order_of_rows_does_not_matter_when_sequence_tells_it(quotes, random):
    order = list(range(len(quotes)))
    random.shuffle(order)
    shuffled = quotes.iloc[order]
    pd.testing.assert_frame_equal(nbbo(shuffled), nbbo(quotes))


@settings(max_examples=60, deadline=None)
@given(quote_tables(), *2 * [st.sampled_from(["blank", "drop", "keep"])])
def test_every_quote_is_accounted_for(quotes, crossed, locked):
    best = nbbo(quotes, crossed=crossed, locked=locked)
    report = best.attrs["report"]
    gone = report["same_time"] + report["unchanged"]
    gone += report["crossed"] if crossed == "drop" else 0
    gone += report["locked"] if locked == "drop" else 0
    assert report["rows_in"] == report["rows_out"] + gone
    assert crossed == "keep" or not (best["bid"] > best["ask"]).any()
    assert locked == "keep" or not (best["bid"] == best["ask"]).any()


@settings(max_examples=40, deadline=None)
@given(quote_tables())
def test_thinning_an_nbbo_again_changes_nothing(quotes):
    once = nbbo(quotes)
    assert once.attrs["kind"] == "nbbo"
    pd.testing.assert_frame_equal(nbbo(once), once)


def table(*rows):
    names = ["time_ns", "exchange", "bid", "bid_size", "ask", "ask_size", "condition"]
    return pd.DataFrame(rows, columns=names)


def test_an_ineligible_quote_withdraws_the_exchanges_earlier_one():
    quotes = table(
        (1, "N", 10.00, 100, 10.02, 100, "R"),
        (2, "Q", 9.99, 100, 10.03, 100, "R"),
        (3, "N", 10.01, 100, 10.02, 100, "N"),
    )
    best = nbbo(quotes)
    assert best["bid"].tolist() == [10.00, 9.99] and best["time_ns"].tolist() == [1, 3]
    assert best.attrs["report"]["ineligible"] == 1
    everything = nbbo(quotes, conditions=None)
    assert everything["bid"].tolist() == [10.00, 10.01]


def test_crossed_state_is_blank_dropped_or_kept_as_asked():
    quotes = table(
        (1, "N", 10.00, 100, 10.02, 100, "R"),
        (2, "Q", 10.03, 200, 10.05, 100, "R"),
        (3, "Q", 10.01, 200, 10.05, 100, "R"),
    )
    blank = nbbo(quotes)
    assert np.isnan(blank.loc[1, "bid"]) and blank.loc[1, "bid_size"] == 0
    assert blank.loc[1, "bid_exchange"] == ""
    assert nbbo(quotes, crossed="drop")["time_ns"].tolist() == [1, 3]
    assert nbbo(quotes, crossed="keep").loc[1, "bid"] == 10.03
    assert blank.attrs["report"]["crossed"] == 1
    assert blank["bid_size"].dtype == np.int64


def test_size_at_the_best_is_the_sum_or_the_largest():
    quotes = table((1, "N", 10.0, 100, 10.1, 300, "R"), (2, "Q", 10.0, 400, 10.1, 300, "R"))
    assert nbbo(quotes).iloc[-1][["bid_size", "ask_size"]].tolist() == [500, 600]
    largest = nbbo(quotes, sizes="largest").iloc[-1]
    assert largest[["bid_size", "ask_size"]].tolist() == [400, 300]
    assert largest["bid_exchange"] == "Q", "the larger size leads"
    assert largest["ask_exchange"] == "N", "of equal sizes the older quote leads"


def test_of_equal_quotes_of_one_moment_the_first_letter_leads():
    quotes = table((1, "Q", 10.0, 100, 10.1, 100, "R"), (1, "N", 10.0, 100, 10.1, 100, "R"))
    assert nbbo(quotes).iloc[-1][["bid_exchange", "ask_exchange"]].tolist() == ["N", "N"]


def test_consolidated_quotes_pass_through():
    quotes = table((1, "N", 10.0, 1, 10.1, 1, "R"), (2, "Q", 9.9, 1, 10.2, 1, "R"))
    quotes.attrs["kind"] = "nbbo"
    assert nbbo(quotes)["bid"].tolist() == [10.0, 9.9]


def test_no_quotes_give_no_nbbo():
    empty = table()[:0].astype({"time_ns": "int64", "bid_size": "int64", "ask_size": "int64"})
    assert len(nbbo(empty)) == 0


def test_crypto_sizes_keep_their_fractions():
    quotes = table((1, "C", 10.0, 0.25, 10.1, 1.5, ""), (2, "K", 10.0, 0.5, 10.1, 0.1, ""))
    assert nbbo(quotes).iloc[-1][["bid_size", "ask_size"]].tolist() == [0.75, 1.6]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"sizes": "most"}, "sizes is 'most'; allowed are 'sum', 'largest'"),
        ({"crossed": "hide"}, "crossed is 'hide'"),
        ({"max_age_s": 0}, "max_age_s is 0"),
    ],
)
def test_a_wrong_argument_is_refused_in_a_sentence(change, message):
    with pytest.raises(ValueError, match=message):
        nbbo(table((1, "N", 1.0, 1, 1.1, 1, "R")), **change)


def test_two_symbols_are_refused():
    quotes = table((1, "N", 1.0, 1, 1.1, 1, "R"), (2, "N", 9.0, 1, 9.1, 1, "R"))
    with pytest.raises(ValueError, match="several symbols"):
        nbbo(quotes.assign(symbol=["A", "B"]))


def test_a_day_of_quotes_takes_well_below_a_second():
    n = 220_000
    rng = np.random.default_rng(5)
    bid = 100 + 0.01 * rng.integers(-5, 1, n)
    quotes = pd.DataFrame({
        "time_ns": np.sort(rng.integers(0, 10**13, n)),
        "exchange": rng.choice(list("ABCJKMNPQTXYZ"), n),
        "bid": bid, "bid_size": 100 * rng.integers(1, 9, n),
        "ask": bid + 0.01 * rng.integers(6, 12, n), "ask_size": 100 * rng.integers(1, 9, n),
        "condition": "R", "sequence": np.arange(n),
    })  # fmt: skip
    took = []
    for _ in range(3):
        start = time.perf_counter()
        nbbo(quotes)
        took.append(time.perf_counter() - start)
    assert min(took) < 1.0
