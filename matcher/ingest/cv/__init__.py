"""CVs and publication lists become reviewers.

`read_cv` reads one document, `merge_documents` joins several into reviewers and publications;
`matcher.ingest.write_folder` writes them. What is not certain is reported with its line, never guessed.
"""

from __future__ import annotations

from matcher.ingest.cv.merge import DocumentReport, Existing, Merged, SamePaper, merge_documents
from matcher.ingest.cv.reader import read_cv
from matcher.ingest.cv.records import CvDocument, CvEntry, CvOwner, CvRelation, Doubt, LineRange, LineUse

__all__ = [
    "CvDocument",
    "CvEntry",
    "CvOwner",
    "CvRelation",
    "DocumentReport",
    "Doubt",
    "Existing",
    "LineRange",
    "LineUse",
    "Merged",
    "SamePaper",
    "merge_documents",
    "read_cv",
]
