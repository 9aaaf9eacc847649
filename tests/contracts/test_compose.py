"""docker-compose.yml against the Compose Specification's schema and our own rules for production.

The schema is the one check-jsonschema carries (Compose Specification, Apache-2.0): no network is needed.
"""

import json
import re
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from opinion_warehouse.settings import PROJECT, ROLES

FILE = PROJECT / "docker-compose.yml"
SERVICES = {"postgres", "migrate", "api-server", "scheduler", "dag-processor", "triggerer"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    path = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_compose_file_matches_the_specification(compose: dict[str, Any], schema: dict[str, Any]) -> None:
    jsonschema.validate(compose, schema)


def test_compose_file_with_unknown_key_is_refused(compose: dict[str, Any], schema: dict[str, Any]) -> None:
    compose = json.loads(json.dumps(compose))
    compose["services"]["postgres"]["read_onyl"] = True
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(compose, schema)


def test_compose_has_exactly_the_services(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == SERVICES


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_service_is_locked_down(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].split(":")[0] not in ("", "0", "root")
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert "ports" not in service
    assert "privileged" not in service
    assert service["networks"] == (["internal", "outgoing"] if name == "scheduler" else ["internal"])
    assert name == "migrate" or service["healthcheck"]["test"]


def test_database_health_check_calls_plpgsql(compose: dict[str, Any]) -> None:
    # Compose turns $$ into $, so the server sees `do $$ … $$`.
    assert "do $$$$ begin" in compose["services"]["postgres"]["healthcheck"]["test"][-1]


def test_network_leads_nowhere_but_for_the_scheduler(compose: dict[str, Any]) -> None:
    assert compose["networks"]["internal"]["internal"] is True


def test_airflow_is_set_for_production(compose: dict[str, Any]) -> None:
    environment = compose["services"]["scheduler"]["environment"]
    assert environment["AIRFLOW__CORE__AUTH_MANAGER"].endswith("FabAuthManager")
    assert environment["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"
    assert environment["AIRFLOW__API__EXPOSE_CONFIG"] == "False"
    assert environment["AIRFLOW__API__ENABLE_SWAGGER_UI"] == "False"
    assert environment["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"
    assert int(environment["AIRFLOW__API_AUTH__JWT_EXPIRATION_TIME"]) <= 3600


def test_no_secret_stands_in_the_file(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name, value in (service.get("environment") or {}).items():
            if re.search(r"PASSWORD|SECRET|FERNET|TOKEN|_KEY$", name):
                assert str(value).startswith("/run/secrets"), name
    for secret in compose["secrets"].values():
        assert secret["file"].startswith("${OPINION_SECRETS_DIR:?")


def test_only_the_migration_sees_the_administrators_password(compose: dict[str, Any]) -> None:
    seen = {
        name for name, service in compose["services"].items() if "postgres_password" in service["secrets"]
    }
    assert seen == {"postgres", "migrate"}
    for name in SERVICES - {"postgres", "migrate"}:
        assert "bi_reader.password" not in compose["services"][name]["secrets"]


def test_every_role_has_its_secret_and_every_secret_is_made(compose: dict[str, Any], tmp_path: Path) -> None:
    made = tmp_path / "secrets of one test"
    subprocess.run([PROJECT / "docker/make-secrets.sh", made], check=True, capture_output=True)
    assert {path.name for path in made.iterdir()} == set(compose["secrets"])
    assert {f"{role}.password" for role in ROLES} <= set(compose["secrets"])
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    assert len(set(before.values())) == len(before)
    assert len(bytes.fromhex(before["key.hmac"].decode())) == 32
    subprocess.run([PROJECT / "docker/make-secrets.sh", made], check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before


def test_every_variable_without_a_default_must_be_set() -> None:
    for variable in re.findall(r"(?<!\$)\$\{[^}]+\}", FILE.read_text(encoding="utf-8")):
        assert ":?" in variable or ":-" in variable, variable
