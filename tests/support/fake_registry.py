"""A registry in memory that behaves as the documented functions of winreg do: for what cannot run here."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class FakeRegistry:
    """Keys are paths in any case, made with all keys above them. `closed` are keys that only an administrator may change."""

    HKEY_CURRENT_USER: Any = "HKCU"
    HKEY_LOCAL_MACHINE: Any = "HKLM"
    KEY_READ = 0x20019
    KEY_SET_VALUE = 0x0002
    KEY_WOW64_64KEY = 0x0100
    REG_SZ = 1
    REG_BINARY = 3
    REG_DWORD = 4

    def __init__(self) -> None:
        self.keys: dict[tuple[str, str], dict[str, tuple[Any, int]]] = {}
        self.closed: set[str] = set()

    def put(self, hive: str, path: str, name: str, value: Any, kind: int = REG_DWORD) -> None:
        """As somebody else would."""
        self.keys.setdefault((hive, path.casefold()), {})[name.casefold()] = (value, kind)

    def get(self, hive: str, path: str, name: str) -> Any:
        """The value alone; None when there is none."""
        return self.keys.get((hive, path.casefold()), {}).get(name.casefold(), (None, 0))[0]

    @contextmanager
    def OpenKey(self, key: Any, sub_key: str, reserved: int, access: int, /) -> Iterator[Any]:  # noqa: N802 - winreg's names
        assert reserved == 0
        place = (str(key), sub_key.casefold())
        if place not in self.keys:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        self._may(str(key), access)
        yield (place, access)

    @contextmanager
    def CreateKeyEx(self, key: Any, sub_key: str, reserved: int, access: int, /) -> Iterator[Any]:  # noqa: N802
        assert reserved == 0
        self._may(str(key), access)
        place = (str(key), sub_key.casefold())
        self.keys.setdefault(place, {})
        yield (place, access)

    def QueryValueEx(self, key: Any, value_name: str, /) -> tuple[Any, int]:  # noqa: N802
        place, access = key
        assert access & self.KEY_READ == self.KEY_READ
        found = self.keys[place].get(value_name.casefold())
        if found is None:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        return found

    def SetValueEx(self, key: Any, value_name: str, reserved: int, kind: int, value: Any, /) -> None:  # noqa: N802
        place, access = key
        assert reserved == 0
        assert access & self.KEY_SET_VALUE
        if kind == self.REG_DWORD and not (isinstance(value, int) and 0 <= value < 1 << 32):
            raise ValueError("Could not convert the data to the specified type.")
        if kind == self.REG_SZ and not isinstance(value, str):
            raise ValueError("Could not convert the data to the specified type.")
        self.keys[place][value_name.casefold()] = (value, kind)

    def DeleteValue(self, key: Any, value: str, /) -> None:  # noqa: N802
        place, access = key
        assert access & self.KEY_SET_VALUE
        if self.keys[place].pop(value.casefold(), None) is None:
            raise FileNotFoundError(2, "The system cannot find the file specified")

    def _may(self, hive: str, access: int) -> None:
        if access & self.KEY_SET_VALUE and hive in self.closed:
            raise PermissionError(13, "Access is denied")
