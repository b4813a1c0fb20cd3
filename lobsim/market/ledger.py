"""The account of own trades: fills, position, cash, fees, and the money border of a profile."""

import numpy as np
import pandas as pd

from lobsim.engine.records import FILL
from lobsim.engine.units import Grid
from lobsim.market.profiles import Profile


class Ledger:
    """Own fills of one market and what they add up to.

    Attributes
    ----------
    position_lots : int
        Inventory in lots, positive = long.
    cash, fees : float
        In currency; `cash` has the fees deducted.
    open_ids : list of int
        Ids of own orders that rested when last looked at.
    """

    def __init__(self, profile: Profile):
        self.profile = profile
        self.position_lots = 0
        self.cash = 0.0
        self.fees = 0.0
        self.open_ids: list[int] = []
        self._fills: list[np.ndarray] = []
        self._count = 0
        self._table: tuple[int, pd.DataFrame] | None = None
        self.price_grid = Grid(profile.tick_size, "tick_size")
        self.size_grid = Grid(profile.lot_size, "lot_size")

    def book(self, fills: np.ndarray) -> None:
        """Enter own fills (FILL records in which maker or taker is ours)."""
        fills = fills.copy()
        self._fills.append(fills)
        self._count += len(fills)
        side, _, price, size, fee = self._columns(fills)
        self.position_lots += int((side * fills["size"]).sum())
        self.fees += float(fee.sum())
        self.cash -= float((side * price * size).sum() + fee.sum())

    def _columns(self, fills):
        """Own side, whether we were the maker, price, size and fee of each fill."""
        maker = fills["maker_owner"] != 0
        side = np.where(maker, -fills["taker_side"], fills["taker_side"]).astype(np.int64)
        price, size = self.prices(fills["price_ticks"]), self.sizes(fills["size"])
        rate = np.where(maker, self.profile.maker_fee, self.profile.taker_fee)
        fee = rate * size if self.profile.fee_unit == "per_share" else rate * 1e-4 * price * size
        return side, maker, price, size, fee

    def table(self) -> pd.DataFrame:
        """Own trades: ``time_s, side, price, size, fee, maker, order_id``."""
        if self._table is None or self._table[0] != self._count:
            fills = np.concatenate(self._fills) if self._fills else np.zeros(0, FILL)
            self._fills = [fills]
            side, maker, price, size, fee = self._columns(fills)
            table = pd.DataFrame({
                "time_s": fills["time_ns"] / 1e9,
                "side": side,
                "price": price,
                "size": size,
                "fee": fee,
                "maker": maker,
                "order_id": np.where(maker, fills["maker_id"], fills["taker_id"]).astype(np.int64),
            })
            self._table = (self._count, table)
        return self._table[1]

    def prices(self, ticks) -> np.ndarray:
        """Prices in currency of whole ticks."""
        return np.asarray(self.price_grid.value(np.asarray(ticks, dtype=np.int64)), dtype=float)

    def sizes(self, lots) -> np.ndarray:
        """Sizes of whole lots: whole shares stay integers."""
        return np.asarray(self.size_grid.value(np.asarray(lots, dtype=np.int64)))

    def price(self, ticks) -> float:
        """Price in currency of one whole number of ticks."""
        return float(self.price_grid.value(int(ticks)))

    def size(self, lots) -> float:
        """One size as a Python number: int for shares, float for coins."""
        return self.size_grid.value(int(lots))
