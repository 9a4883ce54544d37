"""How names compare, and how probable it is that two mentions are one person."""

import json
import math
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.identity import model
from matcher.identity.compare import (
    KINDS,
    Likeness,
    compare_names,
    edit_distance,
    nicknames_of,
    plain_letters,
    sound_of,
)
from matcher.identity.model import (
    Sighting,
    Standing,
    carriers_of,
    coauthor_log_odds,
    coauthor_weight,
    context_features,
    counting_with,
    features,
    judge,
    log_odds,
    name_log_odds,
    probability,
    spellings_of,
    standing_of,
    title_words,
)
from matcher.identity.names import Spelling

KIND_CASES = [
    ("Jane Doe", "Jane Doe", "identical"),
    ("Jané Doe", "DOE, Jane", "identical"),
    ("Xiao-Ming Li", "Xiaoming Li", "spacing"),
    ("Jinhyuk Lee", "Jin Hyuk Lee", "spacing"),
    ("Andrei Kolmogorov", "Андрей Колмогоров", "letters"),
    ("Paul Erdos", "Pаul Erdos", "letters"),
    ("Christoph Mueller", "Christoph Müller", "letters"),
    ("Sergey Levine", "Sergei Levine", "letters"),
    ("Dimitris Karas", "Δημητρις Καρας", "letters"),
    ("Sun Yunyun", "Yunyun Sun", "order"),
    ("Meng Fang", "Fang, Meng", "identical"),
    ("Li Ming Xian", "Xian Li Ming", "order"),
    ("Jane Q. Doe", "Jane Doe", "middle_initial"),
    ("Jane Q. Doe", "Jane Quinn Doe", "middle_initial"),
    ("Decebal Mocanu", "Decebal Constantin Mocanu", "middle"),
    ("J. Doe", "Jane Doe", "initials"),
    ("J.-P. Serre", "Jean-Pierre Serre", "initials"),
    ("JP Serre", "Jean-Pierre Serre", "initials"),
    ("P. van der Berg", "Peter van der Berg", "initials"),
    ("Mike Jordan", "Michael Jordan", "nickname"),
    ("Bill Freeman", "William T. Freeman", "nickname"),
    ("Yan Xu", "Yang Xu", "short_form"),
    ("Theo Damoulas", "Theodoros Damoulas", "nickname"),
    ("Krishna Doe", "Krishnakumar Doe", "short_form"),
    ("'YZ' Jane Doe", "Jane Doe", "identical"),
    ("Russ Doe", "Ruslan Doe", "nickname"),
    ("Chris Manning Lee", "Christian Lee", "short_form"),
    ("Zhaozhao Xu", "Zhaozhuo Xu", "typo"),
    ("Boqian Wua", "Boqian Wu", "family"),
    ("Vivien Cabannnes", "Vivien Cabannes", "typo"),
    ("Jane Smiht", "Jane Smith", "typo"),
    ("Wei-Ling Hsu", "Wei-Ning Hsu", "typo"),
    ("J. Pechenizkiy", "J. Pechenizkyy", "letters"),
    ("J. Johnson", "J. Jonson", "typo"),
    ("Mandiam V. Srinivasan", "Mandyam Srinivasan", "typo"),
    ("Michael Kyu Seong", "Micheal Seong", "typo"),
    ("Yulian Kyu Seong", "Julian Seong", "letters"),
    ("Brendan McMahan", "Hugh Brendan McMahan", "extra"),
    ("K. Michael Smith", "Michael Smith", "extra"),
    ("Ana Garcia", "Ana Garcia Lopez", "extra"),
    ("Ana Garcia Lopez", "Ana Lopez Silva", "extra"),
    ("Henry Zhong", "Shaochen Zhong", "given"),
    ("Danielle Robinson", "Danielle Maddix", "family"),
    ("Jane Ann Doe", "Jane Mary Doe", "contradiction"),
    ("J. Q. Doe", "Jane Mary Doe", "contradiction"),
    ("K. Doe", "Jane Doe", "contradiction"),
    ("Wei Wang 0001", "Wei Wang 0002", "contradiction"),
    ("John Roe, Jr.", "John Roe, Sr.", "contradiction"),
    ("Jane Doe", "Mary Roe", "none"),
    ("Doe", "Jane Doe", "none"),
    ("", "Jane Doe", "none"),
]


