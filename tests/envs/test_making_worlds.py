"""Laws of the worlds whose optimum is known: Avellaneda-Stoikov, with a signal, Almgren-Chriss."""

import doctest

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from hypothesis import given, settings
from hypothesis import strategies as st
from stable_baselines3.common.env_checker import check_env as check_env_sb3

from lobsim.envs import (
    chriss,
    drift_signal,
    evaluate_making,
    making_rules,
    oracles,
    seeding,
    signal_oracle,
    stoikov,
)
from lobsim.envs.chriss import AlmgrenChrissEnv, AlmgrenChrissVectorEnv, optimal_policy
from lobsim.envs.drift_signal import DriftSignal
from lobsim.envs.evaluate_making import compare, evaluate, summary
from lobsim.envs.making_rules import LinearQuotes, ModelPolicy, QuotePolicy, tuned_quotes
from lobsim.envs.seeding import episode_seeds
from lobsim.envs.signal_oracle import SignalOracle
from lobsim.envs.stoikov import AvellanedaStoikovEnv, AvellanedaStoikovVectorEnv
from lobsim.strategies import GLFT, AlmgrenChriss, AvellanedaStoikov, QuoteWorld

SIGNAL = DriftSignal()
WORLDS = {
    "pure": (AvellanedaStoikovVectorEnv, AvellanedaStoikovEnv, dict(horizon=0.05)),
    "signal": (AvellanedaStoikovVectorEnv, AvellanedaStoikovEnv, dict(horizon=0.05, signal=SIGNAL)),
    "block": (AlmgrenChrissVectorEnv, AlmgrenChrissEnv, dict(reward="realised")),
}
IDS = {"pure": "lobsim/AvellanedaStoikov-v0", "signal": "lobsim/AvellanedaStoikov-v0",
       "block": "lobsim/AlmgrenChriss-v0"}
each_world = pytest.mark.parametrize("name", WORLDS)


def actions_for(env, count, seed=0):
    """`count` random actions for every environment, some of them outside the action space."""
    shape = (count, env.num_envs, *env.single_action_space.shape)
    return np.random.default_rng(seed).uniform(-1.1, 1.1, shape)


def test_examples_in_the_docstrings_hold():
    for module in (chriss, drift_signal, evaluate_making, making_rules, oracles, seeding,
                   signal_oracle, stoikov):
        result = doctest.testmod(module)
        assert result.attempted and result.failed == 0, module.__name__


# -- the interface -------------------------------------------------------------------------------


@each_world
@pytest.mark.filterwarnings("ignore:.*render.*")
def test_the_checkers_of_gymnasium_and_stable_baselines_are_content(name):
    _, _, arguments = WORLDS[name]
    env = gym.make(IDS[name], **arguments)
    check_env(env.unwrapped, skip_render_check=True)
    check_env_sb3(env.unwrapped)


@each_world
def test_make_vec_gives_the_native_form(name):
    kind, _, arguments = WORLDS[name]
    env = gym.make_vec(IDS[name], num_envs=3, **arguments)
    assert type(env.unwrapped) is kind and env.num_envs == 3
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP


@each_world
def test_one_alone_is_one_of_many_bit_for_bit(name):
    """Three environments over three episodes each, against three scalar ones."""
    kind, scalar, arguments = WORLDS[name]
    many = kind(3, **arguments)
    actions = actions_for(many, 40)
    alone = [scalar(**arguments) for _ in range(3)]
    seen, _ = many.reset(seed=7)
    for i, env in enumerate(alone):
        assert env.reset(seed=7 + i)[0].tobytes() == seen[i].tobytes()
    for t in range(40):
        seen, rewards, terminated, _, info = many.step(actions[t])
        for i, env in enumerate(alone):
            obs, reward, over, _, told = env.step(actions[t, i])
            assert reward == rewards[i] and over == terminated[i]
            if over:
                assert obs.tobytes() == info["final_obs"][i].tobytes()
                assert told["wealth"] == info["final_info"]["wealth"][i]
                obs, told = env.reset()
            assert obs.tobytes() == seen[i].tobytes()
            assert all(told[k] == info[k][i] for k in told)


