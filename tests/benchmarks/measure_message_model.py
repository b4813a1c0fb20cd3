"""Trains the shipped message model and measures it beside Poisson, Hawkes and queue-reactive flow.

Run ``python tests/benchmarks/measure_message_model.py train --store``, which trains for a fixed
number of steps and writes the model into ``lobsim/orderflow_ai/models/midcap``; then, in any
order, the stages ``piece``, ``perplexity``, ``facts``, ``response``, ``speed`` and, where
``LOBSIM_REAL_DATA`` names a folder with LOBSTER's sample of GOOG, ``real``. ``--store`` writes what
a stage found beside the model, where `lobsim.orderflow_ai.flow_measured.measured_flow` reads it.

Days to learn from, to choose the weights by and to judge by are different seeds of one simulated
market (`lobsim.orderflow_ai.flow_days`). Poisson, Hawkes and queue-reactive flow are fitted by
`lobsim.market.calibrate` to the first learning day. Intervals are 95 %, over days or markets.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
from flow_cases import BARE, OTHERS, REAL_STEPS, TRUE, flow_makers, mean_interval
from flow_likelihood import (Day, constant_losses, day_of, fitted_hawkes, fitted_queues,
                             hawkes_losses, poisson_rates, queue_losses, shares_of, taped_day,
                             with_table)

from lobsim.analytics import facts_of, scorecard
from lobsim.data import read_lobster, to_messages
from lobsim.market import Market
from lobsim.market.parts import Impact
from lobsim.market.profiles import profiles
from lobsim.orderflow_ai.flow_days import (JUDGE, LEARN, PROFILE, START_S, TOKENIZER, VALIDATE,
                                           recorded_day, true_day)
from lobsim.orderflow_ai.flow_measured import MEASURED
from lobsim.orderflow_ai.generate import say_messages
from lobsim.orderflow_ai.generate_response import injected_response
from lobsim.orderflow_ai.message_model import SHIPPED, ModelShape, load_model, save_model
from lobsim.orderflow_ai.message_model_data import stream_of
from lobsim.orderflow_ai.message_model_tables import TableModel
from lobsim.orderflow_ai.message_model_training import (Budget, score_losses, token_losses,
                                                        train_model)

STEPS, EVERY = 3_000, 200
FIT_S = 600.0
"""Of the first learning day, that Poisson, Hawkes and queue-reactive flow are fitted to."""
JUDGED_S, PART = 450.0, 100_000
"""Of each judged day: seconds that are read, and tokens among these that are scored."""
PIECE_S = 20.0
FACTS_S, FACTS_DAYS = 600.0, 8
SIZES, RESPONSES, AT_S = (100, 500, 2_000), 24, 5.0
HORIZONS_S = (1.0, 5.0, 30.0)
REAL_SHARES, REAL_FIT = (0.7, 0.1), 30_000
"""Training on a real day: its first part, and the one that chooses the weights; the rest judges.
The Hawkes process is fitted to the last messages of the first part."""


def train() -> tuple[dict, object]:
    """Train on the learning days; what it cost, and the model."""
    streams = [stream_of(true_day(seed)) for seed in (*LEARN, *VALIDATE)]
    learn, validation = streams[:len(LEARN)], streams[len(LEARN):]
    cpu, wall = time.process_time(), time.time()
    model, log = train_model(learn, validation, ModelShape(), Budget(steps=STEPS, every=EVERY),
                             seed=1, tokenizer=TOKENIZER)
    told = {"cpu_min": (time.process_time() - cpu) / 60, "wall_min": (time.time() - wall) / 60,
            "steps": log[-1]["steps"], "days": len(LEARN),
            "tokens": sum(len(stream.tokens) for stream in learn),
            "parameters": sum(p.numel() for p in model.parameters()),
            "log": [{name: row[name] for name in ("steps", "learned", "validation")}
                    for row in log]}
    return told, model


def piece() -> dict:
    """What anybody can measure in a second: the model on a few seconds of a held-out day."""
    model, _ = load_model()
    stream = stream_of(true_day(JUDGE[0], START_S + PIECE_S))
    score = score_losses(token_losses(model, stream), stream)
    return {"seed": JUDGE[0], "seconds": PIECE_S, "per_token": score.per_token,
            "tokens": score.tokens}


def perplexity() -> list[dict]:
    """Perplexities on held-out days: the model, tables, and three point processes."""
    model, _ = load_model()
    encoded = [true_day(seed) for seed in LEARN]
    learn = [stream_of(one) for one in encoded]
    tables = {"Markov": TableModel(1).fit(learn), "unigram": TableModel(0).fit(learn)}
    days = [day_of(one) for one in encoded]
    shares, rates = shares_of(days), poisson_rates(days)
    first = true_day(LEARN[0], START_S + FIT_S)
    hawkes, queues = fitted_hawkes(day_of(first)), fitted_queues(first)
    found: dict[str, list] = {}
    for seed in JUDGE:
        one = true_day(seed, START_S + JUDGED_S)
        stream, day = stream_of(one), day_of(one)
        losses = {"transformer": token_losses(model, stream, most=PART)}
        known = np.isfinite(losses["transformer"])
        losses |= {name: table.loss(stream) for name, table in tables.items()}
        for name, own in (("Poisson", constant_losses(day, rates, shares)),
                          ("Hawkes", hawkes_losses(day, hawkes, shares)),
                          ("queue-reactive", queue_losses(one, queues, shares))):
            losses[name] = with_table(own, losses["Markov"], stream.fields)
        for name, values in losses.items():
            found.setdefault(name, []).append(score_losses(np.where(known, values, np.nan),
                                                           stream))
    return _score_rows(found)


def _score_rows(found: dict[str, list]) -> list[dict]:
    """A row for each model from its scores of the judged days; `less_nats` is against Markov."""
    rows = []
    nats = {name: np.log([score.per_message for score in scores])
            for name, scores in found.items()}
    for name, scores in found.items():
        row = {"model": name, "nats_per_message": nats[name].tolist(),
               "per_message": float(np.exp(nats[name].mean())),
               "per_token": float(np.exp(np.log([s.per_token for s in scores]).mean())),
               "bits": {field: float(np.mean([s.bits[field] for s in scores]))
                        for field in scores[0].bits},
               "messages": sum(s.messages for s in scores)}
        if name != "Markov" and len(scores) > 1:
            row |= zip(("less_nats", "low", "high"),
                       map(float, mean_interval(nats["Markov"] - nats[name])), strict=False)
        rows.append(row)
    return rows


def facts() -> dict:
    """Stylised facts of each flow, against real markets' regions and against held-out days."""
    seeds = JUDGE[:FACTS_DAYS]
    numbers, cards = {}, {}
    makers = flow_makers(FIT_S, START_S + FACTS_S, record=True)
    makers[OTHERS] = lambda seed: makers[TRUE](seed + 1_000)
    for name, make in makers.items():
        found = []
        for seed in seeds:
            market = make(seed)
            market.advance(market.end_s)
            found.append(facts_of(market))
        numbers[name] = found
        cards[name] = scorecard(found, profiles[PROFILE].facts)
    spread = {fact: np.nanstd([one[fact] for one in numbers[TRUE]], ddof=1)
              for fact in cards[TRUE].rows.index}
    told = {}
    for name, card in cards.items():
        away = {fact: abs(card.rows["value"][fact] - cards[TRUE].rows["value"][fact])
                / spread[fact] for fact in card.rows.index if spread[fact] > 0}
        away = {fact: float(gap) for fact, gap in away.items() if np.isfinite(gap)}
        told[name] = {"inside": len(card.inside),
                      "judged": len(card.rows) - len(card.unknown),
                      "distance": card.mean_distance,
                      "away": float(np.median(list(away.values()))),
                      "far": sorted(away, key=away.get, reverse=True)[:3],
                      "rows": {fact: [float(row.value), float(row.stderr)]
                               for fact, row in zip(card.rows.index, card.rows.itertuples(),
                                                    strict=True)}}
    return {"seconds": FACTS_S, "markets": len(seeds), "flows": told}


