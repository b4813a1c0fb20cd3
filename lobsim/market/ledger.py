"""The account of own trades: fills, position, cash, fees, and the money border of a profile."""

import numpy as np
import pandas as pd

from lobsim.engine.records import FILL
from lobsim.engine.units import Grid
from lobsim.market.parts import Fees
from lobsim.market.profile import Profile
from lobsim.market.reports import What, explain_reason
from lobsim.market.state import OWN, REPORT


class Ledger:
    """Own fills and reports of one market and what they add up to.

    Attributes
    ----------
    position_lots : int
        Inventory in lots, positive = long.
    cash, fees : float
        In currency; `cash` has the fees deducted.
    """

    def __init__(self, profile: Profile):
        self.fee = profile.part(Fees) or Fees()
        self.position_lots = 0
        self.cash = 0.0
        self.fees = 0.0
        self._fills: list[np.ndarray] = []
        self._reports: list[np.ndarray] = []
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

    def tell(self, reports: np.ndarray) -> None:
        """Enter reports of the venue; cancellations may cost a fee."""
        self._reports.append(reports.copy())
        if self.fee.cancel_fee:
            paid = self.fee.cancel_fee * int((reports["what"] == What.CANCELLED).sum())
            self.fees += paid
            self.cash -= paid

    def _columns(self, fills):
        """Own side, whether we were the maker, price, size and fee of each fill."""
        maker = fills["maker_owner"] == OWN
        side = np.where(maker, -fills["taker_side"], fills["taker_side"]).astype(np.int64)
        price, size = self.prices(fills["price_ticks"]), self.sizes(fills["size"])
        rate = np.where(maker, self.fee.maker_fee, self.fee.taker_fee)
        fee = rate * size if self.fee.fee_unit == "per_share" else rate * 1e-4 * price * size
        return side, maker, price, size, fee + self.fee.share_fee * size

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

    def fills_from(self, number: int) -> list[tuple[int, float, bool]]:
        """Own fills from one number on, without a table: ``(order_id, fee, maker)`` each."""
        if len(self._fills) != 1:
            self._fills = [np.concatenate(self._fills) if self._fills else np.zeros(0, FILL)]
        fills = self._fills[0][number:]
        _, maker, _, _, fee = self._columns(fills)
        order_id = np.where(maker, fills["maker_id"], fills["taker_id"])
        return list(zip(order_id.tolist(), fee.tolist(), maker.tolist(), strict=True))

    @property
    def all_reports(self) -> np.ndarray:
        """All reports so far as records."""
        if len(self._reports) != 1:
            self._reports = [np.concatenate(self._reports) if self._reports
                             else np.zeros(0, REPORT)]
        return self._reports[0]

    def report_table(self) -> pd.DataFrame:
        """All reports: ``time_s, order_id, what, price, size, left, reason``."""
        rows = self.all_reports
        return pd.DataFrame({
            "time_s": rows["time_ns"] / 1e9,
            "order_id": rows["order_id"].astype(np.int64),
            "what": [What(code).name.lower() for code in rows["what"].tolist()],
            "price": self.prices(rows["price_ticks"]),
            "size": self.sizes(rows["size"]),
            "left": self.sizes(rows["left"]),
            "reason": [explain_reason(code) if code else "" for code in rows["reason"].tolist()],
        })

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
