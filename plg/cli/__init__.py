"""The command `plg`: one file per command, the only room that writes to standard output and the only one that uses typer.

Nobody imports it. It may import everything, lazily: a command's module loads only typer and the standard library, and its body
imports what it needs, so that `plg --help` starts in a fraction of a second.
"""
