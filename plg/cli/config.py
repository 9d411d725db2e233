"""`plg config`: read and change config.toml."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _

if TYPE_CHECKING:
    from plg.cli.config_keys import ConfigKey, Value
    from plg.contract.cli_output_scripts import ConfigSetting

app = command_app(
    help=N_("Read and change the settings in config.toml.\nWhat goes before what is told by plg help configuration.")
)

KeyArgument = Annotated[str, typer.Argument(metavar="NAME", help=N_("The setting: see plg config list."))]


@add_command(
    app,
    name="get",
    help=N_("Show one setting as it holds now."),
    examples="plg config get mode\nplg config get launch.cs2",
)
def get(ctx: typer.Context, name: KeyArgument) -> None:
    from plg.cli.config_file import known_key
    from plg.cli.config_keys import shown

    run = invocation(ctx)
    found = as_it_holds(run, known_key(name))
    if run.output.as_json:
        _document(run, [found])
    else:
        run.output.line(shown(found.value))


@add_command(
    app,
    name="set",
    help=N_("Write one setting into config.toml. Comments and order stay."),
    examples=(
        "plg config set mode adaptive\nplg config set launch.cs2 steam steam://rungameid/730\n"
        "plg config set hooks.on_connect -- notify-send -t 2000 PLG up\n"
        "plg config set hooks.on_disconnect https://hooks.example.org/plg"
    ),
)
def set_(
    ctx: typer.Context,
    name: KeyArgument,
    words: Annotated[
        list[str],
        typer.Argument(metavar="VALUE...", help=N_("The value; for a command, the program and its arguments.")),
    ],
) -> None:
    from plg.cli.cli_error import CliError
    from plg.cli.config_file import known_key, set_value
    from plg.cli.config_keys import KIND_WORDS, allowed_text, from_words
    from plg.cli.exit_codes import ExitCode

    run = invocation(ctx)
    key = known_key(name)
    value = from_words(key.kind, words)
    if value is None:
        raise CliError(
            _("'{value}' is no {key}").format(value=" ".join(words), key=key.name),
            code="bad_setting",
            exit_code=ExitCode.USAGE,
            next_step=_("allowed: {values}").format(values=allowed_text(key) or _(KIND_WORDS[key.kind])),
        )
    _told(run, key, value, changed=set_value(run.settings.directory, name, value))


@add_command(app, name="unset", help=N_("Take one setting out of config.toml."), examples="plg config unset mode")
def unset(ctx: typer.Context, name: KeyArgument) -> None:
    from plg.cli.config_file import known_key, unset_value

    run = invocation(ctx)
    key = known_key(name)
    _told(run, key, None, changed=unset_value(run.settings.directory, name))


@add_command(
    app,
    name="list",
    help=N_("Show every setting as it holds now."),
    examples="plg config list\nplg config list --show-origin\nplg config list --json",
)
def list_(
    ctx: typer.Context,
    show_origin: Annotated[
        bool, typer.Option("--show-origin", help=N_("Also show where each value comes from."))
    ] = False,
) -> None:
    from plg.cli.config_keys import shown
    from plg.cli.output import Column

    run = invocation(ctx)
    rows = [as_it_holds(run, key) for key in every_key(run)]
    if run.output.as_json:
        _document(run, rows)
        return
    columns = [Column(_("setting")), Column(_("value")), Column(_("where from"))]
    cells = [[row.name, shown(row.value), row.place or _("built in")] for row in rows]
    run.output.table(columns if show_origin else columns[:2], cells if show_origin else [row[:2] for row in cells])


@add_command(app, name="path", help=N_("Show where config.toml is."), examples="plg config path")
def path(ctx: typer.Context) -> None:
    run = invocation(ctx)
    file = run.settings.file
    if run.output.as_json:
        from plg.contract.cli_output_scripts import ConfigPathDocument

        run.output.document(ConfigPathDocument(file=str(file), exists=file.is_file()))
    else:
        run.output.line(str(file))


def every_key(run: Invocation) -> "list[ConfigKey]":
    """The settings, the known entries of tables, and the entries that this person's file has besides. Raises CliError."""
    from plg.cli.config_keys import SETTINGS, TABLES, find_key

    names = [key.name for key in SETTINGS]
    for table in TABLES:
        written = [entry for entry in run.settings.table(table.name) if entry not in table.entries]
        names += [f"{table.name}.{entry}" for entry in [*table.entries, *written]]
    return [key for name in names if (key := find_key(name)) is not None]


def as_it_holds(run: Invocation, key: "ConfigKey") -> "ConfigSetting":
    """The value that this very command line would use, and where it comes from. Raises CliError."""
    from plg.contract.cli_output_scripts import ConfigSetting

    origin: Literal["flag", "environment", "file", "built_in"] = "built_in"
    value, place = key.default, None
    if key.name == "lang" and run.flags.lang is not None:
        value, origin, place = run.flags.lang, "flag", "--lang"
    elif (found := run.settings.found(key.name)) is not None:
        value, place = found.value, found.source
        origin = "environment" if place == key.environment else "file"
    return ConfigSetting(
        name=key.name,
        value=value,
        kind=key.kind.value,
        origin=origin,
        place=place,
        default=key.default,
        environment=key.environment,
        flag=key.flag,
        allowed=list(key.allowed),
        help=_(key.help),
    )


def _document(run: Invocation, rows: "list[ConfigSetting]") -> None:
    from plg.contract.cli_output_scripts import ConfigDocument

    run.output.document(ConfigDocument(file=str(run.settings.file), settings=rows))


def _told(run: Invocation, key: "ConfigKey", value: "Value | None", *, changed: bool) -> None:
    """What was done, and a warning when a variable goes before the file."""
    above = key.environment if key.environment and run.environ.get(key.environment) else None
    if above is not None:
        run.talk.warn(
            _("{variable} is set and goes before config.toml").format(variable=above), event="setting_overridden"
        )
    if run.output.as_json:
        from plg.contract.cli_output_scripts import ConfigChangeDocument

        run.output.document(
            ConfigChangeDocument(
                file=str(run.settings.file), name=key.name, value=value, changed=changed, overridden_by=above
            )
        )
    elif not changed:
        run.talk.say(_("{name}: nothing to change").format(name=key.name))
    elif value is None:
        run.talk.say(_("{name} is no longer set").format(name=key.name))
    else:
        run.talk.say(_("{name} is set").format(name=key.name))
