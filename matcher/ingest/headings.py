"""Which column of a chair's sheet is which field, guessed from its title; a guess always says why it was made.

A title is compared in one plain spelling: small letters, no accents, no punctuation, without words such as "your",
"paper's" or "(optional)". Titles that are known word for word are sure. A title that only contains a telling word
("Please list recent publications") is a guess, and gives way to a sure one.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from matcher.errors import DataError, did_you_mean
from matcher.ingest.sheets import Sheet, SheetRow

__all__ = [
    "REVIEWER_SHEET",
    "SUBMISSION_SHEET",
    "ColumnGuess",
    "Columns",
    "SheetKind",
    "Wishes",
    "find_columns",
    "split_mapping",
]

_ROWS_SEARCHED: Final = 10
"""Rows from the top among which the header is looked for."""

_LONGEST_TITLE: Final = 150
"""Letters of the longest title that is searched for telling words; what is longer is content."""

ATTRIBUTE: Final = "attribute"
"""The field of a column that is known to be of no use here beyond being kept."""


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """What a column was taken for.

    Args:
        header: its title as written.
        field: the field; `None` for a title that says nothing, whose column is kept as an attribute.
        sure: whether the title is known word for word, or the user said so.
        why: the reason, in words.
        notice: what the chair must be told about the column; empty for most.
    """

    header: str
    field: str | None
    sure: bool
    why: str
    notice: str = ""


# --- what titles mean -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Heading:
    """The titles of one field, in plain spelling.

    Args:
        field: the field.
        titles: those known word for word, separated by `|`.
        lesser: titles that give way to the former.
        telling: a pattern that is searched for in other titles.
        unless: a pattern that must not be in such a title.
        repeats: whether several columns may hold the field; they are read as one.
    """

    field: str
    titles: str
    lesser: str = ""
    telling: str = ""
    unless: str = ""
    repeats: bool = False


_KEYWORDS: Final = (
    "keywords|keyword|key words|topics|topic|tags|areas|area|research interests|research interest|interests|interest"
    "|research areas|research area|subject areas|subject area|primary subject area|secondary subject areas"
    "|areas of expertise|area of expertise|areas of interest|area of interest|topics of interest|fields|field"
    "|research fields|research field|research topics|specialties|specialty|speciality"
    "|forschungsinteressen|forschungsgebiete|fachgebiete|schlagworte|schlagworter|stichworte|stichworter|themen|themengebiete"
    "|mots cles|themes|domaines|domaines de recherche|centres d interet|interets de recherche"
    "|palabras clave|temas|areas de interes|areas de investigacion|intereses|palavras chave|areas de interesse"
    "|parole chiave|argomenti|temi|aree di ricerca|trefwoorden|onderwerpen|ключевые слова"
    "|关键词|研究方向|研究领域|キーワード|研究分野|専門|키워드|연구분야"
)
_CONFLICTS: Final = (
    "conflicts|conflict|conflicts of interest|conflict of interest|coi|cois|conflicts with|conflict with"
    "|conflicted people|conflicting people|conflicting authors|conflicting institutions|conflict domains"
    "|domain conflicts|declared conflicts|interessenkonflikte|interessenkonflikt|befangenheit|conflits|conflit"
    "|conflits d interets|conflit d interets|conflictos|conflictos de interes|conflitos de interesse"
    "|conflitti di interesse|利益冲突|利益相反|이해충돌"
)
_TRACKS: Final = "track|tracks|track name|session|sektion|strand"
_ATTRIBUTES: Final = (
    "dblp|dblp url|dblp id|dblp page|dblp link|dblp profile|website|web site|web page|webpage|homepage|home page|url"
    "|personal website|personal page|web|orcid|google scholar|timestamp|created|last modified|country|zeitstempel|land"
)
_ORGANISATIONS: Final = (
    "affiliation|affiliations|organisation|organisations|organization|organizations|institution|institutions|institute"
    "|university|universities|company|employer|current affiliation|workplace|affiliation s|affiliation institution"
    "|institution company|university company|university organization|university institution|institution university"
    "|einrichtung|universitat|hochschule|firma|zugehorigkeit|arbeitgeber|etablissement|universite|organisme|entreprise"
    "|afiliacion|institucion|universidad|empresa|afiliacao|instituicao|universidade|affiliazione|istituzione"
    "|universita|ente|instelling|universiteit|организация|单位|机构|工作单位|所属|所属機関|소속"
)
_ADDRESSES: Final = (
    "email|emails|email s|email address|email addresses|mail|mail address|courriel|adresse email|adresse mail|mel"
    "|adresse electronique|mailadresse|email adresse|emailadresse|correo|correo electronico|posta elettronica"
    "|indirizzo email|почта|электронная почта|邮箱|电子邮件|电子邮箱|邮件|メール|メールアドレス|이메일"
)
_GIVEN: Final = (
    "first name|firstname|first names|given name|given names|givenname|given|forename|forenames|first"
    "|first and middle name|first and middle names|vorname|vornamen|prenom|prenoms|nombre de pila|nombres"
    "|primeiro nome|voornaam|имя|名"
)
_FAMILY: Final = (
    "last name|lastname|last names|family name|familyname|family names|surname|surnames|family|last|nachname"
    "|familienname|zuname|nom de famille|apellido|apellidos|cognome|sobrenome|achternaam|фамилия|姓"
)
_IDS: Final = "id|#|number|no|nr|num|n|nummer|numero|id #|id number|code|номер|编号|番号|번호"


@dataclass(frozen=True, slots=True)
class SheetKind:
    """What one of the two sheets holds.

    Args:
        name: as in messages and before the point of a `--map` field.
        headings: the fields, in the order in which they claim a title.
        wanted: sets of fields of which one must be there.
        wanted_words: the same in words.
        noise: words that say only whose field it is.
    """

    name: str
    headings: tuple[_Heading, ...]
    wanted: tuple[frozenset[str], ...]
    wanted_words: str
    noise: re.Pattern[str]

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of all fields."""
        return tuple(heading.field for heading in self.headings)

    def heading(self, field: str) -> _Heading | None:
        """The heading of a field; `None` for the columns of single authors."""
        return next((heading for heading in self.headings if heading.field == field), None)


