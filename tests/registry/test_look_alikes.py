"""The laws of look-alikes: who is shown before a party is made and before money first goes to a name, and who is not."""

import pytest

from workbench.core.errors import WorkbenchError
from workbench.registry.look_alikes.desk import LooksLike, first_payment_look_alikes
from workbench.registry.look_alikes.finding import KeyIndex, find_look_alikes, judge, profile_of
from workbench.registry.look_alikes.names import keys, likeness, words_of
from workbench.registry.parties import Party, PartyName
from workbench.registry.works import Work, WorkShare

IPI = ("00014107338", "00045620792")


def draft(name, first_name="", **more):
    return {"kind": "natural", "name": name, "first_name": first_name, **more}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Mwangi", "Amani"), ("Mwangy", "Amani")),
        (("Mwangi", "Amani"), ("Amani", "Mwangi")),
        (("Mwangi", "Amani"), ("Mwangi", "A.")),
        (("Mwangi", "Amani Kamau"), ("Mwangi", "Amani")),
        (("Ångström", "Lars"), ("Angstrom", "Lars")),
        (("Звезда", "Анна"), ("Zvezda", "Anna")),
        (("Mohamed", "Ali"), ("Muhammad", "Ali")),
        (("Ouma-Otieno", "Rose"), ("Ouma Otieno", "Rose")),
        (("Mwangi", "Amani"), ("Nwangi", "Amani")),
        (("Schmidt", "Hans"), ("Schmitt", "Hans")),
    ],
)
def test_the_usual_ways_to_write_one_name_in_two_ways_are_shown(one, other):
    (found,) = find_look_alikes([draft(*one, id="new")], [draft(*other, id="known")])
    assert "name" in found.evidence[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Mwangi", "Amani"), ("Mwangi", "Amina")),
        (("Mwangi", "Amani"), ("Mwangi", "")),
        (("Odhiambo", "Juma"), ("Odhiambo", "Joan")),
        (("Kamau", "Peter"), ("Kimani", "Peter")),
    ],
)
def test_other_people_s_names_are_not(one, other):
    assert find_look_alikes([draft(*one, id="new")], [draft(*other, id="known")]) == []


def test_a_company_is_the_same_with_or_without_its_legal_form_and_a_person_keeps_every_word():
    forms = [draft(name, id=name, kind="legal") for name in ("Uhuru Music SARL", "The Uhuru Music", "Uhuru Music GmbH")]
    found = find_look_alikes([draft("Uhuru Music Ltd", id="new", kind="legal")], forms)
    assert [(one.known_id, one.score) for one in found] == [
        (one["id"], 100.0) for one in sorted(forms, key=lambda one: one["id"])
    ]
    assert words_of("La Rosa, As") == ("la", "rosa", "as")


def test_another_day_of_birth_or_another_number_tells_namesakes_apart_and_the_same_number_needs_no_name():
    known = draft("Mwangi", "Amani", id="known", birth_on="1971-03-02", isni="0000000121032683")
    assert find_look_alikes([draft("Mwangi", "Amani", id="new", birth_on="1999-01-01")], [known]) == []
    assert find_look_alikes([draft("Mwangi", "Amani", id="new", isni="0000000073669144")], [known]) == []
    (found,) = find_look_alikes([draft("Simba Kali", id="new", isni="0000000121032683")], [known])
    assert (found.score, found.evidence[0]) == (100.0, "same ISNI 0000000121032683")
    assert found.evidence[1] == "but the names are only 60 % alike: Simba Kali, Amani Mwangi"


def test_evidence_says_what_speaks_for_and_against_in_words():
    known = draft("Mwangi", "Amani", id="known", birth_on="1971-03-02", territory="404")
    found = judge(profile_of(draft("Mwangy", "Amani", birth_on="1971-03-02", territory="800"), "new"), profile_of(known))
    assert found.evidence == (
        "name 90 % alike: Amani Mwangy, Amani Mwangi",
        "same day of birth 1971-03-02",
        "but another territory: 800 and 404",
    )


def test_new_ones_are_compared_with_each_other_and_each_pair_is_shown_once():
    new = [draft("José", "Ana", id="a"), draft("Jose", "Ana", id="b"), draft("Jose", "Anna", id="c")]
    pairs = [(one.new_id, one.known_id) for one in find_look_alikes(new, [])]
    assert sorted(pairs) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert find_look_alikes(new[:2], [], told_apart={("a", "b")}) == []


