"""Tools: schemas from signatures, arguments checked, data read and refused, and the command."""

import inspect
import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from lobsim.cli import app
from lobsim.data import DataError, bundled
from lobsim.orderflow_ai import Desk
from lobsim.orderflow_ai.desk import DeskError
from lobsim.orderflow_ai.toolbox import ToolError, call, load


@pytest.fixture(scope="module")
def desk():
    return Desk.bundled()


def test_a_schema_says_what_the_signature_says():
    for name, tool in load().items():
        schema = tool.schema()["function"]
        parameters = list(inspect.signature(tool.function).parameters.values())[1:]
        told = schema["parameters"]
        assert schema["name"] == name and list(told["properties"]) == [p.name for p in parameters]
        assert told["required"] == [p.name for p in parameters if p.default is p.empty]
        assert all(one["description"] for one in told["properties"].values())
        assert len(schema["description"]) > 60 and "\n" not in schema["description"]
        json.dumps(schema)
    horizon = load()["signal_worth"].schema()["function"]["parameters"]["properties"]["horizon_s"]
    assert horizon == {"type": "number", "description": "how far the signal looks ahead (s)",
                       "minimum": 0.5, "maximum": 1800, "default": 10.0}


@pytest.mark.parametrize("name, given, sentence", [
    ("nothing", {}, "there is no tool 'nothing'; tools are"),
    ("shortfall", {"day": "2025-01-15"}, "has no argument 'day'; it has first_day, last_day, side"),
    ("shortfall", {"first_day": "15 Jan"}, "a day as 2025-01-15 is needed"),
    ("shortfall", {"side": 1}, "a text is needed"),
    ("worst_orders", {"count": 2.5}, "a whole number is needed"),
    ("worst_orders", {"count": 50}, "allowed is 1 to 5 orders"),
    ("worst_orders", {"count": True}, "a number is needed"),
    ("spreads", {"horizon_s": float("nan")}, "a number is needed"),
    ("compare_periods", {}, "needs the argument base_first_day"),
])
def test_a_wrong_argument_is_refused_with_what_is_allowed(desk, name, given, sentence):
    with pytest.raises(ToolError, match=sentence):
        call(desk, name, given, "t1")


def test_tools_say_what_data_they_lack(desk):
    days = {"base_first_day": desk.days[0], "base_last_day": desk.days[1]}
    for name, given, sentence in (
            ("explain_change", days | {"first_day": desk.days[2], "last_day": desk.days[2]},
             "16 orders of the base period are too few"),
            ("compare_periods", days | {"first_day": desk.days[1], "last_day": desk.days[2]},
             "share the day 2025-01-07"),
            ("signal_worth", {"last_day": desk.days[2]}, "3 days of quotes are too few")):
        with pytest.raises(DeskError, match=sentence):
            call(desk, name, given, "t1")
    with pytest.raises(DeskError, match="no fills, which this needs"):
        call(Desk(orders=desk.orders, quotes=desk.quotes), "shortfall", {}, "t1")


def test_damage_in_the_data_is_counted_or_refused(desk):
    first = desk.fills.iloc[:1]
    wrong = pd.concat([desk.fills, first.assign(order_id="nobody"),
                       first.assign(size=1e6), first.assign(price=1.0)])
    result = call(Desk(desk.orders, desk.children, wrong, desk.quotes, desk.trades),
                  "data_quality", {}, "t1")
    assert [result[name] for name in ("fills_without_order", "overfilled_orders",
                                      "fills_outside_quotes")] == [1, 1, 1]
    with pytest.raises(DeskError, match="order 0106-1 of 2025-01-06: the fills add up"):
        call(Desk(desk.orders, None, wrong, desk.quotes), "shortfall", {}, "t1")


