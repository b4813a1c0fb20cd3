"""Daily TAQ text: the lines of a trade file and of a quote file, header to trailer."""

import pandas as pd

TRADE_HEADER = ("Time|Exchange|Symbol|Sale Condition|Trade Volume|Trade Price|"
                "Trade Stop Stock Indicator|Trade Correction Indicator|Sequence Number|Trade Id|"
                "Source of Trade|Trade Reporting Facility|Participant Timestamp|"
                "Trade Reporting Facility TRF Timestamp|Trade Through Exempt Indicator")
BBO_HEADER = ("Time|Exchange|Symbol|Bid_Price|Bid_Size|Offer_Price|Offer_Size|Quote_Condition|"
              "Sequence_Number|National_BBO_Ind|FINRA_BBO_Indicator|FINRA_ADF_MPID_Indicator|"
              "Quote_Cancel_Correction|Source_Of_Quote|Retail_Interest_Indicator|"
              "Short_Sale_Restriction_Indicator|LULD_BBO_Indicator|"
              "SIP_Generated_Message_Identifier|National_BBO_LULD_Indicator|Participant_Timestamp|"
              "FINRA_ADF_Timestamp|FINRA_ADF_Market_Participant_Quote_Indicator|"
              "Security_Status_Indicator")
_ROUND_LOT = 100


def clock_text(time_ns: int) -> str:
    """HHMMSS and nine digits of the second, zero-padded to 15 characters.

    Examples
    --------
    >>> clock_text(34_200_000_000_123)
    '093000000000123'
    """
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}{rest:09d}"


def price_text(price: float) -> str:
    """Shortest form with at most four decimals; 0 for no price.

    Examples
    --------
    >>> price_text(45.9), price_text(45.8801), price_text(float("nan"))
    ('45.9', '45.8801', '0')
    """
    if price != price:
        return "0"
    return f"{price:.4f}".rstrip("0").rstrip(".")


def trade_lines(trades: pd.DataFrame, date: str) -> list[str]:
    """Lines of a trade file (15 columns) from the table of `synthesise_taq_day`."""
    lines = [TRADE_HEADER]
    for row in trades.itertuples(index=False):
        off = row.exchange == "D"
        exempt = int(row.condition[1] in "F4567" or off)
        trf = clock_text(row.trf_ns) if row.trf_ns >= 0 else ""
        lines.append(
            f"{clock_text(row.time_ns)}|{row.exchange}|{row.symbol}|{row.condition}|{row.size}|"
            f"{price_text(row.price)}|N|{row.correction}|{row.sequence}|{row.trade_id}|C|"
            f"{'N' if off else ''}|{clock_text(row.participant_ns)}|{trf}|{exempt}")
    return [*lines, _trailer(date, len(trades), TRADE_HEADER)]


def bbo_lines(quotes: pd.DataFrame, date: str) -> list[str]:
    """Lines of a quote file (23 columns): sizes in round lots, price 0 for a missing side."""
    lines = [BBO_HEADER]
    for row in quotes.itertuples(index=False):
        lines.append(
            f"{clock_text(row.time_ns)}|{row.exchange}|{row.symbol}|{price_text(row.bid)}|"
            f"{row.bid_size // _ROUND_LOT}|{price_text(row.ask)}|{row.ask_size // _ROUND_LOT}|"
            f"{row.condition}|{row.sequence}|||||C||||||{clock_text(row.participant_ns)}|||")
    return [*lines, _trailer(date, len(quotes), BBO_HEADER)]


def _trailer(date: str, count: int, header: str) -> str:
    return f"END|{date}|{count}" + "|" * (header.count("|") - 2)
