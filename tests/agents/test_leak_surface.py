"""The stored measurement of leakage: it is whole, can be asked by size and class, and is told."""

import leakage_table
import pytest
import readme_parts

from lobsim.agents.leak_surface import CLASSES, leak_surface, measured_leakage


def test_the_tables_of_the_readme_are_those_of_the_stored_measurement():
    assert readme_parts.shown("leakage") == leakage_table.section()


def test_every_strategy_has_every_class_and_breaks_no_limit():
    table = leak_surface()
    assert (table.groupby(["share", "strategy"])["urgency"].apply(tuple) == CLASSES).all()
    assert (table["violations"] == 0).all() and table["completion"].between(0, 1).all()
    assert (table["auc_low"] <= table["auc"]).all() and (table["auc"] <= table["auc_high"]).all()
    whole = table[table["urgency"] == "all"].set_index(["share", "strategy"])
    parts = table[table["urgency"] != "all"].groupby(["share", "strategy"])["blocks"].sum()
    assert (parts.reindex(whole.index) == whole["blocks"]).all()


def test_the_surface_can_be_asked_by_size_and_class():
    share = measured_leakage()["rows"][0]["share"]
    table = leak_surface(share, "high")
    assert set(table["share"]) == {share} and set(table["urgency"]) == {"high"}
    twap = table.set_index("strategy").loc["TWAP"]
    assert twap["gap_bps"] == twap["gap_low"] == twap["gap_high"] == 0


def test_the_frontier_is_what_nothing_beats_in_all_of_cost_risk_and_leakage():
    for _, table in leak_surface().groupby(["share", "urgency"]):
        measures = table[["cost_bps", "risk_bps", "auc"]]
        for name in measures:  # the best in one measure, ties apart, is never beaten in all
            best = measures[name] == measures[name].min()
            assert best.sum() > 1 or table["frontier"][best].all()
        beaten = measures[~table["frontier"]]
        kept = measures[table["frontier"]].to_numpy()
        assert all((kept <= row).all(axis=1).any() for row in beaten.to_numpy())


@pytest.mark.parametrize("asked, text", [((0.77, None), "share is 0.77"),
                                         ((None, "soon"), "urgency is 'soon'")])
def test_what_was_not_measured_is_refused(asked, text):
    with pytest.raises(ValueError, match=text):
        leak_surface(*asked)
