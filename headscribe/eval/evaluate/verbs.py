"""Verbs that say whether a target is raised or lowered."""

from __future__ import annotations

from headscribe.eval.evaluate.words import word_set

PROMOTES = tuple(
    word_set(
        "promot map output produc predict boost rais increas copy copie translat convert transform give "
        "giving return add append link associat complet upweight favo elevat emit generat yield turn connect "
        "writ bring suggest elicit trigger evok lead name render surfac point recall prim activat amplif "
        "strengthen enhanc encourag cue retriev invok prompt fetch answer rewrit chang spell expand follow "
        "repeat replac upvot tied"
    )
)
"""Beginnings of verbs that raise."""

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