def response() -> list[dict]:
    """How the mid answers a market order, by flow and size, in twin markets with two sides."""
    end_s = START_S + AT_S + HORIZONS_S[-1] + 1.0
    bare = profiles[PROFILE].without(Impact)
    makers = {BARE: lambda seed: Market(bare, seed, START_S, end_s)} | flow_makers(FIT_S, end_s)
    return [row for name, make in makers.items() for row in responses(name, make)]


def responses(name: str, make) -> list[dict]:
    """The answer of one flow, a row for each size."""
    rows = []
    for size in SIZES:
        told = injected_response(make, range(1_001, 1_001 + RESPONSES), size, START_S + AT_S,
                                 HORIZONS_S)
        whole = np.isfinite(told.values).all(axis=1)  # in others a side was empty
        mean, low, high = mean_interval(told.values[whole])
        rows.append({"flow": name, "size": size, "pairs": int(whole.sum()),
                     "horizon_s": told.horizons_s.tolist(), "mean": mean.tolist(),
                     "low": low.tolist(), "high": high.tolist()})
    return rows


def speed() -> dict:
    """Tokens and messages a second of one thread, compiled before."""
    model, _ = load_model()
    initial = recorded_day(JUDGE[0], START_S + 1.0).initial

    def said(seconds: float):
        return say_messages(model, initial, 1, start_s=START_S, until_s=START_S + seconds)

    said(1.0)
    started = time.process_time()
    told = said(120.0)
    spent = time.process_time() - started
    market = Market(PROFILE, JUDGE[0], START_S, START_S + 120.0, flow=model, record=True)
    market.advance(START_S + 1.0)
    started = time.process_time()
    market.advance(START_S + 60.0)
    return {"tokens_per_s": told.tokens / spent, "messages_per_s": len(told.messages) / spent,
            "market_messages_per_s": len(market.record().messages) * 59 / 60
            / (time.process_time() - started)}


