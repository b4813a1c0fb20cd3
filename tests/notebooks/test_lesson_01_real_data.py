"""Lesson 01 runs on real TAQ and LEAN days, unchanged but for the paths in its parameters cell."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
LESSON = "01_implementation_shortfall"
LEAN = "quantconnect_lean/Data/equity/usa"
# files, prints, and effective half-spread in bps between 10:00 and 14:00 (stylised_facts: 1.42 ticks
# of 157 dollars for the TAQ stock, 1.41 of 180 for IBM, both over the whole day; SPY's quotes are
# a second old, which inflates its cost)
DAYS = {
    "taq": ("taq/ctm_20180102.csv.gz", "taq/cqm_20180102.csv.gz", 39_470, (0.8, 1.1)),
    "lean-ibm-ticks": (
        f"{LEAN}/tick/ibm/20131008_trade.zip", f"{LEAN}/tick/ibm/20131008_quote.zip",
        33_381, (0.6, 0.9)),
    "lean-spy-ticks-and-second-bars": (
        f"{LEAN}/tick/spy/20131008_trade.zip", f"{LEAN}/second/spy/20131008_quote.zip",
        451_545, (0.3, 0.6)),
}


@pytest.fixture
def lesson_on(monkeypatch):
    """``lesson_on(trades, quotes)``: names that the lesson's cells define on that day."""
    monkeypatch.chdir(ROOT / "solutions" / LESSON)

    def lesson_on(trades: Path, quotes: Path) -> dict:
        cells = json.loads(Path(f"{LESSON}.ipynb").read_text(encoding="utf-8"))["cells"]
        names: dict = {"scores": {}}
        for cell in cells:
            source = "".join(cell["source"])
            if cell["cell_type"] != "code":
                continue
            if "parameters" in cell["metadata"].get("tags", []):
                for name, value in (("TRADES", repr(str(trades))), ("QUOTES", repr(str(quotes))),
                                    ("N_DAYS", "2")):
                    source, found = re.subn(rf"^{name} = .*$", f"{name} = {value}", source,
                                            flags=re.MULTILINE)
                    assert found == 1, f"the parameters cell does not set {name}"
            if re.fullmatch(r'check\("\w+", \w+\)', source):
                name = source.split('"')[1]
                names["scores"][name] = float(eval(source, names))
            else:
                exec(compile(source, cell["id"], "exec"), names)
        return names

    return lesson_on


@pytest.mark.parametrize("day", DAYS)
def test_the_lesson_runs_on_a_real_day(day, real_data, lesson_on, capsys):
    trades, quotes, prints, (low, high) = DAYS[day]
    names = lesson_on(real_data / trades, real_data / quotes)
    said = capsys.readouterr().out
    assert "agrees with the library's on 2,000 of 2,000 rows" in said
    assert sum(names["scores"].values()) == 35
    effective, realised, impact = (names["split"][name] for name in
                                   ("effective", "realised", "impact"))
    assert len(names["trades"]) == prints
    assert low < effective.mean() < high
    np.testing.assert_allclose(effective, realised + impact, atol=0.05)
    assert impact[10] > impact[0.1] > 0
    assert abs(names["cost"].total - sum(getattr(names["cost"], part) for part in
                                         ("delay", "trading", "opportunity", "fees"))) < 1e-6
    assert names["cost"].filled == 10_000