@pytest.mark.parametrize(("one", "other", "kind"), KIND_CASES)
def test_the_kind_of_likeness(one: str, other: str, kind: str) -> None:
    first, second = Spelling.of(one), Spelling.of(other)
    assert compare_names(first, second).kind == kind
    assert compare_names(second, first).kind == kind


NAMES = st.sampled_from([name for case in KIND_CASES for name in case[:2]])


@settings(max_examples=300)
@given(NAMES, NAMES)
def test_names_compare_both_ways_alike(one: str, other: str) -> None:
    first, second = Spelling.of(one), Spelling.of(other)
    forth, back = compare_names(first, second), compare_names(second, first)
    assert (forth.kind, forth.distance) == (back.kind, back.distance)
    assert forth.kind in KINDS


def plain_distance(one: str, other: str) -> int:
    """The same distance by recursion, without a limit."""
    if not one or not other:
        return len(one) + len(other)
    best = min(
        plain_distance(one[:-1], other) + 1,
        plain_distance(one, other[:-1]) + 1,
        plain_distance(one[:-1], other[:-1]) + (one[-1] != other[-1]),
    )
    if len(one) > 1 and len(other) > 1 and one[-1] == other[-2] and one[-2] == other[-1]:
        best = min(best, plain_distance(one[:-2], other[:-2]) + 1)
    return best


@settings(max_examples=200)
@given(st.text("ab", max_size=5), st.text("abc", max_size=5))
def test_edit_distance_against_the_recursion(one: str, other: str) -> None:
    assert edit_distance(one, other) == min(plain_distance(one, other), 3)


def test_letters_and_sounds() -> None:
    assert plain_letters("ёлкин") != "ёлкин"
    assert (sound_of("mueller"), sound_of("muller")) == ("muller", "muller")
    assert sound_of("xue") != sound_of("xu")
    assert "mike" in nicknames_of("michael")
    assert nicknames_of("xiaoming") == frozenset()
    assert Likeness("none").distance == 0


def test_a_name_in_brackets_is_another_given_name() -> None:
    assert [one.parts for one in spellings_of("Xia (Ben) Hu")] == [("xia", "hu"), ("ben", "hu")]
    assert [one.parts for one in spellings_of('"Z" Hu Xia')] == [("hu", "xia")]
    assert len(spellings_of("(Ben) Hu")) == 1
    assert features(Sighting("Xia (Ben) Hu"), Sighting("Ben Hu"))["name_nickname"] == 1


# --- counts ---------------------------------------------------------------------------------------------------------

COUNTS = {
    "people": 1000,
    "titles": 100,
    "rare": 1.0,
    "rare_word": 2.0,
    "given": {"wei": 50, "jane": 10, "ann": 20},
    "family": {"wang": 100, "doe": 20},
    "groups": [800.0, 200.0],
    "given_groups": {"jane": "b100", "ann": "a50 b50"},
    "family_groups": {"doe": "b100"},
    "initials": {"w": [200.0, 0.0], "j": [10.0, 90.0]},
    "family_initials": {},
    "words": {"learning": 50},
}


def test_how_many_carry_a_name() -> None:
    with counting_with(COUNTS):
        assert carriers_of(Spelling.of("Wei Wang")) == pytest.approx(50 * 100 / 800)
        assert carriers_of(Spelling.of("Wang Wei")) == pytest.approx(50 * 100 / 800)
        assert carriers_of(Spelling.of("W. Wang")) == pytest.approx(200 * 100 / 800)
        assert carriers_of(Spelling.of("Wei W. Wang")) == pytest.approx(50 * 100 / 800 * 200 / 1000)
        assert carriers_of(Spelling.of("Wang")) == 100
        assert carriers_of(Spelling.of("Quux")) == 1
        assert coauthor_weight("wei wang") == pytest.approx(1 / 7.25)
        assert coauthor_weight("w wang") == pytest.approx(0.5 / 26)
    assert carriers_of(Spelling.of("Wei Wang")) != pytest.approx(6.25)


def test_names_of_one_language_are_carried_together() -> None:
    with counting_with(COUNTS):
        assert carriers_of(Spelling.of("Jane Doe")) == pytest.approx(10 * 20 / 200)  # among the 200 of the second group
        assert carriers_of(Spelling.of("Jane Wang")) == pytest.approx(0.001)  # no group has both
        assert carriers_of(Spelling.of("Ann Doe")) == pytest.approx(10 * 20 / 200)
        assert carriers_of(Spelling.of("Zirui Doe")) == pytest.approx(1 * 20 / 200)  # who is rare goes with the other
        assert carriers_of(Spelling.of("Jane Quux")) == pytest.approx(10 * 1 / 200)
        assert carriers_of(Spelling.of("Zirui Quux")) == pytest.approx(0.8**2 / 800 + 0.2**2 / 200)


