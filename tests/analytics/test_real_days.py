"""The analytics on real days agree with figures that were computed independently of them.

The figures are those of one pseudonymised NYSE stock (2018-01-02, quotes of 12 exchanges) and
of IBM (2013-10-08, consolidated quotes), regular hours, ticks of one cent. The study that made
them deletes locked and crossed states of the NBBO and keeps trades of special settlement, which
is why the counts of trades may differ by a few in a thousand.
"""

import pytest

from lobsim.analytics import between, nbbo, quoted_spread, regular_trades, trade_costs
from lobsim.data import read_quotes, read_trades

OPEN_S, CLOSE_S = 9.5 * 3600, 16 * 3600
FACTS = {
    "XXX": {
        "files": ("taq/cqm_20180102.csv.gz", "taq/ctm_20180102.csv.gz"),
        "trades_per_minute": 99.8, "mean_spread": 3.70, "median_spread": 3.0,
        "median_bps": 1.91, "effective_half": 1.42, "buy_share": 0.48, "same_sign": 0.75,
        "response_1_s": 1.17, "median_depth": 500,
    },
    "IBM": {
        "files": tuple(
            f"quantconnect_lean/Data/equity/usa/tick/ibm/20131008_{kind}.zip"
            for kind in ("quote", "trade")
        ),
        "trades_per_minute": 85.3, "mean_spread": 3.99, "median_spread": 3.0,
        "median_bps": 1.67, "effective_half": 1.41, "buy_share": 0.49, "same_sign": 0.74,
        "response_1_s": 0.77, "median_depth": 250,
    },
}  # fmt: skip


@pytest.fixture(scope="module", params=FACTS)
def day(request, real_data):
    facts = FACTS[request.param]
    quote_file, trade_file = (real_data / name for name in facts["files"])
    quotes, trades = read_quotes(quote_file), read_trades(trade_file)
    best = nbbo(quotes, crossed="drop", locked="drop")
    trades = regular_trades(trades, start_s=OPEN_S, end_s=CLOSE_S)
    return facts, quotes, best, trades


def test_quoted_spread_is_the_known_one(day):
    facts, _, best, _ = day
    window = {"start_s": OPEN_S, "end_s": CLOSE_S}
    assert 100 * quoted_spread(best, **window) == pytest.approx(facts["mean_spread"], abs=0.02)
    median = quoted_spread(best, **window, statistic="median")
    assert 100 * median == pytest.approx(facts["median_spread"], abs=1e-6)
    bps = quoted_spread(best, **window, statistic="median", unit="bps")
    assert bps == pytest.approx(facts["median_bps"], abs=0.01)


def test_number_of_trades_is_the_known_one(day):
    facts, _, _, trades = day
    assert len(trades) / 390 == pytest.approx(facts["trades_per_minute"], rel=0.004)


def test_effective_spread_and_signs_are_the_known_ones(day):
    facts, _, best, trades = day
    costs = trade_costs(trades, best, horizon_s=1, half=True, until_s=CLOSE_S)
    assert 100 * costs["effective"].mean() == pytest.approx(facts["effective_half"], abs=0.006)
    assert (costs["sign"] == 1).mean() == pytest.approx(facts["buy_share"], abs=0.006)
    assert (costs["sign"] != 0).mean() > 0.999
    sign = costs["sign"].to_numpy()
    assert (sign[1:] == sign[:-1]).mean() == pytest.approx(facts["same_sign"], abs=0.012)
    assert 100 * costs["impact"].mean() == pytest.approx(facts["response_1_s"], rel=0.015)


def test_depth_at_the_best_is_the_sum_over_exchanges(day):
    facts, _, best, _ = day
    state = between(best, OPEN_S, CLOSE_S)
    held = state["time_ns"].diff().shift(-1).fillna(0)
    depth = (0.5 * (state["bid_size"] + state["ask_size"])).to_frame("size").assign(held=held)
    depth = depth.sort_values("size")
    median = depth.loc[depth["held"].cumsum() >= 0.5 * held.sum(), "size"].iloc[0]
    assert median == pytest.approx(facts["median_depth"], abs=50)


def test_using_the_quote_of_the_same_stamp_is_look_ahead(day):
    _, _, best, trades = day
    before = trade_costs(trades, best, half=True)["effective"].mean()
    same = trade_costs(trades, best, half=True, same_time=True)["effective"].mean()
    assert same < 0.95 * before, "quotes with a trade's stamp already show its effect"


def test_reports_account_for_every_row(day):
    _, quotes, best, trades = day
    report = best.attrs["report"]
    gone = sum(report[name] for name in ("same_time", "crossed", "locked", "unchanged"))
    assert report["rows_in"] == len(quotes) == report["rows_out"] + gone
    report = trades.attrs["report"]
    assert report["rows_in"] == report["rows_out"] + sum(report["dropped"].values())
