"""Which institutions two people share, and when.

An institution is known by its registered domain (`cs.tau.ac.il` and `tau.ac.il` are one, `hust.edu.cn` and
`hust.edu.vn` are two) or by its name as written. Registered domains come from the public suffix list that tldextract
bundles; nothing is ever fetched. What belongs to no employer is no institution: addresses of mail providers and of
societies, and words such as "independent". `institution_aliases.toml` joins names and domains of well-known
institutions, also where a department, a city or a short form stands beside them; other names are compared as written.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from matcher.records import Affiliation, PartialDate

__all__ = [
    "FREE_MAIL",
    "FREE_MAIL_BRANDS",
    "PLACEHOLDERS",
    "PLACEHOLDER_DOMAINS",
    "Stay",
    "aliases",
    "institution_domain",
    "institution_name",
    "registered_domain",
    "stays",
    "stays_at_addresses",
    "were_there",
    "were_there_together",
]

_MAIL_PROVIDERS: Final = {
    "world": """
        aim.com aol.com fastmail.com fastmail.fm gmail.com googlemail.com hey.com hushmail.com icloud.com inbox.com
        mac.com mail.com mailbox.org me.com msn.com pm.me posteo.de posteo.net proton.me protonmail.ch protonmail.com
        rocketmail.com tuta.io tutanota.com tutanota.de ymail.com zoho.com
    """,
    "Asia": """
        126.com 139.com 163.com 188.com 189.cn 21cn.com aliyun.com foxmail.com qq.com sina.cn sina.com sina.com.cn
        sohu.com tom.com yeah.net docomo.ne.jp ezweb.ne.jp nifty.com softbank.ne.jp daum.net hanmail.net kakao.com
        nate.com naver.com rediffmail.com
    """,
    "Russia and its neighbours": """
        bk.ru inbox.ru internet.ru list.ru mail.ru rambler.ru ukr.net ya.ru yandex.com yandex.ru
    """,
    "Europe": """
        abv.bg bluewin.ch btinternet.com centrum.cz email.cz free.fr freenet.de interia.pl laposte.net libero.it o2.pl
        onet.pl orange.fr seznam.cz sfr.fr t-online.de telenet.be tiscali.it virgilio.it wanadoo.fr web.de wp.pl
    """,
    "the Americas and Oceania": """
        att.net bellsouth.net bigpond.com bol.com.br comcast.net cox.net sbcglobal.net shaw.ca terra.com.br uol.com.br
        verizon.net xtra.co.nz
    """,
    "societies that forward mail for their members, wherever these work": """
        acm.org computer.org ieee.org usenix.org
    """,
}

FREE_MAIL: Final = frozenset(domain for domains in _MAIL_PROVIDERS.values() for domain in domains.split())
"""Domains whose addresses anybody can have: they say nothing about where a person works."""

FREE_MAIL_BRANDS: Final = frozenset(("gmx", "hotmail", "live", "outlook", "yahoo"))
"""Mail providers with a domain per country (`yahoo.co.jp`, `gmx.at`): free under every public suffix."""

PLACEHOLDER_DOMAINS: Final = frozenset(("example.com", "example.net", "example.org"))
"""Domains reserved for examples (RFC 2606); forms are filled in with them."""

PLACEHOLDERS: Final = frozenset(
    (
        "academia",
        "anonymous",
        "company",
        "consultant",
        "freelance",
        "freelance researcher",
        "freelancer",
        "home",
        "independent",
        "independent consultant",
        "independent research",
        "independent researcher",
        "independent researchers",
        "independent scholar",
        "independent scientist",
        "individual",
        "industry",
        "n a",
        "na",
        "nil",
        "no affiliation",
        "no institution",
        "none",
        "not affiliated",
        "not applicable",
        "not available",
        "null",
        "other",
        "personal",
        "private",
        "private person",
        "retired",
        "self",
        "self employed",
        "selfemployed",
        "student",
        "tba",
        "tbd",
        "unaffiliated",
        "unemployed",
        "university",
        "unknown",
    )
)
"""Normalised words that stand where an organisation should, but are none."""

_LETTERS: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
"""Letters that are no letter with an accent for Unicode, but are written as one where they cannot be typed."""

_INVISIBLE_HOSTS: Final = frozenset(("invalid", "local", "localhost"))
_ADDRESS_OF_A_MACHINE: Final = re.compile(r"[\d.]+|.*:.*:.*")


@cache
def _extractor() -> Callable[[str], tuple[str, str]]:
    """Split a host into its registrable label and its public suffix, with the bundled list only."""
    import tldextract  # slow to import, and needed only where institutions are compared

    extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    def split(host: str) -> tuple[str, str]:
        found = extract(host)
        return found.domain, found.suffix

    return split


@lru_cache(maxsize=1 << 16)
def registered_domain(domain: str) -> str | None:
    """The domain that an institution registered, or `None` where there is none.

    A suffix that the public suffix list does not know counts as a suffix of one label, as that list prescribes.

    Args:
        domain: a domain, an address or a URL, in any case.

    >>> registered_domain("cs.tau.ac.il"), registered_domain("Hust.edu.VN"), registered_domain("ac.il")
    ('tau.ac.il', 'hust.edu.vn', None)
    """
    host = domain.strip().casefold().rpartition("://")[2].partition("/")[0].rpartition("@")[2].strip(".")
    labels = host.split(".")
    if not all(labels) or labels[-1] in _INVISIBLE_HOSTS or _ADDRESS_OF_A_MACHINE.fullmatch(host):
        return None
    label, suffix = _extractor()(host)
    if suffix:
        return f"{label}.{suffix}" if label else None
    return ".".join(labels[-2:]) if len(labels) > 1 else None


def institution_domain(domain: str | None) -> str | None:
    """The registered domain of an institution; `None` for mail providers, placeholders and what is no domain.

    >>> institution_domain("cs.uni.example"), institution_domain("yahoo.co.jp"), institution_domain("gmail.com")
    ('uni.example', None, None)
    """
    registered = registered_domain(domain) if domain else None
    if registered is None or registered in FREE_MAIL or registered in PLACEHOLDER_DOMAINS:
        return None
    return None if registered.partition(".")[0] in FREE_MAIL_BRANDS else registered


@lru_cache(maxsize=1 << 16)
def institution_name(organisation: str) -> str | None:
    """One spelling for an organisation's name: no case, accents, punctuation or leading article.

    Returns:
        The spelling, or `None` for a placeholder or nothing.

    >>> institution_name("The Université de Montréal"), institution_name("N/A"), institution_name("Self-employed")
    ('universite de montreal', None, None)
    """
    text = unicodedata.normalize("NFKD", organisation).casefold().replace("&", " and ").translate(_LETTERS)
    text = "".join(letter for letter in text if not "\u0300" <= letter <= "\u036f")
    words = re.sub(r"[^\w]|_", " ", unicodedata.normalize("NFC", text)).split()
    if words[:1] == ["the"]:
        del words[0]
    name = " ".join(words)
    return name if name and name not in PLACEHOLDERS else None


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody at an institution, and when.

    Args:
        keys: what the institution is known by: a registered domain, a normalised name, or both.
        label: the institution as it was written, for people.
        start: first date known; `None` is open.
        end: last date known; `None` is open.
    """

    keys: tuple[str, ...]
    label: str
    start: PartialDate | None = None
    end: PartialDate | None = None

    @property
    def span(self) -> str:
        """The time in words."""
        if self.start is None:
            return "now" if self.end is None else f"until {self.end}"
        return f"since {self.start}" if self.end is None else f"{self.start} to {self.end}"


