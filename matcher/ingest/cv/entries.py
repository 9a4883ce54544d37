"""One publication: from its text to authors, title, date, venue and kind.

Every place where a list of names may begin is tried. The reading in which authors, title and venue fit together best
is taken: the owner is among the authors, the title is shown by quotes or emphasis or ends where a venue begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from matcher.ingest.cv.breaks import SOFT
from matcher.ingest.cv.dates import MONTH_WORD, YEAR, atoms, is_only_dates
from matcher.ingest.cv.names import AuthorList, Known, is_weak_name, read_list, read_lists
from matcher.ingest.cv.rich import BOLD, ITALIC, LINK, Rich
from matcher.ingest.cv.template import NO_TEMPLATE, Form, Template, shape_of
from matcher.ingest.cv.titles import TitleEnd, clean_title, find_title, is_venue_like, skip_to_title, title_ends
from matcher.ingest.cv.venues import kind_of, venue_name, without_links
from matcher.records import PartialDate

__all__ = [
    "CLEAR",
    "ParsedEntry",
    "clear_readings",
    "forms_of",
    "is_author_line",
    "is_complete",
    "parse_entry",
    "starts_with_authors",
]

_LONG: Final = 180
"""Characters from which a stretch of prose behind an entry is an abstract."""

_CLEAR_RECORD: Final = 5.5
"""The same where a line of its own holds the authors."""

_FEWEST_ABSTRACT_WORDS: Final = 25
_LONGEST_TAG: Final = 32
_ALONE: Final = 3.5
_BASE_ALONE: Final = 1.0
"""Score of an entry that names no author."""


CLEAR: Final = 8.5
"""Score that only an entry reaches in which authors, the owner among them, title and venue are plain to see."""

_MOST_STARTS: Final = 16
_MOST_READINGS: Final = 12
_COMPLETE: Final = 3.0
_FAR: Final = 1.0
"""How far the best reading must lie above the next to stand whatever is learned."""

_MOST_ENDS: Final = 3
_MOST_CUT: Final = 3
"""Names at the end of a list that may belong to the title."""

_TAG: Final = re.compile(rf"\s*\[(?P<tag>[^\[\]\n]{{2,{_LONGEST_TAG}}})\]\s*[:.]?\s*")
_LEAD_DATE: Final = re.compile(
    rf"\s*(?P<date>(?:(?:{MONTH_WORD})\.?\s*(?:\d{{1,2}},?\s*)?)?\(?{YEAR}\)?(?:[-/.](?:0?[1-9]"
    rf"|1[0-2]))?)(?P<sep>\s*[\t\n]\s*(?:[•▪◦‣·*-]\s+)?|\s{{2,}}|\s*[.:,–—|]\s+|\s+-\s+|\)\s+)",
    re.IGNORECASE,
)
_LEAD_STATUS: Final = re.compile(
    r"\s*(in press|submitted|forthcoming|to appear|accepted|under review|in preparation|n\.d\.)\s*[\t:|]\s*"
    r"(?:[•▪◦‣·*-]\s+)?",
    re.IGNORECASE,
)
_LABEL: Final = re.compile(
    r"(?:^|\n)[\s*_-]*(?P<label>title|authors?|contributors?|by|venue|journal|conference|booktitle|published(?: in)?"
    r"|publication(?: venue)?|in|year|date|publication date|abstract|type|pages|volume|doi|url|status|publisher"
    r"|keywords)\s*[:=]\s*",
    re.IGNORECASE,
)
_NUMBER_LEFT: Final = re.compile(r"\s*(?:\[\w{0,2}\d{1,3}\]|\(\d{1,3}\)|\d{1,3}[.)])\s+(?=\S)")
_NOTE: Final = re.compile(
    r"[(\[]\s*(?:[^()\[\]]{0,30}\b(?:oral|spotlight|best (?:student )?paper|award|poster|long talk|acceptance rate"
    r"|rate|runner-?up|nominee|finalist|equal contribution|highlight|selected|invited|top|if|impact factor|citations?"
    r"|cited by|q1|core|rank)\b[^()\[\]]{0,60})[)\]]",
    re.IGNORECASE,
)
_PAGES: Final = re.compile(
    r"\b(?:pp?\.?|pages?|S\.|Seiten)\s*[A-Za-z]?\d+(?:\s?[–—-]+\s?[A-Za-z]?\d+)?"
    r"|\b\d{1,3}\s?\(\d{1,3}\)\s?:\s?\d+(?:\s?[–-]\s?\d+)?|\b\d{1,3}\s?\(\d{1,3}\),\s?\d+\s?[–-]\s?\d+"
    r"|:\s?\d{2,6}\s?[–-]\s?\d{2,6}|,\s?\d{3,6}\s?[–-]\s?\d{3,6}\b|\barXiv:?\s?[\w./-]*\d{4}\.\d{4,5}(?:v\d)?"
    r"|\b\d{4}\.\d{4,5}\b",
    re.IGNORECASE,
)
_WITH: Final = re.compile(
    r"[\s,;(\[]*\b(?:joint(?:ly)?(?: work)?|co-?authored|together|(?:co)?authors?:?)?\s*(?:with|mit|avec|con)\s+\Z",
    re.IGNORECASE,
)
_BY: Final = re.compile(
    r"[\s,;:(–—|·-]*(?:\b(?:by|von|par|authors?|contributors?|authored by)\b:?)?\s*\Z", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class ParsedEntry:
    """What one entry says.

    Args:
        title: without quotes and final full stop.
        authors: the list as read.
        names: the authors' names.
        date: as printed; `None` where none is.
        venue: where it appeared; may be empty.
        kind: as in `matcher.records.KINDS`.
        abstract: may be empty.
        score: how well the reading fits.
        is_shown: whether quotes or emphasis show the title.
        has_owner: whether the owner is among the authors.
        is_title_first: whether the title stands before the authors.
        is_owner_implied: whether the entry names only the co-authors.
    """

    title: str
    authors: AuthorList
    names: tuple[str, ...]
    date: PartialDate | None
    venue: str
    kind: str
    abstract: str
    score: float
    is_shown: bool
    has_owner: bool
    is_title_first: bool
    is_owner_implied: bool = False


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to cut an entry into parts."""

    authors: AuthorList
    title: tuple[int, int]
    before: str
    rest: str
    date: PartialDate | None
    score: float
    is_shown: bool
    is_title_first: bool
    form: Form
    is_with: bool = False
    is_line: bool = False


