"""Files that mean harm or are broken, made by code: each must be refused with a cause, quickly and in little memory.

Every file goes to the service and to the command line. `tests/benchmarks/hostile_files.py` measures them.
"""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import zstandard

MEGABYTE = 1024 * 1024
GOOD_REVIEWERS = b'{"id": "r1", "name": "Rob Reviewer"}\n'
GOOD_PUBLICATIONS = b'{"id": "p1", "title": "Sparse nets"}\n'
GOOD_SUBMISSIONS = b'{"id": "s1", "title": "Sparse nets"}\n'


@dataclass(frozen=True)
class Hostile:
    """One file.

    Args:
        name: what it is, for the test's name.
        target: `archive` (a venue folder as zip), `table:NAME`, or a format of other systems.
        file: the name of the file.
        make: its content.
        words: what the answer says, in part.
        status: of the service's answer.
        kind: of the content.
    """

    name: str
    target: str
    file: str
    make: Callable[[], bytes]
    words: str
    status: int = 422
    kind: str = "application/x-ndjson"


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def venue(**files: bytes) -> bytes:
    """A venue folder with some of its files replaced; `__` stands for a dot."""
    whole = {"reviewers.jsonl": GOOD_REVIEWERS, "publications.jsonl": GOOD_PUBLICATIONS}
    whole |= {"submissions.jsonl": GOOD_SUBMISSIONS} | {name.replace("__", "."): each for name, each in files.items()}
    for name in [name for name in whole if name.endswith((".gz", ".zst", ".csv"))]:
        whole.pop(name.split(".", maxsplit=1)[0] + ".jsonl", None)
    return zipped(whole)


def lying_zip() -> bytes:
    """A zip whose directory says that a file is small."""
    content = bytearray(zipped({"reviewers.jsonl": b"0" * (16 * MEGABYTE)}))
    for mark, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = content.find(mark)
        content[at + place : at + place + 4] = struct.pack("<I", 100)
    return bytes(content)


def overlapping_zip() -> bytes:
    """A zip whose entries all point at one body, a thousand times."""
    body = zlib.compress(b"0" * MEGABYTE)[2:-4]
    local = struct.pack(
        "<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, zlib.crc32(b"0" * MEGABYTE), len(body), MEGABYTE, 1, 0
    )
    entries = b"".join(
        struct.pack(
            "<4s6H3I5H2I",
            *(b"PK\x01\x02", 20, 20, 0, 8, 0, 0, zlib.crc32(b"0" * MEGABYTE), len(body), MEGABYTE),
            *(4, 0, 0, 0, 0, 0, 0),
        )
        + b"%04d" % number
        for number in range(1000)
    )
    start = len(local) + 1 + len(body)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1000, 1000, len(entries), start, 0)
    return local + b"a" + body + entries + end


def encrypted_zip() -> bytes:
    content = bytearray(zipped({"reviewers.jsonl": GOOD_REVIEWERS}))
    for mark, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = content.find(mark)
        content[at + place] |= 1
    return bytes(content)


