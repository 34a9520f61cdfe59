"""The laws of tariffs, quotes, invoices and receipts."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import NotFound, WorkbenchError
from workbench.core.money import Money
from workbench.core.periods import Period
from workbench.registry.tariffs import STANDARD, check_examples, compute, read_tariffs

BOOK = read_tariffs()


def licence(desks, tariff="concert", parameters=(("takings", "30000.00"),), **more):
    hall = desks.licences.add_licensee("Bahari Hall", kind="venue", territory="404", why="contract")
    return desks.licences.add_licence(hall.id, tariff=tariff, parameters=parameters, why="contract", **more)


@pytest.mark.parametrize("tariff", BOOK.tariffs, ids=lambda tariff: f"{tariff.name} {tariff.starts_on.year}")
def test_every_tariff_rests_on_a_decision_and_its_worked_example_comes_out(tariff):
    micros, steps = compute(tariff, list(tariff.example.declared.items()), Period.parse(tariff.example.period))
    assert micros == tariff.example.pays
    assert steps
    assert tariff.decision


def test_a_wrong_example_is_a_finding(tmp_path):
    file = tmp_path / "tariffs.yaml"
    file.write_text(STANDARD.read_text(encoding="utf-8").replace("pays: 3000.00", "pays: 3000.01"), encoding="utf-8")
    (finding,) = check_examples(read_tariffs(file))
    assert (finding.code, finding.field, finding.expected) == ("tariff_example", "concert", "3000.010000")


def test_a_concert_of_thirty_thousand_pays_three_thousand_and_every_step_is_shown(both):
    one = licence(both)
    quote = both.licences.quote(one.id, "2025-07")
    assert quote.money == Money.of("3000.00", "KES")
    assert str(quote).splitlines()[1:] == ["  fee of event 1: 30000.000000 x 10.00 % = 3000.000000", "  3000.000000 KES"]
    assert quote.division == {"authors": 3_000_000_000, "neighbouring": 0}


def test_takings_are_charged_event_by_event_with_the_minimum_of_each(desks):
    one = licence(desks, parameters=[("takings@2025-07", "30000.00"), ("takings@2025-07", "500.00"), ("takings@2025-08", "9999")])
    assert desks.licences.quote(one.id, "2025-07").money == Money.of("3100.00", "KES")


def test_the_tariff_is_the_one_of_the_periods_first_day(desks):
    one = licence(desks, "radio", {"revenue": "1000000", "music_share_percent": "50"})
    assert desks.licences.quote(one.id, "2023-Q4").money == Money.of("17500", "KES")
    assert desks.licences.quote(one.id, "2024-Q1").money == Money.of("20000", "KES")
    with pytest.raises(NotFound, match="tariff radio on this day"):
        desks.licences.quote(one.id, "2001")


def test_a_what_if_changes_nothing_and_a_declaration_for_one_period_holds_for_it_alone(desks):
    one = licence(desks, "radio", {"revenue": "1000000"})
    assert desks.licences.quote(one.id, "2025-Q1", revenue="2000000").money == Money.of("80000", "KES")
    desks.licences.declare(one.id, "2025-Q1", why="their report", revenue="3000000")
    desks.licences.declare(one.id, "2025-Q1", why="their correction", revenue="4000000")
    assert [desks.licences.quote(one.id, quarter).money.amount for quarter in ("2025-Q1", "2025-Q2")] == [160_000, 40_000]


def test_a_declaration_that_is_missing_or_cannot_be_read_is_asked_for_by_name(desks):
    one = licence(desks, "radio", {})
    with pytest.raises(WorkbenchError, match=r"needs a declaration: expected revenue.*revenue@2025-Q1"):
        desks.licences.quote(one.id, "2025-Q1")
    for wrong in ("NaN", "1E+400000", "1,000", "=1+1", "١٢"):
        with pytest.raises(WorkbenchError, match="not an amount"):
            desks.licences.quote(one.id, "2025-Q1", revenue=wrong)
    with pytest.raises(WorkbenchError, match="not a whole number"):
        desks.licences.quote(licence(desks, "background-music", {"outlets": "two"}).id, "2025-Q1")
    with pytest.raises(NotFound, match="national"):
        desks.licences.quote(licence(desks, "radio-minutes", {"station_class": "nationel"}).id, "2025-Q1")


def test_a_licence_is_not_quoted_outside_its_days(desks):
    one = licence(desks, starts_on=date(2025, 1, 1), ends_on="2025-12-31")
    with pytest.raises(WorkbenchError, match="does not run in this period"):
        desks.licences.quote(one.id, "2026-01")


@given(st.integers(0, 10**15), st.integers(1, 3_000))
def test_a_yearly_amount_over_all_days_of_a_year_is_the_whole_amount(micros, split_at):
    flat = BOOK.find("background-music", date(2024, 6, 1)).model_copy()
    formula = flat.formula.model_copy(update={"amount_per_year": micros})
    tariff = flat.model_copy(update={"formula": formula})
    assert compute(tariff, [], Period.parse("2024"))[0] == micros
    day = split_at % 364 + 1
    first = Period(date(2023, 1, 1), date.fromordinal(date(2023, 1, 1).toordinal() + day - 1))
    rest = Period(date.fromordinal(first.ends_on.toordinal() + 1), date(2023, 12, 31))
    assert abs(compute(tariff, [], first)[0] + compute(tariff, [], rest)[0] - micros) <= 1


def test_an_invoice_from_a_licence_is_cut_to_the_currencys_minor_unit_and_made_once(both):
    one = licence(both, "streaming", {"revenue": "100000.00"})
    assert both.licences.quote(one.id, "2025-07").money.micros == 50_958_904_110
    bill = both.licences.invoice_from_licence(one.id, "2025-07", tax_percent="16", issued_on="2025-08-01", why="monthly")
    assert (bill.net_micros, bill.tax_micros, bill.period) == (50_958_900_000, 8_153_420_000, "2025-07")
    with pytest.raises(WorkbenchError, match=f"invoiced already.*{bill.id}"):
        both.licences.invoice_from_licence(one.id, "2025-07", why="again")


def test_outstanding_is_invoiced_less_paid(both):
    one = licence(both)
    bill = both.licences.add_invoice(one.id, period="2025-07", net="100.00", tax="16.00", due_on="2025-08-31", why="bill")
    both.licences.add_invoice(one.id, period="2025-08", net="50.00", why="bill")
    both.licences.add_receipt(bill.id, amount="116.00", received_on="2025-08-15", why="bank")
    frame = both.licences.outstanding(on="2025-09-30")
    assert frame[["period", "invoiced", "paid", "due"]].to_numpy().tolist() == [["2025-08", Decimal(50), Decimal(0), Decimal(50)]]
    assert list(both.licences.outstanding(on="2025-09-30", everything=True)["due"]) == [0, 50]
    assert list(both.licences.outstanding(on="2025-08-14")["due"]) == [116, 50]
    assert list(both.licences.outstanding(on="2025-09-01", everything=True)["overdue"]) == [False, False]


def test_money_in_divides_every_receipt_into_net_tax_and_over_without_losing_a_micro(both):
    one = licence(both, "radio", {"revenue": "1"})
    bill = both.licences.add_invoice(one.id, period="2025-Q2", net="100.00", tax="16.00", why="bill")
    for day, amount in (("2025-06-30", "33.333333"), ("2025-07-01", "50"), ("2025-07-02", "40")):
        both.licences.add_receipt(bill.id, amount=amount, received_on=day, why="bank")
    frame = both.licences.money_in("2025", basis="received")
    assert (frame["net_micros"] + frame["tax_micros"] + frame["over_micros"]).tolist() == frame["amount_micros"].tolist()
    assert (frame["net_micros"].sum(), frame["tax_micros"].sum(), frame["over_micros"].sum()) == (
        100_000_000,
        16_000_000,
        7_333_333,
    )
    assert (frame["authors_micros"] + frame["neighbouring_micros"]).tolist() == frame["net_micros"].tolist()
    assert list(both.licences.money_in("2025-Q3")["received_on"]) == ["2025-07-01", "2025-07-02"]
    assert list(both.licences.money_in("2025-Q3", basis="invoiced")["received_on"]) == []
    assert len(both.licences.money_in("2025-Q2", basis="invoiced")) == 3


def test_paying_too_much_is_a_finding_not_a_refusal(desks):
    one = licence(desks)
    bill = desks.licences.add_invoice(one.id, period="2025-07", net="100.00", why="bill")
    desks.licences.add_receipt(bill.id, amount="100.01", received_on="2025-08-15", why="bank")
    (finding,) = desks.licences.check()
    assert (finding.code, finding.source, finding.got) == ("over_payment", bill.id, "0.010000 KES too much")


def test_a_receipt_in_another_currency_is_refused(desks):
    bill = desks.licences.add_invoice(licence(desks).id, period="2025-07", net="100.00", why="bill")
    with pytest.raises(WorkbenchError, match="another currency"):
        desks.licences.add_receipt(bill.id, amount=Money.of("1", "EUR"), received_on="2025-08-15", why="bank")


def test_a_float_is_no_amount(desks):
    with pytest.raises(WorkbenchError, match="cannot be made from this type"):
        desks.licences.add_invoice(licence(desks).id, period="2025-07", net=100.1, why="bill")


def test_an_unknown_tariff_is_a_finding_and_a_quote_suggests_the_nearest(desks):
    one = licence(desks, "konzert")
    assert [finding.code for finding in desks.licences.check()] == ["unknown_tariff"]
    with pytest.raises(NotFound, match="Did you mean concert"):
        desks.licences.quote(one.id, "2025-07")


def test_records_of_licensing_are_found_by_id_with_their_history(desks):
    one = licence(desks)
    assert desks.licences.get(one.id) == one
    desks.licences.declare(one.id, "2025-07", why="their report", takings="1")
    assert list(desks.licences.history(one.id)["why"]) == ["contract", "their report"]
    assert desks.licences.undo(one.id, why="wrong hall").declared == one.declared
    with pytest.raises(NotFound):
        desks.licences.get("TALA-W-000001")


def test_a_licensee_is_found_by_a_like_name_with_its_licences(desks):
    one = licence(desks)
    row = desks.licences.licensees.search("bahary hall").loc[0]
    assert (row["name"], row["licences"]) == ("Bahari Hall", one.id)


def test_a_society_uses_its_own_tariff_book_where_it_has_one(desks):
    one = licence(desks)
    own = STANDARD.read_text(encoding="utf-8").replace("percent: 10\n    minimum_per_event", "percent: 11\n    minimum_per_event")
    (desks.office.config.rules / "tariffs.yaml").write_text(own, encoding="utf-8")
    assert desks.licences.quote(one.id, "2025-07").money == Money.of("3300", "KES")


BROKEN = [
    ("percent: 4\n", "percent: 104\n", "not a share"),
    ("percent: 4\n", "percent: 4e0\n", "not a share"),
    ("percent: 4\n", "per_cent: 4\n", "formula"),
    ("kind: percent_of_takings", "kind: percent_of_taking", "formula"),
    ("starts_on: 2018-01-01", "starts_on: 2018-13-01", "starts_on"),
    ("ends_on: 2023-12-31", "ends_on: 2024-01-01", "two tariffs of one name"),
    ("authors_percent: 100", "authors_percent: 90", "not the whole"),
    ("- name: radio\n", "- name: [radio\n", "cannot be read"),
]


@pytest.mark.parametrize(("good", "bad", "message"), BROKEN)
def test_a_tariff_book_that_cannot_stand_is_refused_by_its_place(tmp_path, good, bad, message):
    file = tmp_path / "tariffs.yaml"
    text = STANDARD.read_text(encoding="utf-8")
    assert good in text
    file.write_text(text.replace(good, bad), encoding="utf-8")
    with pytest.raises(WorkbenchError, match=message):
        read_tariffs(file)