def test_a_buy_and_its_mirror_image_cost_the_same():
    """Prices mirrored around 100 turn buys into sells; the cost in currency stays."""
    def mirrored(flip):
        at = (lambda p: 200 - p) if flip else (lambda p: p)
        quotes = pd.DataFrame({"date": "20250115", "time_ns": [0, 10, 20], "bid_size": 1,
                               "ask_size": 1, "x": [99.9, 100.0, 100.1],
                               "y": [100.1, 100.2, 100.3]})
        low, high = ("y", "x") if flip else ("x", "y")
        quotes["bid"], quotes["ask"] = at(quotes[low]), at(quotes[high])
        orders = pd.DataFrame({"date": ["20250115"], "order_id": ["a"], "quantity": [10],
                               "side": ["sell" if flip else "buy"], "decision_ns": [5],
                               "start_ns": [10], "end_ns": [20]})
        fills = pd.DataFrame({"date": ["20250115"], "order_id": ["a"], "time_ns": [12],
                              "price": [at(100.2)], "size": [6]})
        return call(Desk.of_tables({"orders": orders, "fills": fills, "quotes": quotes}),
                    "shortfall", {}, "t1")

    buy, sell = mirrored(False), mirrored(True)
    for name in ("total", "delay", "trading", "opportunity"):
        assert buy[name] == pytest.approx(sell[name], abs=1e-9)
    # by hand: 6 x 0.1 delay, 6 x 0.1 trading, 4 x 0.2 missed
    assert [buy[n] for n in ("delay", "trading", "opportunity")] == pytest.approx([0.6, 0.6, 0.8])


@pytest.mark.parametrize("text, sentence", [
    ("date,order_id,side\n", "has no column quantity"),
    ("date,order_id,side,quantity,decision_ns,start_ns,end_ns\n20250115,a,hold,5,1,2,3\n",
     "row 2: side is 'hold'; allowed is buy or sell"),
    ("date,order_id,side,quantity,decision_ns,start_ns,end_ns\n20250115,a,buy,-5,1,2,3\n",
     "row 2: quantity is -5; allowed is a number above 0"),
    ("date,order_id,side,quantity,decision_ns,start_ns,end_ns\n20250115,a,buy,5,4,2,3\n",
     "a time after start_ns"),
    ("date,order_id,side,quantity,decision_ns,start_ns,end_ns\n15/1,a,buy,5,1,2,3\n",
     "date is '15/1'"),
])
def test_a_bad_table_is_refused_with_file_row_and_value(tmp_path, text, sentence):
    (tmp_path / "orders.csv").write_text(text)
    with pytest.raises(DataError, match=sentence):
        Desk.read(tmp_path)


def test_market_files_of_known_formats_are_taken_as_days(tmp_path):
    for name in ("lobster_messages", "lobster_book"):
        (tmp_path / bundled(name).name).symlink_to(bundled(name))
    desk = Desk.read(tmp_path)
    assert desk.days == ["2025-01-15"] and desk.orders is None
    result = call(desk, "spreads", {}, "t1")
    assert result["effective_bps"] == pytest.approx(result["realised_bps"] + result["impact_bps"])
    with pytest.raises(DataError, match="holds no data"):
        (tmp_path / "empty").mkdir()
        Desk.read(tmp_path / "empty")


def test_the_command_answers_declines_and_refuses(tmp_path, monkeypatch):
    monkeypatch.delenv("LOBSIM_ANALYST_URL", raising=False)
    run = CliRunner().invoke
    good = run(app, ["ask", "When in the day is the volume?", "--json", "--out", str(tmp_path)])
    assert good.exit_code == 0, good.output
    told = json.loads(good.stdout)
    assert told["mode"] == "offline" and told["calls"][0]["tool"] == "volume_curve"
    assert (tmp_path / "report.md").is_file() and (tmp_path / "t1.png").is_file()
    declined = run(app, ["ask", "What will the price be tomorrow?", "--offline"])
    assert declined.exit_code == 1 and "Declined" in declined.stdout
    wrong = run(app, ["ask", "What did it cost?", "--data", str(tmp_path / "none")])
    assert wrong.exit_code == 2 and "is no folder" in wrong.stderr
