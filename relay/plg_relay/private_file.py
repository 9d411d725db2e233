"""Small files that hold secrets: written whole or not at all, readable by their owner only."""

import os
import secrets
from pathlib import Path

MODE_OWNER_ONLY = 0o600


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step, mode 0600, on the disk when this returns. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE_OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def read_bounded(path: Path, max_bytes: int) -> bytes:
    """The file's bytes. Raises OSError, or ValueError when it is larger than `max_bytes`."""
    with path.open("rb") as stream:
        content = stream.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError(f"more than {max_bytes} bytes")
    return content
