"""Training a message model by the clock, and its perplexity on days that it has not seen."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from lobsim.orderflow_ai.message_model import MessageModel, ModelShape
from lobsim.orderflow_ai.message_model_data import Stream, pieces
from lobsim.orderflow_ai.message_model_tables import TableModel
from lobsim.orderflow_ai.tokens import Tokenizer
from lobsim.orderflow_ai.tokens_layout import FIELD_NAMES

__all__ = ["Budget", "Score", "compare_models", "score_losses", "token_losses", "train_model"]


@dataclass(frozen=True)
class Budget:
    """How long and how to train.

    Parameters
    ----------
    minutes : float
        Of wall time, validation included; the learning rate falls to zero over them.
    batch : int
        Pieces of a step.
    length : int
        Tokens of a piece. Longer than the window, so that most tokens see all of theirs.
    rate : float
        Largest learning rate of AdamW.
    steps : int, optional
        Stop after so many steps instead; results are then the same on every machine of a kind.
    every : int
        Steps between two looks at the validation day.
    patience : int
        Looks without a better value after which the training stops early.
    """

    minutes: float = 10.0
    batch: int = 16
    length: int = 256
    rate: float = 3e-3
    steps: int | None = None
    every: int = 100
    patience: int = 10

    def spent(self, steps: int, seconds: float) -> float:
        """Share of the budget that is used up, 0 to 1."""
        share = steps / self.steps if self.steps else seconds / (60.0 * self.minutes)
        return min(share, 1.0)


class Score(NamedTuple):
    """How well a model foretells a stream.

    Attributes
    ----------
    per_token : float
        Perplexity of a token: exp of the mean loss. 1 is certainty.
    per_message : float
        Perplexity of a message: exp of the mean over messages of their tokens' losses added up.
    bits : dict of str to float
        Mean bits a message that each field costs.
    tokens, messages : int
        Over how many the means are.
    """

    per_token: float
    per_message: float
    bits: dict[str, float]
    tokens: int
    messages: int


def score_losses(losses: np.ndarray, stream: Stream) -> Score:
    """Perplexities of a day from the loss (nats) of each of its targets; NaN where not scored."""
    known = np.isfinite(losses)
    values, fields = losses[known], stream.fields[known]
    messages = len(np.unique(stream.message[known]))
    bits = {name: float(values[fields == field].sum() / messages / np.log(2.0))
            for field, name in enumerate(FIELD_NAMES)}
    with np.errstate(over="ignore"):
        whole = float(np.exp(values.sum() / messages))
    return Score(float(np.exp(values.mean())), whole, bits, int(known.sum()), messages)


@torch.no_grad()
def token_losses(model: MessageModel, stream: Stream, batch: int = 16,
                 most: int | None = None) -> np.ndarray:
    """Minus log probability (nats) of each target of a day, shape (n,).

    The day is cut into pieces of two windows that overlap by one, and the second half of each is
    scored (of the first piece both), so that every scored token but those of the first window has
    a full window before it. Targets that fit in no piece are NaN, as are those from `most` on.
    """
    window = model.shape.window
    n = len(stream.tokens) if most is None else min(most, len(stream.tokens))
    losses = np.full(len(stream.tokens), np.nan)
    length = min(2 * window, n)
    starts = np.arange(0, n - length + 1, max(length - window, 1))
    model.eval()
    for k in range(0, len(starts), batch):
        some = starts[k:k + batch]
        pairs = np.column_stack([np.zeros(len(some), np.int64), some])
        tokens, features, targets, fields = (torch.from_numpy(a)
                                             for a in pieces([stream], pairs, length))
        found = model.loss(tokens, features, targets, fields).numpy()
        for row, start in zip(found, some, strict=True):
            first = 0 if start == 0 else window
            losses[start + first:start + length] = row[first:]
    return losses


def train_model(learn: Sequence[Stream], validation: Sequence[Stream],
                shape: ModelShape = ModelShape(), budget: Budget = Budget(),
                seed: int = 0, tokenizer: Tokenizer = Tokenizer(),
                ) -> tuple[MessageModel, list[dict]]:
    """Train a message model and keep the one that was best on the validation days.

    Parameters
    ----------
    learn, validation : sequence of Stream
        Days; without validation days the last model is kept.
    shape : ModelShape
    budget : Budget
    seed : int
        Of the first weights and of the pieces drawn.
    tokenizer : Tokenizer
        The one that spelled the days; kept with the model.

    Returns
    -------
    model : MessageModel
    log : list of dict
        ``steps, seconds, rate, learned`` (mean loss since the look before, nats a token),
        ``validation`` (the same on the validation days).

    Raises
    ------
    ValueError
        When every day is shorter than a piece.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    room = np.array([len(stream.tokens) - budget.length for stream in learn])
    if room.max() < 1:
        raise ValueError(f"no day to learn from has more than {budget.length} tokens, the length "
                         f"of a piece; the longest has {room.max() + budget.length}")
    chance = np.maximum(room, 0) / np.maximum(room, 0).sum()
    model = MessageModel(shape, tokenizer)
    optimiser = torch.optim.AdamW(model.parameters(), lr=budget.rate, weight_decay=0.01,
                                  betas=(0.9, 0.95))
    started = time.monotonic()
    steps, stale, best, rate = 0, 0, np.inf, 0.0
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    recent: list[float] = []
    log: list[dict] = []
    while stale <= budget.patience:
        spent = budget.spent(steps, time.monotonic() - started)
        if spent < 1.0:
            rate = budget.rate * min(1.0, (steps + 1) / 50) * (1.0 - spent)
            for group in optimiser.param_groups:
                group["lr"] = rate
            which = rng.choice(len(learn), budget.batch, p=chance)
            starts = np.column_stack([which, (rng.random(budget.batch) * room[which]).astype(int)])
            model.train()
            loss = model.loss(*(torch.from_numpy(array) for array in
                                pieces(learn, starts, budget.length))).mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            recent.append(float(loss.detach()))
            steps += 1
        if steps % budget.every and spent < 1.0:
            continue
        value = float(np.mean([np.nanmean(token_losses(model, stream, most=20_000))
                               for stream in validation])) if validation else -float(steps)
        log.append({"steps": steps, "seconds": time.monotonic() - started, "rate": rate,
                    "learned": float(np.mean(recent)) if recent else np.nan, "validation": value})
        recent.clear()
        stale = stale + 1 if value >= best else 0
        if value < best:
            best = value
            kept = {name: array.clone() for name, array in model.state_dict().items()}
        if spent >= 1.0:
            break
    model.load_state_dict(kept)
    model.eval()
    return model, log


def compare_models(model: MessageModel, learn: Sequence[Stream], judge: Sequence[Stream],
                   ) -> list[dict]:
    """Perplexities on held-out days beside those of tables counted on the days learned from.

    Only targets that the transformer scored count, for all alike.

    Returns
    -------
    list of dict
        One per day and model: ``day`` (number), ``model``, and the fields of `Score`.
    """
    tables = {"unigram": TableModel(0).fit(learn), "Markov": TableModel(1).fit(learn)}
    rows = []
    for day, stream in enumerate(judge):
        losses = {"transformer": token_losses(model, stream)}
        known = np.isfinite(losses["transformer"])
        losses |= {name: np.where(known, table.loss(stream), np.nan)
                   for name, table in tables.items()}
        rows += [{"day": day, "model": name, **score_losses(values, stream)._asdict()}
                 for name, values in losses.items()]
    return rows
