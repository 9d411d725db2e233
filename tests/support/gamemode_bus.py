"""A session bus of its own (dbus-daemon) with a stand-in for GameMode's service: the documented methods, answers of type i."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.requirements import require_binary

_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>
"""
# jeepney comes with keyring on Linux.
_SERVICE = """
from jeepney import HeaderFields, MessageType, message_bus, new_method_return
from jeepney.io.blocking import open_dbus_connection
from jeepney.wrappers import DBusErrorResponse
import sys
connection = open_dbus_connection(bus=sys.argv[1])
connection.send_and_get_reply(message_bus.RequestName("com.feralinteractive.GameMode"))
print("ready", flush=True)
games = set()
while True:
    message = connection.receive()
    if message.header.message_type is not MessageType.method_call:
        continue
    fields = message.header.fields
    method, pid = fields[HeaderFields.member], message.body[0]
    assert fields[HeaderFields.interface] == "com.feralinteractive.GameMode"
    if method == "RegisterGame":
        answer = -1 if pid in games else 0
        games.add(pid)
    elif method == "UnregisterGame":
        answer = 0 if pid in games else -1
        games.discard(pid)
    else:
        answer = 2 if pid in games else 1 if games else 0
    connection.send(new_method_return(message, "i", (answer,)))
"""
PATIENCE_S = 15.0


@contextmanager
def gamemode_bus(folder: Path) -> Iterator[str]:
    """The bus's address, for DBUS_SESSION_BUS_ADDRESS; bus and service end with the block."""
    daemon = require_binary("dbus-daemon")
    require_binary("busctl")
    socket, config = folder / "bus", folder / "bus.conf"
    config.write_text(_CONFIG.format(socket=socket))
    address = f"unix:path={socket}"
    with subprocess.Popen([daemon, "--nofork", f"--config-file={config}"], stderr=subprocess.DEVNULL) as bus:
        try:
            deadline_s = time.monotonic() + PATIENCE_S
            while not socket.exists():
                assert bus.poll() is None
                assert time.monotonic() < deadline_s
                time.sleep(0.01)
            with subprocess.Popen([sys.executable, "-c", _SERVICE, address], stdout=subprocess.PIPE, text=True) as service:  # fmt: skip
                try:
                    assert service.stdout is not None
                    assert service.stdout.readline() == "ready\n"
                    yield address
                finally:
                    service.kill()
        finally:
            bus.kill()
