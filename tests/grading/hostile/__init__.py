"""The catalogue of hostile and broken submissions: each with what it deserves and must be told."""

from hostile import broken, cheats, greedy, vandals
from hostile.desk import Case, Desk, honest

__all__ = ["CASES", "Case", "Desk", "honest"]

CASES: list[Case] = [*broken.CASES, *greedy.CASES, *vandals.CASES, *cheats.CASES]
