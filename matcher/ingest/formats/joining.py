"""Joining what was read with what a venue folder holds: the same person, the same paper, and pairs that point nowhere.

People are joined by an id, an address, or an id of another registry (ORCID, DBLP): names alone never join two people
here, they are reported. Papers are joined by a DOI or arXiv id, by the same title with an author in common, or by two
tellings of one title with the same authors.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from matcher.identity import names_fit, normalise_email, normalise_name
from matcher.identity.titles import are_title_variants, differ_in_subtitle, title_blocks
from matcher.ingest.cv.works import title_key
from matcher.ingest.formats.collect import PAIR_KEYS, Collected, Origin, joined_rows, row_key
from matcher.ingest.formats.works import plain_key

__all__ = ["Joined", "join"]

REGISTRY_IDS: Final = ("orcid", "dblp", "openalex", "semanticscholar", "openreview_ids")
"""Attributes of a reviewer that hold ids of the person in other registries."""

_SHORT_TITLE: Final = 12
"""Letters of a title up to which it may well be shared by different papers ("Introduction")."""

_STATEMENT: Final = "statement"
"""What people say of themselves under one heading; never the same work."""

_WORK_ID: Final = re.compile(r"(?i)(?P<doi>10\.\d{4,9}/[^\s\"<>]+)|arxiv[:/ ]*(?P<arxiv>\d{4}\.\d{4,5})")
_YEARS_APART: Final = 3
"""Years between a preprint and its publication that are still taken for one paper."""

Tables = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Joined:
    """The tables as they stand after the join.

    Args:
        tables: every row, those that were there first.
        people: reviewers that were there under another id, by the new id.
        papers: papers that were there under another id, by the new id; also those that were there twice.
        questions: people who may be one person and were kept apart.
        dangling: rows whose submission or reviewer stands nowhere, by table and row, with place and reason.
        lost: the records that became those rows, each with the reason in general.
        remarks: contradictions between a row that was there and one that came.
    """

    tables: dict[str, list[dict[str, Any]]]
    people: Mapping[str, str]
    papers: Mapping[str, str]
    questions: tuple[str, ...]
    dangling: tuple[tuple[str, Mapping[str, Any], str], ...]
    remarks: tuple[str, ...]
    lost: tuple[tuple[Origin, str], ...] = ()


def join(there: Tables, collected: Collected) -> Joined:
    """Join what was read with what is there.

    Args:
        there: rows of the venue folder by table; empty for a new one.
        collected: what was read.
    """
    people, questions = _same_people(there, collected.tables)
    people |= _named_in_pairs(there, collected.tables, people)
    papers = _same_papers(there, collected.tables)
    rows: dict[str, dict[tuple[str, ...], dict[str, Any]]] = defaultdict(dict)
    remarks: list[str] = []
    for table, held in there.items():
        for row in held:
            renamed = _renamed(table, row, {}, papers)
            key = row_key(table, renamed)
            if key in rows[table]:
                rows[table][key], contradictions = joined_rows(table, rows[table][key], renamed)
                remarks += [f"'{row['id']}' is '{key[0]}' too: {one}" for one in contradictions]
            else:
                rows[table][key] = renamed
    origins: dict[tuple[str, tuple[str, ...]], list[Origin]] = defaultdict(list)
    for table, came in collected.tables.items():
        for row in came:
            renamed = _renamed(table, row, people, papers)
            key = row_key(table, renamed)
            origins[table, key] += collected.origins.get((table, row_key(table, row)), ())
            if key in rows[table]:
                rows[table][key], contradictions = joined_rows(table, rows[table][key], renamed)
                remarks += [f"'{' and '.join(key)}' was there already: {one}" for one in contradictions]
            else:
                rows[table][key] = renamed
    for key in [key for key in rows["people"] if key in rows["reviewers"]]:
        rows["reviewers"][key], _ = joined_rows("reviewers", rows["reviewers"][key], rows["people"].pop(key))
    tables = {table: list(held.values()) for table, held in rows.items() if held}
    dangling: list[tuple[str, Mapping[str, Any], str]] = []
    lost: list[tuple[Origin, str]] = []
    for table, row, field in _dangling(tables):
        records = origins[table, row_key(table, row)]
        place = f"{', '.join(map(str, records))}: " if records else ""
        dangling.append((table, row, f"{place}{field} '{row[field]}' stands nowhere"))
        lost += [(origin, f"its {field} stands nowhere") for origin in records]
    return Joined(tables, people, papers, questions, tuple(dangling), tuple(remarks), tuple(lost))


# --- people ---------------------------------------------------------------------------------------------------------


def _same_people(there: Tables, came: Tables) -> tuple[dict[str, str], tuple[str, ...]]:
    """People who came under another id than they have here, and pairs that only a name connects."""
    held: dict[str, str] = {}
    named: dict[str, list[str]] = defaultdict(list)
    known: set[str] = set()
    for row in (*there.get("reviewers", ()), *there.get("people", ())):
        known.add(str(row["id"]))
        for token in _tokens(row):
            held.setdefault(token, str(row["id"]))
        for name in _names(row):
            named[normalise_name(name)].append(str(row["id"]))
    same: dict[str, str] = {}
    questions: list[str] = []
    for row in (*came.get("reviewers", ()), *came.get("people", ())):
        key = str(row["id"])
        if key in known:
            continue
        met = sorted({held[token] for token in _tokens(row) if token in held})
        if len(met) == 1:
            same[key] = met[0]
            continue
        if len(met) > 1:
            questions.append(f"'{key}' shares an address or an id with each of {', '.join(met)}: it is kept apart")
        alike = sorted({other for name in _names(row) for other in named.get(normalise_name(name), ())} - set(met))
        questions += [f"'{key}' may be '{other}': both are called {row['name']}" for other in alike]
        # Two rows that came together are one person when they share a token.
        for token in _tokens(row):
            held.setdefault(token, key)
        known.add(key)
    return same, tuple(dict.fromkeys(questions))


def _named_in_pairs(there: Tables, came: Tables, same: Mapping[str, str]) -> dict[str, str]:
    """People whom pairs name by an address or an id that is not the one they have here, where only one has it."""
    held: dict[str, set[str]] = defaultdict(set)
    known: set[str] = set()
    for tables in (there, came):
        for row in (*tables.get("reviewers", ()), *tables.get("people", ())):
            known.add(str(row["id"]))
            for token in _tokens(row):
                held[token].add(same.get(str(row["id"]), str(row["id"])))
    named = dict.fromkeys(str(row["reviewer_id"]) for table in PAIR_KEYS for row in came.get(table, ()))
    found = {}
    for key in named:
        meant = {one for token in _tokens_of_id(key) for one in held.get(token, ())}
        if key not in known and len(meant) == 1:
            found[key] = meant.pop()
    return found


def _tokens(row: Mapping[str, Any]) -> Iterator[str]:
    """What identifies a person whatever the source: addresses and ids of registries."""
    for email in row.get("emails") or ():
        yield f"email:{normalise_email(str(email))}"
    attributes = row.get("attributes") or {}
    for registry in REGISTRY_IDS:
        value = attributes.get(registry) or row.get(registry)
        for one in value if isinstance(value, list) else [value] if value else []:
            yield plain_key(registry, str(one))
    yield from _tokens_of_id(str(row["id"]))


def _tokens_of_id(key: str) -> Iterator[str]:
    """What an id of a person is beside an id of this folder."""
    yield plain_key("openreview_ids", key)
    if "@" in key:
        yield f"email:{normalise_email(key)}"


def _names(row: Mapping[str, Any]) -> Iterator[str]:
    yield str(row["name"])
    yield from (str(name) for name in row.get("names") or ())


# --- papers ---------------------------------------------------------------------------------------------------------


def _same_papers(there: Tables, came: Tables) -> dict[str, str]:
    """Papers that came under another id than they have here, or that are here, or came, twice under two ids."""
    works = _Works()
    known: set[str] = set()
    same: dict[str, str] = {}
    for row in (*there.get("publications", ()), *came.get("publications", ())):
        if str(row["id"]) in known or row.get("kind") == _STATEMENT:
            continue
        known.add(str(row["id"]))
        found = works.find(row)
        if found is None:
            works.keep(row)
        else:
            same[str(row["id"])] = found
    return same


class _Works:
    """Papers by their registered ids, their titles and the words of their titles; statements are no works."""

    def __init__(self) -> None:
        self._by_token: dict[str, str] = {}
        self._by_title: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self._by_block: dict[str, list[Mapping[str, Any]]] = defaultdict(list)

    def keep(self, row: Mapping[str, Any]) -> None:
        if row.get("kind") == _STATEMENT:
            return
        for token in _work_tokens(row):
            self._by_token.setdefault(token, str(row["id"]))
        self._by_title[title_key(str(row["title"]))].append(row)
        for block in title_blocks(str(row["title"])):
            self._by_block[block].append(row)

    def find(self, row: Mapping[str, Any]) -> str | None:
        """The id under which the same work is kept."""
        for token in _work_tokens(row):
            if token in self._by_token:
                return self._by_token[token]
        key = title_key(str(row["title"]))
        for other in self._by_title.get(key, ()):
            if _is_one_work(other, row, key):
                return str(other["id"])
        for block in title_blocks(str(row["title"])):
            for other in self._by_block.get(block, ()):
                if _is_retold(other, row):
                    return str(other["id"])
        return None


def _work_tokens(row: Mapping[str, Any]) -> Iterator[str]:
    found = _WORK_ID.search(str(row["id"]))
    if found is not None:
        yield f"doi:{found['doi'].casefold().rstrip('.')}" if found["doi"] else f"arxiv:{found['arxiv']}"


def _is_retold(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Two tellings of one title, by the same authors, with years that fit.

    Of a preprint and what was published, the subtitles may differ.
    """
    first, second = _author_names(one), _author_names(other)
    if not first or len(first) != len(second) or not _years_fit(one, other):
        return False
    titles = str(one["title"]), str(other["title"])
    is_preprint = [row.get("kind") == "preprint" for row in (one, other)]
    if not are_title_variants(*titles) and not (sum(is_preprint) == 1 and differ_in_subtitle(*titles)):
        return False
    return all(any(name == more or names_fit(name, more) for more in second) for name in first)


