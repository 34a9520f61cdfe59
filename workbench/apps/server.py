"""The staff server: standalone Voila over the packaged launchers, behind a sign-in, on this machine only.

What is left out matters as much as what is there: no directory listing, no files, no notebooks but ours, no request to another
host, no traceback, no kernel without a person. A page's kernel belongs to one sign-in; the browser sends it clicks, never code.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import webbrowser
from collections.abc import Callable, Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import jinja2
import nbformat
from jupyter_server.base.handlers import FileFindHandler, JupyterHandler
from jupyter_server.services.kernels.handlers import KernelHandler
from jupyterlab_server.themes_handler import ThemesHandler
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RedirectHandler
from traitlets import Any as AnyTrait
from traitlets.config import Config
from voila.app import Voila
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.static_file_handler import MultiStaticFileHandler, TemplateStaticFileHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler
from voila.utils import get_voila_labextensions_path

from ..api import Workbench
from ..core.errors import WorkbenchError
from .identity import StaffIdentity
from .kernels import OwnInterpreter, PageKernels
from .session import ENVIRONMENT_WORKSPACE

HERE = Path(__file__).resolve().parent
TEMPLATE = HERE / "share" / "voila" / "templates" / "workbench"
ADDRESS = "127.0.0.1"
EXTENSIONS = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget"]
LARGEST_MESSAGE_BYTES = 200 * 1024 * 1024
SLEEP_AFTER_SECONDS = 900
FIRST_PAGES = ("home", "register", "cleaning", "match_review", "distribution_run", "sync")
POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",  # the widget manager builds modules from what the kernel sends
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_KERNEL = r"(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)"


def serve(
    workspace: str | Path,
    port: int = 8866,
    *,
    open_browser: bool = False,
    lab: bool = False,
    most_pages: int = 12,
    hosts: Sequence[str] = (),
    say: Callable[[str], object] = print,
) -> None:
    """Serve the staff apps of one workspace on this machine until interrupted; with `lab`, JupyterLab one port further as well.

    `hosts` names what a reverse proxy in front calls this server. Raises `WorkbenchError` for no workspace or a port in use.
    """
    with Workbench.open(workspace, user="staff server") as wb:
        if wb.staff.count() == 0:
            say(f'Nobody can sign in yet: workbench staff add "{workspace}" NAME --role admin')
        server = StaffServer(config=_configuration(wb, most_pages), workbench=wb, hosts=list(hosts), port=port, say=say)
        server.open_browser = open_browser
        server.initialize([])
        beside = _start_lab(workspace, port + 1, say) if lab else None
        try:
            server.start()
        finally:
            if beside is not None:
                _end_lab(beside)


def lab_arguments(port: int = 8867) -> list[str]:
    """Return the command that starts JupyterLab with the notebooks and launchers, on this machine only.

    Run it in `lab_environment(workspace)`.
    """
    root = dashboards_folder().parent
    folder = root / "notebooks"
    return [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", f"--ip={ADDRESS}", f"--port={port}"),
        f"--ServerApp.root_dir={root if folder.is_dir() else Path.cwd()}",
        *([f"--LabApp.default_url=/lab/tree/{folder.name}"] if folder.is_dir() else []),
        "--ServerApp.jpserver_extensions={'voila.server_extension': False}",  # staff pages come from the staff server only
        "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        "--log-level=WARN",
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]


def dashboards_folder() -> Path:
    """Return where the launchers are: in the installed package, or beside it in a checkout."""
    for folder in (HERE / "dashboards", HERE.parents[1] / "dashboards"):
        if folder.is_dir():
            return folder
    raise WorkbenchError("the dashboards are missing", expected=HERE / "dashboards", next_step="Install the workbench again.")


def pages() -> dict[str, str]:
    """Return what is served, and only this: address -> launcher."""
    there = {file.stem: file.name for file in sorted(dashboards_folder().glob("*.ipynb"))}
    order = [stem for stem in FIRST_PAGES if stem in there] + [stem for stem in there if stem not in FIRST_PAGES]
    return {"/" if stem == "home" else f"/{stem}": there[stem] for stem in order}


class OwnKernelOnly(JupyterHandler):
    """Answers for a kernel only to the sign-in that started it; to everybody else it does not exist."""

    async def prepare(self, **options: Any) -> Any:
        await super().prepare(**options)
        kernel_id = (self.path_kwargs or {}).get("kernel_id", "")
        user = self.current_user
        if not self._finished and (user is None or not self.kernel_manager.belongs(kernel_id, user.sign_in)):
            raise HTTPError(404)


class KernelState(OwnKernelOnly, KernelHandler):
    """Says whether a page's kernel is still there."""


