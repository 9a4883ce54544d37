"""Storage and downloads by themselves: versions, keys, checksums. No server runs here: Hypothesis wants to be alone."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.downloads import csv_lines, ndjson_lines
from service.problems import Problem
from service.settings import Settings
from service.storage.database import Database
from service.storage.rows import Writer, key_of, read_records
from service.storage.tables import venues
from service.uploads import read_archive, read_table


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.none() | st.integers() | st.text(max_size=5)), max_size=30))
@settings(max_examples=50)
def test_the_last_line_is_the_digest_of_all_before_it(rows: list[dict[str, Any]]) -> None:
    whole = b"".join(ndjson_lines(rows))
    body, _, last = whole.rstrip(b"\n").rpartition(b"\n")
    told = json.loads(last)
    assert told["sha256"] == hashlib.sha256(body + b"\n" if body else b"").hexdigest()
    assert [json.loads(line) for line in body.decode().split("\n") if line] == rows
    table = b"".join(csv_lines(rows, "abc"))
    body, _, last = table.rstrip(b"\n").rpartition(b"\n")
    assert last.decode().split(",") == ["#end", str(len(rows)), hashlib.sha256(body + b"\n").hexdigest()]
    assert not any(line.startswith((b"=", b"@")) for line in body.split(b"\n"))


@given(data=st.data())
@settings(max_examples=25)
def test_every_version_is_what_was_there_then(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A second, plain bookkeeping beside ours: dictionaries, copied at each change."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('versions') / 'a.sqlite'}")
    database.migrate()
    with database.write() as connection:
        row = {"id": "v", "kind": "venue", "facts": {}, "config": {}, "version": 0, "created_at": 0, "changed_at": 0}
        connection.execute(venues.insert().values(**row))
    held: dict[str, str] = {}
    history = {0: dict(held)}
    for _ in range(data.draw(st.integers(1, 5))):
        with database.write() as connection:
            writer = Writer(connection, "v")
            for _ in range(data.draw(st.integers(1, 3))):
                change = data.draw(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["x", "y"]), max_size=4))
                replaces = data.draw(st.booleans())
                writer.put(
                    "submissions", [{"id": key, "title": title} for key, title in change.items()], replaces=replaces
                )
                held = change if replaces else {**held, **change}
                gone = [key for key in held if data.draw(st.booleans())]
                writer.remove("submissions", gone)
                held = {key: title for key, title in held.items() if key not in gone}
            history[writer.close()] = dict(held)
    with database.read() as connection:
        for version, wanted in history.items():
            found = read_records(connection, "v", "submissions", version=version)
            assert {each.key: each.body["title"] for each in found} == wanted
    database.close()


def test_reading_an_archive_keeps_its_limits(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a", "w") as archive:
        archive.writestr("reviewers.jsonl", "x" * 2_000_000)
    with pytest.raises(Problem, match="unpacks to more"):
        read_archive(tmp_path / "a", Settings(expanded_limit_mb=1))


def test_too_many_rows_at_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("id,title\na,A\nb,B\n")
    with pytest.raises(Problem, match="allowed are 1 rows"):
        read_table(tmp_path / "a", "submissions", "text/csv", Settings(row_limit=1))


def test_a_long_key_is_cut_to_its_digest() -> None:
    one = {"submission_id": "s", "reviewer_id": "r", "reason": "x" * 600}
    assert len(key_of("conflicts", one)) < 200
    assert key_of("conflicts", one) != key_of("conflicts", {**one, "reason": "x" * 601})
