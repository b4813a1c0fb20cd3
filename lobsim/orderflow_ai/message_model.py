r"""A small language model of order messages: a decoder-only transformer over tokens, in PyTorch.

Token t+1 is foretold from the tokens before it and from the book as it stands before the message of
token t+1:

.. math:: x_t = E[w_t] + F\, b_{m(t+1)}, \qquad
    p(w_{t+1} \mid w_{\le t}) = \mathrm{softmax}_{\text{field}}(W\,h_t + c)

The softmax runs over the tokens of the field that must come next, which the tokens before tell
(`lobsim.orderflow_ai.tokens_grammar`). A block is attention, then two layers with a rectifier, each
behind a root-mean-square norm and added to what went in. Attention looks back `window` tokens, each
head with a slope of its own against the distance [1]_: only distances enter, so a stream of any
length can be generated with a ring of the last `window` keys and values.

References
----------
.. [1] O. Press, N. Smith, M. Lewis, "Train short, test long: attention with linear biases enables
   input length extrapolation", ICLR 2022, section 3.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from lobsim.orderflow_ai.tokens import Tokenizer
from lobsim.orderflow_ai.tokens_book import FEATURES
from lobsim.orderflow_ai.tokens_layout import FIELDS, VOCABULARY

__all__ = ["SHIPPED", "MessageModel", "ModelShape", "load_model", "save_model", "slopes"]

FORMAT = 1
SHIPPED = Path(__file__).parent / "models" / "midcap"
"""Folder of the model that was trained on `lobsim.orderflow_ai.flow_days`."""
_TINY = 1e-5


@dataclass(frozen=True)
class ModelShape:
    """Size of a message model.

    Parameters
    ----------
    width : int
        Numbers that stand for a token; a multiple of `heads`.
    layers, heads : int
    window : int
        Tokens that attention looks back, the current one included; a message is four to five.
    """

    width: int = 64
    layers: int = 2
    heads: int = 4
    window: int = 128

    def __post_init__(self):
        if min(asdict(self).values()) < 1 or self.width % self.heads:
            raise ValueError(f"the shape is {self}; all must be positive, and width a multiple of "
                             f"heads")


def slopes(heads: int) -> np.ndarray:
    """Slope of each head against the distance, a geometric series down to 2**-8 (ALiBi)."""
    return 2.0 ** (-8.0 * np.arange(1, heads + 1) / heads)


class _Block(nn.Module):
    """Attention over the window, then two layers; each behind a norm, each added to its input."""

    def __init__(self, shape: ModelShape):
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.norm_1, self.norm_2 = nn.RMSNorm(width, _TINY), nn.RMSNorm(width, _TINY)
        self.look = nn.Linear(width, 3 * width, bias=False)  # queries, keys, values
        self.mix = nn.Linear(width, width, bias=False)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        rows, length, width = x.shape
        parts = self.look(self.norm_1(x)).view(rows, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        x = x + self.mix(seen.transpose(1, 2).reshape(rows, length, width))
        return x + self.narrow(torch.relu(self.widen(self.norm_2(x))))


class MessageModel(nn.Module):
    """Tells how likely each token is to come next; see the module.

    Parameters
    ----------
    shape : ModelShape
    tokenizer : Tokenizer
        Of the messages that it is trained on.

    Examples
    --------
    >>> model = MessageModel(ModelShape(width=16, layers=1, heads=2, window=8))
    >>> tokens = torch.tensor([[0, 75, 93]])
    >>> model(tokens, torch.zeros(1, 3, 12)).shape
    torch.Size([1, 3, 949])
    """

    def __init__(self, shape: ModelShape = ModelShape(), tokenizer: Tokenizer = Tokenizer()):
        super().__init__()
        self.shape, self.tokenizer = shape, tokenizer
        self.tokens = nn.Embedding(VOCABULARY, shape.width)
        self.book = nn.Linear(FEATURES, shape.width, bias=False)
        self.blocks = nn.ModuleList(_Block(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, _TINY)
        self.head = nn.Linear(shape.width, VOCABULARY)
        nn.init.normal_(self.tokens.weight, std=0.5)
        nn.init.normal_(self.head.weight, std=shape.width**-0.5 * 0.1)
        nn.init.zeros_(self.head.bias)
        self._bias: torch.Tensor | None = None

    def as_flow(self):
        """The model as the background flow of a market, ``Market(flow=model)``."""
        from lobsim.orderflow_ai.generate import LearnedFlow

        return LearnedFlow(self)

    def attention_bias(self, length: int) -> torch.Tensor:
        """What is added to the attention scores, shape (heads, length, length)."""
        if self._bias is None or self._bias.shape[-1] != length:
            distance = torch.arange(length)[:, None] - torch.arange(length)[None, :]
            hidden = (distance < 0) | (distance >= self.shape.window)
            slope = torch.tensor(slopes(self.shape.heads), dtype=torch.float32)
            bias = -slope[:, None, None] * distance.float()
            self._bias = bias.masked_fill(hidden, float("-inf"))
        return self._bias

    def forward(self, tokens: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """Logits of the next token.

        Parameters
        ----------
        tokens : tensor of int64, shape (N, T)
        features : tensor of float32, shape (N, T, 12)
            The book before the message to which the *next* token belongs.

        Returns
        -------
        tensor, shape (N, T, `VOCABULARY`)
            Of all tokens; `loss` looks at those of the field alone.
        """
        return self.head(self._hidden(tokens, features))

    def _hidden(self, tokens: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        x = self.tokens(tokens) + self.book(features)
        bias = self.attention_bias(tokens.shape[1])
        for block in self.blocks:
            x = block(x, bias)
        return self.norm(x)

    def loss(self, tokens: torch.Tensor, features: torch.Tensor, targets: torch.Tensor,
             fields: torch.Tensor) -> torch.Tensor:
        """Minus log probability (nats) of each target among the tokens of its field, (N, T)."""
        hidden, flat = self._hidden(tokens, features).flatten(0, 1), fields.flatten()
        rows, found = [], []
        # Field by field: a target's rivals are an eighth of the vocabulary, and the head is most
        # of the work.
        for field in range(len(FIELDS) - 1):
            some = torch.nonzero(flat == field).squeeze(1)
            first, end = int(FIELDS[field]), int(FIELDS[field + 1])
            logits = functional.linear(hidden[some], self.head.weight[first:end],
                                       self.head.bias[first:end])
            rows.append(some)
            found.append(functional.cross_entropy(logits, targets.flatten()[some] - first,
                                                  reduction="none"))
        order = torch.argsort(torch.cat(rows))
        return torch.cat(found)[order].view(targets.shape)


def save_model(model: MessageModel, folder: Path, notes: dict | None = None) -> None:
    """Write a model into a folder: ``model.npz`` (float16) and ``model.json``.

    Parameters
    ----------
    model : MessageModel
    folder : Path
        Made if needed.
    notes : dict, optional
        Plain values to be kept beside the shape: what it was trained on, how it scored.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {name: value.numpy().astype(np.float16) for name, value in model.state_dict().items()}
    np.savez_compressed(folder / "model.npz", **arrays)
    about = {"format": FORMAT, "shape": asdict(model.shape), "vocabulary": VOCABULARY,
             "tokenizer": asdict(model.tokenizer), "notes": notes or {}}
    (folder / "model.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def load_model(folder: Path | None = None) -> tuple[MessageModel, dict]:
    """Read a model and its notes; nothing in the files is executed.

    Parameters
    ----------
    folder : Path, optional
        By default `SHIPPED`, the model that comes with the package.

    Raises
    ------
    ValueError
        When the files are of another version or do not fit together.
    """
    folder = SHIPPED if folder is None else Path(folder)
    about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    if about.get("format") != FORMAT or about.get("vocabulary") != VOCABULARY:
        raise ValueError(f"the model in {folder} was written by another version")
    model = MessageModel(ModelShape(**about["shape"]), Tokenizer(**about["tokenizer"]))
    wanted = model.state_dict()
    with np.load(folder / "model.npz", allow_pickle=False) as arrays:
        if set(arrays.files) != set(wanted):
            raise ValueError(f"the arrays in {folder} are not those of a message model")
        state = {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in wanted}
    for name, value in state.items():
        if value.shape != wanted[name].shape:
            raise ValueError(f"{name} in {folder} has the shape {tuple(value.shape)}; it must be "
                             f"{tuple(wanted[name].shape)}")
    model.load_state_dict(state)
    return model.eval(), about["notes"]
