"""An SMTP server that keeps the mails that it gets."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_string
from email.message import Message
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

PATIENCE_S = 120
"""How long a mail may take on a busy machine."""


@dataclass
class MailServer:
    """Its port and the mails that it got."""

    port: int = 0
    mails: list[str] = field(default_factory=list)

    def take(self, address: str, containing: str = "") -> Message:
        """Wait for a mail to an address, remove it and return it."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for mail in list(self.mails):
                message = message_from_string(mail)
                if message["To"] == address and containing in text_of(message):
                    self.mails.remove(mail)
                    return message
            time.sleep(0.1)
        raise AssertionError(f"no mail to {address} within {PATIENCE_S} s")


def text_of(message: Message) -> str:
    """Return the text of a mail."""
    payload = message.get_payload(decode=True)
    return payload.decode() if isinstance(payload, bytes) else ""


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Run an SMTP server on a free port."""
    kept = MailServer()

    class Session(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 test\r\n")
            while line := self.rfile.readline():
                if line.upper().startswith(b"DATA"):
                    self.wfile.write(b"354 go on\r\n")
                    lines = []
                    while (part := self.rfile.readline()) not in (b".\r\n", b""):
                        lines.append(part)
                    kept.mails.append(b"".join(lines).decode())
                self.wfile.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 ok\r\n")

    with ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        kept.port = server.server_address[1]
        Thread(target=server.serve_forever, daemon=True).start()
        yield kept
        server.shutdown()
