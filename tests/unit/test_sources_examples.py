"""The sample specs of tools and formats: each is valid under its id and has a fixture written for it."""

from pathlib import Path

import pytest

from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import load_source

EXAMPLES = sorted((PROJECT / "sources" / "_examples").glob("*.yml"))
FIXTURES = PROJECT / "tests" / "fixtures"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_valid_and_has_a_fixture(example: Path) -> None:
    source = load_source(example)
    assert source.id == example.stem
    assert source.is_made, "a sample says that its data are made"
    assert any((FIXTURES / source.id).iterdir())
