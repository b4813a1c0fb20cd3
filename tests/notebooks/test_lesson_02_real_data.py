"""Lesson 02 runs on real LOBSTER, LEAN and TAQ days, unchanged but for the paths it is given."""

import json
import re
from pathlib import Path

import pytest

from lobsim.analytics import reference_facts

ROOT = Path(__file__).resolve().parents[2]
LESSON = "02_imbalance"
LEAN = "quantconnect_lean/Data/equity/usa"
GOOG = "lobster/LOBSTER_SampleFile_GOOG_2012-06-21_5.zip"
AMZN = "lobster/LOBSTER_SampleFile_AMZN_2012-06-21_1.zip"
# LOBSTER day and its name in the reference, tape of quotes and trades and its name
DAYS = {
    "goog-and-taq": (GOOG, "GOOG", "taq/cqm_20180102.csv.gz", "taq/ctm_20180102.csv.gz", "XXX"),
    "amzn-and-ibm": (AMZN, "AMZN", f"{LEAN}/tick/ibm/20131008_quote.zip",
                     f"{LEAN}/tick/ibm/20131008_trade.zip", "IBM"),
}


def run(paths: dict[str, str]) -> dict:
    """Names that the lesson's cells define with these lines in its parameters cell."""
    cells = json.loads((ROOT / "solutions" / LESSON / f"{LESSON}.ipynb").read_text("utf-8"))["cells"]
    names: dict = {"scores": {}}
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            continue
        if "parameters" in cell["metadata"].get("tags", []):
            for name, value in paths.items():
                source, found = re.subn(rf"^{name} = .*$", f"{name} = {value}", source,
                                        flags=re.MULTILINE)
                assert found == 1, f"the parameters cell does not set {name}"
        if re.fullmatch(r'check\("\w+", \w+\)', source):
            continue
        exec(compile(source, cell["id"], "exec"), names)
    return names


@pytest.mark.parametrize("days", DAYS)
def test_the_lessons_table_is_what_was_found_independently(days, real_data, monkeypatch, capsys):
    lobster, name, quotes, trades, other = DAYS[days]
    monkeypatch.chdir(ROOT / "solutions" / LESSON)
    names = run({"MESSAGES": repr(str(real_data / lobster)), "BOOK": "None",
                 "QUOTES": repr(str(real_data / quotes)), "TRADES": repr(str(real_data / trades)),
                 "SIM_HOURS": "0.5"})
    table, known = names["table"], reference_facts()
    markets = list(names["tapes"])[:2]
    for market, real in zip(markets, (name, other), strict=True):
        for step_s, tolerance in ((1, 0.5), (10, 0.5)):
            row = table.loc[(market, step_s)]
            assert row["explain: OFI"] == pytest.approx(
                100 * known[real][f"ofi_r2_{step_s}s"], abs=tolerance)
            assert row["foretell: OBI"] == pytest.approx(
                100 * known[real][f"obi_predictive_r2_{step_s}s"], abs=0.1)
            assert row["foretell: OFI before"] < 2
    curve = names["hit_curve"](markets[1])
    assert curve[3].rate == pytest.approx(known[other]["obi_hit_75_100"], abs=0.03)
    assert "ticks a share" in capsys.readouterr().out
