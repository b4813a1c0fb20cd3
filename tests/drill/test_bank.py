"""The bank: every question is whole, every number of a model answer is computed."""

import ast
import json
import math
import re

import numpy as np
import pytest

from lobsim.course.drill import bank, numbers, text
from lobsim.course.drill.asked import Asked
from lobsim.course.drill.coding import CODE, judge_function, load_function
from lobsim.course.drill.fresh import FRESH
from lobsim.course.drill.question import KINDS, LESSONS, BankError, question_from

QUESTIONS = bank.load()
HOLE = re.compile(r"\{\{(.+?)\}\}", flags=re.DOTALL)
NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*")


def test_the_bank_is_as_large_and_as_even_as_promised():
    assert len(QUESTIONS) >= 150
    assert {q.lesson for q in QUESTIONS} == set(LESSONS)
    assert {q.kind for q in QUESTIONS} == set(KINDS)
    assert {q.difficulty for q in QUESTIONS} == {1, 2, 3}
    checks = [q.check for q in QUESTIONS]
    assert checks.count("number") >= 40 and checks.count("function") >= 15
    assert sum(q.kind == "debugging" for q in QUESTIONS) >= 15
    for lesson in LESSONS:
        own = [q for q in QUESTIONS if q.lesson == lesson]
        assert len(own) >= 8 and len({q.kind for q in own}) >= 5, lesson


def test_readme_states_the_number_of_questions(repo):
    (stated,) = re.findall(r"(\d+) questions\s+over all lessons", (repo / "README.md").read_text())
    assert int(stated) == len(QUESTIONS)


def test_every_declared_check_is_asked_and_every_asked_check_is_declared():
    assert {q.fresh for q in QUESTIONS if q.fresh} == set(FRESH)
    assert {q.code for q in QUESTIONS if q.code} == set(CODE)


def test_a_section_is_a_heading_of_its_lesson(repo):
    for path in sorted((repo / "solutions").glob("[0-9][0-9]_*/*.ipynb")):
        cells = json.loads(path.read_text())["cells"]
        headings = {heading.strip() for cell in cells if cell["cell_type"] == "markdown"
                    for heading in re.findall(r"^#{2,4} (.+)$", "".join(cell["source"]), re.M)}
        asked = [q for q in QUESTIONS if q.lesson == path.name[:2]]
        assert asked
        assert {q.section for q in asked} <= headings, path.name


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.id)
def test_a_question_can_be_asked_with_all_its_numbers(question):
    for seed in (1, 2) if question.fresh else (2,):
        asked = Asked(question, seed)
        for shown in (asked.prompt, asked.model_answer, asked.better, *asked.rubric):
            assert shown.strip() and "{{" not in shown and "}}" not in shown
        assert not re.search(r"\b(nan|inf)\b", asked.model_answer), asked.model_answer
    again = Asked(question, 2)
    assert (again.prompt, again.model_answer) == (asked.prompt, asked.model_answer)
    if question.kind == "derivation" and not question.fresh:
        assert len(re.findall(r"^\d\. ", asked.model_answer, re.M)) >= 4


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.id)
def test_no_number_of_a_model_answer_is_written_by_hand(question):
    """Small whole numbers, years, and numbers that were given are no results."""
    bare = re.sub(r"```.*?```", "", HOLE.sub("", question.answer), flags=re.DOTALL)
    bare = re.sub(r"\b(19|20)\d\d\b", "", bare)
    given = {float(n.replace(",", "")) for n in NUMBER.findall(HOLE.sub("", question.ask))}
    for hole in HOLE.findall(question.answer):
        expression = hole.rpartition("|")[0] or hole
        given |= {float(node.value) for node in ast.walk(ast.parse(expression.strip(), mode="eval"))
                  if isinstance(node, ast.Constant) and isinstance(node.value, int | float)}
    given |= {100 * value for value in given} | {value / 1e6 for value in given}
    for found in NUMBER.findall(bare):
        value = float(found.replace(",", ""))
        small = "." not in found and value <= 20
        assert small or any(math.isclose(value, one) for one in given), found