_LOADS: Final = r"load|papers?|reviews?|submissions?|assign\w*|number|quota|gutachten|begutachtungen|einreichungen"

_LOAD_LIKE: Final = re.compile(
    r"\bmax(?:imum|imal\w*)?\b|\w*anzahl\b|\bnumber of\b|\bquotas?\b|\b(?!up|down)\w*load\b|\blimits?\b"
)
"""In the title of a column that is kept as it is: it may be a load that was not understood."""

REVIEWER_SHEET: Final = SheetKind(
    name="reviewers",
    headings=(
        _Heading(
            "conflicts",
            _CONFLICTS,
            telling=r"\bconflict\w*\b|\bcoi\b|\bdo not assign\b|\binteressenkonflikt\w*\b",
            repeats=True,
        ),
        _Heading(
            "max_load",
            "max load|maximum load|max|maximum|max papers|maximum papers|max number of papers|maximum number of papers"
            "|max reviews|maximum reviews|max number of reviews|maximum number of reviews|max submissions"
            "|maximum submissions|max assignments|quota|review quota|load|review load|reviewing load|capacity"
            "|number of reviews|number of papers|no of reviews|no of papers|reviews|hochstlast|maximale anzahl"
            "|max anzahl|max anzahl gutachten|max gutachten|maximale anzahl gutachten|maximale anzahl an gutachten"
            "|nombre max|nombre maximum|nombre maximal|charge maximale|carga maxima|carico massimo",
            lesser="anzahl gutachten",
            telling=rf"\bmax(?:imum|imal\w*)?\b.*\b(?:{_LOADS})\b|\bhow many\b.*\b(?:papers|reviews|submissions)\b"
            r"|\b(?:review\w*|paper) (?:load|quota|capacity)\b",
            unless=r"\bmin(?:imum)?\b|\bwritten\b|\bpublished\b",
        ),
        _Heading(
            "min_load",
            "min load|minimum load|min|minimum|min papers|minimum papers|min reviews|minimum reviews"
            "|min number of papers|minimum number of papers|min number of reviews|minimum number of reviews"
            "|min submissions|minimum submissions|min assignments|mindestlast|charge minimale|carga minima",
            telling=rf"\bmin(?:imum)?\b.*\b(?:{_LOADS})\b",
            unless=r"\bmax(?:imum)?\b",
        ),
        _Heading(
            "email",
            _ADDRESSES + "|contact|work email|preferred email|primary email|contact email|secondary email"
            "|other email|alternative email|private email|personal email",
            telling=r"\bemails?\b",
            unless=r"\b(?:assistant|secretary|chair|conflict\w*|recommended|suggested|refer\w+|sent|confirm\w*)\b",
            repeats=True,
        ),
        _Heading("given", _GIVEN),
        _Heading("middle", "middle name|middle names|middle initial|middle initials|middle|zweitname"),
        _Heading("family", _FAMILY),
        _Heading(
            "name",
            "name|full name|fullname|complete name|names|first and last name|name and surname|name surname"
            "|first name last name|first last name|given name and family name|display name|preferred name|member"
            "|committee member|person|expert|nom|nom complet|nom et prenom|nom prenom|nom prenoms|prenom et nom"
            "|prenom nom|vollstandiger name|vor und nachname|vorname und nachname|name vorname|vorname nachname|nombre"
            "|nombre completo|nombre y apellidos|nombre y apellido|nome|nome completo|nome e cognome|cognome e nome"
            "|nome cognome|cognome nome|naam|volledige naam|фио|姓名|名前|氏名|お名前|이름|성명",
            lesser="reviewer|reviewers|gutachter|gutachterin|gutachter in|gutachterinnen|gutachterinnen und gutachter"
            "|evaluateur|evaluatrice|evaluateurs|relecteur|relectrice|relecteurs",
            telling=r"\bname\b",
            unless=r"\b(?:first|last|given|family|middle|user|nick|file|login|sur|institut\w+|organi[sz]ation|company"
            r"|university|affiliation|department|paper|advisor|supervisor|conflict\w*|track|badge)\b",
        ),
        _Heading(
            "affiliation",
            _ORGANISATIONS,
            telling=r"\baffiliations?\b|\binstitution\b|\borgani[sz]ation\b|\bemployer\b",
            unless=r"\b(?:past|previous|former|conflict\w*|country|type|city|address|website)\b",
            repeats=True,
        ),
        _Heading(
            "abstracts",
            "abstracts|abstract|paper abstracts|publication abstracts|abstracts of papers|abstracts of publications",
            repeats=True,
        ),
        _Heading(
            "publications",
            "publications|publication|papers|paper|titles|paper titles|paper title|publication titles"
            "|titles of papers|titles of publications|publication list|list of publications|list of papers"
            "|recent publications|recent papers|selected publications|selected papers|representative publications"
            "|representative papers|relevant publications|relevant papers|key publications|own papers|past papers"
            "|articles|works|veroffentlichungen|publikationen|ausgewahlte publikationen|articulos|publicaciones"
            "|publicacoes|pubblicazioni|publicaties|публикации|论文|代表论文|发表论文|論文|業績|논문",
            telling=r"\bpublications?\b|\bpapers\b|\bpublikationen\b|\bpubblicazioni\b|\bpublicaciones\b",
            unless=r"\b(?:number|how many|count|willing|conflict\w*|co ?authors?|handle|reviewed|to review|assigned"
            r"|link|url)\b",
            repeats=True,
        ),
        _Heading(
            "keywords",
            _KEYWORDS,
            telling=r"\bkey ?words?\b|\btopics?\b|\bresearch (?:areas?|interests?|fields?)\b|\bareas? of\b"
            r"|\bexpert in\b|\bsubject areas?\b",
            repeats=True,
        ),
        _Heading(
            "statement",
            "bio|biography|short bio|short biography|about|about you|profile|research profile|statement"
            "|research statement|expertise|expertise statement|statement of expertise|research|research summary"
            "|research description|background|description|fachgebiet|fachkenntnisse|expertise de recherche"
            "|experiencia|competenze|简介|個人簡介|略歴",
            telling=r"\bexpertise\b|\bbio(?:graphy)?\b|\bresearch statement\b|\bdescribe your\b",
            repeats=True,
        ),
        _Heading("track", _TRACKS),
        _Heading(ATTRIBUTE, _ATTRIBUTES + "|" + _IDS + "|user id|member id|person #|openreview id", repeats=True),
    ),
    wanted=(frozenset(("name",)), frozenset(("given", "family"))),
    wanted_words="'Name', or 'First name' and 'Last name'",
    noise=re.compile(
        r"\b(?:your|my|the|reviewers?|referees?|members?|pc|committee|please|enter|give|list|provide|of the|s)\b"
    ),
)

