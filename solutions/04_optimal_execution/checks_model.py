"""Exercises 1, 2 and 6 of lesson 04: cost of a schedule, the best schedule, the mended urgency."""

import math

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-9, atol=1e-9, why="plain arithmetic: only the order of sums may differ")
SHARES = Tolerance(rtol=1e-7, atol=1e-5, why="ways to work out kappa differ by rounding")

# --------------------------------------------------------------------------- 1 cost_and_variance


def reference_cost(holdings, tau, sigma, eta, gamma, epsilon):
    return _cost(holdings, tau, sigma, eta - gamma * tau / 2, gamma, epsilon)


def _cost(holdings, tau, sigma, speed, gamma, epsilon, power=1.0, first=1, size=np.abs):
    sold = -np.diff(holdings)
    expected = (gamma * holdings[0] ** 2 / 2 + epsilon * size(sold).sum()
                + speed / tau**power * (sold**2).sum())
    return float(expected), float(sigma**2 * tau * (holdings[first:] ** 2).sum())


def _no_permanent(holdings, tau, sigma, eta, gamma, epsilon):
    expected, variance = reference_cost(holdings, tau, sigma, eta, gamma, epsilon)
    return expected - gamma * holdings[0] ** 2 / 2, variance


def _eta_plain(holdings, tau, sigma, eta, gamma, epsilon):
    return _cost(holdings, tau, sigma, eta, gamma, epsilon)


def _no_tau(holdings, tau, sigma, eta, gamma, epsilon):
    return _cost(holdings, tau, sigma, eta - gamma * tau / 2, gamma, epsilon, power=0.0)


def _shares_for_speed(holdings, tau, sigma, eta, gamma, epsilon):
    """The walk through the trades with eta n in place of eta n / tau."""
    sold = -np.diff(holdings)
    expected, variance = reference_cost(holdings, tau, sigma, eta, gamma, epsilon)
    return float(expected + (eta - eta / tau) * (sold**2).sum()), variance


def _with_first(holdings, tau, sigma, eta, gamma, epsilon):
    return _cost(holdings, tau, sigma, eta - gamma * tau / 2, gamma, epsilon, first=0)


def _signed_spread(holdings, tau, sigma, eta, gamma, epsilon):
    return _cost(holdings, tau, sigma, eta - gamma * tau / 2, gamma, epsilon, size=np.asarray)


def _standard_deviation(holdings, tau, sigma, eta, gamma, epsilon):
    expected, variance = reference_cost(holdings, tau, sigma, eta, gamma, epsilon)
    return expected, variance**0.5


def random_schedules(rng):
    cases = []
    for n in (4, 9):
        sold = rng.integers(1, 50, n) * 1000.0
        holdings = np.append(np.cumsum(sold[::-1])[::-1], 0.0)
        gamma = float(rng.uniform(1e-7, 4e-7))
        cases.append(Case({
            "holdings": holdings, "tau": float(rng.choice([0.25, 0.5, 2.0])),
            "sigma": round(float(rng.uniform(0.5, 2)), 2), "eta": 10 * gamma, "gamma": gamma,
            "epsilon": round(float(rng.uniform(0.01, 0.1)), 3)}, f"{n} periods"))
    return cases


