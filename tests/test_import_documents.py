"""Which documents are read, under which names, and what is said about those that cannot be."""

from __future__ import annotations

import io
from pathlib import Path

import pypdf
import pytest

from matcher.errors import DataError
from matcher.ingest.cv import CvDocument
from matcher.ingest.documents import Documents, UnreadDocumentsError, collect, read_documents

CV = """# Ada Velden

ada.velden@cs.uni-north.example

## Publications

1. Ada Velden, Bo Hartig. "Sparse Trees for Dense Forests." Journal of Invented Results, 2022.
2. Bo Hartig, Ada Velden, Cleo Marsh. "Counting Leaves Without Looking." Invented Conference on Trees, 2023.
"""


def put(folder: Path, name: str, content: str | bytes = CV) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(*named: Path) -> Documents:
    return read_documents(collect(named))


def the_document(path: Path) -> CvDocument:
    found = read(path)
    assert found.failures == ()
    assert len(found.read) == 1
    return found.read[0]


def the_failure(path: Path) -> str:
    found = read(path)
    assert found.read == ()
    assert len(found.failures) == 1
    return str(found.failures[0])


def pdf(text: str = "", *, password: str = "", pages: int = 1) -> bytes:
    """A PDF with one line of text on each page."""
    writer = pypdf.PdfWriter()
    for _ in range(pages):
        page = writer.add_blank_page(595, 842)
        if text:
            font = pypdf.generic.DictionaryObject()
            font[pypdf.generic.NameObject("/Type")] = pypdf.generic.NameObject("/Font")
            font[pypdf.generic.NameObject("/Subtype")] = pypdf.generic.NameObject("/Type1")
            font[pypdf.generic.NameObject("/BaseFont")] = pypdf.generic.NameObject("/Helvetica")
            fonts = pypdf.generic.DictionaryObject({pypdf.generic.NameObject("/F1"): font})
            page[pypdf.generic.NameObject("/Resources")] = pypdf.generic.DictionaryObject(
                {pypdf.generic.NameObject("/Font"): fonts}
            )
            stream = pypdf.generic.DecodedStreamObject()
            lines = "".join(f"({line}) Tj 0 -14 Td " for line in text.splitlines())
            stream.set_data(f"BT /F1 11 Tf 72 760 Td {lines}ET".encode())
            page[pypdf.generic.NameObject("/Contents")] = writer._add_object(stream)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


# --- which ----------------------------------------------------------------------------------------------------------


def test_a_folder_stands_for_its_documents_by_name(tmp_path: Path) -> None:
    for name in ("b.txt", "a.md", "C.PDF", "notes.docx", ".hidden.txt", "inner/d.txt"):
        put(tmp_path, name)
    found = collect([tmp_path])
    assert [path.name for path in found.paths] == ["C.PDF", "a.md", "b.txt"]
    assert found.failures == ()
    assert len(found.notes) == 1
    assert "not read: inner/, notes.docx; documents are text" in found.notes[0]


def test_many_files_that_are_not_read_are_counted(tmp_path: Path) -> None:
    put(tmp_path, "a.txt")
    for number in range(11):
        put(tmp_path, f"p{number:02}.png")
    (note,) = collect([tmp_path]).notes
    assert "p07.png and 3 more;" in note
    assert "p08.png" not in note


@pytest.mark.parametrize(("inner", "remedy"), [("", "name the files"), ("more/a.txt", "name the folders inside it")])
def test_a_folder_without_documents_is_an_error(tmp_path: Path, inner: str, remedy: str) -> None:
    if inner:
        put(tmp_path, inner)
    found = collect([tmp_path])
    assert found.paths == ()
    assert "holds no document" in str(found.failures[0])
    assert remedy in str(found.failures[0])


def test_a_missing_file_is_an_error_that_names_the_one_meant(tmp_path: Path) -> None:
    put(tmp_path, "velden.txt")
    message = the_failure(tmp_path / "veldne.txt")
    assert "veldne.txt: there is no such file" in message
    assert "velden.txt" in message.split("did you mean", 1)[1]
    assert "no such file" in the_failure(tmp_path / "no" / "a.txt")


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("cv.docx", "export it as PDF"),
        ("cv.html", "in a browser"),
        ("cv.JPG", "text recognition"),
        ("cv.xlsx", "matcher match"),
        ("cvs.zip", "unpack"),
        ("cv.xyz", "rename it"),
    ],
)
def test_an_ending_that_is_not_known_is_an_error_with_a_way_out(tmp_path: Path, name: str, remedy: str) -> None:
    message = the_failure(put(tmp_path, name))
    assert f"'{Path(name).suffix}' is no document that is read" in message
    assert remedy in message


def test_a_name_without_an_ending_is_a_text(tmp_path: Path) -> None:
    assert len(the_document(put(tmp_path, "velden")).entries) == 2