def is_author_line(rich: Rich, known: Known) -> AuthorList | None:
    """The list of names that fills a line, or `None`: two names at least, or one that is known."""
    start = 0
    label = re.match(r"\s*(?:authors?|contributors?|by|von)\s*:\s*|\s*by\s+(?=[A-Z])", rich.text, re.IGNORECASE)
    if label:
        start = label.end()
    found = _list_at(rich, start, known)
    if found is None or re.search(r"[^\s.,;:*†‡()\d]", rich.text[found.end :]):
        return None
    if len(found.names) >= 2 or label:
        return found
    name = found.names[0].text if found.names else ""
    return found if name and (known.is_known(name) or (found.is_truncated and bool(known.owner))) else None


def _list_at(rich: Rich, start: int, known: Known) -> AuthorList | None:
    """The list of names at a place of a line; each is read once with what is known."""
    key = (rich.text, rich.style, start)
    if key not in known.lists:
        known.lists[key] = read_list(rich, start, known=known)
    found: AuthorList | None = known.lists[key]
    return found


def starts_with_authors(rich: Rich, known: Known) -> bool:
    """Whether a line begins as an entry does that puts its authors first."""
    start = _lead(rich)[0]
    found = _list_at(rich, start, known)
    if found is None or not found.names:
        return False
    behind = rich.text[found.end :]
    if (
        not re.match(r"\s*(?:$|[.,:;(“\"„«\[\t–—]|\n|(?:and|und|et|y|&)\s*$)", behind)
        and int(rich.style[min(found.end, len(rich) - 1)]) == 0
    ):
        return False
    if any(known.is_known(name.text) for name in found.names):
        return True
    return len(found.names) >= 2 or (found.is_inverted and bool(re.match(r"\s*[.(,]", behind)))


