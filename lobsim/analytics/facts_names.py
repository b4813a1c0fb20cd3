"""The names of the stylised facts, with unit, group and meaning, in the order of a report."""

from typing import NamedTuple


class Fact(NamedTuple):
    """Name, unit ("" = a pure number), group and meaning of one stylised fact."""

    name: str
    unit: str
    group: str
    meaning: str


def _facts(group: str, *rows: tuple[str, str, str]) -> tuple[Fact, ...]:
    return tuple(Fact(name, unit, group, meaning) for name, unit, meaning in rows)


_BOOK = _facts(
    "book",
    ("spread_median_ticks", "ticks", "full spread, median over time"),
    ("spread_mean_ticks", "ticks", "full spread, mean over time"),
    ("spread_median_bps", "bps", "full spread over the mid, median over time"),
    ("spread_mean_bps", "bps", "full spread over the mid, mean over time"),
    ("one_tick_share", "", "share of time with a spread of one tick"),
    ("depth_median", "units", "size at the best, mean of the two sides, median over time"),
    ("depth_in_trades", "trades", "depth_median in mean trade sizes"),
    ("quote_updates_per_s", "1/s", "changes of a best price or size"),
    ("mid_changes_per_min", "1/min", "changes of the mid"),
)
_ORDERS = _facts(
    "orders",
    ("limits_per_s", "1/s", "limit orders"),
    ("cancels_per_s", "1/s", "cancellations, partial ones included"),
    ("cancel_to_limit", "", "cancellations per limit order"),
    ("limit_to_market", "", "limit orders per market order"),
    ("limit_filled_share", "", "share of limit orders that traded at all"),
    ("cancel_life_median_s", "s", "median life of a cancelled order"),
    ("cancelled_within_1s", "", "share of cancelled orders that lived less than 1 s"),
)
_IMBALANCE = _facts(
    "imbalance",
    ("ofi_r2_1s", "", "R2 of the mid change of 1 s on the order-flow imbalance (OFI) of that 1 s"),
    ("ofi_r2_10s", "", "the same over 10 s"),
    ("ofi_r2_10s_half_hours", "", "the same over 10 s, mean of fits to each half hour"),
    ("trade_flow_r2_1s", "", "R2 of the mid change of 1 s on the signed volume of that 1 s"),
    ("trade_flow_r2_10s", "", "the same over 10 s"),
    ("obi_predictive_r2_1s", "", "R2 of the next 1 s mid change on the book imbalance (OBI) now"),
    ("obi_predictive_r2_10s", "", "the same for the next 10 s"),
    ("ofi_predictive_r2_1s", "", "R2 of the next 1 s mid change on the OFI of the 1 s before"),
    ("ofi_predictive_r2_10s", "", "the same over 10 s"),
    ("still_share_1s", "", "share of 1 s intervals at whose end the mid is where it began"),
    ("obi_hit", "", "share of quote states whose OBI has the sign of the next mid move"),
    ("obi_hit_per_second", "", "the same, looked at once a second"),
    ("obi_hit_0_25", "", "obi_hit where |OBI| is below 0.25 and not 0"),
    ("obi_hit_25_50", "", "obi_hit where |OBI| is 0.25 or more, below 0.50"),
    ("obi_hit_50_75", "", "obi_hit where |OBI| is 0.50 or more, below 0.75"),
    ("obi_hit_75_100", "", "obi_hit where |OBI| is 0.75 or more"),
    ("obi_hit_next_1s", "", "share of right signs among the non-zero mid changes of the next 1 s"),
    ("obi_acf_1s", "", "autocorrelation of the OBI, 1 s apart"),
    ("obi_acf_10s", "", "autocorrelation of the OBI, 10 s apart"),
)
_TRADES = _facts(
    "trades",
    ("trades_per_min", "1/min", "market orders"),
    ("trade_size_mean", "units", "mean size of a market order"),
    ("trade_size_median", "units", "median size of a market order"),
    ("fills_per_trade", "", "resting orders met by a market order, mean"),
    ("gap_cv", "", "standard deviation over mean of the gaps between trades (Poisson: 1)"),
    ("buy_share", "", "share of trades that the buyer started"),
    ("same_sign_share", "", "share of trades with the sign of the one before"),
    *((f"sign_acf_{lag}", "", f"autocorrelation of trade signs at lag {lag}")
      for lag in (1, 5, 10, 20, 50, 100)),
    ("effective_half_spread_ticks", "ticks", "what a trade paid against the mid before it"),
    *((f"response_{s}s_ticks", "ticks", f"mid move with the trade, {s} s after it")
      for s in (1, 10, 60)),
    *((f"realised_half_spread_{s}s_ticks", "ticks", f"what the maker has left after {s} s")
      for s in (1, 10, 60)),
    *((f"adverse_selection_{s}s", "", f"response after {s} s over the effective half spread")
      for s in (1, 10, 60)),
)
_RETURNS = _facts(
    "returns",
    ("volatility_1min_bps", "bps", "standard deviation of 1 min mid returns"),
    ("kurtosis_1s", "", "kurtosis of 1 s mid returns (normal: 3)"),
    ("kurtosis_1min", "", "kurtosis of 1 min mid returns (normal: 3)"),
    ("return_acf_1s", "", "autocorrelation of 1 s mid returns, lag 1"),
    ("abs_return_acf_1min", "", "autocorrelation of absolute 1 min mid returns, lag 1"),
    ("signature_flatness", "", "realised volatility of the mid by 0.1 s steps over by 60 s steps"),
    ("trade_signature_bounce", "", "the same for trade prices"),
    ("volume_first_half_hour", "", "share of a day's volume in its first half hour"),
    ("volume_last_half_hour", "", "share of a day's volume in its last half hour"),
)

FACTS: dict[str, Fact] = {fact.name: fact
                          for fact in _BOOK + _ORDERS + _IMBALANCE + _TRADES + _RETURNS}
"""Every fact by name."""
