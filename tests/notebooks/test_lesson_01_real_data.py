"""Lesson 01 runs on real TAQ and LEAN days, unchanged but for the paths in its parameters cell."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
LESSON = "01_implementation_shortfall"
IBM = "quantconnect_lean/Data/equity/usa/tick/ibm"
DAYS = {
    "taq": ("taq/ctm_20180102.csv.gz", "taq/cqm_20180102.csv.gz"),
    "lean-ibm-ticks": (f"{IBM}/20131008_trade.zip", f"{IBM}/20131008_quote.zip"),
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
    trades, quotes = (real_data / path for path in DAYS[day])
    names = lesson_on(trades, quotes)
    said = capsys.readouterr().out
    assert "agrees with the library's on 2,000 of 2,000 rows" in said
    assert sum(names["scores"].values()) == 35
    effective, realised, impact = (names["split"][name] for name in
                                   ("effective", "realised", "impact"))
    # stylised_facts.md: effective half-spread 1.42 ticks of 157 dollars (TAQ), 1.41 of 180 (IBM)
    assert 0.6 < effective.mean() < 1.2
    np.testing.assert_allclose(effective, realised + impact, atol=0.05)
    assert impact[10] > impact[0.1] > 0
    assert abs(names["cost"].total - sum(getattr(names["cost"], part) for part in
                                         ("delay", "trading", "opportunity", "fees"))) < 1e-6
    assert names["cost"].filled == 10_000
