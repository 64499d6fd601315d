"""Python runs this file at start where its folder is in PYTHONPATH: it notes who is called.

Each host name looked up and each internet address connected to becomes a line of the file that
NETWORK_LOG names; the call then goes on as ever.
"""

import os
import socket

LOG = os.environ["NETWORK_LOG"]


def note(host: object) -> None:
    with open(LOG, "a", encoding="utf-8") as log:  # noqa: PTH123
        log.write(f"{host.decode() if isinstance(host, bytes) else host}\n")


def noted_lookup(host: object, *arguments: object, **options: object) -> list[tuple]:
    note(host)
    return lookup(host, *arguments, **options)


class NotedSocket(socket.socket):
    def connect(self, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            note(address[0])
        super().connect(address)

    def connect_ex(self, address: object) -> int:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            note(address[0])
        return super().connect_ex(address)


lookup, socket.getaddrinfo = socket.getaddrinfo, noted_lookup
socket.socket = NotedSocket
