"""The product as the processes that people run: server, relay, client, each in its place, through the command `plg` alone.

Nothing is imported from the parts themselves, so a demonstration or a test sees what a user sees. Everything is kept in one
folder, and each process is ended by the `ProcessOwner` or `Lab` behind its place.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plg.contract.cli_output import DisconnectDocument, StatusDocument
from plg.lab.processes import Finished, LabError, Place, Process

PLG = (sys.executable, "-m", "plg")
"""The command itself, of this installation, whatever PATH says."""

START_TIMEOUT_S = 60.0
"""A part that has not started by then never will; a busy machine with two cores needs 10 s."""

LAB_EMAIL = "player@lab.example"
LAB_PASSWORD = "correct horse of the lab"  # noqa: S105 - it guards an account that lives as long as the lab
POLL_S = 0.05


def clean_environment(more: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without the user's own PLG settings and keyring, plus `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLG_")}
    return {**kept, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "PYTHONUNBUFFERED": "1", **more}


def wait_for(
    condition: Callable[[], bool], what: str, *, process: Process | None = None, log: Path | None = None
) -> None:
    """Until `condition` holds. Raises LabError when `process` ends before, or START_TIMEOUT_S passes."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not condition():
        ended = process is not None and process.poll() is not None
        if ended or time.monotonic() > deadline:
            why = f"ended with exit code {process.returncode}" if ended and process is not None else "took too long"
            raise LabError(f"{what}: {why}; it said: {last_words(log)}")
        time.sleep(POLL_S)


def last_words(log: Path | None) -> str:
    """The end of a log, in one line."""
    if log is None or not log.exists():
        return "nothing"
    return " ".join(log.read_text(encoding="utf-8", errors="replace")[-600:].split()) or "nothing"