def parse_entry(
    rich: Rich,
    known: Known,
    *,
    hint: str = "",
    year: int | None = None,
    tag: str = "",
    template: Template = NO_TEMPLATE,
    entry: int | None = None,
) -> ParsedEntry | None:
    """Read one entry.

    Args:
        rich: its text; line feeds are hard line breaks.
        known: what the document tells about names.
        hint: the kind of paper that the heading above announces.
        year: the year that the heading above announces.
        tag: a label before the entry, such as `ICML'24`.
        template: what the entries of its list have in common.
        entry: its place among those entries.

    Returns:
        The best reading, or `None` where no list of authors or no title is found.
    """
    text = _with_breaks(rich, " ")
    labelled = _parse_labelled(_with_breaks(rich, "\n"), known, hint=hint, year=year)
    if labelled is not None:
        return labelled
    start, lead_tag, lead_date = _lead(text)
    best: _Reading | None = None
    score = 0.0
    for reading in _all_readings(rich, start, known):
        fitted = reading.score + template.fit(reading.form, entry=entry)
        if best is None or fitted > score + 1e-9:
            best, score = reading, fitted
    if best is None:
        return None
    best = replace(best, score=score)
    return _built(text, best, known, hint=hint, year=year, tag=lead_tag or tag, lead_date=lead_date)


_WITH_FIRST: Final = re.compile(
    r"\s*\(?\s*(?:joint(?:ly)?\s+)?(?:with|mit|avec|con)\s+(?-i:(?=[^\W\d_a-z]))", re.IGNORECASE
)


def _with_first(rich: Rich, start: int, known: Known) -> _Reading | None:
    """`(with A. Lee) Curves of genus three, arXiv:…`: the co-authors, then the title."""
    joint = _WITH_FIRST.match(rich.text, start)
    found = read_list(rich, joint.end(), known=known) if joint else None
    if found is None or not found.names:
        return None
    place = found.end
    while place < len(rich) and rich.text[place] in " ),.:;\n":
        place += 1
    title = find_title(rich, place)
    if title is None or title.score < _BASE_ALONE:
        return None
    return _Reading(
        found,
        (title.start, title.end),
        "",
        rich.text[title.rest :],
        None,
        _ALONE + 2.5,
        title.is_shown,
        is_title_first=False,
        form=_form_of("with", rich, found, title),
        is_with=True,
    )


def _title_alone(rich: Rich, start: int) -> _Reading | None:
    """An entry that names no author, because the list is the owner's: a title in quotes or emphasis, then a venue."""
    title = find_title(rich, start)
    if title is None or len(rich.text[title.start : title.end].split()) < 2:
        return None
    rest = rich.text[title.rest :]
    if not is_venue_like(rest) and (_date_of(rest, None) is None or not title.is_shown):
        return None
    nobody = AuthorList((), start, start)
    return _Reading(
        nobody,
        (title.start, title.end),
        "",
        rest,
        None,
        _ALONE,
        title.is_shown,
        is_title_first=True,
        form=_form_of("nobody", rich, nobody, title),
        is_with=True,
    )


def forms_of(rich: Rich, known: Known) -> list[tuple[Form, float]]:
    """The form and the score of every likely reading of an entry."""
    return [(reading.form, reading.score) for reading in _all_readings(rich, _lead(rich)[0], known)]


def is_complete(rich: Rich, known: Known) -> bool:
    """Whether a text holds authors and a title, with somebody known among the authors."""
    best = next(iter(_all_readings(rich, _lead(rich)[0], known)), None)
    return (
        best is not None and best.score >= _COMPLETE and any(known.is_known(name.text) for name in best.authors.names)
    )


def clear_readings(known: Known) -> dict[Any, Any]:
    """What was worked out and leaves no doubt, whatever else is learned about names."""
    return {
        key: found
        for key, found in known.memo.items()
        if found and found[0].score >= CLEAR and (len(found) == 1 or found[0].score - found[1].score >= _FAR)
    }


