"""Each gap moves what it says in its direction; without one the venue is the training market."""

import itertools

import numpy as np
import pytest

from lobsim.market import Market, profiles
from lobsim.market.profiles import find_profile
from lobsim.market.state import HIDDEN, L_EXOGENOUS, L_FAIR, N_PREDATOR_POSITION
from lobsim.sim_to_real.gaps import GAPS, Gap, Rules, as_gaps, hidden_gaps, with_gaps
from lobsim.sim_to_real.protocol import ProtocolError, decode, encode, read_request
from lobsim.sim_to_real.venue import VenueCore, VenueDay

START_S, SECOND = 36_000, 10**9
START_NS = START_S * SECOND


def market(gaps=(), seconds=600, profile="SPY", seed=2):
    changed, _ = with_gaps(profiles[profile], gaps)
    return Market(changed, seed, START_S, START_S + seconds)


def core(gaps=(), seconds=60, seed=3, **day):
    return VenueCore(VenueDay(seed=seed, end_s=START_S + seconds, gaps=gaps, **day))


def new(key, lots=100, kind="market", price=0, side=1):
    return {"type": "new", "id": key, "side": side, "lots": lots, "kind": kind,
            "price_ticks": price, "sent_ns": 0}


def bid_of(venue):
    return [one for one in venue.sent if one["type"] == "book"][-1]["bids"][0][0]


def reports(venue, what):
    return [one for one in venue.sent if one["type"] == "report" and one["what"] == what]


@pytest.mark.parametrize("gaps", [(), tuple((name, 0.0) for name in GAPS)], ids=["none", "zero"])
def test_without_a_gap_the_venue_is_the_training_market_bit_for_bit(gaps):
    venue, alone = core(gaps, 30), Market("SPY", 3, START_S, START_S + 30)
    assert venue.rules == Rules() and with_gaps(profiles["SPY"], gaps)[0] is profiles["SPY"]
    venue.handle(START_NS, new("a", 700))
    alone.submit("buy", 700, kind="market")
    venue.handle(venue.end_ns)
    books = [one for one in venue.sent if one["type"] == "book"]
    assert len(books) == 31
    for second, book in enumerate(books[1:], 1):
        alone.advance(START_S + second)
        depth = alone.depth(5)
        assert [price for price, _ in book["bids"]] == np.rint(depth.bid_price * 100).tolist()
        assert [lots for _, lots in book["asks"]] == depth.ask_size.tolist()
        assert book["volume"] == alone.volume
    prints = [row for one in venue.sent if one["type"] == "trades" for row in one["rows"]]
    trades = alone.trades
    assert [row[2] for row in prints] == trades["size"].tolist()
    assert [row[0] for row in prints] == np.rint(trades["time_s"] * 1e9).astype(int).tolist()
    assert venue.market.cash == alone.cash


@pytest.mark.parametrize("name", GAPS)
@pytest.mark.parametrize("profile", ["SPY", "MIDCAP", "SMALLTICK", "BTC-USD", "U01"])
def test_every_gap_can_be_put_on_every_market_and_changes_it(profile, name):
    usual = find_profile(profile)
    changed, rules = with_gaps(usual, [name])
    assert (rules != Rules()) != (changed is not usual)


def path_of(market, step_s=5.0, steps=100):
    rows = []
    for k in range(1, steps + 1):
        market.advance(START_S + k * step_s)
        rows.append((market.efficient_price, market.spread_ticks))
    return np.array(rows).T


def test_volatility_trend_and_spread_widen_what_they_name():
    price, spread = path_of(market())
    wild, _ = path_of(market(["volatility"]))
    assert np.diff(wild).std() / np.diff(price).std() == pytest.approx(2, rel=0.05)
    up, _ = path_of(market(["trend=30"]))
    gained_bps = (up[-1] - price[-1]) / 168.0 * 1e4
    assert gained_bps == pytest.approx(30 * 500 / 60, rel=0.2)
    _, wide = path_of(market(["spread=2"]))
    assert wide.mean() > spread.mean() + 0.5


