"""The texts of `plg help TOPIC`."""

from plg.cli.exit_codes import MEANINGS
from plg.cli.language import N_, _

TOPICS = {
    "environment": N_("Environment variables and the configuration file"),
    "exit-codes": N_("What a script reads from $?"),
    "output": N_("Results, talk, JSON, colours"),
}
"""Name and title of each topic."""

_ENVIRONMENT = N_("""A setting is taken from the first of: the option on the command line, the environment
variable, config.toml in the configuration directory, the built-in value.

  variable          config.toml  option    meaning
  PLG_SERVER        server       --server  the server's address (http://127.0.0.1:8080)
  PLG_LANG          lang         --lang    en or ru; otherwise LC_ALL, LC_MESSAGES, LANG
  PLG_TOKEN_STORE   token_store            auto, keyring or file
  PLG_CAPTURE       capture      --capture how to take packets: auto, divert, tun or proxy
  PLG_MODE          mode         --mode    how to use several ways: off, redundant or adaptive
  PLG_MAX_OVERHEAD  max_overhead --max-overhead  at most so many bytes for each byte of the game's
  PLG_THEME         theme                  the dashboard's colours
  PLG_TOKEN                                an access token; goes before any stored login
  PLG_CONFIG_DIR                           the configuration directory
  PLG_RUNTIME_DIR                          where the running tunnel keeps its socket
  PLG_DEBUG=1                    --debug   show tracebacks
  NO_COLOR                                 no colours, whatever the terminal can do
  FORCE_COLOR                              colours and fitted tables in a pipe too
  TERM=dumb                                plain text, no live lines

`plg help configuration` shows what else config.toml takes; `plg config list --show-origin` says
where each value comes from.

Under sudo the configuration of the calling person is used.

`plg server` and `plg relay` have settings of their own: PLG_SERVER_* and PLG_RELAY_* variables or a
TOML file each, shown and checked by `plg server check` and `plg relay check`. PLG_ENROL_TOKEN holds
the token for `plg relay enrol`.""")

_OUTPUT = N_("""Results go to standard output, everything else (questions, remarks, warnings, errors) to
standard error. Without a terminal there are no colours and tables are not cut.

--json makes every command print JSON: one object on one line, and live commands one such
object for each change (NDJSON). The first key, "schema", names the document and its major
version, for example "plg.games/1"; inside a major version keys are only added. Units stand
in the names (rtt_ms), times are RFC 3339 in UTC, and what is not known is null.

With --json a failure prints {"schema": "plg.error/1", "error": {...}} on standard error:
error.code is stable, error.exit_code is the exit code, error.next_step says what mends it,
and error.nearest lists what may have been meant. Warnings are "plg.event/1" objects there. The one
document of another family is that of `plg server openapi`: it follows OpenAPI 3.1.

Codes, keys and names are English in every language; messages are not.""")


def topic_text(topic: str) -> str:
    """The whole text of a topic of TOPICS, in the language in use."""
    if topic == "environment":
        return _(_ENVIRONMENT)
    if topic == "output":
        return _(_OUTPUT)
    return "\n".join(f"{code.value:>4}  {_(meaning)}" for code, meaning in MEANINGS.items())
