"""The analyst's report: answer with citations, every call's numbers, what left the machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lobsim.orderflow_ai.toolbox import Result

__all__ = ["Report"]


@dataclass(frozen=True)
class Report:
    """An answer whose every number comes from a call of a tool.

    Attributes
    ----------
    question : str
    answer : tuple of str
        Sentences with citations such as [t1].
    results : dict of str to Result
        The calls by id.
    mode : str
        "offline" or "endpoint".
    declined : bool
        The question is outside the tools; the answer says so and what they can do.
    notes : tuple of str
        About the data and the making of the report.
    struck : tuple of (sentence, reason)
        What a model wrote and the verifier took out; the sentences are not shown in the report.
    sent : dict
        What left this machine: address, requests, bytes, kinds of content; empty offline.
    source : str
        Name of the data.
    """

    question: str
    answer: tuple[str, ...]
    results: dict[str, Result] = field(default_factory=dict)
    mode: str = "offline"
    declined: bool = False
    notes: tuple[str, ...] = ()
    struck: tuple[tuple[str, str], ...] = ()
    sent: dict[str, Any] = field(default_factory=dict)
    source: str = ""

    def figures(self) -> list[tuple[str, str, Any]]:
        """Figures of the results that have one: ``(call id, alternative text, Figure)``."""
        from lobsim.orderflow_ai.figures import figure_of

        made = [(key, figure_of(result)) for key, result in self.results.items()]
        return [(key, *figure) for key, figure in made if figure is not None]

    def markdown(self, pictures: dict[str, tuple[str, str]] | None = None) -> str:
        """The report as Markdown; `pictures` are ``{call id: (file, alternative text)}``."""
        lines = [f"# {_plain(self.question)}", "", *(f"{line}\n" for line in self.answer)]
        if self.notes:  # before the tables: one of them may say that the endpoint failed
            lines += ["## Notes", "", *(f"- {_plain(note)}" for note in self.notes), ""]
        for key, (file, alt) in (pictures or {}).items():
            lines += [f"![{alt}]({file})", "", f"*{alt} [{key}]*", ""]
        if self.results:
            lines += ["## Where the numbers come from", ""]
        for key, result in self.results.items():
            lines += [f"**[{key}]** `{result.call_text()}`", "", "| number | value | unit |",
                      "|---|---:|---|"]
            lines += [f"| {name} | {_shown(v.value)} | {v.unit} |"
                      for name, v in result.values.items()]
            lines += [f"| {name} | not known | |" for name in result.unknown]
            lines += ["", *(f"- {note}" for note in result.notes), ""]
        lines += ["## What left this machine", "", self.sent_text(), ""]
        return "\n".join(lines)

    def sent_text(self) -> str:
        """One sentence on what was sent where."""
        if not self.sent:
            return f"Nothing: the report was made offline from {_plain(self.source)}."
        count = self.sent["requests"]
        requests = "1 request" if count == 1 else f"{count} requests"
        return (f"{requests} ({self.sent['bytes']:,} bytes) went to "
                f"{self.sent['address']}, model {self.sent['model']}: {self.sent['content']}. "
                "No row of the data was sent.")

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, for programs."""
        return {
            "question": self.question, "declined": self.declined, "mode": self.mode,
            "answer": list(self.answer), "source": self.source, "notes": list(self.notes),
            "calls": [result.as_message() for result in self.results.values()],
            "struck": [{"sentence": text, "reason": why} for text, why in self.struck],
            "sent": self.sent,
        }

    def save(self, folder: str | Path) -> Path:
        """Write ``report.md`` and its figures into a folder; returns the path of the report."""
        import matplotlib.pyplot as plt

        from lobsim.plots import png_bytes

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        pictures = {}
        for key, alt, figure in self.figures():
            (folder / f"{key}.png").write_bytes(png_bytes(figure))
            plt.close(figure)
            pictures[key] = (f"{key}.png", alt)
        path = folder / "report.md"
        path.write_text(self.markdown(pictures), encoding="utf-8")
        return path


def _shown(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def _plain(text: str) -> str:
    """A text of the user's or of the data that cannot act as Markdown or HTML."""
    return " ".join(str(text).split()).translate(
        {ord(c): f"\\{c}" for c in "`*_[]<>#|!\\"})
