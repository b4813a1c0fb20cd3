"""Shipped agents and results are those of the cases as they are now, and can be played again."""

import numpy as np
import pytest
import readme_parts
import results_table

from lobsim.agents import AgentError, compare, find_case, shipped, shipped_names, shipped_results
from lobsim.agents.agent import MODELS
from lobsim.agents.judging import play
from lobsim.agents.seeds import test_seed as seed_of_block
from lobsim.agents.shelf import load_comparison, save_comparison
from lobsim.agents.training import described

KINDS = sorted({tuple(name.split("-")[:2]) for name in shipped_names()})
RESULTS = sorted(path.stem for path in MODELS.glob("*.npz"))


@pytest.mark.parametrize(("case", "algo"), KINDS)
def test_agents_were_trained_from_five_seeds_by_the_recipe_as_it_is(case, algo):
    agents = shipped(case, algo)
    assert [agent.record["seed"] for agent in agents] == [0, 1, 2, 3, 4]
    for agent in agents:
        assert agent.record["recipe"] == described(find_case(case).recipe(algo))
        task = {name: value for name, value in find_case(case).settings.items()
                if name not in agent.record["not_kept"]}
        assert described(agent.record["task"]) == described(task)
        assert len(agent.record["validation"]) > 1 and not agent.record["interrupted"]


@pytest.mark.parametrize("case", RESULTS)
def test_results_are_of_the_shipped_agents_and_all_benchmarks(case):
    found = shipped_results(case)
    assert found.benchmarks == list(find_case(case).benchmarks(find_case(case).vector(2)))
    labels = {agent.label: 0 for agent in shipped(case)}
    for agent in shipped(case):
        labels[agent.label] += 1
    for label, members in labels.items():
        assert found.table.loc[label, "members"] == members
    blocks = found.episodes.drop_duplicates(["block", "seed"])["block"].value_counts()
    orders = find_case(case).settings.get("names", 1)  # a day of a desk is one in each name
    assert len(blocks) == 2 and blocks.min() == blocks.max() and blocks.sum() * orders >= 500


@pytest.mark.parametrize("case", RESULTS)
def test_a_stored_episode_comes_out_again(case):
    """The first ones of a block, of the strongest benchmark and of an agent."""
    found, chosen = shipped_results(case), find_case(case)
    rule, agent = found.benchmarks[0], shipped(case)[0]
    first = int(found.episodes["block"].min())
    policies = {rule: chosen.benchmarks(chosen.vector(2))[rule], agent.label: agent}
    again = play(chosen, policies, 2, seed_of_block(first))
    for name, own in again.groupby("policy"):
        kept = found.episodes.query("policy == @name and member == 0 and block == @first")
        kept = kept.head(2)
        assert kept["seed"].tolist() == own["seed"].tolist()
        for column in {"shortfall_bps", "profit"} & set(own):
            assert kept[column].to_numpy() == pytest.approx(own[column].to_numpy(), rel=1e-4,
                                                            abs=1e-4)


def test_the_tables_of_the_readme_are_those_of_the_shipped_results():
    assert readme_parts.shown("results") == results_table.section()


def test_what_is_shipped_is_small():
    assert sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file()) < 6e6


def test_a_comparison_is_read_as_it_was_written(tmp_path):
    found = compare("chriss", seeds=12, blocks=2)
    again = load_comparison(save_comparison(found, tmp_path / "kept.npz"))
    for name in found.table:
        assert again.table[name].to_numpy() == pytest.approx(found.table[name].to_numpy(),
                                                             rel=1e-5, abs=1e-5)
    assert again.benchmarks == found.benchmarks and again.optimum == found.optimum
    assert np.array_equal(again.episodes["seed"], found.episodes["seed"])


def test_what_cannot_be_had_is_told_in_one_sentence(tmp_path):
    with pytest.raises(AgentError, match="no agent of case 'chriss' and algo 'dqn' comes with"):
        shipped("chriss", "dqn")
    with pytest.raises(ValueError, match="case is 'nothing'; it must be one of"):
        shipped_results("nothing")
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    with pytest.raises(AgentError, match="cannot be read"):
        load_comparison(tmp_path / "bad.npz")
    with pytest.raises(ValueError, match="must end with .npz"):
        save_comparison(compare("chriss", seeds=2, blocks=1), tmp_path / "out.csv")
