"""What a question may be about, by the warehouse's own topic rules: for a person to decide."""

from opinion_warehouse.drafting.emit import Said, todo
from opinion_warehouse.readers.coding.topics import TopicCoder
from opinion_warehouse.reference import Reference


class Topics:
    """Proposes topics of wordings."""

    def __init__(self, reference: Reference) -> None:
        self._coder = TopicCoder(reference.topic_rules)

    def todo(self, wordings: list[str]) -> Said:
        """The topic, left to a person, with those whose keywords stand in the words."""
        import polars as pl

        found: list[str] = []
        if wordings:
            distinct, which = self._coder.code([pl.Series([" ".join(wordings)], dtype=pl.String)])
            found = distinct[which[0]]
        hint = f"; its words speak of {', '.join(found)}" if found else ""
        return todo(f"a code of dbt_project/seeds/topic.csv, Z9 where none fits{hint}")