def link_zip() -> bytes:
    """A symbolic link; it is unpacked as a file with the address as its text."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        entry = zipfile.ZipInfo("reviewers.jsonl")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    return stream.getvalue()


def gzip_bomb(size: int = 48 * MEGABYTE, start: bytes = b"") -> bytes:
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=9, mtime=0) as packed:
        packed.write(start)
        block = b" " * MEGABYTE
        for _ in range(size // MEGABYTE):
            packed.write(block)
    return stream.getvalue()


def zstd_bomb() -> bytes:
    return zstandard.ZstdCompressor(level=3).compress(b"0" * (64 * MEGABYTE))


def workbook(sheet: bytes, **more: bytes) -> bytes:
    types = b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    files = {"[Content_Types].xml": types, "xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": sheet}
    return zipped(files | {name.replace("__", "/"): each for name, each in more.items()})


def billion_laughs() -> bytes:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    work = '<article key="k"><title>&a9;</title></article>'
    return f'<!DOCTYPE dblp [<!ENTITY a0 "ha">{entities}]><dblp>{work}</dblp>'.encode()


def external_entity(address: str) -> bytes:
    return (
        f'<!DOCTYPE dblp [<!ENTITY x SYSTEM "{address}">]><dblp><article key="k"><title>&x;</title></article></dblp>'
    ).encode()


def deep_xml() -> bytes:
    return b"<dblp>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</dblp>"


def deep_json(depth: int = 100_000) -> bytes:
    return b'{"id": "a", "title": ' + b"[" * depth + b"]" * depth + b"}"


def deep_objects(depth: int = 100_000) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


def many(line: bytes, count: int) -> bytes:
    return line * count


def repeated(text: str) -> bytes:
    return text.encode()


def parquet_bomb() -> bytes:
    """A Parquet file of a few kilobytes that says ten million times the same."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), pa.array(["x" * 1000]))
    pq.write_table(pa.table({"id": column}), stream, compression="zstd")
    return stream.getvalue()


def _json_lines() -> Iterator[Hostile]:
    cases: tuple[tuple[str, Callable[[], bytes], str], ...] = (
        ("deep lists", deep_json, "nested too deeply"),
        ("deep objects", deep_objects, "nested too deeply"),
        ("half a character", partial(repeated, '{"id": "a", "title": "\\ud800"}'), "half a character"),
        ("zero byte", partial(bytes, b'{"id": "a\x00", "title": "b"}'), "zero byte"),
        ("escaped zero", partial(repeated, '{"id": "a\\u0000", "title": "b"}'), "one line"),
        ("not UTF-8", partial(bytes, b'{"id": "\xff", "title": "b"}'), "not UTF-8"),
        ("UTF-16", partial(bytes, '{"id": "a"}'.encode("utf-16")), "UTF-16"),
        ("a key twice", partial(repeated, '{"id": "a", "id": "b", "title": "t"}'), "twice"),
        ("NaN", partial(repeated, '{"id": NaN, "title": "t"}'), "no JSON"),
        ("a number of a million digits", partial(repeated, '{"id": ' + "9" * MEGABYTE + ', "title": "t"}'), "JSON"),
        ("cut off", partial(repeated, '{"id": "a", "title": "t'), "no JSON"),
        ("one list", partial(repeated, "[" + '{"id": "a", "title": "t"},' * 1000 + "]"), "one object on each line"),
        ("a bare number", partial(repeated, "1\n2\n"), "one JSON object"),
        ("empty", partial(bytes, b""), "empty"),
        ("blanks", partial(bytes, b" \n" * 10_000), "no text"),
        ("one id a million times", partial(many, b'{"id":"a","title":"t"}\n', 20_000), "give each record once"),
        ("a list as a title", partial(repeated, '{"id": "a", "title": ["t"]}'), "title"),
        ("an object as an id", partial(repeated, '{"id": {"$gt": ""}, "title": "t"}'), "id"),
        ("a date of no calendar", partial(repeated, '{"id": "a", "title": "t", "date": "2023-02-30"}'), "date"),
        ("unknown fields", partial(repeated, '{"id": "a", "titel": "t"}'), "title"),
        ("a zip as JSON", partial(zipped, {"a": b"b"}), "ZIP"),
        ("gzip bomb", gzip_bomb, "times its size"),
        ("gzip cut off", lambda: gzip_bomb(MEGABYTE)[:500], "cut off"),
        ("gzip damaged", lambda: gzip_bomb(MEGABYTE)[:200] + b"x" * 300, "gzip"),
        ("zstd bomb", zstd_bomb, "times its size"),
        ("zstd damaged", lambda: zstd_bomb()[:20] + b"x" * 50, "damaged"),
    )
    for name, make, words in cases:
        yield Hostile(f"json: {name}", "table:publications", "publications.jsonl", make, words)


