"""What a field of a record is in a table: the metadata that schemas, readers and documentation are made of.

    @dataclass(frozen=True, slots=True)
    class Judgment:
        head: Head
        score: Annotated[float, Column("the head's score for the operation")]

declares a table with the columns ``layer``, ``head`` (those of ``Head``) and ``score``.
``headscribe/store/tables.py`` writes, reads and checks such tables, and makes ``docs/files.md`` list them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, given as ``Annotated[type, Column(...)]`` of a field, or of a property's value.

    A property is written and not read again. A field that is itself a record with columns stands for these;
    it needs no ``Column`` but where it says where they stand, or is a token.

    Attributes:
        meaning: in a few words, as Markdown; of tokens, what they are.
        unit: of the numbers, empty where they have none.
        name: of the column, where it is not the field's.
        ids: of tokens: name of the column of their ids, where it is not ``FIELD_id`` or ``FIELDs_ids``.
        type: ``int64`` or ``float32`` where a number is not ``int32`` or ``float64``.
        after: the column that it follows in the file, where it is not the one before it in the record.
        as_long_as: of lists: a column whose lists have as many items.
        share_of: of a count: the field whose share the file holds instead.
    """

    meaning: str = ""
    unit: str = ""
    name: str = ""
    ids: str = ""
    type: str = ""
    after: str = ""
    as_long_as: str = ""
    share_of: str = ""
