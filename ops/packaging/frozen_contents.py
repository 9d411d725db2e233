"""What the frozen program holds: the player's commands and the dashboard, without server, relay and demo.

Read by `plg.spec` (which PyInstaller runs) and by the tests. Nothing here needs PyInstaller.
"""

import importlib.util
import sys
from pathlib import Path

PLAYER_PACKAGES = ("plg", "plg_tui")

LEFT_OUT_OF_OURS = (
    "plg_relay",
    "plg.lab.demo",
    "plg.lab.demo_stage",
    "plg.__main__",
    "plg_tui.web",
    "plg_tui.web_visitor",
)
"""An operator installs the wheel: a server inside a player's download would double it. The dashboard in a browser needs a web server too."""

PROFILE_RULES = (
    "plg_server",
    "plg_server.services",
    "plg_server.services.game_entries",
    "plg_server.services.game_files",
    "plg_server.services.toml_lines",
)
"""All of the server that comes along: what `plg profile` checks a game by, with the games and networks it may refer to."""
PROFILE_DATA = "plg_server/seed"

LEFT_OUT_ANYWHERE = (
    # Libraries of the server, of tests and of tools that somebody's import mentions inside a try or a function.
    "pydantic", "pydantic_core", "aiogram", "tortoise", "asyncpg", "aiosqlite", "redis", "structlog", "prometheus_client", "argon2", "limits", "jwt", "rapidfuzz",
    "pytest", "_pytest", "hypothesis", "pydivert.tests", "aiohttp.pytest_plugin", "aiohttp.test_utils", "aiohttp.web", "scapy",
    "IPython", "numpy", "yaml", "trustme", "tree_sitter", "mypy", "setuptools", "pkg_resources", "pip", "babel", "cython",
    # Parts of the standard library that no command of ours reaches.
    "sqlite3", "_sqlite3", "tkinter", "_tkinter", "unittest", "doctest", "pydoc", "pydoc_data", "test", "lib2to3", "distutils", "ensurepip",
    "idlelib", "turtle", "turtledemo", "venv", "xmlrpc", "dbm", "_dbm", "_gdbm", "ftplib", "nntplib", "telnetlib", "poplib", "imaplib",
    "curses", "_curses", "_curses_panel", "readline", "rlcompleter", "pdb", "bdb", "cProfile", "profile", "pstats", "audioop", "ossaudiodev",
    "nis", "crypt", "spwd", "multiprocessing", "_multiprocessing", "wsgiref", "_pydecimal",
    "_codecs_cn", "_codecs_hk", "_codecs_iso2022", "_codecs_jp", "_codecs_kr", "_codecs_tw", "_multibytecodec",
    # The faster twin of a module that is there in Python too; it alone would bring the C++ library, 2 MB.
    "frozenlist._frozenlist",
)  # fmt: skip
"""Names of modules; what is not installed may stand here too."""

KEPT_LEXERS = frozenset({"pygments.lexers._mapping", "pygments.lexers.python", "pygments.lexers.special"})
"""The dashboard draws no source code; a traceback with --debug is the only Python ever shown."""

LEFT_OUT_ON_LINUX = (
    "pydivert.windivert_dll.bin",
    "winreg",
    "win32ctypes",
    "keyring.backends.Windows",
    "keyring.backends.macOS",
)
LEFT_OUT_ON_WINDOWS = ("uvloop", "secretstorage", "jeepney", "keyring.backends.SecretService", "keyring.backends.macOS")


def package_folder(name: str) -> Path:
    """Where a package lies. Raises ModuleNotFoundError when it is not installed."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"{name} is not installed beside the packaging tool", name=name)
    return Path(next(iter(found.submodule_search_locations)))


def own_modules() -> list[str]:
    """Every module of the player's packages: commands are loaded by name, so that no import statement leads to them."""
    names = []
    for package in PLAYER_PACKAGES:
        folder = package_folder(package)
        for path in sorted(folder.rglob("*.py")):
            parts = (package, *path.relative_to(folder).with_suffix("").parts)
            names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    names += PROFILE_RULES
    lab = [name for name in names if name.startswith("plg.lab.") and not name.startswith("plg.lab.simulation")]
    return [name for name in names if name not in lab and not name.startswith(LEFT_OUT_OF_OURS)]


def widgets_by_name() -> list[str]:
    """Textual loads a widget's module when its class is asked for, by a name that it makes up: no import statement leads there."""
    folder = package_folder("textual") / "widgets"
    return [f"textual.widgets.{path.stem}" for path in sorted(folder.glob("*.py")) if path.stem != "__init__"]


def own_data() -> list[tuple[str, str]]:
    """Our files that are no Python: (source, folder inside the program). Catalogues only in their compiled form."""
    seed = package_folder("plg_server") / "seed"
    games = [(str(path), PROFILE_DATA) for path in sorted(seed.glob("*.toml"))]
    return games + [
        (str(path), str(Path(package) / path.relative_to(package_folder(package)).parent))
        for package in PLAYER_PACKAGES
        for path in sorted(package_folder(package).rglob("*"))
        if path.is_file() and path.suffix not in {".py", ".pyc", ".po", ".md", ".typed"}
    ]


def left_out() -> list[str]:
    """Modules that must not come along."""
    lexers = []
    if importlib.util.find_spec("pygments") is not None:
        folder = package_folder("pygments") / "lexers"
        lexers = [f"pygments.lexers.{path.stem}" for path in folder.glob("*.py") if path.stem != "__init__"]
    platform = LEFT_OUT_ON_WINDOWS if sys.platform == "win32" else LEFT_OUT_ON_LINUX
    folder = package_folder("plg_server")
    server = [
        ".".join(("plg_server", *path.relative_to(folder).with_suffix("").parts)).removesuffix(".__init__")
        for path in sorted(folder.rglob("*.py"))
    ]
    ours = [*LEFT_OUT_OF_OURS, *(name for name in server if name not in PROFILE_RULES)]
    return [*ours, *LEFT_OUT_ANYWHERE, *platform, *sorted(set(lexers) - KEPT_LEXERS)]