def test_the_numbers_of_answers_agree_with_the_papers():
    """Almgren and Chriss 2000, table 1; Cont, Stoikov and Talreja 2010, table 3; and so on."""
    assert numbers.value("ac_time_scale") == pytest.approx(1.647, abs=5e-4)
    assert numbers.value("ac_twap_cost") == pytest.approx(662_500)
    assert numbers.value("ac_cost") == pytest.approx(911_227, abs=1)
    assert numbers.value("ac_std") == pytest.approx(603_431, abs=1)
    assert numbers.value("mid_up")(3, 1) == pytest.approx(0.741, abs=5e-4)
    assert numbers.value("filled_first")(5, 1) == pytest.approx(0.22434, abs=1e-5)
    assert numbers.value("weighted")(10.00, 9, 10.02, 27) == pytest.approx(10.005)
    assert numbers.value("weighted")(10.00, 9, 10.01, 1) == pytest.approx(10.009)
    assert numbers.value("relaxed")(5) == pytest.approx(23.61, abs=0.01)
    assert numbers.value("peeking")(5) == pytest.approx(14.2, abs=0.05)
    assert numbers.value("maker_std") == pytest.approx(6.55, abs=0.02)
    assert numbers.value("even_std") == pytest.approx(13.456, abs=0.02)
    used = {name for q in QUESTIONS for part in (q.answer, q.ask, q.better)
            for name in text.names_in(part)}
    for name in numbers.COMPUTED:
        assert math.isfinite(numbers.value(name))
    unused = (set(numbers.COMPUTED) | set(numbers.PUBLISHED) | set(numbers.FUNCTIONS)) - used
    assert not unused, f"numbers that no question uses: {sorted(unused)}"
    for value, source in numbers.PUBLISHED.values():
        assert math.isfinite(value) and re.search(r"\((19|20)\d\d\)", source)


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.snippet], ids=lambda q: q.id)
def test_a_snippet_is_wrong_as_shown_and_right_when_its_line_is_mended(question):
    def run(code, expression):
        scope = {"np": np, "math": math}
        exec(code, scope)
        return np.asarray(eval(expression, scope), dtype=float)

    truth = run("", question.truth)
    mended = run(question.mended_snippet, question.probe)
    assert mended.shape == truth.shape and np.allclose(mended, truth)
    wrong = run(question.snippet, question.probe)
    assert wrong.shape != truth.shape or not np.allclose(wrong, truth)
    asked = Asked(question, 1)
    assert asked.judge_typed(f"line {question.line}").right
    for line in range(1, len(question.snippet.splitlines()) + 1):
        assert asked.judge_typed(str(line)).right == (line in (question.line, *question.also))


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.code], ids=lambda q: q.id)
def test_the_function_of_a_model_answer_passes_its_own_check(question):
    code = re.search(r"```python\n(.*?)```", question.answer, flags=re.DOTALL).group(1)
    function = load_function("import math\nimport numpy as np\n" + code, question.code)
    for seed in range(3):
        result = judge_function(question.code, function, seed)
        assert result.passed, result.text()


def test_a_blank_function_is_told_in_words_that_fit_a_terminal():
    def blank(scores):
        raise NotImplementedError

    (question,) = [q for q in QUESTIONS if q.id == "code-causal-weights"]
    verdict = Asked(question, 1).judge_function(blank)
    assert not verdict.right and verdict.share == 0 and "cell" not in " ".join(verdict.lines)
    assert "NotImplementedError" in verdict.lines[0]


@pytest.mark.parametrize("name", sorted(CODE))
def test_known_wrong_functions_are_refused_and_named(name):
    named = set()
    for seed in range(4):
        for mistake in CODE[name].mistakes:
            if mistake.wrong is None:
                continue
            result = judge_function(
                name, lambda *given, m=mistake: m.wrong(**dict(zip(_arguments(name), given,
                                                                   strict=True))), seed)
            assert not result.passed, mistake.name
            named |= {found for found, _ in result.mistakes}
    errors = {m.name: m.error for m in CODE[name].mistakes if m.wrong is None}
    stopped = {m.name for m in CODE[name].mistakes if m.name in ("overflow",)}
    assert {m.name for m in CODE[name].mistakes} - set(errors) - stopped <= named


def _arguments(name):
    import inspect

    return list(inspect.signature(CODE[name].reference).parameters)


GOOD = {"id": "a-question", "kind": "concept", "minutes": 3, "difficulty": 1, "section": "s",
        "ask": "a", "answer": "b", "better": "c", "rubric": ["x", "y", [2, "z"]]}


@pytest.mark.parametrize(("change", "sentence"), [
    ({"kind": "quiz"}, "allowed are concept"),
    ({"minutes": 0}, "from 1 to 15"),
    ({"difficulty": True}, "from 1 to 3"),
    ({"id": "One"}, "small letters"),
    ({"rubric": ["x", "y"]}, "three to six"),
    ({"rubric": ["x", "y", [0, "z"]]}, "allowed"),
    ({"answer": " "}, "answer is missing"),
    ({"colour": "red"}, "unknown fields colour"),
    ({"kind": "coding"}, "needs the name of its check"),
    ({"kind": "debugging"}, "needs a `snippet`"),
    ({"kind": "debugging", "snippet": "x = 1", "line": 2, "mended": "x = 2", "probe": "x",
      "truth": "2"}, "lines 1 to 1"),
])
def test_a_question_that_is_not_whole_is_refused_in_one_sentence(change, sentence):
    assert question_from(GOOD, "00").marks == 4
    with pytest.raises(BankError, match=re.escape(sentence)):
        question_from(GOOD | change, "00")


def test_an_expression_reaches_nothing_but_numbers():
    for hole in ("__import__('os')", "open('x')", "().__class__", "no_such_number"):
        if hole == "().__class__":
            assert "class" in text.fill("{{" + hole + ".__name__ and 'class'}}")
            continue
        with pytest.raises(BankError, match="cannot be worked out"):
            text.fill("{{" + hole + "}}")
