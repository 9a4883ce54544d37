"""Text that readers do not see, or take for something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.ingest.hidden import hidden_text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Deep le\u200barning", "ZERO WIDTH SPACE"),
        ("Deep \u202egninrael", "RIGHT-TO-LEFT OVERRIDE"),
        ("Soft\u00adhyphen", "SOFT HYPHEN"),
        ("Tags \U000e0041\U000e0042 here", "2 characters that are not seen (TAG LATIN CAPITAL LETTER A"),
        ("A \u3164 filler", "HANGUL FILLER"),
        ("Sparse p\u0430ging", "LATIN and CYRILLIC"),
        ("Neur\u03bfn nets", "LATIN and GREEK"),
        ("<span style='x'>pixels</span>", "<span"),
        ("seen \\phantom{unseen}", "\\phantom{"),
        ("x <i style=display:none>y</i>", "display:none"),
        ("segmentation " * 15 + "of images", "'segmentation' stands 15 times"),
    ],
)
def test_text_that_is_not_what_it_seems_is_found(text: str, words: str) -> None:
    assert any(words in each for each in hidden_text(text)), hidden_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "Ordinary words, with numbers 3 < 4 and $\\alpha$-rates of 5 μm.",
        "The αfraction and Δmeasurements of δvalues",
        "نمی\u200cخواهم این متن را",
        "Thumbs \U0001f44d\ufe0f up",
        "Обучение без учителя",
        "Über die Größe naïver Schätzer",
        "",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert hidden_text(text) == ()


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=40))
def test_an_unseen_character_is_found_wherever_it_stands(text: str) -> None:
    assert hidden_text(text + "\u200b" + text)[0].startswith("1 character that is not seen")
