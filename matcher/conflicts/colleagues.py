"""Where authors and reviewers were, and who of them was at the same place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from matcher.config import MatchConfig
from matcher.conflicts.policy import Institutions
from matcher.conflicts.windows import decide, strictest
from matcher.conflicts.world import World
from matcher.institutions import Stay, stays, stays_at_addresses, were_there, were_there_together
from matcher.records import Affiliation, Evidence, PartialDate, Person, PersonId, Submission, Verdict

__all__ = ["Colleagues", "Met", "Settled", "settled"]


@dataclass(frozen=True, slots=True)
class Settled:
    """An author and where they were.

    Args:
        via: who it surely is, if anybody.
        name: their name.
        own: every record that is surely theirs.
        stays: their institutions.
        confidence: that they are who they are taken for.
    """

    via: PersonId | None
    name: str
    own: frozenset[PersonId]
    stays: tuple[Stay, ...]
    confidence: float


def settled(world: World, submission: Submission) -> tuple[Settled, ...]:
    """The authors of a submission with their institutions, in byline order, each known person once."""
    found: tuple[Settled, ...] | None = world.settled.get(submission.id)
    if found is None:
        found = world.settled[submission.id] = tuple(_settled(world, submission))
    return found


def _settled(world: World, submission: Submission) -> Iterator[Settled]:
    rule = world.policy.institution or Institutions()
    seen: set[PersonId] = set()
    byline = world.identities.on_submissions[submission.id]
    for mention, links in zip(submission.authors, byline, strict=True):
        sure = [one for one in links if one.is_sure and world.identities.is_known(one.person_id)]
        if sure and sure[0].person_id in seen:
            continue  # the same person twice on one byline
        seen.update(one.person_id for one in sure)
        people = [person for one in sure for person in _records(world, one.person_id)]
        printed = Affiliation(organisation=mention.affiliation or "", domain=mention.domain)
        yield Settled(
            via=sure[0].person_id if sure else None,
            name=world.name_of(sure[0].person_id) if sure else mention.name,
            own=frozenset(person.id for person in people),
            stays=_stays(rule, people, (printed,), (mention.email,) if mention.email else ()),
            confidence=sure[0].confidence if sure else 1.0,
        )


def _records(world: World, person_id: PersonId) -> list[Person]:
    """A person's record and every other one that is surely theirs."""
    return [person for person, how in world.people(person_id) if how.is_sure]


def _stays(
    rule: Institutions, people: Sequence[Person], printed: Sequence[Affiliation] = (), addresses: Sequence[str] = ()
) -> tuple[Stay, ...]:
    """Where somebody was; addresses say it where the rule takes them into account."""
    known = (*(affiliation for person in people for affiliation in person.affiliations), *printed)
    known = tuple(each for each in known if rule.counts(each))
    told = stays(known, level=rule.level)
    has_history = any(each.organisation or each.domain for each in known)
    if rule.addresses == "never" or (rule.addresses == "without_history" and has_history):
        return told
    at = stays_at_addresses((*(each for person in people for each in person.emails), *addresses), level=rule.level)
    return tuple(dict.fromkeys((*told, *at)))


@dataclass(frozen=True, slots=True)
class Met:
    """The institutions that somebody shares with a reviewer."""

    verdict: Verdict
    evidence: tuple[Evidence, ...]
    last_date: PartialDate | None
    clears: str


@dataclass(frozen=True, slots=True)
class _Shared:
    """A stay of an author and one of a reviewer at the same institution, and what that means."""

    one: Stay
    other: Stay
    verdict: Verdict


