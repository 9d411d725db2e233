"""One UDP port, several processes: the kernel hands each datagram to the worker that its session id names.

Every datagram of a session starts T 1, CID 8 (protocol SPEC 2), so a classic BPF program of three instructions picks the
socket from the last byte of the CID. It survives roaming, which a choice by source address does not.
"""

import ctypes
import socket
import struct
from typing import Final

from plg_relay.errors import FailureKind, RelayError
from plg_relay.udp_front import open_front

SO_ATTACH_REUSEPORT_CBPF: Final = 51
"""asm-generic/socket.h, Linux 4.5."""

LAST_BYTE_OF_CID: Final = 8

# linux/bpf_common.h: class | size or operation | mode
_LOAD_BYTE: Final = 0x00 | 0x10 | 0x20  # BPF_LD | BPF_B | BPF_ABS
_MODULO: Final = 0x04 | 0x90 | 0x00  # BPF_ALU | BPF_MOD | BPF_K
_RETURN_A: Final = 0x06 | 0x10  # BPF_RET | BPF_A


def open_shared_fronts(host: str, port: int, count: int, *, buffer_bytes: int) -> list[socket.socket]:
    """`count` sockets on one port; the n-th gets the sessions whose last CID byte is n modulo `count`.

    Raises RelayError where the port is taken or the system has no such sharing.
    """
    fronts: list[socket.socket] = []
    try:
        for _ in range(count):
            bound_port = fronts[0].getsockname()[1] if fronts else port
            fronts.append(open_front(host, bound_port, buffer_bytes=buffer_bytes, share_port=True))
        _attach(fronts[0], count)
    except BaseException:
        for front in fronts:
            front.close()
        raise
    return fronts


def _attach(front: socket.socket, count: int) -> None:
    instructions = ((_LOAD_BYTE, LAST_BYTE_OF_CID), (_MODULO, count), (_RETURN_A, 0))
    # struct sock_filter: u16 code, u8 jt, u8 jf, u32 k. A datagram too short for the load goes to the first socket.
    code = b"".join(struct.pack("=HBBI", operation, 0, 0, operand) for operation, operand in instructions)
    program = ctypes.create_string_buffer(code)
    # struct sock_fprog: u16 length, then a pointer with its natural alignment.
    described = struct.pack("@HP", len(instructions), ctypes.addressof(program))
    try:
        front.setsockopt(socket.SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, described)
    except OSError as error:
        raise RelayError(
            FailureKind.CONFIG, f"several workers need a Linux kernel that shares a UDP port by program: {error}"
        ) from error
