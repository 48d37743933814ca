"""docker/ is whole: the compose file obeys its specification, and all that its files name is there."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
import yaml
from lab import ROOT

from territoire.core.settings import Settings

DOCKER = ROOT / "docker"
#: The JSON Schema of the Compose Specification (Apache-2.0), as its project publishes it.
SPECIFICATION = ROOT / "tests" / "support" / "compose-spec.json"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The compose file as it is read."""
    return yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    """The lines of the Dockerfile as (word, rest)."""
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def test_compose_obeys_its_specification(compose: dict[str, Any]) -> None:
    schema = orjson.loads(SPECIFICATION.read_bytes())
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    assert [f"{error.json_path}: {error.message}" for error in validator(schema).iter_errors(compose)] == []
    broken = {**compose, "services": {**compose["services"], "api": {"image": "x", "comand": []}}}
    assert list(validator(schema).iter_errors(broken))


def test_services_wait_for_services_that_are_there(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert list(services) == ["postgis", "migrate", "api", "worker", "nginx"]
    conditions = {
        (name, on): said["condition"]
        for name, one in services.items()
        for on, said in one.get("depends_on", {}).items()
    }
    assert conditions == {
        ("migrate", "postgis"): "service_healthy",
        ("api", "postgis"): "service_healthy",
        ("api", "migrate"): "service_completed_successfully",
        ("worker", "postgis"): "service_healthy",
        ("worker", "migrate"): "service_completed_successfully",
        ("nginx", "api"): "service_healthy",
    }
    for name, one in services.items():
        assert set(one["networks"]) <= set(compose["networks"]), name
        volumes = [volume.rsplit(":", 1 + volume.endswith(":ro"))[0] for volume in one["volumes"]]
        for source in volumes:
            if source.startswith("."):
                assert (DOCKER / source).exists(), source
            elif not source.startswith("$"):
                assert source in compose["volumes"], source
    # who talks to whom: nginx never to the database, and the database to nobody outside
    assert set(services["nginx"]["networks"]).isdisjoint(services["postgis"]["networks"])
    assert all(compose["networks"][name]["internal"] for name in services["postgis"]["networks"])


def test_the_server_is_given_no_login_that_writes(compose: dict[str, Any]) -> None:
    given = compose["services"]["api"]["environment"]
    logins = {"TERRITOIRE_READER_URL", "TERRITOIRE_SUBMITTER_URL"}
    assert set(given) == {*logins, "TERRITOIRE_PUBLIC_URL", "TERRITOIRE_DATASETS"}
    assert "ADMIN" not in str(given)
    assert "LOADER" not in str(given)
    assert "ADMIN" not in str(compose["services"]["worker"]["environment"])


def test_every_variable_is_in_the_example(compose: dict[str, Any]) -> None:
    text = (DOCKER / "compose.yaml").read_text(encoding="utf-8")
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", text))
    example = (DOCKER / ".env.example").read_text(encoding="utf-8")
    offered = dict(re.findall(r"^(\w+)=(.*)$", example, flags=re.MULTILINE))
    assert used == set(offered)
    assert {name for name, value in offered.items() if not value} == {name for name in used if "PASSWORD" in name}
    # what a person must fill in is refused while it is empty
    for name in (*(name for name in used if "PASSWORD" in name), "PUBLIC_URL"):
        assert text.count(f"${{{name}") == text.count(f"${{{name}:?")


def test_the_dockerfile_copies_and_runs_what_is_there(instructions: list[tuple[str, str]]) -> None:
    ignored = (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    sent = {line[1:] for line in ignored if line.startswith("!")}
    assert [name for name in sent if not (ROOT / name).exists()] == []
    for word, rest in instructions:
        if word == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert source == "." or source in sent or source.split("/")[0] in sent
    runs = [rest.split()[0] for word, rest in instructions if word == "RUN"]
    assert len(runs) == 5
    for program in runs:
        file = DOCKER / Path(program).name
        assert os.access(file, os.X_OK), program
    assert ("USER", "territoire") in instructions
    [health] = [rest for word, rest in instructions if word == "HEALTHCHECK"]
    assert "check-health" in health


def test_images_and_settings_name_no_registry(compose: dict[str, Any], instructions: list[tuple[str, str]]) -> None:
    images = [one["image"] for one in compose["services"].values()]
    images += [rest.split()[0] for word, rest in instructions if word == "FROM"]
    assert [image for image in images if "." in image.split("/")[0] and "/" in image] == []


def test_nginx_passes_to_the_service_and_port_of_the_compose_file(compose: dict[str, Any]) -> None:
    text = (DOCKER / "nginx.conf").read_text(encoding="utf-8")
    command = compose["services"]["api"]["command"]
    assert f"http://api:{command[command.index('--port') + 1]};" in text
    [port] = compose["services"]["nginx"]["ports"]
    assert f"listen {port.rsplit(':', 1)[1]};" in text


def test_what_the_operations_manual_names_is_there(compose: dict[str, Any]) -> None:
    text = (ROOT / "docs" / "exploitation.md").read_text(encoding="utf-8")
    known = {f"TERRITOIRE_{name.upper()}" for name in Settings.model_fields} | {"TERRITOIRE_"}
    said = set(re.findall(r"TERRITOIRE_(?:[A-Z_]*[A-Z])?", text)) | set(
        name for service in compose["services"].values() for name in service.get("environment", {}) if "TERR" in name
    )
    assert said <= known
    for name in set(re.findall(r"(?:docker|sql|tests)/[\w./-]*\w", text)) - {"docker/.env"}:
        assert (ROOT / name).exists(), name