_WHOSE: Final = "author names|author name|names of authors|names of the authors|authors names|authors full names"

SUBMISSION_SHEET: Final = SheetKind(
    name="submissions",
    headings=(
        _Heading("conflicts", _CONFLICTS + "|reviewer conflicts|conflicting reviewers", repeats=True),
        _Heading(
            "lead_email",
            "primary contact author email|contact author email|corresponding author email|contact email"
            "|corresponding email|email of corresponding author|email of contact author|submitter email"
            "|submitting author email|presenter email|lead author email|main author email",
            repeats=True,
        ),
        _Heading(
            "emails",
            "author emails|authors emails|author email|authors email|author email addresses|emails of authors"
            "|authors email addresses|author emails addresses|email addresses of authors",
            lesser=_ADDRESSES,
            telling=r"\bemails?\b",
            unless=r"\b(?:reviewer|chair|editor|sent|contact|corresponding|confirm\w*)\b",
        ),
        _Heading(
            "affiliations",
            "author affiliations|author affiliation|authors affiliations|author institutions|affiliations of authors"
            "|author organizations|author organisations|authors institutions",
            lesser=_ORGANISATIONS,
        ),
        _Heading(
            "lead_author",
            "primary contact author name|primary contact author|corresponding author|contact author|lead author"
            "|main author|submitting author|presenting author|presenter|speaker|submitter|submitted by"
            "|corresponding author name|contact author name|contact|vortragende|vortragender",
            lesser="name|full name|nom|nombre|nome|naam|姓名|氏名",
            repeats=True,
        ),
        _Heading("lead_given", _GIVEN),
        _Heading("lead_family", _FAMILY),
        _Heading(
            "more_authors",
            "co authors|coauthors|co author|coauthor|other authors|additional authors|further authors|weitere autoren"
            "|koautoren|coauteurs|coautores|coautori",
            repeats=True,
        ),
        _Heading(
            "authors",
            "authors|author|author s|author list|list of authors|authors list|all authors|authors and affiliations"
            "|authors affiliations|authors with affiliations|autoren|autor|autorinnen|autorinnen und autoren|verfasser"
            "|auteurs|auteur|auteur s|autores|autor es|autori|autore|авторы|автор|作者|著者|저자",
            lesser=_WHOSE,
            telling=r"\bauthors?\b|\bautoren\b|\bauteurs\b|\bautores\b|\bautori\b",
            unless=r"\b(?:number|how many|count|student|corresponding|contact|first|id|ids|country|countries|phone"
            r"|feedback|response|guidelines|orcid|bio\w*|conflict\w*|affiliations?|emails?|agree\w*|confirm\w*)\b",
        ),
        _Heading(
            "title",
            "title|titel|beitragstitel|titel des beitrags|titre|titulo|titolo"
            "|название|题目|标题|论文题目|题名|タイトル|題目|題名|論文題目|제목",
            lesser="einreichung|beitrag",
            telling=r"\btitle\b|\btitel\b",
            unless=r"\b(?:job|session|short|running|author|book|series|academic)\b",
        ),
        _Heading(
            "abstract",
            "abstract|summary|extended abstract|zusammenfassung|kurzfassung|resume|resumen|resumo|riassunto|sommario"
            "|samenvatting|аннотация|摘要|要旨|概要|抄録|초록",
            telling=r"\babstract\b",
            unless=r"\b(?:id|number|words|length|deadline|registered)\b",
        ),
        _Heading(
            "keywords",
            _KEYWORDS + "|fachgebiet",
            telling=r"\bkey ?words?\b|\btopics?\b|\bsubject areas?\b",
            repeats=True,
        ),
        _Heading("id", _IDS, telling=r"\bid\b", unless=r"\b(?:author|user|reviewer|orcid|track|original|session)\b"),
        _Heading("track", _TRACKS, telling=r"\btrack\b"),
        _Heading(
            "reviews_wanted",
            "reviews wanted|reviews needed|reviews required|number of reviews|number of reviewers|reviewers wanted"
            "|reviewers needed|reviewers required|required reviews|wanted reviews|no of reviews|num reviews"
            "|reviews per paper|anzahl gutachten",
        ),
        _Heading(ATTRIBUTE, _ATTRIBUTES + "|status|decision|files|pdf|assigned|completed|bids|domains", repeats=True),
    ),
    wanted=(frozenset(("title",)),),
    wanted_words="'Title'",
    noise=re.compile(
        r"\b(?:your|the|papers?|submissions?|manuscripts?|talks?|articles?|contributions?|proposals?|posters?|please"
        r"|enter|give|list the|provide|s)\b"
    ),
)