@each_world
def test_the_ways_to_reset_play_the_same_episodes(name):
    kind, _, arguments = WORLDS[name]
    envs = {mode: kind(2, autoreset_mode=mode, **arguments) for mode in AutoresetMode}
    actions = actions_for(envs[AutoresetMode.SAME_STEP], 40)
    paths = {}
    for mode, env in envs.items():
        path = paths[mode] = [env.reset(seed=3)[0]]
        for t in range(24):
            obs, _, over, _, _ = env.step(np.zeros_like(actions[0]) + actions[len(path) % 5])
            if over.any() and mode is AutoresetMode.NEXT_STEP:
                obs = env.step(actions[0])[0]  # whatever the action
            elif over.any() and mode is AutoresetMode.DISABLED:
                with pytest.raises(gym.error.ResetNeeded):
                    env.step(actions[0])
                obs = env.reset(options={"reset_mask": over})[0]
            path.append(obs)
    same = np.array(paths[AutoresetMode.SAME_STEP])
    for path in paths.values():
        assert np.array(path).tobytes() == same.tobytes()


@each_world
def test_observations_lie_in_their_space_and_are_not_written_again(name):
    kind, _, arguments = WORLDS[name]
    env, bare = kind(4, **arguments), kind(4, copy=False, **arguments)
    kept = [env.reset(seed=1)[0]]
    bare.reset(seed=1)
    for action in actions_for(env, 30):
        before = kept[-1].copy()
        kept.append(env.step(action)[0])
        shown = bare.step(action)[0]
        assert shown.dtype == np.float32 and shown.tobytes() == kept[-1].tobytes()
        assert kept[-2].tobytes() == before.tobytes()
        assert env.observation_space.contains(kept[-1])


def test_seeds_of_episodes_are_hashed():
    seeds = np.array([episode_seeds(s, 0, 50) for s in range(50)])
    assert len(np.unique(seeds)) == seeds.size and (seeds < 2**63).all()
    bits = np.unpackbits(seeds.view(np.uint8).reshape(50, -1), axis=1).astype(float)
    assert np.abs(np.corrcoef(bits[:-1].ravel(), bits[1:].ravel())[0, 1]) < 0.02


def test_paths_of_neighbouring_seeds_are_not_correlated():
    env = AvellanedaStoikovVectorEnv(400)
    env.reset(seed=100)
    mids = []
    for _ in range(200):
        info = env.step(np.zeros((400, 2)))[4]
        mids.append(info["mid"])
    moves = np.diff(np.array(mids[:-1]), axis=0)
    for lag in (1, 2, 3):
        pairs = (moves[:, lag:] * moves[:, :-lag]).mean() / (moves**2).mean()
        assert abs(pairs) < 4 / np.sqrt(moves[:, lag:].size)


@pytest.mark.parametrize("wrong, words", [
    (dict(num_envs=0), "num_envs is 0"), (dict(reward="fun"), "reward is 'fun'"),
    (dict(risk_aversion=0.0), "risk_aversion is 0.0"), (dict(max_skew=-1.0), "max_skew is -1.0"),
    (dict(step=0.3), "step is 0.3")])
def test_wrong_arguments_are_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        AvellanedaStoikovVectorEnv(**wrong)


def test_wrong_use_is_refused():
    env = AvellanedaStoikovVectorEnv(2)
    with pytest.raises(gym.error.ResetNeeded):
        env.step(np.zeros((2, 2)))
    env.reset(seed=1)
    with pytest.raises(ValueError, match="shape"):
        env.step(np.zeros(2))
    with pytest.raises(ValueError, match="not a number"):
        env.step(np.full((2, 2), np.nan))
    with pytest.raises(ValueError, match="seed has 3 entries"):
        env.reset(seed=[1, 2, 3])


# -- accounts and rewards ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pure", "signal"])
@settings(max_examples=6)
@given(seed=st.integers(0, 2**62), cap=st.integers(1, 15))
def test_wealth_is_the_sum_of_its_terms_and_the_cap_holds(name, seed, cap):
    _, _, arguments = WORLDS[name]
    env = AvellanedaStoikovVectorEnv(5, max_inventory=cap, reward="risk",
                                     autoreset_mode="Disabled", **arguments)
    _, info = env.reset(seed=seed)
    for action in actions_for(env, env.world.steps, seed % 1000):
        before, (_, reward, _, _, info) = info, env.step(action)
        change = info["wealth"] - before["wealth"]
        assert change == pytest.approx(info["spread_gain"] + info["inventory_gain"], abs=1e-9)
        assert reward == pytest.approx(change + info["risk_penalty"], abs=1e-9)
        assert info["wealth"] == pytest.approx(info["cash"] + info["inventory"] * info["mid"])
        assert (np.abs(info["inventory"]) <= cap).all()