class Colleagues:
    """Reviewers by institution; people with equal stays are worked out once."""

    def __init__(self, world: World, config: MatchConfig) -> None:
        self._world = world
        self._rule = world.policy.institution or Institutions()
        self._policy = self._rule.when
        self._partial_date = config.partial_date
        self._found: dict[tuple[Stay, ...], dict[PersonId, Met]] = {}
        self._reviewers: dict[Stay, list[PersonId]] = {}
        self._at: dict[str, dict[Stay, None]] = {}
        for reviewer_id in world.reviewers:
            for stay in _stays(self._rule, _records(world, reviewer_id)):
                self._reviewers.setdefault(stay, []).append(reviewer_id)
                for key in stay.keys:
                    self._at.setdefault(key, {})[stay] = None

    def everybody_at(self, key: str) -> tuple[PersonId, ...]:
        """The reviewers who were ever at a place, in the order of the venue."""
        return tuple(dict.fromkeys(who for stay in self._at.get(key, ()) for who in self._reviewers[stay]))

    def of(self, own: tuple[Stay, ...]) -> dict[PersonId, Met]:
        """Per reviewer, what is shared."""
        found = self._found.get(own)
        if found is None:
            shared = self._shared(own)
            places: dict[PersonId, tuple[int, ...]] = {}
            for place, both in enumerate(shared):
                for reviewer_id in self._reviewers[both.other]:
                    places[reviewer_id] = (*places.get(reviewer_id, ()), place)
            # Most colleagues share the same places, and so the same facts.
            met = {which: self._met([shared[place] for place in which]) for which in dict.fromkeys(places.values())}
            found = self._found[own] = {reviewer_id: met[which] for reviewer_id, which in places.items()}
        return found

    def _shared(self, own: tuple[Stay, ...]) -> list[_Shared]:
        """Every stay of a reviewer that counts against one of these, each two once."""
        both = [
            (one, other)
            for one in own
            for other in dict.fromkeys(other for key in one.keys for other in self._at.get(key, ()))
        ]
        found = [_Shared(one, other, self._compare(one, other)) for one, other in both]
        return [shared for shared in found if shared.verdict is not Verdict.CLEAR]

    def _compare(self, one: Stay, other: Stay) -> Verdict:
        needs_day = [stay for stay in (one, other) if stay.end or (stay.start and self._policy != "current")]
        if not needs_day and self._world.deadline is None:
            return Verdict.BLOCK  # both are there now, whatever day that is
        first, last = self._span()
        answers = [were_there(stay, first, last) for stay in (one, other)]
        if self._policy == "overlap_within_window":
            answers.append(were_there_together(one, other))
        return decide(
            sure=all(sure for sure, _ in answers),
            possible=all(possible for _, possible in answers),
            partial_date=self._partial_date,
        )

    def _span(self) -> tuple[date, date]:
        """First and last day that count."""
        day = self._world.day("who is where", "institution_policy = 'off' in match.toml")
        if self._policy == "current":
            return day, day
        # Calendar years are those of a code that knows no day: what starts later counts there too.
        last = day if self._rule.window.arithmetic == "months" else date.max
        return self._rule.window.start(day) or date.min, last

    def _met(self, shared: Sequence[_Shared]) -> Met:
        labels = " and ".join(dict.fromkeys(both.one.label for both in shared))
        ends = [stay.end for both in shared for stay in (both.one, both.other) if stay.end is not None]
        return Met(
            verdict=strictest(both.verdict for both in shared),
            evidence=tuple(_fact(both.one, both.other) for both in shared),
            last_date=min(ends, key=PartialDate.last_day, default=None),
            clears=f"clears when one of them is shown not to be at {labels} {self._when()}",
        )

    def _when(self) -> str:
        if self._world.deadline is None:
            return "now"
        first, last = self._span()
        if first == date.min:
            return "at any time"
        if last == date.max:
            return f"since {first}"
        return f"on {last}" if first == last else f"between {first} and {last}"


def _fact(one: Stay, other: Stay) -> Evidence:
    """An institution that an author and a reviewer share, in words."""
    where = one.label
    if one.label.casefold() != other.label.casefold():
        key = next(key for key in one.keys if key in other.keys)
        where = f"{one.label} / {other.label} ({key.partition(':')[2]})"
    text = f"{where}: the author {one.span}, the reviewer {other.span}"
    dates = tuple(day for stay in (one, other) for day in (stay.start, stay.end) if day is not None)
    return Evidence("affiliation", text, dates=dates)
