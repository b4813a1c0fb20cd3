"""Laws of what knowing a shock is worth: a decision of its window alone, the best of a search."""

import measure_shock_worth
import numpy as np
import pytest
import readme_parts
import shock_worth_table
from desk import DESK
from measure_shock_training import SHOCKED, views
from measure_shock_worth import GRID, OTHERS, SCENES, USUAL, InWindow, Scene, best

from lobsim.agents.adaptation import SHOCKS, measured_worth
from lobsim.agents.cases_portfolio import WITHIN
from lobsim.envs import portfolio_layout as pl
from lobsim.envs.clients import ClientBook, Urgency
from lobsim.envs.portfolio import PortfolioVectorEnv
from lobsim.market.parts import Shocks
from lobsim.market.trading_days import DayRates, Universe
from small_markets import START_S

SCENE = Scene("drought", 2, 4, 6, (3, 5, 2))


def test_a_rule_decides_otherwise_in_its_window_alone_and_as_usual_elsewhere():
    clients = ClientBook(volume_share=(0.2, 0.2), urgencies={"medium": Urgency(0.003, (1.0, 1.0))})
    envs = PortfolioVectorEnv(1, universe=DESK, names=2, start_s=START_S, horizon_s=360.0,
                              interval_s=60.0, clients=clients, **InWindow.environment)
    seen, _ = envs.reset(seed=3)
    rule, made = InWindow((-1.0, 0.25), *SCENE[1:4]), []
    for _ in range(SCENE.minutes):
        made.append(rule(seen).reshape(2, 2))
        assert np.array_equal(InWindow(USUAL, *SCENE[1:4])(seen), WITHIN(seen))
        seen, _, over, _, _ = envs.step(made[-1].reshape(1, 4))
        if over[0]:
            break
    assert len(made) > SCENE.last - 1
    for minute, one in enumerate(made):
        wanted = (-1.0, 0.25) if SCENE.first <= minute < SCENE.last else USUAL
        assert one.tolist() == [list(wanted)] * 2


@pytest.mark.parametrize("least", [GRID[0], GRID[4], GRID[-1]])
def test_the_search_finds_the_decision_that_costs_least_over_both_rounds(monkeypatch, least):
    def made_up(scene, decisions, *, shocked, seed, first, days):
        luck = np.random.default_rng([first, days]).normal(size=days)
        distance = [abs(one[0] - least[0]) + abs(one[1] - least[1]) for one in decisions]
        return np.add.outer(distance, luck)

    monkeypatch.setattr(measure_shock_worth, "costs", made_up)
    assert best(SCENE, shocked=True) == least


def test_days_of_the_training_are_shocked_for_nearly_every_name_and_usual_ones_are_not():
    def share(rates: DayRates) -> float:
        universe, met = Universe(rates=rates).some(12), []
        for seed in range(20):
            start_s = 36_000.0 + 900.0 * seed
            met += [any(one.name in ("drought", "widening")
                        and one.shock_start_s < start_s + 1560
                        and one.shock_start_s + 60 * one.shock_minutes > start_s
                        for one in name.part(Shocks).shocks) for name in universe.day(seed)]
        return float(np.mean(met))

    assert share(SHOCKED) > 0.75 > 0.4 > share(DayRates())


def test_spreads_widen_by_half_or_threefold_and_in_the_heavy_shock_two_to_sixfold():
    def by_name(what):
        seen = views(what, 4)
        shown = np.where(seen[..., pl.P_SIDE] != 0, seen[..., pl.P_SPREAD], np.nan)
        return np.nanmean(shown / (1 - shown), axis=(0, 1))

    plain = by_name(None)
    for what, low, high in (("widening", 1.5, 3.4), ("dry and wide", 2.3, 5.8)):
        wider = np.sort(by_name(what) / plain).reshape(2, -1).mean(axis=1)
        assert wider == pytest.approx([low, high], rel=0.25)


def test_the_stored_measurement_is_of_every_scene_and_the_same_decision_gains_nothing():
    told = measured_worth()
    assert set(told["scenes"]) == set(SCENES) >= set(SHOCKS)
    for name, scene in told["scenes"].items():
        rows = {row["rule"]: row for row in told["rows"] if row["scene"] == name}
        assert set(rows) == {shock_worth_table.KNOWS, *OTHERS}
        own = rows[shock_worth_table.KNOWS]
        if scene["knows"] == scene["blind"]:
            assert own["difference"] == own["low"] == own["high"] == 0
        else:
            assert own["low"] < own["difference"] < own["high"]
        assert [own["shift"], own["price"]] == scene["knows"]


def test_the_sentences_of_the_readme_are_those_of_the_stored_measurement():
    assert readme_parts.shown("shock-worth") == shock_worth_table.section()


def test_the_table_of_a_training_tells_what_is_told_apart():
    beside = [{"policy": shock_worth_table.SCHOOLED, "column": column, "rival": "patient",
               "shock": shock, "difference": 0.2, "low": low, "high": 0.4}
              for column, low in (("shift", -0.1), ("price", 0.1)) for shock in ("drought", "rush")]
    told = {"training": {
        "cpu_s": 300.0, "seeds": 3, "steps": 99_840, "days": 20, "ordinary_days": 40,
        "beside": beside, "seen": [{"shock": shock, "column": "volume", "auc": area}
                                   for shock, area in (("drought", 0.25), ("rush", 0.8))],
        "ordinary": [{"difference": 0.1, "half": 0.3, "against": "patient",
                      "verdict": "not told apart"}]}}
    lines = shock_worth_table.training(told)
    assert "| change of its price less that of `patient` | +0.20 (+0.10, +0.40)" in "\n".join(lines)
    assert lines[-1].startswith("Told apart: change of its price (drought, beside `patient`), ")
    assert "shift" not in lines[-1] and "`volume` 0.25 | `volume` 0.80" in "\n".join(lines)
