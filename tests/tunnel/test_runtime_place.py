"""Where the running tunnel keeps its lock and door."""

import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from plg.tunnel.runtime_place import RuntimeDirectoryUnsafe, RuntimePlace, make_private, runtime_place, socket_address


def test_the_environment_decides_when_it_says_so(tmp_path: Path) -> None:
    place = runtime_place({"PLG_RUNTIME_DIR": str(tmp_path / "here")})
    assert place.directory == tmp_path / "here"
    assert {place.lock_file.parent, place.control_socket.parent, place.control_port_file.parent} == {place.directory}


def test_without_it_the_systems_place_is_taken(tmp_path: Path) -> None:
    assert runtime_place({"XDG_RUNTIME_DIR": str(tmp_path)}).directory == tmp_path / "plg"
    assert runtime_place({"XDG_RUNTIME_DIR": str(tmp_path / "gone")}).directory.name.startswith("plg")


def test_under_sudo_it_belongs_to_the_calling_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    place = runtime_place({"SUDO_UID": "54321", "XDG_RUNTIME_DIR": "/run/user/0"})
    assert place.owner_uid == 54321
    assert place.directory == Path("/tmp/plg-54321") or str(place.directory) == "/run/user/54321/plg"


def test_it_is_made_for_its_owner_alone_and_open_rights_are_taken_back(tmp_path: Path) -> None:
    place = RuntimePlace(tmp_path / "a" / "b", os.geteuid())
    make_private(place)
    assert stat.S_IMODE(place.directory.stat().st_mode) == 0o700
    place.directory.chmod(0o777)
    make_private(place)
    assert stat.S_IMODE(place.directory.stat().st_mode) == 0o700


def test_a_link_or_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    for name in ("file", "link"):
        with pytest.raises(RuntimeDirectoryUnsafe):
            make_private(RuntimePlace(tmp_path / name, os.geteuid()))


def test_a_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    if os.geteuid() == 0:
        os.chown(tmp_path / "theirs", 12345, -1)
        place = RuntimePlace(tmp_path / "theirs", 0)
    else:
        place = RuntimePlace(Path("/proc/1"), os.geteuid())
    with pytest.raises(RuntimeDirectoryUnsafe):
        make_private(place)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a way to a socket with a long path")
def test_a_path_that_is_too_long_for_a_socket_is_reached_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / ("long" * 30) / "control.sock"
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        with socket_address(path) as address:
            server.bind(address)
        server.listen()
        assert path.is_socket()
        with socket_address(path) as address:
            client.connect(address)


def test_a_short_path_is_taken_as_it_is(tmp_path: Path) -> None:
    with socket_address(Path("/run/plg/control.sock")) as address:
        assert address == "/run/plg/control.sock"


def test_a_long_path_in_a_directory_that_is_not_there_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), socket_address(tmp_path / ("gone" * 30) / "control.sock"):
        pass
