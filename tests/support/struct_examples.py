"""Values that fit a msgspec struct, made from its fields, and every place in them that could be given something else."""

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import inspect

TEXTS = (
    "example", "0123456789abcdef", "player@example.org", "correct horse battery", "27015", "5.99", "USD", "PLG-EXAMPLE-1",
    "2031-01-01T00:00:00Z", "https://example.org/x", "192.0.2.1:27960", "AAAA", "192.0.2.0/24", "123456", "DE", "1",
    "donatepay:USD", "monthly:USD", "2031-01-01", "12:30", "12.50 EUR",
    "https://example.org/ping",
)  # fmt: skip
"""Tried in turn for each text field; the first that fits its pattern and length is taken."""


@dataclass(frozen=True)
class Place:
    """One value inside a struct: the way to it, and what it must be."""

    path: tuple[str | int, ...]
    kinds: tuple[inspect.Type, ...]
    required: bool

    @property
    def name(self) -> str:
        """As people write it."""
        return ".".join(map(str, self.path))

    def find(self, kind: type[inspect.Type]) -> Any:
        """The alternative of this kind, None when there is none."""
        return next((one for one in self.kinds if isinstance(one, kind)), None)


def example(kind: type[msgspec.Struct], known: Mapping[str, object] | None = None) -> dict[str, Any]:
    """A body with every field set; `known` has values for outer fields by name. Raises LookupError when there is no example."""
    made = _struct(inspect.type_info(kind))
    made |= {name: value for name, value in (known or {}).items() if name in made}
    msgspec.convert(made, kind, strict=False)
    return made


def places(kind: type[msgspec.Struct]) -> list[Place]:
    """Every field, those of inner structs, and the first item of each list."""
    return [*_places(inspect.type_info(kind), ())]


def with_value(body: dict[str, Any], place: Place, value: object) -> dict[str, Any]:
    """The body with another value there."""
    changed = copy.deepcopy(body)
    inner: Any = changed
    for step in place.path[:-1]:
        inner = inner[step]
    inner[place.path[-1]] = value
    return changed


def alternatives(node: inspect.Type) -> tuple[inspect.Type, ...]:
    """What may stand there, without wrappers."""
    if isinstance(node, inspect.Metadata):
        return alternatives(node.type)
    if isinstance(node, inspect.UnionType):
        return tuple(inner for one in node.types for inner in alternatives(one))
    return (node,)


def _struct(node: inspect.Type) -> dict[str, Any]:
    struct = _as_struct(node)
    if struct is None:
        raise LookupError(f"{node} is no struct")
    made = {field.encode_name: _value(field.type, field.encode_name) for field in struct.fields}
    if struct.tag_field is not None:
        made[struct.tag_field] = struct.tag
    return made


def _as_struct(node: inspect.Type) -> inspect.StructType | None:
    return next((one for one in alternatives(node) if isinstance(one, inspect.StructType)), None)


def _value(node: inspect.Type, name: str) -> Any:
    first = next(one for one in alternatives(node) if not isinstance(one, inspect.NoneType))
    match first:
        case inspect.StructType():
            return _struct(first)
        case inspect.StrType():
            return _text(first, name)
        case inspect.BoolType():
            return False
        case inspect.IntType() | inspect.FloatType():
            return _number(first)
        case inspect.LiteralType():
            return first.values[0]
        case inspect.EnumType():
            return next(iter(first.cls)).value
        case inspect.ListType() | inspect.CollectionType() | inspect.SetType() | inspect.VarTupleType():
            return [_value(first.item_type, name) for _ in range(max(1, first.min_length or 0))]
        case inspect.DateTimeType():
            return "2031-01-01T00:00:00Z"
        case inspect.DictType():
            return {_value(first.key_type, name): _value(first.value_type, name)}
    raise LookupError(f"{name}: no example of {first}")


def _number(node: inspect.IntType | inspect.FloatType) -> float:
    low = node.ge if node.ge is not None else 0 if node.gt is None else node.gt + 1
    fits = (node.le is None or node.le >= 1) and (node.lt is None or node.lt > 1)
    return max(1, low) if fits else low


def _text(node: inspect.StrType, name: str) -> str:
    for text in TEXTS:
        fitted = text * (-(-(node.min_length or 0) // len(text)) or 1)
        if len(fitted) <= (node.max_length or len(fitted)) and (
            node.pattern is None or re.search(node.pattern, fitted)
        ):
            return fitted
    raise LookupError(f"{name}: nothing in TEXTS fits {node.pattern!r}, {node.min_length} to {node.max_length}")


def _places(node: inspect.Type, way: tuple[str | int, ...]) -> Iterator[Place]:
    struct = _as_struct(node)
    for field in struct.fields if struct is not None else ():
        here = (*way, field.encode_name)
        yield Place(here, alternatives(field.type), field.required)
        yield from _inside(field.type, here)


def _inside(node: inspect.Type, here: tuple[str | int, ...]) -> Iterator[Place]:
    yield from _places(node, here)
    for one in alternatives(node):
        if isinstance(one, inspect.ListType):
            first = (*here, 0)
            yield Place(first, alternatives(one.item_type), required=True)
            yield from _inside(one.item_type, first)
