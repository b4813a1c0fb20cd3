"""The venue as a process: killed, stalled and restarted in mid-day; and hostile callers."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.sim_to_real.account import reconcile
from lobsim.sim_to_real.client import Client
from lobsim.sim_to_real.links import SocketLink, embedded
from lobsim.sim_to_real.live_run import run_live
from lobsim.sim_to_real.protocol import MOST_BYTES
from lobsim.sim_to_real.venue import VenueDay

START_NS, SECOND = 36_000 * 10**9, 10**9
GAPS = ("ack_delay", "order_latency=0.3", "queue")


class Venue:
    """A venue's process on a journal, started as often as need be."""

    def __init__(self, folder, *options):
        self.folder, self.options, self.process = folder, options, None

    def start(self):
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        told = self.folder / "stderr.txt"
        with open(told, "ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "lobsim.sim_to_real.server", "--journal",
                 str(self.folder / "venue.jsonl"), "--ready", str(ready), *self.options],
                stderr=file)
        until = time.monotonic() + 300
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(told.read_text())
            time.sleep(0.02)
        return self

    def port(self):
        with contextlib.suppress(FileNotFoundError):
            return json.loads((self.folder / "ready.json").read_text())["port"]
        raise ValueError("it is not ready")

    def signal(self, number):
        os.kill(self.process.pid, number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def venue(tmp_path):
    made = []

    def make(*options):
        made.append(Venue(tmp_path, *options))
        return made[-1].start()

    yield make
    for one in made:
        if one.process.poll() is None:
            one.signal(signal.SIGCONT)
            one.kill()


def trade(client, first, last):
    """Steps of a plain trader: rest at the bid, take now and then, withdraw what is old."""
    account, books = client.account, [one for one in client.history if one["type"] == "book"]
    client.listeners.append(lambda one: books.append(one) if one["type"] == "book" else None)
    client.step(START_NS + first * SECOND)
    for second in range(first, last):
        client.new(1, 200, "post_only", books[-1]["bids"][0][0])
        if second % 3 == 0:
            client.new(-1, 100, "market")
        for order in account.open_orders[:-3]:
            client.cancel(order.order_id)
        yield second
        client.step(START_NS + (second + 1) * SECOND)


def day_to_end(client, end_s):
    for _ in trade(client, 1, end_s - 36_000):
        pass
    client.step(end_s * SECOND)


def outcome(account):
    return ({key: order.account() for key, order in account.orders.items()},
            [(f["exec"], f["order"], f["lots"], f["price_ticks"], f["venue_ns"])
             for f in account.fills], account.position)


def test_killed_stalled_and_restarted_in_mid_day_nothing_is_doubled_or_lost(venue, tmp_path):
    end_s = 36_030
    process = venue("--seed", "4", "--end-s", str(end_s), *(x for g in GAPS for x in ("--gap", g)))
    kept = tmp_path / "client.jsonl"
    with Client(SocketLink(process.port), kept=kept, patience_s=300) as client:
        client.connect()
        for second in trade(client, 1, 20):
            if second == 6:  # killed with orders in the book and a request just sent
                process.kill()
                process.start()
            if second == 12:  # stalled for longer than the client's patience with a silence
                process.signal(signal.SIGSTOP)
                threading.Timer(1.5, process.signal, [signal.SIGCONT]).start()
        assert client.connections >= 3
    # Now the client dies as well, and one who knows only its file goes on.
    with Client(SocketLink(process.port), kept=kept, patience_s=300) as client:
        client.connect()
        for _ in trade(client, 20, end_s - 36_000):
            pass
        client.step(end_s * SECOND)
        found = reconcile(client.account, client.status())
        assert found.is_clean, found.differences
        live = outcome(client.account)
    calm, gateway = embedded(VenueDay(seed=4, end_s=end_s, gaps=GAPS))
    day_to_end(calm, end_s)
    assert live == outcome(calm.account)
    assert len(live[1]) >= 10
    assert live[2] == gateway.core.market.position == sum(
        fill["side"] * fill["lots"] for fill in calm.account.fills)


def test_a_venue_whose_clock_runs_by_itself_goes_on_while_it_is_dead(venue):
    process = venue("--seed", "8", "--end-s", "50400", "--speed", "5", "--gap", "ack_delay")
    with Client(SocketLink(process.port), patience_s=300, reply_s=10) as client:
        client.connect()
        books = []
        client.listeners.append(lambda one: books.append(one) if one["type"] == "book" else None)
        for k in range(30):
            while not books:
                client.poll()
            client.new(1 if k % 2 else -1, 100, "market")
            client.new(1, 100, "limit", books[-1]["bids"][0][0])
            if k == 15:
                process.kill()
                before_ns = books[-1]["sent_ns"]
                process.start()
            client.poll(0.02)
        client.settle()
        assert client.connections >= 2
        stamps = [book["sent_ns"] for book in books]
        assert stamps == sorted(stamps) and stamps[-1] > before_ns
        assert {b - a for a, b in zip(stamps, stamps[1:])} == {SECOND}  # no look was left out
        state = client.status()
        while state["untold"]:
            client.poll()
            state = client.status()
        found = reconcile(client.account, state)
        assert found.is_clean, found.differences
        assert state["fills"] >= 30 and found.orders == 60

        # And a parent order is worked on such a clock, beside what the account has already.
        settings = ExecutionSettings(quantity=2000, horizon_s=12, interval_s=4)
        before = client.account.position
        live = run_live(client, settings, lambda seen: [5], side=1,
                        start_s=client.account.clock_ns // SECOND + 10)
        assert live.filled > 0 and 0 < len(live.decisions) <= 3
        client.settle()
        bought = sum(fill["lots"] for one in live.decisions for key in one.orders
                     for fill in client.account.fills if fill["order"] == key)
        assert bought >= live.filled and live.filled + live.left == 2000
        assert client.account.position - before >= live.filled


HOSTILE = [
    b"\n", b"nonsense\n", b"[]\n", b"null\n", b"\xff\xfe\n", b"{" * 4000 + b"\n",
    b"[" * 4000 + b"\n", b'{"type":"steal"}\n', b'{"type":["new"]}\n', b'{"type":"step"}\n',
    b'{"type":"step","until_ns":1e300}\n', b'{"type":"step","until_ns":NaN}\n',
    b'{"type":"step","until_ns":true}\n', b'{"type":"step","until_ns":' + b"9" * 3900 + b"}\n",
    b'{"type":"resend","from_seq":1000000}\n', b'{"type":"status","type":"status"}\n',
    b'{"type":"new","id":"a b","side":1,"lots":1,"kind":"limit","price_ticks":1,"sent_ns":0}\n',
    b'{"type":"new","id":"a","side":0,"lots":1,"kind":"limit","price_ticks":1,"sent_ns":0}\n',
    b'{"type":"new","id":"a","side":1,"lots":-1,"kind":"limit","price_ticks":1,"sent_ns":0}\n',
    b'{"type":"new","id":"a","side":1,"lots":1,"kind":"gift","price_ticks":1,"sent_ns":0}\n',
    b'{"type":"new","id":"a","side":1,"lots":1,"kind":"limit","price_ticks":0,"sent_ns":0}\n',
    b'{"type":"status","extra":1}\n',
]


def test_a_hostile_line_gets_one_clear_error_and_changes_nothing(venue):
    process = venue("--end-s", "36010")
    with Client(SocketLink(process.port), reply_s=60) as client:
        client.connect()
        client.sync()
        before = client.status()
        for line in HOSTILE:
            told = len(client.errors)
            client.link.send(line)
            client.sync()
            assert len(client.errors) == told + 1, line[:60]
            assert 10 < len(client.errors[-1]) < 200
        assert client.status() == before
        # A price and a size that no book takes are refused as orders are, and kept as such.
        client.new(1, 2**31 - 1, "limit", 2**31 - 1)
        client.cancel("nobody")
        client.settle()
        assert all(order.done and order.reason for order in client.account.orders.values())
        # A second caller: no logon, a wrong one, a line without end; then one who takes over.
        with socket.create_connection(("127.0.0.1", process.port()), timeout=60) as other:
            heard = other.makefile("rb")
            for line, word in ((b'{"type":"status"}\n', b"log on first"),
                               (b'{"type":"logon","version":9,"session":"desk","last_seq":0}\n',
                                b"version"),
                               (b'{"type":"logon","version":1,"session":"me","last_seq":0}\n',
                                b"no session me"),
                               (b'{"type":"logon","version":1,"session":"desk","last_seq":999}\n',
                                b"another day"),
                               (b"x" * (2 * MOST_BYTES), b"longer than 4096 bytes")):
                other.sendall(line)
                assert word in heard.readline()
        client.step(START_NS + 10 * SECOND)
        assert client.account.ended and client.connections == 1
        second = Client(SocketLink(process.port), reply_s=60)
        second.connect()
        second.sync()
        assert second.account.last_seq == client.account.last_seq
        client.sync()  # thrown out, it comes back
        assert client.connections == 2
        second.close()


def test_wrong_use_of_the_program_is_told_in_one_sentence(tmp_path, capsys):
    from lobsim.sim_to_real.server import main

    journal = ["--journal", str(tmp_path / "venue.jsonl")]
    for wrong, word in ((["--gap", "luck"], "no gap 'luck'"), (["--profile", "XYZ"], "XYZ"),
                        (["--speed", "-1"], "speed is -1"), (["--end-s", "1"], "window"),
                        (["--gap", "fees=a"], "must be a number")):
        assert main([*journal, *wrong]) == 2
        told = capsys.readouterr().err
        assert word in told and told.count("\n") == 1
