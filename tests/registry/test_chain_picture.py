"""The picture of a chain: the same in words and in the drawing, safe, and readable without seeing it."""

from __future__ import annotations

from xml.etree import ElementTree

from workbench.registry.chains.picture import ChainPicture, Way, WayStep

SVG = "{http://www.w3.org/2000/svg}"
NAMES = {"w": "Amina Otieno", "p": "Port Editions", "s": "Bahari <Music> & Sons", "a": "أم كلثوم الصغيرة", "l": "L" * 60}
SUB = WayStep("s", 750_000, "PG agreement A2: 75 %", agreement="A2", kind="PG", starts_on="2019-01-01", note="all works")
ORIGINAL = WayStep("p", 1_000_000, "OG agreement A1: all", agreement="A1", kind="OG")


def picture(*ways, findings=()):
    return ChainPicture("Taa <ya> Pwani", "performing, Kenya (404), 2025-07-01", ways, findings, NAMES)


CHAIN = picture(
    Way("w", "CA", "p", 250_000, (ORIGINAL,)),
    Way("w", "CA", "s", 750_000, (ORIGINAL, SUB)),
)


def drawn(one):
    return ElementTree.fromstring(one.svg())  # noqa: S314  our own text


def texts(one):
    return ["".join(text.itertext()) for text in drawn(one).iter(f"{SVG}text")]


SHOWN = (
    "Amina Otieno", "CA owns 100 %", "original publishing", "A1 · 100 %", "sub-publishing", "A2 · 75 %", "from 2019-01-01",
    "keeps the rest", "collects 25 %", "collects 75 %", "owned 100 % = collected 100 %",
)  # fmt: skip


def test_every_party_step_share_and_period_is_in_the_drawing_and_in_the_words():
    seen = texts(CHAIN)
    for text in SHOWN:
        assert text in seen, text
    assert CHAIN.text().splitlines() == [
        "Who collects: Taa <ya> Pwani",
        "performing, Kenya (404), 2025-07-01",
        "Amina Otieno (CA) owns 100 %",
        "  100 % to Port Editions: OG agreement A1: all",
        "  = Port Editions collects 25 % of the work",
        "  100 % to Port Editions: OG agreement A1: all",
        "  75 % to Bahari <Music> & Sons: PG agreement A2: 75 %",
        "  = Bahari <Music> & Sons collects 75 % of the work",
    ]


def test_the_drawing_is_an_image_named_and_described_and_the_same_each_time():
    root = drawn(CHAIN)
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby").split() == [title.get("id"), desc.get("id")]
    assert desc.text == CHAIN.text()
    assert CHAIN.svg() == CHAIN._repr_svg_() == picture(*CHAIN.ways).svg()


def test_names_and_titles_are_text_never_markup():
    tags = {element.tag.removeprefix(SVG) for element in drawn(CHAIN).iter()}
    assert tags == {"svg", "title", "desc", "defs", "marker", "path", "rect", "g", "text"}
    assert "Bahari <Music> & Sons" in texts(CHAIN)


def test_a_party_that_passes_on_and_keeps_is_drawn_once_on_the_way_and_its_agreement_once():
    seen = texts(CHAIN)
    assert seen.count("A1 · 100 %") == 1
    assert seen.count("passes on") == 1


def test_a_long_name_is_shortened_and_whole_in_its_title():
    one = picture(Way("l", "", "l", 1_000_000))
    assert not any("L" * 40 in "".join(text.text or "") for text in drawn(one).iter(f"{SVG}text"))
    assert any(title.text == "L" * 60 for title in drawn(one).iter(f"{SVG}title"))
    assert any("no agreement" in text for text in texts(one))


def test_a_name_written_from_right_to_left_begins_at_the_right():
    one = picture(Way("a", "C", "a", 1_000_000))
    found = [text for text in drawn(one).iter(f"{SVG}text") if NAMES["a"] in "".join(text.itertext())]
    assert {text.get("direction") for text in found} == {"rtl"}


def test_findings_are_told_in_words_and_marked_at_the_collector():
    one = picture(
        Way("w", "CA", "w", 1_000_000, odd=("agreement_cycle",)), findings=("agreement_cycle: back to <where> it came from",)
    )
    assert "!" in texts(one)
    assert "! agreement_cycle: back to <where> it came from" in texts(one)
    assert one.text().endswith("Finding: agreement_cycle: back to <where> it came from")


def test_a_picture_of_nothing_says_that_nobody_owns():
    one = picture()
    assert "Nobody owns a share of this right here on this day." in one.text()
    assert "Nobody owns a share of this right here on this day." in texts(one)


def test_boxes_of_a_column_never_lie_on_each_other():
    ways = [
        Way(f"w{n}", "C", f"c{n % 3}", 100_000, (WayStep(f"c{n % 3}", 1_000_000, f"A{n}", agreement=f"A{n}", kind="AD"),))
        for n in range(10)
    ]
    boxes = [
        tuple(float(rect.get(name)) for name in ("x", "y", "width", "height"))
        for rect in drawn(picture(*ways)).iter(f"{SVG}rect")
        if rect.get("x")
    ]
    assert len(boxes) == 23
    for number, (x, y, width, height) in enumerate(boxes):
        for other_x, other_y, other_width, other_height in boxes[number + 1 :]:
            apart = x + width <= other_x or other_x + other_width <= x or y + height <= other_y or other_y + other_height <= y
            assert apart
