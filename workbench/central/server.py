"""Starting the central instance, for the command line and for a service manager."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from .app import create_app


def prepare(
    database_url: str, *, host: str = "127.0.0.1", port: int = 8470, log: str = "warning"
) -> tuple[uvicorn.Server, socket.socket, str]:
    """Return (server, listening socket, address); run it with `server.run(sockets=[socket])`, stop it with `server.should_exit
    = True`.
    """
    app = create_app(database_url)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    shown = f"[{host}]" if ":" in host else host
    config = uvicorn.Config(app, log_level=log, access_log=False, timeout_graceful_shutdown=10)
    return uvicorn.Server(config), listener, f"http://{shown}:{listener.getsockname()[1]}"


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
    server, listener, url = prepare(database_url, host=host, port=port, log=log)
    if ready is not None:
        ready(url)
    server.run(sockets=[listener])