def test_one_file_by_two_ways_is_read_once(tmp_path: Path) -> None:
    path = put(tmp_path, "a.txt")
    found = collect([path, tmp_path, tmp_path / "." / "a.txt"])
    assert found.paths == (path,)
    assert [note.split(": ")[1] for note in found.notes] == ["given twice, read once"] * 2


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    paths = [put(tmp_path, name) for name in ("x/ada/cv.txt", "y/ada/cv.txt", "y/bo/cv.txt", "y/bo/list.txt")]
    assert [one.source for one in read(*paths).read] == ["x/ada/cv.txt", "y/ada/cv.txt", "bo/cv.txt", "list.txt"]


# --- reading --------------------------------------------------------------------------------------------------------


def test_every_fault_is_told_and_the_good_documents_are_read(tmp_path: Path) -> None:
    good = put(tmp_path, "good.txt")
    bad = [put(tmp_path, "empty.txt", "  \n\n"), put(tmp_path, "cv.docx"), tmp_path / "missing.md"]
    told: list[tuple[str, int, int]] = []
    found = read_documents(collect([bad[0], good, *bad[1:]]), lambda *each: told.append(each))
    assert [one.source for one in found.read] == ["good.txt"]
    assert found.paths == (good,)
    assert [failure.file for failure in found.failures] == [str(bad[1]), str(bad[2]), str(bad[0])]
    assert [(done, total) for _, done, total in told] == [(0, 2), (1, 2), (2, 2)]
    message = str(UnreadDocumentsError(found.failures, 4))
    assert message.startswith("3 of 4 documents cannot be read, and nothing was written; mend them, or pass --accept")
    assert all(f"\n  {failure}" in message for failure in found.failures)
    assert "--accept-rejects" not in str(UnreadDocumentsError(found.failures, 3))


def test_one_document_that_cannot_be_read_is_its_own_message(tmp_path: Path) -> None:
    found = read(put(tmp_path, "empty.txt", ""))
    error = UnreadDocumentsError(found.failures, 1)
    assert str(error) == str(found.failures[0])
    assert error.file == str(tmp_path / "empty.txt")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", "the document is empty"),
        ("a.txt", b"\xef\xbb\xbf\r\n \r\n", "the document is empty"),
        ("a.txt", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "no text, Markdown or PDF"),
        ("a.txt", b"PK\x03\x04 a renamed word file", "no text, Markdown or PDF"),
        ("a.pdf", b"%PDF-1.4 cut off", "the PDF is damaged"),
        ("a.pdf", pdf(), "the PDF holds no text"),
        ("a.pdf", pdf("Ada Velden, a text", password="secret"), "protected by a password"),
        ("a.txt", b"<!DOCTYPE html><html><body>Ada Velden", "the source of a formatted page"),
        ("a.txt", b"\n <HTML lang=en>Ada Velden", "in a browser"),
        ("a.txt", b"{\\rtf1\\ansi Ada Velden}", "in a word processor"),
        ("a.txt", b"Ada Velden \x81\x8d and more", "neither UTF-8 nor Windows-1252"),
        ("a.txt", "Илья Велден, Иванов. Деревья и листья".encode("koi8-r"), "cannot be told"),
        ("a.txt", b"\xff\xfeA\x00d\x00a", "begins as UTF-16 and goes on otherwise"),
    ],
)
def test_what_is_no_document_is_an_error(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    assert message in the_failure(put(tmp_path, name, content))


def test_a_pdf_without_an_ending_that_says_so_is_read_as_a_pdf(tmp_path: Path) -> None:
    document = the_document(put(tmp_path, "a.txt", pdf("Ada Velden\nPublications and other things")))
    assert document.is_pdf
    assert len(document.lines) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_byte_order_marks_and_line_ends_change_nothing(tmp_path: Path, encoding: str, ending: str) -> None:
    plain = the_document(put(tmp_path, "a.txt"))
    other = the_document(put(tmp_path, "a.txt", CV.replace("\n", ending).encode(encoding)))
    assert other == plain


def test_western_text_in_one_byte_a_letter_is_read_with_a_note(tmp_path: Path) -> None:
    text = CV.replace("Bo Hartig", "Zoë Hårtig").replace("Cleo", "Chloé")
    plain = the_document(put(tmp_path, "a.txt", text))
    found = read(put(tmp_path, "a.txt", text.encode("latin-1")))
    assert found.read == (plain,)
    assert "Zoë Hårtig" in found.read[0].entries[0].authors
    assert len(found.notes) == 1
    assert "read as Windows-1252 (Latin-1); if letters look wrong, save it as UTF-8" in found.notes[0]


def test_a_file_that_may_not_be_opened_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, "a.txt")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "a.txt: the file cannot be read: Permission denied" in the_failure(path)


def test_a_failure_is_a_data_error_with_its_remedy(tmp_path: Path) -> None:
    (failure,) = read(tmp_path / "a.txt").failures
    assert isinstance(failure, DataError)
    assert failure.remedy == "check the name"
