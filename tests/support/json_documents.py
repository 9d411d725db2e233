"""What `--json` prints is held against the published schema, wherever a test reads it.

Run as a program, `python tests/support/json_documents.py`, it writes the schema to docs/plg.schema.json: after documents or keys were
added. It refuses a change that a script would stumble over.
"""

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator

from plg.contract.json_schema import breaking_changes, document_classes, json_schema

PUBLISHED = Path(__file__).resolve().parents[2] / "docs" / "plg.schema.json"


@cache
def validator(name: str) -> Draft202012Validator:
    """The schema of one document, by its name; unknown names are a failure."""
    classes = document_classes()
    assert name in classes, f"no class of plg.contract prints {name}"
    return Draft202012Validator(json_schema({name: classes[name]}))


def check_document(document: object) -> dict[str, Any]:
    """The document when it fits the schema that it names."""
    assert isinstance(document, dict)
    name = document.get("schema")
    assert isinstance(name, str), f"a document without a schema: {document}"
    faults = [
        f"{'/'.join(map(str, fault.instance_path))}: {fault.message}" for fault in validator(name).iter_errors(document)
    ]
    assert faults == [], f"{name}: {faults}"
    return document


def published() -> dict[str, Any]:
    """The kept copy."""
    found = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def main() -> int:
    current = json_schema(document_classes())
    broken = breaking_changes(published(), current) if PUBLISHED.exists() else []
    if broken:
        sys.stderr.write("\n".join([*broken, "give the document the next number instead"]) + "\n")
        return 1
    PUBLISHED.write_text(json.dumps(current, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