def _csv() -> Iterator[Hostile]:
    cases: tuple[tuple[str, bytes, str], ...] = (
        ("open quote", b'id,title\np,"' + b"x\n" * 50_000, "quote"),
        ("a hundred thousand columns", b"id,title" + b",c" * 100_000 + b"\n", "twice"),
        ("a row of other length", b"id,title\np,t,u\n", "cells"),
        ("no header", b"1,2\n3,4\n", "missing"),
        ("old line ends", b"id,title\rp,t\r", "carriage return"),
        ("a cell of 20 MB", b"id,title\np," + b"x" * (20 * MEGABYTE) + b"\n", "CSV"),
        ("zero bytes", b"id,title\n\x00\x00,t\n", "zero byte"),
        ("only quotes", b'id,title\n"""""' * 100, "quote"),
    )
    for name, content, words in cases:
        yield Hostile(
            f"csv: {name}", "table:publications", "publications.csv", partial(bytes, content), words, kind="text/csv"
        )


def _archives() -> Iterator[Hostile]:
    cases: tuple[tuple[str, Callable[[], bytes], str, int], ...] = (
        ("no zip", partial(bytes, b"PK\x03\x04 and nothing else"), "no zip archive", 422),
        ("climbs out", partial(zipped, {"../../evil": b"x"}), "outside itself", 422),
        ("absolute", partial(zipped, {"/etc/passwd": b"x"}), "outside itself", 422),
        ("drive letter", partial(zipped, {"C:/evil": b"x"}), "outside itself", 422),
        ("backslashes", partial(zipped, {"..\\..\\evil": b"x"}), "outside itself", 422),
        ("bomb", partial(zipped, {"reviewers.jsonl": b"0" * (24 * MEGABYTE)}), "unpacks to more", 413),
        ("lies about sizes", lying_zip, "no zip archive", 422),
        ("entries overlap", overlapping_zip, "no zip archive", 422),
        ("many files", partial(zipped, {f"{n}.txt": b"" for n in range(10_001)}), "10001 files", 413),
        ("password", encrypted_zip, "no zip archive", 422),
        ("a link", link_zip, "", 422),
        ("empty", partial(zipped, {}), "", 422),
        ("gzip bomb inside", lambda: venue(publications__jsonl__gz=gzip_bomb()), "times its size", 422),
        ("zstd bomb inside", lambda: venue(publications__jsonl__zst=zstd_bomb()), "times its size", 422),
        ("zip in zip", lambda: venue(publications__jsonl=zipped({"a": b"b"})), "ZIP", 422),
        ("deep JSON inside", lambda: venue(publications__jsonl=deep_json()), "nested too deeply", 422),
        ("settings with code", lambda: venue(match__toml=b"x = __import__('os')"), "no TOML", 422),
        ("deep settings", lambda: venue(venue__toml=b"a = " + b"[" * 5000 + b"]" * 5000), "nested too deeply", 422),
        (
            "a policy of the server",
            lambda: venue(match__toml=b'[conflicts]\npolicy = "/etc/passwd.toml"'),
            "policy",
            422,
        ),
        ("a model of the server", lambda: venue(match__toml=b'[expertise]\nmodel = "/etc"'), "runs with", 422),
    )
    for name, make, words, status in cases:
        yield Hostile(f"zip: {name}", "archive", "venue.zip", make, words, status, "application/zip")


