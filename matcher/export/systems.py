"""Files that conference systems take back: HotCRP, OpenReview, CMT, EasyChair.

Only conflicts that block are written: a question that nobody has decided is none. Cells that a program reads are
guarded against formulas like all others (`csv_files`), which leaves ids and addresses of the usual kinds as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import quoteattr

from matcher.errors import DataError
from matcher.export.bundle import DEFAULT_OPTIONS, ExportData, WriteOptions, refuse_existing
from matcher.export.csv_files import write_rows
from matcher.records import Conflict, PersonId, SubmissionId, Venue, Verdict

__all__ = ["write_cmt", "write_easychair", "write_hotcrp", "write_openreview"]

_HUNDRED: Final = 100
"""HotCRP's preferences are whole numbers; an affinity score of 0.37 becomes 37."""

_HOTCRP_KINDS: Final = {
    "author": "pinned conflict",  # the word 'author' would make them an author there
    "relation": "personal",
    "coauthor": "collaborator",
    "institution": "institutional",
}
"""HotCRP's names for kinds of conflict, by our rules, the gravest first; any other rule is a plain conflict."""

_HOTCRP_WORDS: Final = {
    **{word: word for word in ("collaborator", "advisor", "institutional", "personal", "other", "conflict")},
    "recent collaborator": "collaborator",
    "advisor/advisee": "advisor",
    "student": "advisor",
    "advisee": "advisor",
    "institution": "institutional",
    "collab": "collaborator",
    "y": "conflict",
    "yes": "conflict",
}
"""What HotCRP's own downloads call a kind, in the words that its bulk assignment takes."""

_FROM_HOTCRP: Final = "declared in HotCRP: "
_EASYCHAIR: Final = "easychair:"


def write_hotcrp(bundle: ExportData, folder: Path, options: WriteOptions = DEFAULT_OPTIONS) -> tuple[Path, ...]:
    """Write HotCRP's bulk assignment files.

    - `hotcrp_assignments.csv`: paper, action (`pcreview`), email.
    - `hotcrp_conflicts.csv`: paper, action (`conflict`), email, conflict (the kind), one row for each pair: the kind
      that was declared in HotCRP, else that of the gravest of our rules.
    - `hotcrp_preferences.csv`: paper, action (`preference`), email, preference: the affinity score times 100, for every
      pair that may be assigned.

    Args:
        bundle: the match.
        folder: an existing folder.
        options: whether files may be replaced, and whether cells are guarded.

    Raises:
        DataError: a reviewer has no e-mail address, by which HotCRP knows people; or a file exists.
    """
    mail = _addresses(bundle.venue, "HotCRP")
    assignments = ((pair.submission_id, "pcreview", mail[pair.reviewer_id]) for pair in bundle.assignment.pairs)
    conflicts = (
        (submission, "conflict", mail[reviewer], kind) for (submission, reviewer), kind in _hotcrp_kinds(bundle).items()
    )
    preferences = (
        (submission, "preference", mail[reviewer], str(round(score * _HUNDRED)))
        for submission, reviewer, score in _free_scores(bundle)
    )
    return _write(
        folder,
        options,
        {
            "hotcrp_assignments.csv": (("paper", "action", "email"), assignments),
            "hotcrp_conflicts.csv": (("paper", "action", "email", "conflict"), conflicts),
            "hotcrp_preferences.csv": (("paper", "action", "email", "preference"), preferences),
        },
    )


def _hotcrp_kinds(bundle: ExportData) -> dict[tuple[SubmissionId, PersonId], str]:
    """One kind for each blocked pair."""
    rules: dict[tuple[SubmissionId, PersonId], set[str]] = {}
    for one in _blocks(bundle):
        rules.setdefault((one.submission_id, one.reviewer_id), set()).add(one.rule)
    kinds = {
        pair: next((kind for rule, kind in _HOTCRP_KINDS.items() if rule in held), "conflict")
        for pair, held in rules.items()
    }
    for row in bundle.venue.declared:
        pair = row.submission_id, row.reviewer_id
        if pair in kinds and row.reason.startswith(_FROM_HOTCRP):
            written = row.reason.removeprefix(_FROM_HOTCRP).casefold().strip()
            is_pinned = written.startswith("pinned")
            word = _HOTCRP_WORDS.get(written.removeprefix("pinned").strip())
            if word is not None:
                kinds[pair] = f"pinned {word}" if is_pinned else word
    return kinds


def write_openreview(bundle: ExportData, folder: Path, options: WriteOptions = DEFAULT_OPTIONS) -> tuple[Path, ...]:
    """Write OpenReview's edges and score file.

    - `openreview_assignments.csv`: head, tail, weight; the affinity score is the weight.
    - `openreview_conflicts.csv`: head, tail, weight (-1), label (the rules).
    - `openreview_scores.csv`: submission, user, score, of every pair that may be assigned.

    Args:
        bundle: the match.
        folder: an existing folder.
        options: whether files may be replaced, and whether cells are guarded.

    Raises:
        DataError: a file exists.
    """
    assignments = (
        (pair.submission_id, pair.reviewer_id, "" if pair.score is None else f"{pair.score:.6f}")
        for pair in bundle.assignment.pairs
    )
    rules: dict[tuple[str, str], list[str]] = {}
    for one in _blocks(bundle):
        held = rules.setdefault((one.submission_id, one.reviewer_id), [])
        if one.rule not in held:
            held.append(one.rule)
    conflicts = ((*pair, "-1", "; ".join(held)) for pair, held in rules.items())
    scores = ((submission, reviewer, f"{score:.6f}") for submission, reviewer, score in _free_scores(bundle))
    return _write(
        folder,
        options,
        {
            "openreview_assignments.csv": (("head", "tail", "weight"), assignments),
            "openreview_conflicts.csv": (("head", "tail", "weight", "label"), conflicts),
            "openreview_scores.csv": (("submission", "user", "score"), scores),
        },
    )


