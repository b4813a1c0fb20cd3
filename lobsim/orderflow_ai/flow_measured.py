"""What was measured of the shipped message model: `measured_flow`.

``python tests/benchmarks/measure_message_model.py --store`` measures it, stage by stage.
"""

import json
from pathlib import Path

__all__ = ["MEASURED", "measured_flow"]

MEASURED = Path(__file__).parent / "models" / "midcap" / "measured.json"


def measured_flow() -> dict:
    """The stored measurement, by stage.

    Returns
    -------
    dict
        ``training`` (minutes, steps, tokens, the log), ``perplexity`` (a row for each model, on
        held-out days), ``piece`` (the model on some seconds of one of them), ``facts`` (stylised
        facts of each flow beside held-out days), ``response`` (of the mid to an injected order,
        in ticks, for each flow and size), ``speed``, ``real`` (a row for each model, on a real
        day).

    Examples
    --------
    >>> sorted(measured_flow()["speed"])
    ['market_messages_per_s', 'messages_per_s', 'tokens_per_s']
    """
    return json.loads(MEASURED.read_text(encoding="utf-8"))
