"""Numbers of the model answers: computed by the library, or published with a source and a year."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

__all__ = ["COMPUTED", "FUNCTIONS", "PUBLISHED", "value"]

_CONT = "Cont, Kukanov and Stoikov (2014), Journal of Financial Econometrics 12(1)"
_STOIKOV = "Avellaneda and Stoikov (2008), Quantitative Finance 8(3), table 1"
_SATO = "Sato and Kanazawa (2024), arXiv 2411.13965"
_NEVMYVAKA = "Nevmyvaka, Feng and Kearns (2006), ICML"
_HUANG = "Huang, Lehalle and Rosenbaum (2015), Journal of the American Statistical Association 110"

# Name -> (value, where it is printed).
PUBLISHED: dict[str, tuple[float, str]] = {
    "ofi_r2": (65.0, _CONT),
    "trade_r2": (32.0, _CONT),
    "ofi_depth_power": (0.98, _CONT),
    "updates_per_trade": (40.0, _CONT),
    "paper_maker_std": (6.6, _STOIKOV),
    "paper_symmetric_std": (12.7, _STOIKOV),
    "root_exponent": (0.489, _SATO),
    "rl_saving_low": (27.16, _NEVMYVAKA),
    "rl_saving_high": (35.50, _NEVMYVAKA),
    "signal_saving": (12.85, _NEVMYVAKA),
    "queue_vol": (5.0, _HUANG),
    "observed_vol": (14.0, _HUANG),
}


def _paper_chriss():
    """The example of Almgren and Chriss (2000), table 1."""
    from lobsim.strategies.almgren_chriss import AlmgrenChriss

    return AlmgrenChriss(quantity=1e6, horizon=5.0, periods=5, volatility=0.95, temporary=2.5e-6,
                         permanent=2.5e-7, half_spread=0.0625)


def _chriss(what: str, risk_aversion: float) -> float:
    model = _paper_chriss()
    path = model.trajectory(risk_aversion)
    return model.expected_cost(path) if what == "cost" else model.variance(path) ** 0.5


@lru_cache(maxsize=1)
def _world() -> tuple:
    from lobsim.strategies.avellaneda_stoikov import AvellanedaStoikov
    from lobsim.strategies.glft import GLFT
    from lobsim.strategies.quote_world import QuoteWorld

    world = QuoteWorld(max_inventory=30)
    stoikov = AvellanedaStoikov(risk_aversion=0.1, volatility=2.0, decay=1.5)
    glft = GLFT(0.1, 2.0, 140.0, 1.5, 30, solution="closed")
    return world, stoikov, glft


def _certain(which: str) -> float:
    """Exact certainty equivalents in the world of Avellaneda and Stoikov, gamma = 0.1."""
    world, stoikov, glft = _world()
    if which == "best":
        return world.certainty_equivalent(*world.best_tables(0.1), 0.1)
    if which == "symmetric":  # its left tail lies beyond any cap, so it is given none
        from lobsim.strategies.quote_world import QuoteWorld

        free = QuoteWorld()
        return free.certainty_equivalent(*free.symmetric_twin(stoikov), 0.1)
    return world.certainty_equivalent(*world.tables(stoikov if which == "stoikov" else glft), 0.1)


def _moments(which: str, field: str) -> float:
    from lobsim.envs.oracles import exact_moments

    world, stoikov, _ = _world()
    tables = world.tables(stoikov) if which == "stoikov" else world.symmetric_twin(stoikov)
    return float(getattr(exact_moments(world, *tables), field))


def _cst(function: str, bid: int, ask: int) -> float:
    """Cont, Stoikov and Talreja (2010) with their rates at a spread of one tick."""
    from lobsim.analytics import cst

    return float(getattr(cst, function)(bid, ask, [1.85], [0.71], 0.94, method="chain"))


def _weighted(bid: float, bid_size: float, ask: float, ask_size: float) -> float:
    from lobsim.analytics.micro_price import weighted_mid

    return weighted_mid([bid], [bid_size], [ask], [ask_size]).item()


def _peeking(looks: int) -> float:
    from lobsim.sim_to_real.group_sequential import crossing_probability

    return 100 * float(crossing_probability([1.959964] * looks)[-1])


def _pairs(std: float, difference: float) -> int:
    from lobsim.analytics.compare import pairs_needed

    return pairs_needed(std, difference)


def _relaxed(u: float) -> float:
    from lobsim.analytics.impact_results import relaxation_law

    return 100 * float(relaxation_law([u])[0])


def _quantile(share: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(share))


def _bound(looks: int, look: int) -> float:
    """Of |z| at a look (from 1) in the design of O'Brien and Fleming."""
    from lobsim.sim_to_real.group_sequential import group_sequential_bounds

    return float(group_sequential_bounds(looks)[look - 1])


def _half_width(error: float, tau: float) -> float:
    from lobsim.sim_to_real.sequential import confidence_sequence

    return float(confidence_sequence([0.0], [error], tau).high[0])


def _best_of(trials: int, years: int) -> float:
    from lobsim.course.drill.fresh import FRESH

    return FRESH["best_of_many"].answer(trials=trials, years=years)


# Functions of the library that an expression may call, with the numbers that a text names.
FUNCTIONS: dict[str, Callable[..., float]] = {
    "weighted": _weighted,
    "quantile": _quantile,
    "pairs": _pairs,
    "peeking": _peeking,
    "relaxed": _relaxed,
    "bound": _bound,
    "half_width": _half_width,
    "best_worthless": _best_of,
    "mid_up": lambda bid, ask: _cst("probability_mid_up", bid, ask),
    "filled_first": lambda bid, ask: _cst("probability_filled_before_move", bid, ask),
}

COMPUTED: dict[str, Callable[[], float]] = {
    "ac_time_scale": lambda: _paper_chriss().decay_time(1e-6),
    "ac_cost": lambda: _chriss("cost", 1e-6),
    "ac_std": lambda: _chriss("std", 1e-6),
    "ac_twap_cost": lambda: _chriss("cost", 0.0),
    "ac_twap_std": lambda: _chriss("std", 0.0),
    "ac_first_day": lambda: 100 * (1 - _paper_chriss().trajectory(1e-6)[1] / 1e6),
    "ce_stoikov": lambda: _certain("stoikov"),
    "ce_glft": lambda: _certain("glft"),
    "ce_best": lambda: _certain("best"),
    "ce_symmetric": lambda: _certain("symmetric"),
    "maker_mean": lambda: _moments("stoikov", "profit"),
    "maker_std": lambda: _moments("stoikov", "std_profit"),
    "maker_held": lambda: _moments("stoikov", "std_inventory"),
    "even_mean": lambda: _moments("symmetric", "profit"),
    "even_std": lambda: _moments("symmetric", "std_profit"),
    "even_held": lambda: _moments("symmetric", "std_inventory"),
}


@lru_cache(maxsize=None)
def value(name: str) -> float | Callable[..., float]:
    """A number, or a function that gives one, by its name.

    Raises
    ------
    KeyError
        There is none of that name.

    Examples
    --------
    >>> round(value("ac_time_scale"), 3)
    1.647
    """
    if name in PUBLISHED:
        return PUBLISHED[name][0]
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    return COMPUTED[name]()
