"""Lesson 12: the figures of a report's sentence, as pairs of a written number and its unit."""

import re

_FIGURE = re.compile(r"(?<![\w.])([-+]?)(\d+(?:,\d{3})*(?:\.\d+)?)\s?(bps\b|%|\$|s\b|times\b|)")
_NO_FIGURE = re.compile(r"\[[^]]*\]|\b\d{4}-\d{2}-\d{2}\b")  # citations and days


def figures_of(sentence, names=()):
    """Figures of a sentence in the order in which they stand.

    Parameters
    ----------
    sentence : str
        Citations as [t1] and days as 2025-01-17 are no figures.
    names : iterable of str
        Further words that hold digits and are no figures, such as ids of orders.

    Returns
    -------
    list of (str, str)
        The number as written, without a plus sign, and its unit: "bps", "%", "$", "s", "times",
        or "" for a bare number.

    Examples
    --------
    >>> figures_of("It was 1,706 $, up by +3.5 bps, over 40 orders [t1].")
    [('1,706', '$'), ('3.5', 'bps'), ('40', '')]
    """
    for name in names:
        sentence = sentence.replace(name, " ")
    found = _FIGURE.findall(_NO_FIGURE.sub(" ", sentence))
    return [(sign.replace("+", "") + digits, unit) for sign, digits, unit in found]
