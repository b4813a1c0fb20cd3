"""The Cont-Stoikov-Talreja probabilities from the Markov chain itself, cut at a long queue.

An independent check of `lobsim.analytics.cst`: no transform, no integral, one sparse linear system
for each question. `queue` holds birth, death, cancel and inside rates.
"""

import numpy as np
from scipy.sparse import coo_matrix, identity
from scipy.sparse.linalg import spsolve

_NEGLIGIBLE = 1e-13
_LONGEST = 4000


def _cut(queue, start: int) -> int:
    """Length beyond which the stationary law of a queue has no weight that matters."""
    n, log_weight = 0, 0.0
    while n < start + 10 or log_weight > np.log(_NEGLIGIBLE):
        n += 1
        log_weight += np.log(max(queue.birth, 1e-300) / (queue.death + n * queue.cancel))
        if n > _LONGEST:
            raise ValueError(f"queues grow at {queue.birth} and shrink at {queue.death}; the chain "
                             f"would need more than {_LONGEST} lengths, use method='transform'")
    return n


class _Chain:
    """Transitions between numbered states; one absorbing state counts as success."""

    def __init__(self, shape):
        self.shape = shape
        self.index = np.arange(np.prod(shape)).reshape(shape)
        self.moves = []
        self.out = np.zeros(np.prod(shape))
        self.gain = np.zeros(np.prod(shape))

    def move(self, source, target, rate) -> None:
        """Jumps from source to target states (slices of `index`) at a rate (broadcast)."""
        source, target, rate = np.broadcast_arrays(source, target, rate)
        self.moves.append((source.ravel(), target.ravel(), rate.ravel()))
        np.add.at(self.out, source.ravel(), rate.ravel())

    def leave(self, source, rate, value=0.0) -> None:
        """Jumps out of the chain; `value` is the probability of success from there."""
        source, rate, value = np.broadcast_arrays(source, rate, value)
        np.add.at(self.out, source.ravel(), rate.ravel())
        np.add.at(self.gain, source.ravel(), (rate * value).ravel())

    def solve(self) -> np.ndarray:
        """Probability of success from each state: (I - P) x = success at the first jump."""
        source, target, rate = (np.concatenate(part) for part in zip(*self.moves, strict=True))
        size = len(self.out)
        jump = coo_matrix((rate / self.out[source], (source, target)), (size, size))
        return spsolve(identity(size, format="csc") - jump.tocsc(), self.gain / self.out).reshape(
            self.shape
        )


def mid_up_by_chain(bid: int, ask: int, queue) -> float:
    """Probability that the next move of the mid is upwards, from states (bid, ask)."""
    size = _cut(queue, max(bid, ask))
    chain = _Chain((size, size))  # lengths 1..size
    leave = queue.death + np.arange(1, size + 1) * queue.cancel
    at = chain.index
    chain.move(at[:-1], at[1:], queue.birth)
    chain.move(at[:, :-1], at[:, 1:], queue.birth)
    chain.move(at[1:], at[:-1], leave[1:, None])
    chain.move(at[:, 1:], at[:, :-1], leave[1:])
    chain.leave(at[0], leave[0], 0.0)  # the bid queue is empty: down
    chain.leave(at[:, 0], leave[0], 1.0)
    chain.leave(at, queue.inside, 1.0)  # a bid inside the spread
    chain.leave(at, queue.inside, 0.0)
    return float(chain.solve()[bid - 1, ask - 1])


def _filled_chain(orders: int, queue, longest: int) -> np.ndarray:
    """P(the n-th order is filled before the other queue of m is empty), [n - 1, m - 1]."""
    chain = _Chain((orders, longest))
    leave = queue.death + np.arange(1, longest + 1) * queue.cancel
    fill = queue.death + np.arange(orders) * queue.cancel
    at = chain.index
    chain.move(at[:, :-1], at[:, 1:], queue.birth)
    chain.move(at[:, 1:], at[:, :-1], leave[1:])
    chain.move(at[1:], at[:-1], fill[1:, None])
    chain.leave(at[0], fill[0], 1.0)
    chain.leave(at[:, 0], leave[0], 0.0)
    chain.leave(at, 2 * queue.inside, 0.0)
    return chain.solve()


def filled_by_chain(bid: int, ask: int, queue) -> float:
    """Probability that the last order of the bid queue is filled before the mid moves."""
    return float(_filled_chain(bid, queue, _cut(queue, ask))[bid - 1, ask - 1])


def making_by_chain(bid: int, ask: int, queue) -> float:
    """Probability that the last orders of both queues are filled before the mid moves."""
    return _first_then_other(bid, ask, queue) + _first_then_other(ask, bid, queue)


def _first_then_other(first: int, other: int, queue) -> float:
    """States: orders up to the first own order, up to the other one, behind the first one."""
    longest = _cut(queue, 1)
    then = np.zeros((other, longest + 1))
    then[:, 1:] = _filled_chain(other, queue, longest)
    chain = _Chain((first, other, longest + 1))
    at = chain.index
    fill_first = (queue.death + np.arange(first) * queue.cancel)[:, None, None]
    fill_other = (queue.death + np.arange(other) * queue.cancel)[:, None]
    chain.move(at[:, :, :-1], at[:, :, 1:], queue.birth)
    chain.move(at[:, :, 1:], at[:, :, :-1], queue.cancel * np.arange(1, longest + 1))
    chain.move(at[1:], at[:-1], fill_first[1:])
    chain.move(at[:, 1:], at[:, :-1], fill_other[1:])
    chain.leave(at[:, 0], fill_other[0], 0.0)  # the other order came first
    chain.leave(at[0], fill_first[0, 0, 0], then)
    chain.leave(at, 2 * queue.inside, 0.0)
    return float(chain.solve()[first - 1, other - 1, 0])
