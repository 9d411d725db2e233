"""The texts of `plg help TOPIC`."""

import textwrap

from plg.cli.config_keys import SETTINGS, TABLES, ConfigKey, Kind, allowed_text, shown
from plg.cli.exit_codes import MEANINGS
from plg.cli.language import N_, _

MAX_COLUMNS = 98
"""Implementation. Fits a terminal of 100 columns."""

TOPICS = {
    "configuration": N_("Settings: where they come from, and all of them"),
    "environment": N_("Environment variables"),
    "exit-codes": N_("What a script reads from $?"),
    "output": N_("Results, talk, JSON, colours"),
    "scripting": N_("Examples for scripts, status bars and monitoring"),
}
"""Name and title of each topic."""

_ENVIRONMENT = N_("""Each setting of config.toml has a variable that goes before it; an option goes before both
(plg help configuration).""")

_OTHER_VARIABLES = (
    ("PLG_TOKEN", N_("an access token or API token; goes before any stored login")),
    ("PLG_CONFIG_DIR", N_("the configuration directory")),
    ("PLG_RUNTIME_DIR", N_("where the running tunnel keeps its socket")),
    ("PLG_SERVICE_DIR", N_("where tunnel services have their sockets; normally /run/plg-service")),
    ("PLG_DEBUG=1", N_("show tracebacks, as --debug")),
    ("LC_ALL, LC_MESSAGES, LANG", N_("the language, where PLG_LANG is not set")),
    ("NO_COLOR", N_("no colours, whatever the terminal can do")),
    ("FORCE_COLOR", N_("colours and fitted tables in a pipe too")),
    ("TERM=dumb", N_("plain text, no live lines")),
)

_OPERATORS = N_("""`plg server` and `plg relay` have settings of their own: PLG_SERVER_* and PLG_RELAY_* variables or a
TOML file each, shown and checked by `plg server check` and `plg relay check`. PLG_ENROL_TOKEN holds
the token for `plg relay enrol`.""")

_CONFIGURATION = N_("""A setting is taken from the first of these that has it:

  1. the option on the command line
  2. the environment variable
  3. config.toml in the configuration directory (plg config path)
  4. the built-in value

`plg config list --show-origin` says which one it was. `plg config set NAME VALUE` writes one and
keeps comments and order; `plg config unset NAME` takes it out. A damaged file is named with its
line and never overwritten. Under sudo the configuration of the calling person is used.""")

EXAMPLE_CONFIG = """\
server = "https://plg.example.org"
mode = "adaptive"

[launch]
cs2 = ["steam", "steam://rungameid/730"]

[hooks]
on_connect = ["notify-send", "PLG", "up"]
on_disconnect = "https://hooks.example.org/plg"
"""
"""A config.toml as people write it; a test reads it."""

_SCRIPTING = N_("""Every command takes --json, --lang and --no-input, before or after its name. Results are on standard
output, talk on standard error, and $? says how it ended (plg help exit-codes).""")

SCRIPTING_LINES: tuple[tuple[str, str], ...] = (
    (
        N_("One object on one line:"),
        "plg status --json\nplg config get mode --json\nplg version --json\nplg schema --names",
    ),
    (
        N_("An object a line while it runs, written out at once; the first is the whole state:"),
        "plg status --watch --json\nplg connect cs2 --json\nplg ping cs2 --json\nplg bench cs2 --json",
    ),
    (
        N_("In a shell:"),
        """\
plg statusline --json | grep -q '"level":"good"' && echo boosted
plg status >/dev/null; [ $? -eq 3 ] && echo 'no tunnel is running'
plg disconnect --wait --json""",
    ),
    (
        N_("Status bars (tmux, waybar with return-type json, a text source of OBS, a prompt):"),
        """\
set -g status-right '#(plg statusline --format tmux)'
plg statusline --format waybar --watch
plg statusline --format obs --watch --file plg.txt
plg statusline --template '{symbol} {ping} ms' --when-off ''""",
    ),
    (
        N_("Prometheus (names begin with plg_client_; scrape http://127.0.0.1:9464/metrics):"),
        "plg connect cs2 --metrics 9464",
    ),
    (
        N_("What the documents look like (JSON Schema 2020-12):"),
        "plg schema > plg.schema.json\nplg schema status",
    ),
)
"""Titles and command lines; a test runs the lines."""