@pytest.mark.parametrize("signal", [None, SIGNAL])
def test_expected_rewards_are_the_means_of_the_realised_ones(signal):
    """Many worlds in one state: the realised reward averages to the expected ones."""
    n = 10_000
    arguments = dict(signal=signal, max_inventory=2, autoreset_mode="Disabled")
    envs = {form: AvellanedaStoikovVectorEnv(n, reward=form, **arguments)
            for form in ("risk", "expected", "mean")}
    action = np.tile([0.1, 0.2], (n, 1))
    rewards = {}
    for form, env in envs.items():
        env.reset(seed=4)
        env._core.states[:, 2] = 1.0  # one quote held
        if signal:
            env._core.states[:, 3] = 5.0  # the drift
        rewards[form] = env.step(action)[1]
    assert np.ptp(rewards["mean"]) == 0
    for form in ("risk", "expected"):
        error = rewards[form].std() / n**0.5
        assert abs(rewards[form].mean() - rewards["mean"][0]) < 4 * error
    assert rewards["expected"].std() < 0.75 * rewards["risk"].std()


def test_a_mark_at_the_fill_is_worth_what_the_drift_does_later():
    """Each step by formula; over an episode both rewards have the same mean, with big marks."""
    n, steps, step = 20_000, 10, 0.005
    envs = {form: AvellanedaStoikovVectorEnv(n, signal=SIGNAL, horizon=0.05, reward=form)
            for form in ("mean", "marked")}
    obs = [env.reset(seed=7)[0] for env in envs.values()][0]
    rule = QuotePolicy(envs["mean"], LinearQuotes(half=0.6, lean=0.05, weight=0.08))
    keep, marks, difference = np.exp(-SIGNAL.reversion * step), np.zeros(n), np.zeros(n)
    for k in range(steps):
        held, _, _, seen = envs["mean"].read(obs)
        drift, action = envs["mean"]._core.states[:, 3].copy(), rule(obs)
        bid, ask = envs["mean"].distances_of(action)
        buys, sells = (np.minimum(140 * step * np.exp(-1.5 * side), 1) for side in (bid, ask))
        (obs, mean, *_), (_, marked, *_) = (env.step(action) for env in envs.values())
        mark = (buys - sells) * seen * step * sum(keep**j for j in range(steps - k))
        assert marked - mean == pytest.approx(mark - (held + buys - sells) * drift * step, abs=1e-6)
        marks, difference = marks + mark, difference + marked - mean
    assert abs(difference.mean()) < 4 * difference.std() / n**0.5 < 0.1 * marks.mean()


def test_utility_comes_at_the_end_and_centring_is_a_constant():
    forms = dict(utility=dict(reward="utility"), pnl=dict(reward="pnl"),
                 centred=dict(reward="pnl", centred=True))
    sums = {}
    for name, arguments in forms.items():
        env = AvellanedaStoikovVectorEnv(3, autoreset_mode="Disabled", horizon=0.1, **arguments)
        env.reset(seed=2)
        path = [env.step(np.zeros((3, 2))) for _ in range(env.world.steps)]
        sums[name] = np.array([step[1] for step in path])
    wealth = path[-1][4]["wealth"]
    assert sums["pnl"].sum(0) == pytest.approx(wealth, abs=1e-9)
    assert (sums["utility"][:-1] == 0).all()
    assert sums["utility"][-1] == pytest.approx((1 - np.exp(-0.1 * wealth)) / 0.1)
    less = sums["pnl"] - sums["centred"]
    assert less == pytest.approx(np.full(less.shape, 2 * 140 * 0.005 / (np.e * 1.5)))


def test_blind_agents_see_no_signal_in_the_same_market():
    seeing, blind = (AvellanedaStoikovVectorEnv(4, signal=SIGNAL, blind=b) for b in (False, True))
    a, b = seeing.reset(seed=5)[0], blind.reset(seed=5)[0]
    for _ in range(50):
        assert (b[:, 2:] == 0).all() and a[:, :2].tobytes() == b[:, :2].tobytes()
        (a, r, *_), (b, s, *_) = (env.step(np.zeros((4, 2))) for env in (seeing, blind))
        assert (r == s).all()
    assert np.abs(a[:, 2:]).min() > 0


def test_the_estimate_is_the_best_guess_of_the_drift():
    env = AvellanedaStoikovVectorEnv(10_000, signal=SIGNAL)
    obs, info = env.reset(seed=9)
    _, _, variance = SIGNAL.filter_terms(env.world.step)
    for _ in range(4):
        error = info["drift"] - env.read(obs)[3]
        assert error.var() == pytest.approx(variance, rel=0.05)
        assert info["drift"].var() == pytest.approx(SIGNAL.drift_std**2, rel=0.05)
        assert abs(np.corrcoef(error, env.read(obs)[3])[0, 1]) < 4 / 10_000**0.5
        for _ in range(10):
            obs, *_, info = env.step(np.zeros((10_000, 2)))