@cache
def aliases() -> dict[str, str]:
    """The institution of each name and domain in `institution_aliases.toml`, by `name:…` or `domain:…`.

    >>> aliases()["domain:deepmind.com"] == aliases()["name:google research"]
    True
    """
    text = files("matcher").joinpath("institution_aliases.toml").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for group in tomllib.loads(text)["institution"]:
        key = f"institution:{group['name']}"
        found.update({f"name:{name}": key for name in (institution_name(group["name"]), *group["names"])})
        found.update({f"domain:{domain}": key for domain in group["domains"]})
    return found


_SEPARATORS: Final = re.compile(r"\s*[,;/|()\[\]\n]\s*|\s+[-–—]\s+")
_SHORT_FORM: Final = re.compile(r"\s*[(\[](?=[^)\]]*[A-Z][^)\]]*[A-Z])[A-Za-z&-]{2,10}[)\]]")
"""An acronym in brackets, such as (MIT) or (UFoo); a place in brackets has one capital only."""

_NOBODY: Final = ("freelance", "independent", "no affiliation", "not affiliated", "retired", "self", "unaffiliated")
"""A placeholder that begins like this names no employer, whatever city follows it."""


@lru_cache(maxsize=1 << 16)
def _known_by(organisation: str) -> tuple[str, ...]:
    """What an organisation's name is known by: well-known institutions in it, else the name as written.

    Of "Dept. of EECS, University of California, Berkeley" every run of parts is tried, the longest first.
    """
    written = _SEPARATORS.split(organisation)
    parts = [name for part in written if (name := institution_name(part))]
    whole = institution_name(_SHORT_FORM.sub("", organisation))
    is_nobody = institution_name(written[0]) is None and written[0].strip().casefold().startswith(_NOBODY)
    if whole is None or is_nobody:
        return ()
    if f"name:{whole}" in aliases():
        return (aliases()[f"name:{whole}"],)
    found: dict[str, None] = {}
    taken: set[int] = set()
    for length in range(len(parts), 0, -1):
        for start in range(len(parts) - length + 1):
            places = range(start, start + length)
            key = aliases().get(f"name:{' '.join(parts[start : start + length])}")
            if key is not None and taken.isdisjoint(places):
                found[key] = None
                taken.update(places)
    return tuple(found) or (f"name:{whole}",)


