"""Without Numba's compiler a market has the same bits: the kernels are plain Python as well."""

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from lobsim.market.parts import FillRule, Halts, Latency, Metaorders, Predator, Recorded
from small_markets import FLOWS, START_S, market_of

SECONDS = 4
MAX_LIVE = 192
CASES = (*FLOWS, "large and late", "no_impact", "touch", "probability", "replay")


def parts_of(case):
    if case in FLOWS:
        return FLOWS[case]
    if case == "large and late":
        return (*FLOWS["poisson"], Metaorders(9000.0, 30.0, 5.0, 0.3),
                Predator(2.0, 20.0, 2.0, 0.5, 0.2), Latency(0.1, 0.2, 0.1, 0.05, 0.05, 0.05),
                Halts(((START_S + 2.0, 0.5),)))
    if case == "replay":
        first = market_of(*FLOWS["queues"], seconds=SECONDS, record=True, max_live=MAX_LIVE)
        first.advance(START_S + SECONDS)
        recording = first.record()
        return (Recorded(recording.messages, recording.initial),)
    return (*FLOWS["poisson"], FillRule(case, 5.0, 0.1))


def digest(case):
    """A hash of all that a short market with own orders has recorded."""
    market = market_of(*parts_of(case), seconds=SECONDS, record=True, max_live=MAX_LIVE, seed=3)
    for k in range(1, 8):
        market.advance(START_S + 0.4 * k)
        if np.isfinite(market.mid):
            market.submit(1 if k % 2 else -1, 3, market.best_bid if k % 2 else market.best_ask)
            market.submit(-1 if k % 2 else 1, 1, kind="market")
        if k == 4:
            for order in market.open_orders[:1]:
                market.replace(order.order_id, order.price, 5)
        if k == 6:
            market.cancel_all()
    market.advance(START_S + SECONDS)
    recording = market.record()
    told = hashlib.sha256()
    for table in (recording.messages, recording.fills):
        for name in table.dtype.names:
            told.update(np.ascontiguousarray(table[name]).tobytes())
    for frame in (recording.tops, market.own_fills):
        told.update(frame.to_numpy(dtype=float).tobytes())
    told.update(market.reports.drop(columns=["what", "reason"]).to_numpy(dtype=float).tobytes())
    told.update(market._flow.level.tobytes() + market._flow.clock.tobytes())
    return told.hexdigest(), len(recording.messages)


@pytest.fixture(scope="module")
def uncompiled():
    """Digests from a process without the compiler."""
    here = os.path.dirname(os.path.abspath(__file__))
    script = ("import json, sys; sys.path.insert(0, sys.argv[1])\n"
              "import test_market_uncompiled as t\n"
              "print(json.dumps({case: t.digest(case) for case in t.CASES}))")
    run = subprocess.run([sys.executable, "-W", "error", "-c", script, here], text=True,
                         capture_output=True, env=os.environ | {"NUMBA_DISABLE_JIT": "1"})
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("case", CASES)
def test_uncompiled_gives_the_same_bits(case, uncompiled):
    told, messages = digest(case)
    assert messages > 10
    assert uncompiled[case] == [told, messages]