def _lead(rich: Rich) -> tuple[int, str, PartialDate | None]:
    """Where an entry begins behind tags and a date in front of it, with both."""
    start = 0
    tags: list[str] = []
    date: PartialDate | None = None
    numbered = _NUMBER_LEFT.match(rich.text)
    if numbered:
        start = numbered.end()
    for _ in range(3):
        tag = _TAG.match(rich.text, start)
        if tag and not re.fullmatch(r"\d+", tag["tag"]):
            tags.append(tag["tag"])
            start = tag.end()
            continue
        dated = _LEAD_DATE.match(rich.text, start)
        said = next((one.date for one in atoms(dated["date"])), None) if dated else None
        if dated and (date is None or said == date):
            date = said
            start = dated.end()
            continue
        status = _LEAD_STATUS.match(rich.text, start)
        if status is None:
            break
        tags.append(status[1])
        start = status.end()
    return start, " ".join(tags), date


def _with_breaks(rich: Rich, soft: str) -> Rich:
    """The text with its soft breaks as blanks or as line feeds."""
    return Rich(rich.text.replace(SOFT, soft), rich.style) if SOFT in rich.text else rich


def _all_readings(rich: Rich, start: int, known: Known) -> list[_Reading]:
    """The likely readings, best first; each text is read once with what is known."""
    key = (rich.text, rich.style, start)
    if key in known.memo:
        memo: list[_Reading] = known.memo[key]
        return memo
    lines, rich = _with_breaks(rich, "\n"), _with_breaks(rich, " ")
    joint = _with_first(rich, start, known)
    found = [] if joint is None else [joint]
    is_record = False
    for reading in _readings(rich, start, known):
        found.append(reading)
        if reading.is_line and reading.score >= _CLEAR_RECORD:
            is_record = True  # a title, and a line of authors below it
            break
    else:
        if "\n" in rich.text[start:].strip():  # perhaps every line break is one of wrapping
            flat = Rich(rich.text.replace("\n", " "), rich.style)
            found += _readings(flat, start, known)
    if lines.text != rich.text and not any(one.score >= CLEAR for one in found):
        # Perhaps what looked like wrapping is not: authors on a line of their own show it.
        found += [one for one in _readings(lines, start, known) if _fills_line(lines.text, one.authors)]
    if not is_record and not any(one.score >= CLEAR for one in found):
        alone = _title_alone(rich, start)
        found += [] if alone is None else [alone]
    found.sort(key=lambda one: -one.score)
    known.memo[key] = found[:_MOST_READINGS]
    return found[:_MOST_READINGS]


# --- readings -------------------------------------------------------------------------------------------------------


def _readings(rich: Rich, start: int, known: Known) -> Iterator[_Reading]:
    """Every way to cut the entry that begins with authors or has a title before them."""
    covered = start
    for place in _places(rich, start):
        if place < covered:
            continue  # inside a list of names that begins well: its last names alone explain less
        is_first = not re.search(r"\w", rich.text[start:place])
        best = -5.0
        for found in read_lists(rich, place, known=known):
            if found.names and any(known.is_known(name.text) for name in found.names):
                covered = covered if is_weak_name(found.names[0].text, known) else max(covered, found.end)
            for byline in (found, *(_shorter_lists(rich, found, known) if is_first else ())):
                weight = _weight(rich, byline, place, known)
                if not (byline.names or byline.groups) or weight < -5:
                    continue
                if is_first:
                    for reading in _authors_first(rich, byline, weight, known):
                        best = max(best, reading.score)
                        yield reading
                else:
                    yield from _title_first(rich, byline, start, place, weight, known)
        if is_first and best >= CLEAR:
            return  # authors first, the owner among them, and a title: nothing can fit better


def _places(rich: Rich, start: int) -> list[int]:
    """Where a list of names may begin."""
    text = rich.text
    places = [start]
    for found in re.finditer(
        r"[\n\t]+|[.?!,;:”\"»)\]|–—·•]\s+|\s[-/]\s|(?<=\s)\(|\bby\s|\bwith\s|\b(?:mit|avec|con|von|par)\s", text[start:]
    ):
        place = start + found.end()
        if place < len(text) and place not in places:
            places.append(place)
    for run_start, run_end in (*rich.runs(BOLD), *rich.runs(ITALIC), *rich.runs(LINK)):
        for edge in (run_start, run_end):
            place = edge
            while place < len(text) and text[place] in " .,;:\n\t":
                place += 1
            if start < place < len(text) and place not in places:
                places.append(place)
    likely = [place for place in sorted(places) if place == start or _may_begin_name(text, place)]
    return likely[:_MOST_STARTS]


