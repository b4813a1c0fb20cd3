"""Feedback pages show what strangers wrote: keep the formatting, lose everything that acts.

Two filters for nbconvert's HTML exporter: tags, attributes and styles on a list pass, scripts,
forms, frames, event handlers and addresses that load something do not.
"""

from __future__ import annotations

import contextlib
import html
import re
import signal
import threading
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from jinja2 import pass_context

_TAGS = frozenset(
    "a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption "
    "figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li ol p pre q s samp small span strong sub "
    "summary sup table tbody td tfoot th thead tr tt u ul var".split())
_PLAIN_ATTRIBUTES = frozenset(
    "class title alt role aria-label colspan rowspan scope open start width height border "
    "style".split())
_STYLES = frozenset(
    "background-color border border-bottom border-collapse border-color border-left "
    "border-left-width border-radius border-right border-style border-top border-width color "
    "font-family font-size font-style font-weight line-height list-style list-style-type margin "
    "margin-bottom margin-left margin-right margin-top max-width padding padding-bottom "
    "padding-left padding-right padding-top text-align text-decoration vertical-align "
    "white-space width".split())
_DROPPED = re.compile(r"<(script|style|template)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)


# Parsers take time that grows with the square of what is nested: what is more than any page of
# ours needs is shown as text, and what is slow nevertheless is given up.
_MAX_TAGS = 10_000
_MAX_MARKDOWN = 20_000  # characters
_CPU_S = 3.0


class _TooSlow(Exception):
    pass


def _allowed(tag: str, name: str, value: str) -> bool:
    if name in _PLAIN_ATTRIBUTES:
        return True
    if tag == "img" and name == "src":
        return bool(re.match(r"data:image/(png|jpeg|gif);base64,", value))
    if tag == "a" and name == "href":
        return bool(re.match(r"(https?:|mailto:|#)", value.strip(), re.IGNORECASE))
    return name == "id" and tag in ("h1", "h2", "h3", "h4", "h5", "h6")


@lru_cache(maxsize=1)
def _cleaner() -> Any:
    from bleach.css_sanitizer import CSSSanitizer
    from bleach.sanitizer import Cleaner

    return Cleaner(tags=_TAGS, attributes=_allowed, protocols=["http", "https", "mailto", "data"],
                   css_sanitizer=CSSSanitizer(allowed_css_properties=_STYLES), strip=False)


def clean_html(element: Any) -> str:
    """HTML with everything removed or shown as text that is not plain formatting.

    HTML of more than 10,000 tags, or of a kind that would take seconds to read, is shown as text.

    Examples
    --------
    >>> clean_html('<b onclick="x()">bid</b><script>x()</script>')
    '<b>bid</b>'
    """
    text = element.decode("utf-8", "replace") if isinstance(element, bytes) else str(element)
    if text.count("<") > _MAX_TAGS:
        return _as_text(text)
    try:
        with _bounded():
            # their contents are noise on a page; what a trick hides from this line, bleach
            # still escapes
            return _cleaner().clean(_DROPPED.sub("", text))
    except (_TooSlow, RecursionError):
        return _as_text(text)


def _as_text(text: str) -> str:
    return f"<pre>{html.escape(text)}</pre>"


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    """Raises `_TooSlow` after some processor time; where signals cannot be had, never."""
    usable = (hasattr(signal, "setitimer")
              and threading.current_thread() is threading.main_thread())
    if not usable or signal.getitimer(signal.ITIMER_VIRTUAL)[0]:  # one around this one counts
        yield
        return

    def give_up(*_: object) -> None:
        raise _TooSlow

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, _CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@pass_context
def markdown2html(context: Any, source: str) -> str:
    """Markdown with formulas and attached pictures as clean HTML; loads no file and no address.

    What cannot be rendered (a picture that is not attached, or text of a kind that would take
    seconds to read) is shown as it was written.
    """
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    if len(source) > _MAX_MARKDOWN:
        return _as_text(source)
    cell = context.get("cell", {})
    attachments = cell.get("attachments", {}) if hasattr(cell, "get") else {}
    renderer = IPythonRenderer(escape=False, attachments=attachments, embed_images=False,
                               exclude_anchor_links=True)
    try:
        with _bounded():
            rendered = MarkdownWithMath(renderer=renderer).render(source)
    except Exception:  # a stranger's text must not cost anybody's page, whatever it brings up
        return _as_text(source)
    return clean_html(rendered)


HTML_FILTERS = {"clean_html": clean_html, "markdown2html": markdown2html}
