"""The outputs of one learner's cell: bounded in bytes, right in shape, harmless in a browser."""

from __future__ import annotations

import json
import re
from typing import Any

from lobsim.course.clean_html import clean_html
from lobsim.course.limits import Limits

_TEXT = ("text/plain", "text/markdown", "text/latex")
_SHOWN = ("stream", "display_data", "execute_result", "error")
_MOST_SHOWN = 100  # outputs of one cell
_IMAGES = ("image/png", "image/jpeg", "image/gif")


def _as_text(value: Any) -> str | None:
    if type(value) is list and all(type(line) is str for line in value):
        return "".join(value)
    return value if type(value) is str else None


def clean_bundle(data: Any) -> dict[str, str]:
    """The parts of a display message that a page may show: text, pictures, HTML without scripts."""
    result: dict[str, str] = {}
    for kind, value in data.items() if type(data) is dict else []:
        text = _as_text(value)
        if text is None:
            continue
        if kind in _IMAGES and re.fullmatch(r"[A-Za-z0-9+/=\s]*", text):
            result[kind] = text
        elif kind == "text/html":
            result[kind] = clean_html(text)
        elif kind in _TEXT:
            result[kind] = text
    if result and "text/plain" not in result:
        result["text/plain"] = ""
    return result


class OutputBox:
    """Collects the output messages of one cell, up to the limits.

    Parameters
    ----------
    limits : Limits
        ``text_bytes`` of printed text and ``rich_bytes`` of anything else are kept per cell.
    room_bytes : int
        Bytes that may still be kept in the whole notebook.
    """

    def __init__(self, limits: Limits, room_bytes: int):
        self.outputs: list[dict] = []
        self._text_left = min(limits.text_bytes, max(room_bytes, 0))
        self._rich_left = min(limits.rich_bytes, max(room_bytes, 0))
        self._dropped_text = 0
        self._dropped_rich = 0
        self._clear_next = False
        self._displays: dict[str, list[dict]] = {}

    def take(self, kind: str, content: dict) -> None:
        """Take one message; wrong shapes are passed over."""
        if kind == "clear_output":
            if content.get("wait"):
                self._clear_next = True
            else:
                self._clear()
            return
        if self._clear_next and kind in ("stream", "display_data", "execute_result", "error"):
            self._clear()
        if kind == "stream":
            self._stream(content)
        elif kind in ("display_data", "execute_result"):
            self._display(content, kind)
        elif kind == "update_display_data":
            self._update(content)
        elif kind == "error":
            self._error(content)

    def _clear(self) -> None:
        self.outputs.clear()
        self._displays.clear()
        self._clear_next = False

    def _stream(self, content: dict) -> None:
        name, text = content.get("name"), content.get("text")
        if name not in ("stdout", "stderr") or type(text) is not str:
            return
        kept = text[:self._text_left]
        self._dropped_text += len(text) - len(kept)
        self._text_left -= len(kept)
        if not kept:
            return
        last = self.outputs[-1] if self.outputs else None
        if last is not None and last["output_type"] == "stream" and last["name"] == name:
            last["text"] += kept
        else:
            self.outputs.append({"output_type": "stream", "name": name, "text": kept})

    def _display(self, content: dict, kind: str) -> None:
        data = self._cleaned(content)
        if not data:
            return
        output = {"output_type": kind, "data": data, "metadata": _alt_only(content)}
        if kind == "execute_result":
            count = content.get("execution_count")
            output["execution_count"] = count if type(count) is int else None
        self.outputs.append(output)
        handle = _display_id(content)
        if handle:
            self._displays.setdefault(handle, []).append(output)

    def _update(self, content: dict) -> None:
        shown = self._displays.get(_display_id(content) or "", [])
        data = self._cleaned(content) if shown else {}
        if data:
            for output in shown:
                output["data"] = dict(data)

    def _error(self, content: dict) -> None:
        name, value = content.get("ename"), content.get("evalue")
        traceback = content.get("traceback")
        lines = traceback if type(traceback) is list else []
        lines = [line for line in lines if type(line) is str]
        size = sum(map(len, lines))
        if size > self._text_left + 20_000:  # an error is always worth showing, not in full length
            lines = [line[:500] for line in lines[-4:]]
        self.outputs.append({"output_type": "error", "ename": str(name)[:200],
                             "evalue": str(value)[:2000], "traceback": lines[:200]})

    def _cleaned(self, content: dict) -> dict[str, str]:
        """The parts that may be shown, {} where they are too large; cleaning costs time, so
        what is too large is not cleaned first."""
        raw = content.get("data")
        texts = [_as_text(value) or "" for value in raw.values()] if type(raw) is dict else []
        if sum(map(len, texts)) > self._rich_left:
            self._dropped_rich += 1
            return {}
        data = clean_bundle(raw)
        size = sum(map(len, data.values()))
        if size > self._rich_left:
            self._dropped_rich += 1
            return {}
        self._rich_left -= size
        return data

    @property
    def left_out(self) -> list[str]:
        """What was left out, one clause each."""
        notes = []
        if self._dropped_text:
            notes.append(f"{self._dropped_text:,} more characters were printed and left out")
        if self._dropped_rich:
            notes.append(f"{self._dropped_rich} output(s) were too large and left out")
        return notes

    def finish(self) -> list[dict]:
        """The outputs, with a last line saying what was left out."""
        notes = self.left_out
        if notes:
            self.outputs.append({"output_type": "stream", "name": "stdout",
                                 "text": "\n[" + "; ".join(notes) + "]\n"})
        return self.outputs