# -- optima --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pure():
    return AvellanedaStoikovVectorEnv(500)


def best_policy(env):
    bid, ask = env.world.best_tables(env.risk_aversion)

    def quotes(inventory, left, _):
        n = np.rint((env.world.horizon - left) / env.world.step).astype(int)
        k = inventory.astype(int) + env.world.edge
        return bid[n, k], ask[n, k]

    return QuotePolicy(env, quotes)


def test_exact_values_in_the_pure_world_are_the_known_ones(pure):
    policies = [ModelPolicy(pure, AvellanedaStoikov(0.1, 2, 1.5)),
                ModelPolicy(pure, GLFT(0.1, 2, 140, 1.5, 15, solution="closed")),
                best_policy(pure)]
    values = [oracles.certainty_equivalent(pure, policy) for policy in policies]
    assert values == pytest.approx([62.787, 65.187, 65.249], abs=5e-3)  # cut to the action space
    moments = oracles.exact_moments(pure.world, *pure.world.best_tables(0.1))
    assert moments[:2] == pytest.approx([67.83, 7.23], abs=0.01)
    aversion, value = oracles.best_risk_aversion(pure.world, 0.1)
    assert 0.02 < aversion < 0.03 and value == pytest.approx(64.98, abs=0.01)


@settings(max_examples=8)
@given(half=st.floats(-0.5, 0.9), lean=st.floats(-0.5, 0.5), slope=st.floats(-0.3, 0.3))
def test_no_policy_beats_the_optimum_exactly(half, lean, slope):
    env = AvellanedaStoikovVectorEnv(horizon=0.2, max_inventory=6)

    def policy(obs):
        return np.clip(np.stack([half + slope * obs[:, 1], -lean * 6 * obs[:, 0]], -1), -1, 1)

    assert (oracles.certainty_equivalent(env, policy)
            <= oracles.optimum(env.world, env.risk_aversion) + 1e-12)


def test_simulation_agrees_with_the_exact_values(pure):
    policies = {"a-s": ModelPolicy(pure, AvellanedaStoikov(0.1, 2, 1.5)),
                "best": best_policy(pure), "zero": lambda obs: np.zeros((len(obs), 2))}
    table = evaluate(pure, policies, 2000, seed=10)
    rows = summary(table, pure.risk_aversion, confidence=0.9999)
    best = oracles.optimum(pure.world, 0.1)
    for name in ("a-s", "best"):  # the tail of "zero" is too heavy for a normal interval
        exact = oracles.certainty_equivalent(pure, policies[name])
        assert rows.loc[name, "ce_low"] < exact < rows.loc[name, "ce_high"]
        assert rows.loc[name, "ce_low"] < best
    moments = oracles.exact_moments(pure.world, *oracles.policy_tables(pure, policies["zero"]))
    assert abs(rows.loc["zero", "mean"] - moments.profit) < 4 * moments.std_profit / 2000**0.5
    assert rows.loc["zero", "std"] == pytest.approx(moments.std_profit, rel=0.08)
    # What was held and earned adds up, and the paired table says who is better.
    parts = table["spread_gain"] + table["inventory_gain"]
    assert table["profit"].to_numpy() == pytest.approx(parts.to_numpy())
    against = compare(table, "best", 0.1)
    assert against.loc["a-s", "ce_high"] < 0 < against.loc["zero", "mean_high"]


def test_the_signal_oracle_without_a_signal_is_that_of_the_pure_world():
    world = QuoteWorld(horizon=0.2, max_inventory=8)
    flat = SignalOracle(world, DriftSignal(drift_std=0.0, impact=0.0))
    assert flat.optimum == pytest.approx(oracles.optimum(world, 0.1), abs=1e-9)
    model = AvellanedaStoikov(0.1, 2, 1.5)
    tables = flat.tables(lambda q, left, m: model.depths(q, left))
    assert flat.value(*tables) == pytest.approx(
        world.certainty_equivalent(*world.tables(model), 0.1), abs=1e-9)


def test_the_signal_oracle_settles_as_its_grid_becomes_fine():
    world = QuoteWorld(horizon=0.3, max_inventory=8)
    values = [SignalOracle(world, SIGNAL, points=points).optimum for points in (21, 41, 81)]
    assert abs(values[2] - values[1]) < abs(values[1] - values[0]) < 0.02