COST = Check(
    name="cost_and_variance",
    title="What a schedule costs",
    reference=reference_cost,
    tolerance=EXACT,
    reread='"What a schedule costs": two trades by hand, then equations 2 and 3',
    parts=[
        Part("two trades by hand", 1.0, [
            Case({"holdings": np.array([1000.0, 400.0, 0.0]), "tau": 1.0, "sigma": 2.0,
                  "eta": 0.01, "gamma": 0.002, "epsilon": 0.05}, "the numbers above")],
             category="worked example"),
        Part("periods of half a day", 1.0, [
            Case({"holdings": np.array([1000.0, 600.0, 300.0, 0.0]), "tau": 0.5, "sigma": 2.0,
                  "eta": 0.01, "gamma": 0.002, "epsilon": 0.05})], category="units"),
        Part("schedules of your own", 2.0, random_schedules, False, category="other numbers",
             partial=True),
        Part("a schedule that buys some back, and one trade", 1.0, [
            Case({"holdings": np.array([800.0, 200.0, 500.0, 0.0]), "tau": 2.0, "sigma": 1.0,
                  "eta": 0.02, "gamma": 0.001, "epsilon": 0.5}),
            Case({"holdings": np.array([500.0, 0.0]), "tau": 0.5, "sigma": 1.0, "eta": 0.02,
                  "gamma": 0.001, "epsilon": 0.1}),
        ], False, category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("no_permanent", _no_permanent,
                "the permanent part, gamma X^2 / 2, is missing: no schedule avoids it, but it is "
                "paid"),
        Mistake("eta_plain", _eta_plain,
                "you use eta where eta~ = eta - gamma tau / 2 belongs; with gamma X^2 / 2 beside "
                "it a part of the permanent impact is counted twice"),
        Mistake("no_tau", _no_tau,
                "the cost of speed is eta~ times n^2 / tau: the same shares in half the time are "
                "twice the speed"),
        Mistake("shares_for_speed", _shares_for_speed,
                "temporary impact is eta times the speed, n / tau; yours is eta times the shares"),
        Mistake("with_first", _with_first,
                "the variance sums the holdings after each trade, x_1 to x_N; yours contains x_0, "
                "which is sold down before the first price change"),
        Mistake("signed_spread", _signed_spread,
                "half the spread is paid on every share traded, bought or sold: take |n|"),
        Mistake("standard_deviation", _standard_deviation,
                "you return a standard deviation; asked is the variance"),
    ],
)

# --------------------------------------------------------------------------- 2 trajectory


def _path(quantity, horizon, periods, curvature, kappa=None):
    """Holdings of kappa~^2 tau^2, or of a kappa."""
    times = np.linspace(0.0, horizon, periods + 1)
    if kappa is None:
        kappa = math.acosh(1 + curvature / 2) * periods / horizon
    if kappa == 0:
        return quantity * (1 - times / horizon)
    return quantity * np.sinh(kappa * (horizon - times)) / math.sinh(kappa * horizon)


def reference_trajectory(quantity, horizon, periods, sigma, eta, gamma, aversion):
    tau = horizon / periods
    return _path(quantity, horizon, periods,
                 aversion * sigma**2 / (eta - gamma * tau / 2) * tau**2)


def _eta_in_kappa(quantity, horizon, periods, sigma, eta, gamma, aversion):
    return _path(quantity, horizon, periods,
                 aversion * sigma**2 / eta * (horizon / periods) ** 2)


def _continuous(quantity, horizon, periods, sigma, eta, gamma, aversion):
    net = eta - gamma * horizon / periods / 2
    return _path(quantity, horizon, periods, 0, math.sqrt(aversion * sigma**2 / net))


def _continuous_eta(quantity, horizon, periods, sigma, eta, gamma, aversion):
    return _path(quantity, horizon, periods, 0, math.sqrt(aversion * sigma**2 / eta))


def _trades_only(quantity, horizon, periods, sigma, eta, gamma, aversion):
    return -np.diff(reference_trajectory(quantity, horizon, periods, sigma, eta, gamma, aversion))


def _sold_so_far(quantity, horizon, periods, sigma, eta, gamma, aversion):
    return reference_trajectory(quantity, horizon, periods, sigma, eta, gamma, aversion)[::-1]


def _unit_period(quantity, horizon, periods, sigma, eta, gamma, aversion):
    kappa = math.acosh(1 + aversion * sigma**2 / (eta - gamma / 2) / 2)
    return _path(quantity, horizon, periods, 0, kappa)


def _equal(quantity, horizon, periods, sigma, eta, gamma, aversion):
    return np.linspace(quantity, 0, periods + 1)


def random_orders(rng):
    cases = []
    for periods in (4, 13):
        eta = round(float(rng.uniform(1, 4)), 2) * 1e-6
        cases.append(Case({
            "quantity": float(rng.integers(100, 900) * 1000), "horizon": float(rng.choice([2, 3])),
            "periods": periods, "sigma": round(float(rng.uniform(0.6, 1.5)), 2), "eta": eta,
            "gamma": round(eta / 5, 9), "aversion": round(float(rng.uniform(0.5, 4)), 2) * 1e-6},
            f"{periods} periods"))
    return cases


HAND = {"quantity": 1000.0, "horizon": 2.0, "periods": 2, "sigma": 2.0, "eta": 0.01,
        "gamma": 0.002, "aversion": 0.0009}
PAPER = {"quantity": 1e6, "horizon": 5.0, "periods": 5, "sigma": 0.95, "eta": 2.5e-6,
         "gamma": 2.5e-7, "aversion": 1e-6}

TRAJECTORY = Check(
    name="trajectory",
    title="The best schedule",
    reference=reference_trajectory,
    tolerance=SHARES,
    reread='"The best schedule": two periods by hand, then equations 4 and 5',
    parts=[
        Part("two periods by hand", 1.0, [Case(HAND, "the numbers above")],
             category="worked example"),
        Part("the paper's example", 1.0, [Case(PAPER, "Almgren and Chriss, table 1")],
             category="worked example"),
        Part("orders of your own", 2.0, random_orders, False, category="other numbers",
             partial=True),
        Part("no aversion to risk, one period", 1.0, [
            Case(PAPER | {"aversion": 0.0}), Case(PAPER | {"periods": 1}),
        ], False, category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("continuous_eta", _continuous_eta,
                "this is kappa = sqrt(lambda sigma^2 / eta), the limit of many short periods; with "
                "few periods take eta~ and solve equation 5 for kappa"),
        Mistake("eta_in_kappa", _eta_in_kappa,
                "you use eta where eta~ = eta - gamma tau / 2 belongs"),
        Mistake("continuous", _continuous,
                "you take kappa~ for kappa; they agree only when the periods are short: solve "
                "equation 5"),
        Mistake("trades_only", _trades_only,
                "you return the trades; asked are the holdings, from X to 0"),
        Mistake("sold_so_far", _sold_so_far,
                "your path rises: sinh takes the time that is left, T - t"),
        Mistake("unit_period", _unit_period,
                "you take periods of one unit of time; here tau = T / N"),
        Mistake("equal", _equal, "these are equal trades; the aversion to risk changes nothing"),
    ],
)

# --------------------------------------------------------------------------- 6 mended_urgency


def _urgency(variance_day, net, aversion, tau):
    kappa = math.acosh(1 + aversion * variance_day / net * tau**2 / 2) / tau
    return kappa, 1 / kappa if kappa > 0 else math.inf


def reference_urgency(volatility_year, price, eta, gamma, aversion, tau):
    return _urgency((volatility_year * price) ** 2 / 250, eta - gamma * tau / 2, aversion, tau)


def _colleague(volatility_year, price, eta, gamma, aversion, tau):
    kappa = math.sqrt(aversion / (eta + gamma * tau / 2)) * volatility_year * price / 250
    return kappa, math.log(2) / kappa if kappa > 0 else math.inf


def _year_over_250(volatility_year, price, eta, gamma, aversion, tau):
    return _urgency((volatility_year * price / 250) ** 2, eta - gamma * tau / 2, aversion, tau)


def _no_price(volatility_year, price, eta, gamma, aversion, tau):
    return _urgency(volatility_year**2 / 250, eta - gamma * tau / 2, aversion, tau)


def _gamma_added(volatility_year, price, eta, gamma, aversion, tau):
    return _urgency((volatility_year * price) ** 2 / 250, eta + gamma * tau / 2, aversion, tau)


def _eta_alone(volatility_year, price, eta, gamma, aversion, tau):
    return _urgency((volatility_year * price) ** 2 / 250, eta, aversion, tau)


def _continuous_urgency(volatility_year, price, eta, gamma, aversion, tau):
    kappa = math.sqrt(aversion / 250 / (eta - gamma * tau / 2)) * volatility_year * price
    return kappa, 1 / kappa if kappa > 0 else math.inf


def _half_life(volatility_year, price, eta, gamma, aversion, tau):
    kappa, decay = reference_urgency(volatility_year, price, eta, gamma, aversion, tau)
    return kappa, math.log(2) * decay


def random_urgencies(rng):
    cases = []
    for tau in (1.0, 0.5, 0.25):
        eta = round(float(rng.uniform(1, 4)), 2) * 1e-6
        cases.append(Case({
            "volatility_year": round(float(rng.uniform(0.15, 0.6)), 3),
            "price": float(rng.integers(20, 200)), "eta": eta, "gamma": round(eta / 5, 9),
            "aversion": round(float(rng.uniform(0.5, 4)), 2) * 1e-6, "tau": tau}, f"tau {tau}"))
    return cases


BOOKED = {"volatility_year": 0.30, "price": 50.0, "eta": 2.5e-6, "gamma": 2.5e-7,
          "aversion": 1e-6, "tau": 1.0}

URGENCY = Check(
    name="mended_urgency",
    title="Find the bug: an urgency in the wrong units",
    reference=reference_urgency,
    tolerance=Tolerance(rtol=1e-7, why="ways to work out kappa differ by rounding"),
    reread='"A schedule that never hurries": the table of what each letter is',
    parts=[
        Part("the paper's share", 1.0, [Case(BOOKED, "the numbers above")],
             category="worked example"),
        Part("shares of your own", 2.0, random_urgencies, False, category="other numbers",
             partial=True),
        Part("no aversion, no permanent impact", 1.0, [
            Case(BOOKED | {"aversion": 0.0}), Case(BOOKED | {"gamma": 0.0, "tau": 0.5}),
        ], False, category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("colleague", _colleague, "these are the colleague's numbers; nothing is mended"),
        Mistake("year_over_250", _year_over_250,
                "a variance, not a volatility, is 250 times smaller a day than a year: the "
                "volatility falls by sqrt(250)"),
        Mistake("no_price", _no_price,
                "your volatility is a share of the price; sigma is in dollars a share, so multiply "
                "by the price"),
        Mistake("gamma_added", _gamma_added,
                "permanent impact is subtracted: eta~ = eta - gamma tau / 2"),
        Mistake("eta_alone", _eta_alone, "you use eta where eta~ = eta - gamma tau / 2 belongs"),
        Mistake("continuous", _continuous_urgency,
                "you take kappa~ for kappa; the periods are a day long: solve equation 5"),
        Mistake("half_life", _half_life,
                "ln 2 / kappa is a half-life; asked is the time in which the position falls by a "
                "factor e, which is 1 / kappa"),
    ],
)

CHECKS = [COST, TRAJECTORY, URGENCY]
