"""Order flow and AI: learned models of order flow, and an analyst that answers desk questions.

Names are loaded on first use, so that importing this floor needs neither torch nor a network.

.. code-block:: python

    from lobsim.orderflow_ai import Desk, ask
    print(ask("Why did yesterday's shortfall double?", Desk.bundled()).markdown())
"""

from importlib import import_module

_HOME = {
    "Desk": "lobsim.orderflow_ai.desk",
    "Encoded": "lobsim.orderflow_ai.tokens",
    "Endpoint": "lobsim.orderflow_ai.endpoint",
    "LearnedFlow": "lobsim.orderflow_ai.generate",
    "LearnedMarket": "lobsim.orderflow_ai.generate",
    "MessageModel": "lobsim.orderflow_ai.message_model",
    "ModelShape": "lobsim.orderflow_ai.message_model",
    "Report": "lobsim.orderflow_ai.report",
    "TOOLS": "lobsim.orderflow_ai.toolbox",
    "Tokenizer": "lobsim.orderflow_ai.tokens",
    "ask": "lobsim.orderflow_ai.analyst",
    "compare_models": "lobsim.orderflow_ai.message_model_training",
    "injected_response": "lobsim.orderflow_ai.generate_response",
    "judge_forecasts": "lobsim.orderflow_ai.forecast_judging",
    "load_model": "lobsim.orderflow_ai.message_model",
    "measured_flow": "lobsim.orderflow_ai.flow_measured",
    "save_model": "lobsim.orderflow_ai.message_model",
    "say_messages": "lobsim.orderflow_ai.generate",
    "train_forecasts": "lobsim.orderflow_ai.forecast_judging",
    "train_model": "lobsim.orderflow_ai.message_model_training",
}

__all__ = [*_HOME]


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'lobsim.orderflow_ai' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