_ORDINALS: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6}
_AUTHOR_WORD: Final = r"(?:co ?)?(?:authors?|autor|auteur|autore|作者|著者|저자)"
_AUTHOR_PART: Final = (
    r"(?P<part>first name|firstname|given name|vorname|prenom|last name|lastname|family name|surname|nachname|nom"
    r"|name|full name|email|email address|mail|affiliation|organi[sz]ation|institution|institute|university)?"
)
_NUMBERED_AUTHOR: Final = re.compile(rf"{_AUTHOR_WORD} ?(?P<number>\d{{1,2}})(?:st|nd|rd|th)? ?{_AUTHOR_PART}")
_AUTHOR_NUMBERED: Final = re.compile(rf"(?P<number>\d{{1,2}}) ?(?:st|nd|rd|th)? {_AUTHOR_WORD} ?{_AUTHOR_PART}")
_PART_NUMBERED: Final = re.compile(rf"{_AUTHOR_WORD} {_AUTHOR_PART} ?(?P<number>\d{{1,2}})")
_ORDINAL_AUTHOR: Final = re.compile(rf"(?P<ordinal>{'|'.join(_ORDINALS)}) author ?{_AUTHOR_PART}")
_PARTS: Final = {
    "given": "first name|firstname|given name|vorname|prenom",
    "family": "last name|lastname|family name|surname|nachname|nom",
    "email": "email|email address|mail",
    "affiliation": "affiliation|organisation|organization|institution|institute|university",
}
_FIELD_OF_PART: Final = {word: field for field, words in _PARTS.items() for word in words.split("|")}