def test_a_crowd_behind_a_wide_key_is_left_out_and_the_narrow_keys_still_lead_to_the_one_meant():
    crowd = [
        profile_of(draft(f"M{chr(97 + number % 26)}{chr(97 + number // 26)}rua", "Amani", id=f"P{number}"))
        for number in range(600)
    ]
    index = KeyIndex([*crowd, profile_of(draft("Mwangi", "Amani", id="meant"))])
    found = index.candidates(profile_of(draft("Mwangy", "Amani", id="new")))
    assert "meant" in found
    assert len(found) < 100


def test_names_that_are_alike_share_a_key():
    for one, other in (("Mwangi Amani", "Amani Mwangy"), ("Bee Gees", "BeeGees"), ("A Mwangi", "Amani Mwangi")):
        assert {key for key, _ in keys(words_of(one))} & {key for key, _ in keys(words_of(other))}
        assert likeness(words_of(one), words_of(other)) >= 85


def test_a_party_that_resembles_another_is_not_registered_until_somebody_says_why_it_is_another(both):
    known = both.parties.register(draft("Mwangi", "Amani", birth_on="1971-03-02"), why="joins")
    with pytest.raises(LooksLike, match=r"Amani Mwangi \(born 1971-03-02\) \(90 %: name 90 % alike: Amani Mwangy") as raised:
        both.parties.register(draft("Mwangy", "Amani"), why="joins")
    assert [one.known_id for one in raised.value.found] == [known.id]
    assert len(both.parties.get_many()) == 1
    son = both.parties.register(draft("Mwangy", "Amani"), why="joins", sure="the son, see his birth certificate")
    assert list(both.parties.look_alikes(son.id)["id"]) == []
    assert list(both.parties.look_alikes(known.id)["id"]) == []
    assert list(both.parties.look_alikes(draft("Mwangi", "Amani"))["id"]) == [known.id, son.id]


def test_a_party_with_an_id_is_not_registered_again(desks):
    known = desks.parties.register(draft("Mwangi", "Amani"), why="joins")
    with pytest.raises(WorkbenchError, match="registered already"):
        desks.parties.register(known, why="again")


def test_the_index_follows_what_is_saved_renamed_deleted_and_rolled_back(both):
    (one,) = both.people("Mwangi")
    assert list(both.parties.look_alikes(draft("Mwangi"))["id"]) == [one]
    (other,) = both.people("Mwangy")
    assert set(both.parties.look_alikes(draft("Mwangi"))["id"]) == {one, other}
    both.parties.change(one, name="Odhiambo", why="misread")
    assert list(both.parties.look_alikes(draft("Mwangi"))["id"]) == [other]
    both.parties.set_status(other, "deleted", why="never was")
    assert list(both.parties.look_alikes(draft("Mwangi"))["id"]) == []
    with pytest.raises(WorkbenchError, match="name is empty"):
        both.parties.register(draft(" ", "Amani"), why="joins")
    assert list(both.parties.look_alikes(draft("Odhiambo"))["id"]) == [one]


def test_two_that_wrote_the_same_works_are_the_more_alike(both):
    one, other, third = both.people("Mwangi Amani", "Mwangy Amani", "Mwangu Amani")
    for title in ("One", "Two"):
        both.works.save(Work(title, shares=(WorkShare(one, "C"), WorkShare(third, "A"))), why="new")
    found = both.parties.look_alikes(one)
    assert list(found["id"]) == [third, other]
    assert "2 works in common" in found.loc[0, "evidence"]


def test_before_money_first_goes_to_a_name_whom_it_resembles_is_said(both):
    paid, new, stranger = both.people("Amani Mwangi", "Amani Mwangy", "Rose Odhiambo")
    with both.office.book.read() as connection:
        ((alike, payee, other),) = first_payment_look_alikes(connection, [paid, new, stranger], [paid])
        assert (payee.id, other.id, alike.evidence[0]) == (new, paid, "name 90 % alike: Amani Mwangy, Amani Mwangi")
        assert first_payment_look_alikes(connection, [paid, new], [paid, new]) == []
    both.parties.not_the_same(new, paid, why="two brothers")
    with both.office.book.read() as connection:
        assert first_payment_look_alikes(connection, [paid, new], [paid]) == []


def test_a_name_with_an_ipi_of_its_own_is_another_person_s(both):
    rows = [Party("Mwangi", "Amani", names=(PartyName("Mwangi", "Amani", ipi_name_number=number),)) for number in IPI]
    one = both.parties.register(rows[0], why="joins")
    other = both.parties.register(rows[1], why="joins")
    assert one.id != other.id
