"""Who is who: the only place that guesses which mention of a name is which person.

Every author mention of every paper and submission gets links: the people it may be, how that is known, and with what
confidence. What is known is taken in this order, and a stronger reason always wins:

======================  ==========  ==================================================================================
basis                   confidence  what it rests on
======================  ==========  ==================================================================================
`id`                    1           the record carries the person's id
`email`                 0.99        the same e-mail address
`listed`                0.97        the reviewer's own list has the paper, and exactly one name on it fits
`coauthors`             0.96        the same full name, and coauthors in common
`name`                  0.9         the same full name: a rare one, or one that only one known person carries
`spelling`              0.9         another spelling of the name, and coauthors in common
`unconfirmed`           0.7         as `name`, on a paper whose source gave ids to others but none to this one: it asks
`common`                by model    a common full name without coauthors in common: it asks
`ambiguous`             below 0.9   a full name that several people carry: possible people, to be asked about
`namesake`              0.5         another record with the same full name, under an id of another kind
`unnamed`               0.5         the reviewer's own list has the paper, but no name on it fits: it asks
`fits`                  0.4         a name that fits a reviewer's (submissions only); asks, links nothing else
`alike`                 up to 0.4   a likely other spelling of a reviewer's name (submissions only); asks, likewise
`short_name`            0.3         the same short name as a reviewer's (submissions only); asks, links nothing else
======================  ==========  ==================================================================================

The first four numbers and `name` order the reasons and are judgements; what `common` and `alike` ask about, and which
mentions of one name `coauthors` brings together, says a small trained model (`matcher.identity.model`). A full name
needs two parts longer than an initial. Two mentions on one paper are never one person, however many steps of likeness
lie between, and neither are two ids of one kind.

`names` normalises, `compare` tells in which way two names differ, `model` weighs two mentions, `groups` and
`spellings` bring mentions together, `reviewer_names` finds reviewers by name, `linking` puts all of it together, and
`relinking` does it again for what a change of the venue can reach.
"""

from __future__ import annotations

from matcher.identity.linking import Identities, link
from matcher.identity.links import CONFIDENCE, Basis, Link, joint_confidence, reasons
from matcher.identity.model import is_given_name
from matcher.identity.names import is_full_name, names_agree, names_fit, namespace, normalise_email, normalise_name
from matcher.identity.relinking import Relinked, changes, is_large, relink

__all__ = [
    "CONFIDENCE",
    "Basis",
    "Identities",
    "Link",
    "Relinked",
    "changes",
    "is_full_name",
    "is_given_name",
    "is_large",
    "joint_confidence",
    "link",
    "names_agree",
    "names_fit",
    "namespace",
    "normalise_email",
    "normalise_name",
    "reasons",
    "relink",
]
