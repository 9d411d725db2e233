"""Standard output is for results, and one file writes it."""

import ast

from support.source_tree import product_modules, syntax_tree

WRITERS = (
    "plg/cli/output.py",  # the only file that writes results for the user
    # Child processes, whose standard output is the pipe to their parent.
    "plg/lab/",
    "plg/capture/watchdog.py",
)


def test_only_the_cli_output_module_touches_stdout() -> None:
    found = [
        f"{path}:{getattr(node, 'lineno', 0)}"
        for path in product_modules()
        if not path.as_posix().startswith(WRITERS)
        for node in ast.walk(syntax_tree(path))
        if writes_stdout(node)
    ]
    assert found == []


def test_the_check_sees_each_way_to_write() -> None:
    ways = [
        "print(1)",
        "import sys; sys.stdout.write('x')",
        "typer.echo('x')",
        "from sys import stdout",
        "os.write(1, b'x')",
    ]
    assert all(any(writes_stdout(node) for node in ast.walk(ast.parse(way))) for way in ways)
    assert not any(writes_stdout(node) for node in ast.walk(ast.parse("import sys; sys.stderr.write('x')")))


def writes_stdout(node: ast.AST) -> bool:
    """print, echo, sys.stdout in any form, and a raw write to file descriptor 1."""
    match node:
        case ast.Call(func=ast.Name(id="print" | "pprint")) | ast.Call(func=ast.Attribute(attr="echo" | "secho")):
            return True
        case ast.Attribute(value=ast.Name(id="sys"), attr="stdout" | "__stdout__"):
            return True
        case ast.ImportFrom(module="sys", names=names):
            return any(alias.name == "stdout" for alias in names)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr="write"), args=[ast.Constant(value=1), *_]):
            return True
    return False
