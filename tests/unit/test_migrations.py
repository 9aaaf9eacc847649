"""Migrations stand in one line, numbered as they are applied."""

from importlib import import_module

from opinion_warehouse.settings import PROJECT

VERSIONS = PROJECT / "opinion_warehouse" / "database" / "migrations" / "versions"


def test_each_migration_follows_the_one_before() -> None:
    before = None
    for path in sorted(VERSIONS.glob("*.py")):
        module = import_module(f"opinion_warehouse.database.migrations.versions.{path.stem}")
        assert (module.revision, module.down_revision) == (path.stem.partition("_")[0], before), path.name
        before = module.revision
    assert before is not None