_OUTPUT = N_("""Results go to standard output, everything else (questions, remarks, warnings, errors) to
standard error. Without a terminal there are no colours and tables are not cut.

--json makes every command print JSON: one object on one line, and live commands one such
object for each change (NDJSON). The first key, "schema", names the document and its major
version, for example "plg.games/1"; inside a major version keys are only added. Units stand
in the names (rtt_ms), times are RFC 3339 in UTC, and what is not known is null.

With --json a failure prints {"schema": "plg.error/1", "error": {...}} on standard error:
error.code is stable, error.exit_code is the exit code, error.next_step says what mends it,
and error.nearest lists what may have been meant. Warnings are "plg.event/1" objects there. The one
document of another family is that of `plg server openapi`: it follows OpenAPI 3.1. `plg schema`
prints a JSON Schema of all the others.

Codes, keys and names are English in every language; messages are not.""")


def topic_text(topic: str) -> str:
    """The whole text of a topic of TOPICS, in the language in use."""
    if topic == "configuration":
        return _configuration()
    if topic == "environment":
        return _environment()
    if topic == "output":
        return _(_OUTPUT)
    if topic == "scripting":
        return _scripting()
    return "\n".join(f"{code.value:>4}  {_(meaning)}" for code, meaning in MEANINGS.items())


def _configuration() -> str:
    lines = [_(_CONFIGURATION), ""]
    for key in SETTINGS:
        lines.append(f"  {'  '.join(filter(None, (key.name, key.environment, key.flag)))}")
        lines += _indented(_(key.help) + _values(key))
    for table in TABLES:
        lines.append(f"  [{table.name}]")
        lines += _indented(_(table.help))
        for name, text in table.entries.items():
            lines += _indented(f"{name}: {_(text)}")
    lines += ["", _("For example:"), "", *(f"  {line}".rstrip() for line in EXAMPLE_CONFIG.splitlines())]
    return "\n".join(lines)


def _values(key: ConfigKey) -> str:
    """What a setting takes, and what holds without one."""
    allowed = allowed_text(key) if key.pattern is None and key.kind is not Kind.ADDRESS else None
    text = f" {allowed}." if allowed else ""
    return text + (" " + _("[default: {value}]").format(value=shown(key.default)) if key.default is not None else "")


def _environment() -> str:
    rows = [(key.environment, f"{key.name}: {_(key.help)}") for key in SETTINGS if key.environment is not None]
    rows += [(name, _(text)) for name, text in _OTHER_VARIABLES]
    width = max(len(name) for name, _text in rows) + 2
    lines = [_(_ENVIRONMENT), ""]
    for name, text in rows:
        first, *more = textwrap.wrap(text, MAX_COLUMNS - width - 2)
        lines += [f"  {name:<{width}}{first}", *(" " * (width + 2) + line for line in more)]
    return "\n".join([*lines, "", _(_OPERATORS)])


def _scripting() -> str:
    lines = [_(_SCRIPTING)]
    for title, commands in SCRIPTING_LINES:
        lines += ["", _(title), "", *(f"  {line}" for line in commands.splitlines())]
    return "\n".join([*lines, "", _("Fields of --template:"), "", *_field_lines()])


def _field_lines() -> list[str]:
    from plg.cli.statusline_text import FIELDS

    return [f"  {name:<9} {_(text)}" for name, text in FIELDS.items()]


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, MAX_COLUMNS, initial_indent="      ", subsequent_indent="      ")
