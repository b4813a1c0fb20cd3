"""Exercise 5 of lesson 08: a small convolution over (side, level)."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

CLOSE = Tolerance(rtol=1e-5, atol=1e-6, why="PyTorch counts in single precision")


def reference_features(seen, levels, weight, bias):
    return _features(seen, levels, weight, bias)


def _features(seen, levels, weight, bias, picture=None, turned=False, relu=True, pad=True,
              first=False, order="channel", count=None, plainly=True, last_bias=False):
    plain = seen[:, :-2 * levels]
    book = seen[:, -2 * levels:]
    book = book.reshape(-1, 2, levels) if picture is None else picture(book, levels)
    width = weight.shape[2]
    half = width // 2 if pad else 0
    book = np.pad(book, ((0, 0), (0, 0), (half, half)))
    kernel = weight[:, :, ::-1] if turned else weight
    places = book.shape[2] - width + 1
    windows = np.stack([book[:, :, k:k + width] for k in range(places)])  # (L, N, 2, W)
    found = np.einsum("lnsw,csw->ncl", windows, kernel)
    if not last_bias:
        found = found + bias[None, :, None]
    found = np.maximum(found, 0.0) if relu else found
    if last_bias:
        found = found + bias[None, :, None]
    if order == "level":
        found = found.transpose(0, 2, 1)
    flat = found.reshape(len(seen), -1)
    numbers = weight.size + bias.size if count is None else count(weight, bias, levels)
    if not plainly:
        return flat, int(numbers)
    return np.concatenate([flat, plain] if first else [plain, flat], axis=1), int(numbers)


def _variant(**changes):
    def wrong(seen, levels, weight, bias):
        return _features(seen, levels, weight, bias, **changes)

    return wrong


def _mixed_up(book, levels):
    """Sides and levels swapped: pairs of neighbours in place of the two sides."""
    return book.reshape(-1, levels, 2).transpose(0, 2, 1)


def _sides_turned(book, levels):
    return book.reshape(-1, 2, levels)[:, ::-1]


def _of_layer(weight, bias, levels):
    """Numbers of a layer that connects everything with everything."""
    return (2 * levels + 1) * len(bias) * levels


def _no_bias(seen, levels, weight, bias):
    return _features(seen, levels, weight, np.zeros_like(bias),
                     count=lambda weight, bias, levels: weight.size + bias.size)


def _relu_on_all(seen, levels, weight, bias):
    found, numbers = _features(seen, levels, weight, bias)
    return np.maximum(found, 0.0), numbers


def _book(rng, rows, plain, levels, channels, width):
    return {"seen": np.concatenate([rng.normal(0, 1, (rows, plain)),
                                    rng.uniform(0, 1, (rows, 2 * levels))], axis=1).round(3),
            "levels": levels, "weight": rng.normal(0, 1, (channels, 2, width)).round(3),
            "bias": rng.normal(0, 0.3, channels).round(3)}


def random_books(rng):
    return [Case(_book(rng, 3, 4, 5, 2, 3)), Case(_book(rng, 2, 2, 10, 4, 5))]


def bare(rng):
    return [Case(_book(rng, 2, 0, 4, 3, 3)), Case(_book(rng, 1, 3, 3, 1, 1))]


THREE_LEVELS = {"seen": np.array([[0.7, 0.5, 0.2, 0.0, 0.1, 0.4, 0.6]]), "levels": 3,
                "weight": np.array([[[1.0, -1.0, 0.0], [0.0, 0.0, 2.0]]]),
                "bias": np.array([-0.25])}

BOOK = Check(
    name="depth_features",
    title="A kernel that slides over the book",
    reference=reference_features,
    tolerance=CLOSE,
    reread='"Reading the book": the three levels by hand',
    parts=[
        Part("three levels by hand", 1.0, [Case(THREE_LEVELS, "the book above")],
             category="worked example"),
        Part("books of your own", 3.0, random_books, False, category="other numbers"),
        Part("no plain columns, and a kernel of one level", 1.0, bare, False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("mixed_up", _variant(picture=_mixed_up),
                "the columns are all levels of the own side and then all of the other one: "
                "reshape to (N, 2, levels)"),
        Mistake("sides_turned", _variant(picture=_sides_turned),
                "channel 0 of the picture is the own side, which comes first"),
        Mistake("turned", _variant(turned=True),
                "the kernel is not turned round: what PyTorch calls a convolution is a sliding "
                "product"),
        Mistake("no_relu", _variant(relu=False),
                "once the bias is added, negative numbers become 0 (ReLU)"),
        Mistake("no_pad", _variant(pad=False),
                "pad with zeros, so that every level has its own output"),
        Mistake("plain_last", _variant(first=True), "the plain columns come first"),
        Mistake("level_first", _variant(order="level"),
                "flatten channel by channel: all levels of channel 0, then those of channel 1"),
        Mistake("dense_count", _variant(count=_of_layer),
                "the same kernel serves every level, so its numbers are counted once"),
        Mistake("no_bias_count", _variant(count=lambda weight, bias, levels: weight.size),
                "the biases are learned, too"),
        Mistake("count_outputs", _variant(count=lambda weight, bias, levels: len(bias) * levels),
                "this counts what the layer gives out; asked is what it learns: kernel and biases"),
        Mistake("count_per_level",
                _variant(count=lambda weight, bias, levels: (weight.size + bias.size) * levels),
                "the same kernel serves every level, so its numbers are counted once"),
        Mistake("no_plain", _variant(plainly=False), "the plain columns belong to the features"),
        Mistake("no_bias", _no_bias, "each channel's bias is added to its sums"),
        Mistake("bias_last", _variant(last_bias=True),
                "the bias is added before the negative numbers become 0"),
        Mistake("relu_on_all", _relu_on_all,
                "only the kernel's outputs pass the ReLU; the plain columns stay as they are"),
        Mistake("types", None,
                "PyTorch wants picture, kernel and bias of one type and with fitting shapes: "
                "torch.as_tensor(..., dtype=torch.float32) for all three", error="RuntimeError"),
    ],
)

CHECKS = [BOOK]
