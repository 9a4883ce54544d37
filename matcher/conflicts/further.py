"""Rules that only some policies have: joint submissions, siblings, declared lists, and what seniors pass on.

=============  =======================================================================================================
cosubmission   the reviewer submitted another paper to this venue together with an author
sibling        the reviewer and an author name the same advisor
collaborator   a list of the reviewer, or of the submission, names the other side
senior         the reviewer works under somebody in conflict
=============  =======================================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from matcher.config import MatchConfig
from matcher.conflicts.collaborators import Listed, read_list
from matcher.conflicts.colleagues import Colleagues, settled
from matcher.conflicts.world import Author, World
from matcher.identity import Link, joint_confidence, reasons
from matcher.institutions import Stay
from matcher.records import Conflict, Evidence, PersonId, Submission, SubmissionId, Verdict

__all__ = ["collaborator", "cosubmission", "inherited", "sibling"]

_ADVISORS: Final = frozenset(("advisor", "coadvisor"))
_ONLY_ASKED: Final = frozenset(("short_name", "fits", "alike"))


def _is_usable(link: Link) -> bool:
    return link.basis not in _ONLY_ASKED


# --- cosubmission ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    """Somebody's place on a submission, and how it is known that it is theirs."""

    position: int
    links: tuple[Link, ...]

    @property
    def is_sure(self) -> bool:
        """Whether all of it is sure."""
        return all(link.is_sure for link in self.links)


def cosubmission(world: World, config: MatchConfig) -> Iterator[Conflict]:  # noqa: ARG001  # rules share one signature
    """The reviewer is an author of another submission to this venue together with an author of this one.

    Withdrawn and rejected submissions count too: the two worked together. One conflict per submission, reviewer and
    author, with every joint submission.
    """
    if world.policy.cosubmission is None:
        return
    places = _places(world)
    on: dict[SubmissionId, list[tuple[PersonId, _Place]]] = {}
    for reviewer_id in world.reviewers:
        for submission_id, place in places.get(reviewer_id, {}).items():
            on.setdefault(submission_id, []).append((reviewer_id, place))
    for submission in world.submissions:
        for one in world.authors[submission.id]:
            if _is_usable(one.link):
                yield from _cosubmissions(world, submission, one, places, on)


def _places(world: World) -> Mapping[PersonId, dict[SubmissionId, _Place]]:
    """Per person, under every record that is or may be theirs, the submissions on which they stand.

    Worked out once for a venue: neither settings nor a changed profile move anybody on a byline.
    """
    places: dict[PersonId, dict[SubmissionId, _Place]] = world.standing
    if places:
        return places
    for submission_id, authors in world.authors.items():
        for one in authors:
            if not _is_usable(one.link):
                continue
            for same in world.identities.same_as(one.link.person_id):
                place = _Place(one.position, (one.link, same))
                there = places.setdefault(same.person_id, {})
                if submission_id not in there or (place.is_sure and not there[submission_id].is_sure):
                    there[submission_id] = place
    return places


def _cosubmissions(
    world: World,
    submission: Submission,
    one: Author,
    places: Mapping[PersonId, Mapping[SubmissionId, _Place]],
    on: Mapping[SubmissionId, list[tuple[PersonId, _Place]]],
) -> Iterator[Conflict]:
    own = {same.person_id for same in world.identities.same_as(one.link.person_id)}
    joint: dict[PersonId, list[tuple[SubmissionId, tuple[Link, ...]]]] = {}
    for other_id, mine in places.get(one.link.person_id, {}).items():
        if other_id == submission.id:
            continue
        for reviewer_id, theirs in on.get(other_id, ()):
            if reviewer_id not in own and theirs.position != mine.position:
                joint.setdefault(reviewer_id, []).append((other_id, (one.link, *mine.links, *theirs.links)))
    for reviewer_id, found in joint.items():
        sure = [links for _, links in found if all(link.is_sure for link in links)]
        titles = [(world.venue.submission_by_id[other_id].title, other_id) for other_id, _ in found]
        yield Conflict(
            submission_id=submission.id,
            reviewer_id=reviewer_id,
            rule="cosubmission",
            verdict=Verdict.BLOCK if sure else Verdict.ASK,
            via=one.via,
            via_name=one.name,
            evidence=tuple(
                Evidence("submission", f"submitted together to this venue: {title} ({other_id})")
                for title, other_id in titles
            ),
            confidence=max(joint_confidence(links) for links in (sure or [links for _, links in found])),
            clears="clears when the joint submission is shown not to be by both of them",
        )


