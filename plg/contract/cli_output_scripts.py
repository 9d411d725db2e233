"""What the commands for scripts print with `--json`: settings, one-line status, completion."""

from typing import Literal

from plg.contract.cli_output import Document
from plg.contract.schema import Answer

ConfigValue = str | int | float | bool | list[str] | None


class ConfigSetting(Answer, frozen=True, kw_only=True):
    """One setting as it holds now. `place` is the option, the variable, or file and line that gave it; null for what is built in."""

    name: str
    value: ConfigValue
    kind: str
    origin: Literal["flag", "environment", "file", "built_in"]
    place: str | None
    default: ConfigValue
    environment: str | None
    flag: str | None
    allowed: list[str]
    help: str


class ConfigDocument(Document, frozen=True, kw_only=True):
    """`plg config list`, and `plg config get` with one setting."""

    file: str
    settings: list[ConfigSetting]
    schema: str = "plg.config/1"


class ConfigChangeDocument(Document, frozen=True, kw_only=True):
    """`plg config set` and `unset`; `value` is null when it was unset, `overridden_by` the variable that goes before the file."""

    file: str
    name: str
    value: ConfigValue
    changed: bool
    overridden_by: str | None
    schema: str = "plg.config_change/1"


class ConfigPathDocument(Document, frozen=True, kw_only=True):
    """`plg config path`."""

    file: str
    exists: bool
    schema: str = "plg.config_path/1"


class StatuslineDocument(Document, frozen=True, kw_only=True):
    """`plg statusline`: one line of the state. `state` as in plg.status/1; `level` is off, good, degraded or waiting."""

    state: str
    level: Literal["off", "good", "degraded", "waiting"]
    text: str
    fields: dict[str, str]
    schema: str = "plg.statusline/1"


class CompletionDocument(Document, frozen=True, kw_only=True):
    """`plg completion SHELL`: the script, and the file that --install wrote or --uninstall took away."""

    shell: Literal["bash", "zsh", "fish", "powershell"]
    script: str
    file: str | None = None
    installed: bool | None = None
    schema: str = "plg.completion/1"


class SchemaNamesDocument(Document, frozen=True, kw_only=True):
    """`plg schema --names`."""

    names: list[str]
    schema: str = "plg.schema_names/1"


class SuggestionsDocument(Document, frozen=True, kw_only=True):
    """What shells ask `plg completion --suggest`: words with their meaning; `files`: file names fit too."""

    words: dict[str, str]
    files: bool
    schema: str = "plg.suggestions/1"
