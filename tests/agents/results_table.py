"""The README's tables of results, made from what is shipped: ``python tests/agents/results_table.py``.

Run by itself it writes them into the README; a test holds that they are in step.
"""

from pathlib import Path

from lobsim.agents import shipped_results
from lobsim.agents.agent import MODELS

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
ORDER = ("execution", "pacing", "making", "stoikov", "signal", "chriss")


def table(case: str) -> str:
    """One case: a row a policy, with the paired differences of every agent that is not blanked."""
    found = shipped_results(case)
    main = found.judge.main
    agents = [name for name in found.agents if "blanked" not in name]
    blocks = found.episodes.drop_duplicates(["block", "seed"])["block"].value_counts()
    members = int(found.table.loc[agents, "members"].min())
    better = "more" if main.more_is_better else "less"
    measure = {"controlled_bps": "cost, bps", "ce": "certainty equivalent",
               "objective_bps": "cost and risk, bps"}[main.name]
    optimum = "" if found.optimum is None else f" The optimum, computed: {found.optimum:.2f}."
    first = int(blocks.index.min())
    command = (f"lobsim evaluate {case} --seeds {blocks.iloc[0]}"
               + (f" --first-block {first}" if first else "")
               + (" --blinded" if len(agents) < len(found.agents) else ""))
    lines = [f"`{case}`, {found.case.title} (`{command}`): {len(blocks)} × {blocks.iloc[0]} unseen "
             f"seeds, {members} training seeds; {better} is better.{optimum}", "",
             f"| policy | {measure} | {' | '.join(f'{name} less it' for name in agents)} |",
             "|---|---|" + "---|" * len(agents)]
    for policy, row in found.table.iterrows():
        cells = []
        for agent in agents:
            if policy == agent:
                cells.append("")
                continue
            gap = found.difference(agent, policy)
            cells.append(f"{gap['difference']:+.2f} ± {gap['half']:.2f}, {gap['verdict']}")
        name = f"**{policy}**" if policy in agents else policy
        lines.append(f"| {name} | {row[main.name]:.2f} ± {row[f'{main.name}_half']:.2f} | "
                     f"{' | '.join(cells)} |")
    return "\n".join(lines)


def section() -> str:
    """All tables, in the order of the lessons."""
    shipped = {path.stem for path in MODELS.glob("*.npz")}
    return "\n\n".join(table(case) for case in ORDER if case in shipped)


def parts(readme: str) -> tuple[str, str, str]:
    """What stands before, between and after the two marks."""
    before, _, rest = readme.partition(BEGIN)
    inside, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"README.md has no {BEGIN} followed by {END}")
    return before, inside.strip("\n"), after


if __name__ == "__main__":
    before, _, after = parts(README.read_text(encoding="utf-8"))
    README.write_text(f"{before}{BEGIN}\n{section()}\n{END}{after}", encoding="utf-8")
