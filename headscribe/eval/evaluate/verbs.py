"""Verbs that say whether a target is raised or lowered."""

from __future__ import annotations

from headscribe.eval.evaluate.words import word_set

RAISES = tuple(
    word_set(
        "promot map output produc predict boost rais increas copy copie translat convert transform give "
        "giving return add append link associat complet upweight favo elevat emit generat yield turn connect "
        "bring elicit trigger evok activat amplif strengthen enhanc encourag upvot invok cue prompt"
    )
)
"""Beginnings of verbs that raise."""

LEADS = (
    *RAISES,
    *word_set(
        "writ suggest lead name render surfac point recall prim retriev fetch answer rewrit chang spell"
    ),
    *word_set("spell expand follow repeat replac tied"),
)
"""Beginnings of verbs that lead from a source to a target."""

SUPPRESSES = tuple(
    word_set("suppress inhibit demot downweight lowers lowering decreas reduc discourag penali avoid")
)
"""Beginnings of verbs that lower."""

ACTIVE = word_set(
    "promote promotes promoting raise raises raising boost boosts elicit elicits trigger triggers evoke "
    "evokes map maps predict predicts elevate elevates increase increases upweight upweights favour "
    "favours favor favors activate activates bring brings suggest suggests give gives yield yields "
    "produce produces output outputs write writes cue cues prime primes prompt prompts invoke invokes "
    "amplify amplifies lead leads"
)
"""Forms behind which a target stands, and in front of which what it follows from."""
