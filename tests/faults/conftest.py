"""One warehouse a module, emptied before each test."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import house as helpers
import pytest

from opinion_warehouse import intake
from opinion_warehouse.settings import Settings


@pytest.fixture(scope="module")
def shared_house(
    new_warehouse: Callable[[], AbstractContextManager[Settings]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:
    with new_warehouse() as base:
        yield helpers.furnish(base, tmp_path_factory.mktemp("house"))


@pytest.fixture
def house(shared_house: Settings) -> Settings:
    helpers.clear(shared_house)
    intake.discover(shared_house, "social", helpers.NIGHT)
    return shared_house


@pytest.fixture(scope="module")
def clean(shared_house: Settings) -> str:
    """The digest an undisturbed load of the content comes to."""
    helpers.clear(shared_house)
    helpers.deliver(shared_house)
    assert helpers.outcomes(shared_house) == ["loaded"]
    return helpers.digest(shared_house)


@pytest.fixture
def quick_limits(house: Settings) -> Iterator[None]:
    with helpers.limits(
        house, lock_timeout="500ms", idle_in_transaction_session_timeout="2s", statement_timeout="3s"
    ):
        yield
