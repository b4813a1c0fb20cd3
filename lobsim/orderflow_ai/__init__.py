"""Learned models of order flow: a forecaster, a language model of messages, an analyst.

Names are loaded on first use; those of the models import torch.
"""

from importlib import import_module

_HOME = {
    "Encoded": "lobsim.orderflow_ai.tokens",
    "LearnedMarket": "lobsim.orderflow_ai.generate",
    "MessageModel": "lobsim.orderflow_ai.message_model",
    "ModelShape": "lobsim.orderflow_ai.message_model",
    "Tokenizer": "lobsim.orderflow_ai.tokens",
    "compare_models": "lobsim.orderflow_ai.message_model_training",
    "injected_response": "lobsim.orderflow_ai.generate_response",
    "judge_forecasts": "lobsim.orderflow_ai.forecast",
    "load_model": "lobsim.orderflow_ai.message_model",
    "save_model": "lobsim.orderflow_ai.message_model",
    "say_messages": "lobsim.orderflow_ai.generate",
    "train_model": "lobsim.orderflow_ai.message_model_training",
}

__all__ = [*_HOME]


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'lobsim.orderflow_ai' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
