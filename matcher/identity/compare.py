"""How two names compare: one kind of likeness for each pair, from equal to nothing in common.

A kind says in which way two spellings differ, not whether they are one person's: that depends on how rare the name is
and on all else that is known (`matcher.identity.model`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Final, Literal, TypeAlias

from matcher.identity.names import PARTICLES, Spelling

__all__ = ["KINDS", "Kind", "Likeness", "compare_names", "edit_distance", "nicknames_of", "plain_letters", "sound_of"]

Kind: TypeAlias = Literal[
    "identical",
    "spacing",
    "letters",
    "order",
    "middle_initial",
    "middle",
    "initials",
    "nickname",
    "short_form",
    "typo",
    "extra",
    "given",
    "family",
    "contradiction",
    "none",
]

KINDS: Final[Mapping[Kind, str]] = {
    "identical": "the same full name",
    "spacing": "the same name but for blanks or hyphens",
    "letters": "the same name in other letters",
    "order": "the same parts in another order",
    "middle_initial": "the same name but for a middle initial",
    "middle": "the same name but for a middle name",
    "initials": "the same family name and a fitting initial",
    "nickname": "the same family name and a nickname of the given name",
    "short_form": "the same family name and a given name that begins like the other",
    "typo": "names that differ by one or two letters",
    "extra": "a name with a part more",
    "given": "the same family name and another given name",
    "family": "the same given name and another family name",
    "contradiction": "names that contradict each other",
    "none": "names without likeness",
}
"""Every kind, with its meaning in words; nearer ones first."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How two names compare.

    Args:
        kind: one of `KINDS`.
        distance: letters to change, for `typo`; further initials that fit, for `initials`; else 0.
        differing: the two parts that tell the names apart, where one part on each side does; else `None`.
        shared: the family or given name that both have, for `given` and `family`; else empty.
    """

    kind: Kind
    distance: int = 0
    differing: tuple[str, str] | None = None
    shared: str = ""


_CYRILLIC: Final = dict(zip("абвгдезийклмнопрстуфыэіґ", "abvgdeziiklmnoprstufyeig", strict=True)) | {
    "ж": "zh",
    "х": "kh",
    "ц": "ts",
    "ч": "ch",
    "ш": "sh",
    "щ": "shch",
    "ъ": "",
    "ь": "",
    "ю": "yu",
    "я": "ya",
    "є": "ye",
    "ђ": "dj",
    "ј": "j",
    "љ": "lj",
    "њ": "nj",
    "ћ": "c",
    "џ": "dz",
}
_GREEK: Final = dict(zip("αβγδεζηικλμνξοπρσςτυω", "avgdeziiklmnxoprsstyo", strict=True)) | {
    "θ": "th",
    "φ": "f",
    "χ": "ch",
    "ψ": "ps",
}
_TO_LATIN: Final = str.maketrans(_CYRILLIC | _GREEK)
_LOOKS_LATIN: Final = str.maketrans("асеорхуіјѕԁɡһӏкмтвнαορνικτυ", "aceopxyijsdghlkmtbhaopviktu")
"""Letters of other scripts that look like a Latin one. They count as that one only inside an otherwise Latin part."""

_LATIN: Final = re.compile("[a-z]")
_DIGRAPHS: Final = (
    ("sch", "s"),
    ("ae", "a"),
    ("oe", "o"),
    ("ue", "u"),
    ("kh", "h"),
    ("ch", "h"),
    ("ya", "ia"),
    ("yu", "iu"),
    ("y", "i"),
    ("j", "i"),
    ("w", "v"),
    ("ts", "c"),
    ("sz", "s"),
    ("aa", "a"),
    ("ii", "i"),
    ("ss", "s"),
    ("nn", "n"),
)
_SHORTEST_SOUND: Final = 5
"""Letters from which on a part is compared by its sound: "Xu" and "Xue" are two names, "Muller" and "Mueller" are not.
"""
"""Ways to write one sound; both spellings are brought to the second before they are compared."""


@lru_cache(maxsize=200_000)
def plain_letters(part: str) -> str:
    """A part of a normalised name in Latin letters: look-alikes read as Latin, Cyrillic and Greek transliterated.

    >>> plain_letters("андреи"), plain_letters("pаul"), plain_letters("muller")
    ('andrei', 'paul', 'muller')
    """
    if part.isascii():
        return part
    if _LATIN.search(part):
        part = part.translate(_LOOKS_LATIN)
    text = unicodedata.normalize("NFKD", part.translate(_TO_LATIN))
    return "".join(letter for letter in text if not unicodedata.combining(letter))


@lru_cache(maxsize=200_000)
def sound_of(text: str) -> str:
    """A part of a name as it sounds, where one sound is written in several ways; short parts stay as they are."""
    text = plain_letters(text)
    if len(text) < _SHORTEST_SOUND:
        return text
    for written, read in _DIGRAPHS:
        text = text.replace(written, read)
    return text


def edit_distance(one: str, other: str, limit: int = 2) -> int:
    """Letters to insert, leave out, change or exchange with their neighbour; `limit` + 1 when there are more.

    Source: the restricted distance of Damerau (Communications of the ACM 7(3), 1964), cut off at the limit.

    >>> edit_distance("zhaozhao", "zhaozhuo"), edit_distance("liu", "ilu"), edit_distance("wang", "brown")
    (1, 1, 3)
    """
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        now = [row]
        for column, another in enumerate(other, start=1):
            cost = min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != another))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == another:
                cost = min(cost, before[column - 2] + 1)
            now.append(cost)
        if min(now) > limit:
            return limit + 1
        before, last = last, now
    return min(last[-1], limit + 1)


_NICKNAMES: Final = """
abraham abe|albert al bert|alexander alex sandy sasha aleksandr alexandre alexandros alejandro|alexandra alex sandra
sasha|alfred al fred|alexey aleksey alexei aleksei alyosha|andrew andy drew andrei andrey andre andreas|anthony tony
antonio anton|arthur art|barbara barb|bartholomew bart|benjamin ben benny|bernard bernie|bradley brad|catherine cathy
kate katherine kathryn katie kathy katharina ekaterina katya|charles charlie chuck carl|christine chris christina
tina kristina|christopher chris christoph kris|cynthia cindy|daniel dan danny|david dave|deborah deb debbie|dennis
denny|dmitry dima dmitri dmitriy dimitri mitya|donald don|dorothy dot|douglas doug|edmund ed|edward ed eddie ted|
elizabeth liz beth betty lisa eliza elisabeth|emily em|eugene gene evgeny evgeniy|evelyn eve|francis frank fran
francesco francisco|frederick fred freddy friedrich|gabriel gabe|geoffrey geoff jeff jeffrey|george georg jorge
giorgio|gerald gerry jerry|gregory greg grigory|harold harry hal|heather heath|henry hank harry heinrich henri|herbert
herb|ignacio nacho|irene ira irina|isaac ike|jacob jake jakob|jacqueline jackie|james jim jimmy jamie|janet jan|
jennifer jen jenny|jeremy jerry|jessica jess|johannes hannes jan hans johan johann|john johnny jack jon jonathan
joan|joseph joe josef jose giuseppe pepe|joshua josh|judith judy|juergen jurgen|julian jules|katerina katya|kenneth
ken kenny|kimberly kim|kristopher kris|lawrence larry laurence lorenzo|leonard len leo|leonid leo|louis lou luis lewis
luigi|lucas luke lukas|magdalena lena magda|manuel manny manolo|margaret maggie meg peggy margarita rita greta|maria
mary marie mari masha|mark marc marco marcus markus|martin marty|matthew matt matthias mathieu mateo|maximilian max|
maxwell max|melissa mel|michael mike mick mikey mikhail michel miguel misha micha|mohammad mohammed muhammad mohamed
mohamad md mohd mehmet|nathan nate nathaniel|nicholas nick nicolas nikolaus niko nikolai nicola klaus|oliver ollie|
pamela pam|patricia pat patty tricia|patrick pat paddy|paul pavel pablo paolo|peter pete pedro piotr pyotr petr|
philip phil philipp philippe|raymond ray|rebecca becky becca|richard rick dick rich ricardo|robert bob rob bobby
robbie roberto bert|roger rodge|ronald ron ronnie|rudolf rudi|russell russ|samantha sam|samuel sam sammy|sandra
sandy|sebastian seb bastian|sergey serge sergei sergio sergiy serhii|sharon shari|simon si|stanley stan stanislav|
stephanie steph|stephen steve steven stefan stephan stephane stevie|susan sue susanne suzanne susie|suzanne sue|
terence terry|theodore ted theo teddy|theresa terry tess teresa|thomas tom tommy tomas|timothy tim timmy|tobias
toby|valentin val|valerie val|vasily vasiliy vasilis bill|veronica vera|victor vic viktor|victoria vicky vika|vincent
vince vinnie|vladimir vlad volodymyr vova|walter walt|wilhelm willi will|william bill will billy willy liam|yevgeny
evgeny zhenya|yury yuri yuriy iurii jurij|zachary zach zack|ivan vanya john|jan john johannes|youssef yusuf joseph
yousef youssouf|abdul abd|ahmed ahmad ahmet|hussein hossein husain hussain huseyin|ali aly|hassan hasan|ibrahim
ebrahim abraham|seyed sayed syed sayyed|reza riza|terrence terry terence|nathan nat nati|jonathan jon jonny yonatan|
russell russ|ruslan russ rus|joaquin quim|guillermo memo|enrique kike|jesus chus|rafael rafa|alejandro ale|eduardo edu|
fernando nando|santiago santi|javier xavi xavier|mercedes merche|dolores lola|concepcion concha|
konstantinos kostas kosta costas constantinos constantine dinos|emmanouil manolis manos emmanuel|
efstratios stratis|ioannis yannis yiannis giannis john|georgios george yorgos giorgos yiorgos|
dimitrios dimitris dimitri jim dimitra|athanasios thanasis thanos|panagiotis panos takis|nikolaos nikos nick|
vasileios vasilis vassilis bill|evangelos vangelis|aristeidis aris|theodoros thodoris theo|apostolos tolis|
charalampos haris charis babis|spyridon spyros|stylianos stelios|michail michalis|anastasios tasos|
eleftherios lefteris|alexandros alekos alex|konstantina dina|ekaterini katerina|stanislav stas slava|
viacheslav vyacheslav slava|yaroslav jaroslav slava|alexander sasha shura|aleksandr sasha|nikita nick|
anatoly anatoli tolya|anastasia nastya|natalia natasha natalya|tatiana tanya tatyana|olga olya|svetlana sveta|
lyudmila ludmila mila|ksenia xenia|daria dasha darya|maria mariya masha|pavel pasha|
konstantin kostya|yakov jacob yasha|lev leo|mahmoud mahmud mido|mustafa mostafa moustafa|abdullah abdallah|
khaled khalid|omar umar|osman usman othman|karim kareem|said saeed sayeed|yitzhak isaac itzik|yehuda judah|
moshe moses|shimon simon|shmuel samuel|yosef joseph yossi|yaakov jacob|eliyahu eli elias|avraham abraham avi|
"""


def _nicknames() -> dict[str, frozenset[str]]:
    """Per given name, the other names of every group that has it."""
    found: dict[str, set[str]] = {}
    for group in _NICKNAMES.replace("\n", " ").split("|"):
        names = group.split()
        for name in names:
            found.setdefault(name, set()).update(names)
    return {name: frozenset(others) for name, others in found.items()}


_NICKNAMES_OF: Final = _nicknames()


def nicknames_of(given: str) -> frozenset[str]:
    """Other forms of a normalised given name, sorted out by hand; none where the list does not have it."""
    return _NICKNAMES_OF.get(given, frozenset())


@lru_cache(maxsize=500_000)
def compare_names(one: Spelling, other: Spelling) -> Likeness:
    """In which way two names differ; both ways round the same.

    >>> compare_names(Spelling.of("Zhaozhao Xu"), Spelling.of("Zhaozhuo Xu"))
    Likeness(kind='typo', distance=1, differing=('zhaozhao', 'zhaozhuo'), shared='')
    >>> compare_names(Spelling.of("Mike Jordan"), Spelling.of("Jordan, Michael I.")).kind
    'nickname'
    """
    if one.suffix and other.suffix and one.suffix != other.suffix:
        return Likeness("contradiction")
    if not one.parts or not other.parts:
        return Likeness("none")
    if one.parts == other.parts:
        return Likeness("identical")
    first, second = tuple(map(plain_letters, one.parts)), tuple(map(plain_letters, other.parts))
    found = _same_letters(first, second)
    if found is not None:
        return found
    options = [_by_parts(mine, theirs) for mine in _readings(one, first) for theirs in _readings(other, second)]
    return min(options, key=lambda likeness: (_ORDER[likeness.kind], likeness.distance))


_ORDER: Final = {kind: place for place, kind in enumerate(KINDS)} | {"contradiction": 5}
"""Where two ways to read a pair differ, the nearer kind counts; but nothing outweighs a contradiction save equality."""


def _same_letters(one: tuple[str, ...], other: tuple[str, ...]) -> Likeness | None:
    if one == other:
        return Likeness("letters")
    if "".join(one) == "".join(other):
        return Likeness("spacing")
    if sorted(one) == sorted(other) or _turned(one, other):
        return Likeness("order")
    if [*map(sound_of, one)] == [*map(sound_of, other)]:
        return Likeness("letters")
    return None


def _turned(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one name is the other with its last part in front, blanks aside; both are full."""
    if min(len(one), len(other)) < 2 or any(len(part) == 1 for part in (*one, *other)):
        return False
    joined = "".join(one)
    return any("".join((*other[cut:], *other[:cut])) == joined for cut in range(1, len(other)))


