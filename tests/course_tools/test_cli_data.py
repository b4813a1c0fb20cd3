"""``lobsim data``: a file is told for what it is, and converted without loss of rows."""

import json

import pytest
from typer.testing import CliRunner

from lobsim import data
from lobsim.cli import app


def run(*arguments):
    done = CliRunner().invoke(app, ["data", *map(str, arguments)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("taq_trades", ["trades"]),
        ("taq_quotes", ["quotes"]),
        ("lobster_messages", ["messages", "book"]),
        ("btcusd_events", ["order events"]),
    ],
)
def test_a_bundled_file_is_described_with_the_manifest_s_rows(name, tables, repo):
    status, text, _ = run("inspect", data.bundled(name), "--json")
    told = json.loads(text)["tables"]
    manifest = json.loads((repo / "data" / "manifest.json").read_text())["files"]
    assert status == 0 and [table["table"] for table in told] == tables
    assert told[0]["rows"] == manifest[name]["rows"]
    assert told[0]["report"] and told[0]["columns"]
    status, text, _ = run("inspect", data.bundled(name), "--rows", 2)
    assert status == 0 and f"{told[0]['rows']:,} rows" in text


def test_trades_survive_the_way_to_lean_and_back(tmp_path):
    status, text, _ = run("convert", data.bundled("taq_trades"), tmp_path, "--to", "lean")
    assert status == 0
    status, _, _ = run("convert", text.split()[-1], tmp_path / "back", "--to", "taq")
    assert status == 0
    (back,) = (tmp_path / "back").iterdir()
    before, after = data.read_trades(data.bundled("taq_trades")), data.read_trades(back)
    for column in ("price", "size"):
        assert before[column].tolist() == after[column].tolist()


def test_quotes_of_single_exchanges_become_one_quote_for_lean(tmp_path):
    status, text, _ = run("convert", data.bundled("taq_quotes"), tmp_path, "--to", "lean")
    assert status == 0
    assert data.read_any(text.split()[-1]).attrs["kind"] == "nbbo"


def test_what_cannot_be_read_or_converted_is_refused_in_one_sentence(tmp_path):
    junk = tmp_path / "junk.csv"
    junk.write_bytes(b"\x00\x01\x02 no market data")
    for arguments in (
        ("inspect", junk),
        ("inspect", tmp_path / "missing.csv"),
        ("inspect", tmp_path),
        ("convert", data.bundled("lobster_messages"), tmp_path, "--to", "taq"),
        ("convert", data.bundled("taq_trades"), tmp_path, "--to", "lobster"),
        ("convert", data.bundled("btcusd_events"), tmp_path, "--to", "taq"),
        ("inspect", data.bundled("taq_trades"), "--symbol", "NOPE"),
    ):
        status, _, errors = run(*arguments)
        assert status == 2, arguments
        assert errors.startswith("lobsim: ") and errors.count("\n") == 1, errors
    assert run("convert", junk, tmp_path, "--to", "parquet")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["SPX"], "'SPX' is neither a file nor a profile; profiles are SPY, "),
        (["SPY", "--start", "3600"], "the window is 3600 to 57600 s; it must lie"),
        (["SPY", "--start", "36000", "--end", "35000"], "the window is 36000 to 35000 s"),
        (["SPY", "MIDCAP", "BTC-USD"], "there are 3 sources; give one or two"),
    ],
)
def test_facts_of_what_is_not_there_are_refused_in_one_sentence(arguments, told):
    status, text, complaint = run("facts", *arguments)
    assert status == 2 and text == ""
    assert complaint.startswith("lobsim: ") and complaint.count("\n") == 1
    assert told in complaint, complaint


def test_make_says_whether_the_files_are_what_their_seeds_make():
    status, text, _ = run("make", "--check", "--json")
    assert status == 0 and json.loads(text) == {"same": True, "findings": []}
