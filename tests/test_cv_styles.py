"""The reader of CVs on one bibliography rendered in many citation styles and list layouts: it must give it back."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from matcher.ingest.cv import CvDocument, read_cv


@dataclass(frozen=True)
class Person:
    given: str
    family: str
    suffix: str = ""

    @property
    def initials(self) -> list[str]:
        return ["-".join(part[0] + "." for part in word.split("-")) for word in self.given.split()]

    @property
    def full(self) -> str:
        return " ".join(part for part in (self.given, self.family, self.suffix) if part)

    @property
    def short(self) -> str:
        return " ".join(part for part in (*self.initials, self.family, self.suffix) if part)

    @property
    def bare(self) -> str:
        return re.sub(r"\W", "", "".join(self.initials)).upper()


@dataclass(frozen=True)
class Paper:
    authors: tuple[Person, ...]
    title: str
    venue: str
    year: int
    kind: str = "conference"
    volume: int = 0
    issue: int = 0
    pages: tuple[int, int] = (0, 0)


def people(text: str) -> tuple[Person, ...]:
    """Persons as `Given/Family` or `Given/Family/Jr.`, with semicolons."""
    return tuple(Person(*(part.strip() for part in one.split("/"))) for one in text.split(";"))


OWNERS: Final = ("Marit Ellen/Sandvoll", "Joaquín/Ferreira Salgado", "Xiaoyu/Luo")

BIBLIOGRAPHIES: Final = (
    (
        Paper(
            people("Marit Ellen/Sandvoll; Wei/Zhuang; Pieter/van der Horst"),
            "Sparse gates for long sequences",
            "Journal of Slow Computing",
            2023,
            "journal",
            12,
            3,
            (101, 129),
        ),
        Paper(
            people("Wei/Zhuang; Marit Ellen/Sandvoll"),
            "Why do gradients lie? Evidence from noisy labels",
            "International Conference on Learning Machinery",
            2022,
            "conference",
            0,
            0,
            (33, 47),
        ),
        Paper(
            people("Marit Ellen/Sandvoll; Anne-Sophie/Lachapelle"),
            "Rivers, Roads, and Rails: Routing on Uncertain Maps",
            "Transactions on Spatial Data",
            2021,
            "journal",
            8,
            1,
            (1, 22),
        ),
        Paper(
            people("Chukwuemeka/Obi; Rajesh K./Venkataraman; Marit Ellen/Sandvoll; Li/Na"),
            "A unified view of pruning and quantization",
            "European Symposium on Compact Models",
            2021,
            "conference",
            0,
            0,
            (210, 225),
        ),
        Paper(
            people("Marit Ellen/Sandvoll"),
            "Memory without Replay",
            "Annals of Continual Learning",
            2020,
            "journal",
            4,
            2,
            (77, 98),
        ),
        Paper(
            people("Seo-yeon/Kwak; Marit Ellen/Sandvoll; Tomáš/Havlíček; Giulia/De Angelis; Omar/El-Masri; Ruth/Quaye"),
            "BARKBERT: language models for forest inventories",
            "Workshop on Language and Land",
            2019,
            "workshop",
            0,
            0,
            (5, 12),
        ),
        Paper(
            people("Marit Ellen/Sandvoll; Kwame/Asante-Boateng"),
            "Learning to defer, deferring to learn",
            "Conference on Human-Machine Teams",
            2019,
            "conference",
            0,
            0,
            (611, 620),
        ),
        Paper(
            people("Tomáš/Havlíček; Marit Ellen/Sandvoll; Wei/Zhuang"),
            "3D Reconstruction of Glacier Caves from Sound",
            "Journal of Acoustic Sensing",
            2018,
            "journal",
            31,
            4,
            (900, 917),
        ),
    ),
    (
        Paper(
            people("Joaquín/Ferreira Salgado; Thandiwe/Mokoena; Yuxin/Shi"),
            "Estimating ice thickness from gravity: a Bayesian approach",
            "Polar Geophysics Letters",
            2024,
            "journal",
            51,
            2,
            (1440, 1451),
        ),
        Paper(
            people("Thandiwe/Mokoena; Joaquín/Ferreira Salgado"),
            "Floods and Memory: What Towns Forget",
            "Journal of Hydrological Risk",
            2023,
            "journal",
            17,
            1,
            (55, 71),
        ),
        Paper(
            people("Joaquín/Ferreira Salgado; Hassan/bin Yusof; Ingeborg/von Stein"),
            "Is runoff predictable?",
            "Water Systems Quarterly",
            2022,
            "journal",
            9,
            4,
            (300, 318),
        ),
        Paper(
            people("D'Arcy J./O'Malley; Joaquín/Ferreira Salgado; Mei-Ling/Wu"),
            "On the calibration of low-cost rain gauges",
            "International Symposium on Field Sensors",
            2020,
            "conference",
            0,
            0,
            (18, 26),
        ),
        Paper(
            people("Joaquín/Ferreira Salgado; Mei-Ling/Wu; Yuxin/Shi; Ana Lucía/Prieto"),
            "Deep Snow, Shallow Models",
            "Conference on Climate Informatics",
            2020,
            "conference",
            0,
            0,
            (1, 9),
        ),
        Paper(
            people("Ana Lucía/Prieto; Joaquín/Ferreira Salgado"),
            "Groundwater in the sky",
            "Journal of Remote Hydrology",
            2017,
            "journal",
            3,
            3,
            (211, 230),
        ),
        Paper(
            people("Joaquín/Ferreira Salgado; Stanisław/Wójcik"),
            "“Wet” and “dry” are not enough: naming regimes of mountain streams",
            "Mountain Water Review",
            2016,
            "journal",
            22,
            1,
            (12, 40),
        ),
    ),
    (
        Paper(
            people("Xiaoyu/Luo; Ngozi/Adeyemi-Clarke; Jan Willem/ten Brink; Şule/Özgür"),
            "Faster than light? Pipelining for optical switches",
            "Journal of Network Hardware",
            2024,
            "journal",
            40,
            1,
            (1, 19),
        ),
        Paper(
            people("Ngozi/Adeyemi-Clarke; Xiaoyu/Luo"),
            "Congestion Control Is Not Enough",
            "Symposium on Networked Systems Design",
            2024,
            "conference",
            0,
            0,
            (77, 91),
        ),
        Paper(
            people("Xiaoyu/Luo; Dae-jung/Ryu; Elena/Rossi-Conti"),
            "A measurement study of home routers in 40 countries",
            "Internet Measurement Conference",
            2023,
            "conference",
            0,
            0,
            (400, 414),
        ),
        Paper(
            people("Charles F./Whitcombe/Jr.; Xiaoyu/Luo"),
            "NetScope: Seeing Packets through Walls",
            "Transactions on Mobile Sensing",
            2022,
            "journal",
            18,
            6,
            (1201, 1219),
        ),
        Paper(
            people("Xiaoyu/Luo; Jan Willem/ten Brink"),
            "On the fairness of queues, and why it matters",
            "Workshop on Hot Links",
            2021,
            "workshop",
            0,
            0,
            (9, 15),
        ),
        Paper(
            people("Şule/Özgür; Mikkel/Aagaard; Xiaoyu/Luo; Ngozi/Adeyemi-Clarke; Vu Anh/Tran"),
            "Dynamic spectrum sharing with graph neural networks",
            "Conference on Wireless Futures",
            2021,
            "conference",
            0,
            0,
            (210, 219),
        ),
        Paper(
            people("Xiaoyu/Luo; Elena/Rossi-Conti; Dae-jung/Ryu"),
            "Of Mice and Elephants: Flow Scheduling Revisited",
            "Journal of Network Hardware",
            2019,
            "journal",
            35,
            2,
            (88, 104),
        ),
    ),
)


QUICK: Final = 3
"""Layouts in which each style is tried in the short tests; the long ones try them all."""

# --- names ----------------------------------------------------------------------------------------------------------


def listed(names: list[str], last: str = " and ", oxford: bool = True) -> str:
    if len(names) < 2:
        return names[0]
    comma = "," if oxford and len(names) > 2 and not last.startswith(",") else ""
    return f"{', '.join(names[:-1])}{comma}{last}{names[-1]}"


def turned(one: Person) -> str:
    return f"{one.family}, {' '.join(one.initials)}" + (f", {one.suffix}" if one.suffix else "")


def turned_full(one: Person) -> str:
    return f"{one.family}, {one.given}" + (f", {one.suffix}" if one.suffix else "")


def stopped(title: str) -> str:
    return title if title[-1] in "?!" else f"{title}."


def first_page(paper: Paper, dash: str = "–") -> str:
    return f"{paper.pages[0]}{dash}{paper.pages[1]}"


# --- citation styles ------------------------------------------------------------------------------------------------


def apa(p: Paper) -> str:
    names = listed([turned(a) for a in p.authors], ", & ")
    if p.volume:
        return f"{names} ({p.year}). {stopped(p.title)} *{p.venue}*, *{p.volume}*({p.issue}), {first_page(p)}."
    return f"{names} ({p.year}). {stopped(p.title)} In *{p.venue}* (pp. {first_page(p)})."


def mla(p: Paper) -> str:
    names = listed([turned_full(p.authors[0]), *(a.full for a in p.authors[1:])], ", and ")
    quoted = p.title.replace("“", "‘").replace("”", "’")
    if p.volume:
        return (
            f"{names}. “{stopped(quoted)}” *{p.venue}*, vol. {p.volume}, no. {p.issue}, {p.year}, pp. {first_page(p)}."
        )
    return f"{names}. “{stopped(quoted)}” *{p.venue}*, {p.year}, pp. {first_page(p)}."


def chicago(p: Paper) -> str:
    names = listed([turned_full(p.authors[0]), *(a.full for a in p.authors[1:])], ", and ")
    quoted = p.title.replace("“", "‘").replace("”", "’")
    if p.volume:
        return f"{names}. “{stopped(quoted)}” *{p.venue}* {p.volume}, no. {p.issue} ({p.year}): {first_page(p)}."
    return f"{names}. “{stopped(quoted)}” In *{p.venue}*, {first_page(p)}, {p.year}."


def vancouver(p: Paper) -> str:
    names = ", ".join(" ".join(part for part in (a.family, a.bare, a.suffix) if part) for a in p.authors)
    if p.volume:
        return f"{names}. {stopped(p.title)} {p.venue}. {p.year};{p.volume}({p.issue}):{first_page(p, '-')}."
    return f"{names}. {stopped(p.title)} In: {p.venue}; {p.year}. p. {first_page(p, '-')}."


def ieee(p: Paper) -> str:
    names = listed([a.short for a in p.authors])
    quoted = p.title.replace("“", "‘").replace("”", "’")
    end = quoted if quoted[-1] in "?!" else f"{quoted},"
    if p.volume:
        return f"{names}, “{end}” *{p.venue}*, vol. {p.volume}, no. {p.issue}, pp. {first_page(p)}, {p.year}."
    return f"{names}, “{end}” in *Proc. {p.venue}*, {p.year}, pp. {first_page(p)}."


def acm(p: Paper) -> str:
    names = listed([a.full for a in p.authors])
    if p.volume:
        return f"{names}. {p.year}. {stopped(p.title)} *{p.venue}* {p.volume}, {p.issue} ({p.year}), {first_page(p)}."
    return f"{names}. {p.year}. {stopped(p.title)} In *Proceedings of the {p.venue}*. {first_page(p)}."


def ams(p: Paper) -> str:
    names = listed([a.short for a in p.authors])
    if p.volume:
        return f"{names}, *{p.title}*, {p.venue} {p.volume} ({p.year}), no. {p.issue}, {first_page(p)}."
    return f"{names}, *{p.title}*, {p.venue} ({p.year}), {first_page(p)}."


def harvard(p: Paper) -> str:
    names = listed([turned(a) for a in p.authors], " and ", oxford=False)
    if p.volume:
        return f"{names} ({p.year}) ‘{p.title}’, *{p.venue}*, {p.volume}({p.issue}), pp. {first_page(p)}."
    return f"{names} ({p.year}) ‘{p.title}’, *{p.venue}*, pp. {first_page(p)}."


def plainnat(p: Paper) -> str:
    names = listed([a.full for a in p.authors])
    if p.volume:
        return f"{names}. {stopped(p.title)} *{p.venue}*, {p.volume}({p.issue}):{first_page(p)}, {p.year}."
    return f"{names}. {stopped(p.title)} In *{p.venue}*, pages {first_page(p)}, {p.year}."


def german(p: Paper) -> str:
    names = "; ".join(turned_full(a) for a in p.authors)
    if p.volume:
        return f"{names}: {stopped(p.title)} In: {p.venue} {p.volume} ({p.year}), H. {p.issue}, S. {first_page(p)}."
    return f"{names}: {stopped(p.title)} In: {p.venue}, {p.year}, S. {first_page(p)}."


def nature(p: Paper) -> str:
    names = listed([turned(a) for a in p.authors], " & ", oxford=False)
    if p.volume:
        return f"{names} {stopped(p.title)} *{p.venue}* **{p.volume}**, {first_page(p)} ({p.year})."
    return f"{names} {stopped(p.title)} In *{p.venue}*, {first_page(p)} ({p.year})."


def listing(p: Paper) -> str:
    names = ", ".join(a.full for a in p.authors)
    if p.volume:
        return f"{names}: {stopped(p.title)} {p.venue} {p.volume}({p.issue}): {first_page(p, '-')} ({p.year})"
    return f"{names}: {stopped(p.title)} {p.venue} {p.year}: {first_page(p, '-')}"


def title_first(p: Paper) -> str:
    return f"{stopped(p.title)} {listed([a.full for a in p.authors])}. *{p.venue}*, {p.year}."


def title_bold(p: Paper) -> str:
    return f"**{p.title}**. {', '.join(a.full for a in p.authors)}. {p.venue}, {p.year}."


def french(p: Paper) -> str:
    names = listed([f"{a.given} {a.family.upper()} {a.suffix}".strip() for a in p.authors], " et ", oxford=False)
    if p.volume:
        return f"{names}. {stopped(p.title)} {p.venue}, {p.volume}({p.issue}) : {first_page(p)}, {p.year}."
    return f"{names}. {stopped(p.title)} {p.venue}, pp. {first_page(p)}, {p.year}."


def spanish(p: Paper) -> str:
    names = listed([turned(a) for a in p.authors], " y ", oxford=False)
    if p.volume:
        return f"{names} ({p.year}). {stopped(p.title)} {p.venue}, {p.volume}({p.issue}), {first_page(p, '-')}."
    return f"{names} ({p.year}). {stopped(p.title)} {p.venue}, pp. {first_page(p, '-')}."


def commas(p: Paper) -> str:
    names = ", ".join(a.full for a in p.authors)
    if p.volume:
        return f"{names}, {p.title}, {p.venue}, {p.volume}({p.issue}), {p.year}."
    return f"{names}, {p.title}, {p.venue}, {p.year}."


def russian(p: Paper) -> str:
    names = ", ".join(f"{a.family} {' '.join(a.initials)} {a.suffix}".strip() for a in p.authors)
    if p.volume:
        return f"{names} {p.title} // {p.venue}. {p.year}. Vol. {p.volume}. No. {p.issue}. P. {first_page(p)}."
    return f"{names} {p.title} // {p.venue}. {p.year}. P. {first_page(p)}."


def year_first(p: Paper) -> str:
    return f"{p.year}. {listed([a.short for a in p.authors])}. {stopped(p.title)} {p.venue}."


def year_colon(p: Paper) -> str:
    return f"{listed([a.short for a in p.authors], ' & ')} ({p.year}): {stopped(p.title)} {p.venue}."


def ampersand(p: Paper) -> str:
    return f"{' & '.join(a.full for a in p.authors)}, “{p.title}”, {p.venue} ({p.year})."


def bibtex_and(p: Paper) -> str:
    return f"{' and '.join(turned_full(a) for a in p.authors)}. {stopped(p.title)} {p.venue}, {p.year}."


STYLES: Final[dict[str, Callable[[Paper], str]]] = {
    one.__name__: one
    for one in (
        apa, mla, chicago, vancouver, ieee, acm, ams, harvard, plainnat, german, nature, listing, title_first,
        title_bold, french, spanish, commas, russian, year_first, year_colon, ampersand, bibtex_and,
    )
}  # fmt: skip

SHORT: Final = frozenset(
    ("apa", "vancouver", "ieee", "ams", "harvard", "nature", "spanish", "russian", "year_first", "year_colon", "latex")
)
"""Styles that print initials."""

# --- records of several lines ---------------------------------------------------------------------------------------


def record(p: Paper) -> str:
    return f"{p.title}\n{', '.join(a.full for a in p.authors)}\n{p.venue}, {p.year}"


def record_by(p: Paper) -> str:
    return f"{p.title}\nby {listed([a.full for a in p.authors])}\nIn {p.venue} ({p.year}), pp. {first_page(p)}"


def scholar(p: Paper) -> str:
    where = f"{p.volume} ({p.issue}), " if p.volume else ""
    names = ", ".join(f"{a.bare} {a.family} {a.suffix}".strip() for a in p.authors)
    return f"{p.title}\n{names}\n{p.venue} {where}{first_page(p, '-')}\t12\t{p.year}"


def labelled(p: Paper) -> str:
    names = ", ".join(a.full for a in p.authors)
    return f"Title: {p.title}\nAuthors: {names}\nVenue: {p.venue}\nYear: {p.year}"


def registry(p: Paper) -> str:
    names = "; ".join(a.full for a in p.authors)
    return f"{p.title}\n{p.venue}\n{p.year} | {p.kind.capitalize()} paper\nContributors: {names}\nSource: Crossref"


def authors_above(p: Paper) -> str:
    return f"{', '.join(a.full for a in p.authors)}:\n{p.title}.\n{p.venue} {p.year}: {first_page(p, '-')}"


def headed(p: Paper) -> str:
    names = ", ".join(f"**{a.full}**" if a.full in {o.replace("/", " ") for o in OWNERS} else a.full for a in p.authors)
    return f"### {p.title}\n{names}\n\n*{p.venue}*, {p.year} [[PDF]](#) [[Code]](#)"


def marked(p: Paper) -> str:
    names = ", ".join(
        f"<u>{a.full}</u>" if a.full in {o.replace("/", " ") for o in OWNERS} else f"{a.full}*" for a in p.authors
    )
    return f"- **{p.title}**  \n  {names}  \n  *{p.venue} {p.year}*  \n  [[pdf]](x.pdf) [[bib]](x.bib)"


def table_row(p: Paper) -> str:
    return f"| {p.year} | {', '.join(a.full for a in p.authors)} | {p.title} | {p.venue} |"


def latex(p: Paper) -> str:
    names = listed(
        [rf"\textbf{{{a.short}}}" if a.full in {o.replace("/", " ") for o in OWNERS} else a.short for a in p.authors]
    )
    return rf"\item {names}. \emph{{{p.title}}}. {p.venue}, pages {p.pages[0]}--{p.pages[1]}, {p.year}."


def bibtex(p: Paper) -> str:
    names = " and ".join(turned_full(a) if not a.suffix else f"{a.family}, {a.suffix}, {a.given}" for a in p.authors)
    sort, field = ("article", "journal") if p.volume else ("inproceedings", "booktitle")
    fields = (("author", names), ("title", p.title), (field, p.venue), ("year", str(p.year)))
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields)
    return f"@{sort}{{key{p.year}{p.pages[0]},\n{body}\n}}"


RECORDS: Final[dict[str, Callable[[Paper], str]]] = {
    one.__name__: one
    for one in (record, record_by, scholar, labelled, registry, authors_above, headed, marked, table_row, latex, bibtex)
}
CLOSE: Final = frozenset(("table_row", "latex", "labelled_close", "authors_above"))
"""Records without a blank line between them."""

# --- list layouts ---------------------------------------------------------------------------------------------------


def without_emphasis(text: str) -> str:
    return text.replace("*", "")


def wrapped(text: str, width: int, first: str = "", following: str = "") -> str:
    return textwrap.fill(
        text, width, initial_indent=first, subsequent_indent=following, break_long_words=False, break_on_hyphens=False
    )


def numbered(entries: list[str], papers: tuple[Paper, ...]) -> str:
    return "\n".join(wrapped(without_emphasis(one), 88, f"{n}. ", "   ") for n, one in enumerate(entries, 1))


def bracketed(entries: list[str], papers: tuple[Paper, ...]) -> str:
    return "\n\n".join(wrapped(without_emphasis(one), 76, f"[{n}] ", "") for n, one in enumerate(entries, 1))


def bulleted(entries: list[str], papers: tuple[Paper, ...]) -> str:
    return "\n".join(f"• {without_emphasis(one)}" for one in entries)


def markdown(entries: list[str], papers: tuple[Paper, ...]) -> str:
    return "\n".join(f"- {one}" for one in entries)


def paragraphs(entries: list[str], papers: tuple[Paper, ...]) -> str:
    return "\n\n".join(wrapped(without_emphasis(one), 80) for one in entries)


def hanging(entries: list[str], papers: tuple[Paper, ...]) -> str:
    return "\n".join(wrapped(without_emphasis(one), 84, "", "      ") for one in entries)


def lines(entries: list[str], papers: tuple[Paper, ...]) -> str:
    return "\n".join(without_emphasis(one) for one in entries)


def years(entries: list[str], papers: tuple[Paper, ...]) -> str:
    parts = []
    year = 0
    for one, paper in zip(entries, papers, strict=True):
        if paper.year != year:
            parts.append(f"{paper.year}")
            year = paper.year
        parts.append(wrapped(without_emphasis(one), 90))
    return "\n\n".join(parts)


def tabs(entries: list[str], papers: tuple[Paper, ...]) -> str:
    return "\n".join(f"{paper.year}\t{without_emphasis(one)}" for one, paper in zip(entries, papers, strict=True))


LAYOUTS: Final[dict[str, Callable[[list[str], tuple[Paper, ...]], str]]] = {
    one.__name__: one for one in (numbered, bracketed, bulleted, markdown, paragraphs, hanging, lines, years, tabs)
}


def rendered(style: str, layout: str, which: int) -> str:
    papers = BIBLIOGRAPHIES[which]
    owner = people(OWNERS[which])[0]
    body = LAYOUTS[layout]([STYLES[style](paper) for paper in papers], papers)
    is_markdown = layout == "markdown"
    head = f"# {owner.full}\n" if is_markdown else f"{owner.full}\n"
    heading = "## Publications" if is_markdown else "PUBLICATIONS"
    closing = "## Awards" if is_markdown else "AWARDS"
    return f"{head}\nUniversity of Northern Fjords\n\n{heading}\n\n{body}\n\n{closing}\n\nBest Thesis Prize, 2016\n"


def rendered_records(sort: str, which: int) -> str:
    papers = BIBLIOGRAPHIES[which]
    owner = people(OWNERS[which])[0]
    body = ("\n" if sort in CLOSE else "\n\n").join(RECORDS[sort](paper) for paper in papers)
    if sort == "table_row":
        body = f"| Year | Authors | Title | Venue |\n|---|---|---|---|\n{body}"
    if sort in ("headed", "marked", "table_row"):
        return f"# {owner.full}\n\n## Publications\n\n{body}\n\n## Awards\n\nBest Thesis Prize, 2016\n"
    if sort == "latex":
        body = f"\\begin{{enumerate}}\n{body}\n\\end{{enumerate}}"
        return (
            f"\\name{{x}}\n{owner.full}\n\n\\section{{Publications}}\n{body}\n\\section{{Awards}}\nBest Thesis Prize\n"
        )
    return f"{owner.full}\n\nPublications\n\n{body}\n\nAwards\n\nBest Thesis Prize, 2016\n"


def norm(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", text).casefold().replace("ł", "l").replace("ı", "i"))


def wanted(style: str, which: int) -> list[tuple[str, list[str], str]]:
    found = []
    for paper in BIBLIOGRAPHIES[which]:
        names = [
            f"{one.bare} {one.family}{one.suffix}" if style == "scholar" else one.short if style in SHORT else one.full
            for one in paper.authors
        ]
        found.append((norm(paper.title), [norm(name) for name in names], str(paper.year)))
    return sorted(found)


def got(document: CvDocument) -> list[tuple[str, list[str], str]]:
    return sorted((norm(e.title), [norm(name) for name in e.authors], str(e.date)) for e in document.entries)


def share_right(style: str, layout: str, folder: Path) -> float:
    """Which share of the papers is given back whole; a paper that is made up counts against it."""
    right = total = 0
    for which, owner in enumerate(OWNERS):
        path = folder / (f"{which}.md" if layout == "markdown" else f"{which}.txt")
        path.write_text(rendered(style, layout, which), encoding="utf-8")
        document = read_cv(path)
        assert document.owner is not None
        assert norm(document.owner.name) == norm(people(owner)[0].full)
        assert len(document.lines) == len(path.read_text(encoding="utf-8").splitlines())
        want, have = wanted(style, which), got(document)
        total += len(want)
        right += sum(one in have for one in want) - sum(one not in want for one in have)
    return right / total


def some(style: str) -> list[str]:
    """A few layouts for a style; together the styles meet all of them."""
    start = list(STYLES).index(style)
    return [list(LAYOUTS)[(2 * start + 4 * step) % len(LAYOUTS)] for step in range(QUICK)]


@pytest.mark.parametrize(("style", "layout"), [(style, layout) for style in STYLES for layout in some(style)])
def test_a_bibliography_is_given_back(style: str, layout: str, tmp_path: Path) -> None:
    assert share_right(style, layout, tmp_path) == 1.0


@pytest.mark.long
@pytest.mark.parametrize("style", STYLES)
def test_a_bibliography_is_given_back_in_every_layout(style: str, tmp_path: Path) -> None:
    shares = [share_right(style, layout, tmp_path) for layout in LAYOUTS]
    assert min(shares) >= 0.9
    assert sum(shares) / len(shares) >= 0.98


@pytest.mark.parametrize("which", range(len(BIBLIOGRAPHIES)))
@pytest.mark.parametrize("sort", RECORDS)
def test_records_of_several_lines_are_given_back(sort: str, which: int, tmp_path: Path) -> None:
    is_markdown = sort in ("headed", "marked", "table_row")
    path = tmp_path / ("cv.md" if is_markdown else "cv.txt")
    path.write_text(rendered_records(sort, which), encoding="utf-8")
    document = read_cv(path)
    assert got(document) == wanted(sort, which)
