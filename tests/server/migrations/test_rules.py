"""What a migration may not do. Each rule answers a loss that was seen (server/README.md, "Migrations")."""

import ast
import re
from pathlib import Path

import pytest

from plg_server import migrations

FILES = sorted(Path(migrations.__file__).parent.glob("0*.py"))
ADDS = {"CreateModel", "AddField", "AddIndex", "RunPython"}
"""What an older server beside this one does not notice. A constraint on what is there, a rename or a removal breaks its writes,
and on SQLite rebuilds the table, which loses rows and indexes."""

CHANGING_SQL = re.compile(r"\s*(ALTER|DROP|DELETE|UPDATE|TRUNCATE|RENAME|INSERT|REPLACE)\b", re.IGNORECASE)
"""Statements that a migration writes itself may only make something new."""

HARMFUL = """
class Migration(migrations.Migration):
    operations = [
        ops.AddIndex('Account', index=Index(fields=['a'], name='x')),
        ops.AlterField('Account', 'email', fields.CharField(max_length=400)),
        ops.RunSQL('DROP TABLE accounts'),
        ops.AddField('Account', 'country', fields.CharField(max_length=2, default='')),
        ops.AddField('Account', 'city', fields.CharField(max_length=2, db_index=True, db_default='')),
        ops.CreateModel(name='A', fields=[('kind', fields.CharEnumField(Kind)), ('n', fields.IntField(db_index=True))],
                        options={'table_description': 'One; two', 'indexes': [Index(fields=['n'])]}),
    ]
"""


def name_of(call: ast.expr) -> str:
    """`ops.AddField(...)` -> AddField."""
    return call.func.attr if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else ""


def argument(call: ast.Call, name: str) -> ast.expr | None:
    """A keyword argument."""
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def is_true(value: ast.expr | None) -> bool:
    """Whether it is written as True."""
    return isinstance(value, ast.Constant) and value.value is True


def calls(tree: ast.AST, prefix: str) -> list[ast.Call]:
    """Every call of a name that starts so, in the order of the file."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(prefix)]


def faults(source: str) -> list[str]:
    """What is wrong with a migration."""
    tree = ast.parse(source)
    (operations,) = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "operations"
    ]
    assert isinstance(operations, ast.List)
    names = [name_of(operation) for operation in operations.elts]
    found = [f"{name}: an older server goes on beside this one; only add" for name in names if name not in ADDS]
    found += [
        f"{match[1]}: a statement that changes what is there"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and (match := CHANGING_SQL.match(node.value))
    ]
    for operation in operations.elts:
        for field in calls(operation, "fields."):
            found += field_faults(field, is_added_later=name_of(operation) == "AddField")
        found += ["an index needs a name" for index in calls(operation, "Index") if argument(index, "name") is None]
        found += [
            "a semicolon in a text: Tortoise cuts SQLite's statements there"
            for node in ast.walk(operation)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and ";" in node.value
        ]
    return found


def field_faults(field: ast.Call, *, is_added_later: bool) -> list[str]:
    """What is wrong with one column."""
    found = []
    if "Enum" in name_of(field):
        found.append(f"{name_of(field)}: its width follows the enum; use CharField(max_length=32)")
    if is_true(argument(field, "db_index")) and not is_true(argument(field, "primary_key")):
        found.append("db_index=True makes no index; use Meta.indexes")
    if is_added_later and not is_true(argument(field, "null")) and argument(field, "db_default") is None:
        found.append("a column added later needs db_default, or null=True")
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_migration_loses_nothing(file: Path) -> None:
    assert faults(file.read_text(encoding="utf-8")) == []


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [int(file.stem[:4]) for file in FILES] == list(range(1, len(FILES) + 1))


def test_the_rules_see_every_fault() -> None:
    assert faults(HARMFUL) == [
        "AlterField: an older server goes on beside this one; only add",
        "RunSQL: an older server goes on beside this one; only add",
        "DROP: a statement that changes what is there",
        "a column added later needs db_default, or null=True",
        "db_index=True makes no index; use Meta.indexes",
        "CharEnumField: its width follows the enum; use CharField(max_length=32)",
        "db_index=True makes no index; use Meta.indexes",
        "an index needs a name",
        "a semicolon in a text: Tortoise cuts SQLite's statements there",
    ]
