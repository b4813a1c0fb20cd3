"""The shipped message model: what was measured of it is so, and it makes a market."""

from types import SimpleNamespace

import flow_likelihood
import learned_flow_table
import numpy as np
import pytest
import readme_parts
from numba.core import config

from lobsim.market import Market
from lobsim.market.parts import Latency, Takers
from lobsim.orderflow_ai.flow_days import JUDGE, LEARN, START_S, VALIDATE, true_day
from lobsim.orderflow_ai.flow_measured import measured_flow
from lobsim.orderflow_ai.generate import LearnedFlow
from lobsim.orderflow_ai.message_model import SHIPPED, load_model
from lobsim.orderflow_ai.message_model_data import stream_of
from lobsim.orderflow_ai.message_model_tables import TableModel
from lobsim.orderflow_ai.message_model_training import score_losses, token_losses
from lobsim.orderflow_ai.tokens_layout import GAP_EDGES_NS, GAPS


compiled = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="the JIT is off: minutes a second")


@pytest.fixture(scope="module")
def shipped():
    return load_model()[0]


def test_the_stored_perplexity_is_that_of_the_shipped_model_and_below_the_tables(shipped):
    told = measured_flow()["piece"]
    assert told["seed"] in JUDGE and not set(JUDGE) & {*LEARN, *VALIDATE}
    stream = stream_of(true_day(told["seed"], START_S + told["seconds"]))
    losses = token_losses(shipped, stream)
    score = score_losses(losses, stream)
    assert score.per_token == pytest.approx(told["per_token"], rel=1e-3)
    counted = [stream_of(true_day(seed, START_S + 120.0)) for seed in LEARN[:2]]
    tables = [score_losses(np.where(np.isfinite(losses), TableModel(order).fit(counted)
                                    .loss(stream), np.nan), stream) for order in (0, 1)]
    assert score.per_token < tables[1].per_token < tables[0].per_token


def test_the_model_is_small_and_said_to_beat_the_tables_on_every_held_out_day():
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 4e6
    rows = {row["model"]: row["nats_per_message"] for row in measured_flow()["perplexity"]}
    assert len(rows["transformer"]) == len(JUDGE)
    for table in ("Markov", "unigram"):
        assert (np.array(rows["transformer"]) < rows[table]).all()


def test_what_the_readme_says_of_learned_flow_is_what_was_stored():
    assert readme_parts.shown("learned flow") == learned_flow_table.section()


@compiled
@pytest.mark.parametrize("parts", [(), (Latency(order_s=0.2, cancel_s=0.2),)])
def test_a_learned_market_trades_with_own_orders_and_refuses_no_message(parts):
    def played(steps):
        market = Market("MIDCAP", 3, 36_000, 36_010, flow="learned", parts=parts, record=True)
        for second in range(1, 6):
            for step in range(steps):
                market.advance(START_S + second - 1 + (step + 1) / steps)
            market.submit("sell", 300, kind="market")
            market.submit("buy", 100, price=market.best_bid)
        return market

    one, two = played(1), played(4)
    assert one.dropped == 0 and one.position < 0 and len(one.record().messages) > 100
    assert one.own_fills.equals(two.own_fills)
    assert (one.record().messages == two.record().messages).all()
    true = Market("MIDCAP", 3, 36_000, 36_010, record=True)  # it starts on the profile's book
    names = ["price_ticks", "size", "side"]
    assert (one.record().initial[names] == true.record().initial[names]).all()


@compiled
def test_a_flow_is_named_or_given(shipped, tmp_path):
    for wrong in ("learnt", tmp_path / "nowhere", 3):
        with pytest.raises(ValueError, match="must be one of learned, the folder"):
            Market("MIDCAP", flow=wrong)
    with pytest.raises(ValueError, match="Takers cannot be added"):
        Market("MIDCAP", flow="learned", parts=[Takers(1.0)])
    with pytest.raises(ValueError, match="warmth is 0"):
        LearnedFlow(shipped, warmth=0)
    mids = set()
    for flow in ("learned", SHIPPED, str(SHIPPED), shipped, LearnedFlow()):
        market = Market("MIDCAP", 1, 36_000, 36_010, flow=flow)
        market.advance(36_001)
        mids.add((market.mid, market.volume))
    assert len(mids) == 1


def process_day(times, types):
    """A day of a point process, whose events are whole: limit orders, cancels, market orders."""
    gaps = np.diff(times, prepend=0.0)
    kinds = np.array([0, 5, 1])[types // 2]
    buckets = np.searchsorted(GAP_EDGES_NS, (gaps * 1e9).astype(np.int64), side="right") - 1
    return flow_likelihood.Day(gaps, buckets, 2 * kinds + types % 2, types)


HAWKES = SimpleNamespace(mu=np.full(6, 0.5), beta=np.array([2.0, 10.0]),
                         alpha=np.stack([np.full((6, 6), 0.01), 4.0 * np.eye(6)]))


def bursts(seconds, seed):
    """Events that come alone, and in three of five cases another of the type soon after."""
    rng = np.random.default_rng(seed)
    times, types = rng.uniform(0, seconds, 3 * seconds), rng.integers(0, 6, 3 * seconds)
    followed = rng.random(len(times)) < 0.6
    times = np.append(times, times[followed] + rng.exponential(0.1, followed.sum()))
    order = np.argsort(times)
    return times[order], np.append(types, types[followed])[order]


def test_a_process_gives_all_buckets_and_all_events_together_the_chance_one():
    day = process_day(*bursts(4, seed=1))
    shares = flow_likelihood.shares_of([day])
    rates = flow_likelihood.poisson_rates([day])

    def chances(changed):
        return np.exp(-np.stack([flow_likelihood.hawkes_losses(changed, HAWKES, shares)[-1],
                                 flow_likelihood.constant_losses(changed, rates, shares)[-1]]))

    def last(array, value):
        return np.append(array[:-1], value)

    total = sum(chances(day._replace(buckets=last(day.buckets, bucket)))[:, 0]
                for bucket in range(GAPS))
    assert total == pytest.approx([1.0, 1.0])
    kinds = np.arange(flow_likelihood.EVENTS)
    types = 2 * flow_likelihood.TYPE_OF[kinds // 2] + kinds % 2
    total = sum(chances(day._replace(events=last(day.events, kind), types=last(day.types, type_)))
                [:, 1] for kind, type_ in zip(kinds, types, strict=True))
    assert total == pytest.approx([1.0, 1.0])


def test_a_day_of_bursts_is_likelier_under_hawkes_flow_and_a_calm_one_is_not():
    day = process_day(*bursts(300, seed=2))
    shares = flow_likelihood.shares_of([day])
    hawkes = flow_likelihood.hawkes_losses(day, HAWKES, shares).sum()
    poisson = flow_likelihood.constant_losses(day, flow_likelihood.poisson_rates([day]), shares)
    assert hawkes < poisson.sum() - 100.0
    rng = np.random.default_rng(3)
    calm = process_day(np.sort(rng.uniform(0, 300, 1_400)), rng.integers(0, 6, 1_400))
    hawkes = flow_likelihood.hawkes_losses(calm, HAWKES, shares).sum()
    poisson = flow_likelihood.constant_losses(calm, flow_likelihood.poisson_rates([calm]), shares)
    assert hawkes > poisson.sum() + 100.0
