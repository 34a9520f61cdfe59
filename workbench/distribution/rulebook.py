"""The rule book: dated rules in YAML, each resting on a board decision and carrying a worked example that is run.

    rules:
      - rule: deductions                      # its name, unique in the book
        kind: deductions                      # split, deductions, points, usage, work_shares, neighbouring, holds, payment
        decision: Board 2024/31, article 4    # what it rests on
        valid_from: 2025-01-01                # the first day of a period it applies to; valid_to may end it
        tariffs: ["*"]                        # patterns of tariff names; of the rules of a kind the first that fits applies
        steps: [...]
        examples: [...]                       # run by `check_examples`, and by the tests

Scalars are read as text, so that 66.67 never passes through a binary fraction. Unknown keys are refused with the nearest name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from ..core.canonical import canonical_json
from ..core.errors import NotFound, WorkbenchError, nearest
from ..core.money import parse_micros
from ..core.shares import WHOLE, parse_percent

PACKAGED = Path(__file__).parent / "data" / "rulebooks"
RIGHTS = ("performing", "mechanical", "neighbouring")
Right = Literal["performing", "mechanical", "neighbouring"]
WHOLE_MILLI = 1_000


def _told(parse: Callable[[str], int], text: Any) -> int:
    """Parse, and let pydantic say in which rule a text is wrong."""
    try:
        return parse(str(text))
    except WorkbenchError as error:
        raise ValueError(f"{error.what}, expected {error.expected}") from error


def _milli(text: Any) -> int:
    micros = _told(parse_micros, text)
    if micros % 1_000 or micros < 0:
        raise ValueError("a weight is zero or more, with at most three decimals")
    return micros // 1_000


def _percent(text: Any) -> int:
    return _told(parse_percent, text)


Ppm = Annotated[int, BeforeValidator(_percent)]
"""Written as a percentage, kept in parts per million."""
Milli = Annotated[int, BeforeValidator(_milli)]
"""Written as a number with up to three decimals, kept in thousandths."""
Micros = Annotated[int, BeforeValidator(lambda text: _told(parse_micros, text))]
"""Written as an amount, kept in micros."""
Weight = Annotated[int, Field(ge=0, le=1_000_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Rule(_Strict):
    rule: str = Field(min_length=1)
    decision: str = Field(min_length=1)
    about: str = ""
    valid_from: date
    valid_to: date | None = None
    tariffs: tuple[str, ...] = ("*",)

    def applies(self, tariff: str, on: date) -> bool:
        """Tell whether this rule is in force on a day for a tariff."""
        in_force = self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)
        return in_force and any(fnmatchcase(tariff, pattern) for pattern in self.tariffs)


class SplitExample(_Strict):
    """A receipt and the pools it goes to."""

    received: Micros
    pools: dict[Right, Micros]


class SplitRule(_Rule):
    """How a licence's money is split over the rights it pays for, by whole weights (2 to 1 is 66 2/3 % to 33 1/3 %)."""

    kind: Literal["split"]
    weights: dict[Right, Weight]
    examples: tuple[SplitExample, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _some_weight(self) -> SplitRule:
        if not sum(self.weights.values()):
            raise ValueError("at least one right needs a weight above zero")
        return self


class Deduction(_Strict):
    """One deduction; those of one stage are taken off the same base, a later stage off what is left."""

    name: str = Field(min_length=1)
    percent: Ppm
    stage: int = Field(ge=1)


class DeductionExample(_Strict):
    """A pool's money, what each deduction takes, and what is left."""

    received: Micros
    deductions: dict[str, Micros]
    rest: Micros


class DeductionRule(_Rule):
    """What is taken off a pool, in order: first administration, then social and cultural purposes off what is left."""

    kind: Literal["deductions"]
    rights: tuple[Right, ...] = RIGHTS  # type: ignore[assignment]  # mypy does not read literals out of a constant
    steps: tuple[Deduction, ...]
    examples: tuple[DeductionExample, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _at_most_all(self) -> DeductionRule:
        for stage in {step.stage for step in self.steps}:
            if sum(step.percent for step in self.steps if step.stage == stage) > WHOLE:
                raise ValueError(f"stage {stage} takes more than 100 %")
        if [step.stage for step in self.steps] != sorted(step.stage for step in self.steps):
            raise ValueError("stages must be in order")
        if len({step.name for step in self.steps}) != len(self.steps):
            raise ValueError("a deduction is named twice")
        return self


class PointsExample(_Strict):
    """One usage line and its points."""

    seconds: int | None = None
    documented_seconds: int | None = None
    plays: int = 1
    use: str = ""
    points: Milli


class PointsRule(_Rule):
    """What a usage line counts: plays x units of time x weight of its use."""

    kind: Literal["points"]
    basis: Literal["per_second", "per_play", "per_started_unit"]
    unit_seconds: int = Field(default=60, ge=1)
    minimum_seconds: int = Field(default=0, ge=0)
    maximum_seconds: int = Field(default=86_400, ge=1)
    default_seconds: int = Field(ge=0)
    use_documented_duration: bool = True
    uses: dict[str, Milli] = {}
    other_use: Milli
    examples: tuple[PointsExample, ...] = Field(min_length=1)


Treatment = Literal["pay", "hold", "leave_out"]


class UsageExample(_Strict):
    """A state of a usage line and what becomes of it."""

    state: str
    becomes: Treatment


class UsageRule(_Rule):
    """What becomes of a usage line by the state of its match: paid, held with its points, or left out without points."""

    kind: Literal["usage"]
    states: dict[Literal["matched", "doubtful", "unmatched", "not_in_repertoire"], Treatment]
    examples: tuple[UsageExample, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _complete(self) -> UsageRule:
        if set(self.states) != {"matched", "doubtful", "unmatched", "not_in_repertoire"}:
            raise ValueError("every state needs a treatment: matched, doubtful, unmatched, not_in_repertoire")
        if self.states["matched"] == "hold":
            raise ValueError("matched usage is paid or left out")
        return self


class WorkSharesExample(_Strict):
    """A work's money, its documented shares, and what each part and the hold get."""

    amount: Micros
    shares: dict[str, Ppm]
    parts: dict[str, Micros]
    held: Micros = 0
    reason: str = ""


class WorkSharesRule(_Rule):
    """How a work's money follows its shares, and what happens when they do not sum to 100 %."""

    kind: Literal["work_shares"]
    tolerance_percent: Ppm
    missing: Literal["hold_missing", "hold_all", "normalise"]
    examples: tuple[WorkSharesExample, ...] = Field(min_length=1)


class Absent(_Strict):
    """What becomes of a group's part when nobody of it is documented."""

    hold: str = ""
    to: str = ""

    @model_validator(mode="after")
    def _one_of_two(self) -> Absent:
        if bool(self.hold) == bool(self.to):
            raise ValueError("say either hold: REASON or to: GROUP")
        return self


class Group(_Strict):
    """One group of right holders of a recording and its part of the recording's money."""

    name: str = Field(min_length=1)
    percent: Ppm
    by: Literal["share", "role"] = "role"
    roles: dict[Literal["featured", "non_featured", "conductor", "producer"], Milli]
    when_absent: Absent


class NeighbouringExample(_Strict):
    """A recording's money, its contributors (`name: role` or `name: role share%`), and what each and the holds get."""

    amount: Micros
    contributors: dict[str, str]
    parts: dict[str, Micros]
    held: dict[str, Micros] = {}


class NeighbouringRule(_Rule):
    """How a recording's money is shared: producers and performers, featured and non-featured."""

    kind: Literal["neighbouring"]
    tolerance_percent: Ppm
    groups: tuple[Group, ...]
    examples: tuple[NeighbouringExample, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> NeighbouringRule:
        if sum(group.percent for group in self.groups) != WHOLE:
            raise ValueError("the groups' percentages must sum to 100")
        names = {group.name: group for group in self.groups}
        for group in self.groups:
            target = group.when_absent.to
            if target and (target not in names or names[target].when_absent.to):
                raise ValueError(f"{group.name}: an absent group's part goes to a group that holds its own, got {target!r}")
        roles = [role for group in self.groups for role in group.roles]
        if len(set(roles)) != len(roles):
            raise ValueError("a role stands in two groups")
        return self


class HoldsExample(_Strict):
    """A hold's reason, the last day of its period, and the day it expires."""

    reason: str
    ends_on: date
    expires_on: date


class HoldsRule(_Rule):
    """How many months after the period's end money held for a reason expires."""

    kind: Literal["holds"]
    months: dict[str, Annotated[int, Field(ge=1, le=600)]]
    examples: tuple[HoldsExample, ...] = Field(min_length=1)


class PaymentExample(_Strict):
    """What a party has earned, what is paid out of it, and what is carried forward."""

    currency: str
    earned: Micros
    payable: Micros
    carried_forward: Micros


class PaymentRule(_Rule):
    """The smallest amount paid out, per currency (`*`: any other); less is carried forward."""

    kind: Literal["payment"]
    minimum: dict[str, Micros]
    examples: tuple[PaymentExample, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _any_currency(self) -> PaymentRule:
        if "*" not in self.minimum:
            raise ValueError('a minimum for any other currency is missing: write "*": AMOUNT')
        return self


Rule = Annotated[
    SplitRule | DeductionRule | PointsRule | UsageRule | WorkSharesRule | NeighbouringRule | HoldsRule | PaymentRule,
    Field(discriminator="kind"),
]
R = TypeVar("R", bound=_Rule)


class RuleBookText(_Strict):
    """A rule book as written."""

    name: str = Field(min_length=1)
    version: str = Field(min_length=1)
    title: str = ""
    rules: tuple[Rule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique(self) -> RuleBookText:
        names = [rule.rule for rule in self.rules]
        if len(set(names)) != len(names):
            raise ValueError(f"a rule is named twice: {next(name for name in names if names.count(name) > 1)}")
        return self


@dataclass(frozen=True, slots=True)
class RuleBook:
    """A rule book as read; `plain` is its content, `digest` the SHA-256 of it (comments and spacing do not count)."""

    name: str
    version: str
    rules: tuple[_Rule, ...]
    plain: dict[str, Any]
    digest: str

    def find(self, kind: type[R], tariff: str, on: date, right: str = "") -> R:
        """Return the first rule of a kind in force for a tariff (and right) on a day; raises `NotFound` when there is none."""
        for rule in self.rules:
            if isinstance(rule, kind) and rule.applies(tariff, on) and right in {"", *getattr(rule, "rights", (right,))}:
                return rule
        what = " ".join(part for part in (get_args(kind.model_fields["kind"].annotation)[0], "rule") if part)
        raise NotFound(
            f"the rule book has no {what} here",
            got=" ".join(part for part in (f"tariff {tariff!r}", right, f"on {on}") if part),
            where=f"rule book {self.name} {self.version}",
            next_step="Add one, or widen the tariffs or dates of one.",
        )


def read_rulebook(path: Path) -> RuleBook:
    """Read a rule book; raises `WorkbenchError` naming the rule and key that are wrong, with the nearest known key."""
    try:
        plain = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  builds text, lists and dicts only
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise WorkbenchError("the rule book cannot be read", got=error, where=path, next_step="Correct the file.") from error
    try:
        text = RuleBookText.model_validate(plain)
    except ValidationError as error:
        raise _readable(error, plain, path) from None
    return RuleBook(text.name, text.version, text.rules, plain, hashlib.sha256(canonical_json(plain)).hexdigest())


def find_rulebook(name: str, rules_folder: Path | None = None) -> Path:
    """Return the file of a rule book: a path as given, one of the workspace's `rules/`, or a packaged one, in this order."""
    if name.endswith((".yaml", ".yml")):
        return Path(name)
    places = [place for place in (rules_folder, PACKAGED) if place is not None]
    for place in places:
        if (place / f"{name}.yaml").is_file():
            return place / f"{name}.yaml"
    known = sorted({file.stem for place in places for file in place.glob("*.yaml")})
    like = nearest(name, known)
    raise NotFound(
        "no such rule book", got=name, next_step=f"Did you mean {' or '.join(like)}?" if like else f"Known: {', '.join(known)}."
    )


class _Loader(yaml.BaseLoader):
    """Scalars stay text; a key written twice is refused instead of winning silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        for number, key in enumerate(keys):
            if key in keys[:number]:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is written twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _readable(error: ValidationError, plain: Any, path: Path) -> WorkbenchError:
    first = error.errors(include_url=False)[0]
    location = [part for part in first["loc"] if part not in _KINDS]
    place = ".".join(str(part) for part in location)
    if len(location) > 1 and location[0] == "rules":
        rules = plain["rules"]
        rule = rules[location[1]]
        name = rule.get("rule", location[1]) if isinstance(rule, dict) else location[1]
        place = ".".join(["rule " + str(name), *(str(part) for part in location[2:])])
    if first["type"] == "extra_forbidden":
        like = nearest(str(location[-1]), _KEYS)
        step = f"Did you mean {' or '.join(like)}?" if like else "Remove it."
        return NotFound("unknown key in the rule book", got=location[-1], where=f"{path.name}: {place}", next_step=step)
    return WorkbenchError(
        "the rule book is wrong", got=f"{first['msg']}: {str(first['input'])[:60]!r}", where=f"{path.name}: {place}",
        next_step="Correct the rule.",
    )  # fmt: skip


_MODELS: tuple[type[BaseModel], ...] = (
    RuleBookText, SplitRule, SplitExample, DeductionRule, Deduction, DeductionExample, PointsRule, PointsExample, UsageRule,
    UsageExample, WorkSharesRule, WorkSharesExample, NeighbouringRule, Group, Absent, NeighbouringExample, HoldsRule,
    HoldsExample, PaymentRule, PaymentExample,
)  # fmt: skip
_KEYS = sorted({field for model in _MODELS for field in model.model_fields})
_KINDS = {"split", "deductions", "points", "usage", "work_shares", "neighbouring", "holds", "payment"}
TypeAdapter(Rule)  # the union is checked when the module is read
