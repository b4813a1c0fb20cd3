"""The offline planner: a question's intent by its words, a fixed chain of calls, and the sentences.

It is deterministic and makes no number of its own: sentences are templates whose fields are values
of the calls. What it does not recognise, or what no tool can know, it declines.
"""

from __future__ import annotations

import re
from typing import Any

from lobsim.orderflow_ai.desk import Desk, DeskError
from lobsim.orderflow_ai.periods import named_period
from lobsim.orderflow_ai.plans import INTENTS, ONE_ORDER
from lobsim.orderflow_ai.session import Intent, Session
from lobsim.orderflow_ai.toolbox import ToolError

__all__ = ["CAN_DO", "answer_offline", "declined_text", "intent_of", "order_of", "outside", "slots"]

CAN_DO = (
    "what orders cost and in which part, by day, or for one order by its id, why that changed "
    "between two periods, which orders were worst, VWAP, TWAP and arrival as benchmarks, spreads, "
    "impact by trade size, the volume curve, whether an imbalance signal pays, fills and queues of "
    "resting orders, toxicity of fills, the price around orders, and the quality of the data")

_NO_TOOL = (
    (r"\b(tomorrow|next (?:day|week|month|year)|will (?:the )?(?:price|stock|market|it)|forecast|"
     r"going to (?:rise|fall))\b", "what prices will do"),
    (r"\bshould (?:i|we) (?:buy|sell|invest|hold)\b|\b(?:invest|recommend)", "what to buy or sell"),
    (r"\b(?:broker|competitor|counterpart|client|regulat|legal|tax|salary|bonus|weather|news)",
     "anything outside the orders, fills, quotes and prints of the data"),
    (r"\b(?:option|gamma|vega|bond|yield|dividend|earnings)s?\b", "other instruments than those in "
     "the data"),
    (r"\b(?:delete|overwrite|e-?mail|upload|password|api key|run (?:a|the|this) (?:command|shell))",
     "anything but reading the data"),
)
_NOT_TICKERS = {"VWAP", "TWAP", "OFI", "OBI", "POV", "BPS", "USD", "TCA", "NBBO", "IS", "PM", "AM",
                "ARE", "WHY", "THE", "AND", "DID", "DO", "WE", "OUR", "HOW", "WHAT", "IN", "ON",
                "OF", "TO", "BP", "PNL", "ID", "MY", "AT", "A", "I", "US", "FROM", "AI"}


def answer_offline(question: str, desk: Desk) -> tuple[Session, bool]:
    """Answer by the fixed plan of the question's intent.

    Returns
    -------
    Session, bool
        Calls and sentences; whether the question was declined.
    """
    session = Session(desk, question)
    reason = outside(question, desk)
    intent = None if reason else ONE_ORDER if order_of(question, desk) else intent_of(question)
    if intent is None:
        session.answer = [declined_text(reason)]
        return session, True
    try:
        desk.period(None, None)  # a desk without any day has no answer
        intent.plan(session, slots(question, desk))
    except (DeskError, ToolError) as error:
        session.results.clear()
        session.answer = [f"This cannot be answered from the data: {error}."]
        return session, True
    return session, False


def declined_text(reason: str | None = None) -> str:
    """What a declined question is answered."""
    why = f"no tool knows {reason}" if reason else "no tool fits it"
    return f"Declined: {why}. What can be asked: {CAN_DO}."


def outside(question: str, desk: Desk) -> str | None:
    """Why a question is outside the tools, or None."""
    text = question.lower()
    for pattern, what in _NO_TOOL:
        if re.search(pattern, text):
            return what
    if question.upper() != question and desk.orders is not None and "symbol" in desk.orders:
        held = {str(name).upper() for name in desk.orders["symbol"].unique()}
        for word in re.findall(r"\b[A-Z]{2,5}\b", question):
            if word not in held | _NOT_TICKERS:
                return f"{word}, a name that the data do not hold"
    return None


def intent_of(question: str) -> Intent | None:
    """The intent whose words weigh most in the question; None where none weighs enough."""
    text = " ".join(question.lower().split())
    scored = [(sum(weight for pattern, weight in intent.words.items() if re.search(pattern, text)),
               -n, intent) for n, intent in enumerate(INTENTS)
              if re.search(intent.must, text)]
    best, _, intent = max(scored, key=lambda one: one[:2])
    return intent if best >= 2 else None


def slots(question: str, desk: Desk) -> dict[str, Any]:
    """Period, horizon, side, signal and order that a question names."""
    text = question.lower()
    period = named_period(question, desk.days)
    found: dict[str, Any] = {"period": period.days, "base": period.base, "text": text,
                             "order": order_of(question, desk)}
    horizon = re.search(r"\b(\d+(?:\.\d+)?)[ -]?(s|secs?|seconds?|min|minutes?|h|hours?)\b", text)
    if horizon:
        unit = 60 if horizon[2].startswith("min") else 3600 if horizon[2].startswith("h") else 1
        found["horizon_s"] = float(horizon[1]) * unit
    sides = {side for side in ("buy", "sell") if re.search(rf"\b{side}(?:s|ing)?\b", text)}
    found["side"] = sides.pop() if len(sides) == 1 else "both"
    found["signal"] = "ofi" if re.search(r"\bofi\b|order[- ]flow", text) else "obi"
    return found


def order_of(question: str, desk: Desk) -> str | None:
    """The id of the one order that a question names, known to the desk or not, or None."""
    if desk.orders is None:
        return None
    words = set(re.findall(r"[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9]|\S", question))
    found = [str(name) for name in desk.orders["order_id"].unique()
             if str(name) in words and re.search(r"\d", str(name)) and len(str(name)) > 3]
    if len(found) == 1:
        return found[0]
    named = re.search(r"\border (?:no\.? |number |id |#)?([\w./-]*\d[\w./-]*\w)", question)
    return named[1] if named and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", named[1]) else None
