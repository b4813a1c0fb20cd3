# marks: 0.0  mistake: newest
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
        for i in range(len(action)):
            slot = self.added % self.capacity
            ended = terminated[i] or truncated[i]
            self.seen[slot] = seen[i]
            self.action[slot] = action[i]
            self.reward[slot] = reward[i]
            self.next_seen[slot] = final_seen[i] if ended else next_seen[i]
            self.terminated[slot] = terminated[i]
            self.added += 1

    def sample(self, count, rng):
        slots = np.arange(self.stored - count, self.stored) % self.stored
        return (self.seen[slots], self.action[slots], self.reward[slots], self.next_seen[slots],
                self.terminated[slots])


def replay(capacity, steps, count, seed):
    """Play steps into your buffer and draw from it; leave this function as it is."""
    buffer = ReplayBuffer(capacity, steps["seen"].shape[2])
    for step in zip(*steps.values()):
        buffer.add(*step)
    return buffer.stored, *buffer.sample(count, np.random.default_rng(seed))
