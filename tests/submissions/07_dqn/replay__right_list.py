# marks: 8.0
class ReplayBuffer:
    def __init__(self, capacity, columns):
        self.capacity, self.rows, self.oldest = capacity, [], 0

    @property
    def stored(self):
        return len(self.rows)

    def add(self, seen, action, reward, next_seen, final_seen, terminated, truncated):
        for s, a, r, n, f, end, cut in zip(seen, action, reward, next_seen, final_seen,
                                           terminated, truncated):
            row = (s, a, r, f if end or cut else n, end)
            if len(self.rows) < self.capacity:
                self.rows.append(row)
            else:
                self.rows[self.oldest] = row
                self.oldest = (self.oldest + 1) % self.capacity

    def sample(self, count, rng):
        drawn = [self.rows[i] for i in rng.integers(self.stored, size=count)]
        return tuple(np.array(column) for column in zip(*drawn))


def replay(capacity, steps, count, seed):
    """Play steps into your buffer and draw from it; leave this function as it is."""
    buffer = ReplayBuffer(capacity, steps["seen"].shape[2])
    for step in zip(*steps.values()):
        buffer.add(*step)
    return buffer.stored, *buffer.sample(count, np.random.default_rng(seed))