def _may_begin_name(text: str, place: int) -> bool:
    char = text[place]
    return (
        char.isupper()
        or (char.isalpha() and char.lower() == char.upper())
        or bool(re.match(r"(?:d[eiu]|v[ao]n|al-|el-|d['’]|von|bin|ten|ter)\b", text[place:]))
    )


def _weight(rich: Rich, found: AuthorList, place: int, known: Known) -> float:
    """How much a list of names looks like the byline of an entry."""
    text = rich.text
    behind = text[found.end : found.end + 12]
    if re.match(r"\s*\(?(?:Eds?\b|eds?\.|editors?\b|Hrsg|éds?\.)", behind) or re.search(
        r"\b(?:[Ii]n:?|edited by|hrsg\. von|eds?\.)\s*\Z", text[:place]
    ):
        return -10.0
    names = [name.text for name in found.names]
    has_owner = any(known.is_owner(name) for name in names)
    familiar = sum(known.is_known(name) for name in names)
    weight = 0.35 * min(len(names), 6) + (3.5 if has_owner else 0.0) + 0.4 * min(familiar, 5)
    weight += 0.4 * found.has_and + 0.4 * found.is_truncated + 0.3 * found.is_inverted
    weight -= 0.8 * sum(is_weak_name(name, known) for name in names)
    if not familiar:
        weight -= 1.5 if len(names) == 1 and not found.is_inverted else 0.0
        weight -= 1.0 if len(names) == 1 and not re.search(r"[.]", names[0] if names else "") else 0.0
    if re.match(r"\s*(?:[.,:]?\s*[“\"„«]|[.,]?\s*\(?(?:19|20)\d\d|\n|$|[.:]\s|[.:]$)", behind):
        weight += 0.4
    if re.search(r"\b(?:by|authors?:?)\s*\Z", text[:place], re.IGNORECASE):
        weight += 0.6
    return weight


def _authors_first(rich: Rich, found: AuthorList, weight: float, known: Known) -> Iterator[_Reading]:
    place, date = skip_to_title(rich, found.end)
    may_be_names = _NAMES_AHEAD.match(rich.text, place)  # a title that begins with names is none
    more = read_list(rich, place, known=known) if may_be_names else None
    if more is not None and len(more.names) >= 2:
        weight -= 4.0 if any(known.is_known(name.text) for name in more.names) else 0.0
        weight -= min(1.0 * sum(not is_weak_name(name.text, known) for name in more.names), 3.0)
    for title in title_ends(rich, place, most=_MOST_ENDS):
        if not re.search(r"\s", rich.text[place:].strip()):
            weight -= 2.0  # one word and nothing behind it: rather the begin of a name
        yield _Reading(
            found,
            (title.start, title.end),
            "",
            rich.text[title.rest :],
            date,
            weight + 1.0 + title.score,
            title.is_shown,
            is_title_first=False,
            form=_form_of("authors", rich, found, title),
        )


_NAMES_AHEAD: Final = re.compile(r"(?:[^\W\d_][\w.'’-]*\s+){1,4}?[^\W\d_a-z][\w'’-]*\s*(?:,|&|(?:and|et|und|y)\b)")


def _form_of(order: str, rich: Rich, found: AuthorList, title: TitleEnd) -> Form:
    """How an entry is written, if this is how it is read."""
    if order == "authors":
        stop = "." if rich.text[found.end - 1 : found.end] == "." else ""
        joint = stop + rich.text[found.end : title.start]
    else:
        joint = rich.text[title.end : found.start]
    quote = rich.text[title.start : title.start + 1]
    is_quoted = title.kind == "quote" or (
        quote in '“„«"‘' and clean_title(rich.text[title.start : title.end])[:1] != quote
    )
    end = "quote" if is_quoted else title.kind
    look = rich.style[title.start : title.end]
    return Form(order, shape_of(joint), end, max(sorted(set(look)), key=look.count) if look else "", found.writing)


