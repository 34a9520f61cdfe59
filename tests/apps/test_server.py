"""The staff server gives nothing to anybody who has not signed in, and nobody's kernel to anybody else."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.apps.conftest import PEOPLE, serving

KERNEL = re.compile(r'"kernelId": "([0-9a-f-]{36})"')
SOMEBODYS_KERNEL = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def address(finished_society: Path) -> Iterator[str]:
    with serving(finished_society, most_pages=2) as url:
        yield url


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=90) as made:
        yield made


def sign_in(client: httpx.Client, name: str, password: str = "") -> httpx.Response:
    token = re.search(r'name="_xsrf" value="([^"]+)"', client.get("/login").text)
    fields = {"user_name": name, "password": password or PEOPLE[name][0], "_xsrf": token[1] if token else "", "next": "/sync"}
    return client.post("/login", data=fields)


def open_page(client: httpx.Client, path: str = "/") -> str:
    """Open a page and return the id of its kernel."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text[:500]
    found = KERNEL.search(answer.text)
    assert found
    return found[1]


def close_page(client: httpx.Client, kernel_id: str) -> httpx.Response:
    return client.post(f"/voila/api/shutdown/{kernel_id}", data={"_xsrf": client.cookies["_xsrf"]})


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/match_review", "/distribution_run", "/sync", "/no_such_page", "/tree", "/voila/tree/"),
        *(
            "/voila/render/home.ipynb",
            "/voila/files/home.ipynb",
            "/voila/api/contents/",
            "/api/kernels",
            "/api/contents",
            "/api/sessions",
            "/lab",
        ),
        *(f"/api/kernels/{SOMEBODYS_KERNEL}", f"/api/kernels/{SOMEBODYS_KERNEL}/channels", f"/voila/query/{SOMEBODYS_KERNEL}"),
    ],
)
def test_nothing_is_given_before_signing_in(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (302, 403, 404)
    assert answer.headers.get("location", "/login").startswith("/login")
    assert "ipynb" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/voila/files/home.ipynb", "/voila/render/home.ipynb", "/voila/api/contents/", "/voila/tree/", "/api/kernels", "/none"],
)
def test_what_voila_offers_besides_our_pages_is_not_there(client: httpx.Client, path: str) -> None:
    assert sign_in(client, "a.mwangi").status_code == 302
    answer = client.get(path)
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/voila/static/../../../../etc/passwd",
        "/voila/templates/workbench/static/../conf.json",
        "/voila/static/%2e%2e/%2e%2e/app.py",
    ],
)
def test_no_path_leads_out_of_the_assets(client: httpx.Client, path: str) -> None:
    answer = httpx.get(httpx.URL(str(client.base_url), raw_path=path.encode()))
    assert answer.status_code in (302, 403, 404)
    assert "root:" not in answer.text
    assert "base_template" not in answer.text


def test_a_wrong_password_says_no_more_than_that(client: httpx.Client) -> None:
    known, unknown = sign_in(client, "c.auma", "wrong password"), sign_in(client, "nobody", "wrong password")
    assert known.status_code == unknown.status_code == 401
    said = [
        re.sub(r'name="_xsrf" value="[^"]+"', "", answer.text.replace(name, "NAME"))
        for answer, name in ((known, "c.auma"), (unknown, "nobody"))
    ]
    assert said[0] == said[1]


def test_a_form_from_elsewhere_cannot_sign_anybody_in(client: httpx.Client) -> None:
    fields = {"user_name": "a.mwangi", "password": PEOPLE["a.mwangi"][0]}
    assert client.post("/login", data=fields).status_code == 403


def test_after_signing_in_one_goes_where_one_wanted_but_never_to_another_host(client: httpx.Client) -> None:
    assert sign_in(client, "a.mwangi").headers["location"] == "/sync"
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example", "/logout"):
        assert client.get("/login", params={"next": elsewhere}).headers["location"] == "/"


def test_the_cookie_cannot_be_read_by_scripts_and_a_made_up_one_opens_nothing(client: httpx.Client) -> None:
    answer = sign_in(client, "a.mwangi")
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("username"))
    assert "httponly" in cookie.lower()
    assert "samesite=lax" in cookie.lower()
    name = cookie.split("=")[0]
    with httpx.Client(base_url=client.base_url, cookies={name: "a.mwangi"}) as forger:
        assert forger.get("/sync").headers["location"].startswith("/login")


def test_headers_keep_other_hosts_out(client: httpx.Client) -> None:
    headers = client.get("/login").headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_a_name_that_is_not_this_machine_is_refused(address: str) -> None:
    assert httpx.get(f"{address}/login", headers={"Host": "evil.example"}).status_code == 403


def test_a_page_belongs_to_the_sign_in_that_opened_it_and_ends_with_it(address: str) -> None:
    with httpx.Client(base_url=address, timeout=90) as mine, httpx.Client(base_url=address, timeout=90) as other:
        sign_in(mine, "a.mwangi")
        sign_in(other, "b.kamau")
        kernel = open_page(mine)
        assert mine.get(f"/api/kernels/{kernel}").status_code == 200
        assert other.get(f"/api/kernels/{kernel}").status_code == 404
        assert other.get(f"/api/kernels/{kernel}/channels").status_code == 404
        assert close_page(other, kernel).status_code == 404
        assert mine.get(f"/api/kernels/{kernel}").status_code == 200
        assert mine.post("/logout", data={"_xsrf": mine.cookies["_xsrf"]}).status_code == 302
        assert mine.get("/sync").headers["location"].startswith("/login")
        sign_in(mine, "a.mwangi")
        assert mine.get(f"/api/kernels/{kernel}").status_code == 404


def test_a_template_cannot_be_chosen_from_outside(client: httpx.Client) -> None:
    sign_in(client, "a.mwangi")
    answer = client.get("/", params={"template": "lab", "theme": "dark"})
    assert "wb-header" in answer.text
    close_page(client, KERNEL.search(answer.text)[1])


def test_beyond_the_allowed_number_of_pages_the_server_says_it_is_full(client: httpx.Client) -> None:
    sign_in(client, "a.mwangi")
    pages = [open_page(client), open_page(client)]
    answer = client.get("/")
    assert answer.status_code == 503
    assert "All places are taken" in answer.text
    for kernel in pages:
        assert close_page(client, kernel).status_code == 204
    close_page(client, open_page(client))


def test_eleven_wrong_tries_in_a_minute_are_too_many_even_with_the_right_password(finished_society: Path) -> None:
    with serving(finished_society) as address, httpx.Client(base_url=address, timeout=90) as client:
        assert [sign_in(client, "a.mwangi", "wrong password").status_code for _ in range(10)] == [401] * 10
        assert sign_in(client, "a.mwangi").status_code == 429


def test_a_port_in_use_is_said_in_words(address: str, finished_society: Path) -> None:
    code = "import sys; from workbench.apps.server import serve; serve(sys.argv[1], port=int(sys.argv[2]))"
    command = [sys.executable, "-c", code, str(finished_society), address.rsplit(":", 1)[1]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert "the port is in use" in done.stderr.splitlines()[-1]
