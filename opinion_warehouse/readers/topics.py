"""Topic coding: keyword rules over normalised text (Aho-Corasick, whole words)."""

from collections.abc import Iterable

from opinion_warehouse.readers.text import words
from opinion_warehouse.reference import TopicRule

UNCLASSIFIED = "Z9"


class TopicCoder:
    """Texts → topic codes by the rules of the reference data."""

    def __init__(self, rules: Iterable[TopicRule]) -> None:
        from ahocorasick_rs import AhoCorasick

        by_keyword: dict[str, set[str]] = {}
        for rule in rules:
            by_keyword.setdefault(words(rule.keyword), set()).add(rule.topic_code)
        self._topics = list(by_keyword.values())
        self._automaton = AhoCorasick(list(by_keyword)) if by_keyword else None

    def code(self, texts: Iterable[str | None]) -> list[str]:
        """Sorted topic codes of a text in parts; empty where no rule matches."""
        if self._automaton is None:
            return []
        found: set[str] = set()
        for text in texts:
            if text:
                for number, _, _ in self._automaton.find_matches_as_indexes(words(text), overlapping=True):
                    found |= self._topics[number]
        return sorted(found)
