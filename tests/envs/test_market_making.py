"""Laws of market making in a real book: the same orders as the strategies', accounts, limits."""

import doctest
import math

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.env_checker import check_env as check_env_sb3

from lobsim.envs import making
from lobsim.envs.evaluate_making import evaluate, summary
from lobsim.envs.making import (MAKER_REBATE, QUIET, TRENDS, MarketMakingEnv,
                                MarketMakingVectorEnv)
from lobsim.envs.making_rules import (LinearQuotes, ModelPolicy, QuotePolicy, SignalQuotes,
                                      tuned_by_play)
from lobsim.envs.seeding import episode_seeds
from lobsim.market import Market
from lobsim.market.parts import Fees, Latency, Predator, Regime, Regimes, Takers
from lobsim.strategies import AvellanedaStoikov, MakingSession, Quotes, make_markets

START, LENGTH = 36_000, 40
SLOW = Latency(feed_s=0.3, order_s=0.4, cancel_s=0.9, order_jitter_s=0.2, cancel_jitter_s=0.5)
DEAR = Fees(maker_fee=0.3, taker_fee=2.0, fee_unit="bps", cancel_fee=0.01)
SHORT = dict(session_s=LENGTH, start_s=START)
NARROW = dict(half_spread_ticks=3.0, max_skew_ticks=3.0)  # so that a short session sees fills


