"""Blocks of clients: drawn from their seed, within what was asked, and refused in one sentence."""

import numpy as np
import pytest

from lobsim.envs.clients import URGENCIES, Block, ClientBook, expected_volume
from lobsim.market import UNIVERSE
from small_markets import FLOWS, profile_of

NOON = 43_200


def test_a_day_of_blocks_is_that_of_its_seed():
    book = ClientBook(coverage=0.7)
    first, again = (book.draw(UNIVERSE, 5, NOON, 1560) for _ in range(2))
    other = book.draw(UNIVERSE, 6, NOON, 1560)
    assert first == again and first != other
    assert 20 < sum(block is not None for block in first) < 48
    assert any(block is not None for block in ClientBook(coverage=1e-9).draw(UNIVERSE, 1, NOON, 60))


def test_blocks_are_what_was_asked_for():
    book = ClientBook(volume_share=(0.02, 0.05), caps=(0.2, 0.25), completions=(0.5, 1.0))
    found = [block for seed in range(8) for block in book.draw(UNIVERSE, seed, NOON, 1560)]
    profiles = {profile.name: profile for profile in UNIVERSE}
    share = np.array([one.quantity / expected_volume(profiles[one.name], NOON, one.deadline_s)
                      for one in found])
    lot = np.array([1 / expected_volume(profiles[one.name], NOON, one.deadline_s)
                    for one in found])
    assert ((share > 0.02 - lot) & (share < 0.05 + lot)).all() and share.std() > 0.005
    assert {one.min_completion for one in found} == {0.5, 1.0}
    assert all(0.2 <= one.max_participation <= 0.25 for one in found)
    assert np.mean([one.side for one in found]) == pytest.approx(0, abs=0.15)
    for one in found:
        urgency = URGENCIES[one.urgency]
        low, high = (1560 * end for end in urgency.deadline)
        assert low <= one.deadline_s <= high and one.risk_aversion == urgency.risk_aversion


def test_expected_volume_adds_up_to_the_day_and_follows_the_curve():
    spy = UNIVERSE[0]
    whole = expected_volume(spy, spy.day_start_s, spy.day_end_s - spy.day_start_s)
    assert whole == pytest.approx(spy.daily_volume)
    assert expected_volume(spy, 34_200, 1800) > 1.5 * expected_volume(spy, NOON, 1800)
    plain = profile_of(*FLOWS["poisson"])
    mean = 0.5 * 1 + 0.3 * 4 + 0.2 * 15
    assert expected_volume(plain, NOON, 60) == pytest.approx(60 * 3.0 * mean)
    with pytest.raises(ValueError, match="neither daily_volume nor Takers"):
        expected_volume(profile_of(FLOWS["poisson"][0]), NOON, 60)


@pytest.mark.parametrize("wrong, what", [
    (dict(side=0), "side of the block in X is 0"), (dict(quantity=-1.0), "quantity .* is -1.0"),
    (dict(deadline_s=np.inf), "deadline_s"), (dict(risk_aversion=-0.1), "risk_aversion"),
    (dict(min_completion=1.1), "min_completion"), (dict(max_participation=0.0), "participation")])
def test_a_wrong_block_is_refused(wrong, what):
    with pytest.raises(ValueError, match=what):
        Block(**dict(name="X", side=1, quantity=10, deadline_s=60) | wrong)


@pytest.mark.parametrize("wrong, what", [
    (dict(coverage=0.0), "coverage"), (dict(buy_chance=2.0), "buy_chance"),
    (dict(volume_share=(0.2, 0.1)), "volume_share"), (dict(caps=(0.0, 0.1)), "caps"),
    (dict(completions=()), "completions"), (dict(urgencies={}), "urgencies is empty")])
def test_a_wrong_book_of_clients_is_refused(wrong, what):
    with pytest.raises(ValueError, match=what):
        ClientBook(**wrong)
