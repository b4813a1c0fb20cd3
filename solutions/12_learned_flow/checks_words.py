"""Exercises 2 and 3 of lesson 12: orders as words, and how surprising words are."""

import math

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

WHOLE = Tolerance(rtol=0.0, atol=0.0, why="whole numbers")
EXACT = Tolerance(rtol=1e-9, atol=1e-9, why="plain arithmetic: only the order of sums may differ")

# ---------------------------------------------------------------------------------- 2 spell


def reference_spell(side, price, size, bid, ask, lot):
    return _spell(side, price, size, bid, ask, lot)


def _number(n, octaves=False, digits="high_first", bits=4, words=8, first=8):
    """Bucket and digits of a whole number."""
    if n < max(words, 8):
        return [n]
    power = n.bit_length() - 1
    parts = 0 if octaves else 2
    left = power - parts
    bucket = first + (power - 3 if octaves else 4 * (power - 3) + ((n >> left) & 3))
    rest = n & ((1 << left) - 1)
    if digits == "none":
        return [bucket]
    if digits == "one":
        return [bucket, rest]
    found = []
    while left > 0:
        take = min(bits, left)
        left -= take
        digit = (rest >> left) & ((1 << take) - 1)
        found.append(digit << (bits - take) if digits == "padded" else digit)
    if digits == "low_first":
        found = found[::-1]
    while digits == "no_zeros" and found and found[-1] == 0:
        found.pop()
    return [bucket, *found]


