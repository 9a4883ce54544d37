"""Where a paper appeared: whether a stretch of text names a venue, which one, and of what kind the paper is."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from matcher.ingest.cv.dates import MONTH_WORD, YEAR
from matcher.ingest.cv.vocabulary import UNIVERSITY_WORDS, VENUE_ACRONYMS, fold, words_of

__all__ = ["ends_abbreviated", "first_clause", "kind_of", "venue_name", "venue_score", "without_links"]

_ACRONYMS: Final = VENUE_ACRONYMS["journal"] | VENUE_ACRONYMS["conference"]

_ABBREVIATION_END: Final = re.compile(
    r"(?:\b(?:vol|no|pp|p|nr|art|ch|sec|fig|vs|e\.g|i\.e|cf|St|Dr|Mr|Mrs|Prof|No|Nr|Vol|approx|al|resp|ca|Fig|Eq|Sec"
    r"|Ch|Jr|Sr|z\.B|d\.h|bzw|u\.a|n\.d"
    r"|Proc|Trans|Conf|Int|Intl|Symp|Lett|Commun|Sel|Sci|Eng|Rev|Res|Ann|Adv|Math|Phys|Appl|Assoc|Soc|Am|Amer|Comput"
    r"|Sys|Syst"
    r"|Mag|Surv|Netw|Inf|Theor|Stat|Biol|Chem|Med|Natl|Acad|Tech|Rep|Univ|Inst|Bull|Arch|Intell|Artif"
    r"|Eval|Electron|Robot|Autom|Ling|Psych|Psychol|Econ|Finan|Manag|Oper|Veh"
    r"|Technol|Softw|Secur|Priv|Sens|Neurosci|Bioinform|Genet|Clin|Exp|Pract|Lect|Ser|Suppl|Ed|Eds|Hrsg"
    r"|J|[A-Z]))\Z"
)
"""What stands before a full stop that ends an abbreviation and no sentence."""

_LONGEST_ABBREVIATION: Final = 14


def ends_abbreviated(text: str, position: int) -> bool:
    """Whether the word before a full stop at a place is an abbreviation."""
    return _ABBREVIATION_END.search(text, max(0, position - _LONGEST_ABBREVIATION), position) is not None


_LEAD: Final = re.compile(
    r"[\s.,;:–—•|/-]*(?:(?:in|en|dans|im)\s*:|(?:(?:in|dans|en|im)(?=\s)|to appear (?:in|at)|appear(?:s|ed|ing) in"
    r"|accepted (?:to|at|by|for|in)(?:\s+the)?|published (?:in|by|at)|presented at"
    r"|forthcoming (?:in|at)|erscheint in|à paraître dans|also (?:in|at)|appeared (?:in|at)|r&r at"
    r"|revise and resubmit (?:at|,)|conditionally accepted (?:at|,)?|venue:|journal:|conference:)(?=\s))?\s*",
    re.IGNORECASE,
)
_IN: Final = re.compile(
    r"[\s.,;:–—-]*(?:In:|in:|In(?=\s+\W{0,2}[A-Z0-9ÄÖÜ])|in(?=\s+\W{0,2}(?:Proc|[A-Z]{2,}|[A-Z][a-z]+[A-Z]|Advances"
    r"|International|Annual|The \d|the \d|IEEE|ACM))|In (?=the Proc)|Dans\b|dans:|En:|en:|Im (?=[A-Z]))"
)
_STRONG: Final = re.compile(
    r"\b(?:proceedings|proc\.|conference|conf\.|journal|j\.|transactions|trans\.|workshop|symposium|symp\.|arxiv"
    r"|biorxiv|medrxiv|chemrxiv|psyarxiv|ssrn|hal|openreview"
    r"|preprint|letters|lett\.|annals|magazine|bulletin|zeitschrift|tagungsband|berichte|konferenz|jahrestagung|revue"
    r"|revista|rivista|actes|congreso|congresso|colloque|atti|anais"
    r"|thesis|dissertation|masterarbeit|bachelorarbeit|magisterarbeit|diplomarbeit|doktorarbeit|th[eè]se|tesis|tesi"
    r"|proefschrift|habilitation(?:sschrift)?"
    r"|eingereicht|im druck|soumis(?:e)?|à paraître|sous presse|enviado|en prensa|no prelo|submetido|sottomesso"
    r"|under review|in review|under submission|submitted|in preparation|in press|to appear|forthcoming|accepted"
    r"|working paper|technical report|tech\. rep|manuscript"
    r"|advances in|lecture notes|springer|elsevier|wiley|university press|handbook|handbuch|encyclopedia|findings of"
    r"|companion of|companion proceedings|extended abstracts"
    r"|ieee|acm|aaai|usenix|siam|plos|bmc|mdpi|frontiers|nature|science|cell|lancet|cambridge|oxford university"
    r"|mit press|acta|quarterly|monthly|archives|annual meeting"
    r"|patterns|doctoral consortium|demo(?:nstration)? (?:track|session)"
    r"|学报|会议|期刊|学会|論文誌|学術|大会|학회|논문지)",
    re.IGNORECASE,
)
_VOLUME: Final = re.compile(
    r"(?:\bvol(?:ume|\.)?\s?\d|\bpp?\.\s?[\dA-Z]|\bpages?\s\d|\bS\.\s?\d|,\s?\d{1,4}\s?\(\d|\s\d{1,4}\s?\(\d[\d–-]*\)"
    r"|\b\d{1,4}\s?:\s?[\dA-Z]*\d|,\s\d{1,4},\s(?:\d|Article|e\d|Art)|\s\d{1,4},\s(?:S\.|\d{2,}|pp?\.)"
    r"|\b\d{1,4}\.\d{1,3}\s\(|,\s\d{1,4}\s?[–-]\s?\d{1,5}\b|\bno\.\s?\d|\bissue\s\d|\bart(?:icle"
    r"|\.)\s?(?:no\.?\s?)?\d|\s\d{1,4}\s\((?:19|20)\d\d\)|,\s\d{1,4},\s\d)",
)
_ACRONYM_YEAR: Final = re.compile(
    rf"\b[A-Z][A-Za-z&*+-]*[A-Z][A-Za-z]*[ ,-]{{0,2}}(?:['’]\s?\d\d\b|{YEAR})|\b[A-Z]{{3,}}\d\d\b|\b{YEAR} [A-Z]{{3,}}"
)
_VANCOUVER: Final = re.compile(rf"\s*[A-Z][^.;?!]{{1,90}}\.\s+{YEAR}(?:\s\w{{3}}(?:\s\d+)?)?\s*[;:,.]")
_LINKS: Final = re.compile(
    r"[\[(<{|]?\s*\b(?:pdf|code|link|links|doi|url|arxiv(?=\s*[\])|])|bib(?:tex)?|slides|video|poster(?=\s*\])"
    r"|website|project page|project|page|github|demo(?=\s*\])|data|dataset|supp(?:lementary)?|paper|html|ps"
    r"|openreview(?=\s*[\])|])|abs(?:tract)?|blog|talk(?=\s*\])|preprint(?=\s*\])|google scholar|scholar|publisher"
    r"|proceedings(?=\s*\])|full text|cite|bibtex|media|press(?=\s*\]))\b\s*[\])>}|]",
    re.IGNORECASE,
)
_BEGINS_WITH_YEAR: Final = re.compile(rf"(?!{YEAR}\s+(?-i:[a-z]))[\s(]*(?:{MONTH_WORD}\.?\s+)?\(?{YEAR}", re.IGNORECASE)
_LONE_ACRONYM: Final = re.compile(r"[A-Z][\w&.-]*[A-Z][\w&.-]*[\s.]*(?:\(|\Z|\n|,|\.\s)")
_STATUS: Final = re.compile(
    r"[(\[]?(?:oral|spotlight|best paper|long talk|poster|equal|accept|to appear|honou?rable|invited|featured)",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(r"(?:https?://|www\.|doi:\s?|https?:)\S+|\b10\.\d{4,9}/\S+|\bdoi\b:?", re.IGNORECASE)


@lru_cache(maxsize=1024)
def without_links(text: str) -> str:
    """The text without buttons such as `[PDF]`, addresses and DOIs."""
    text = _LINKS.sub(" ", text)
    return _ADDRESS.sub(" ", text)


def first_clause(text: str) -> str:
    """The text up to the first comma, semicolon, bracket or end of a sentence."""
    for found in re.finditer(r"[,;(\[\n]|[.?!](?=\s|$)", text):
        if found[0] == "." and ends_abbreviated(text, found.start()):
            continue
        if text[: found.start()].strip(" .,;:“”\"'*–—-"):
            return text[: found.start()]
    return text


@lru_cache(maxsize=8192)
def venue_score(text: str) -> float:
    """How much a text that follows a title begins like a venue, from 0 to about 4.

    >>> venue_score(" In Proceedings of the 4th Workshop on Things, 2020") > venue_score(" A study of things. In X")
    True
    """
    bare = text.strip(" \t\n.,;:–—-|•·/”\"'")
    if not bare:
        return 0.4
    body = _LEAD.sub("", text, count=1)
    clause = first_clause(body).strip()
    words = words_of(clause)
    clues = (
        (2.5, _IN.match(text)),
        (1.8, len(clause) < 150 and _STRONG.search(clause)),
        (1.4, len(clause) < 60 and _ACRONYM_YEAR.search(clause + body[len(clause) : len(clause) + 8])),
        (1.8, _begins_with_volume(body[:110])),
        (1.8, _VANCOUVER.match(body)),
        (1.2, _BEGINS_WITH_YEAR.match(bare)),
        (1.2, not without_links(text).strip(" .,;:") or re.match(r"\s*(?:https?:|doi|arxiv:)", bare, re.IGNORECASE)),
        (1.0, _STATUS.match(bare)),
    )
    score = sum(weight for weight, found in clues if found) + _by_acronyms(clause, words)
    if _LONE_ACRONYM.match(bare) and len(words) <= 4:
        score += 1.2
    elif len(words) <= 6 and _is_title_case(clause) and len(bare) < len(clause) + 14:
        score += 0.7
    if bare[0].islower() and not _STRONG.match(clause) and not _IN.match(text) and score < 2:
        score -= 1.5
    return score


def _by_acronyms(clause: str, words: list[str]) -> float:
    """What the acronyms of known venues in a clause are worth; little where they are not written as such."""
    known = [word for word in dict.fromkeys((*words[:4], *words[-1:])) if word in _ACRONYMS]
    if not known or (len(words) > 6 and not any(word in _ACRONYMS for word in words[:4])):
        return 0.0
    return 1.6 if any(_has_capital_run(clause, word) for word in known) else 0.3


def _begins_with_volume(head: str) -> bool:
    found = _VOLUME.search(head)
    return found is not None and _is_name_of_journal(head[: found.start()])


def _has_capital_run(clause: str, word: str) -> bool:
    """Whether an acronym is written as one, with two capitals, and not as the common word that it also is."""
    return any(
        fold(found) == word and sum(char.isupper() for char in found) >= 2 for found in re.findall(r"[A-Za-z]+", clause)
    ) or word in {"interspeech", "nature", "science", "bioinformatics"}


def _is_name_of_journal(text: str) -> bool:
    """Whether what stands before a volume number is one short phrase that begins with a capital."""
    bare = text.strip(" ,.;:")
    if len(re.findall(r"[?!]|\.\s+[A-Z]", re.sub(r"\b[A-Z][a-z]{0,7}\.\s", "", bare))):
        return False
    words = bare.split()
    return 0 < len(words) <= 11 and not bare[:1].islower()


def _is_title_case(text: str) -> bool:
    words = [
        word
        for word in re.findall(r"[^\W\d_][\w’'-]*", text)
        if word.lower()
        not in {
            "of",
            "and",
            "on",
            "in",
            "the",
            "for",
            "to",
            "und",
            "für",
            "de",
            "et",
            "la",
            "y",
            "del",
            "di",
            "e",
            "at",
            "with",
        }
    ]
    return bool(words) and all(word[0].isupper() or word[0].lower() == word[0].upper() for word in words)


# --- the kind of a paper --------------------------------------------------------------------------------------------

_PREPRINT_STATUS: Final = re.compile(
    r"\b(?:under (?:review|submission|revision|consideration)|in (?:review|submission|preparation|progress)|submitted"
    r"|preprint|manuscript|working paper|unpublished"
    r"|being reviewed|revise and resubmit|r&r|eingereicht|soumis|enviado|sottomesso|to be submitted|in prep\b)",
    re.IGNORECASE,
)
_PREPRINT_SERVER: Final = re.compile(
    r"\b(arxiv|biorxiv|medrxiv|chemrxiv|psyarxiv|eartharxiv|socarxiv|engrxiv|techrxiv|ssrn|corr|hal|openreview"
    r"|cryptology eprint archive|eprint archive"
    r"|research square|preprints\.org|osf)\b",
    re.IGNORECASE,
)
_SERVER_NAMES: Final = {
    "arxiv": "arXiv",
    "biorxiv": "bioRxiv",
    "medrxiv": "medRxiv",
    "chemrxiv": "ChemRxiv",
    "psyarxiv": "PsyArXiv",
    "ssrn": "SSRN",
    "corr": "CoRR",
    "techrxiv": "TechRxiv",
    "openreview": "OpenReview",
    "hal": "HAL",
}
_SERVER_ENTRY: Final = re.compile(
    r"[\s.,;:(\[]*(?:arxiv|biorxiv|medrxiv|chemrxiv|psyarxiv|corr|eprint)\b[\s:]*(?:preprint"
    r"|e-?prints?)?[\s,:]*(?:(?:abs/)?(?:arXiv:?\s?)?[\w.-]*\d[\w./-]*)?(?:\s*\[[\w.-]+\])?",
    re.IGNORECASE,
)
_THESIS: Final = re.compile(
    r"\b(?:thesis|dissertation|masterarbeit|bachelorarbeit|magisterarbeit|diplomarbeit|doktorarbeit"
    r"|th[eè]se de doctorat|th[eè]se|tesis|tesi di|proefschrift|habilitation(?:sschrift)?|m[ée]moire)\b"
    r"|学位论文|博士論文|학위논문",
    re.IGNORECASE,
)
_DEMO: Final = re.compile(
    r"\b(?:demo|demos|demo(?:nstration)? (?:track|session|paper|papers|program)|system demonstrations?"
    r"|demonstrations)\b",
    re.IGNORECASE,
)
_WORKSHOP: Final = re.compile(
    r"\b(?:workshops?|wkshp|doctoral (?:consortium|symposium)|student research|atelier|taller)\b|ワークショップ",
    re.IGNORECASE,
)
_CHAPTER: Final = re.compile(
    r"\b(?:book chapter|chapter|kap(?:itel|\.)|handbook|handbuch|encyclop[a-z]+|\(?eds?\.\)?|\(?editors?\)?|hrsg\.?"
    r"|\(éds?\.\)|companion to|in book)(?!\w)",
    re.IGNORECASE,
)
_JOURNAL: Final = re.compile(
    r"\b(?:journal|j\.|transactions|trans\.|letters|lett\.|annals|magazine|bulletin|zeitschrift|berichte|revue"
    r"|revista|rivista|archives?|quarterly|monthly|reviews?(?! of| conference)|acta"
    r"|nature|science(?! conference)|plos|pnas|elife|bmc|frontiers in|ieee access|ieee/acm trans"
    r"|proceedings of the national academy|computing surveys|communications of the|jmlr|tmlr|tpami|tacl|forum"
    r"|biometrika|econometrica)(?!\w)|学报|期刊|論文誌|논문지",
    re.IGNORECASE,
)
_PROCEEDINGS_JOURNAL: Final = re.compile(
    r"proceedings of the (?:vldb endowment|acm on|national academy|ieee\b(?![^,.]*conference)|royal society)"
    r"|\bproc\. acm (?:program|hum|interact|manag|meas|softw|comput|netw|data)\w*\."
    r"|\bpvldb\b|\bpacm",
    re.IGNORECASE,
)
_CONFERENCE: Final = re.compile(
    r"\b(?:conference|conf\.|proceedings|proc\.|symposium|simp[oó]sio|symp\.|congress|meeting|encontro"
    r"|advances in neural|tagungsband"
    r"|konferenz|congreso|congresso|actes|atti|convention|colloquium|findings of|companion of|track|summit)(?!\w)|会议"
    r"|大会|学会|학술대회|全国大会|研究会",
    re.IGNORECASE,
)


_REGISTERED_KINDS: Final = {
    "journal article": "journal",
    "conference paper": "conference",
    "conference proceedings": "conference",
    "preprint": "preprint",
    "working paper": "preprint",
    "book chapter": "chapter",
    "dissertation": "thesis",
    "dissertation thesis": "thesis",
    "book": "other",
    "report": "other",
}
_REGISTERED: Final = re.compile(
    rf"\|\s*(?P<kind>{'|'.join(sorted((kind.replace(' ', '[ -]') for kind in _REGISTERED_KINDS), reverse=True))})"
    r"\s*(?=\||\n|\Z)",
    re.IGNORECASE,
)
"""The kind as registries of works have it: `2024-08 | journal-article`."""


def kind_of(rest: str, tag: str = "", hint: str = "") -> str:
    """The kind of a paper, one of `matcher.records.KINDS`.

    Args:
        rest: what the entry says besides authors and title.
        tag: a tag in brackets before the authors.
        hint: the kind that the heading above announces, or empty.

    >>> kind_of("ArXiv Preprint & Under review", "KDD'19"), kind_of("Pond Letters 9.1 (2015), p. 12")
    ('preprint', 'journal')
    """
    text = without_links(rest)
    registered = _REGISTERED.search(text)
    if registered:
        return _REGISTERED_KINDS[registered["kind"].lower().replace("-", " ")]
    first = _first_venue(text)
    is_thesis = _THESIS.search(text) or (hint == "thesis" and not re.search(r"\bproc", text, re.IGNORECASE))
    tests = (
        ("thesis", is_thesis),
        ("preprint", _is_preprint(text, first)),
        ("chapter", re.search(r"book chapter", tag, re.IGNORECASE)),
        ("demo", _DEMO.search(first) or _DEMO.search(tag) or hint == "demo"),
        ("workshop", _WORKSHOP.search(first)),
        ("chapter", _CHAPTER.search(text) or hint == "chapter"),
    )
    kind = next((kind for kind, found in tests if found), "")
    return kind or _periodical_or_meeting(first, tag, hint)


def _first_venue(text: str) -> str:
    """The first of several venues: "NeurIPS 2023. & a workshop at ICLR" is a NeurIPS paper."""
    parts = re.split(
        r"\s&\s(?=[A-Z][\w ]{0,40}(?:Workshop|Conference|Track))|\balso (?:at|in|presented|appeared)\b"
        r"|\b(?:preliminary|short|earlier|extended|journal) version\b|\(also\b",
        text,
        maxsplit=1,
    )
    return parts[0] if parts[0].strip(" .,;:()") else text


def _is_preprint(text: str, first: str) -> bool:
    states = {found[0].lower() for found in _PREPRINT_STATUS.finditer(text)}
    if states - {"preprint"}:
        bare = _PREPRINT_STATUS.sub(" ", text)
        return not re.search(
            r"\b(?:accepted|to appear|in press|forthcoming)\b", bare, re.IGNORECASE
        ) and not _CHAPTER.search(text)
    if not _PREPRINT_SERVER.search(text) and not states:
        return False
    bare = _SERVER_ENTRY.sub(" ", text)
    bare = re.sub(rf"\b(?:preprint|{YEAR}|{MONTH_WORD})\b|[\d.:,;()\[\]/–-]+", " ", bare, flags=re.IGNORECASE)
    return not (
        _STRONG.search(bare)
        or any(word in _ACRONYMS and _has_capital_run(bare, word) for word in words_of(bare))
        or (_CONFERENCE.search(first) and not _PREPRINT_SERVER.search(first))
    )


def _periodical_or_meeting(first: str, tag: str, hint: str) -> str:
    name = venue_name(first)
    said = _by_words(name or first, first, tag, hint)
    if said:
        return said
    if hint in ("journal", "conference", "workshop", "preprint") or (
        hint == "other" and not _has_volume_of(name, first)
    ):
        return hint
    if _IN.match(first) and _has_issue(name, first):
        return "journal"
    if _IN.match(first) and (name or first):
        return "conference"  # in something with pages, and nothing says that it is a book
    return _by_form(name or first, first)


def _has_issue(name: str, text: str) -> bool:
    """Whether a volume and its issue follow a name, as they do for journals: `52 (3), S. 10`."""
    return bool(name) and re.match(r"\s*\d{1,4}\s?\(\d{1,3}\)", text.partition(name)[2]) is not None


def _has_volume_of(name: str, text: str) -> bool:
    """Whether a volume follows a name, as it does for journals."""
    return bool(name) and re.match(r"[\s,.]*\d{1,4}\s?\(\d", text.partition(name)[2]) is not None


def _by_words(name: str, first: str, tag: str, hint: str) -> str:
    """The kind that words such as "Journal" and known acronyms tell, or empty."""
    if _PROCEEDINGS_JOURNAL.search(first):
        return "conference" if hint == "conference" else "journal"
    if re.search(r"proceedings of machine learning research|\bpmlr\b|lecture notes", first, re.IGNORECASE):
        return "conference"
    said = [
        (found.start(), kind)
        for kind, pattern in (("journal", _JOURNAL), ("conference", _CONFERENCE))
        if (found := pattern.search(f"{name}. "))
    ]
    if said:
        return min(said)[1]
    by_acronym = (
        kind
        for part in (name, tag)
        for word in words_of(part)
        for kind, acronyms in VENUE_ACRONYMS.items()
        if word in acronyms and _has_capital_run(part, word)
    )
    return next(by_acronym, "")


def _by_form(name: str, text: str) -> str:
    """The kind by the form of the reference alone: volumes make journals, acronyms meetings."""
    words = words_of(name)
    if not words or set(words) & UNIVERSITY_WORDS:
        return "other"
    tail = text.partition(name)[2].partition("\n")[0]
    has_volume = bool(_VOLUME.search(f" {name[-1:]}{tail}"))
    tokens = [
        token
        for token in re.split(r"[\s/&+-]+", name.strip("() "))
        if not re.fullmatch(rf"{YEAR}|\W*|['’]?\d\d", token)
    ]
    if tokens and all(sum(char.isupper() for char in token) >= 2 for token in tokens):
        return (
            "journal"
            if re.match(rf"[\s.,;]*(?:{YEAR}\s*;\s*\d|(?:vol\.?\s*)?\d{{1,4}}\s?\(\d{{1,3}}\)\s?:)", tail)
            else "conference"
        )
    if has_volume and re.match(r"[\s,.;]*\d{1,4}\s?[–-]\s?\d{1,5}\W*(?:\d{4}\W*)?\Z", tail):
        return "chapter"  # pages without a volume, in something with a title
    return "journal" if _is_title_case(name) or has_volume else "other"


# --- the name of a venue --------------------------------------------------------------------------------------------

_EDITORS: Final = re.compile(
    r"\A[^()]{3,160}?\(?\b(?:eds?|editors?|hrsg|herausgeber|éds?|coord|a cura di)\b\.?\)?[,:.]*\s+", re.IGNORECASE
)
_CUT: Final = re.compile(
    rf"""
      ,?\s+(?:vol(?:ume|\.)|no\.|nr\.|pp?\.|pages?|S\.|Seiten|chapter|ch\.|kap\.|article|art\.|issue|part|ser\.)\s*[\dA-Z]
    | [,.;]?\s*\((?:pp?\.|vol|article|art\.|to\ appear|in\ press|forthcoming|accepted|{YEAR}\)|oral|spotlight
          |poster|long|short\ talk|best|acceptance)
    | [,.;]\s+(?:to\ appear|in\ press|forthcoming|accepted|under|submitted|doi|https?|best\ |oral|spotlight
          |with\ |edited\ )
    | [,.;:]?\s+\d{{1,4}}\s?(?:\(|:|,|[–-]|\.\s|\.\d)
    | [,.;]\s*\d
    | [,.;]\s+(?:{MONTH_WORD})\b
    | [;\n\t]
    | \s[|•·]\s
    """,
    re.VERBOSE | re.IGNORECASE,
)


def venue_name(rest: str) -> str:
    """The name of the venue in what follows a title, without editors, volume, pages, place and status.

    >>> venue_name("In Proceedings of the 9th Meeting on Maps (MAPS), Oslo, 2020, pp. 1-9.")
    'Proceedings of the 9th Meeting on Maps (MAPS)'
    >>> venue_name("IEEE Trans. Things, vol. 3, no. 2, 2019"), venue_name("arXiv preprint arXiv:2301.00001, 2023")
    ('IEEE Trans. Things', 'arXiv')
    """
    text = without_links(rest).strip(" \t\n.,;:–—-|•·")
    had_in = bool(_IN.match(text))
    text = _LEAD.sub("", text, count=1).strip()
    server = _PREPRINT_SERVER.match(text.lstrip("([ "))
    if server and _SERVER_ENTRY.match(text):
        return _SERVER_NAMES.get(server[0].lower(), server[0])
    editors = _EDITORS.match(text)
    if editors and (had_in or re.search(r"[A-Z]\.", editors[0])):
        text = text[editors.end() :]
    school = _school(text)
    if school:
        return school
    text = (
        re.sub(
            rf"\A\(?{YEAR}\)?[.,:;]?\s+(?=[A-Z])(?![A-Z][\w-]*\s+(?:Conference|International|Annual|IEEE|ACM))",
            "",
            text,
        )
        if not re.match(rf"{YEAR} (?:[A-Z]{{2,}}|[A-Z]\w+ (?:Conference|Workshop|Symposium|International))", text)
        else text
    )
    found = _CUT.search(text)
    name = text[: found.start()] if found else text
    if found and re.match(r"\.\s+\d", text[found.start() :]):
        name += "."  # `Lang. 8(2)`: an abbreviation, and no end of a sentence
    name = _up_to_the_place(name)
    name = re.sub(rf"[\s,(]*\b{YEAR}\)?\s*\Z", "", name).strip(" \t\n.,;:–—-“”\"'|*")
    if (
        not name
        or _PREPRINT_STATUS.fullmatch(name)
        or re.fullmatch(rf"(?:{YEAR}|{MONTH_WORD}|\W|\d)+", name, re.IGNORECASE)
    ):
        return ""
    status = _PREPRINT_STATUS.match(name)
    if status and len(name) < len(status[0]) + 25 and not _JOURNAL.search(name[status.end() :]):
        return ""
    name = name.strip()
    opened = name.count("(") - name.count(")")
    return (
        f"{name})"
        if opened == 1 and text[len(name) :].startswith(")")
        else name.rstrip("( ")
        if opened > 0 and name.endswith("(")
        else name
    )


def _school(text: str) -> str:
    """The school of a thesis."""
    if not _THESIS.search(text):
        return ""
    for part in re.split(r"[,.;()\[\]\n:]\s*", text):
        if set(words_of(part)) & UNIVERSITY_WORDS and not _THESIS.search(part):
            return re.sub(rf"\s*\b{YEAR}\b\s*", "", part).strip(" .,“”\"'")
    return ""


def _up_to_the_place(name: str) -> str:
    """The name up to the first comma or full stop outside brackets; a list inside it (`Speech, Sound, and X`) stays."""
    listed = re.match(r"[^,.()]+,\s[^,.()\d]+,\s(?:and|und|et|&)\s[^,.()\d]+", name)
    start = listed.end() if listed else 0
    depth = 0
    for position, char in enumerate(name):
        if char in "([":
            depth += 1
        elif char in ")]":
            depth = max(0, depth - 1)
        elif position < start or depth:
            continue
        elif char == ",":
            follower = name[position + 1 :].strip()
            if re.match(r"(?:and|&|und|et)\s", follower):
                continue
            return name[:position]
        elif char in ".?!" and (position + 1 == len(name) or name[position + 1].isspace()):
            word = re.search(r"[^\s,.]*\Z", name[:position])
            is_short = word is not None and re.fullmatch(r"[A-Z][a-z]{0,8}|[A-Z]", word[0]) is not None
            if char == "." and (
                ends_abbreviated(name, position) or (is_short and re.match(r"\s+[A-Z][a-z]*\.", name[position + 1 :]))
            ):
                continue
            return name[:position]
    return name