class ServerProcess:
    """`plg server run` for a lab: private targets allowed, and a games file that adds to the catalogue.

    `settings` are more of the server's settings, by their names.
    """

    def __init__(
        self,
        place: Place,
        folder: Path,
        *,
        host: str,
        games_toml: str = "",
        port: int = 0,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._place = place
        self._data_dir = folder / "data"
        chosen = {f"PLG_SERVER_{name.upper()}": value for name, value in (settings or {}).items()}
        self._environment = clean_environment({"PLG_SERVER_ALLOW_PRIVATE_TARGETS": "1", **chosen})
        if games_toml:
            games_file = folder / "games.toml"
            games_file.write_text(games_toml, encoding="utf-8")
            self._environment["PLG_SERVER_GAMES_FILE"] = str(games_file)
        self._log = folder / "server.log"
        port_file = folder / "server.port"
        argv = [*PLG, "server", "run", "--data-dir", str(self._data_dir), "--host", host, "--port", str(port)]
        with self._log.open("wb") as log:
            self.process = place.spawn(
                [*argv, "--port-file", str(port_file)], env=self._environment, stdout=log, stderr=log
            )
        wait_for(port_file.exists, "the server", process=self.process, log=self._log)
        self.url = f"http://{host}:{port_file.read_text(encoding='utf-8').strip()}"

    def relay_token(self, name: str) -> str:
        """A token with which one relay may enrol."""
        argv = [*PLG, "server", "create-relay-token", name, "--data-dir", str(self._data_dir), "--json"]
        answer = self._place.run(argv, env=self._environment)
        return str(json.loads(answer.stdout)["token"])


class RelayProcess:
    """`plg relay enrol` and `plg relay run` for a lab. Players reach it at `public_host`:`public_port`.

    `settings` are more of the relay's settings, by their names.
    """

    def __init__(
        self,
        place: Place,
        folder: Path,
        server: ServerProcess,
        name: str,
        *,
        public_host: str,
        public_port: int,
        bind_host: str,
        bind_port: int,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        chosen = (settings or {}).items()
        environment = clean_environment({f"PLG_RELAY_{name.upper()}": value for name, value in chosen})
        data_dir = folder / "data"
        enrol = [*PLG, "relay", "enrol", "--server", server.url, "--token", server.relay_token(name)]
        enrol += ["--public-host", public_host, "--port", str(public_port), "--name", name]
        place.run([*enrol, "--data-dir", str(data_dir)], env=environment)
        self.name, self.log = name, folder / "relay.log"
        self._place, self._environment, self._port_file = place, environment, folder / "relay.port"
        self._run = [*PLG, "relay", "run", "--data-dir", str(data_dir), "--host", bind_host, "--port", str(bind_port)]
        self._run += ["--control-port", "0", "--metrics-port", "0", "--allow-private"]
        self._run += ["--port-file", str(self._port_file)]
        self.process, self.port = self._start()

    @property
    def carrier_pid(self) -> int:
        """The process that carries packets: `process` only keeps its sockets and starts it anew when it dies."""
        keeper = self.process.pid
        try:
            children = Path(f"/proc/{keeper}/task/{keeper}/children").read_text(encoding="ascii").split()
        except OSError:  # no such file on this system: then there is no keeper either
            children = []
        return int(children[0]) if children else keeper

    def start_again(self) -> None:
        """After its process has ended: `plg relay run` once more, as the same relay."""
        self.process, self.port = self._start()

    def _start(self) -> tuple[Process, int]:
        self._port_file.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            process = self._place.spawn(self._run, env=self._environment, stdout=log, stderr=log)
        wait_for(self._port_file.exists, f"the relay {self.name}", process=process, log=self.log)
        return process, int(self._port_file.read_text(encoding="utf-8").strip())


@dataclass(slots=True)
class Connection:
    """A running `plg connect --json`; its documents are in `output`, its talk in `log`."""

    process: Process
    output: Path
    log: Path

    def documents(self) -> list[dict[str, Any]]:
        """Everything it printed so far, a line being written left out."""
        complete, _, _ = self.output.read_text(encoding="utf-8", errors="replace").rpartition("\n")
        return [json.loads(line) for line in complete.splitlines() if line.strip()]

    def states(self) -> list[str]:
        """The states it went through, in order, repetitions left out."""
        seen: list[str] = []
        for document in self.documents():
            state = document.get("state")
            if isinstance(state, str) and seen[-1:] != [state]:
                seen.append(state)
        return seen

    def said(self) -> str:
        return last_words(self.log)


@dataclass(slots=True)
class PlayerProcess:
    """A player's machine: account, configuration and runtime folders of its own, and the client's commands."""

    place: Place
    folder: Path
    server_url: str
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        runtime = self.folder / "runtime"
        runtime.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.environment = clean_environment(
            {
                "PLG_SERVER": self.server_url,
                "PLG_CONFIG_DIR": str(self.folder / "config"),
                "PLG_RUNTIME_DIR": str(runtime),
                "PLG_TOKEN_STORE": "file",
            }
        )

    def plg(self, *arguments: str, input_text: str | None = None, check: bool = True) -> Finished:
        """Run one command of the client to its end."""
        return self.place.run([*PLG, *arguments], input_text=input_text, env=self.environment, check=check)

    def register(self) -> None:
        self.plg("register", "--email", LAB_EMAIL, "--password-stdin", input_text=LAB_PASSWORD + "\n")

    def wait_for_relays(self, *relays: RelayProcess) -> None:
        """Until the server lists them all."""
        for relay in relays:
            what = f"the relay {relay.name} in the server's list"
            wait_for(lambda name=relay.name: name in self._relay_names(), what, process=relay.process, log=relay.log)  # type: ignore[misc] # mypy cannot infer a lambda with a default

    def _relay_names(self) -> list[str]:
        answer = self.plg("nodes", "--json", check=False)
        return [node["name"] for node in json.loads(answer.stdout)["nodes"]] if answer.exit_code == 0 else []

    def connect(self, game: str, *options: str) -> Connection:
        """Start `plg connect`; returns when it says that it is connected. Raises LabError with its last words otherwise.

        With --force: in a lab every way is short, and the direct one mostly the shortest.
        """
        output, log = self.folder / "connect.ndjson", self.folder / "connect.log"
        with output.open("wb") as stdout, log.open("wb") as stderr:
            process = self.place.spawn(
                [*PLG, "connect", game, "--force", *options, "--json"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
        connection = Connection(process, output, log)
        wait_for(lambda: "connected" in connection.states(), "plg connect", process=process, log=log)
        return connection

    def status(self) -> StatusDocument:
        return read_status(self.plg("status", "--json").stdout)

    def disconnect(self, *options: str) -> DisconnectDocument:
        import msgspec  # the contract's own library, not needed to load the lab

        return msgspec.json.decode(self.plg("disconnect", *options, "--json").stdout, type=DisconnectDocument)


def read_status(text: str) -> StatusDocument:
    """The document of `plg status --json`, checked against the contract."""
    import msgspec

    return msgspec.json.decode(text, type=StatusDocument)


def games_toml(
    slug: str,
    name: str,
    cidrs: Sequence[str],
    ports: Sequence[str],
    *,
    category: str = "fps",
    address_change: str = "unknown",
) -> str:
    """A games file for a lab: the game `slug` (known or new) has its servers in `cidrs`, and is recognised by them alone.

    Several of them one after the other make a file too.
    """
    quoted_cidrs, quoted_ports = (", ".join(json.dumps(text) for text in texts) for texts in (cidrs, ports))
    return (
        f"[[game]]\nslug = {json.dumps(slug)}\nname = {json.dumps(name)}\ncategory = {json.dumps(category)}\n"
        f'transport = "udp"\ncapture = "cidr"\nudp = [{quoted_ports}]\nserver_cidrs = [{quoted_cidrs}]\n'
        f"observed_targets = false\naddress_change = {json.dumps(address_change)}\n"
    )