def _display_id(content: dict) -> str | None:
    transient = content.get("transient")
    handle = transient.get("display_id") if type(transient) is dict else None
    return handle if type(handle) is str else None


def _alt_only(content: dict) -> dict:
    """Of the metadata only the texts that describe a picture."""
    metadata = content.get("metadata")
    kept = {}
    for kind in _IMAGES:
        entry = metadata.get(kind) if type(metadata) is dict else None
        if type(entry) is dict and type(entry.get("alt")) is str:
            kept[kind] = {"alt": entry["alt"][:1000]}
    return kept


def outputs_bytes(outputs: list[dict]) -> int:
    """Rough size of a list of outputs in characters."""
    total = 0
    for output in outputs:
        total += len(output.get("text", "")) + sum(map(len, output.get("traceback", [])))
        total += sum(map(len, output.get("data", {}).values()))
    return total


def handed_in(given: Any, limits: Limits, room_bytes: int) -> list[dict]:
    """Outputs as they stood in a submitted notebook, cleaned and bounded like those of a run.

    Examples
    --------
    >>> handed_in([{"output_type": "stream", "name": "stdout", "text": ["a", "b"]}, 7],
    ...           Limits(), 1000)
    [{'output_type': 'stream', 'name': 'stdout', 'text': 'ab'}]
    """
    box = OutputBox(limits, room_bytes)
    # lone surrogates are legal JSON but no legal text: they could not be written again
    given = json.loads(json.dumps(given, ensure_ascii=False).encode("utf-8", "replace"))
    for output in given[:_MOST_SHOWN] if type(given) is list else []:
        if type(output) is dict and output.get("output_type") in _SHOWN:
            content = {key: _as_text(value) if key == "text" else value
                       for key, value in output.items()}
            box.take(output["output_type"], content)
    return box.outputs


def note(cell: Any, text: str) -> None:
    """Put a line of the grader's below a cell."""
    from nbformat.v4 import new_output

    cell.outputs = [*cell.get("outputs", []),
                    new_output("stream", name="stdout", text=f"[grader] {text}\n")]


def show_result(cell: Any, result: Any) -> None:
    """The check cell as if it had been executed: panel for people, plain float for nbgrader."""
    from nbformat.v4 import new_output

    points = float(min(result.earned, result.points))
    cell.outputs = [new_output("execute_result", {"text/plain": repr(points),
                                                  "text/html": result.html()},
                               execution_count=None)]
    cell.execution_count = None
