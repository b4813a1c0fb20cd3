"""What clients do not allow does not happen, whatever is asked: counted in the fills alone."""

from dataclasses import replace

import numpy as np
import pytest

from desk import BLOCKS, KINDS, hostile, opened
from lobsim.envs import portfolio_layout as pl
from lobsim.envs.clients import Block, ClientBook
from lobsim.envs.portfolio_audit import Auditor
from lobsim.market.parts import Latency

LATE = Latency(feed_s=0.4, order_s=0.7, cancel_s=1.1, order_jitter_s=0.3)
TIGHT = ClientBook(volume_share=(0.02, 0.1), caps=(0.04, 0.3))


def played(kind, seed=1, count=2, **settings):
    """Days under hostile orders, their auditor, and counts of what was enforced."""
    core, outcome = opened(count, seed, actions="orders", **settings)
    auditor, rng, enforced = Auditor(core), np.random.default_rng(seed), np.zeros(4)
    while core.alive.any():
        running = core.alive
        outcome = core.step(hostile(core, rng, kind))
        auditor.look()
        enforced += outcome.info[running, pl.J_CAPPED:pl.J_OVERSHOT + 1].sum(axis=0)
    return core, auditor, dict(zip(("capped", "held_back", "forced", "overshot"), enforced))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("neutral", [None, "dollar", "cash"])
@pytest.mark.parametrize("parts", [(), (LATE,)], ids=["at once", "late"])
def test_no_fill_breaks_a_limit(kind, neutral, parts):
    for seed in range(3):
        _, auditor, _ = played(kind, seed, clients=TIGHT, neutral=neutral, most_net=0.15,
                               parts=parts)
        assert auditor.counts == dict.fromkeys(auditor.counts, 0)
        assert parts or auditor.dry == 0


@pytest.mark.parametrize("kind, what", [("all at once", "overshot"), ("all at once", "capped"),
                                        ("wait", "forced")])
def test_each_enforcement_is_counted(kind, what):
    core, auditor, enforced = played(kind, blocks=BLOCKS)
    assert enforced[what] > 0 and auditor.filled.sum() > 0


def test_a_side_is_held_back_where_the_net_would_be_broken_and_only_there():
    free, _, enforced = played("one side", blocks=BLOCKS)
    assert enforced["held_back"] == 0
    _, auditor, enforced = played("one side", blocks=BLOCKS, neutral="dollar", most_net=0.1)
    assert enforced["held_back"] > 0


def test_what_must_be_done_is_done_by_an_agent_that_never_trades():
    core, auditor, _ = played("wait", blocks=tuple(replace(one, max_participation=1.0)
                                                   for one in BLOCKS))
    least = np.ceil([one.quantity * one.min_completion for one in BLOCKS])
    assert (auditor.filled >= least).all() and (core.filled_lots >= least).all()
    assert (auditor.filled[:, 1] == 81).all()  # and nothing beyond: 0.9 of 90


def test_a_block_that_its_cap_leaves_short_is_told_so():
    huge = (Block("N0", 1, 5000, 60.0, max_participation=0.1),)
    core, auditor, _ = played("all at once", blocks=huge)
    assert (core.told[:, pl.J_CAP] == 1).all() and (core.blocks(0)["ended"] == "cap").all()
    assert auditor.counts["incomplete"] == 0
    share = core.filled_lots[:, 0] / core.volume_lots[:, 0]
    assert ((share <= 0.1) & (share > 0.05)).all()


def test_the_auditor_finds_violations_where_limits_are_not_those_of_the_clients():
    """It is handed days with wider limits than the blocks that it is told of."""
    wide = tuple(replace(one, max_participation=1.0) for one in BLOCKS)
    core, outcome = opened(2, 1, actions="orders", blocks=wide)
    core.days = [day._replace(blocks=tuple(
        replace(one, quantity=0.5 * one.quantity, max_participation=0.05, side=-one.side,
                deadline_s=10.0) for one in BLOCKS)) for day in core.days]
    auditor = Auditor(core)
    while core.alive.any():
        core.step(hostile(core, np.random.default_rng(0), "at random"))
        auditor.look()
    for kind in ("over_cap", "over_quantity", "wrong_side", "after_deadline"):
        assert auditor.counts[kind] > 0


@pytest.mark.parametrize("neutral, kind", [("dollar", "over_net"), (None, "incomplete")])
def test_the_auditor_finds_a_broken_net_and_an_unfinished_block(neutral, kind):
    core, outcome = opened(2, 1, actions="orders", blocks=BLOCKS)
    object.__setattr__(core.settings, "neutral", neutral)  # told to the auditor alone
    object.__setattr__(core.settings, "most_net", 0.0)
    core.bound[:, pl.B_LEAST] = 0  # so that nothing is forced
    auditor = Auditor(core)
    while core.alive.any():
        core.step(hostile(core, np.random.default_rng(0), "one side"))
        auditor.look()
    assert auditor.counts[kind] > 0 and auditor.by_day.sum() == sum(auditor.counts.values())
