"""The README's tables of results, made from what is shipped.

``python tests/benchmarks/results_table.py`` writes them into the README; a test holds that they are
in step.
"""

from readme_parts import write

from lobsim.agents import shipped_results
from lobsim.agents.agent import MODELS

ORDER = ("execution", "pacing", "making", "stoikov", "signal", "chriss", "portfolio")


def table(case: str) -> str:
    """One case: a row a policy, with the paired differences of every agent that is not blanked."""
    found = shipped_results(case)
    main = found.judge.main
    agents = [name for name in found.agents if "blanked" not in name]
    blocks = found.episodes.drop_duplicates(["block", "seed"])["block"].value_counts()
    members = int(found.table.loc[agents, "members"].min())
    better = "more" if main.more_is_better else "less"
    measure = {"controlled_bps": "cost, bps", "ce": "certainty equivalent",
               "objective_bps": "cost and risk, bps",
               "client_bps": "cost and own risk, bps"}[main.name]
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
    if main.name == "controlled_bps":
        lines += ["", by_risk_too(found, agents)]
    return "\n".join(lines)


def by_risk_too(found, agents: list[str], rival: str = "Almgren-Chriss") -> str:
    """For which lambda a client of E + lambda V wants each agent, and for which the rival.

    E is the controlled cost in bps, V the variance of the shortfall in bps squared.
    """
    told = []
    for name in agents:
        own, other = found.table.loc[name], found.table.loc[rival]
        cheaper, riskier = other["controlled_bps"] - own["controlled_bps"], own["std"] - other["std"]
        if cheaper * riskier <= 0:
            told.append(f"{name if cheaper > 0 else rival} is better than "
                        f"{rival if cheaper > 0 else name} in both")
            continue
        limit = cheaper / (own["std"] ** 2 - other["std"] ** 2)
        told.append(f"{name} is the better one {'below' if cheaper > 0 else 'above'} "
                    f"λ = {limit:.4f} per bps")
    return f"{rival} pays cost to carry less risk. By its own objective, E + λV: {', '.join(told)}."


def section() -> str:
    """All tables, in the order of the lessons."""
    shipped = {path.stem for path in MODELS.glob("*.npz")}
    return "\n\n".join(table(case) for case in ORDER if case in shipped)


if __name__ == "__main__":
    write("results", section())