def _shorter_lists(rich: Rich, found: AuthorList, known: Known) -> Iterator[AuthorList]:
    """The list without its last names, where these may be the begin of a title: `Ann Lee, Bo Cho, Deep Snow, …`."""
    for size in range(len(found.names) - 1, max(0, len(found.names) - 1 - _MOST_CUT), -1):
        last, following = found.names[size - 1], found.names[size]
        if known.is_known(following.text):
            return
        between = rich.text[last.end : following.start]
        if not re.search(r"[,;.:]", between) or re.search(r"\b(?:and|und|et|y)\b|&", between):
            continue
        is_cut_off = "\n" in between or re.match(r"\s*[:?!]", rich.text[found.end :])
        if is_cut_off or any(is_weak_name(name.text, known) for name in found.names[size:]):
            yield replace(found, names=found.names[:size], end=last.end, is_truncated=False, has_and=False, groups=())


def _is_byline(rich: Rich, start: int, stop: int, known: Known) -> AuthorList | None:
    """The names of a stretch that holds nothing else."""
    found = read_list(rich[:stop], start, known=known, lenient=True)
    return (
        found
        if found is not None and found.names and not re.search(r"\w{2}|[?!]", rich.text[found.end : stop])
        else None
    )


def _title_first(
    rich: Rich, found: AuthorList, start: int, place: int, weight: float, known: Known
) -> Iterator[_Reading]:
    text = rich.text
    head = text[start:place]
    joint = _WITH.search(head)
    tail = _BY.search(head)
    stop = start + (joint.start() if joint else tail.start() if tail else len(head))
    if joint is None and tail is not None and re.fullmatch(r"\s*\(", text[stop:place]):
        return
    title = _title_in_head(rich, start, stop)
    if title is None:
        return
    rest = text[found.end :]
    if joint:
        rest = rest.lstrip(" )],.;")
    before = f"{text[start : title.start]}\n{text[title.rest : stop]}".strip()
    score = weight + title.score
    if re.search(r"[,:]\s*\Z", head) and not title.is_shown and not _has_by(tail):
        score -= 1.0  # after a comma names are seldom a byline
    line = max(text.rfind("\n", start, stop), start - 1) + 1
    if line > start and _is_byline(rich, line, stop, known):
        return  # the list of names began earlier in this line
    named = _is_byline(rich, start, stop, known)
    if named:
        if any(known.is_known(name.text) for name in named.names):
            return  # what stands before is a name itself: the list began there
        score -= 2.0 * sum(not is_weak_name(name.text, known) for name in named.names)
    if joint:
        score += 1.5 if title.is_shown else 0.5
    gap = text[title.rest : stop].partition("\n")[0] if title.rest < stop else ""
    if re.search(r"[^\W\d_]{2}", gap) and not is_only_dates(gap) and not is_venue_like(gap):
        score -= 2.5  # words that this reading does not explain
    yield _Reading(
        found,
        (title.start, title.end),
        before,
        rest,
        None,
        score,
        title.is_shown,
        is_title_first=True,
        form=_form_of("title", rich, found, title),
        is_with=joint is not None,
        is_line=_fills_line(text, found),
    )


def _fills_line(text: str, found: AuthorList) -> bool:
    """Whether a list of names stands on a line of its own."""
    return (found.start == 0 or text[found.start - 1] == "\n") and re.match(
        r"[\s.,;*†‡]*(?:\n|\Z)", text[found.end :]
    ) is not None


def _has_by(tail: re.Match[str] | None) -> bool:
    """Whether "by" or a label stands before the authors."""
    return tail is not None and bool(re.search(r"\w", tail[0]))


