# marks: 8.0
class ReplayBuffer:
    def __init__(self, capacity, columns):
        self.capacity, self.added = capacity, 0
        self.seen = np.zeros((capacity, columns), np.float32)
        self.next_seen = np.zeros((capacity, columns), np.float32)
        self.action = np.zeros(capacity, np.int64)
        self.reward = np.zeros(capacity)
        self.terminated = np.zeros(capacity, bool)

    @property
    def stored(self):
        return min(self.added, self.capacity)

    def add(self, seen, action, reward, next_seen, final_seen, terminated, truncated):
        count = len(action)
        first = max(0, count - self.capacity)
        slots = (self.added + np.arange(first, count)) % self.capacity
        after = next_seen.copy()
        after[terminated | truncated] = final_seen[terminated | truncated]
        for own, new in ((self.seen, seen), (self.action, action), (self.reward, reward),
                         (self.next_seen, after), (self.terminated, terminated)):
            own[slots] = new[first:]
        self.added += count

    def sample(self, count, rng):
        slots = rng.integers(self.stored, size=count)
        return (self.seen[slots], self.action[slots], self.reward[slots], self.next_seen[slots],
                self.terminated[slots])


def replay(capacity, steps, count, seed):
    """Play steps into your buffer and draw from it; leave this function as it is."""
    buffer = ReplayBuffer(capacity, steps["seen"].shape[2])
    for step in zip(*steps.values()):
        buffer.add(*step)
    return buffer.stored, *buffer.sample(count, np.random.default_rng(seed))