def write_cmt(bundle: ExportData, folder: Path, options: WriteOptions = DEFAULT_OPTIONS) -> tuple[Path, ...]:
    """Write CMT's files.

    - `cmt_assignments.xml`: a submission element with its users, known by address.
    - `cmt_conflicts.txt`: paper id and reviewer's address, separated by a tab.

    Args:
        bundle: the match.
        folder: an existing folder.
        options: whether files may be replaced.

    Raises:
        DataError: a reviewer has no e-mail address, by which CMT knows people; or a file exists.
    """
    mail = _addresses(bundle.venue, "CMT")
    users: dict[str, list[str]] = {}
    for pair in bundle.assignment.pairs:
        users.setdefault(pair.submission_id, []).append(mail[pair.reviewer_id])
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<assignments>"]
    for submission, addresses in users.items():
        lines.append(f"  <submission submissionId={quoteattr(submission)}>")
        lines += [f"    <user email={quoteattr(address)} />" for address in addresses]
        lines.append("  </submission>")
    lines.append("</assignments>")
    pairs = dict.fromkeys((one.submission_id, mail[one.reviewer_id]) for one in _blocks(bundle))
    table = ["Paper ID\tReviewer Email", *(f"{submission}\t{address}" for submission, address in pairs)]
    texts = {folder / "cmt_assignments.xml": lines, folder / "cmt_conflicts.txt": table}
    refuse_existing(texts, options)
    for path, content in texts.items():
        with path.open("w" if options.overwrite else "x", encoding="utf-8", newline="\n") as stream:
            stream.writelines(f"{line}\n" for line in content)
    return tuple(texts)


def write_easychair(bundle: ExportData, folder: Path, options: WriteOptions = DEFAULT_OPTIONS) -> tuple[Path, ...]:
    """Write tables for EasyChair, whose person numbers are ids such as `easychair:12`.

    - `easychair_assignments.csv`: submission #, person #, member name, email.
    - `easychair_conflicts.csv`: submission #, person #, member name, email, reason; one row for each pair.

    People who did not come from EasyChair have no person number there and are known by address.

    Args:
        bundle: the match.
        folder: an existing folder.
        options: whether files may be replaced, and whether cells are guarded.

    Raises:
        DataError: somebody who is named has neither a person number nor an address; or a file exists.
    """
    venue = bundle.venue
    _addresses(venue, "EasyChair", but=[one.person_id for one in venue.reviewers if _is_easychair(one.person_id)])
    assignments = ((pair.submission_id, *_member(venue, pair.reviewer_id)) for pair in bundle.assignment.pairs)
    reasons: dict[tuple[SubmissionId, PersonId], list[str]] = {}
    for one in _blocks(bundle):
        reasons.setdefault((one.submission_id, one.reviewer_id), []).append(one.evidence[0].text)
    conflicts = (
        (submission, *_member(venue, reviewer), "; ".join(dict.fromkeys(held)))
        for (submission, reviewer), held in reasons.items()
    )
    header = ("submission #", "person #", "member name", "email")
    return _write(
        folder,
        options,
        {
            "easychair_assignments.csv": (header, assignments),
            "easychair_conflicts.csv": ((*header, "reason"), conflicts),
        },
    )


_Sheets = dict[str, tuple[Sequence[str], Iterable[Sequence[str]]]]


def _write(folder: Path, options: WriteOptions, sheets: _Sheets) -> tuple[Path, ...]:
    paths = {folder / name: sheet for name, sheet in sheets.items()}
    refuse_existing(paths, options)
    for path, (header, rows) in paths.items():
        write_rows(path, header, rows, options)
    return tuple(paths)


def _blocks(bundle: ExportData) -> Iterator[Conflict]:
    return (one for one in bundle.conflicts.items if one.verdict is Verdict.BLOCK)


def _free_scores(bundle: ExportData) -> Iterator[tuple[SubmissionId, PersonId, float]]:
    """The scored pairs that no conflict blocks, row by row."""
    blocked = {(one.submission_id, one.reviewer_id) for one in _blocks(bundle)}
    scores = bundle.scores
    for row, submission in enumerate(scores.submissions.ids):
        for column, reviewer in enumerate(scores.reviewers.ids):
            value = float(scores.values[row, column])
            if value == value and (submission, reviewer) not in blocked:  # noqa: PLR0124  # NaN is not scored
                yield SubmissionId(submission), PersonId(reviewer), value


def _is_easychair(person: PersonId) -> bool:
    return person.startswith(_EASYCHAIR)


def _addresses(venue: Venue, system: str, *, but: Collection[PersonId] = ()) -> dict[PersonId, str]:
    """The first address of every reviewer; all but some must have one."""
    found = {one.person_id: next(iter(venue.person_by_id[one.person_id].emails), "") for one in venue.reviewers}
    lost = [person for person, address in found.items() if not address and person not in but]
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise DataError(
            f"{system} knows people by e-mail address, and reviewer '{lost[0]}'{more} has none",
            field="emails",
            remedy="add the addresses to the reviewers of the venue folder, and match again",
        )
    return found


def _member(venue: Venue, person: PersonId) -> tuple[str, str, str]:
    number = person.removeprefix(_EASYCHAIR) if _is_easychair(person) else ""
    return number, venue.name_of(person), next(iter(venue.person_by_id[person].emails), "")