def actions_for(env, count, seed=0):
    """Random actions that rest near the mid for a few looks each, so that orders fill and stay."""
    rng = np.random.default_rng(seed)
    shape = (-(-count // 4), env.num_envs, *env.single_action_space.shape)
    held = rng.uniform(-1.05, 0.1, shape)
    held[..., 1] = rng.uniform(-0.6, 0.6, shape[:-1])
    return np.repeat(held, 4, axis=0)[:count]


def run(env, actions, seed=5):
    """Play one episode; returns what every step returned, the last info in place of the next."""
    path = [env.reset(seed=seed)]
    for action in actions:
        path.append(env.step(action))
    return path


def test_examples_in_the_docstrings_hold():
    result = doctest.testmod(making)
    assert result.attempted and result.failed == 0


@pytest.mark.filterwarnings("ignore:.*render.*")
def test_the_checkers_of_gymnasium_and_stable_baselines_are_content():
    env = gym.make("lobsim/MarketMaking-v0", session_s=5, sizes=True)
    check_env(env.unwrapped, skip_render_check=True)
    check_env_sb3(env.unwrapped)
    many = gym.make_vec("lobsim/MarketMaking-v0", num_envs=2, session_s=5)
    assert type(many.unwrapped) is MarketMakingVectorEnv
    assert many.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP


class Scripted:
    """The environment's actions as a `Maker`: quotes worked out anew, in plain Python."""

    interval_s = 1.0

    def __init__(self, env, actions):
        self.env, self.actions = env, actions

    def reset(self, session, market):
        self.k = 0

    def quote(self, state):
        a = np.clip(self.actions[self.k], -1, 1)
        self.k += 1
        half = self.env.half_spread_ticks * (1 + a[0])
        shift = self.env.max_skew_ticks * a[1]
        bid = min(math.ceil(state.mid_ticks - half + shift - 0.5 - 1e-9), state.ask_ticks - 1)
        ask = max(math.floor(state.mid_ticks + half + shift + 0.5 + 1e-9), state.bid_ticks + 1)
        if bid >= ask:
            bid, ask = (bid, bid + 1) if shift >= 0 else (ask - 1, ask)
        return Quotes(bid, ask, self.env.quote_size, self.env.quote_size)


@pytest.mark.parametrize("parts", [(TRENDS, MAKER_REBATE), (DEAR, SLOW)], ids=["prompt", "slow"])
@pytest.mark.parametrize("seed", [1, 2])
def test_it_is_the_same_session_as_that_of_the_strategies(parts, seed):
    env = MarketMakingVectorEnv(1, parts=parts, max_inventory=0.05, autoreset_mode="Disabled",
                                session_s=120, start_s=START, **NARROW)
    actions = actions_for(env, 120, seed)
    path = run(env, actions, seed)
    market = Market(env.profile, seed=int(episode_seeds(seed, 0, 1)[0]), start_s=START,
                    end_s=START + 300, keep_trades=False)
    session = MakingSession(START, START + 120, env.quote_size, 0.05, flatten=True)
    done = make_markets(market, Scripted(env, actions[:, 0]), session)
    last = path[-1][4]
    assert len(done.fills) > 5
    assert last["fills"][0] == len(done.fills) and last["orders_sent"][0] == done.orders_sent
    assert last["cancels_sent"][0] == done.cancels_sent and last["refused"][0] == done.refused
    assert last["wealth"][0] == pytest.approx(done.value, abs=1e-8)
    assert last["fees"][0] == pytest.approx(done.fees, abs=1e-9)
    assert last["inventory"][0] == pytest.approx(done.inventory, abs=1e-12)
    looks = done.path.iloc[1:120]
    for name in ("mid", "inventory"):
        seen = np.array([step[4][name][0] for step in path[1:120]])
        assert seen == pytest.approx(looks[name].to_numpy(), abs=1e-9)


@pytest.mark.parametrize("arguments", [dict(), dict(parts=(TRENDS, DEAR, SLOW), sizes=True)],
                         ids=["prompt", "slow"])
def test_wealth_is_the_sum_of_its_terms_and_the_limit_holds(arguments):
    weights = {"spread": 2.0, "adverse": -1.0, "inventory": 0.5, "fees": 3.0, "risk": 0.7,
               "news": -0.8, "foresight": 0.6}
    env = MarketMakingVectorEnv(6, max_inventory=0.04, autoreset_mode="Disabled", weights=weights,
                                reward_scale=0.3, **SHORT | NARROW | dict(session_s=120),
                                **arguments)
    path = run(env, actions_for(env, 120))
    before = path[0][1]
    assert (before["wealth"] == 0).all()
    for obs, reward, _, _, info in path[1:]:
        money = [info[name] for name in env.sum_names[:4]]
        assert info["wealth"] - before["wealth"] == pytest.approx(sum(money), abs=1e-7)
        assert info["wealth"] == pytest.approx(
            info["cash"] + info["inventory"] * info["mid"], abs=1e-6)
        assert info["fees"] - before["fees"] == pytest.approx(-info["fee_gain"], abs=1e-9)
        terms = [info[name] for name in env.sum_names]
        weighted = sum(w * term for w, term in zip(weights.values(), terms, strict=True)) / 0.3
        assert reward == pytest.approx(weighted, abs=1e-6)
        assert (np.abs(info["inventory"]) <= 0.04 + 1e-12).all()
        sigma = env.profile.volatility_ticks_per_sqrt_s
        assert info["risk_penalty"] == pytest.approx(
            -0.5 * 0.1 * sigma**2 * info["inventory"]**2, abs=1e-12)
        assert env.observation_space.contains(obs)
        before = info
    assert (info["inventory"] == 0).all() and (info["fills"] > 3).all()
    assert max(np.abs(step[4]["inventory"]).max() for step in path[1:]) > 0.02


RESTLESS = Regimes((Regime("up", 1.0, trend_bps_per_min=9.0),
                    Regime("down", 1.0, trend_bps_per_min=-9.0)))


@pytest.mark.parametrize("parts", [(MAKER_REBATE,), (RESTLESS, MAKER_REBATE)],
                         ids=["no trend", "trends"])
def test_news_is_the_change_of_the_exogenous_price_seen_ahead_less_its_trend(parts):
    env = MarketMakingVectorEnv(1, parts=parts, autoreset_mode="Disabled",
                                **SHORT | NARROW | dict(session_s=130))
    path = run(env, actions_for(env, 130), seed=4)
    ahead_s = round(env.profile.part(Takers).lookahead_s, 1)  # on the grid of the path
    market = Market(env.profile, seed=int(episode_seeds(4, 0, 1)[0]), start_s=START,
                    end_s=START + 200, keep_trades=False)
    seen, trends = [], []
    for k in range(10 * 131):
        market.advance(START + ahead_s + k / 10)
        seen.append(market.efficient_price)
        trends.append({"up": 9.0, "down": -9.0, "": 0.0}[market.regime])
    assert len(set(trends)) == len(parts)
    bps = env.profile.start_price * 1e-4
    held, sizes = 0.0, []
    for k, step in enumerate(path[1:130]):  # the last one goes on until all is flat
        first, last = 10 * k, 10 * (k + 1)
        expected = sum(trends[first + 1:last + 1]) / 600 * bps
        news = seen[last] - seen[first] - expected
        assert step[4]["news_gain"][0] == pytest.approx(held * news, abs=1e-6)
        held = step[4]["inventory"][0]
        sizes.append(abs(held))
    assert np.mean(np.array(sizes) > 0) > 0.3


def test_foresight_comes_back_to_zero_and_news_is_unbiased_for_who_follows_trends():
    env = MarketMakingVectorEnv(48, autoreset_mode="Disabled", parts=(RESTLESS, MAKER_REBATE),
                                session_s=150, slow_s=20, **NARROW)
    rule = QuotePolicy(env, LinearQuotes(1.0, lean=0.2, weight=1.5))
    obs, _ = env.reset(seed=70)
    foresight, news, wealth = np.zeros((3, env.num_envs))
    largest = 0.0
    for _ in range(env.steps):
        obs, *_, info = env.step(rule(obs))
        foresight += info["foresight_gain"]
        news += info["news_gain"]
        largest = max(largest, np.abs(foresight).max())
    assert largest > 0.1 and foresight == pytest.approx(np.zeros(env.num_envs), abs=1e-9)
    wealth = info["wealth"]
    assert abs(news.mean()) < 4 * news.std(ddof=1) / math.sqrt(env.num_envs)
    assert (wealth - news).std() < 0.9 * wealth.std()  # it is what it is for


def test_quiet_rewards_are_less_noisy_and_say_the_same_of_whole_sessions():
    loud, quiet = (MarketMakingVectorEnv(16, weights=weights, autoreset_mode="Disabled",
                                         session_s=90) for weights in (None, QUIET))
    actions = actions_for(loud, 90)
    paths = [run(env, actions)[1:] for env in (loud, quiet)]
    noisy, calm = (np.array([step[1] for step in path]) for path in paths)
    assert calm[:-1].std() < 0.7 * noisy[:-1].std()  # the last step pays for flattening in both
    news = sum(step[4]["news_gain"] for step in paths[0])
    assert calm.sum(0) == pytest.approx(noisy.sum(0) - news, abs=1e-6)


def test_averages_are_those_of_changes_cut_at_jump_std():
    env = MarketMakingVectorEnv(8, jump_std=0.5, fast_s=4, slow_s=20, **SHORT)
    whole = MarketMakingVectorEnv(8, fast_s=4, slow_s=20, **SHORT)
    fast, slow = np.zeros((2, 8))
    actions = actions_for(env, LENGTH - 1)
    cut, uncut = run(env, actions), run(whole, actions)
    for one, other in zip(cut, uncut):
        steady = np.clip(one[0][:, 7], -0.5, 0.5)
        fast += (steady - fast) / 4
        slow += (steady - slow) / 20
        assert one[0][:, 8] == pytest.approx(fast * math.sqrt(7), abs=1e-5)
        assert one[0][:, 9] == pytest.approx(slow * math.sqrt(39), abs=1e-5)
        others = [k for k in range(15) if k not in (8, 9)]
        assert one[0][:, others].tobytes() == other[0][:, others].tobytes()
    assert np.abs(uncut[-1][0][:, 9] - cut[-1][0][:, 9]).max() > 0.3


def test_one_alone_is_one_of_many_bit_for_bit():
    arguments = dict(parts=(TRENDS, MAKER_REBATE, SLOW), session_s=15)
    many, alone = MarketMakingVectorEnv(3, **arguments), MarketMakingEnv(**arguments)
    actions = actions_for(many, 34)
    paths = {}
    for i in (2, 0):
        paths[i] = [alone.reset(seed=8 + i)[0]]
        for action in actions[:, i]:
            obs, reward, over, _, info = alone.step(action)
            paths[i].append((reward, info["wealth"], info["fills"]))
            if over:
                obs, _ = alone.reset()
            paths[i].append(obs)
    seen, _ = many.reset(seed=8)
    together = {i: [seen[i]] for i in paths}
    for action in actions:
        seen, rewards, over, _, info = many.step(action)
        told = info["final_info"] if over.any() else info
        for i, path in together.items():
            path += [(rewards[i], told["wealth"][i], told["fills"][i]), seen[i]]
    for i, path in paths.items():
        assert len(path) == len(together[i])
        for a, b in zip(path, together[i]):
            assert a == b if isinstance(a, tuple) else a.tobytes() == b.tobytes()


def test_the_same_seed_gives_the_same_session_and_another_one_another():
    env = MarketMakingVectorEnv(4, session_s=10)
    actions = actions_for(env, 8)
    first, again, other = run(env, actions), run(env, actions), run(env, actions, seed=50)
    for a, b in zip(first, again):
        assert a[0].tobytes() == b[0].tobytes()
    assert len({step[0].tobytes() for step in (first[-1], other[-1])}) == 2
    assert len({row.tobytes() for row in first[-1][0]}) == 4


def test_without_orders_of_the_maker_the_market_is_that_of_the_seed():
    env = MarketMakingVectorEnv(2, sizes=True, **SHORT)
    env.reset(seed=3)
    mids = [env.step(-np.ones((2, 4)))[4]["mid"] for _ in range(LENGTH - 1)]
    market = Market(env.profile, seed=int(episode_seeds(4, 0, 1)[0]), start_s=START,
                    end_s=START + 60, keep_trades=False)
    for k, mid in enumerate(mids):
        market.advance(START + k + 1)
        assert mid[1] == market.mid


def test_blind_makers_see_their_own_state_only():
    seeing, blind = (MarketMakingVectorEnv(2, blind=b, **SHORT) for b in (False, True))
    actions = actions_for(seeing, 30)
    for a, b in zip(run(seeing, actions), run(blind, actions)):
        assert (b[0][:, 3:11] == 0).all()
        own = [0, 1, 2, 11, 12, 13, 14]
        assert a[0][:, own].tobytes() == b[0][:, own].tobytes()
    assert (a[0][:, 3:11] != 0).sum(axis=1).min() >= 5


def test_queue_and_distance_are_those_of_the_market():
    env = MarketMakingVectorEnv(1, **SHORT, **NARROW)
    obs, _ = env.reset(seed=2)
    assert obs[0, 11:].tolist() == [0, 0, -1, -1]
    market = Market(env.profile, seed=int(episode_seeds(2, 0, 1)[0]), start_s=START,
                    end_s=START + 60, keep_trades=False)
    market.advance(START)
    bid = market.submit("buy", 0.02, price=math.ceil(market.mid - 3.5 - 1e-9), kind="post_only")
    ask = market.submit("sell", 0.02, price=math.floor(market.mid + 3.5 + 1e-9), kind="post_only")
    obs, *_, info = env.step(np.zeros((1, 2)))
    market.advance(START + 1)
    assert {order.order_id for order in market.open_orders} == {bid, ask}
    for order, sign, column in zip(market.open_orders, (1, -1), (0, 1)):
        assert obs[0, 11 + column] == pytest.approx(sign * (market.mid - order.price) / 3)
        depth = market.depth(60)
        prices, sizes = ((depth.bid_price, depth.bid_size) if column == 0
                         else (depth.ask_price, depth.ask_size))
        total = sizes[list(prices).index(order.price)]
        ahead, _ = market.queue_position(order.order_id)
        assert obs[0, 13 + column] == pytest.approx(ahead / total, abs=1e-6)


def test_episodes_begin_in_all_regimes_where_there_are_any():
    calm, trending = (MarketMakingVectorEnv(1, parts=parts, session_s=10)
                      for parts in ((MAKER_REBATE,), (TRENDS, MAKER_REBATE)))
    names = {Market(trending.profile, seed=seed, start_s=START, end_s=START + 1).regime
             for seed in range(12)}
    assert names == {"calm", "up", "down"}
    assert Market(calm.profile, seed=1, start_s=START, end_s=START + 1).regime == ""


def test_evaluation_sums_the_terms_to_the_profit():
    env = MarketMakingVectorEnv(4, session_s=30)
    rules = {"tight": lambda obs: np.full((4, 2), [-0.9, 0.0]),
             "leaning": lambda obs: np.stack([np.full(4, -0.9), -obs[:, 0]], -1)}
    table = evaluate(env, rules, episodes=6, seed=20)
    assert table.groupby("policy").size().tolist() == [6, 6]
    parts = table[list(env.sum_names[:4])].sum(axis=1)
    assert table["profit"].to_numpy() == pytest.approx(parts.to_numpy(), abs=1e-6)
    assert (table["end_inventory"] == 0).all()
    again = evaluate(MarketMakingVectorEnv(3, session_s=30),
                     {"tight": lambda obs: np.full((3, 2), [-0.9, 0.0])}, episodes=6, seed=20)
    tight = table[table["policy"] == "tight"]["profit"].to_numpy()
    assert again["profit"].to_numpy() == pytest.approx(tight, abs=0)


@pytest.mark.parametrize("wrong, words", [
    (dict(session_s=10.5), "session_s is 10.5"), (dict(quote_size=0.00005), "quote_size is 5e-05"),
    (dict(half_spread_ticks=0.0), "half_spread_ticks is 0.0"), (dict(threads=0), "threads is 0"),
    (dict(weights={"luck": 1.0}), "weights has \\['luck'\\]"), (dict(fast_s=0.5), "fast_s is 0.5"),
    (dict(jump_std=0.0), "jump_std is 0.0"), (dict(parts=(Predator(0.01, 0.1),)), "Predator")])
def test_wrong_arguments_are_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        MarketMakingVectorEnv(**wrong)


def test_rules_of_theory_quote_in_ticks_and_a_tuned_rule_is_no_worse_where_it_was_tuned():
    env = MarketMakingVectorEnv(8, session_s=60)
    obs, _ = env.reset(seed=1)
    obs[:, 0], obs[:, 9] = 0.4, 0.5  # two quotes held, a trend of half a standard deviation
    model = AvellanedaStoikov(0.005, 3.0, 0.3)
    bid, ask = model.depths(2.0, 60.0)
    action = ModelPolicy(env, model)(obs)
    assert 5 * (1 + action[:, 0]) == pytest.approx(np.full(8, (bid + ask) / 2), rel=1e-6)
    assert 10 * action[:, 1] == pytest.approx(np.full(8, (ask - bid) / 2), rel=1e-6)
    dearer = ModelPolicy(env, model, fee=0.5)(obs)
    assert dearer - action == pytest.approx(np.tile([0.1, 0.0], (8, 1)), abs=1e-6)
    start = LinearQuotes(4.0, lean=0.5, weight=1.0)
    action = QuotePolicy(env, start)(obs)
    assert action[0] == pytest.approx([-0.2, -0.05], abs=1e-6)
    play = dict(episodes=8, seed=40)
    tuned = tuned_by_play(env, start, aware=True, risk_aversion=0.1, trials=8, **play)
    table = evaluate(env, {"start": QuotePolicy(env, start), "tuned": QuotePolicy(env, tuned)},
                     **play)
    values = summary(table, 0.1)["ce"]
    assert values["tuned"] >= values["start"]


def test_quotes_of_all_signals_are_the_linear_ones_where_other_weights_are_zero():
    env = MarketMakingVectorEnv(8, **SHORT)
    actions = actions_for(env, 30)
    seen = np.concatenate([step[0] for step in run(env, actions)])
    linear = QuotePolicy(env, LinearQuotes(2.0, lean=1.5, weight=3.0))(seen)
    assert SignalQuotes(env, 2.0, lean=1.5, slow=3.0)(seen) == pytest.approx(linear, abs=1e-12)
    names = ("imbalance", "near_imbalance", "ofi", "volume", "move", "fast", "slow")
    for column, name in enumerate(names, start=3):  # each weight moves both quotes by its column
        bare, moved = SignalQuotes(env, 5.0), SignalQuotes(env, 5.0, **{name: 0.5})
        shift = 0.5 * seen[:, column].astype(float)
        assert moved(seen)[:, 1] == pytest.approx(bare(seen)[:, 1] + shift / 10.0, abs=1e-12)
    assert np.abs(seen[:, 3:10]).max(axis=0).min() > 0.1
    calm = SignalQuotes(env, 1.0, swing=2.0)(seen)[:, 0]
    assert calm == pytest.approx(
        np.clip((1.0 + 2.0 * (seen[:, 10].astype(float) - 1.0)) / 5.0, 0, 2) - 1.0, abs=1e-9)
