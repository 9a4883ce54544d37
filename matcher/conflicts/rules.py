"""The rules: plain functions from a world and a configuration to conflicts.

============  ========================================================================================================
author        the reviewer is an author, under any name, address or record
coauthor      the reviewer shares a paper with an author, within a window or ever
institution   the reviewer and an author share an institution, as the policy says
relation      one of them is named as the other's advisor, host, family, …
declared      somebody declared the pair
============  ========================================================================================================

Further rules, which only some policies have, stand in `further`.

A rule blocks only where it is sure who the people are and when the fact held; where one of these is open it asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from matcher.config import MatchConfig
from matcher.conflicts.colleagues import Colleagues, settled
from matcher.conflicts.further import collaborator, cosubmission, sibling
from matcher.conflicts.joint_papers import JointPapers
from matcher.conflicts.ties import Tie, Ties
from matcher.conflicts.windows import latest, strictest
from matcher.conflicts.world import Author, World
from matcher.identity import CONFIDENCE, Link, reasons
from matcher.records import Conflict, Evidence, PersonId, Submission, SubmissionId, Verdict

__all__ = ["RULES", "Rule", "author", "coauthor", "declared", "institution", "relation"]

Rule: TypeAlias = Callable[[World, MatchConfig], Iterator[Conflict]]

_ONLY_ASKED: Final = frozenset(("short_name", "fits", "alike"))
"""Likenesses of names that are worth a question about the author, and nothing built upon it."""

# --- author ---------------------------------------------------------------------------------------------------------


def author(world: World, config: MatchConfig) -> Iterator[Conflict]:  # noqa: ARG001  # rules share one signature
    """The reviewer is an author of the submission, under any of their names, addresses or records.

    One conflict per submission, reviewer and author. It blocks when an id, an address, a paper that the reviewer lists
    or a full name that nobody else carries says so. It asks when the name belongs to several people, stands under an
    id of another kind, is short, or only fits the reviewer's (initials, middle names, swapped order). Different ids of
    one kind are different people, whatever their names.
    """
    for submission in world.submissions:
        yield from _authorships(world, submission)


def _authorships(world: World, submission: Submission) -> Iterator[Conflict]:
    reviewers, identities = world.reviewers, world.identities
    named = {mention.person_id for mention in submission.authors if mention.person_id is not None}
    best: dict[tuple[PersonId, int], tuple[Link, Author]] = {}
    for one in world.authors[submission.id]:
        for same in identities.same_as(one.link.person_id):
            if same.person_id not in reviewers or (same.person_id in named and same.basis != "id"):
                continue  # who is named by id is that author, and no other one of this byline
            reason = _weaker(one.link, same)
            before = best.get((same.person_id, one.position))
            if before is None or (reason.is_sure, reason.confidence) > (before[0].is_sure, before[0].confidence):
                best[same.person_id, one.position] = (reason, one)
    for (reviewer_id, _), (reason, one) in best.items():
        yield _authorship(world, submission.id, reviewer_id, one, reason)
    # An address printed beside several names identifies none of them; still its owner may not review the submission.
    blocked = {reviewer_id for (reviewer_id, _), (reason, _) in best.items() if reason.is_sure}
    for position, mention in enumerate(submission.authors):
        for owner in identities.owners_of(mention.email):
            if owner in reviewers and owner not in blocked:
                blocked.add(owner)
                reason = Link(owner, "email", CONFIDENCE["email"])
                one = Author(position, mention, reason, mention.person_id or owner, mention.name)
                yield _authorship(world, submission.id, owner, one, reason)


def _weaker(one: Link, other: Link) -> Link:
    """What a chain of two links is worth: its weaker reason, and both confidences."""
    worst = min(one, other, key=lambda link: (link.is_sure, link.confidence))
    because = tuple(dict.fromkeys((*one.because, *other.because)))
    return Link(worst.person_id, worst.basis, one.confidence * other.confidence, because)


def _authorship(
    world: World, submission_id: SubmissionId, reviewer_id: PersonId, one: Author, reason: Link
) -> Conflict:
    printed, name = one.mention.name, world.name_of(reviewer_id)
    claim = "is" if reason.is_sure else "may be"
    why = "; ".join((reason.reason, *reason.because))
    return Conflict(
        submission_id=submission_id,
        reviewer_id=reviewer_id,
        rule="author",
        verdict=Verdict.BLOCK if reason.is_sure else Verdict.ASK,
        via=one.via,
        via_name=one.name,
        evidence=(Evidence("identity", f"author {one.position + 1}, {printed}, {claim} {name}: {why}"),),
        confidence=reason.confidence,
        clears=f"clears when author {one.position + 1}, {printed}, is shown to be another person than {name}",
    )


# --- coauthor -------------------------------------------------------------------------------------------------------


def coauthor(world: World, config: MatchConfig) -> Iterator[Conflict]:
    """The reviewer shares a paper with an author: inside the window, after it, or ever where the window is `None`.

    One conflict per submission, reviewer and author, with every joint paper that counts. It blocks when one of them is
    surely inside and surely both theirs; a paper without a date is asked about in every window that has a start.
    """
    if world.policy.coauthor is None:
        return
    joint = world.lastingly("joint papers", lambda: JointPapers(world, config))
    for submission in world.submissions:
        for one in world.authors[submission.id]:
            if one.link.basis in _ONLY_ASKED:
                continue
            for reviewer_id, found in joint.of(one.link.person_id).items():
                yield Conflict(
                    submission_id=submission.id,
                    reviewer_id=reviewer_id,
                    rule="coauthor",
                    verdict=found.verdict if one.link.is_sure else Verdict.ASK,
                    via=one.via,
                    via_name=one.name,
                    evidence=found.evidence + _who(one, found.author_reasons),
                    last_date=found.last_date,
                    confidence=one.link.confidence * found.confidence,
                    clears=found.clears,
                )


def _who(one: Author, further: tuple[str, ...] = ()) -> tuple[Evidence, ...]:
    """How it is known who an author is, where no id says it."""
    if one.link.basis == "id" and not further:
        return ()
    how = dict.fromkeys((*reasons([one.link]), *further))
    return (Evidence("identity", f"{one.mention.name}, the author: {'; '.join(how)}"),)


# --- institution ----------------------------------------------------------------------------------------------------


def institution(world: World, config: MatchConfig) -> Iterator[Conflict]:
    """The reviewer and an author share an institution, as the policy says.

    `current`: both are there on the deadline. `both_within_window`: each was there at some time in the window before
    it. `overlap_within_window`: they were there together at some time in it. What is printed beside an author's name
    counts as current, since an unknown day. Addresses count only for people of whom no affiliation at all is known.
    Where it is not sure who an author is, only what is printed beside the name counts.

    One conflict per submission, reviewer and author, with every institution that they share.
    """
    if world.policy.institution is None:
        return
    colleagues = world.lastingly("colleagues", lambda: Colleagues(world, config))
    for submission in world.submissions:
        for one in settled(world, submission):
            for reviewer_id, met in colleagues.of(one.stays).items():
                if reviewer_id not in one.own:
                    yield Conflict(
                        submission_id=submission.id,
                        reviewer_id=reviewer_id,
                        rule="institution",
                        verdict=met.verdict,
                        via=one.via,
                        via_name=one.name,
                        evidence=met.evidence,
                        last_date=met.last_date,
                        confidence=one.confidence,
                        clears=met.clears,
                    )


# --- relation -------------------------------------------------------------------------------------------------------


def relation(world: World, config: MatchConfig) -> Iterator[Conflict]:
    """One of the two is named in the other's relations: by id, or by a full name that nobody else carries.

    A relation without an end always conflicts, and so does family. Any other relation conflicts until its window after
    the end is over. A name that several people carry is asked about.

    One conflict per submission, reviewer and author, with every relation between them.
    """
    if world.policy.relation is None:
        return
    ties = world.lastingly("ties", lambda: Ties(world, config))
    for submission in world.submissions:
        for one in world.authors[submission.id]:
            if one.link.basis in _ONLY_ASKED:
                continue
            for reviewer_id, found in ties.of(one.link.person_id).items():
                verdict = strictest(tie.verdict for tie in found)
                ends = [tie.end for tie in found if tie.end is not None]
                yield Conflict(
                    submission_id=submission.id,
                    reviewer_id=reviewer_id,
                    rule="relation",
                    verdict=verdict if one.link.is_sure else Verdict.ASK,
                    via=one.via,
                    via_name=one.name,
                    evidence=tuple(tie.evidence for tie in found) + _who(one),
                    last_date=latest(ends) if len(ends) == len(found) else None,
                    confidence=one.link.confidence * max(tie.confidence for tie in found if tie.verdict is verdict),
                    clears=_clears_relation(found),
                )


def _clears_relation(found: Sequence[Tie]) -> str:
    many = "both relations are" if len(found) == 2 else f"all {len(found)} relations are"
    what = "the relation is" if len(found) == 1 else many
    past = ", or to have ended before the relation window" if all(tie.expires for tie in found) else ""
    return f"clears when {what} shown not to hold{past}"


# --- declared -------------------------------------------------------------------------------------------------------


def declared(world: World, config: MatchConfig) -> Iterator[Conflict]:  # noqa: ARG001  # rules share one signature
    """Somebody declared the pair to be a conflict: always a block, whatever the reason given."""
    by_pair: dict[tuple[SubmissionId, PersonId], list[str]] = {}
    looked_at = {submission.id for submission in world.submissions}
    for row in world.venue.declared:
        if row.submission_id not in looked_at or row.reviewer_id not in world.reviewers:
            continue
        by_pair.setdefault((row.submission_id, row.reviewer_id), []).append(row.reason)
    for (submission_id, reviewer_id), given in by_pair.items():
        yield Conflict(
            submission_id=submission_id,
            reviewer_id=reviewer_id,
            rule="declared",
            verdict=Verdict.BLOCK,
            via=None,
            via_name="",
            evidence=tuple(
                Evidence("declaration", f"declared: {reason}" if reason else "declared, without a reason")
                for reason in given
            ),
            clears="clears when the declaration is withdrawn",
        )


RULES: Final[tuple[Rule, ...]] = (
    author,
    coauthor,
    cosubmission,
    institution,
    relation,
    sibling,
    collaborator,
    declared,
)
"""Every rule, in the order in which they run; each looks itself whether the policy has it."""