# --- sibling --------------------------------------------------------------------------------------------------------


def sibling(world: World, config: MatchConfig) -> Iterator[Conflict]:  # noqa: ARG001  # rules share one signature
    """The reviewer and an author both name the same person as advisor; without a limit in time."""
    rule = world.policy.relation
    if rule is None or not rule.siblings:
        return
    of = Advisors(world)
    students: dict[PersonId, list[tuple[PersonId, Link]]] = {}
    for reviewer_id in world.reviewers:
        for advisor_id, link in of(reviewer_id).items():
            students.setdefault(advisor_id, []).append((reviewer_id, link))
    for submission in world.submissions:
        for one in world.authors[submission.id]:
            if not _is_usable(one.link):
                continue
            own = {same.person_id for same in world.identities.same_as(one.link.person_id)}
            for advisor_id, link in of(one.link.person_id).items():
                for reviewer_id, other in students.get(advisor_id, ()):
                    if reviewer_id in own:
                        continue
                    is_sure = one.link.is_sure and link.is_sure and other.is_sure
                    advisor = world.display(advisor_id)
                    yield Conflict(
                        submission_id=submission.id,
                        reviewer_id=reviewer_id,
                        rule="sibling",
                        verdict=Verdict.BLOCK if is_sure else Verdict.ASK,
                        via=one.via,
                        via_name=one.name,
                        evidence=(Evidence("relation", f"both name {advisor} as advisor"),),
                        confidence=joint_confidence((one.link, link, other)),
                        clears=f"clears when one of them is shown not to be advised by {advisor}",
                    )


class Advisors:
    """Whom people name as their advisors, under every record that is surely theirs; each person once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._found: dict[PersonId, dict[PersonId, Link]] = {}

    def __call__(self, person_id: PersonId) -> dict[PersonId, Link]:
        """The advisors of somebody, and how each is known."""
        found = self._found.get(person_id)
        if found is None:
            found = self._found[person_id] = {}
            identities = self._world.identities
            for person, how in self._world.people(person_id):
                for relation in person.relations:
                    if relation.kind not in _ADVISORS or not how.is_sure:
                        continue
                    named = (
                        (Link(relation.other_id, "id", 1.0),)
                        if relation.other_id is not None
                        else identities.named(relation.other, besides=(person_id,))
                    )
                    for link in named:
                        found.setdefault(link.person_id, link)
        return found


# --- collaborator ---------------------------------------------------------------------------------------------------


def collaborator(world: World, config: MatchConfig) -> Iterator[Conflict]:
    """A list of collaborators that the reviewer or the authors gave names the other side.

    A full name that one known person carries blocks, one that several carry asks. "All (X)" stands for everybody who
    is at X, as the institution rule sees it.
    """
    rule = world.policy.collaborator
    if rule is None:
        return
    named = _Named(world)
    of_reviewer = {
        reviewer_id: read_list(_text_of(reviewer.attributes, rule.attribute))
        for reviewer_id, reviewer in world.reviewers.items()
    }
    listing: dict[PersonId, list[tuple[PersonId, Listed, Link]]] = {}
    everybody: dict[str, list[tuple[PersonId, Listed]]] = {}
    for reviewer_id, entries in of_reviewer.items():
        for entry in entries:
            for link in named.people(entry, besides=reviewer_id):
                listing.setdefault(link.person_id, []).append((reviewer_id, entry, link))
            for key in entry.keys:
                everybody.setdefault(key, []).append((reviewer_id, entry))
    colleagues = Colleagues(world, config)
    for submission in world.submissions:
        by_pair: dict[tuple[PersonId, PersonId | None, str], list[tuple[Evidence, bool, float]]] = {}
        _from_reviewers(world, submission, listing, everybody, by_pair)
        _from_authors(world, submission, rule.attribute, named, colleagues, by_pair)
        for (reviewer_id, via, via_name), facts in by_pair.items():
            yield Conflict(
                submission_id=submission.id,
                reviewer_id=reviewer_id,
                rule="collaborator",
                verdict=Verdict.BLOCK if any(is_sure for _, is_sure, _ in facts) else Verdict.ASK,
                via=via,
                via_name=via_name,
                evidence=tuple(dict.fromkeys(fact for fact, _, _ in facts)),
                confidence=max(confidence for _, _, confidence in facts),
                clears="clears when the entry of the list is withdrawn, or shown to mean somebody else",
            )


def _text_of(attributes: Mapping[str, Any], name: str) -> str:
    found = attributes.get(name, "")
    return "\n".join(map(str, found)) if isinstance(found, list | tuple) else str(found)


class _Named:
    """Whom the entries of lists mean; every name is looked up once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._found: dict[str, tuple[Link, ...]] = {}

    def people(self, entry: Listed, *, besides: PersonId | None) -> tuple[Link, ...]:
        """The people whom an entry may mean, under all of their records."""
        if entry.is_everybody:
            return ()
        if entry.name not in self._found:
            named = self._world.identities.named(entry.name)
            self._found[entry.name] = tuple(
                Link(same.person_id, min((link, same), key=lambda each: each.confidence).basis, link.confidence)
                for link in named
                for same in self._world.identities.same_as(link.person_id)
            )
        return tuple(link for link in self._found[entry.name] if link.person_id != besides)


