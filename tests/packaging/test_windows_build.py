"""The recipe for Windows, as far as it can be looked at without Windows: it was never run here."""

import re
import tomllib
from typing import Any

import msgspec
import pytest

from plg.cli.root import COMMANDS, load_command
from plg.release.installation import Form
from support.source_tree import ROOT

WORKFLOW = ROOT / ".github" / "workflows" / "windows-build.yml"
INSTALLER = ROOT / "ops" / "packaging" / "plg.iss"


@pytest.fixture(scope="module")
def job() -> dict[str, Any]:
    document = msgspec.yaml.decode(WORKFLOW.read_bytes())
    assert True in document or "on" in document  # YAML 1.1 reads the key "on" as a truth value
    assert document["permissions"] == {"contents": "read"}
    found = document["jobs"]["build"]
    assert isinstance(found, dict)
    return found


def commands(job: dict[str, Any]) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


def test_it_builds_starts_installs_removes_and_hands_over(job: dict[str, Any]) -> None:
    assert job["runs-on"].startswith("windows-")
    assert 0 < job["timeout-minutes"] <= 60
    text = commands(job)
    order = ["pip install", "PyInstaller", "--version", "ISCC.exe", "/VERYSILENT", "unins000.exe", "left behind"]
    places = [text.index(word) for word in order]
    assert places == sorted(places)
    last = job["steps"][-1]
    assert last["uses"].startswith("actions/upload-artifact@")
    assert last["with"]["if-no-files-found"] == "error"
    assert all(("run" in step) != ("uses" in step) for step in job["steps"])


def test_a_step_in_powershell_fails_when_a_program_in_it_fails(job: dict[str, Any]) -> None:
    scripts = [step["run"] for step in job["steps"] if step.get("shell") == "pwsh"]
    assert len(scripts) == 3
    for script in scripts:
        assert script.startswith('$ErrorActionPreference = "Stop"\n')
        assert "$PSNativeCommandUseErrorActionPreference = $true" in script or "$LASTEXITCODE" in script


def test_it_uses_the_recipe_and_the_versions_of_this_project(job: dict[str, Any]) -> None:
    text = commands(job)
    assert (ROOT / "ops/packaging/plg.spec").is_file()
    assert "ops/packaging/plg.spec" in text
    requirement = re.search(r'"(pyinstaller[^"]+)"', text)
    assert requirement is not None
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    assert requirement[1] in groups["package"]
    assert "20000000" in text


def test_names_of_the_files_are_those_that_the_index_knows(job: dict[str, Any]) -> None:
    from make_index import FILE_NAME, FORMS

    for name, form in (
        ("plg-0.2.0-windows-amd64.exe", Form.SINGLE),
        ("plg-0.2.0-windows-amd64-setup.exe", Form.INSTALLER),
    ):
        found = FILE_NAME.fullmatch(name)
        assert found is not None
        assert (found["platform"], FORMS[found["end"]]) == ("windows-amd64", form)
    assert "plg-$version-windows-amd64.exe" in commands(job)
    assert "OutputBaseFilename=plg-{#Version}-windows-amd64-setup" in INSTALLER.read_text(encoding="utf-8")


def sections() -> dict[str, list[str]]:
    """Each section of the installer's script with its lines, comments left out."""
    found: dict[str, list[str]] = {}
    for line in INSTALLER.read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            assert heading[1] not in found
            found[heading[1]] = []
        elif line and not line.startswith((";", "#", "  #")):
            found[next(reversed(found))].append(line)
    return found


def test_the_installer_needs_no_administrator_and_speaks_both_languages() -> None:
    setup = dict(line.split("=", 1) for line in sections()["Setup"])
    assert (setup["PrivilegesRequired"], setup["CloseApplications"]) == ("lowest", "yes")
    assert {re.findall(r'Name: "(\w+)"', line)[0] for line in sections()["Languages"]} == {"en", "ru"}


def test_removing_ends_the_tunnel_restores_the_system_and_takes_the_service_away_in_this_order() -> None:
    lines = sections()["UninstallRun"]
    words = [re.findall(r'Parameters: "([^"]+)"', line)[0].split() for line in lines]
    assert [line[0] for line in words] == ["disconnect", "restore", "service"]
    assert all("waituntilterminated" in line and "RunOnceId" in line for line in lines)
    for line in words:  # each is a command line that plg of this version understands
        command = load_command(line[0], COMMANDS[line[0]])
        command.make_context(f"plg {line[0]}", line[1:], resilient_parsing=False)
    leftovers = " ".join(sections()["UninstallDelete"])
    assert all(place in leftovers for place in ('"{app}"', '"{app}.previous"', r'"{app}\..\.plg.update"'))


def test_the_pascal_code_is_balanced() -> None:
    code = "\n".join(sections()["Code"])
    words = re.findall(r"\b(begin|end)\b", re.sub(r"'[^']*'", "", code))
    depth = 0
    for word in words:
        depth += 1 if word == "begin" else -1
        assert depth >= 0
    assert depth == 0
    assert code.count("(") == code.count(")")
