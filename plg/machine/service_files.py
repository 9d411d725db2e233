"""What starts the tunnel service with the machine: a systemd unit, or a scheduled task of Windows. Text only; nothing is written here."""

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

UNIT_DIRECTORY: Final = "/etc/systemd/system"
TASK_NAME: Final = "PLG tunnel"

_UNIT: Final = """\
# The PLG tunnel service for {user}: one privileged process, so that `plg connect` and the dashboard need no rights.
# Written by `plg service install`, removed by `plg service uninstall`.
[Unit]
Description=PLG tunnel for {user}
After=network.target

[Service]
Type=exec
ExecStart={command}
# The socket's directory is root's, the socket in it the user's alone.
RuntimeDirectory=plg-service/{instance}
RuntimeDirectoryMode=0755
# The service ends its tunnel itself and waits until everything is put back.
KillMode=mixed
TimeoutStopSec=45
Restart=on-failure
RestartSec=2
# 2 usage, 6 a missing right, 10 an unsafe installation: starting again mends none of them.
RestartPreventExitStatus=2 6 10
UMask=0077
LimitNOFILE=65536
# Kernels before 5.11 count BPF maps as locked memory.
LimitMEMLOCK=infinity

# The tunnel: NET_ADMIN, NET_RAW, BPF, PERFMON. The service: to become the user (SETUID, SETGID), to take every other right away first
# (SETPCAP), to give the user the socket (CHOWN) and to end what it started (KILL). No right over anybody's files.
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_BPF CAP_PERFMON CAP_SETUID CAP_SETGID CAP_SETPCAP CAP_CHOWN CAP_KILL
NoNewPrivileges=yes
# Not strict: the tunnel keeps the user's sign-in fresh in the user's own folder, wherever that is.
ProtectSystem=full
DevicePolicy=closed
DeviceAllow=/dev/net/tun rw
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
LockPersonality=yes
RemoveIPC=no
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK AF_PACKET
SystemCallArchitectures=native
SystemCallFilter=@system-service bpf perf_event_open
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""

_TASK: Final = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>PLG tunnel for {user}: one privileged process, so that plg and its dashboard need no rights</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
      <UserId>{user}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>HighestAvailable</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowHardTerminate>true</AllowHardTerminate>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>3</Count>
    </RestartOnFailure>
    <Hidden>true</Hidden>
    <Enabled>true</Enabled>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{program}</Command>
      <Arguments>{arguments}</Arguments>
    </Exec>
  </Actions>
</Task>
"""


class NotForAUnit(Exception):
    """A word that cannot stand in a unit; one line."""


def unit_name(user_id: int) -> str:
    """One unit for each user that is served: installing and removing one never touches another's."""
    return f"plg-tunnel-{user_id}.service"


def unit_text(command: Sequence[str], *, user: str, instance: str) -> str:
    """The unit that runs `command` for `user`; `instance` is the user's number. Raises NotForAUnit. See systemd.exec(5)."""
    for word in (user, instance, *command):
        if not word.isprintable():
            raise NotForAUnit(f"{word!r} cannot stand in a unit")
    return _UNIT.format(
        user=user.replace("%", "%%"), instance=instance, command=" ".join(_unit_word(word) for word in command)
    )


def _unit_word(word: str) -> str:
    """A word as systemd's command lines write it: its specifiers, variables and quotes mean nothing here (systemd.service(5))."""
    plain = word.replace("%", "%%").replace("$", "$$")
    if plain and not set(plain) & set(" \t\"'\\;"):
        return plain
    quoted = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def task_xml(command: Sequence[str], *, user: str) -> str:
    """A task that runs `command` with the highest rights when `user` logs on: schtasks /Create /XML (Task Scheduler schema 1.2)."""
    program, *arguments = command
    return _TASK.format(
        user=escape(user),
        program=escape(program),
        arguments=escape(" ".join(_windows_word(word) for word in arguments)),
    )


def _windows_word(word: str) -> str:
    import subprocess

    return subprocess.list2cmdline([word])
