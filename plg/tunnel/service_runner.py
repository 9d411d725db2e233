"""The service's hands: runs three commands of plg as the user it serves, with the rights that capturing needs and no others.

The process becomes the user before the program starts, in an environment that is made here: nothing of what the user sends, and no file of
the user's, is opened with root's rights, and no word or variable of the user's reaches a program but through the checked wish.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plg.machine.service_rights import become_user
from plg.tunnel.service_door import CannotRun, ServiceBusy
from plg.tunnel.service_protocol import MAX_OUTPUT_BYTES, CommandEnd, ServiceAbout, ServiceRequest

COMMAND_TIMEOUT_S: Final = 100.0
"""Implementation. `plg connect --detach` itself gives up waiting after a minute."""
KILL_GRACE_S: Final = 5.0
LOOK_EVERY_S: Final = 0.05
"""Implementation. Where no descriptor tells that a process has ended."""
SAFE_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class ServedUser:
    """Whom the service is for. `user_id` None: whoever runs it (systems without user ids)."""

    name: str
    user_id: int | None
    group_id: int = 0
    groups: tuple[int, ...] = ()
    home: str = "/"


def find_user(text: str) -> ServedUser | None:
    """The user with this name or number; a number needs no entry in the system's list. None when there is no such user."""
    import grp
    import pwd

    try:
        found = pwd.getpwuid(int(text)) if text.isdecimal() else pwd.getpwnam(text)
    except (KeyError, OverflowError):
        if text.isdecimal() and 0 < int(text) < 1 << 31:
            return ServedUser(text, int(text), int(text))
        return None
    groups = {group.gr_gid for group in grp.getgrall() if found.pw_name in group.gr_mem}
    return ServedUser(found.pw_name, found.pw_uid, found.pw_gid, tuple(sorted(groups | {found.pw_gid})), found.pw_dir)


class ServiceRunner:
    """Runs `command` (the program plg itself) for one user; one command at a time."""

    def __init__(self, user: ServedUser, command: Sequence[str], version: str) -> None:
        self._user = user
        self._command = tuple(command)
        self._version = version
        self._is_busy = False
        self._started: ServiceRequest | None = None

    def about(self) -> ServiceAbout:
        return ServiceAbout(version=self._version, pid=os.getpid(), user_id=self._user.user_id, user=self._user.name)

    async def run(self, request: ServiceRequest) -> CommandEnd:
        if request.ask == "restore":
            return await self._alone(["restore", *(["--dry-run"] if request.look_only else [])], request)
        if request.wish is None:
            raise CannotRun("nothing is wished for")
        end = await self._alone(["connect", "--detach", *request.wish.words()], request)
        if end.exit_code == 0:
            self._started = request
        return end

    async def end_tunnel(self, request: ServiceRequest) -> CommandEnd:
        return await self._alone(["disconnect", "--now"], request, may_wait=True)

    async def close(self) -> None:
        """End the tunnel that this service has started, if it still runs, and put everything back."""
        if self._started is not None:
            with contextlib.suppress(CannotRun):
                await self.end_tunnel(self._started)

    async def _alone(self, words: Sequence[str], request: ServiceRequest, *, may_wait: bool = False) -> CommandEnd:
        while self._is_busy:
            if not may_wait:
                raise ServiceBusy
            await asyncio.sleep(LOOK_EVERY_S)
        self._is_busy = True
        try:
            flags = ["--no-input", f"--lang={request.language}", *(["--json"] if request.as_json else [])]
            return await self._finish([*self._command, words[0], *flags, *words[1:]], environment(self._user, request))
        finally:
            self._is_busy = False

    async def _finish(self, argv: Sequence[str], environ: Mapping[str, str]) -> CommandEnd:
        with _scratch() as out, _scratch() as err:
            process = self._start(argv, environ, out, err)
            try:
                async with asyncio.timeout(COMMAND_TIMEOUT_S):
                    await ended(process)
            except TimeoutError:
                raise CannotRun(f"it took longer than {COMMAND_TIMEOUT_S:g} s") from None
            finally:
                await _put_down(process)
            return CommandEnd(exit_code=process.returncode, out=_end_of(out), err=_end_of(err))

    def _start(self, argv: Sequence[str], environ: Mapping[str, str], out: int, err: int) -> "subprocess.Popen[bytes]":
        user = self._user
        become = None if user.user_id is None else become_user(user.user_id, user.group_id, user.groups)
        try:
            return subprocess.Popen(  # noqa: S603 - this very program
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd="/" if become is not None else None,
                env=dict(environ),
                start_new_session=True,
                preexec_fn=become,  # noqa: PLW1509 - this process has one thread: nothing is held that the child would wait for
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise CannotRun(f"cannot start plg as {user.name}: {error}") from error


def environment(user: ServedUser, request: ServiceRequest) -> dict[str, str]:
    """What a command of the user's gets to know: made here but for the values that were checked in the request."""
    if user.user_id is None:
        found = dict(os.environ)
    else:
        found = {"PATH": SAFE_PATH, "HOME": user.home, "USER": user.name, "LOGNAME": user.name, "LANG": "C.UTF-8"}
        # Code that the user puts into ~/.local or the current folder is no part of plg: it would have the tunnel's rights.
        found |= {"PYTHONNOUSERSITE": "1", "PYTHONSAFEPATH": "1"}
        # Which keyring is opened, and that nothing of the user's chooses the code that opens it.
        found["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
        session = Path(f"/run/user/{user.user_id}")
        with contextlib.suppress(OSError):
            if session.stat().st_uid == user.user_id:
                found["XDG_RUNTIME_DIR"] = str(session)
                if (session / "bus").is_socket():
                    found["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={session}/bus"
                    found["PYTHON_KEYRING_BACKEND"] = "keyring.backends.SecretService.Keyring"
    given = {
        "PLG_UNDER_SERVICE": "1",
        "PLG_CONFIG_DIR": request.config_directory,
        "PLG_RUNTIME_DIR": request.runtime_directory,
        "PLG_TOKEN_STORE": request.keep_tokens,
        "PLG_TOKEN": request.access_token,
    }
    return {**found, **{name: value for name, value in given.items() if value is not None}}


async def ended(process: "subprocess.Popen[bytes]") -> None:
    """Until the process has ended, without a thread."""
    open_pidfd = getattr(os, "pidfd_open", None)
    if open_pidfd is None:
        while process.poll() is None:  # noqa: ASYNC110 - nobody would set an event
            await asyncio.sleep(LOOK_EVERY_S)
        return
    descriptor = open_pidfd(process.pid)
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_reader(descriptor, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    process.wait()


async def _put_down(process: "subprocess.Popen[bytes]") -> None:
    """End a command that is still there: politely, then firmly."""
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        if process.poll() is not None:
            return
        with contextlib.suppress(OSError):
            process.send_signal(number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(KILL_GRACE_S):
                await ended(process)


@contextlib.contextmanager
def _scratch() -> Iterator[int]:
    """A file without a name for what a command says."""
    if sys.platform == "linux":
        descriptor = os.memfd_create("plg", os.MFD_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    else:
        import tempfile

        with tempfile.TemporaryFile() as file:
            yield file.fileno()


def _end_of(descriptor: int) -> str:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    os.lseek(descriptor, max(0, size - MAX_OUTPUT_BYTES), os.SEEK_SET)
    return os.read(descriptor, MAX_OUTPUT_BYTES).decode(errors="replace")