def test_a_turned_name_is_as_rare_as_the_rarer_order() -> None:
    counts = {**COUNTS, "given": {"wei": 50, "wang": 1}, "family": {"wang": 100, "wei": 8}}
    with counting_with(counts):
        found = features(Sighting("Wei Wang"), Sighting("Wang Wei"))
    assert found == {"name_order": 1.0, "carriers_order": pytest.approx(math.log10(8 / 800))}


def test_words_of_titles() -> None:
    assert title_words("Graphs, 3D & the Analysis of X-rays") == {"graph", "the", "analysi", "rays"}
    with counting_with(COUNTS):
        same = context_features(
            Sighting("", words=frozenset({"learning", "quux"})), Sighting("", words=frozenset({"learning", "zoo"}))
        )
        rare = math.log(50) ** 2
        assert same["topic"] == pytest.approx(math.log(2) ** 2 / (math.log(2) ** 2 + rare))


# --- what stands around ---------------------------------------------------------------------------------------------


def test_features_of_the_surroundings() -> None:
    one = Sighting(
        "Jane Doe",
        coauthors=frozenset({"zirui quux", "mary roe"}),
        words=frozenset({"graph"}),
        venues=frozenset({"v"}),
        years=(2019, 2021),
        institutions=frozenset({"domain:uni.example", "name:uni"}),
    )
    other = Sighting(
        "Jane Doe",
        coauthors=frozenset({"zirui quux"}),
        words=frozenset({"tree"}),
        venues=frozenset({"w"}),
        years=(2024,),
        institutions=frozenset({"domain:uni.example"}),
    )
    found = context_features(one, other)
    assert found["coauthor"] == pytest.approx(coauthor_weight("zirui quux"))
    assert (found["topic"], found["venue"], found["same_institution"], found["years_apart"]) == (0, 0, 1, 3)
    assert "no_coauthor" not in found
    apart = context_features(Sighting("", frozenset({"a b"})), Sighting("", frozenset({"c d"}), years=(2000,)))
    assert apart == {"no_coauthor": 1.0}
    by_initial = context_features(Sighting("", frozenset({"m jordan"})), Sighting("", frozenset({"michael jordan"})))
    assert by_initial["coauthor_initial"] == 1
    far = context_features(
        Sighting("", institutions=frozenset({"domain:a.example"})),
        Sighting("", institutions=frozenset({"domain:b.example"})),
    )
    assert far == {"other_institution": 1.0}


def test_an_institution_known_by_name_says_nothing_of_one_known_by_its_domain() -> None:
    def told(one: str, other: str) -> dict[str, float]:
        return context_features(
            Sighting("", institutions=frozenset({one})), Sighting("", institutions=frozenset({other}))
        )

    assert told("name:uni of a", "domain:a.example") == {}
    assert told("name:uni of a", "name:uni of b") == {"other_institution": 1.0}
    assert told("institution:A", "domain:b.example") == {"other_institution": 1.0}
    assert told("institution:A", "institution:A") == {"same_institution": 1.0}


def test_every_feature_has_a_weight_and_the_sum_is_what_is_said() -> None:
    weights = model.settings()["weights"]
    one = Sighting("Zhaozhao Xu", frozenset({"zirui quux"}), frozenset({"graph"}), frozenset({"v"}), (2020,))
    other = Sighting("Zhaozhuo Xu", frozenset({"zirui quux"}), frozenset({"graph"}), frozenset({"v"}), (2021,))
    found = features(one, other)
    assert set(found) <= set(weights)
    odds = sum(weights[name] * value for name, value in found.items())
    assert log_odds(found) == pytest.approx(odds)
    assert judge(one, other).probability == pytest.approx(1 / (1 + math.exp(-odds)))
    assert coauthor_log_odds(frozenset(), frozenset({"a b"})) == 0