def _years_fit(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    years = [year for row in (one, other) for year in _years(row)]
    return not years or max(years) - min(years) <= _YEARS_APART


def _is_one_work(one: Mapping[str, Any], other: Mapping[str, Any], key: str) -> bool:
    """The same title, a common author, and years that fit; a short title needs the same authors."""
    first, second = _author_names(one), _author_names(other)
    if not _years_fit(one, other):
        return False
    if not first or not second:
        return len(key) > _SHORT_TITLE
    shared = sum(any(name == more or names_fit(name, more) for more in second) for name in first)
    if len(key) <= _SHORT_TITLE:
        return shared == len(first) == len(second)
    return shared > 0


def _author_names(row: Mapping[str, Any]) -> list[str]:
    names = (one["name"] if isinstance(one, Mapping) else str(one) for one in row.get("authors") or ())
    return [normalise_name(name) for name in names]


def _years(row: Mapping[str, Any]) -> Iterator[int]:
    held = row.get("date")
    for one in held if isinstance(held, list) else [held] if held else []:
        yield int(str(one)[:4])


# --- renaming -------------------------------------------------------------------------------------------------------


def _renamed(
    table: str, row: Mapping[str, Any], people: Mapping[str, str], papers: Mapping[str, str]
) -> dict[str, Any]:
    """A row with the ids that people and papers have here."""
    made = dict(row)
    if table in ("reviewers", "people"):
        made["id"] = people.get(str(row["id"]), row["id"])
    if table == "publications":
        made["id"] = papers.get(str(row["id"]), row["id"])
    if "reviewer_id" in made:
        made["reviewer_id"] = people.get(str(made["reviewer_id"]), made["reviewer_id"])
    if made.get("paper_ids"):
        made["paper_ids"] = list(dict.fromkeys(papers.get(str(one), one) for one in made["paper_ids"]))
    for field in ("authors", "relations"):
        if made.get(field):
            made[field] = [_renamed_person(one, people) for one in made[field]]
    return made


def _renamed_person(one: Any, people: Mapping[str, str]) -> Any:
    if isinstance(one, Mapping) and one.get("person_id") in people:
        return {**one, "person_id": people[one["person_id"]]}
    return one


def _dangling(tables: Mapping[str, list[dict[str, Any]]]) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Rows about a submission or reviewer that stands nowhere, and which of the two; they leave the tables.

    Where a folder has no submissions or no reviewers yet, they may still come.
    """
    ids = {
        field: frozenset(str(row["id"]) for row in tables.get(target, ()))
        for field, target in (("submission_id", "submissions"), ("reviewer_id", "reviewers"))
    }
    for table in PAIR_KEYS:
        kept = []
        for row in tables.get(table, ()):
            lost = next((field for field, known in ids.items() if known and str(row[field]) not in known), None)
            if lost is None:
                kept.append(row)
            else:
                yield table, row, lost
        if table in tables:
            tables[table][:] = kept
