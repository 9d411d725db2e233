"""A mail server on loopback that keeps what it gets: real sockets, STARTTLS with a certificate of its own, and faults on demand.

It runs in threads: asyncio's own STARTTLS stumbles over a client that leaves in the handshake, which is one of the cases.
"""

import base64
import ipaddress
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "plg@example.org", "p@ss:word/1"

DROP = "drop"
"""Instead of a reply: the connection ends."""

TAKE_AND_DROP = "take and drop"
"""After DATA: the message is kept, and the connection ends before the yes."""

HANG = "hang"
"""Instead of a reply: nothing, for as long as the client waits."""


@dataclass(frozen=True)
class Received:
    """One message as it came."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    encrypted: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        found = message_from_bytes(self.raw, policy=default)
        assert isinstance(found, EmailMessage)
        return found

    @property
    def text(self) -> str:
        """The plain part."""
        part = self.message.get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    @property
    def page(self) -> str:
        """The HTML part."""
        part = self.message.get_body(("html",))
        assert part is not None
        return str(part.get_content())

    @property
    def code(self) -> str:
        """The code: a paragraph of its own."""
        (found,) = [line for line in self.text.split() if line.count("-") and line.replace("-", "").isalnum() and line.isupper()][:1]  # fmt: skip
        return found

    @property
    def link(self) -> str:
        """The link: a line of its own."""
        (found,) = [line for line in self.text.splitlines() if line.startswith("http")]
        return found


@dataclass
class SmtpSink:
    """`faults` are used up in order: a verb (or "data-end") and what is said instead of the usual reply to it."""

    starttls: bool = True
    needs_user: bool = False
    faults: list[tuple[str, str]] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    conversations: int = 0
    port: int = 0
    certificate: Path | None = None
    context: ssl.SSLContext | None = None
    open_sockets: set[socket.socket] = field(default_factory=set)

    @property
    def url(self) -> str:
        """As `mail_url` takes it."""
        user = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@" if self.needs_user else ""
        options = f"?ca={self.certificate}" if self.starttls else "?starttls=off"
        return f"smtp://{user}127.0.0.1:{self.port}{options}"

    def settings(self, **more: object) -> dict[str, object]:
        """What a server needs to send through it."""
        return {"mail_url": self.url, "mail_from": "PLG test <noreply@plg.example.org>", **more}

    def to(self, address: str) -> list[Received]:
        """The messages for this address, oldest first."""
        return [one for one in self.received if address in one.recipients]

    def fault(self, verb: str) -> str | None:
        """What stands next for this verb."""
        if self.faults and self.faults[0][0] == verb:
            return self.faults.pop(0)[1]
        return None


class _Conversation:
    def __init__(self, sink: SmtpSink, connection: socket.socket) -> None:
        self.sink = sink
        self.connection = connection
        self.stream = connection.makefile("rb")
        self.encrypted = False
        self.user: str | None = None
        self.sender = ""
        self.recipients: list[str] = []

    def run(self) -> None:
        if not self.say("connect", "220 sink.example.org ready"):
            return
        while line := self.stream.readline():
            words = line.decode().strip()
            verb = words.partition(" ")[0].upper()
            if verb == "QUIT":
                self.say("QUIT", "221 bye")
                return
            if verb == "DATA":
                goes_on = self.data()
            elif verb == "STARTTLS":
                goes_on = self.start_tls()
            else:
                goes_on = self.say(verb, self.reply(verb, words))
            if not goes_on:
                return

    def say(self, verb: str, usual: str) -> bool:
        """Reply as a fault or as usual; False when the conversation is over."""
        reply = self.sink.fault(verb) or usual
        if reply == HANG:
            self.stream.read()
            return False
        if reply == DROP:
            return False
        self.connection.sendall(reply.encode() + b"\r\n")
        return not reply.startswith("421")  # RFC 5321, 3.8: who says so goes

    def start_tls(self) -> bool:
        if not self.say("STARTTLS", "220 go on"):
            return False
        assert self.sink.context is not None
        plain = self.connection
        self.connection = self.sink.context.wrap_socket(plain, server_side=True)
        self.sink.open_sockets.discard(plain)
        self.sink.open_sockets.add(self.connection)
        self.stream = self.connection.makefile("rb")
        self.encrypted = True
        return True

    def reply(self, verb: str, words: str) -> str:
        if verb in ("EHLO", "HELO"):
            offers = ["sink.example.org"]
            offers += ["STARTTLS"] if self.sink.starttls and not self.encrypted else []
            offers += ["AUTH PLAIN"] if self.sink.needs_user else []
            return "\r\n".join(f"250{' ' if offer is offers[-1] else '-'}{offer}" for offer in offers)
        if verb == "AUTH":
            _nothing, user, password = base64.b64decode(words.split()[2]).decode().split("\0")
            self.user = user
            return "235 welcome" if (user, password) == (USER, PASSWORD) else "535 no"
        if verb == "MAIL":
            if self.sink.needs_user and self.user is None:
                return "530 who are you"
            self.sender, self.recipients = words.partition("<")[2].partition(">")[0], []
            return "250 ok"
        if verb == "RCPT":
            self.recipients.append(words.partition("<")[2].rpartition(">")[0])
            return "250 ok"
        return "250 ok" if verb in ("RSET", "NOOP") else "500 what"

    def data(self) -> bool:
        if not self.say("DATA", "354 go on"):
            return False
        lines: list[bytes] = []
        while (line := self.stream.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line.removeprefix(b"."))
        fault = self.sink.fault("data-end")
        if fault is None or fault == TAKE_AND_DROP:
            raw = b"".join(lines)
            self.sink.received.append(Received(self.sender, tuple(self.recipients), raw, self.encrypted, self.user))
        if fault in (DROP, TAKE_AND_DROP):
            return False
        self.connection.sendall((fault or "250 taken").encode() + b"\r\n")
        return True


@contextmanager
def smtp_sink(folder: Path, *, starttls: bool = False, needs_user: bool = False) -> Iterator[SmtpSink]:
    """A sink that ends with the block, and every conversation with it."""
    sink = SmtpSink(starttls=starttls, needs_user=needs_user)
    if starttls:
        sink.certificate, sink.context = self_made_certificate(folder)

    class Talk(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            conversation = _Conversation(sink, self.request)
            sink.conversations += 1
            sink.open_sockets.add(self.request)
            with suppress(OSError):
                conversation.run()
            conversation.stream.close()
            sink.open_sockets.discard(conversation.connection)
            with suppress(OSError):
                conversation.connection.shutdown(socket.SHUT_RDWR)
            conversation.connection.close()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = False
        block_on_close = True

    with Server(("127.0.0.1", 0), Talk) as server:
        sink.port = server.server_address[1]
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), name="smtp sink")
        thread.start()
        try:
            yield sink
        finally:
            server.shutdown()
            thread.join()
            for left in [*sink.open_sockets]:
                with suppress(OSError):
                    left.shutdown(socket.SHUT_RDWR)


def self_made_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that nobody else vouches for, and the server's side of it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sink.example.org")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "sink.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path = folder / "sink.key"
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key_path)
    return path, context
