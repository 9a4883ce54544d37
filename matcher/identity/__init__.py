"""Who is who: the only place that guesses which mention of a name is which person.

`link` answers it for a venue. `names` compares two spellings, `linking` puts together what ids, addresses, lists of
papers and names say.
"""

from __future__ import annotations

from matcher.identity.linking import CONFIDENCE, Basis, Identities, Link, joint_confidence, link, reasons
from matcher.identity.names import is_full_name, names_agree, names_fit, namespace, normalise_email, normalise_name

__all__ = [
    "CONFIDENCE",
    "Basis",
    "Identities",
    "Link",
    "is_full_name",
    "joint_confidence",
    "link",
    "names_agree",
    "names_fit",
    "namespace",
    "normalise_email",
    "normalise_name",
    "reasons",
]