class KernelChannel(OwnKernelOnly, VoilaKernelWebsocketHandler):
    """Carries clicks to a page's kernel, and what it draws back."""


class PageClosed(OwnKernelOnly, VoilaShutdownKernelHandler):
    """Ends a page's kernel when its tab closes."""

    async def post(self, kernel_id: str) -> None:
        await self.kernel_manager.end(kernel_id)
        self.set_status(204)
        await self.finish()


class AppPage(TornadoVoilaHandler):
    """Serves one app, when there is room for another page."""

    async def get(self, path: str | None = None) -> None:
        if self.current_user is None:
            self.redirect(f"{self.settings['login_url']}?next={self.request.path}")
            return
        if self.kernel_manager.full:
            self.log.warning("page refused: %d pages are open", len(self.kernel_manager))
            raise HTTPError(503)
        await super().get(path)


class NothingHere(JupyterHandler):
    """Answers every address that is not ours."""

    async def prepare(self, **options: Any) -> Any:
        await super().prepare(**options)
        if not self._finished:
            raise HTTPError(404)


class StaffServer(Voila):
    """Voila with this project's handlers, settings and template."""

    name = "voila"
    workbench = AnyTrait()
    hosts = AnyTrait()
    say = AnyTrait()

    def _config_file_paths_default(self) -> list[str]:
        return []  # what lies about on the machine configures nothing

    def setup_template_dirs(self) -> None:
        os.environ["JUPYTER_PATH"] = str(HERE / "share")
        super().setup_template_dirs()
        _log_to_file(self.log, self.workbench.config.logs)

    def init_settings(self) -> dict[str, Any]:
        settings = dict(super().init_settings())
        environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATE), autoescape=True)
        settings |= {
            "jinja2_env": environment,
            "jinja_template_vars": {"society": self.workbench.config.name},
            "headers": HEADERS,
            "compress_response": True,
            "websocket_max_message_size": LARGEST_MESSAGE_BYTES,
            "allow_remote_access": False,
            "local_hostnames": ["localhost", *self.hosts],
            "default_handler_class": NothingHere,
            "workbench_pages": set(pages()),
            "xsrf_cookie_kwargs": {"samesite": "Lax"},
        }
        return settings

    def init_handlers(self) -> list[tuple[Any, ...]]:
        extensions = get_voila_labextensions_path(self.voila_configuration.extra_labextensions_path)
        themes = {
            "themes_url": "/voila/api/themes",
            "path": self.themes_dir,
            "labextensions_path": extensions,
            "no_cache_paths": [],
        }
        common = {"template_paths": self.template_paths, "config": self.config, "voila_configuration": self.voila_configuration}
        return [
            *self.identity_provider.get_handlers(),
            *((address, AppPage, {"notebook_path": file, **common}) for address, file in pages().items()),
            (r"/home", RedirectHandler, {"url": "/"}),
            (rf"/api/kernels/{_KERNEL}", KernelState),
            (rf"/api/kernels/{_KERNEL}/channels", KernelChannel),
            (rf"/voila/api/shutdown/{_KERNEL}", PageClosed),
            (r"/voila/templates/([a-z]+/static/\w[\w.\-]*)", TemplateStaticFileHandler),
            (r"/voila/static/(.*)", MultiStaticFileHandler, {"paths": self.static_paths}),
            (r"/voila/api/themes/(.*)", ThemesHandler, themes),
            (r"/voila/labextensions/(.*)", FileFindHandler, {"path": extensions, "no_cache_paths": []}),
        ]

    def listen(self) -> None:
        try:
            sockets = bind_sockets(self.port, ADDRESS)
        except OSError as error:
            raise WorkbenchError(
                "the port is in use", got=self.port, where=error, next_step="Stop the other server, or name another port."
            ) from error
        HTTPServer(self.app, xheaders=bool(self.hosts)).add_sockets(sockets)
        self.port = sockets[0].getsockname()[1]
        self.ioloop = IOLoop.current()
        signal.signal(signal.SIGINT, self._handle_signal_stop)
        address = f"http://{ADDRESS}:{self.port}/"
        self.say(f"Staff apps of {self.workbench.config.name}: {address}")
        if self.open_browser:
            webbrowser.open(address)
        try:
            self.ioloop.start()
        finally:
            self.stop()

    def start(self) -> None:
        self.connection_dir = tempfile.mkdtemp(prefix="workbench-")
        settings = self.init_settings()
        self.app = Application(self.init_handlers(), **settings)
        self.listen()