def test_flow_is_thinner_and_regimes_change():
    quiet, usual = market(["flow"]), market()
    for one in (quiet, usual):
        one.advance(START_S + 600)
    assert quiet.volume < 0.75 * usual.volume
    day, seen = market(["regime"], 3600), set()
    for k in range(61):
        day.advance(START_S + 60 * k)
        seen.add(day.regime)
    assert seen == {"calm", "storm"}


def test_feed_orders_and_acknowledgements_are_late_by_what_they_should_be():
    late = core(["feed_latency"])
    late.handle(START_NS + 30 * SECOND)
    lags = [one["sent_ns"] - one["venue_ns"] for one in late.sent if one["type"] == "book"][5:]
    assert min(lags) >= SECOND and np.mean(lags) / SECOND == pytest.approx(1.2, abs=0.2)

    slow = core(["order_latency"])
    slow.handle(START_NS, new("a"))
    slow.handle(START_NS + 30 * SECOND)
    told = reports(slow, "filled")[0]
    assert SECOND <= told["venue_ns"] - told["received_ns"] < 5 * SECOND

    mute = core(["ack_delay"])
    for k in range(20):
        mute.handle(START_NS + k * SECOND // 5, new(f"a{k}"))
    mute.handle(START_NS + 30 * SECOND)
    told = reports(mute, "filled")
    assert min(one["sent_ns"] - one["venue_ns"] for one in told) >= SECOND
    numbers = [one["exec"] for one in told]
    assert numbers != sorted(numbers) and sorted(numbers) == list(range(1, len(numbers) + 1))


def test_fees_are_higher_by_what_they_should_be():
    fees = []
    for gaps in ((), ("fees", "cancel_fee=2")):
        venue = core(gaps)
        venue.handle(START_NS, new("a", 200))
        venue.handle(START_NS, new("b", 100, "limit", bid_of(venue) - 3))
        venue.handle(START_NS, {"type": "cancel", "id": "c", "order": "b", "sent_ns": 0})
        fees.append([sum(one["fee"] for one in reports(venue, what))
                     for what in ("filled", "cancelled")])
        assert venue.market.fees == pytest.approx(sum(fees[-1]))
    assert fees[1][0] - fees[0][0] == pytest.approx(200 * 0.2e-4 * 168)
    assert fees[0][1] == 0 and fees[1][1] == pytest.approx(0.02)


def waited_of_resting(gaps, seed):
    """Seconds until half of a resting order is filled, 12 if it is not."""
    venue = core(gaps, 12, seed)
    venue.handle(START_NS, new("a", 600, "post_only", bid_of(venue)))
    venue.handle(venue.end_ns)
    at = [one["venue_ns"] for one in reports(venue, "filled") if one["filled"] >= 300]
    return (at[0] - START_NS) / SECOND if at else 12.0


def test_with_worse_queue_priority_a_resting_order_waits_longer():
    usual, behind = (np.array([waited_of_resting(gaps, seed) for seed in range(30)])
                     for gaps in ((), ("queue=20",)))
    assert behind.mean() > usual.mean()
    assert (behind > usual + 0.1).sum() >= 2 * max(1, (behind < usual - 0.1).sum())


def test_takers_meet_more_hidden_orders_and_know_more():
    hidden = market(["hidden_liquidity"], profile="MIDCAP")
    hidden.advance(START_S + 300)
    fills = hidden._collected("fills")
    share = fills["size"][fills["maker_owner"] == HIDDEN].sum() / fills["size"].sum()
    assert 0.02 < share < 0.5

    def foresight(gaps):
        one = market(gaps)
        price, _ = path_of(one, 1.0, 600)
        trades = one.trades
        second = np.minimum((trades["time_s"] - START_S).to_numpy().astype(int), 595)
        return float((trades["side"] * (price[second + 3] - price[second])).mean())

    assert foresight(["adverse_selection=2"]) > 1.5 * foresight(())


def test_own_trades_move_the_price_farther_and_a_predator_hunts_them():
    moves = []
    for gaps in ((), ("reaction=2",)):
        one = market(gaps)
        for k in range(10):
            one.submit("buy", 1500, kind="market")
            one.advance(START_S + 2 * (k + 1))
        level = one._flow.level
        moves.append(level[L_FAIR] - level[L_EXOGENOUS])
    assert moves[1] > 1.3 * moves[0] > 0
    one, held = market(["predator=3"]), []
    for k in range(200):
        if k >= 80:
            one.submit("buy", 1000, kind="market")
        one.advance(START_S + 2 * (k + 1))
        held.append(int(one._flow.count[N_PREDATOR_POSITION]))
    assert max(held[80:]) > 0


def test_requests_are_refused_by_the_throttle_and_at_random():
    busy = core(["throttle"])
    for k in range(6):
        busy.handle(START_NS, new(f"a{k}"))
    assert [one["order"] for one in reports(busy, "rejected")] == ["a4", "a5"]
    assert all("throttled" in one["reason"] for one in reports(busy, "rejected"))
    busy.handle(START_NS + SECOND, new("b"))
    assert busy.orders["b"].filled == 100

    moody = core(["rejects=10"])
    for k in range(100):
        moody.handle(START_NS, new(f"a{k}"))
    refused = reports(moody, "rejected")
    assert 30 <= len(refused) <= 70
    assert moody.market.position == 100 * (100 - len(refused))


def test_the_clock_is_skewed_and_the_feed_is_stale():
    wrong = core(["clock_skew"])
    wrong.handle(wrong.end_ns)
    ahead = [one["sent_ns"] - START_NS - k * SECOND
             for k, one in enumerate(one for one in wrong.sent if one["type"] == "book")]
    assert ahead[0] == 0.5 * SECOND
    assert ahead[-1] == pytest.approx(0.5 * SECOND + 60 * 5e-5 * SECOND, abs=2)

    def runs(gaps):
        venue = core(gaps, 40)
        venue.handle(venue.end_ns)
        books = [one["volume"] for one in venue.sent if one["type"] == "book"]
        return [len(list(group)) for _, group in itertools.groupby(books)]

    assert np.mean(runs(())) < 1.5
    assert set(runs(["stale_feed"])[:-1]) == {4}


def test_hidden_gaps_are_drawn_by_the_seed_alone():
    drawn = [hidden_gaps(seed) for seed in range(60)]
    assert drawn == [hidden_gaps(seed) for seed in range(60)]
    assert {len(gaps) for gaps in drawn} == {1, 2, 3}
    assert {gap.name for gaps in drawn for gap in gaps} == set(GAPS)
    assert all(0.75 <= gap.size <= 1.5 for gaps in drawn for gap in gaps)
    assert hidden_gaps(1, count=0) == ()
    assert [gap.name for gap in hidden_gaps(1, 1, ["fees"])] == ["fees"]


@pytest.mark.parametrize(("gaps", "word"), [
    (["luck"], "no gap 'luck'"), ([("fees", -1)], "from 0 on"), (["fees", "fees=2"], "twice"),
    ([("fees", float("nan"))], "is nan"), (["fees=much"], "must be a number")])
def test_gaps_that_are_none_are_refused(gaps, word):
    with pytest.raises(ValueError, match=word):
        as_gaps(gaps)


def test_a_trend_may_go_down_and_gaps_come_in_any_form():
    assert as_gaps([("trend", -2), "queue", Gap("fees", 0.5)]) == (
        Gap("trend", -2.0), Gap("queue"), Gap("fees", 0.5))


def test_requests_survive_the_wire_and_nothing_else_does():
    request = new("a.B-1_", 7, "ioc", 12)
    assert read_request(encode(request)) == request == decode(encode(request))
    for key in request:
        with pytest.raises(ProtocolError):
            read_request(encode({name: value for name, value in request.items() if name != key}))
        with pytest.raises(ProtocolError):
            read_request(encode(request | {key: None}))
    with pytest.raises(ProtocolError, match="longer"):
        read_request(encode(request | {"id": "a" * 5000}))
