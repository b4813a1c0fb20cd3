"""One tiny, good, hand-written file of every layout that the readers know, and ways to save it.

``TINY["TAQ trades"].save(folder)`` writes the file; ``.read(path)`` calls the reader that its
format has. A test damages the lines first: ``tiny.changed(row=3, column=5, value="abc")``. All
rows and names are invented.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lobsim import data

__all__ = ["TINY", "Tiny", "zipped"]


@dataclass(frozen=True)
class Tiny:
    """A good file as text, and where its columns stand.

    Attributes
    ----------
    name : str
        For the names of tests.
    reader : str
        Public function of ``lobsim.data``.
    file_name : str
        Path below a folder of the test's choice; ``.zip`` and ``.gz`` are packed.
    lines : tuple of str
        The whole file: header, rows, trailer.
    time, size, number : int
        Columns (from 0) of the time, of a size and of a price.
    separator : str
    header, trailer : bool
        The first (last) line is no row.
    member : str
        Name inside the zip.
    partner : tuple of (str, tuple of str)
        File name and lines of a second file that belongs to it, kept good.
    """

    name: str
    reader: str
    file_name: str
    lines: tuple[str, ...]
    time: int
    size: int
    number: int
    separator: str = ","
    header: bool = False
    trailer: bool = False
    member: str = ""
    partner: tuple[str, tuple[str, ...]] | None = None

    @property
    def first_row(self) -> int:
        """Line in the file (from 1) of the first row of data."""
        return 2 if self.header else 1

    @property
    def last_row(self) -> int:
        """Line in the file (from 1) of the last row of data."""
        return len(self.lines) - self.trailer

    @property
    def rows(self) -> int:
        """Number of rows of data."""
        return self.last_row - self.first_row + 1

    def value(self, row: int, column: int) -> str:
        """What stands in a line (from 1) and column (from 0)."""
        return self.lines[row - 1].split(self.separator)[column]

    def changed(self, row: int, column: int, value: str) -> list[str]:
        """The lines with another value in a line (from 1) and column (from 0)."""
        values = self.lines[row - 1].split(self.separator)
        values[column] = value
        return self.with_line(row, self.separator.join(values))

    def with_line(self, row: int, line: str) -> list[str]:
        """The lines with another line (from 1)."""
        return [*self.lines[: row - 1], line, *self.lines[row:]]

    def save(
        self,
        folder: Path,
        lines: Iterable[str] | None = None,
        *,
        content: bytes | None = None,
        file_name: str | None = None,
    ) -> Path:
        """Write these lines (or bytes) under the file's own name, packed as the name says."""
        path = folder / (file_name or self.file_name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            content = text(self.lines if lines is None else lines)
        if path.suffix == ".zip":
            content = zipped({self.member: content})
        elif path.suffix == ".gz":
            content = gzip.compress(content, mtime=0)
        path.write_bytes(content)
        if self.partner is not None:
            (folder / self.partner[0]).write_bytes(text(self.partner[1]))
        return path

    def read(self, path: Path):
        """Read with the format's own reader, with nothing but the path."""
        if self.partner is not None and "_orderbook_" in path.name:
            return data.read_lobster(path.parent / self.partner[0], path)
        return getattr(data, self.reader)(path)


def text(lines: Iterable[str]) -> bytes:
    """Lines as the bytes of a file."""
    return "".join(f"{line}\n" for line in lines).encode()


def zipped(members: dict[str, bytes]) -> bytes:
    """The bytes of a zip with these files inside."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


_TAQ_TRADES = (
    "Time|Exchange|Symbol|Sale Condition|Trade Volume|Trade Price|Trade Stop Stock Indicator"
    "|Trade Correction Indicator|Sequence Number|Trade Id|Source of Trade"
    "|Trade Reporting Facility|Participant Timestamp|Trade Reporting Facility TRF Timestamp"
    "|Trade Through Exempt Indicator",
    "093000017837001|Z|LOBS|@   |300|45.88|N|00|1231|11|C||093000017230000||0",
    "093000304985000|N|LOBS| O  |10017|45.91|N|00|1329|12|C||093000303301000||0",
    "093001099950000|D|LOBS|@4 B|100|45.9|N|00|1655|13|C|N|093001000000000|093001000500000|1",
    "093001099950000|Q|LOBS|@F I|7|45.905|N|01|1656|14|C||093001099000000||1",
    "155959999999999|P|LOBS|    |200|46|N|00|9001|15|C||155959999000000||0",
    "END|20250115|5||||||||||||",
)
_QUOTE_NAMES = (
    "Time|Exchange|Symbol|Bid_Price|Bid_Size|Offer_Price|Offer_Size|Quote_Condition"
    "|Sequence_Number|National_BBO_Ind|FINRA_BBO_Indicator|FINRA_ADF_MPID_Indicator"
    "|Quote_Cancel_Correction|Source_Of_Quote"
)
_TAQ_QUOTES = (
    _QUOTE_NAMES + "|Retail_Interest_Indicator"
    "|Short_Sale_Restriction_Indicator|LULD_BBO_Indicator|SIP_Generated_Message_Identifier"
    "|National_BBO_LULD_Indicator|Participant_Timestamp|FINRA_ADF_Timestamp"
    "|FINRA_ADF_Market_Participant_Quote_Indicator|Security_Status_Indicator",
    "040000000100000|P|LOBS|44.5|1|0|0|R|1|A||||C||||||040000000050000|||",
    "093000000200000|Q|LOBS|45.88|3|45.9|12|R|2|A||||C||||||093000000150000|||",
    "093000000200000|Z|LOBS|45.87|1|45.91|2|R|3|A||||C||||||093000000160000|||",
    "093000500000000|Q|LOBS|0|0|45.9|4|R|4|A||||C||||||093000499000000|||",
    "155959999999999|N|LOBS|45.99|20|46|1|R|5|A||||C||||||155959999000000|||",
    "END|20250115|5||||||||||||||||||||",
)
_TAQ_NBBO = (
    _QUOTE_NAMES + "|Best_Bid_Quote_Condition|Best_Bid_Exchange|Best_Bid_Price|Best_Bid_Size"
    "|Best_Bid_FINRA_Market_Maker_ID|Best_Offer_Quote_Condition|Best_Offer_Exchange"
    "|Best_Offer_Price|Best_Offer_Size|Best_Offer_FINRA_Market_Maker_ID|LULD_Indicator"
    "|LULD_NBBO_Indicator|SIP_Generated_Message_Identifier|Participant_Timestamp"
    "|FINRA_ADF_Timestamp|Security_Status_Indicator",
    "093000000200000|Q|LOBS|45.88|3|45.95|9|R|2|G||||C|R|Q|45.88|3||R|Z|45.9|12|||||"
    "093000000150000||",
    "093000000300000|Z|LOBS|45.87|1|45.89|2|R|3|G||||C|R|Q|45.88|3||R|Z|45.89|2|||||"
    "093000000260000||",
    "093000500000000|Q|LOBS|0|0|45.9|4|R|4|G||||C|R||0|0||R|Z|45.89|2|||||093000499000000||",
    "155959999999999|N|LOBS|45.99|20|46|1|R|5|G||||C|R|N|45.99|20||R|N|46|1|||||155959999000000||",
    "END|20250115|4|||||||||||||||||||||||||||",
)
_WRDS_TRADES = (
    "DATE,TIME_M,EX,SYM_ROOT,SYM_SUFFIX,TR_SCOND,SIZE,PRICE,TR_CORR,TR_SEQNUM,TR_SOURCE,TR_RF",
    "2025-01-15,4:00:00.014686,P,LOBS,,@ TI,54,22.01,00,2026,C,",
    "2025-01-15,9:30:00.043000,K,LOBS,,F,100,158.3,00,2537,C,",
    "2025-01-15,09:30:00.092000,P,LOBS,,Q,2,158.305,00,2607,C,",
    "2025-01-15,10:00:00.000000,D,LOBS,,,300,158,00,2700,C,T",
    "2025-01-15,19:58:30.170000,D,LOBS,,TI,35,157.8,08,2800,C,T",
)
_WRDS_QUOTES = (
    "DATE,TIME_M,EX,BID,BIDSIZ,ASK,ASKSIZ,QU_COND,QU_SEQNUM,NATBBO_IND,QU_CANCEL,QU_SOURCE,"
    "SYM_ROOT,SYM_SUFFIX",
    "2025-01-15,4:00:00.082674,P,19,20,0.0,0,R,4663,G,,C,LOBS,",
    "2025-01-15,9:30:00.010000,V,155.12,3,161.45,3,R,5001,A,,C,LOBS,",
    "2025-01-15,09:30:00.042000,K,158.0,3,158.5,1,R,5002,U,,C,LOBS,",
    "2025-01-15,10:00:00.000000,Q,0.0,0,158.5,2,R,5003,U,,C,LOBS,",
    "2025-01-15,16:00:00.000001,Q,158.1,1,158.2,2,R,5004,U,,C,LOBS,",
)
_WRDS_NBBO = (
    "DATE,TIME_M,SYM_ROOT,SYM_SUFFIX,BEST_BID,BEST_BIDSIZESHARES,BEST_ASK,BEST_ASKSIZESHARES,"
    "QU_COND",
    "2025-01-15,9:30:00.010000,LOBS,,158.1,300,158.3,100,R",
    "2025-01-15,9:30:00.020000,LOBS,,158.1,300,158.25,200,R",
    "2025-01-15,09:30:01.020000,LOBS,,158.2,100,158.25,200,R",
    "2025-01-15,15:30:00.000000,LOBS,,158.2,100,158.21,1300,R",
)
LOBSTER_MESSAGES = (
    "34200.017459617,1,101,100,1000000,1",
    "34200.5,1,102,30,1000100,-1",
    "34201,4,101,40,1000000,1",
    "34201.25,5,0,10,1000050,-1",
    "34202.000000001,2,102,10,1000100,-1",
    "34203.75,3,102,20,1000100,-1",
)
LOBSTER_BOOK = (
    "1000200,50,1000000,100,9999999999,0,-9999999999,0",
    "1000100,30,1000000,100,1000200,50,-9999999999,0",
    "1000100,30,1000000,60,1000200,50,-9999999999,0",
    "1000100,30,1000000,60,1000200,50,-9999999999,0",
    "1000100,20,1000000,60,1000200,50,-9999999999,0",
    "1000200,50,1000000,60,9999999999,0,-9999999999,0",
)
_MESSAGE_NAME = "LOBM_2025-01-15_34200000_57600000_message_2.csv"
_BOOK_NAME = "LOBM_2025-01-15_34200000_57600000_orderbook_2.csv"
_EQUITY_TRADES = (
    "14417034,1674200,210,Q,2000,0",
    "34200000,1675000,5000,P,40,0",
    "34200000.25,1675100,100,K,20000020,0",
    "36000000,1675050,300,D,100000,1",
    "57599999,1676000,200,N,1,0",
)
_EQUITY_QUOTES = (
    "34200065,1817500,500,0,0,K,1,0",
    "34200065,0,0,1820500,100,K,1,0",
    "34200165,1817600,200,0,0,P,1,0",
    "34200165,0,0,1820500,300,Z,1,0",
    "34201000,0,0,1819900,100,Q,1,0",
    "34202000,1819800,400,0,0,Q,1,1",
)
_EQUITY_TRADE_BARS = (
    "34200000,1674200,1675000,1674100,1674900,210",
    "34201000,1674900,1674900,1674900,1674900,100",
    "34205000,1674900,1676000,1674900,1675500,7925",
    "57599000,1676000,1676000,1675000,1675000,1300",
)
_EQUITY_QUOTE_BARS = (
    "34200000,1669500,1674400,1669500,1674200,200,1675500,1675500,1674300,1675500,100",
    "34260000,1674200,1674200,1674200,1674200,200,1675500,1675500,1675500,1675500,300",
    "34320000,1674200,1674300,1674100,1674100,400,1675500,1675600,1674400,1674500,700",
    "57540000,1659400,1659400,1659400,1659400,100,1659500,1659700,1659500,1659700,1400",
)
_CRYPTO_TRADE_TICKS = (
    "0,7424.91,0.25",
    "1500.125,7424.9,1.00000001",
    "1500.5,7420,2",
    "86399999,7300.05,0.0373333",
)
_CRYPTO_QUOTE_TICKS = (
    "0,7424.9,0.25,7424.91,3",
    "1500,7424.8,0.25,7424.91,2.5",
    "60000,7424.8,1,7424.85,0.00000001",
    "86399999,7300,5.5,7300.05,0.5",
)
_CRYPTO_TRADE_BARS = (
    "0,7424.91,7424.91,7422,7422,7.14319709",
    "60000,7420,7422,7405,7405,13.35069752",
    "120000,7405,7405,7390,7395.88,45.28798792",
    "60420000,6894.01,6894.01,6894.01,6894.01,0.0373333",
)
_CRYPTO_DAILY_QUOTES = (
    "20150427 00:00,219.16,219.83,219.16,219.58,5.8,219.18,220.03,219.18,219.6,0.01",
    "20150428 00:00,226.23,226.9,223.51,223.51,6.02855836,226.29,227,223.53,223.56,5.148",
    "20150430 00:00,223.9,223.9,223.9,223.9,0.02,223.93,223.94,223.93,223.94,10.9351714",
    "20160101 00:00,400,401,399,400.5,1,400.1,401.1,399.1,400.6,2",
)
_BITSTAMP = (
    "id,timestamp,exchange_timestamp,price,volume,action,direction",
    "2002347637555202,1736949600017,1736949600000,77931,0.0327,created,bid",
    "2002347637555203,1736949600018,1736949600001,77935,0.1057,created,ask",
    "2002347637555202,1736949601000,1736949600990,77931,0.01,changed,bid",
    "2002347637555203,1736949602000,1736949601990,77935,0.1057,deleted,ask",
    "2002347637555202,1736949603000,1736949602990,77931,0,deleted,bid",
)
_DATABENTO = "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side"
_DATABENTO_MBO = (
    _DATABENTO + ",price,size,channel_id,order_id,flags,ts_in_delta,sequence,symbol",
    "2025-01-15T00:00:00.000000000Z,2025-01-14T20:00:00.000000001Z,160,1,7,R,N,,0,0,0,40,0,0,LOBF",
    "2025-01-15T00:00:00.000000000Z,2025-01-14T20:00:00.000000001Z,160,1,7,A,B,4799.250000000,2,0,"
    "6412777162812,40,0,682,LOBF",
    "2025-01-15T00:00:00.000000000Z,2025-01-14T20:00:00.000000001Z,160,1,7,A,A,4799.500000000,5,0,"
    "6412777162813,168,0,683,LOBF",
    "2025-01-15T14:30:00.000017000Z,2025-01-15T14:30:00.000001000Z,160,1,7,C,A,4799.500000000,5,0,"
    "6412777162813,128,15000,684,LOBF",
)
_DATABENTO_MBP = (
    _DATABENTO + ",depth,price,size,flags,ts_in_delta,sequence,bid_px_00,ask_px_00,bid_sz_00,"
    "ask_sz_00,bid_ct_00,ask_ct_00,symbol",
    "1736899200000000017,1736899200000000001,1,1,7,A,B,0,4799250000000,3,130,15,1,4799250000000,"
    "9223372036854775807,3,0,1,0,LOBF",
    "1736899201000000017,1736899201000000001,1,1,7,A,A,0,4799500000000,9,130,15,2,4799250000000,"
    "4799500000000,3,9,1,2,LOBF",
    "1736899202000000017,1736899202000000001,1,1,7,T,B,0,4799500000000,2,0,15,3,4799250000000,"
    "4799500000000,3,9,1,2,LOBF",
    "1736899202000000018,1736899202000000001,1,1,7,C,A,0,4799500000000,2,130,15,4,4799250000000,"
    "4799500000000,3,7,1,1,LOBF",
)
_DATABENTO_TRADES = (
    _DATABENTO + ",depth,price,size,flags,ts_in_delta,sequence,symbol",
    "2025-01-15T14:30:00.000017Z,2025-01-15T14:30:00.000001Z,0,1,7,T,B,0,4799.5,2,0,15,3,LOBF",
    "2025-01-15T14:30:01.000017Z,2025-01-15T14:30:01.000001Z,0,1,7,T,A,0,4799.25,1,0,15,5,LOBF",
    "2025-01-15T14:30:02.000017Z,2025-01-15T14:30:02.000001Z,0,1,7,T,N,0,4799.25,4,0,15,9,LOBF",
    "2025-01-15T14:30:03Z,2025-01-15T14:30:02.9Z,0,1,7,T,A,0,4799,6,0,15,11,LOBF",
)
_TARDIS = "exchange,symbol,timestamp,local_timestamp"
_TARDIS_TRADES = (
    f"{_TARDIS},id,side,price,amount",
    "exch,BTCUSDT,1736899200000000,1736899200000351,a-1,sell,8531.5,2152",
    "exch,BTCUSDT,1736899200276000,1736899200336743,a-2,buy,8532,1",
    "exch,BTCUSDT,1736899200276000,1736899200336743,a-3,unknown,8532,0.5",
    "exch,BTCUSDT,1736899205000000,1736899205010000,a-4,buy,8532.5,10",
)
_TARDIS_QUOTES = (
    f"{_TARDIS},ask_amount,ask_price,bid_price,bid_amount",
    "exch,BTCUSDT,1736899200000000,1736899200000351,5494,8629.3,8629.2,806",
    "exch,BTCUSDT,1736899200133000,1736899200154126,5493,8629.3,,",
    "exch,BTCUSDT,1736899200216000,1736899200254401,5494,8629.4,8629.2,806.5",
    "exch,BTCUSDT,1736899201000000,1736899201000001,1,8629.4,8629.2,5",
)
_TARDIS_CHANGES = (
    f"{_TARDIS},is_snapshot,side,price,amount",
    "exch,BTCUSDT,1736899200000000,1736899200000351,true,ask,6421.5,18640",
    "exch,BTCUSDT,1736899200000000,1736899200000351,true,bid,6421,1190",
    "exch,BTCUSDT,1736899201000000,1736899201000351,false,bid,6421,0",
    "exch,BTCUSDT,1736899202000000,1736899202000351,false,bid,6420.5,70",
)
_TARDIS_BOOK = (
    f"{_TARDIS},asks[0].price,asks[0].amount,bids[0].price,bids[0].amount",
    "exch,BTCUSDT,1736899200000000,1736899200000351,11657.08,1.714,11657.07,10.896",
    "exch,BTCUSDT,1736899201000000,1736899201000351,11657.08,1.476,11657.07,10.896",
    "exch,BTCUSDT,1736899202000000,1736899202000351,11657.1,2,11657.07,1",
    "exch,BTCUSDT,1736899203000000,1736899203000351,11657.1,2,,",
)


def _lean(name: str, folder: str, member: str, lines: tuple[str, ...], **columns: int) -> Tiny:
    """A LEAN zip below a folder ``Data``."""
    return Tiny(name, "read_lean", f"Data/{folder}.zip", lines, time=0, member=member, **columns)


_ALL = (
    Tiny("TAQ trades", "read_taq_trades", "EQY_US_ALL_TRADE_20250115", _TAQ_TRADES,
         time=0, size=4, number=5, separator="|", header=True, trailer=True),
    Tiny("TAQ quotes", "read_taq_quotes", "SPLITS_US_ALL_BBO_L_20250115.gz", _TAQ_QUOTES,
         time=0, size=4, number=3, separator="|", header=True, trailer=True),
    Tiny("TAQ NBBO", "read_taq_nbbo", "EQY_US_ALL_NBBO_20250115.gz", _TAQ_NBBO,
         time=0, size=17, number=16, separator="|", header=True, trailer=True),
    Tiny("WRDS trades", "read_wrds_trades", "ctm_20250115.csv", _WRDS_TRADES,
         time=1, size=6, number=7, header=True),
    Tiny("WRDS quotes", "read_wrds_quotes", "cqm_20250115.csv.gz", _WRDS_QUOTES,
         time=1, size=4, number=3, header=True),
    Tiny("WRDS NBBO", "read_wrds_quotes", "complete_nbbo_20250115.csv", _WRDS_NBBO,
         time=1, size=5, number=4, header=True),
    Tiny("LOBSTER messages", "read_lobster", _MESSAGE_NAME, LOBSTER_MESSAGES,
         time=0, size=3, number=4, partner=(_BOOK_NAME, LOBSTER_BOOK)),
    Tiny("LOBSTER book", "read_lobster", _BOOK_NAME, LOBSTER_BOOK,
         time=-1, size=1, number=0, partner=(_MESSAGE_NAME, LOBSTER_MESSAGES)),
    _lean("LEAN equity trade ticks", "equity/usa/tick/lobs/20250115_trade",
          "20250115_lobs_Trade_Tick.csv", _EQUITY_TRADES, size=2, number=1),
    _lean("LEAN equity quote ticks", "equity/usa/tick/lobs/20250115_quote",
          "20250115_lobs_Quote_Tick.csv", _EQUITY_QUOTES, size=2, number=1),
    _lean("LEAN equity second trade bars", "equity/usa/second/lobs/20250115_trade",
          "20250115_lobs_second_trade.csv", _EQUITY_TRADE_BARS, size=5, number=1),
    _lean("LEAN equity minute quote bars", "equity/usa/minute/lobs/20250115_quote",
          "20250115_lobs_minute_quote.csv", _EQUITY_QUOTE_BARS, size=5, number=1),
    _lean("LEAN crypto trade ticks", "crypto/coinbase/tick/btcusd/20250115_trade",
          "20250115_btcusd_tick_trade.csv", _CRYPTO_TRADE_TICKS, size=2, number=1),
    _lean("LEAN crypto quote ticks", "crypto/coinbase/tick/btcusd/20250115_quote",
          "20250115_btcusd_tick_quote.csv", _CRYPTO_QUOTE_TICKS, size=2, number=1),
    _lean("LEAN crypto minute trade bars", "crypto/coinbase/minute/btcusd/20250115_trade",
          "20250115_btcusd_minute_trade.csv", _CRYPTO_TRADE_BARS, size=5, number=1),
    _lean("LEAN crypto daily quote bars", "crypto/coinbase/daily/btcusd_quote",
          "btcusd.csv", _CRYPTO_DAILY_QUOTES, size=5, number=1),
    Tiny("Bitstamp events", "read_bitstamp", "btcusd_events_20250115.csv", _BITSTAMP,
         time=1, size=4, number=3, header=True),
    Tiny("Databento MBO", "read_databento", "glbx-20250115.mbo.csv.gz", _DATABENTO_MBO,
         time=0, size=8, number=7, header=True),
    Tiny("Databento MBP-1", "read_databento", "glbx-20250115.mbp-1.csv", _DATABENTO_MBP,
         time=0, size=9, number=8, header=True),
    Tiny("Databento trades", "read_databento", "glbx-20250115.trades.csv", _DATABENTO_TRADES,
         time=0, size=9, number=8, header=True),
    Tiny("Tardis trades", "read_tardis", "exch_trades_BTCUSDT.csv.gz", _TARDIS_TRADES,
         time=3, size=7, number=6, header=True),
    Tiny("Tardis quotes", "read_tardis", "exch_quotes_BTCUSDT.csv", _TARDIS_QUOTES,
         time=3, size=4, number=5, header=True),
    Tiny("Tardis book changes", "read_tardis", "exch_incremental_book_L2.csv", _TARDIS_CHANGES,
         time=3, size=7, number=6, header=True),
    Tiny("Tardis book snapshots", "read_tardis", "exch_book_snapshot_1.csv", _TARDIS_BOOK,
         time=3, size=5, number=4, header=True),
)  # fmt: skip

TINY = {tiny.name: tiny for tiny in _ALL}
