"""A part of the README that a program writes: what stands between two comments of one name."""

from pathlib import Path

__all__ = ["README", "shown", "write"]

README = Path(__file__).parents[2] / "README.md"


def _parts(readme: str, name: str) -> tuple[str, str, str]:
    """What stands up to the first mark, between the two, and from the second one on."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, found, rest = readme.partition(begin)
    inside, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"README.md has no {begin} followed by {end}")
    return before + begin, inside, end + after


def shown(name: str) -> str:
    """What the README shows there now."""
    return _parts(README.read_text(encoding="utf-8"), name)[1].strip("\n")


def write(name: str, text: str) -> None:
    """Put `text` there; the rest of the README stays as it is."""
    before, _, after = _parts(README.read_text(encoding="utf-8"), name)
    README.write_text(f"{before}\n{text}\n{after}", encoding="utf-8")
