# marks: 4.6667  mistake: float64
class SaleEnv(gymnasium.Env):
    def __init__(self, quantity=2, steps=2, chance=0.3, fee=0.0, impact=0):
        self.quantity, self.steps = quantity, steps
        self.chance, self.fee, self.impact = chance, fee, impact
        self.observation_space = gymnasium.spaces.Box(0.0, 1.0, shape=(2,), dtype=np.float32)
        self.action_space = gymnasium.spaces.Discrete(3)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.left = self.quantity
        self.k = 0
        self.mid = 0
        self.cash = 0.0
        return self._obs(), self._info({name: 0.0 for name in TERMS})

    def _obs(self):
        return np.array([self.left / self.quantity, (self.steps - self.k) / self.steps],
                        dtype=np.float64)

    def _info(self, terms):
        return dict(left=self.left, mid=self.mid, cash=self.cash, terms=terms)

    def step(self, action):
        u = self.np_random.random()
        v = self.np_random.random()
        x, m = self.left, self.mid
        prices = []
        if action == 0:
            if x > 0 and u < self.chance:
                prices.append(m + 1)
        else:
            for level in range(1, min(int(action), x) + 1):
                prices.append(m - level)
        crossed = len(prices) if action > 0 else 0
        outside = 1 if v < 0.5 else -1
        push = self.impact * crossed
        self.mid = m + outside - push
        self.left = x - len(prices)
        self.k += 1
        fees = self.fee * crossed
        self.cash += sum(prices) - fees
        terms = {"execution": len(prices) * self.mid - sum(prices), "impact": x * push,
                 "exogenous": -x * outside, "fees": fees, "leftover": 0.0}
        if self.k == self.steps and self.left > 0:
            rest = [self.mid - level for level in range(1, self.left + 1)]
            self.cash += sum(rest) - self.fee * self.left
            terms["leftover"] = self.left * self.mid - sum(rest) + self.fee * self.left
        done = self.left == 0 or self.k == self.steps
        reward = -float(sum(terms.values()))
        return self._obs(), reward, done, False, self._info(terms)


def sale_env(ask, actions, seed, quantity, steps, chance, fee, impact):
    """What your environment answers; leave this function as it is."""
    return ask_env(SaleEnv(quantity, steps, chance, fee, impact), ask, actions, seed)
