"""`make docs`: docs/landing-checks.md from the suites in expectations/landing/; a test compares the two."""

from opinion_warehouse.checks import EXPECTATIONS, load_suite
from opinion_warehouse.settings import PROJECT

PAGE = PROJECT / "docs" / "landing-checks.md"
HEAD = """\
<!-- Made by tools/landing_checks_page.py from expectations/landing/; change those, make docs. -->
# Landing checks

What a source's new files must be before they count. They run when the night's files have landed, on all
new files of a source together: a check that **blocks** holds these files back, and the source's last accepted
data stay; a check that **warns** is told in `opinion.release_notes`. `opinion quarantine show` says of a held
file which check it did not pass, on what, and the numbers. It becomes good by being read again after its spec
was mended (`opinion quarantine replay`), or by a newer file of the same name.

A source may have a suite of its own besides: `<source id>.yml` in `expectations/landing/`.
"""


def page() -> str:
    """The page as it should be."""
    parts = [HEAD]
    for family in ("survey", "report", "social"):
        parts.append(
            f"\n## {family.capitalize()}\n\n| check | what must be so | if not | the mend | shown |\n"
        )
        parts.append("|---|---|---|---|---|\n")
        for check in load_suite(EXPECTATIONS / "landing" / f"{family}.yml").checks:
            effect = "**blocks**" if check.severity == "block" else "warns"
            shown = ", ".join(f"`{column}`" for column in check.shows)
            cells = (check.id, check.description, effect, check.mend or "", shown)
            parts.append(f"| {' | '.join(cells)} |\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.relative_to(PROJECT))