def _foreign() -> Iterator[Hostile]:
    wide = b'<worksheet><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells></worksheet>'
    cases: tuple[tuple[str, str, str, Callable[[], bytes], str], ...] = (
        ("billion laughs", "dblp", "dblp.xml", billion_laughs, "entities"),
        ("file entity", "dblp", "dblp.xml", partial(external_entity, "file:///etc/passwd"), "entities"),
        ("web entity", "dblp", "dblp.xml", partial(external_entity, "http://127.0.0.1:1/x"), "entities"),
        ("arXiv entity", "arxiv", "feed.xml", partial(external_entity, "file:///etc/passwd"), "entities"),
        ("Anthology entity", "anthology", "x.xml", billion_laughs, "entities"),
        ("deep XML", "dblp", "dblp.xml", deep_xml, "XML"),
        ("XML bomb", "dblp", "dblp.xml.gz", partial(gzip_bomb, start=b"<dblp><article><title>"), "too long"),
        ("no XML", "dblp", "dblp.xml", partial(bytes, b"<dblp><article></dblp>"), "XML"),
        ("CMT entity", "cmt", "assignments.xml", billion_laughs, "entities"),
        ("merged millions", "easychair", "all.xlsx", partial(workbook, wide), "merged"),
        ("workbook bomb", "easychair", "all.xlsx", partial(workbook, b" " * (60 * MEGABYTE)), "times its size"),
        ("workbook with entities", "easychair", "all.xlsx", partial(workbook, billion_laughs()), ""),
        ("a zip as workbook", "cmt", "papers.xlsx", partial(zipped, {"a": b"b"}), "not an Excel"),
        ("deep JSON", "openreview", "notes.json", deep_json, ""),
        ("Parquet", "openreview", "notes.parquet", parquet_bomb, ""),
        ("deep HotCRP", "hotcrp", "papers.json", deep_objects, ""),
        ("deep Semantic Scholar", "semanticscholar", "s2.json", deep_objects, ""),
        ("braces", "bibtex", "a.bib", partial(bytes, b"@article{a, title = {" + b"{" * 200_000), ""),
        ("ats", "bibtex", "a.bib", partial(bytes, b"@" * 500_000), ""),
        ("strings that double", "bibtex", "a.bib", partial(bytes, _doubling_strings()), ""),
        ("RIS without an end", "ris", "a.ris", partial(bytes, b"TY  - JOUR\nTI  - " + b"x" * MEGABYTE), ""),
        ("scores of no table", "scores", "scores.csv", partial(bytes, b"a" * MEGABYTE), ""),
        ("a PDF of nothing", "cv", "cv.pdf", partial(bytes, b"%PDF-1.7\n" + b"0 0 obj\n" * 100_000), ""),
        ("a PDF that unpacks", "cv", "cv.pdf", pdf_bomb, ""),
        ("a PDF that names itself", "cv", "cv.pdf", looping_pdf, ""),
    )
    for name, target, file, make, words in cases:
        yield Hostile(f"{target}: {name}", target, file, make, words, kind="application/octet-stream")


def _doubling_strings() -> bytes:
    lines = ["@string{a0 = {ha}}", *(f"@string{{a{n} = a{n - 1} # a{n - 1}}}" for n in range(1, 40))]
    return "\n".join([*lines, "@article{k, title = a39, author = {A B}, year = 2020}"]).encode()


def pdf_of(objects: list[bytes]) -> bytes:
    """A PDF with a table of its objects."""
    stream, places = io.BytesIO(b""), []
    stream.write(b"%PDF-1.4\n")
    for number, content in enumerate(objects, start=1):
        places.append(stream.tell())
        stream.write(b"%d 0 obj\n" % number + content + b"\nendobj\n")
    start = stream.tell()
    stream.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    stream.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    stream.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))
    return stream.getvalue()


def pdf_bomb() -> bytes:
    """A page whose content unpacks to 100 MB."""
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(b" " * MEGABYTE) for _ in range(100)) + packer.flush()
    return pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << >> >>",
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(body) + body + b"\nendstream",
        ]
    )


def looping_pdf() -> bytes:
    """A tree of pages that is its own child."""
    return pdf_of([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"])


CORPUS: tuple[Hostile, ...] = (*_json_lines(), *_csv(), *_archives(), *_foreign())
