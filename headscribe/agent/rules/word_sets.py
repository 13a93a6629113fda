"""Closed sets of English words: number words, pronouns, months. In many heads one leads to others."""

from __future__ import annotations

_SETS = {
    "number words": """
        zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
        seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand
        million billion trillion dozen
    """,
    "ordinals": """
        first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth twentieth
        hundredth
    """,
    "pronouns": """
        i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she
        her hers herself it its itself they them their theirs themselves
    """,
    "weekdays": """
        monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
    """,
    "months": """
        january february march april may june july august september october november december
        jan feb mar apr jun jul aug sep sept oct nov dec
    """,
    "question words": "who whom whose what which when where why how",
    "quantifiers": """
        all any both each every few fewer half least less many more most much several some none enough another
        either neither various numerous
    """,
    "modal verbs": "can could may might must shall should will would ought cannot",
    "forms of be, have and do": """
        am is are was were be been being have has had having do does did done doing
    """,
    "prepositions": """
        about above across after against along among around at before behind below beneath beside between
        beyond by despite during except for from in inside into near of off on onto out outside over since
        through throughout to toward towards under until up upon via with within without
    """,
    "conjunctions": """
        and or but nor yet so although though because unless whereas while whether if than that
    """,
    "articles and demonstratives": "a an the this that these those such",
    "negations": "not no never nor none nothing nobody neither cannot without",
    "colours": """
        red orange yellow green blue purple violet pink brown black white grey gray gold golden silver crimson
        scarlet turquoise beige
    """,
    "directions": """
        north south east west northern southern eastern western northeast northwest southeast southwest
        northward southward eastward westward left right up down
    """,
    "family members": """
        mother father mom dad mum parent parents son daughter brother sister sibling siblings uncle aunt
        cousin nephew niece husband wife grandfather grandmother grandson granddaughter grandparents child
        children
    """,
    "units of time": """
        second seconds minute minutes hour hours day days week weeks month months year years decade decades
        century centuries
    """,
}


def _members() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, words in _SETS.items():
        for word in words.split():
            found[word] = (*found.get(word, ()), name)
    return found


WORD_SETS = frozenset(_SETS)
"""Names of the sets, as a sentence puts them."""

SETS_OF = _members()
"""Folded word → the sets that hold it."""