def _title_in_head(rich: Rich, start: int, stop: int) -> TitleEnd | None:
    """The title in what stands before the authors, which may hold a venue, a date or a tag too."""
    pieces: list[tuple[int, int]] = []
    position = start
    for found in re.finditer(r"\n|\Z", rich.text[start:stop]):
        end = start + found.start()
        words = rich.text[position:end]
        if words.strip() and not is_only_dates(words) and without_links(words).strip(" .,;:|[]()"):
            pieces.append((position, end))
        position = end + 1
    if not pieces:
        return None
    titles = [piece for piece in pieces if not is_venue_like(rich.text[piece[0] : piece[1]])] or pieces
    first, last = titles[0], titles[0]
    for piece in titles[1:]:
        if piece[0] == last[1] + 1 and _goes_on(rich.text[last[0] : last[1]], rich.text[piece[0] : piece[1]]):
            last = piece
        else:
            break
    whole = find_title(rich, first[0], last[1])
    if whole is None:
        return None
    is_last = last[1] >= stop or not rich.text[last[1] : stop].strip()
    bonus = 2.0 if is_last or len(pieces) > 1 else 1.0
    if whole.rest < last[1] and (whole.is_shown or is_venue_like(rich.text[whole.rest : last[1]])):
        return whole
    score = bonus + _plain_score(rich.text[first[0] : last[1]])
    kind = "line" if is_last and rich.text[last[1] : last[1] + 1] == "\n" else whole.kind if whole.is_shown else "end"
    return TitleEnd(first[0], last[1], last[1], score + (1.5 if whole.is_shown else 0.0), whole.is_shown, kind)


def _goes_on(line: str, following: str) -> bool:
    """Whether a title goes on in the next line although the break looks hard."""
    return following.strip()[:1].islower() or bool(
        re.search(r"(?:[:,–—-]|\b(?:of|for|the|and|in|with|to|on|a|an|by|from|via))\s*\Z", line)
    )


def _plain_score(title: str) -> float:
    words = len(title.split())
    return (
        -4.0
        if words == 0 or not re.search(r"[^\W\d_]{2}", title)
        else -0.9
        if words == 1
        else -2.0
        if words > 40
        else 0.3
    )


# --- building -------------------------------------------------------------------------------------------------------


def _built(
    rich: Rich,
    reading: _Reading,
    known: Known,
    *,
    hint: str,
    year: int | None,
    tag: str,
    lead_date: PartialDate | None,
) -> ParsedEntry | None:
    title = clean_title(rich.text[reading.title[0] : reading.title[1]])
    if not re.search(r"[^\W\d_]{2}", title):
        return None
    full_rest, abstract = _without_abstract(_stamped(reading.rest)[0])
    full = "\n".join(part for part in (full_rest, reading.before) if part.strip(" .,;:"))
    rest = _NOTE.sub(" ", full_rest)
    said = "\n".join(part for part in (rest, reading.before) if part.strip(" .,;:"))
    date = _stamped(reading.rest)[1] or (lead_date if lead_date and lead_date.precision != "year" else None)
    date = (
        date
        or _date_of(full, reading.date)
        or lead_date
        or _date_of(tag, None)
        or (PartialDate(year) if year else None)
    )
    names = [name.text for name in reading.authors.names]
    has_owner = any(known.is_owner(name) for name in names)
    is_implied = reading.is_with and not has_owner
    return ParsedEntry(
        title=title,
        authors=reading.authors,
        names=tuple(names),
        date=date,
        venue=_venue_of(rest if _is_record(reading) else rest.replace("\n", " "), reading.before, tag),
        kind=kind_of(said, tag, hint),
        abstract=abstract,
        score=reading.score,
        is_shown=reading.is_shown,
        has_owner=has_owner or is_implied,
        is_title_first=reading.is_title_first,
        is_owner_implied=is_implied,
    )


def _is_record(reading: _Reading) -> bool:
    """Whether the lines of an entry say different things, so that no break in it is one of wrapping."""
    return reading.is_title_first or reading.is_with or "\n" in (reading.form.joint, reading.rest[:1])


def _without_abstract(rest: str) -> tuple[str, str]:
    """What follows a title without the abstract, and the abstract."""
    kept: list[str] = []
    abstract = ""
    for piece in rest.split("\n"):
        bare = re.sub(r"\A\s*abstract\s*[:.–—-]?\s*", "", piece, flags=re.IGNORECASE)
        is_prose = len(piece) >= _LONG and len(piece.split()) >= _FEWEST_ABSTRACT_WORDS
        if not abstract and (is_prose or (bare != piece and len(bare) > 40)):
            abstract = " ".join(bare.split())
        else:
            kept.append(piece)
    return "\n".join(kept), abstract