def test_the_weights_point_where_they_should() -> None:
    weights = model.settings()["weights"]
    for name in ("coauthor", "topic", "venue", "same_institution"):
        assert weights[name] > 0
    for name in (
        "no_coauthor",
        "other_institution",
        "years_apart",
        "carriers_equal",
        "carriers_initials",
        "typo_second_letter",
    ):
        assert weights[name] < 0
    equal, slip, other = (
        name_log_odds("jane quuxley", name) for name in ("jane quuxley", "jane quuxlez", "jan quuxley")
    )
    assert equal > slip > name_log_odds("jane ann quuxley", "jane mary quuxley")
    assert equal > other
    assert 0 < model.settings()["thresholds"]["ask"] < model.settings()["thresholds"]["merge"] < 1


def test_rare_names_say_more_than_common_ones() -> None:
    assert name_log_odds("zirui quuxley", "zirui quuxley") > name_log_odds("wei wang", "wei wang")
    assert name_log_odds("z quuxley", "zirui quuxley") > name_log_odds("w wang", "wei wang")


def test_probability_does_not_overflow() -> None:
    assert probability(-1e6) == 0
    assert probability(1e6) == 1


# --- verdicts -------------------------------------------------------------------------------------------------------


def test_verdicts_by_threshold() -> None:
    thresholds = model.settings()["thresholds"]
    assert standing_of(thresholds["merge"]) is Standing.MERGE
    assert standing_of(thresholds["ask"]) is Standing.ASK
    assert standing_of(thresholds["ask"] / 2) is Standing.APART


GROUP = frozenset({"zirui quux", "mary quuxley", "amira zonk"})


@pytest.mark.parametrize(
    ("one", "other", "standing"),
    [
        (Sighting("Jane Quuxley"), Sighting("Jane Quuxley"), Standing.MERGE),
        (Sighting("Wei Wang", GROUP), Sighting("W. Wang", frozenset({"some body"})), Standing.APART),
        (Sighting("Wei Wang"), Sighting("Wei Wang"), Standing.ASK),
        (Sighting("Zhaozhao Quux", GROUP), Sighting("Zhaozhuo Quux", GROUP), Standing.MERGE),
        (Sighting("Jane Ann Doe", GROUP), Sighting("Jane Mary Doe"), Standing.APART),
        (Sighting("Jane Doe"), Sighting("Mary Roe"), Standing.APART),
    ],
)
def test_verdicts(one: Sighting, other: Sighting, standing: Standing) -> None:
    assert judge(one, other).standing is standing
    assert judge(other, one).standing is standing


def test_ids_decide_before_the_model() -> None:
    one = Sighting("Jane Quuxley", GROUP, ids=(("orcid.org", "1"), ("~", "~J1")))
    assert judge(one, Sighting("X", ids=(("~", "~J1"),))).probability == 1
    apart = judge(one, Sighting("Jane Quuxley", GROUP, ids=(("orcid.org", "2"),)))
    assert (apart.standing, apart.probability) == (Standing.APART, 0.0)
    assert apart.reasons == ("different ids of one kind, 1 and 2",)
    other_kind = judge(one, Sighting("Jane Quuxley", GROUP, ids=(("dblp", "2"),)))
    assert other_kind.standing is Standing.MERGE


def test_two_mentions_on_one_paper_are_two_people() -> None:
    found = judge(Sighting("Jane Quuxley", papers=frozenset({"p"})), Sighting("Jane Quuxley", papers=frozenset({"p"})))
    assert (found.standing, found.reasons) == (Standing.APART, ("both stand on one paper",))


def test_reasons_are_words_with_the_weightiest_first() -> None:
    four = GROUP | {"one more quux"}
    found = judge(
        Sighting("Jane Quuxley", four, institutions=frozenset({"domain:a.example"})),
        Sighting("Jane Quuxley", four, institutions=frozenset({"domain:b.example"})),
    )
    assert set(found.reasons) == {
        "the same full name",
        "a rare name",
        f"shared coauthors: {', '.join(sorted(four, key=lambda name: (-coauthor_weight(name), name))[:3])} and 1 more",
        "different institutions",
    }
    assert found.reasons[-1] in {"different institutions", "the same full name"}
    common = judge(Sighting("Wei Wang", GROUP), Sighting("Wei Wang", frozenset({"a b"})))
    assert any(reason.startswith("a name that about ") for reason in common.reasons)
    assert "no shared coauthor" in common.reasons


def test_what_ships_is_readable_and_says_where_it_comes_from() -> None:
    folder = resources.files("matcher.identity")
    for name in ("weights.json", "frequencies.json"):
        content = json.loads(folder.joinpath(name).read_text(encoding="utf-8"))
        assert "CC0" in content["about"]
    assert set(model.settings()["assumed"]) < set(model.settings()["weights"])
