"""`lobsim bench engine`: figures, agreement of fills, exit codes, and no compiler."""

import json
import os

import numpy as np
import pytest
from numba import config
from typer.testing import CliRunner

from lobsim.bench import engine as bench
from lobsim.bench.calls import bench_calls
from lobsim.bench.peers import CALLS, PEER_FILL, PEERS, Peer, Prepared, installed_version
from lobsim.bench.stream import BAND_TICKS, common_stream
from lobsim.bench.twin import Twin, TwinError, compile_twin, compiler_version, find_compiler
from lobsim.cli import app
from lobsim.engine import FILL, Kind, OrderBook, process

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="the JIT is off")
needs_compiler = pytest.mark.skipif(
    find_compiler() is None, reason="no C++ compiler (CXX, c++, g++, clang++) on this machine"
)
SMALL = ("--messages", 3_000, "--depth", 100, "--depth", 300, "--turns", 2)


def run(*arguments):
    """Exit code, output, and what went to standard error."""
    done = CliRunner().invoke(app, ["bench", "engine", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The compiled C++ loop."""
    return compile_twin(find_compiler(), tmp_path_factory.mktemp("twin"))


@needs_compiler
def test_the_figures_of_a_run_are_whole_and_the_fills_agree():
    code, out, _ = run(*SMALL, "--no-peers", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["agrees"] is True
    assert [row["live_orders"] for row in told["depths"]] == [100, 300]
    for row in told["depths"]:
        assert row["messages"] == 3_000
        assert row["messages_per_s"] > 0
        for twin in row["cpp"]:
            assert twin["fills_agree"] is True
            assert 0 < twin["ratio_low"] <= twin["ratio"] <= twin["ratio_high"]
            assert twin["messages_per_s"] > 0
        assert len({twin["variant"] for twin in row["cpp"]}) == 2
    assert told["compiler"] == compiler_version(find_compiler())
    assert {"processor", "cores", "python", "numba", "numpy"} <= set(told["machine"])


@needs_compiler
@pytest.mark.parametrize("live_orders", [1, 100, 2_000])
def test_the_cpp_loop_makes_our_fills_to_the_byte(program, live_orders):
    messages = common_stream(20_000, live_orders, seed=live_orders)
    with Twin(program, messages) as twin:
        assert twin.run() > 0
        twin.run()
        assert twin.n_rejects == 0
        fills = twin.fills()
    assert fills.dtype == FILL
    assert fills.tobytes() == process(bench.new_book(20_000), messages).tobytes()


@needs_compiler
def test_the_cpp_loop_refuses_what_the_engine_refuses(program):
    rng = np.random.default_rng(5)
    messages = common_stream(20_000, 100)
    odd = rng.random(len(messages)) < 0.1
    for name, values in (
        ("order_id", (0, -1, 1, 500)), ("size", (0, -5)), ("side", (0, 2)), ("owner", (-1,)),
        ("price_ticks", (BAND_TICKS[0] - 1, BAND_TICKS[1] + 1)), ("kind", (0, 9, -3)),
    ):  # fmt: skip
        here = odd & (rng.random(len(messages)) < 0.3)
        messages[name][here] = rng.choice(values, int(here.sum()))
    messages["kind"][rng.random(len(messages)) < 0.02] = Kind.MARKET
    book = bench.new_book(int(messages["order_id"].max()) - 1)
    fills = process(book, messages)
    with Twin(program, messages) as twin:
        twin.run()
        assert twin.n_rejects == sum(book.reject_counts.values()) > 500
        assert twin.fills().tobytes() == fills.tobytes()


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for the program")
@pytest.mark.parametrize("script, said", [
    ("echo 'out of memory' >&2; exit 1", "stopped: out of memory"),
    ("exit 0", "stopped: it said nothing"),
])  # fmt: skip
def test_a_cpp_loop_that_stops_is_one_clear_error(tmp_path, script, said):
    program = tmp_path / "stopping"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    with Twin(program, common_stream(100)) as twin:
        with pytest.raises(TwinError, match=said):
            twin.run()


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for the program")
def test_a_cpp_loop_that_writes_no_fills_is_one_clear_error(tmp_path):
    program = tmp_path / "mute"
    program.write_text(
        "#!/bin/sh\nread line; echo 5 0 0; read line; echo 'disk full' >&2; exit 1\n"
    )
    program.chmod(0o755)
    with Twin(program, common_stream(100)) as twin:
        assert twin.run() == 5e-9
        with pytest.raises(TwinError, match="wrote no fills: disk full"):
            twin.fills()


@needs_compiler
def test_other_fills_of_the_cpp_loop_are_a_finding(monkeypatch):
    honest = Twin.fills

    def wrong(self):
        fills = honest(self)
        fills["size"][-1] += 1
        return fills

    monkeypatch.setattr(Twin, "fills", wrong)
    code, out, _ = run(*SMALL, "--no-peers")
    assert code == 1
    assert "differ" in out


def test_without_a_compiler_it_says_so_and_goes_on(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    code, out, _ = run(*SMALL, "--no-peers")
    assert code == 0
    assert "no C++ compiler was found" in " ".join(out.split())
    assert "3,000" in out


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for the compiler")
def test_a_compiler_that_fails_is_told_and_not_fatal(monkeypatch, tmp_path):
    broken = tmp_path / "broken-cxx"
    broken.write_text("#!/bin/sh\n[ $1 = --version ] && echo 'broken 1.0' && exit 0\n"
                      "echo 'twin.cpp:1: no such language' >&2; exit 1\n")  # fmt: skip
    broken.chmod(0o755)
    monkeypatch.setenv("CXX", str(broken))
    with pytest.raises(TwinError, match="did not compile the C.. loop: twin.cpp:1: no such lang"):
        compile_twin(str(broken), tmp_path)
    code, out, _ = run(*SMALL, "--no-peers", "--json")
    told = json.loads(out)
    assert code == 0
    assert "no such language" in told["no_twin_because"]
    assert [row["cpp"] for row in told["depths"]] == [[], []]


def ours_as_peer(spoil=lambda fills: fills):
    """An adapter of a peer that is this engine, with its fills spoilt."""

    def prepare(messages):
        found = []

        def fills():
            rows = np.zeros(len(found[0]), PEER_FILL)
            for name in PEER_FILL.names:
                rows[name] = found[0][name]
            return spoil(rows)

        return Prepared(
            lambda: found.append(process(bench.new_book(len(messages)), messages)), fills
        )

    return prepare


def break_down(messages):
    raise RuntimeError("no book today")


def silent(told):
    """An adapter of a peer that reports no fills but its final book."""

    def prepare(messages):
        book = OrderBook(1.0, 1, *BAND_TICKS)

        def tell():
            lots = [sum(order.size for order in book.orders(side)) for side in (1, -1)]
            return (book.best_bid, book.best_ask, *lots) if told is None else told

        return Prepared(lambda: process(book, messages), lambda: None, tell)

    return prepare


def swapped(fills):
    fills[["maker_id", "taker_id"]] = fills[["taker_id", "maker_id"]]
    return fills


@pytest.mark.parametrize(
    "prepare, agrees, told",
    [
        (ours_as_peer(), True, "same"),
        (ours_as_peer(lambda fills: fills[:-1]), False, "differ: .* instead of .*; from fill"),
        (ours_as_peer(swapped), False, "differ: from fill 0 on, first in maker_id"),
        (silent(None), None, "none reported; same book"),
        (silent((1, 2, 3, 4)), None, "none reported; another book"),
        (break_down, None, "failed: RuntimeError: no book today"),
    ],
    ids=["same", "one less", "swapped", "silent", "another book", "breaks"],
)
def test_a_peer_is_judged_by_its_fills(monkeypatch, prepare, agrees, told):
    monkeypatch.setattr(bench, "PEERS", (Peer("numpy", CALLS, prepare),))
    report = bench.bench_engine(3_000, (100,), 1, 2_000)
    (peer,) = report.depths[0].peers
    assert peer.agrees is agrees
    assert np.char.startswith(peer.fills, told.partition(".*")[0])
    assert (peer.package, peer.messages) == ("numpy", 2_000)
    if "failed" in told:
        assert peer.messages_per_s is None
    else:
        assert peer.ours_over_peer > 0
    assert report.agrees  # a peer's mistakes are no finding about the engine


def test_installed_peers_make_the_fills_that_they_should():
    """None needs to be installed; what is must agree, or the bench compares unlike things."""
    there = [peer for peer in PEERS if installed_version(peer.package) is not None]
    stream = common_stream(5_000, 300)
    fills = {peer: bench._against_peer(peer, stream, 1).fills for peer in there}
    # the arrays of one are shuffled by design
    wrong = {peer.package: told for peer, told in fills.items()
             if not (told in ("same", "none reported; same book") if peer.form == CALLS
                     else told.startswith("differ"))}  # fmt: skip
    assert not wrong


@pytest.mark.parametrize(
    "arguments, text",
    [
        (("--messages", 10), "count is 10"),
        (("--messages", 2_000, "--depth", 1_000), "a depth is 1000; it must be from 1 to"),
        (("--depth", 0), "a depth is 0"),
        (("--turns", 0), "turns 0"),
    ],
)
def test_wrong_use_is_one_sentence_and_status_2(arguments, text):
    code, out, said = run("--no-peers", *arguments)
    assert (code, out) == (2, "")
    assert text in said
    assert len(said.strip().splitlines()) == 1


def test_a_call_is_taken_apart():
    report = bench_calls(200)
    whole = [row for row in report.figures if not row.is_part]
    parts = [row for row in report.figures if row.is_part]
    assert len(whole) >= 4 and len(parts) >= 4
    assert all(row.nanoseconds > 0 and row.per_s > 0 for row in report.figures)
    with pytest.raises(ValueError, match="number of calls is 5"):
        bench_calls(5)


def test_the_parts_of_a_call_are_shown():
    code, out, _ = run("--calls")
    assert code == 0
    assert "send_one" in out
    code, out, _ = run("--calls", "--json")
    assert code == 0
    assert {row["what"] for row in json.loads(out)["figures"]} >= {"cancel", "reduce"}
