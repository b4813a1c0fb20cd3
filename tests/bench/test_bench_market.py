"""`lobsim bench market` and `soak`: the C++ market ends as ours; figures, findings, errors."""

import json

import pytest
from numba import config
from typer.testing import CliRunner

from lobsim.bench import market as bench
from lobsim.bench import market_twin
from lobsim.bench.market_cases import CROWD, START_S, base_flows
from lobsim.bench.market_peers import MARKET_PEERS, MarketPeer, Run
from lobsim.bench.market_twin import MarketTwin, compile_market_twin, outcome_of
from lobsim.bench.peers import installed_version
from lobsim.bench.twin import TwinError, find_compiler
from lobsim.cli import app
from lobsim.market import Market, MarketBatch
from lobsim.market.parts import Makers, Takers, ZeroIntelligence

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="the JIT is off")
needs_compiler = pytest.mark.skipif(
    find_compiler() is None, reason="no C++ compiler (CXX, c++, g++, clang++) on this machine"
)
SMALL = ("--hours", 0.1, "--turns", 1, "--markets", 1, "--markets", 3)
LARGEST_ID = 2**31 - 2


def run(command, *arguments):
    """Exit code, output, and what went to standard error."""
    done = CliRunner().invoke(app, ["bench", command, *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The compiled C++ market."""
    return compile_market_twin(find_compiler(), tmp_path_factory.mktemp("market"))


def both(program, profile, seed, seconds, *, first_id=None):
    """Outcome of ours and of the C++ market over the same seconds."""
    market = Market(profile, seed, START_S, START_S + seconds, keep_trades=False)
    if first_id is not None:
        market._flow.count[market_twin.s.N_ORDER_ID] = first_id
    with MarketTwin(program, market) as twin:
        twin.run(START_S + seconds / 3)  # each run starts anew
        elapsed_s, theirs = twin.run(START_S + seconds)
    market.advance(START_S + seconds)
    assert elapsed_s > 0
    return outcome_of(market), theirs


@needs_compiler
@pytest.mark.parametrize("seed", [0, 1, 2**62])
def test_the_cpp_market_ends_with_our_messages_and_our_book(program, seed):
    ours, theirs = both(program, CROWD, seed, 1_800)
    assert ours == theirs
    assert min(ours.limits, ours.cancels, ours.markets, ours.fills) > 1_000


THIN = CROWD.with_parts(
    ZeroIntelligence(limit_rate_per_s=0.3, limit_levels=2, cancel_rate_per_s=0.5,
                     limit_sizes=((1, 0.4), (3, 0.6)), partial_cancels=False),
    Takers(market_rate_per_s=1.0, market_sizes=((1, 0.5), (40, 0.5)), meta_min_orders=3.0),
)  # fmt: skip
FULL = CROWD.with_changes(max_live=96, band_ticks=64)


@needs_compiler
@pytest.mark.parametrize("profile", [THIN, FULL], ids=["sides run empty", "book full, band narrow"])
def test_the_cpp_market_agrees_where_books_are_empty_or_full(program, profile):
    ours, theirs = both(program, profile, 5, 3_600)
    assert ours == theirs


@needs_compiler
def test_the_cpp_market_agrees_where_ids_begin_anew(program):
    ours, theirs = both(program, CROWD, 4, 600, first_id=LARGEST_ID - 1_000)
    assert ours == theirs


@needs_compiler
@pytest.mark.parametrize("part", [Makers(), Takers(1.0, bursts=((0.3, 1.0),)),
                                  Takers(1.0, informed_share=0.1)])  # fmt: skip
def test_a_market_that_the_cpp_one_does_not_know_is_refused(program, part):
    market = Market(CROWD.with_parts(part), 1)
    with pytest.raises(ValueError, match="has more than the C.. market knows"):
        MarketTwin(program, market)


@needs_compiler
def test_the_figures_of_a_run_are_whole():
    code, out, _ = run("market", *SMALL, "--no-peers", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["agrees"] is True and told["cpp"]["ours"] == told["cpp"]["theirs"]
    assert 0 < told["cpp"]["ratio_low"] <= told["cpp"]["ratio"] <= told["cpp"]["ratio_high"]
    names = [row["market"] for row in told["markets"]]
    assert names[:4] == ["zero intelligence", "Hawkes", "queue-reactive", "replay"]
    assert "SPY" in names
    assert told["markets"][0]["relative"] == 1.0
    for row in told["markets"]:
        assert 0 < row["messages"] and 0 < row["messages_per_s"] <= row["events_per_s"] * 3
    assert {(row["markets"], row["step_s"]) for row in told["batches"]} == {
        (n, step_s) for n in (1, 3) for step_s in bench.STEPS_S
    }
    assert all(row["messages_per_s"] > 0 for row in told["batches"])
    assert told["fall"] >= 1.0 and told["bytes_per_market"] > 10_000


def test_the_tables_are_shown():
    code, out, _ = run("market", *SMALL)
    shown = " ".join(out.split())
    assert code == 0
    for words in ("M messages/s", "zero intelligence", "bytes a market", "messages a call"):
        assert words in shown


def test_a_replay_sends_the_messages_that_were_recorded():
    flows = base_flows(600)
    market, again = (Market(flows[name], 1, START_S, START_S + 600, keep_trades=False)
                     for name in ("zero intelligence", "replay"))  # fmt: skip
    for one in (market, again):
        one.advance(START_S + 600)
    assert again.volume == market.volume > 0
    assert again.mid == market.mid
    assert again.dropped == 0


def test_a_batch_of_all_base_flows_is_each_of_them_alone():
    flows = list(base_flows(300).values())
    batch = MarketBatch(flows, range(len(flows)), START_S, START_S + 300)
    batch.advance(START_S + 300)
    for k, profile in enumerate(flows):
        alone = Market(profile, k, START_S, START_S + 300)
        alone.advance(START_S + 300)
        assert outcome_of(alone) == outcome_of(batch[k])


@needs_compiler
def test_another_book_of_the_cpp_market_is_a_finding(monkeypatch):
    honest = MarketTwin.run

    def wrong(self, until_s):
        seconds, outcome = honest(self, until_s)
        return seconds, outcome._replace(checksum=outcome.checksum ^ 1)

    monkeypatch.setattr(MarketTwin, "run", wrong)
    code, out, _ = run("market", *SMALL, "--no-peers")
    assert code == 1
    assert "another book" in out


def test_without_a_compiler_it_says_so_and_goes_on(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    code, out, _ = run("market", *SMALL, "--no-peers")
    assert code == 0
    assert "no C++ compiler was found" in " ".join(out.split())


def test_a_compiler_that_fails_is_told(tmp_path):
    with pytest.raises(TwinError, match="does not run"):
        compile_market_twin(str(tmp_path / "none"), tmp_path)


def _fails():
    raise RuntimeError("no market today")


def test_a_peer_that_fails_is_told_and_not_fatal(monkeypatch):
    peers = (MarketPeer("numpy", "nothing", _fails), MarketPeer("numba", "half", lambda: Run(5, 2)))
    monkeypatch.setattr(bench, "MARKET_PEERS", peers)
    failed, slow = bench._bench_peers(1)
    assert failed.failed == "RuntimeError: no market today" and failed.messages_per_s is None
    assert slow.messages_per_s == 2.5 and slow.ours_over_peer > 1


def test_installed_peers_send_messages():
    """None needs to be installed."""
    there = [peer for peer in MARKET_PEERS if installed_version(peer.package) is not None]
    told = {f"{peer.package}: {peer.what}": peer.run() for peer in there}
    assert all(one.messages > 1_000 and one.seconds > 0 for one in told.values()), told


@pytest.mark.parametrize("command, arguments, text", [
    ("market", ("--hours", 9), "hours is 9"), ("market", ("--turns", 0), "turns 0"),
    ("market", ("--markets", 0), "at least one market"), ("soak", ("--events", 5), "events is 5"),
    ("soak", ("--events", 1e6, "--profile", "NONE"), "there is no profile"),
])  # fmt: skip
def test_wrong_use_is_one_sentence_and_status_2(command, arguments, text):
    code, out, said = run(command, *arguments)
    assert (code, out) == (2, "")
    assert text in said
    assert len(said.strip().splitlines()) == 1