def _low_digits(n):
    """The rest in base 16 from the right: the first digit, not the last, is the short one."""
    if n < 8:
        return [n]
    left = n.bit_length() - 3
    bucket = 8 + 4 * (n.bit_length() - 4) + ((n >> left) & 3)
    rest = n & ((1 << left) - 1)
    count = -(-left // 4)
    return [bucket, *((rest >> 4 * k) & 15 for k in reversed(range(count)))]


def _spell(side, price, size, bid, ask, lot, base="own", inside_from=1, across="other",
           units="both", number=_number, sides=True, touch=False, names=(0, 1), fixed=None):
    lot = fixed or lot
    best, other = (bid, ask) if side > 0 or not sides else (ask, bid)
    s = side if sides else 1
    behind, beyond = s * (best - price), s * (price - other)
    if base == "mid":
        behind = abs(price - (bid + ask) // 2)
    if behind >= 0 or base == "mid":
        zone, distance = 0, behind
    elif beyond >= 0 and not (touch and beyond == 0):
        zone, distance = 2, beyond if across == "other" else -behind
    else:
        zone, distance = 1, -beyond if inside_from == "other" else -behind - inside_from
    if units == "round" or (units != "single" and size % lot == 0 and (
            size > lot or units == "both")):
        unit, count = 0, size // lot
    else:
        unit, count = 1, size
    return [zone, *number(max(distance, 0)), names[unit], *number(count)]


def _wrong_spell(**how):
    def wrong(side, price, size, bid, ask, lot):
        return _spell(side, price, size, bid, ask, lot, **how)

    return wrong


def _plain_numbers(**how):
    return _wrong_spell(number=lambda n: _number(n, **how))


def _order(rng, zone, side=None, wide=False):
    side = int(rng.choice([1, -1])) if side is None else side
    bid = int(rng.integers(2_000, 90_000))
    # even spreads: from either side's best, no price inside is the same number
    ask = bid + 2 * (int(rng.integers(6, 200)) if wide else int(rng.integers(2, 5)))
    best, other = (bid, ask) if side > 0 else (ask, bid)
    distance = int(rng.integers(9, 1_900))
    price = {"behind": best - side * distance,
             "inside": best + side * int(rng.integers(1, ask - bid)),
             "across": other + side * distance}[zone]
    lot = int(rng.choice([10, 100]))
    size = lot * int(rng.integers(9, 900)) + (int(rng.integers(1, lot)) if rng.random() < 0.5
                                              else 0)
    return {"side": side, "price": price, "size": size, "bid": bid, "ask": ask, "lot": lot}


def other_orders(rng):
    return [Case(_order(rng, zone, side)) for zone in ("behind", "inside", "across")
            for side in (1, -1)]


def odd_orders(rng):
    bid, lot = int(rng.integers(5_000, 9_000)), int(rng.choice([20, 50]))
    ask = bid + int(rng.integers(4, 8))
    far = int(rng.integers(300_000, 900_000))
    join = {"side": -1, "price": ask, "size": 7 * lot, "bid": bid, "ask": ask, "lot": lot}
    touch = {"side": -1, "price": bid, "size": 8 * lot, "bid": bid, "ask": ask, "lot": lot}
    distant = {"side": -1, "price": ask + far, "size": lot - 1, "bid": bid, "ask": ask, "lot": lot}
    one = {"side": 1, "price": bid - 8, "size": lot, "bid": bid, "ask": ask, "lot": lot}
    return [Case(join, "at the best price"), Case(touch, "just as far as the other side's best"),
            Case(distant, "far away: three digits and more"),
            Case(one, "one round lot, eight ticks behind"),
            Case(_order(rng, "inside", wide=True), "inside a wide spread")]


ORDER = {"side": 1, "price": 9_989, "size": 1_300, "bid": 10_000, "ask": 10_003, "lot": 100}
SELL = {"side": -1, "price": 9_950, "size": 250, "bid": 10_000, "ask": 10_003, "lot": 100}

SPELL = Check(
    name="spell",
    title="An order in words",
    reference=reference_spell,
    tolerance=WHOLE,
    reread='"Words for orders": two orders by hand',
    parts=[
        Part("two orders by hand", 1.0, [Case(ORDER, "the buy above"), Case(SELL, "the sell")],
             category="worked example"),
        Part("other orders", 3.0, other_orders, False, category="other numbers", partial=True),
        Part("at a best price, far away, a wide spread", 2.0, odd_orders, False,
             category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("one_side", _wrong_spell(sides=False),
                "a sell is told from the ask, and turned round: behind it is *above* it"),
        Mistake("from_mid", _wrong_spell(base="mid"),
                "distances count from the best price of the order's own side, not from the mid"),
        Mistake("inside_from_zero", _wrong_spell(inside_from=0),
                "one tick better than the own best is number 0 inside"),
        Mistake("inside_from_other", _wrong_spell(inside_from="other"),
                "inside, too, the distance counts from the order's own best price"),
        Mistake("across_from_own", _wrong_spell(across="own"),
                "across the spread the distance counts from the *other* side's best"),
        Mistake("touch", _wrong_spell(touch=True),
                "at the other side's best an order trades: it is across, at distance 0"),
        Mistake("eight_is_a_word", _plain_numbers(words=9),
                "8 is the first number with a bucket, and has a digit behind it"),
        Mistake("from_zero", _plain_numbers(first=0),
                "buckets are numbered on after the words 0 to 7: the first is 8"),
        Mistake("padded", _plain_numbers(digits="padded"),
                "the last digit is what remains, with no zeros put behind it"),
        Mistake("zeros_dropped", _plain_numbers(digits="no_zeros"),
                "a digit of 0 is a digit: without it nobody can tell how many there are"),
        Mistake("no_digits", _plain_numbers(digits="none"),
                "a bucket alone is not lossless: digits tell where in it the number lies"),
        Mistake("one_digit", _plain_numbers(digits="one"),
                "a digit holds four bits, 0 to 15: more bits need more digits"),
        Mistake("low_first", _plain_numbers(digits="low_first"),
                "the most significant digit comes first"),
        Mistake("short_first", _wrong_spell(number=_low_digits),
                "every digit but the last holds four bits: cut from the left"),
        Mistake("octaves", _plain_numbers(octaves=True),
                "every doubling is cut into four buckets"),
        Mistake("floored", _wrong_spell(units="round"),
                "what is no multiple of the lot is told in single lots, unit 1, or it cannot be "
                "read back"),
        Mistake("single", _wrong_spell(units="single"),
                "a multiple of the lot is told in round lots, unit 0"),
        Mistake("one_lot", _wrong_spell(units="several"),
                "one lot is a multiple of the lot, too"),
        Mistake("units_turned", _wrong_spell(names=(1, 0)),
                "unit 0 is round lots, unit 1 single ones"),
        Mistake("fixed_lot", _wrong_spell(fixed=100), "the round lot is an argument: `lot`"),
    ],
)  # fmt: skip

# ------------------------------------------------------------------------------- 3 surprise


def reference_surprise(learned, judged, size, messages, added, backing):
    return _surprise(learned, judged, size, messages, added, backing)


def _surprise(learned, judged, size, messages, added, backing, log=math.log2, turned=False,
              own=False, prior="unigram", power=False, whole=False, per="message", all_ones=False):
    learned, judged = np.asarray(learned), np.asarray(judged)
    source = judged if own else learned
    pairs = np.zeros((size, size))
    np.add.at(pairs, (source[:-1], source[1:]), 1.0)
    counts = np.bincount(source, minlength=size) if whole else pairs.sum(axis=0)
    single = (counts + added) / (counts.sum() + added * size)
    behind = np.full(size, 1 / size) if prior == "even" else single
    if turned:
        pairs = pairs.T
    rows = pairs.sum(axis=1, keepdims=True)
    after = (pairs + backing * behind) / (rows + backing)
    if prior == "none":
        after = (pairs + added) / (rows + added * size)
    before, target = judged[:-1], judged[1:]
    flat = -np.array([log(p) for p in single[judged if all_ones else target]])
    markov = -np.array([log(p) for p in after[before, target]])
    found = [flat.mean(), markov.mean(), markov.sum() / messages]
    if per == "token":
        found[2] = markov.mean() / messages
    if power:
        found = [2.0 ** x for x in found]
    return tuple(float(x) for x in found)


def _wrong_surprise(**how):
    def wrong(learned, judged, size, messages, added, backing):
        return _surprise(learned, judged, size, messages, added, backing, **how)

    return wrong


def _no_prior(learned, judged, size, messages, added, backing):
    return _surprise(learned, judged, size, messages, 0.0, 1e-300, log=_log2)


def _log2(p):
    return math.log2(p) if p > 1e-200 else -math.inf


def _stream(rng, n, size, table):
    tokens = [int(rng.integers(size))]
    while len(tokens) < n:
        tokens.append(int(rng.choice(size, p=table[tokens[-1]])))
    return np.array(tokens)


def _streams(rng, size, learned, judged, added=0.5, backing=2.0):
    table = rng.dirichlet(np.full(size, 0.4), size)
    return {"learned": _stream(rng, learned, size, table),
            "judged": _stream(rng, judged, size, table), "size": size,
            "messages": max(judged // 4, 1), "added": added, "backing": backing}


def other_streams(rng):
    return [Case(_streams(rng, 5, 200, 60), "five words"),
            Case(_streams(rng, 12, 300, 90, 0.1, 5.0), "twelve words")]


def new_words(rng):
    case = _streams(rng, 6, 80, 40)
    case["learned"] = case["learned"] % 4
    case["judged"][::7] = 5
    return [Case(case, "words that were never seen"),
            Case(_streams(rng, 4, 2, 30, 1.0, 1.0), "one pair to learn from"),
            Case(_streams(rng, 9, 150, 2, 0.2, 3.0), "one word to foretell")]


SIX = {"learned": np.array([0, 1, 0, 1, 0, 0]), "judged": np.array([0, 1, 0, 0]), "size": 2,
       "messages": 2, "added": 1.0, "backing": 1.0}

SURPRISE = Check(
    name="surprise",
    title="Bits of surprise",
    reference=reference_surprise,
    tolerance=EXACT,
    reread='"How surprised?": six words by hand',
    parts=[
        Part("six words by hand", 1.0, [Case(SIX, "the words above")], category="worked example"),
        Part("other streams", 3.0, other_streams, False, category="other numbers"),
        Part("words never seen, and hardly any data", 1.0, new_words, False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("nats", _wrong_surprise(log=math.log), "bits: logarithms to base 2"),
        Mistake("perplexity", _wrong_surprise(power=True),
                "these are perplexities, 2 to the power of the bits; bits are asked"),
        Mistake("own_words", _wrong_surprise(own=True),
                "count on the words that are learned from: whoever counts on the words he judges "
                "knows them already"),
        Mistake("turned", _wrong_surprise(turned=True),
                "rows are the word before, columns the word that follows"),
        Mistake("infinite", _no_prior,
                "a word that was never seen must not be impossible: `added` and `backing`"),
        Mistake("even_backing", _wrong_surprise(prior="even"),
                "behind the pairs stands the unigram, not an even chance for all"),
        Mistake("added_to_pairs", _wrong_surprise(prior="none"),
                "`added` is for single words; pairs are backed by `backing` times the unigram"),
        Mistake("first_word", _wrong_surprise(whole=True),
                "count the words that *follow* one: the first of `learned` follows none"),
        Mistake("first_judged", _wrong_surprise(all_ones=True),
                "the first of `judged` has no word before it: it is not scored"),
        Mistake("per_message", _wrong_surprise(per="token"),
                "bits a message are the bits of all words added up, over the messages"),
    ],
)  # fmt: skip

CHECKS = [SPELL, SURPRISE]
