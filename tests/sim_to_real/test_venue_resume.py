"""Whatever a link or a crash does to the lines: nothing is doubled, nothing lost."""

import random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lobsim.sim_to_real.account import reconcile
from lobsim.sim_to_real.client import Client, LinkDown
from lobsim.sim_to_real.gateway import Gateway, JournalError
from lobsim.sim_to_real.links import EmbeddedLink, embedded
from lobsim.sim_to_real.venue import VenueDay

START_NS, SECOND = 36_000 * 10**9, 10**9
DAY = VenueDay(seed=5, end_s=36_030, gaps=("cancel_fee", "queue"))
LATE = VenueDay(seed=6, end_s=36_030, gaps=("ack_delay", "order_latency=0.4", "rejects=4",
                                            "cancel_fee"))
QUICK = settings(max_examples=6, deadline=None, derandomize=True, phases=(Phase.generate,),
                 suppress_health_check=[HealthCheck.function_scoped_fixture])


class FaultyLink(EmbeddedLink):
    """Does to each line, in each direction, what a plan says; then nothing more."""

    def __init__(self, restart, plan):
        super().__init__(self._current)
        self.restart, self.plan, self.gateway = restart, list(plan), restart()
        self._kept_back = None

    def _current(self):
        return self.gateway

    def _fault(self):
        return self.plan.pop(0) if self.plan else "fine"

    def _cut(self, fault):
        self._kept_back = None
        self.close()
        if fault == "crash":
            self.gateway.close()
            self.gateway = self.restart()
        raise LinkDown("cut")

    def send(self, line):
        fault = self._fault()
        if fault in ("cut", "crash"):  # the line may have arrived, or not
            if len(self.plan) % 2:
                super().send(line)
            self._cut(fault)
        if fault == "swap" and self._kept_back is None:
            self._kept_back = line
            return
        for _ in range({"drop": 0, "double": 2}.get(fault, 1)):
            super().send(line)
        if self._kept_back is not None:
            late, self._kept_back = self._kept_back, None
            super().send(late)

    def receive(self, timeout_s):
        line = super().receive(timeout_s)
        if line is None:
            return None
        fault = self._fault()
        if fault in ("cut", "crash"):
            self._cut(fault)
        if fault == "drop":
            return super().receive(timeout_s)
        if fault == "double":
            self._lines.appendleft(line)
        if fault == "swap" and self._lines:
            after = self._lines.popleft()
            self._lines.appendleft(line)
            return after
        return line


def trade(client, seed):
    """A day of a trader who does a bit of everything; the same for the same seed and answers."""
    dice, account = random.Random(seed), client.account
    books = []
    client.listeners.append(lambda one: books.append(one) if one["type"] == "book" else None)
    books += [one for one in client.history if one["type"] == "book"]
    for k in range(1, 11):
        client.step(START_NS + 3 * k * SECOND - 2 * SECOND)
        bid, ask = books[-1]["bids"][0][0], books[-1]["asks"][0][0]
        side = dice.choice((1, -1))
        client.new(side, 100 * dice.randint(1, 8), dice.choice(("limit", "post_only")),
                   bid if side > 0 else ask)
        if dice.random() < 0.4:
            client.new(-side, 100, "market")
        for order in account.open_orders[:-1]:
            what = dice.choice(("cancel", "replace", "reduce", "leave"))
            if what == "cancel":
                client.cancel(order.order_id)
            elif what == "replace":
                client.replace(order.order_id, 100 * dice.randint(1, 5), order.price_ticks
                               - order.side)
            elif what == "reduce" and order.left > 100:
                client.reduce(order.order_id, 100)
    client.step(36_030 * SECOND)
    return account


def same_on_both_sides(client, gateway):
    """Both sides agree, and the sums by hand are those of the market itself."""
    account, market = client.account, gateway.core.market
    found = reconcile(account, client.status())
    assert found.is_clean, found.differences
    numbers = [fill["exec"] for fill in account.fills]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    own = market.own_fills
    assert len(own) == len(numbers)
    by_hand = sum(fill["side"] * fill["lots"] for fill in account.fills)
    assert by_hand == account.position == market.position == (own["side"] * own["size"]).sum()
    assert account.cash() == pytest.approx(market.cash, abs=1e-6)
    for order in account.orders.values():
        assert order.lots == order.filled + order.cancelled + order.left
        assert order.done and order.left == 0
    return found


def outcome(account):
    """What a day came to, without numbers of messages."""
    return ({key: order.account() for key, order in account.orders.items()},
            [(f["exec"], f["order"], f["lots"], f["price_ticks"], f["venue_ns"])
             for f in account.fills])


@pytest.fixture(scope="module")
def undisturbed():
    found = {}
    for day in (DAY, LATE):
        client, gateway = embedded(day)
        found[day.seed] = outcome(trade(client, 1))
        same_on_both_sides(client, gateway)
        assert len(found[day.seed][1]) > 5
    return found


@pytest.mark.parametrize("day", [DAY, LATE], ids=["at once", "late and out of step"])
@QUICK
@given(plan=st.lists(st.sampled_from(["fine"] * 12 + ["cut", "crash"]), max_size=120))
def test_a_connection_cut_at_any_line_and_a_crash_change_nothing(tmp_path_factory, undisturbed,
                                                                 day, plan):
    folder = tmp_path_factory.mktemp("day")
    link = FaultyLink(lambda: Gateway(day, folder / "venue.jsonl"), plan)
    client = Client(link)
    client.connect()
    assert outcome(trade(client, 1)) == undisturbed[day.seed]
    same_on_both_sides(client, link.gateway)


