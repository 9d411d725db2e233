"""A worker process: a data plane on a socket that it inherited, steered by its parent over a socket pair.

Started as `python -m plg_relay.worker FRONT_FD CHANNEL_FD [KEEPER_FD]`; ends when the channel does.
"""

import asyncio
import gc
import os
import signal
import socket
import sys

from plg_relay.data_plane import DataPlane
from plg_relay.fast_loop import fast_loop_factory
from plg_relay.keeper_claims import GameClaims
from plg_relay.keeper_client import KeeperClient
from plg_relay.log_setup import set_up_logging
from plg_relay.worker_messages import (
    LENGTH,
    Answer,
    ApplyPolicy,
    AskSessions,
    AskStatus,
    AskTransits,
    Done,
    EndSession,
    Register,
    Request,
    SessionsAnswer,
    Start,
    StartDrain,
    StatusAnswer,
    Stop,
    TransitsAnswer,
    decode_request,
    encode,
)


def main() -> None:
    """Run the worker whose descriptors stand on the command line."""
    # Ctrl-C and systemd signal the whole group: the parent decides when we end.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    front = socket.socket(fileno=int(sys.argv[1]))
    channel = socket.socket(fileno=int(sys.argv[2]))
    keeper = KeeperClient(socket.socket(fileno=int(sys.argv[3]))) if len(sys.argv) > 3 else None
    with asyncio.Runner(loop_factory=fast_loop_factory()) as runner:
        runner.run(serve(front, channel, keeper))


async def serve(front: socket.socket, channel: socket.socket, keeper: KeeperClient | None = None) -> None:
    """Carry packets of `front` until the parent says Stop or is gone."""
    reader, writer = await asyncio.open_connection(sock=channel)
    plane: DataPlane | None = None
    try:
        while True:
            (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
            request = decode_request(await reader.readexactly(length))
            if isinstance(request, Start):
                plane = _start(request, front, keeper)
                answer: Answer = Done()
            elif plane is None:
                raise RuntimeError("the first message to a worker is Start")
            elif isinstance(request, Stop):
                plane.close()
                plane = None
                writer.write(encode(Done()))
                await writer.drain()
                return
            else:
                answer = _answer(plane, request)
            writer.write(encode(answer))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        # The parent died. Its successor needs our ports at once, and the players must not hear that it is over.
        os._exit(1)
    finally:
        writer.close()
        front.close()


def _start(request: Start, front: socket.socket, keeper: KeeperClient | None) -> DataPlane:
    set_up_logging(request.config.log_level, request.config.log_format)
    claims = None
    if keeper is not None:
        claims = GameClaims(keeper, keeper.take_game_sockets(request.number, request.share))
    plane = DataPlane(
        request.config, request.identity(), request.policy, front, lambda: None, share=request.share, claims=claims
    )
    plane.start()
    gc.collect()
    gc.freeze()
    return plane


def _answer(plane: DataPlane, request: Request) -> Answer:
    match request:
        case AskStatus():
            return StatusAnswer(plane.status_now())
        case AskSessions():
            return SessionsAnswer(plane.sessions_now())
        case AskTransits():
            return TransitsAnswer(plane.transits_now())
        case Register(registration):
            plane.register_now(registration)
        case EndSession(cid):
            return Done(found=plane.end_session_now(cid))
        case ApplyPolicy(policy):
            plane.apply_policy_now(policy)
        case StartDrain(seconds):
            plane.drain_now(seconds)
        case Start() | Stop():
            raise RuntimeError("handled before")
    return Done()


if __name__ == "__main__":
    main()
