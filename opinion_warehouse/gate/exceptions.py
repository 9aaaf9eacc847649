"""`expectations/exceptions.yml`: checks that may fail for a while, with reason, owner and expiry."""

from datetime import date
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from opinion_warehouse.checks import EXPECTATIONS, SuiteError, load_suite


class CheckException(BaseModel):
    """One excepted check. It fails when it has expired, and when the check passes without it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    check: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}-\d{3}$")]
    reason: str = Field(min_length=10)
    owner: str = Field(min_length=2, description="a desk, never a person")
    expires: date


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    exceptions: list[CheckException]


def load_exceptions(folder: Path = EXPECTATIONS) -> dict[str, dict[str, str]]:
    """Check id → reason, owner, expires. SuiteError when the file is missing or wrong, or a check unknown."""
    path = folder / "exceptions.yml"
    try:
        read = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise SuiteError(f"{path}: {faults}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SuiteError(f"{path}: cannot be read: {error}") from error
    exceptions: dict[str, dict[str, str]] = {}
    for entry in read.exceptions:
        if entry.check in exceptions:
            raise SuiteError(f"{path}: {entry.check} stands twice")
        exceptions[entry.check] = {
            "reason": entry.reason,
            "owner": entry.owner,
            "expires": entry.expires.isoformat(),
        }
    if exceptions:
        known = {check.id for file in (folder / "release").glob("*.yml") for check in load_suite(file).checks}
        if unknown := sorted(set(exceptions) - known):
            raise SuiteError(f"{path}: no suite has a check {', '.join(unknown)}; remove its exception")
    return exceptions
