"""The commented templates are specs: copied under their id they are valid."""

import shutil
from pathlib import Path

import pytest

from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import check_sources, load_source, load_sources, spec_paths

TEMPLATES = sorted((PROJECT / "sources").glob("_template_*.yml"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_template_copied_under_its_id_is_valid(template: Path, tmp_path: Path) -> None:
    source_id = next(
        line.split()[1]
        for line in template.read_text(encoding="utf-8").splitlines()
        if line.startswith("id:")
    )
    family = template.stem.removeprefix("_template_")
    copy = tmp_path / family / f"{source_id}.yml"
    copy.parent.mkdir()
    shutil.copy(template, copy)
    for margins in template.parent.glob(f"{template.stem}.*.csv"):
        shutil.copy(margins, copy.with_suffix(margins.name.removeprefix(template.stem)))
    assert [str(error) for error in check_sources(tmp_path)] == []
    assert load_source(copy).family == family


def test_templates_there_is_one_a_family() -> None:
    assert [path.stem for path in TEMPLATES] == ["_template_report", "_template_social", "_template_survey"]


def test_load_sources_of_the_project_finds_each_spec_and_no_template() -> None:
    found = {source.id for source in load_sources(PROJECT / "sources")}
    assert {"anes_1996", "cantho_online", "cantho_weekly", "vendor_mentions"} <= found
    assert not any(path.name.startswith("_") for path in spec_paths(PROJECT / "sources"))