def _configuration(wb: Workbench, most_pages: int) -> Config:
    society = wb.config.name

    def name_the_person(handler: JupyterHandler, notebook: nbformat.NotebookNode, cwd: str) -> nbformat.NotebookNode:  # noqa: ARG001
        user = handler.current_user
        notebook.metadata["workbench"] = {
            "society": society,
            "user": user.name,
            "xsrf": handler.xsrf_token.decode(),
            "here": handler.request.path,
            "pages": _menu(),
        }
        return notebook

    return Config(
        {
            "Voila": {
                "root_dir": str(dashboards_folder()),
                "ip": ADDRESS,
                "identity_provider_class": StaffIdentity,
                "log_level": logging.INFO,
            },
            "VoilaConfiguration": {
                "template": "workbench",
                "theme": "light",
                "extension_allowlist": EXTENSIONS,
                "extension_denylist": [],
                "allow_template_override": "NO",
                "allow_theme_override": "NO",
                "show_tracebacks": False,
                "multi_kernel_manager_class": PageKernels,
                "kernel_spec_manager_class": OwnInterpreter,
                "prelaunch_hook": name_the_person,
                "file_allowlist": [],
            },
            "VoilaExecutor": {
                "cell_error_instruction": "Tell your administrator at what time; the details are in the server's log."
            },
            "PageKernels": {
                "most": most_pages,
                "workspace": str(wb.config.folder),
                "cull_idle_timeout": SLEEP_AFTER_SECONDS,
                "cull_interval": 60,
                "cull_connected": True,
            },
            "KernelManager": {"transport": "ipc"},
        }
    )


def _menu() -> list[dict[str, str]]:
    entries = []
    for address, file in pages().items():
        metadata = json.loads((dashboards_folder() / file).read_text(encoding="utf-8"))["metadata"]
        entries.append({"address": address, "title": metadata.get("title", address)})
    return entries


def lab_environment(workspace: str | Path) -> dict[str, str]:
    """Return the environment in which every notebook opens this workspace, with a new token that lets a browser in."""
    return {**os.environ, ENVIRONMENT_WORKSPACE: str(Path(workspace).resolve()), "JUPYTER_TOKEN": secrets.token_urlsafe(24)}


def _start_lab(workspace: str | Path, port: int, say: Callable[[str], object]) -> subprocess.Popen[bytes]:
    environment = lab_environment(workspace)
    started = subprocess.Popen(lab_arguments(port), env=environment)  # noqa: S603  our own arguments
    say(f"JupyterLab with the notebooks: http://{ADDRESS}:{port}/lab?token={environment['JUPYTER_TOKEN']}")
    return started


def _end_lab(started: subprocess.Popen[bytes]) -> None:
    started.terminate()
    try:
        started.wait(15)
    except subprocess.TimeoutExpired:
        started.kill()
        started.wait()


def _log_to_file(log: logging.Logger, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(folder / "server.log", maxBytes=5_000_000, backupCount=3, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    for name in (log.name, "tornado.access", "tornado.application", "tornado.general", "traitlets"):
        target = logging.getLogger(name)
        for old in list(target.handlers):
            target.removeHandler(old)
        target.addHandler(handler)
        target.setLevel(logging.INFO)
        target.propagate = False