def _date_of(text: str, between: PartialDate | None) -> PartialDate | None:
    """The date of a paper in what its entry says; the most precise form of its year."""
    text = _PAGES.sub(" ", without_links(text))
    found = list(atoms(text))
    full = [one.date for one in found if not one.is_short]
    if between is not None:
        same = [date for date in full if date.year == between.year]
        return max([between, *same], key=_precision)
    if not full:
        return next((one.date for one in found if one.is_short), None)
    main = re.split(r"\balso\b|\s&\s|\b(?:preliminary|short|earlier|extended|journal) version\b", text, maxsplit=1)[0]
    dates = [one.date for one in atoms(main) if not one.is_short] or full
    last = dates[-1]
    return max([last, *(date for date in dates if date.year == last.year)], key=_precision)


def _precision(date: PartialDate) -> int:
    return (date.month is not None) + (date.day is not None)


_STAMP: Final = re.compile(
    r"(?:(?:first\s+)?(?:published|modified|accepted|received|posted|updated|created|submitted)(?:\s+on)?\s*:"
    r"|last\s+modified\s*:?|available\s+online|published\s+online|posted\s+on)\s*\Z",
    re.IGNORECASE,
)


def _stamped(text: str) -> tuple[str, PartialDate | None]:
    """The text without the dates on which a page was published or changed, and the first of them."""
    first: PartialDate | None = None
    for one in reversed(list(atoms(text))):
        stamp = _STAMP.search(text, max(0, one.start - 40), one.start)
        if stamp:
            text = text[: stamp.start()] + text[one.end :].lstrip(" ,;")
            first = one.date
    return text, first


def _venue_of(rest: str, before: str, tag: str) -> str:
    for text in (*rest.split("\n"), *before.split("\n")):
        if not re.search(r"[^\W\d_]", text) or is_only_dates(text):
            continue
        name = venue_name(text)
        if name:
            return " ".join(name.split())
    bare = re.sub(rf"\s*(?:['’]\s?\d\d|{YEAR})\s*", " ", tag).strip(" :.,")
    return (
        ""
        if re.fullmatch(
            r"(?:book chapter|new|preprint|submitted|under review|in press|oral|spotlight)?", bare, re.IGNORECASE
        )
        else bare
    )


# --- labelled entries -----------------------------------------------------------------------------------------------

_FIELD_OF: Final = {
    "title": "title",
    "author": "authors",
    "authors": "authors",
    "by": "authors",
    "contributor": "authors",
    "contributors": "authors",
    "year": "date",
    "date": "date",
    "publication date": "date",
    "abstract": "abstract",
}


def _parse_labelled(rich: Rich, known: Known, *, hint: str, year: int | None) -> ParsedEntry | None:
    """An entry whose lines say what they hold: `Title: …`, `Authors: …`, `Venue: …`."""
    found = list(_LABEL.finditer(rich.text))
    labels = {one["label"].lower() for one in found}
    if "title" not in labels:
        return None
    fields: dict[str, Rich] = {}
    for position, one in enumerate(found):
        end = found[position + 1].start() if position + 1 < len(found) else len(rich)
        field = _FIELD_OF.get(one["label"].lower(), "venue")
        value = rich[one.end() : end].strip()
        if field == "venue" and field in fields:
            value = Rich(f"{fields[field].text}, {value.text}", "0" * (len(fields[field].text) + 2 + len(value.text)))
        fields[field] = value
    authors = read_list(fields["authors"], 0, known=known, lenient=True) if "authors" in fields else None
    if "title" not in fields or authors is None or not authors.names:
        return None
    venue = fields.get("venue", Rich("", "")).text
    said = f"{venue} {fields.get('date', Rich('', '')).text}"
    names = tuple(name.text for name in authors.names)
    return ParsedEntry(
        title=clean_title(fields["title"].text),
        authors=authors,
        names=names,
        date=_date_of(fields["date"].text, None)
        if "date" in fields
        else _date_of(said, None) or (PartialDate(year) if year else None),
        venue=_venue_of(venue, "", ""),
        kind=kind_of(said, "", hint),
        abstract=" ".join(fields.get("abstract", Rich("", "")).text.split()),
        score=9.0,
        is_shown=True,
        has_owner=any(known.is_owner(name) for name in names),
        is_title_first=found[0]["label"].lower() == "title",
    )