@QUICK
@given(plan=st.lists(st.sampled_from(["fine"] * 4 + ["drop", "double", "swap", "cut", "crash"]),
                     max_size=100))
def test_lines_dropped_doubled_and_out_of_order_leave_both_sides_equal(tmp_path_factory, plan):
    folder = tmp_path_factory.mktemp("day")
    link = FaultyLink(lambda: Gateway(LATE, folder / "venue.jsonl"), plan)
    client = Client(link)
    client.connect()
    trade(client, 2)
    client.settle()
    same_on_both_sides(client, link.gateway)


@pytest.mark.parametrize("killed_after", [1, 7, 40, 90])
def test_a_client_that_is_killed_goes_on_from_its_file(tmp_path, undisturbed, killed_after):
    gateway, kept = Gateway(DAY), tmp_path / "client.jsonl"

    class Killed(Exception):
        pass

    class Short(EmbeddedLink):
        left = killed_after

        def receive(self, timeout_s):
            Short.left -= 1
            if Short.left == 0:
                raise Killed
            return super().receive(timeout_s)

    client = Client(Short(gateway), kept=kept)
    with pytest.raises(Killed):
        client.connect()
        trade(client, 1)
    client.close()
    with open(kept, "ab") as file:  # it died while it wrote
        file.write(b'{"got":{"type":"bo')
    again = Client(EmbeddedLink(gateway), kept=kept)
    assert again.account.asked == client.account.asked
    again.connect()
    again.step(gateway.core.end_ns)
    same_on_both_sides(again, gateway)


def test_the_same_request_again_is_answered_and_not_carried_out():
    client, gateway = embedded(DAY)
    order = client.new(1, 300, "market")
    client.sync()
    before = outcome(client.account)
    request = {"type": "new", "id": order, "side": 1, "lots": 300, "kind": "market",
               "price_ticks": 0, "sent_ns": 7}
    heard = []
    client.listeners.append(heard.append)
    for changed in (request, request | {"lots": 301}):
        client._send(changed)
        client.status()
    assert [(one["what"], one["reason"]) for one in heard] == [
        ("known", ""), ("rejected", "the id was used for another request")]
    assert {(one["total"], one["filled"]) for one in heard} == {(0, 0)}  # no answer comes sooner
    assert outcome(client.account) == before
    assert gateway.core.market.position == 300


def test_a_journal_replayed_says_the_same_to_the_byte(tmp_path):
    first = Gateway(LATE, tmp_path / "venue.jsonl")
    client = Client(EmbeddedLink(first))
    client.connect()
    trade(client, 3)
    first.close()
    with open(tmp_path / "venue.jsonl", "ab") as file:  # a line that was never written to its end
        file.write(b'{"ns":36030')
    second = Gateway(LATE, tmp_path / "venue.jsonl", durable=True)
    assert second.core.sent == first.core.sent
    assert len(second.core.sent) > 80


def test_a_journal_of_another_day_and_a_damaged_one_are_refused(tmp_path):
    path = tmp_path / "venue.jsonl"
    Gateway(DAY, path).close()
    with pytest.raises(JournalError, match="another day: its seed is 5, not 6"):
        Gateway(LATE, path)
    path.write_bytes(path.read_bytes() + b"nonsense\n" + b'{"ns":1,"request":null}\n')
    with pytest.raises(JournalError, match="line 2 .* is damaged"):
        Gateway(DAY, path)


def test_a_stalled_venue_that_wakes_up_finds_no_other_at_its_journal(tmp_path):
    path = tmp_path / "venue.jsonl"
    stalled = Gateway(DAY, path)
    with pytest.raises(JournalError, match="another venue that is alive holds"):
        Gateway(DAY, path)
    stalled.close()
    Gateway(DAY, path).close()


def test_a_client_refuses_to_go_on_with_another_day(tmp_path):
    client = Client(EmbeddedLink(Gateway(DAY)), kept=tmp_path / "client.jsonl")
    client.connect()
    client.close()
    other = Client(EmbeddedLink(Gateway(LATE)), kept=tmp_path / "client.jsonl")
    with pytest.raises(ValueError, match="another day"):
        other.connect()


def test_reconciliation_names_every_kind_of_difference():
    client, _ = embedded(DAY)
    client.new(1, 100, "market")
    client.sync()
    state, account = client.status(), client.account
    assert reconcile(account, state).is_clean
    wrong = state | {"position": 99, "fills": 5, "cash": 0.0, "fees": 1.0, "untold": 2,
                     "seq": 10**6,
                     "orders": {"n1": [100, 99, 1, 0, True], "x": [1, 0, 0, 1, False]}}
    told = " ".join(reconcile(account, wrong).differences)
    for words in ("of 1000000", "holds back 2", "order n1 is", "never sent", "of 5",
                  "position is 100 here and 99", "cash is", "fees is"):
        assert words in told
    assert "never reached" in " ".join(reconcile(account, state | {"orders": {}}).differences)
