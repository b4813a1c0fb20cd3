"""`Markets`: the arrays of many markets, opened anew for every episode, and their table.

Each market has arrays of its own, of whatever size its profile needs; tables that only depend on
the profile are shared. Kernels get the table of addresses (`lobsim.market.handles`).
"""

from lobsim.engine.state import BookState
from lobsim.market.kernel import enter, new_table
from lobsim.market.market import Market
from lobsim.market.opening import open_market
from lobsim.market.parts import Regimes
from lobsim.market.profile import Profile
from lobsim.market.stack import SHARED
from lobsim.market.state import NS, Flow
from lobsim.market.venue import Tape

__all__ = ["Markets"]


class Markets:
    """N markets side by side, each of its own profile, opened again for every episode.

    Parameters
    ----------
    count : int
        N.

    Attributes
    ----------
    table : ndarray of int64, shape (N, ...)
        What kernels get; see `lobsim.market.handles.market_at`.
    """

    def __init__(self, count: int):
        self.table = new_table(count)
        self._arrays: list[tuple | None] = [None] * count
        self._profiles: list[Profile | None] = [None] * count
        self._shared: dict[int, tuple] = {}

    def __setstate__(self, state):
        """A copy has its arrays elsewhere."""
        self.__dict__.update(state)
        self._shared, self.table = {}, new_table(len(self))
        for i, arrays in enumerate(self._arrays):
            if arrays is not None:
                enter(self.table, i, arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def open(self, i: int, profile: Profile, seed: int, start_s: float,
             common_seed: int | None = None) -> None:
        """Let market `i` be ``Market(profile, seed, start_s=start_s, common_seed=common_seed)``.

        Bit for bit.
        """
        book, flow, tape = open_market(profile, int(seed), round(start_s * NS), 0, common_seed)
        self._drop(i)
        flow = self._share(profile, flow)
        self._profiles[i] = profile
        self._arrays[i] = (book, flow, tape)
        enter(self.table, i, self._arrays[i])

    def replace_tape(self, i: int, tape: Tape) -> None:
        """Let market `i`, which is open, write to other buffers."""
        book, flow, _ = self._arrays[i]
        self._arrays[i] = (book, flow, tape)
        enter(self.table, i, self._arrays[i])

    def _share(self, profile, flow):
        """The flow with tables that all markets of a profile read from the same memory."""
        kept = self._shared.setdefault(id(profile), (profile, flow))[1]
        names = SHARED if profile.part(Regimes) else (*SHARED, "minutes")
        return flow._replace(**{name: getattr(kept, name) for name in names})

    def _drop(self, i):
        """Forget market `i`, and what only its profile needed."""
        if self._arrays[i] is None:
            return
        profile, self._profiles[i], self._arrays[i] = self._profiles[i], None, None
        if not any(one is profile for one in self._profiles):
            self._shared.pop(id(profile), None)

    def arrays(self, i: int) -> tuple[BookState, Flow, Tape]:
        """Book, flow and buffers of market `i`."""
        return self._arrays[i]

    def view(self, i: int, seed: int, start_s: float, end_s: float) -> Market:
        """Market `i` as a `Market` over the same arrays, to look at (it keeps no own fills)."""
        return Market._of_arrays(self._profiles[i], int(seed), (start_s, end_s), self._arrays[i])
