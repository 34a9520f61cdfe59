"""Starting the central instance, for the command line and for a service manager."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from .app import create_app


def serve(
    database_url: str,
    *,
    host: str = "127.0.0.1",
    port: int = 8470,
    ready: Callable[[str], None] | None = None,
    log: str = "warning",
) -> None:
    """Run the central instance until it is stopped; port 0 takes a free one, and `ready` is told the address.

    It speaks plain HTTP: on anything but this machine put it behind a proxy that ends TLS.
    """
    app = create_app(database_url)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    config = uvicorn.Config(app, log_level=log, access_log=False, timeout_graceful_shutdown=10)
    if ready is not None:
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{listener.getsockname()[1]}")
    uvicorn.Server(config).run(sockets=[listener])
