"""The kernels behind the pages: each belongs to one sign-in, knows its person from the server, and ends with its page."""

from __future__ import annotations

import os
import time
from typing import Any

from ipykernel.kernelspec import RESOURCES
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager
from jupyter_server.base.call_context import CallContext
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.ioloop import PeriodicCallback
from tornado.web import HTTPError
from traitlets import Integer, Unicode

from .session import ENVIRONMENT_USER, ENVIRONMENT_WORKSPACE


class OwnInterpreter(KernelSpecManager):
    """Offers one kernel: the interpreter this server runs in, whatever else is installed for this person."""

    def find_kernel_specs(self) -> dict[str, str]:
        return {NATIVE_KERNEL_NAME: RESOURCES}


class PageKernels(AsyncMappingKernelManager):
    """Starts a kernel per page, at most `most` at once, and ends those whose page is gone."""

    most = Integer(12, config=True, help="Pages open at once; beyond, the server says that it is busy.")
    workspace = Unicode("", config=True, help="Folder of the society.")
    gone_after_seconds = Integer(20, config=True, help="A page without a connection for so long is gone.")
    never_came_after_seconds = Integer(90, config=True, help="A page that never connected within so long is gone.")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.owners: dict[str, str] = {}
        self._seen: dict[str, tuple[float, bool]] = {}
        self._starting = 0
        self._reaper = PeriodicCallback(self.end_lonely_pages, 5_000)
        self._reaper.start()

    @property
    def full(self) -> bool:
        """Whether no further page can be opened."""
        return len(self) + self._starting >= self.most

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]
        """Start a kernel for the page being asked for; its person comes from the sign-in, from nowhere else."""
        handler = CallContext.get(CallContext.JUPYTER_HANDLER)
        user = getattr(handler, "current_user", None)
        if user is None:
            raise HTTPError(403, "nobody is signed in")
        if self.full:
            raise HTTPError(503, "too many pages are open")
        environment = dict(options.pop("env", None) or os.environ)
        environment |= {ENVIRONMENT_USER: user.username, ENVIRONMENT_WORKSPACE: self.workspace, "PYTHONSAFEPATH": "1"}
        self._starting += 1
        try:
            kernel_id = await super().start_kernel(env=environment, **options)
        finally:
            self._starting -= 1
        self.owners[kernel_id] = user.sign_in
        self._seen[kernel_id] = (time.monotonic(), False)
        return kernel_id

    def belongs(self, kernel_id: str, sign_in: str) -> bool:
        """Say whether a kernel was started by this sign-in and is still there."""
        return kernel_id in self and self.owners.get(kernel_id) == sign_in

    async def end_pages_of(self, sign_in: str) -> None:
        """End every page one sign-in has open."""
        for kernel_id in [kernel for kernel, owner in self.owners.items() if owner == sign_in]:
            await self.end(kernel_id)

    async def end(self, kernel_id: str) -> None:
        """End one page's kernel, if it is still there."""
        self.owners.pop(kernel_id, None)
        self._seen.pop(kernel_id, None)
        if kernel_id in self:
            await self.shutdown_kernel(kernel_id, now=True)

    async def end_lonely_pages(self) -> None:
        """End the kernels whose page has gone without saying so, or never came."""
        now = time.monotonic()
        for kernel_id, (seen_at, came) in list(self._seen.items()):
            if kernel_id not in self:
                self._seen.pop(kernel_id, None)
                self.owners.pop(kernel_id, None)
            elif self._kernel_connections.get(kernel_id, 0) > 0:
                self._seen[kernel_id] = (now, True)
            elif now - seen_at > (self.gone_after_seconds if came else self.never_came_after_seconds):
                self.log.info("page of kernel %s is gone", kernel_id)
                await self.end(kernel_id)