def _readings(spelling: Spelling, parts: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every way to read a name as given names and a family name."""
    if len(parts) < 2:
        return iter([((), parts[0])])
    forms = [(form[:-1], form[-1]) for form in Spelling(parts, spelling.suffix).forms]
    return iter(forms)


def _by_parts(one: tuple[tuple[str, ...], str], other: tuple[tuple[str, ...], str]) -> Likeness:
    (given, family), (other_given, other_family) = one, other
    if not given or not other_given:
        return Likeness("none")
    if family == other_family or sound_of(family) == sound_of(other_family):
        return _by_given(given, other_given, family)
    return _by_family(given, family, other_given, other_family)


def _by_given(one: tuple[str, ...], other: tuple[str, ...], family: str) -> Likeness:
    """Compare given names beside one family name."""
    if "".join(one) == "".join(other):
        return Likeness("spacing")
    if one[0] == other[0]:
        return _by_middle(one[1:], other[1:])
    found = _initials(one, other)
    if found is None and other[0] in nicknames_of(one[0]):
        found = Likeness("nickname", differing=(one[0], other[0]))
    if found is None and 1 in (len(one[0]), len(other[0])):
        # "K. Michael Smith" is also "Michael Smith"
        found = Likeness("extra" if _shares_whole(one, other) else "contradiction")
    found = found or _by_letters(one, other)
    if found is None and _shares_whole(one, other):
        found = Likeness("extra")
    return found or Likeness("given", shared=family)


def _by_middle(one: tuple[str, ...], other: tuple[str, ...]) -> Likeness:
    """Compare what stands between the same first and family name."""
    if not _middle_fits(one, other):
        joined, other_joined = "".join(one), "".join(other)
        distance = edit_distance(joined, other_joined)
        is_slip = distance <= 2 and min(len(joined), len(other_joined)) > 3
        return Likeness("typo", distance, (joined, other_joined)) if is_slip else Likeness("contradiction")
    short, long = sorted((one, other), key=len)
    rest = long[len(short) :]
    is_initial = all(1 in map(len, pair) for pair in zip_longest(short, long, fillvalue=""))
    return Likeness("middle_initial" if is_initial or not any(len(part) > 1 for part in rest) else "middle")


def _by_letters(one: tuple[str, ...], other: tuple[str, ...]) -> Likeness | None:
    """Compare full given names letter by letter."""
    joined, other_joined, differing = "".join(one), "".join(other), (one[0], other[0])
    if joined.startswith(other_joined) or other_joined.startswith(joined):
        return Likeness("short_form", differing=differing)
    distance = edit_distance(joined, other_joined)
    if distance <= 2:
        return Likeness("typo", distance, differing)
    if one[0].startswith(other[0]) or other[0].startswith(one[0]):
        return Likeness("short_form", differing=differing)
    if sound_of(one[0]) == sound_of(other[0]):
        return Likeness("letters")
    if edit_distance(one[0], other[0], 1) == 1 and min(map(len, differing)) > 3:
        return Likeness("typo", 1, differing)
    return None


def _middle_fits(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether further given names do not contradict: missing, abbreviated, or one letter apart."""
    short, long = sorted((one, other), key=len)
    left = list(long)
    for part in short:
        while left and not _fits(part, left[0]):
            left.pop(0)
        if not left:
            return False
        left.pop(0)
    return True


def _fits(one: str, other: str) -> bool:
    if one == other:
        return True
    if 1 in (len(one), len(other)):
        return one[0] == other[0]
    return sound_of(one) == sound_of(other)


def _initials(one: tuple[str, ...], other: tuple[str, ...]) -> Likeness | None:
    """A given name against its initial: "J.", "JP" or "J. P." for "Jean-Pierre"."""
    short, long = (one, other) if len("".join(one)) < len("".join(other)) else (other, one)
    if len(short[0]) == 1:
        if short[0] != long[0][0]:
            return None
        if not _middle_fits(short[1:], long[1:]):
            return Likeness("contradiction")
        # "J. P." fits both parts of "Jean-Pierre"; of "John" the second given name may just be left out
        return Likeness("initials", min(len(short), len(long)) - 1)
    letters = "".join(part[0] for part in long)
    if len(short) == 1 and len(long) > 1 and 1 < len(short[0]) <= 3 and short[0] == letters[: len(short[0])]:
        return Likeness("initials", len(short[0]) - 1)
    return None


def _shares_whole(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return any(len(part) > 1 and part not in PARTICLES and part in other for part in one)


def _by_family(given: tuple[str, ...], family: str, other_given: tuple[str, ...], other_family: str) -> Likeness:
    """Compare names whose family names differ."""
    is_same_given = given[0] == other_given[0] or "".join(given) == "".join(other_given)
    everything, others = {*given, family}, {*other_given, other_family}
    if min(len(everything), len(others)) > 1 and (everything < others or others < everything):
        whole = [part for part in everything & others if len(part) > 1]
        return Likeness("extra" if len(whole) > 1 else "none")
    differing = (family, other_family)
    if is_same_given and len(given[0]) > 1:
        distance = edit_distance(family, other_family)
        if distance <= 2 and min(len(family), len(other_family)) > 2:
            return Likeness("typo", distance, differing)
        if family in others or other_family in everything:
            return Likeness("extra", differing=differing)
        return Likeness("family", shared=given[0])
    if 1 in (len(given[0]), len(other_given[0])) and given[0][0] == other_given[0][0] and len(family) > 4:
        distance = edit_distance(family, other_family, 1)
        if distance == 1:
            return Likeness("typo", distance, differing)
    return Likeness("none")
