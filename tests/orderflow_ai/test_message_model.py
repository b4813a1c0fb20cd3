"""The language model of messages: what it may see, how it is scored, and that it learns."""

import numpy as np
import pytest
import torch

from lobsim.engine import Kind, empty_messages
from lobsim.orderflow_ai.message_model import MessageModel, ModelShape, load_model, save_model
from lobsim.orderflow_ai.message_model_data import split_days, stream_of
from lobsim.orderflow_ai.message_model_tables import TableModel
from lobsim.orderflow_ai.message_model_training import (Budget, compare_models, score_losses,
                                                        token_losses, train_model)
from lobsim.orderflow_ai.tokens import Tokenizer
from lobsim.orderflow_ai.tokens_layout import FIELDS, VOCABULARY

SMALL = ModelShape(width=16, layers=2, heads=2, window=12)


def day_of(seed, messages=400):
    """A stream with a law that needs three messages of memory: sides go round by threes."""
    rng = np.random.default_rng(seed)
    stream = empty_messages(messages)
    stream["kind"], stream["order_id"] = Kind.LIMIT, np.arange(1, messages + 1)
    stream["side"] = np.where(np.arange(messages) % 6 < 3, 1, -1)
    stream["price_ticks"] = np.where(stream["side"] > 0, 100, 102)
    stream["size"] = 100 * rng.integers(1, 4, messages)
    stream["time_ns"] = np.cumsum(rng.exponential(1e8, messages)).astype(np.int64)
    return stream_of(Tokenizer().encode(stream))


@pytest.fixture(scope="module")
def days():
    return [day_of(seed) for seed in range(3)]


def test_a_token_is_foretold_from_the_past_alone(days):
    torch.manual_seed(0)
    model = MessageModel(SMALL).eval()
    stream = days[0]
    tokens = torch.from_numpy(stream.tokens[None, :40])
    book = torch.from_numpy(stream.features[stream.message[:40]][None])
    before = model(tokens, book)
    later, other = tokens.clone(), book.clone()
    later[0, 25:] = torch.randint(0, VOCABULARY, (15,))
    other[0, 25:] += 1.0
    after = model(later, other)
    assert torch.allclose(before[0, :25], after[0, :25], atol=1e-5)
    assert not torch.allclose(before[0, 25:], after[0, 25:], atol=1e-2)


def test_attention_reaches_a_window_a_layer_and_no_further(days):
    torch.manual_seed(0)
    model = MessageModel(SMALL).eval()
    tokens = torch.randint(0, VOCABULARY, (1, 60))
    book = torch.zeros(1, 60, 12)
    changed = tokens.clone()
    reach = SMALL.layers * (SMALL.window - 1)
    changed[0, :60 - 1 - reach] = 5
    assert torch.allclose(model(tokens, book)[0, -1], model(changed, book)[0, -1], atol=1e-5)
    changed[0, 60 - 1 - reach] = 7
    assert not torch.equal(model(tokens, book)[0, -1], model(changed, book)[0, -1])


def test_probabilities_of_a_field_add_up_to_one(days):
    stream = days[0]
    model = MessageModel(SMALL).eval()
    tokens = torch.from_numpy(stream.tokens[None, :20])
    book = torch.from_numpy(stream.features[stream.message[:20]][None])
    for place in (0, 3, 11):
        field = int(stream.fields[place])
        total = 0.0
        for token in range(FIELDS[field], FIELDS[field + 1]):
            targets = torch.from_numpy(stream.targets[None, :20].copy())
            targets[0, place] = token
            fields = torch.from_numpy(stream.fields[None, :20])
            total += float(torch.exp(-model.loss(tokens, book, targets, fields)[0, place]).detach())
        assert total == pytest.approx(1.0, abs=1e-4)
    for order in (0, 1):
        logits = TableModel(order).fit(days).logits
        for first, end in zip(FIELDS[:-1], FIELDS[1:], strict=True):
            assert np.exp(logits[:, first:end]).sum(axis=1) == pytest.approx(1.0)


def test_perplexity_of_a_fair_choice_is_the_number_of_choices(days):
    stream = days[0]
    losses = np.log(np.diff(FIELDS)[stream.fields])
    score = score_losses(losses, stream)
    assert score.bits["EVENT"] == pytest.approx(np.log2(18), rel=0.01)
    assert score.per_token == pytest.approx(np.exp(losses.mean()))
    assert np.log(score.per_message) == pytest.approx(losses.sum() / score.messages)
    assert sum(score.bits.values()) == pytest.approx(np.log2(score.per_message))


def test_training_beats_the_tables_where_memory_matters(days):
    learn, validation, judge = split_days(days, held_out=1)
    budget = Budget(steps=150, batch=8, length=48, every=50, rate=1e-2)
    model, log = train_model(learn, validation, SMALL, budget, seed=1)
    rows = {row["model"]: row for row in compare_models(model, learn, judge)}
    assert rows["transformer"]["per_message"] < 0.75 * rows["Markov"]["per_message"]
    assert rows["Markov"]["per_message"] <= rows["unigram"]["per_message"]
    assert len({row["tokens"] for row in rows.values()}) == 1
    assert log[-1]["validation"] < log[0]["validation"] and log[-1]["steps"] == 150


def test_a_saved_model_says_the_same(days, tmp_path):
    torch.manual_seed(3)
    model = MessageModel(SMALL)
    save_model(model, tmp_path / "m", {"trained on": "nothing"})
    again, notes = load_model(tmp_path / "m")
    assert notes == {"trained on": "nothing"} and again.shape == SMALL
    ours, theirs = token_losses(model, days[0]), token_losses(again, days[0])
    known = np.isfinite(ours)
    assert np.abs(ours - theirs)[known].max() < 0.02  # weights are kept in half precision
    (tmp_path / "m" / "model.json").write_text('{"format": 0}')
    with pytest.raises(ValueError, match="another version"):
        load_model(tmp_path / "m")


def test_a_day_is_in_one_part_of_the_split():
    learn, validation, judge = split_days(range(6), held_out=2)
    assert (learn, validation, judge) == ([0, 1, 2], [3], [4, 5])
    with pytest.raises(ValueError, match="leave 0 to learn from"):
        split_days(range(3), held_out=2)