def real() -> list[dict]:
    """The same model trained on the first part of one real day and judged on its last part."""
    folder = Path(os.environ["LOBSIM_REAL_DATA"]) / "lobster"
    day = read_lobster(next(folder.glob("*GOOG*")))
    told = to_messages(day)
    encoded = TOKENIZER.encode(told.messages, told.initial)
    whole = stream_of(encoded)
    cuts = (np.cumsum([0.0, *REAL_SHARES, 1.0 - sum(REAL_SHARES)])
            * len(whole.tokens)).astype(int)
    parts = [whole._replace(tokens=whole.tokens[a:b], targets=whole.targets[a:b],
                            message=whole.message[a:b], fields=whole.fields[a:b])
             for a, b in zip(cuts[:-1], cuts[1:], strict=True)]
    model, _ = train_model(parts[:1], parts[1:2], ModelShape(),
                           Budget(steps=REAL_STEPS, every=100), seed=1, tokenizer=TOKENIZER)
    tables = {"Markov": TableModel(1).fit(parts[:1]), "unigram": TableModel(0).fit(parts[:1])}
    tables = {"Markov": TableModel(1).fit(parts[:1]), "unigram": TableModel(0).fit(parts[:1])}
    losses = {"transformer": token_losses(model, parts[2], most=PART)}
    losses |= {name: table.loss(parts[2]) for name, table in tables.items()}
    # A message that is only there to bring the book back to the file's is no order of anybody.
    taped = ~told.is_patch[encoded.kept]
    known = np.isfinite(losses["transformer"]) & taped[parts[2].message]
    tape = taped_day(encoded, taped)
    end = int(taped[:parts[0].message[-1]].sum())
    learned, latest = (Day(*(array[first:end] for array in tape))
                       for first in (0, max(end - REAL_FIT, 0)))
    shares = shares_of([learned])
    whole_day = tables["Markov"].loss(whole)
    for name, own in (("Poisson", constant_losses(tape, poisson_rates([learned]), shares)),
                      ("Hawkes", hawkes_losses(tape, fitted_hawkes(latest), shares))):
        spread = np.full((len(taped), 2), np.nan)
        spread[taped] = own
        losses[name] = with_table(spread, whole_day, whole.fields)[cuts[2]:]
    return _score_rows({name: [score_losses(np.where(known, values, np.nan), parts[2])]
                        for name, values in losses.items()})


STAGES = {stage.__name__: stage for stage in (piece, perplexity, facts, response, speed, real)}


def rounded(value, digits: int = 5):
    """A nest of numbers with so many significant digits; None where there is no number."""
    if isinstance(value, dict):
        return {name: rounded(one, digits) for name, one in value.items()}
    if isinstance(value, list):
        return [rounded(one, digits) for one in value]
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") if np.isfinite(value) else None
    return value


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stages", nargs="+", choices=["train", *STAGES])
    parser.add_argument("--store", action="store_true", help=f"write {SHIPPED.name}")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    for stage in options.stages:
        begun = time.process_time()
        if stage == "train":
            told, model = train()
            if options.store:
                save_model(model, SHIPPED, {"trained_on": f"{PROFILE}, seeds {LEARN[0]} to "
                                            f"{LEARN[-1]}, half an hour each"})
                told["bytes"] = sum(path.stat().st_size for path in SHIPPED.glob("model.*"))
        else:
            told = STAGES[stage]()
        told = rounded(told)
        print(stage, json.dumps(told, indent=1), f"\n{time.process_time() - begun:.0f} s of "
              f"processor time", flush=True)
        if options.store:
            kept = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
            name = "training" if stage == "train" else stage
            kept[name] = told
            MEASURED.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