_ByPair = dict[tuple[PersonId, PersonId | None, str], list[tuple[Evidence, bool, float]]]


def _from_reviewers(
    world: World,
    submission: Submission,
    listing: Mapping[PersonId, list[tuple[PersonId, Listed, Link]]],
    everybody: Mapping[str, list[tuple[PersonId, Listed]]],
    by_pair: _ByPair,
) -> None:
    for one in world.authors[submission.id]:
        if not _is_usable(one.link):
            continue
        for reviewer_id, entry, link in listing.get(one.link.person_id, ()):
            text = f"the reviewer's list names {entry.text}"
            how = reasons((link,))
            fact = Evidence("declaration", f"{text} ({'; '.join(how)})" if how else text)
            sure = one.link.is_sure and link.is_sure
            key = (reviewer_id, one.via, one.name)
            by_pair.setdefault(key, []).append((fact, sure, one.link.confidence * link.confidence))
    if everybody:
        for author in settled(world, submission):
            for key_of, label in _keys(author.stays):
                for reviewer_id, entry in everybody.get(key_of, ()):
                    if reviewer_id not in author.own:
                        fact = Evidence("declaration", f"the reviewer's list names {entry.text}; the author: {label}")
                        key = (reviewer_id, author.via, author.name)
                        by_pair.setdefault(key, []).append((fact, True, author.confidence))


def _from_authors(
    world: World,
    submission: Submission,
    attribute: str,
    named: _Named,
    colleagues: Colleagues,
    by_pair: _ByPair,
) -> None:
    for entry in read_list(_text_of(submission.attributes, attribute)):
        text = f"the submission's list names {entry.text}"
        for link in named.people(entry, besides=None):
            if link.person_id in world.reviewers:
                fact = Evidence("declaration", text)
                by_pair.setdefault((link.person_id, None, ""), []).append((fact, link.is_sure, link.confidence))
        for key_of in entry.keys:
            for reviewer_id in colleagues.everybody_at(key_of):
                by_pair.setdefault((reviewer_id, None, ""), []).append((Evidence("declaration", text), True, 1.0))


def _keys(stays: Iterable[Stay]) -> Iterator[tuple[str, str]]:
    return ((key, stay.label) for stay in stays for key in stay.keys)


# --- senior ---------------------------------------------------------------------------------------------------------


def inherited(world: World, found: Mapping[SubmissionId, list[Conflict]]) -> Iterator[Conflict]:
    """Whoever works under somebody in conflict is in conflict, for the same reason; through one step only.

    Args:
        world: whose policy names the attribute with the senior's id.
        found: what the other rules found.
    """
    rule = world.policy.senior
    if rule is None:
        return
    juniors: dict[str, list[PersonId]] = {}
    for reviewer_id, reviewer in world.reviewers.items():
        for senior in _text_of(reviewer.attributes, rule.attribute).split("\n"):
            if senior.strip():
                juniors.setdefault(senior.strip(), []).append(reviewer_id)
    for conflicts in found.values():
        for conflict in conflicts:
            if conflict.verdict is Verdict.CLEAR:
                continue
            name = world.display(conflict.reviewer_id)
            for junior in juniors.get(conflict.reviewer_id, ()):
                fact = Evidence("relation", f"works under {name}, who is in conflict by rule {conflict.rule}")
                yield replace(
                    conflict,
                    reviewer_id=junior,
                    rule="senior",
                    evidence=(fact, *conflict.evidence),
                    clears=f"clears when {name} is not in conflict, or not the senior",
                )