@pytest.fixture(scope="module")
def short_signal():
    env = AvellanedaStoikovVectorEnv(1000, signal=SIGNAL, horizon=0.5, max_inventory=10)
    return env, SignalOracle(env.world, SIGNAL, 0.1, points=21)


def test_knowledge_of_the_drift_is_worth_something_at_every_stage(short_signal):
    env, oracle = short_signal
    rules = {aware: tuned_quotes(oracle, aware=aware) for aware in (False, True)}
    blind, aware = (oracle.value(*oracle.tables(rules[a])) for a in (False, True))
    assert rules[False].weight == 0 < rules[True].weight
    assert blind + 0.5 < aware < oracle.optimum < oracle.informed().optimum
    for rule in rules.values():
        for change in (dict(half=0.05), dict(lean=0.05), dict(lean=-0.05)):
            moved = LinearQuotes(rule.half + change.get("half", 0),
                                 lean=rule.lean + change.get("lean", 0), weight=rule.weight)
            assert oracle.value(*oracle.tables(moved)) < oracle.value(*oracle.tables(rule)) + 2e-3


def test_simulation_in_the_signal_world_agrees_with_dynamic_programming(short_signal):
    env, oracle = short_signal
    policies = {"best": QuotePolicy(env, oracle.best_quotes),
                "linear": QuotePolicy(env, LinearQuotes(0.77, lean=0.08, weight=0.04))}
    rows = summary(evaluate(env, policies, 4000, seed=77), 0.1, confidence=0.9999)
    for name, policy in policies.items():
        value = oracles.certainty_equivalent(env, policy)
        assert rows.loc[name, "ce_low"] < value < rows.loc[name, "ce_high"]
        assert rows.loc[name, "ce_low"] < oracle.informed().optimum


# -- Almgren and Chriss --------------------------------------------------------------------------


def played(env, policy, seed=1):
    """Sums of rewards of one episode of every environment, and the last info."""
    obs, _ = env.reset(seed=seed)
    total = np.zeros(env.num_envs)
    for _ in range(env.model.periods):
        obs, rewards, _, _, info = env.step(policy(obs))
        total += rewards
    return total, info["final_info"]


def test_the_paper_s_optimum_and_twap_cost_what_the_paper_says():
    env = AlmgrenChrissVectorEnv(2)
    best, info = played(env, optimal_policy(env))
    assert -best == pytest.approx(env.bps(1_275_355.56), abs=1e-6)
    assert env.optimum_bps == pytest.approx(env.bps(1_275_355.56), abs=1e-6)
    assert (info["inventory"] == 0).all()
    even = played(env, lambda obs: np.zeros((2, 1)))[0]
    assert -even == pytest.approx(env.bps(1_745_500.0), abs=1e-6)


@settings(max_examples=50)
@given(actions=st.lists(st.floats(-1, 1), min_size=8, max_size=8), aversion=st.floats(0, 1e-5))
def test_no_schedule_beats_almgren_and_chriss(actions, aversion):
    model = AlmgrenChriss(1e5, 2.0, 8, volatility=0.9, temporary=2e-6, permanent=3e-7,
                          half_spread=0.01)
    env = AlmgrenChrissVectorEnv(model=model, risk_aversion=aversion, autoreset_mode="Disabled")
    env.reset(seed=1)
    path, total = [model.quantity], 0.0
    for action in actions:
        _, reward, _, _, info = env.step(np.array([[action]]))
        total += reward[0]
        path.append(info["inventory"][0])
    assert -total >= env.optimum_bps - 1e-9
    assert -total == pytest.approx(env.bps(model.objective(path, aversion)), rel=1e-9)


def test_looking_at_the_price_does_not_help_under_the_running_penalty():
    env = AlmgrenChrissVectorEnv(4000, reward="realised")
    base = optimal_policy(env)
    costs = {}
    for name, weight in (("static", 0.0), ("faster when up", 0.3), ("faster when down", -0.3)):
        total, info = played(env, lambda obs: np.clip(base(obs) + weight * obs[:, 2:], -1, 1), 50)
        costs[name] = -total
        error = total.std() / 4000**0.5
        assert costs[name].mean() > env.optimum_bps - 4 * error
        # The account: what was paid in at the start comes out as cash.
        assert (info["wealth"] == info["cash"]).all()
    assert abs(costs["static"].mean() - env.optimum_bps) < 4 * costs["static"].std() / 4000**0.5