def _keys(affiliation: Affiliation, domain: str | None, level: str) -> tuple[str, ...]:
    """What an institution is known by; on the level of units a host below the registered domain stands for itself."""
    host = (affiliation.domain or "").strip().casefold()
    if level == "unit" and domain is not None and host.endswith(f".{domain}"):
        return (f"unit:{host}",)
    at = () if domain is None else (aliases().get(f"domain:{domain}", f"domain:{domain}"),)
    return tuple(dict.fromkeys((*_known_by(affiliation.organisation), *at)))


def stays(affiliations: Iterable[Affiliation], *, level: str = "institution") -> tuple[Stay, ...]:
    """The affiliations that are institutions, in the order given, each once.

    Args:
        affiliations: as the source has them.
        level: `institution`, or `unit` to keep hosts below one registered domain apart.
    """
    found: dict[Stay, None] = {}
    for affiliation in affiliations:
        domain = institution_domain(affiliation.domain)
        keys = _keys(affiliation, domain, level)
        if keys:
            label = affiliation.organisation.strip() if _known_by(affiliation.organisation) else domain
            found[Stay(keys, label or "", affiliation.start, affiliation.end)] = None
    return tuple(found)


def stays_at_addresses(emails: Iterable[str], *, level: str = "institution") -> tuple[Stay, ...]:
    """The institutions of some e-mail addresses, taken as current; see `stays`."""
    return stays((Affiliation(domain=email.rpartition("@")[2]) for email in emails), level=level)


def were_there(stay: Stay, first: date, last: date) -> tuple[bool, bool]:
    """Whether a stay has a day in a span of time: surely, and possibly.

    Args:
        stay: a stay, perhaps with partial dates.
        first: first day of the span.
        last: last day of the span, not before the first.

    >>> were_there(Stay((), "", end=PartialDate(2021)), date(2021, 6, 1), date(2021, 6, 1))
    (False, True)
    """
    sure = (stay.end is None or stay.end.first_day() >= first) and (stay.start is None or stay.start.last_day() <= last)
    possible = (stay.end is None or stay.end.last_day() >= first) and (
        stay.start is None or stay.start.first_day() <= last
    )
    return sure, possible


def were_there_together(one: Stay, other: Stay) -> tuple[bool, bool]:
    """Whether two stays share a day: surely, and possibly.

    Three spans of time share a day exactly when each two of them do, so "together within a window" is this and
    `were_there` of both.
    """
    sure = possible = True
    for earlier, later in ((one, other), (other, one)):
        if earlier.start is not None and later.end is not None:
            sure = sure and earlier.start.last_day() <= later.end.first_day()
            possible = possible and earlier.start.first_day() <= later.end.last_day()
    return sure, possible
