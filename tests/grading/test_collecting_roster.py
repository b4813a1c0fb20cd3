"""A class list of any system becomes the same students; what cannot be one is told."""

import pytest

from lobsim.course.collect_names import Name
from lobsim.course.roster import Person, Roster, RosterError, load, read_csv, save

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Lesson 01 (881)
    Points Possible,,,,,20
"Lovelace, Ada",12345,S001,alovel,A,
"Student, Test",99,,abc123,A,
"""
MOODLE = "First name;Surname;ID number;Email address\nAda;Lovelace;alovel;ada@uni.example\n"
WORKSHEET = ("Identifier,Full name,Email address,Status,Grade\n"
             "Participant 4711,Ada Lovelace,ada@uni.example,Submitted,\n")


@pytest.mark.parametrize(("text", "expected"), [
    (CANVAS, Person("alovel", "Ada", "Lovelace", "", "12345", "alovel")),
    (MOODLE, Person("alovel", "Ada", "Lovelace", "ada@uni.example")),
    (WORKSHEET, Person("ada@uni.example", "Ada", "Lovelace", "ada@uni.example")),
    ("Student ID\tName\talias\nx1\tAda King Lovelace\t-\n", Person("x1", "Ada King", "Lovelace")),
    ("id,first_name,last_name,email,lms_user_id\nx1,Ada,Lovelace,a@b,7\n",
     Person("x1", "Ada", "Lovelace", "a@b", "7")),
])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_system_s_list_is_read(tmp_path, text, expected, encoding):
    (tmp_path / "r.csv").write_bytes(text.encode(encoding))
    assert read_csv(tmp_path / "r.csv") == [expected]


def test_umlauts_of_an_old_spreadsheet_survive(tmp_path):
    (tmp_path / "r.csv").write_bytes("id;Name\r\nx;Jörg Groß\r\n".encode("cp1252"))
    assert read_csv(tmp_path / "r.csv")[0].name == "Jörg Groß"


@pytest.mark.parametrize(("text", "said"), [
    ("colour,size\nred,3\n", "colour, size"), ("", "empty"),
    ("id,name\nx,Ada\nx,Ben\n", "row 3: the id 'x' comes twice"),
    ("id,name\n,Ada\n", "row 2: there is no id"),
])
def test_a_list_that_cannot_be_used_is_told_in_one_sentence(tmp_path, text, said):
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(RosterError, match=said):
        read_csv(tmp_path / "r.csv")


def test_what_is_saved_is_what_is_loaded(tmp_path):
    people = [Person("a1", "Ada", "Lovelace, née Byron", "a@b", "7", "ada"), Person("b2")]
    save(tmp_path, people)
    assert load(tmp_path).people == people
    assert load(tmp_path / "elsewhere").people == []


def test_accents_order_and_spelling_of_a_name_do_not_matter():
    roster = Roster([Person("j", "José", "Pérez García"), Person("g", "Jörg", "Groß")])
    for written in ("Jose Perez Garcia", "PÉREZ GARCÍA, JOSÉ", "pérezgarcíajosé"):
        assert roster.find(Name(written, "", "")).id == "j"
    assert roster.find(Name("Groß Jörg", "", "")).id == "g"


def test_a_name_that_fits_two_fits_nobody():
    roster = Roster([Person("a", "Anna", "Li"), Person("b", "Li", "Anna")])
    assert roster.find(Name("Anna Li", "", "")) is None
    assert roster.find(Name("a", "", "")).id == "a"
