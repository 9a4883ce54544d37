from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.encoders import cache as cache_module
from matcher.encoders.cache import VectorCache
from matcher.errors import RunError
from matcher.records import Floats

DIGEST = "a" * 64
OTHER = "b" * 64


def vectors(*texts: str) -> dict[str, Floats]:
    """A vector for each text, its values as awkward as float32 allows."""
    rng = np.random.default_rng(len(texts))
    return {text: rng.standard_normal(3).astype(np.float32) * np.float32(1e-30) for text in texts}


def test_what_was_put_is_got_bit_by_bit(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "made", DIGEST)
    put = vectors("one", "two", "Zoë ∞ 'quoted'", "")
    cache.put(put)
    got = VectorCache(tmp_path / "made", DIGEST).get([*put, "three"])
    assert got.keys() == put.keys()
    for text, vector in put.items():
        assert got[text].dtype == np.float32
        np.testing.assert_array_equal(got[text], vector)


def test_an_empty_cache_knows_nothing_and_writes_nothing(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "made", DIGEST)
    assert cache.get(["one"]) == {}
    assert cache.dimension() is None
    assert not (tmp_path / "made").exists()
    cache.put({})
    assert cache.get(["one"]) == {}
    assert cache.dimension() is None


def test_the_length_of_vectors_is_known_without_a_model(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path, DIGEST)
    cache.put(vectors("one"))
    assert cache.dimension() == 3


def test_putting_again_replaces(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path, DIGEST)
    cache.put({"one": np.zeros(3, dtype=np.float32)})
    cache.put({"one": np.ones(3, dtype=np.float32)})
    np.testing.assert_array_equal(cache.get(["one"])["one"], np.ones(3))


def test_more_texts_than_one_question_may_hold(tmp_path: Path) -> None:
    many = [f"text {number}" for number in range(2 * cache_module._ASKED_AT_ONCE + 1)]
    cache = VectorCache(tmp_path, DIGEST)
    cache.put({text: np.full(2, number, dtype=np.float32) for number, text in enumerate(many)})
    got = cache.get(many)
    assert [got[text][0] for text in many] == list(range(len(many)))


def test_encoders_never_share_a_file(tmp_path: Path) -> None:
    one, other = VectorCache(tmp_path, DIGEST), VectorCache(tmp_path, OTHER)
    one.put(vectors("one"))
    assert other.get(["one"]) == {}
    assert one.path != other.path


def test_a_file_of_another_encoder_is_refused(tmp_path: Path) -> None:
    VectorCache(tmp_path, DIGEST).put(vectors("one"))
    other = VectorCache(tmp_path, OTHER)
    VectorCache(tmp_path, DIGEST).path.rename(other.path)
    with pytest.raises(RunError, match="these vectors belong to another encoder: delete the file") as caught:
        other.get(["one"])
    assert caught.value.path == str(other.path)


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough to be taken for one" * 40, b"SQLite format 3\0"]
)
def test_a_damaged_file_is_refused_with_the_remedy(tmp_path: Path, content: bytes) -> None:
    cache = VectorCache(tmp_path, DIGEST)
    cache.put(vectors("one"))
    cache.path.write_bytes(content)
    for use in (lambda: cache.get(["one"]), lambda: cache.put(vectors("one")), cache.dimension):
        with pytest.raises(
            RunError, match=r"the vector cache cannot be used .*: delete the file, it can be computed again"
        ):
            use()


def test_a_place_that_cannot_be_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    cache = VectorCache(tmp_path / "file", DIGEST)
    assert cache.get(["one"]) == {}
    with pytest.raises(
        RunError, match=r"the folder of the vector cache cannot be made \(File exists\): set MATCHER_CACHE"
    ):
        cache.put(vectors("one"))


def test_a_file_cut_off_by_another_program_loses_nothing_that_was_put(tmp_path: Path) -> None:
    """A transaction that was never finished leaves the cache as it was before."""
    cache = VectorCache(tmp_path, DIGEST)
    cache.put(vectors("one"))
    database = sqlite3.connect(cache.path)
    database.execute("DELETE FROM vectors")
    database.close()  # without a commit
    assert cache.get(["one"]).keys() == {"one"}


def test_several_writers_wait_for_each_other(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path, DIGEST)

    def write(number: int) -> None:
        for part in range(5):
            cache.put({f"{number} {part}": np.full(2, number, dtype=np.float32)})

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    wanted = [f"{number} {part}" for number in range(4) for part in range(5)]
    assert cache.get(wanted).keys() == set(wanted)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, unique=True))
@settings(max_examples=20)
def test_any_text_is_its_own_key(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    cache = VectorCache(tmp_path_factory.mktemp("cache"), DIGEST)
    cache.put({text: np.full(1, number, dtype=np.float32) for number, text in enumerate(texts)})
    assert [int(cache.get([text])[text][0]) for text in texts] == list(range(len(texts)))