def _author_column(title: str) -> str | None:
    """`author[2].email` for "Author 2 e-mail" and the like."""
    for pattern in (_NUMBERED_AUTHOR, _AUTHOR_NUMBERED, _PART_NUMBERED, _ORDINAL_AUTHOR):
        found = pattern.fullmatch(title)
        if found:
            ordinal = found.groupdict().get("ordinal")
            number = _ORDINALS[ordinal] if ordinal else int(found["number"])
            return f"author[{number}].{_FIELD_OF_PART.get(found['part'] or '', 'name')}"
    return None


# --- from a title to a field ----------------------------------------------------------------------------------------


def plain_title(header: str) -> str:
    """A title in the one spelling in which titles are compared.

    >>> plain_title("Your E-Mail:"), plain_title("Prénom")
    ('your email', 'prenom')
    """
    text = unicodedata.normalize("NFKD", header).casefold().replace("№", "no").replace("&", " and ")
    text = unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", text))
    text = " ".join(re.sub(r"[^\w#]|_", " ", text).split())
    return re.sub(r"\be mail", "email", text)


def _spellings(header: str, kind: SheetKind) -> tuple[str, ...]:
    """The title, and the title without remarks in brackets, a question's number, and words of no weight."""
    bare = re.sub(r"\([^()]*\)|\[[^\[\]]*\]", " ", header)
    found = [plain_title(header), plain_title(bare)]
    found.append(re.sub(r"^q?\d{1,2} (?=\D)", "", found[-1]))
    found.append(" ".join(kind.noise.sub(" ", found[-1]).split()))
    return tuple(dict.fromkeys(spelling for spelling in found if spelling))


