"""Writers for other systems, looked up by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from matcher.errors import UnknownNameError
from matcher.export.bundle import ExportData, WriteOptions, Writer
from matcher.export.csv_files import write_assignment_csv, write_csv
from matcher.export.json_files import write_json
from matcher.export.parquet import write_parquet
from matcher.export.systems import write_cmt, write_easychair, write_hotcrp, write_openreview

__all__ = ["EXPORTS", "ExportData", "WriteOptions", "Writer", "export", "write_assignment_csv"]

EXPORTS: Final[Mapping[str, Writer]] = MappingProxyType(
    {
        "cmt": write_cmt,
        "csv": write_csv,
        "easychair": write_easychair,
        "hotcrp": write_hotcrp,
        "json": write_json,
        "openreview": write_openreview,
        "parquet": write_parquet,
    }
)
"""Every format by its name."""


def export(
    name: str, bundle: ExportData, folder: Path, *, overwrite: bool = False, guard: bool = True
) -> tuple[Path, ...]:
    """Write a match in one of the formats of `EXPORTS`.

    Args:
        name: the format.
        bundle: the match.
        folder: where the files go; made where it does not exist.
        overwrite: replace files that exist already.
        guard: keep spreadsheets from running cells as formulas; `False` writes every cell as it is, for programs only.

    Returns:
        The files written.

    Raises:
        UnknownNameError: there is no such format.
        DataError: a file exists and may not be replaced; nothing is written then.
    """
    writer = EXPORTS.get(name)
    if writer is None:
        raise UnknownNameError("export format", name, EXPORTS)
    folder.mkdir(parents=True, exist_ok=True)
    return writer(bundle, folder, WriteOptions(overwrite=overwrite, guard=guard))
