"""Random streams: right distributions, unrelated seeds, the same numbers compiled or not."""

import os
import subprocess
import sys

import numpy as np
import pytest

from lobsim.market import Market, rng
from lobsim.market.state import L_AHEAD


def words(seed, stream, count):
    with np.errstate(over="ignore"):
        key = np.uint64(rng.stream_key(np.uint64(seed), np.uint64(stream)))
        return [np.uint64(rng.word(key, np.uint64(k))) for k in range(count)]


def test_mix_is_splitmix64():
    """First outputs of the published generator from state 0 (Vigna's reference: e220a839...)."""
    with np.errstate(over="ignore"):
        first = [int(rng.word(np.uint64(0), np.uint64(k))) for k in range(3)]
    assert first == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


@pytest.mark.parametrize("function, mean, std, third", [
    (rng.uniform, 0.5, 12**-0.5, 0.0), (rng.exponential, 1.0, 1.0, 2.0),
    (rng.normal, 0.0, 1.0, 0.0)])
def test_moments(function, mean, std, third):
    draws = np.array([function(bits) for bits in words(3, 1, 40_000)])
    error = std / 200
    assert draws.mean() == pytest.approx(mean, abs=4 * error)
    assert draws.std() == pytest.approx(std, abs=5 * error)
    assert (((draws - mean) / std)**3).mean() == pytest.approx(third, abs=0.25)


def test_exponential_equals_minus_log_of_its_uniform():
    for bits in words(5, 2, 300):
        u = int(bits) / 2**64
        assert rng.exponential(bits) == pytest.approx(-np.log(u), rel=1e-6, abs=3e-7)


def test_exponential_survives_the_extreme_words():
    assert rng.exponential(np.uint64(2**64 - 1)) == pytest.approx(0.0, abs=1e-6)
    assert 40 < rng.exponential(np.uint64(0)) < 50


def path(seed, minutes=20):
    market = Market("SPY", seed, 36_000, 36_000 + 60 * minutes, keep_trades=False)
    values = []
    for k in range(minutes * 6):
        market.advance(36_000 + 10 * k)
        values.append(market._flow.level[L_AHEAD])
    return np.diff(values)


def test_price_paths_of_consecutive_seeds_are_uncorrelated_at_every_shift():
    paths = np.array([path(seed) for seed in range(24)])
    moves = (paths - paths.mean(axis=1, keepdims=True)) / paths.std(axis=1, keepdims=True)
    n = moves.shape[1]
    for shift in (0, 1, 2, 6):
        for apart in (1, 2, 3):
            left, right = moves[:-apart, shift:], moves[apart:, :n - shift]
            correlation = (left * right).mean()
            assert abs(correlation) < 4.5 / np.sqrt(left.size), (shift, apart)


def test_final_prices_over_seeds_have_the_stated_volatility():
    ends = np.array([path(seed, minutes=5).sum() for seed in range(400, 520)])
    minute_bps = ends.std() / np.sqrt(5 - 1 / 6) / 16_800 * 1e4
    assert 2.5 < minute_bps < 4.6  # 3.8 bps on average, 0.97 of it at this time of day
    assert abs(np.corrcoef(ends[:-1], ends[1:])[0, 1]) < 0.3


def test_dice_streams_are_reproducible_and_distinct():
    first, again, other = rng.Dice(1, 5), rng.Dice(1, 5), rng.Dice(1, 6)
    a = first.uniform(100)
    assert np.array_equal(a[:40], again.uniform(40)) and np.array_equal(a[40:], again.uniform(60))
    assert abs(np.corrcoef(a, other.uniform(100))[0, 1]) < 0.4
    assert set(first.choice(500, [1, 2], [1.0, 0.0])) == {1}
    assert set(first.integers(500, 3, 6)) == {3, 4, 5}


def test_uncompiled_market_is_the_same_market(tmp_path):
    """NUMBA_DISABLE_JIT gives the same bits, so the kernels mean what their text says."""
    code = ("from lobsim.market import Market\n"
            "m = Market('SPY', 3, 36000, 36002)\n"
            "m.advance(36001); m.submit('buy', 900, kind='market'); m.advance(36002)\n"
            "print(repr((m.mid, m.volume, m.cash, m.depth(9).bid_size.tolist())))\n")
    market = Market("SPY", 3, 36_000, 36_002)
    market.advance(36_001)
    market.submit("buy", 900, kind="market")
    market.advance(36_002)
    expected = repr((market.mid, market.volume, market.cash, market.depth(9).bid_size.tolist()))
    run = subprocess.run([sys.executable, "-W", "error::RuntimeWarning", "-c", code],
                         capture_output=True, text=True, cwd=tmp_path,
                         env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, timeout=300)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == expected