_TOLD: Final = -1
"""Rank of a match that the user made."""

_GUESSED: Final = 2
"""Rank of a match that rests on a telling word alone; ranks below it are sure."""


@dataclass(frozen=True, slots=True)
class _Match:
    """A field that a title may mean; a lower rank is better."""

    field: str
    rank: int
    why: str


@functools.cache
def _split(titles: str) -> frozenset[str]:
    return frozenset(titles.split("|"))


def _match(header: str, kind: SheetKind) -> _Match | None:
    """The field that a title means, judged on its own."""
    spellings = _spellings(header, kind)
    for rank, attribute in enumerate(("titles", "lesser")):
        for spelling in spellings:
            for heading in kind.headings:
                known = _split(getattr(heading, attribute))
                if spelling in known or (heading.repeats and re.sub(r" ?\d{1,2}$", "", spelling) in known):
                    return _Match(heading.field, rank, "a title known for it")
            author = _author_column(spelling) if kind is SUBMISSION_SHEET and rank == 0 else None
            if author:
                return _Match(author, rank, "one column for each author")
    if len(header) <= _LONGEST_TITLE:
        for heading in kind.headings:
            found = re.search(heading.telling, spellings[0]) if heading.telling and spellings else None
            if found and not (heading.unless and re.search(heading.unless, spellings[0])):
                return _Match(heading.field, _GUESSED, f"the title contains '{found[0]}'")
    return None


# --- mapping by hand ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wishes:
    """The user's own titles for one sheet.

    Args:
        titles: column titles by field.
        optional: fields of both sheets, for which the column need not be in this one.
    """

    titles: Mapping[str, str]
    optional: frozenset[str] = frozenset()


def split_mapping(mapping: Mapping[str, str]) -> tuple[Wishes, Wishes]:
    """The user's own `field=Column title`, for the sheet of reviewers and for that of submissions.

    Args:
        mapping: column titles by field; a field that both sheets have may be written `reviewers.keywords`.

    Raises:
        DataError: no sheet has such a field.
    """
    kinds = (REVIEWER_SHEET, SUBMISSION_SHEET)
    known = sorted({field for kind in kinds for field in kind.fields} - {ATTRIBUTE})
    titles: dict[str, dict[str, str]] = {kind.name: {} for kind in kinds}
    shared: set[str] = set()
    for key, title in mapping.items():
        sheet, _, field = key.rpartition(".")
        meant = [kind for kind in kinds if field in known and field in kind.fields and sheet in ("", kind.name)]
        if not meant:
            raise DataError(
                f"--map knows no field '{key}'{did_you_mean(field, known)}",
                field=key,
                remedy=f"known are {', '.join(known)}; write reviewers. or submissions. before one that both have",
            )
        if len(meant) > 1:
            shared.add(field)
        for kind in meant:
            titles[kind.name][field] = title
    return Wishes(titles["reviewers"], frozenset(shared)), Wishes(titles["submissions"], frozenset(shared))


