"""Hidden cases that are games: the world stays outside, the answer is asked many times."""

import pytest

from lobsim.course.calling import call
from lobsim.course.declare import PUBLIC_STUDENT, Case, Check, DeclarationError, Mistake, Part
from lobsim.course.judge import judge
from lobsim.course.plan import plan, publish

ROUNDS = 5


def play(ask, kept, secret, what):
    """Guess a number: five questions, told higher or lower after each."""
    if "asked" not in kept:
        hint, asked = "none", 0
        for _ in range(ROUNDS):
            guess = ask(hint=hint)
            if type(guess) is not int:
                raise ValueError("guess() must return a whole number")
            asked += 1
            if guess == secret:
                break
            hint = "higher" if guess < secret else "lower"
        kept["asked"] = asked, guess == secret
    asked, found = kept["asked"]
    return {"found": "right" if found else "never", "quickly": "right" if asked <= 3 else "slow"}[
        what]


def reference(hint=None, **asked):
    return "right" if asked else 4


def _slow(what=None, hint=None, secret=None):
    if what is None:
        raise KeyError(what)
    return "slow"


def games(rng, student):
    return [Case({"secret": 4 + len(student), "what": what}, play=play)
            for what in ("found", "quickly")]


GUESS = Check("guess", "Guess", reference=reference, parts=[
    Part("the first question", 1, [Case({"hint": "none"})]),
    Part("a game", 4, games, visible=False, partial=True, by_student=True),
], mistakes=[Mistake("slow", _slow, "halve what is left.")])


def run(function, student=None, hidden=True):
    return judge(GUESS, lambda inputs: call(function, "function", inputs), lesson="99",
                 student=student, hidden=hidden)


class Counting:
    """Counts up from four, one a question."""

    def __init__(self, fails_at=None, answer=None):
        self.calls, self.fails_at, self.answer = 0, fails_at, answer

    def __call__(self, hint):
        self.calls += 1
        if hint == "none":
            self.next = 4
        if self.calls == self.fails_at:
            raise ZeroDivisionError("hidden world")
        self.next += 1
        return self.answer if self.answer and self.calls > 1 else self.next - 1


def test_a_game_goes_on_until_it_is_over_and_all_its_cases_share_it():
    player = Counting()
    result = run(player, student="ab")  # the secret is 6: third question
    assert result.earned == 5 and player.calls == 1 + 3


def test_a_game_that_is_won_late_earns_a_part_and_names_the_mistake():
    result = run(Counting(), student="abcd")
    assert result.earned == 3 and [name for name, _ in result.mistakes] == ["slow"]


def test_a_game_that_stops_with_an_error_is_not_begun_again_and_its_words_stay_hidden():
    player = Counting(fails_at=3)
    result = run(player, student="abcd")
    assert result.earned == 1 and player.calls == 3
    assert "hidden world" not in result.text()


def test_an_answer_of_the_wrong_form_ends_the_game_without_points():
    player = Counting(answer="six")
    assert run(player, student="abcd").earned == 1 and player.calls == 2


def test_at_home_nothing_is_played_and_nothing_of_it_is_published():
    player = Counting()
    assert run(player, hidden=False).earned == 1 and player.calls == 1
    assert all(not part["cases"] for part in publish(plan(GUESS, "99"))["parts"]
               if not part["visible"])


def test_a_students_game_is_made_for_the_name_and_the_public_one_where_there_is_none():
    def secrets(student):
        return {case.inputs["secret"] for case in plan(GUESS, "99", student).cases(visible=False)}

    assert secrets("ada") == {7} and secrets(None) == {4 + len(PUBLIC_STUDENT)}


def test_a_visible_game_is_an_authors_mistake():
    shown = Check("guess", "Guess", reference=reference, parts=[
        Part("a game", 1, [Case({"secret": 5, "what": "found"}, play=play)])])
    with pytest.raises(DeclarationError, match="must be hidden"):
        plan(shown, "99")
    with pytest.raises(DeclarationError, match="by_student"):
        Part("a list", 1, [Case({"x": 1})], by_student=True)
