"""Columns of the exchange's Daily TAQ files: trades, quotes of each exchange, NBBO.

Source: NYSE, "Daily TAQ Client Specification" 2.2 to 3.3 (quotes have 22 columns and NBBO 28
up to 2.2, then 23 and 30).
"""

from lobsim.data.fields import Field, Layout

__all__ = ["TAQ_TRADES", "TAQ_QUOTES", "TAQ_NBBO", "TAQ_LAYOUTS", "EXTRA_TRADE_COLUMNS"]

_SPEC = "NYSE Daily TAQ Client Specification"
_LOTS = "round lots of 100 shares"


def _known(name: str, meaning: str) -> Field:
    """A column that the reader knows and leaves alone."""
    return Field(name, "", "text", meaning=meaning, optional=True, required=False)


def _time(meaning: str) -> Field:
    return Field("Time", "time_ns", "compact time", "HHMMSSnnnnnnnnn, New York", meaning)


_PARTICIPANT = "HHMMSSnnnnnnnnn, clock of the exchange's matching engine"

TAQ_TRADES = Layout(
    "a TAQ trade file",
    "|",
    (
        _time("publication by the SIP"),
        Field("Exchange", "exchange", "text", meaning="one letter"),
        Field("Symbol", "symbol", "text", meaning="root, blank, suffix"),
        Field("Sale Condition", "condition", "text", meaning="four letters", optional=True),
        Field("Trade Volume", "size", "integer", "shares", least=0),
        Field("Trade Price", "price", "decimal", "dollars", least=0),
        _known("Trade Stop Stock Indicator", "N or Y"),
        Field("Trade Correction Indicator", "correction", "text", meaning="00 = never corrected"),
        Field("Sequence Number", "sequence", "integer", optional=True),
        Field("Trade Id", "trade_id", "text", optional=True, required=False),
        Field("Source of Trade", "source", "text", "C = CTA, N = UTP", optional=True,
              required=False),
        Field("Trade Reporting Facility", "reporting_facility", "text", optional=True,
              required=False),
        Field("Participant Timestamp", "participant_time_ns", "compact time", _PARTICIPANT,
              optional=True, required=False),
        Field("Trade Reporting Facility TRF Timestamp", "facility_time_ns", "compact time",
              optional=True, required=False, names=("TRF Timestamp",)),
        Field("Trade Through Exempt Indicator", "trade_through_exempt", "text", "0 or 1",
              optional=True, required=False),
    ),
    header=True,
    source=_SPEC,
)  # fmt: skip

EXTRA_TRADE_COLUMNS = (
    "trade_id", "source", "reporting_facility", "participant_time_ns", "facility_time_ns",
    "trade_through_exempt",
)  # fmt: skip

_QUOTE_HEAD = (
    _time("publication by the SIP"),
    Field("Exchange", "exchange", "text", meaning="one letter"),
    Field("Symbol", "symbol", "text", meaning="root, blank, suffix"),
)
_OWN_QUOTE = (
    Field("Bid_Price", "bid", "decimal", "dollars, 0 = none", optional=True, least=0),
    Field("Bid_Size", "bid_size", "integer", _LOTS, optional=True, least=0),
    Field("Offer_Price", "ask", "decimal", "dollars, 0 = none", optional=True, least=0),
    Field("Offer_Size", "ask_size", "integer", _LOTS, optional=True, least=0),
)
_QUOTE_TAIL = (
    Field("Quote_Condition", "condition", "text", "one letter", optional=True),
    Field("Sequence_Number", "sequence", "integer", optional=True),
    _known("National_BBO_Ind", "does this quote set the NBBO"),
    _known("FINRA_BBO_Indicator", ""),
    _known("FINRA_ADF_MPID_Indicator", ""),
    _known("Quote_Cancel_Correction", ""),
    _known("Source_Of_Quote", "C = CTA, N = UTP"),
)

TAQ_QUOTES = Layout(
    "a TAQ quote file",
    "|",
    (
        *_QUOTE_HEAD,
        *_OWN_QUOTE,
        *_QUOTE_TAIL,
        _known("Retail_Interest_Indicator", ""),
        _known("Short_Sale_Restriction_Indicator", ""),
        _known("LULD_BBO_Indicator", ""),
        _known("SIP_Generated_Message_Identifier", ""),
        _known("National_BBO_LULD_Indicator", ""),
        Field("Participant_Timestamp", "participant_time_ns", "compact time", _PARTICIPANT,
              optional=True, required=False),
        _known("FINRA_ADF_Timestamp", ""),
        _known("FINRA_ADF_Market_Participant_Quote_Indicator", ""),
        _known("Security_Status_Indicator", "since version 3.0"),
    ),
    header=True,
    source=_SPEC,
    excludes=("Best_Bid_Price", "Best_Offer_Price"),
)  # fmt: skip

TAQ_NBBO = Layout(
    "a TAQ NBBO file",
    "|",
    (
        *_QUOTE_HEAD,
        *(_known(f.name, "quote that caused the change") for f in _OWN_QUOTE),
        *_QUOTE_TAIL,
        _known("Best_Bid_Quote_Condition", ""),
        Field("Best_Bid_Exchange", "bid_exchange", "text", optional=True),
        Field("Best_Bid_Price", "bid", "decimal", "dollars, 0 = none", optional=True, least=0),
        Field("Best_Bid_Size", "bid_size", "integer", _LOTS, optional=True, least=0),
        _known("Best_Bid_FINRA_Market_Maker_ID", ""),
        _known("Best_Offer_Quote_Condition", ""),
        Field("Best_Offer_Exchange", "ask_exchange", "text", optional=True),
        Field("Best_Offer_Price", "ask", "decimal", "dollars, 0 = none", optional=True, least=0),
        Field("Best_Offer_Size", "ask_size", "integer", _LOTS, optional=True, least=0),
        _known("Best_Offer_FINRA_Market_Maker_ID", ""),
        _known("LULD_Indicator", ""),
        _known("LULD_NBBO_Indicator", ""),
        _known("SIP_Generated_Message_Identifier", ""),
        Field("Participant_Timestamp", "participant_time_ns", "compact time", _PARTICIPANT,
              optional=True, required=False),
        _known("FINRA_ADF_Timestamp", "since version 3.0"),
        _known("Security_Status_Indicator", "since version 3.0"),
    ),
    header=True,
    source=_SPEC,
)  # fmt: skip

# The most telling first: an NBBO file also has all columns of a quote file.
TAQ_LAYOUTS = {"taq_nbbo": TAQ_NBBO, "taq_quotes": TAQ_QUOTES, "taq_trades": TAQ_TRADES}