# --- the header of a sheet ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Columns:
    """A sheet whose columns are known.

    Args:
        kind: what the sheet holds.
        sheet: the sheet.
        header: its header row.
        guesses: one for each column with a title.
        fields: zero-based columns by field.
        told: the fields whose column the user named.
        attributes: names of the columns that are kept as they are.
        rows: what stands below the header.
    """

    kind: SheetKind
    sheet: Sheet
    header: SheetRow
    guesses: tuple[ColumnGuess, ...]
    fields: Mapping[str, tuple[int, ...]]
    told: frozenset[str]
    attributes: Mapping[int, str]
    rows: tuple[SheetRow, ...]

    @property
    def notices(self) -> tuple[str, ...]:
        """What the chair must be told about the columns."""
        return tuple(guess.notice for guess in self.guesses if guess.notice)


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well a row of a sheet serves as its header."""

    is_enough: bool
    weight: int
    sheet: Sheet
    row: SheetRow
    matches: tuple[_Match | None, ...]

    @property
    def key(self) -> tuple[bool, int]:
        return self.is_enough, self.weight


def _fit(sheet: Sheet, row: SheetRow, kind: SheetKind, wishes: Wishes) -> _Fit:
    titles = {plain_title(title): field for field, title in wishes.titles.items()}
    matches = tuple(
        _Match(titles[plain_title(cell)], _TOLD, "you said so (--map)")
        if cell and plain_title(cell) in titles
        else (_match(cell, kind) if cell else None)
        for cell in row.cells
    )
    best: dict[str, int] = {}
    for match in matches:
        if match is not None:
            best[match.field] = min(match.rank, best.get(match.field, _GUESSED))
    is_enough = any(wanted <= best.keys() for wanted in kind.wanted)
    return _Fit(is_enough, sum(1 + (rank < _GUESSED) for rank in best.values()), sheet, row, matches)


def _best_fit(sheets: Sequence[Sheet], kind: SheetKind, wishes: Wishes) -> tuple[_Fit | None, tuple[Sheet, ...]]:
    """The best header among the first rows of all sheets, the first of equals; and other sheets that would do."""
    best_of: dict[int, _Fit] = {}
    for position, sheet in enumerate(sheets):
        fits = [_fit(sheet, row, kind, wishes) for row in sheet.rows if row.number <= _ROWS_SEARCHED]
        if fits:
            best_of[position] = max(fits, key=lambda fit: fit.key)
    if not best_of:
        return None, ()
    chosen = max(best_of, key=lambda position: best_of[position].key)
    others = tuple(
        sheets[position]
        for position, fit in best_of.items()
        if position != chosen and fit.is_enough and not sheets[position].is_text
    )
    return best_of[chosen], others


def find_columns(sheets: Sequence[Sheet], kind: SheetKind, wishes: Wishes) -> tuple[Columns, tuple[Sheet, ...]]:
    """Choose the sheet and the header row that fit best, and say what each column is.

    Args:
        sheets: every way in which the file can be read.
        kind: what it should hold.
        wishes: the user's own titles.

    Returns:
        The columns, and other sheets of the workbook that would have done too.

    Raises:
        DataError: there is no header, a field that is needed has no column, or two columns claim one field.
    """
    best, others = _best_fit(sheets, kind, wishes)
    label = sheets[0].label if best is None else best.sheet.label
    if best is None:
        raise DataError("the sheet is empty", file=label, remedy=f"a header with {kind.wanted_words} is wanted")
    titles = ", ".join(f"'{cell}'" for cell in best.row.cells if cell) or "none"
    if best.sheet.fault is not None and best.weight == 0:
        raise best.sheet.fault
    if best.weight == 0:
        raise DataError(
            f"no header is found in the first {_ROWS_SEARCHED} rows; the fullest reads {titles}",
            file=label,
            remedy=f"give each column a title, such as {kind.wanted_words}" + _swapped(sheets, kind),
        )
    row = best.row.number
    told = frozenset(match.field for match in best.matches if match is not None and match.rank == _TOLD)
    for field, title in wishes.titles.items():
        if field not in told and field not in wishes.optional:
            raise DataError(
                f"there is no column '{title}'; the columns found are {titles}",
                file=label,
                line=row,
                field=field,
                remedy="copy the title from the sheet",
            )
    fields = _chosen(best, kind, label, titles)
    if not any(wanted <= fields.keys() for wanted in kind.wanted):
        first = min(kind.wanted[0])
        raise DataError(
            f"no column holds the {first} of the {kind.name}; the columns found are {titles}; wanted is "
            f"{kind.wanted_words}",
            file=label,
            line=row,
            field=first,
            remedy=f'say which it is with --map "{first}=Column title"' + _swapped(sheets, kind),
        )
    if best.sheet.fault is not None:
        raise best.sheet.fault
    return _columns(best, kind, fields, told), others


def _swapped(sheets: Sequence[Sheet], kind: SheetKind) -> str:
    """A hint where the file is the other of the two."""
    other = SUBMISSION_SHEET if kind is REVIEWER_SHEET else REVIEWER_SHEET
    fit, _ = _best_fit(sheets, other, Wishes({}))
    return f"; it looks like the {other.name}: are the two files in the wrong order?" if fit and fit.is_enough else ""


def _chosen(fit: _Fit, kind: SheetKind, label: str, titles: str) -> dict[str, tuple[int, ...]]:
    """The columns of each field; of several for one field the best, or all where the field may have several."""
    claims: dict[str, list[tuple[int, int]]] = {}
    for column, match in enumerate(fit.matches):
        if match is not None and match.field != ATTRIBUTE:
            claims.setdefault(match.field, []).append((match.rank, column))
    chosen: dict[str, tuple[int, ...]] = {}
    for field, ranked in claims.items():
        rank = min(ranked)[0]
        heading = kind.heading(field)
        if heading is not None and heading.repeats and rank != _TOLD:
            # A conflict that is missed costs more than a column too many.
            worst = _GUESSED if rank == _GUESSED or field == "conflicts" else _GUESSED - 1
            chosen[field] = tuple(column for of, column in ranked if of <= worst)
            continue
        equal = tuple(column for of, column in ranked if of == rank)
        if len(equal) > 1:
            named = " and ".join(f"'{fit.row.cells[column]}'" for column in equal)
            raise DataError(
                f"{len(equal)} columns could be it: {named}; the columns found are {titles}",
                file=label,
                line=fit.row.number,
                field=field,
                remedy=f'say which with --map "{field}={fit.row.cells[equal[0]]}", or give the other another title',
            )
        chosen[field] = equal
    return chosen


def _load_doubt(header: str, kind: SheetKind) -> str:
    """A warning where a column that is not read looks like a load; a load that is missed overloads somebody."""
    if kind.heading("max_load") is None or len(header) > _LONGEST_TITLE or not _LOAD_LIKE.search(plain_title(header)):
        return ""
    name = " ".join(header.split())
    return f"column '{name}' looks like a load and was not taken for one: --map \"max_load={name}\""


def _columns(fit: _Fit, kind: SheetKind, fields: Mapping[str, tuple[int, ...]], told: frozenset[str]) -> Columns:
    field_of = {column: field for field, columns in fields.items() for column in columns}
    guesses = []
    attributes: dict[int, str] = {}
    for column, (header, match) in enumerate(zip(fit.row.cells, fit.matches, strict=True)):
        if not header:
            continue
        if match is not None and column in field_of:
            guesses.append(ColumnGuess(header, match.field, match.rank < _GUESSED, match.why))
            continue
        name = " ".join(header.split())
        attributes[column] = name if name not in attributes.values() else f"{name} ({column + 1})"
        doubt = "" if "max_load" in told else _load_doubt(header, kind)
        if doubt:
            guesses.append(ColumnGuess(header, None, sure=False, why=doubt, notice=doubt))
        elif match is None:
            guesses.append(ColumnGuess(header, None, sure=False, why="no field has such a title; kept as it is"))
        elif match.field == ATTRIBUTE:
            guesses.append(ColumnGuess(header, ATTRIBUTE, sure=True, why="kept as it is"))
        else:
            why = f"another column serves better as {match.field}; kept as it is"
            guesses.append(ColumnGuess(header, None, sure=False, why=why))
    rows = tuple(row for row in fit.sheet.rows if row.number > fit.row.number)
    return Columns(kind, fit.sheet, fit.row, tuple(guesses), fields, told, attributes, rows)
