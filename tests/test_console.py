"""The console without a browser: who gets in, what forged forms get, and what every answer carries."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from starlette.routing import Route

from service.app import create_app
from service.auth import policy_of
from service.console.drawing import histogram, meter
from service.console.pages import Entry
from service.console.templating import environment, number, plural, render, score, share, span, static_files, when
from service.settings import Settings
from service.storage.database import now
from service.storage.tables import sessions
from tests.serving import Served

LogIn = Callable[..., httpx.Client]


@pytest.fixture
def log_in(served: Served) -> Iterator[LogIn]:
    """Browsers of people who log in, each with a key of its own."""
    clients: list[httpx.Client] = []

    def enter(*roles: str, key: str = "") -> httpx.Client:
        client = httpx.Client(base_url=served.address)
        clients.append(client)
        key = key or served.service.keys.create("browser", roles).secret
        answer = client.post("/console/login", data={"key": key})
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/")
        return client

    yield enter
    for client in clients:
        client.close()


@pytest.fixture
def browser(log_in: LogIn) -> httpx.Client:
    """Somebody who is logged in as an admin."""
    return log_in("admin")


def token_of(client: httpx.Client) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', client.get("/console/").text)
    assert found
    return found[1]


# --- getting in -----------------------------------------------------------------------------------------------------


def test_the_root_leads_to_the_console_and_the_console_to_its_entrance(served: Served) -> None:
    answer = httpx.get(served.address)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/")
    answer = httpx.get(f"{served.address}/console/venues/a?x=1")
    assert answer.headers["location"] == "/console/login?next=%2Fconsole%2Fvenues%2Fa%3Fx%3D1"
    answer = httpx.get(f"{served.address}/console/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/console/login")


def test_every_page_but_the_entrance_needs_a_login(served: Served) -> None:
    routes = [each for each in create_app(Settings()).routes if isinstance(each, Route) and "/console" in each.path]
    assert len(routes) >= 8
    open_ones = set()
    for route in routes:
        assert policy_of(route) is not None
        path = re.sub(r"\{[^}]+\}", "x", route.path)
        method = "POST" if "POST" in (route.methods or ()) else "GET"
        answer = httpx.request(method, served.address + path)
        if answer.status_code != 303 or not answer.headers["location"].startswith("/console/login"):
            open_ones.add((method, path))
    assert open_ones == {
        ("GET", "/console"),
        ("GET", "/console/login"),
        ("POST", "/console/login"),
        ("POST", "/console/theme"),
        ("GET", "/console/static/x"),
    }


def test_a_browser_takes_the_code_to_the_console_and_uses_it_once(served: Served) -> None:
    code = served.service.keys.login_code()
    answer = httpx.get(f"{served.address}/login", params={"code": code}, headers={"Accept": "text/html"})
    assert answer.headers["location"] == f"/console/login?code={code}"
    page = httpx.get(served.address + answer.headers["location"])
    assert f'value="{code}"' in page.text  # looking does not use it up
    answer = httpx.post(f"{served.address}/console/login", data={"code": code, "next": "/console/venues/a"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/venues/a")
    answer = httpx.post(f"{served.address}/console/login", data={"code": code})
    assert answer.status_code == 401
    assert "used already" in answer.text
    assert "set-cookie" not in answer.headers


def test_a_wrong_key_gets_nothing(served: Served) -> None:
    answer = httpx.post(f"{served.address}/console/login", data={"key": "mk_a_b"})
    assert answer.status_code == 401
    assert "This is no key that holds" in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("foreign", ["https://e.org/", "//e.org", "/console/..//e.org", "/\\e.org", "/v1/venues", ""])
def test_after_the_login_nobody_is_led_elsewhere(served: Served, foreign: str) -> None:
    key = served.service.keys.create("browser", ["chair"]).secret
    answer = httpx.post(f"{served.address}/console/login", data={"key": key, "next": foreign})
    assert answer.headers["location"] == "/console/"


def test_the_cookie_is_for_this_site_alone_and_kept_as_a_hash(served: Served) -> None:
    key = served.service.keys.create("browser", ["chair"]).secret
    answer = httpx.post(f"{served.address}/console/login", data={"key": key})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    secret = answer.cookies["matcher_session"]
    with served.service.database.read() as connection:
        kept = [str(tuple(row)) for row in connection.execute(sa.select(sessions))]
    assert not any(secret in row for row in kept)
    assert key.split("_", 2)[2] not in cookie
    over_https = httpx.post(
        f"{served.address}/console/login", data={"key": key}, headers={"X-Forwarded-Proto": "https"}
    )
    assert over_https.headers["set-cookie"].startswith("__Host-matcher_session=")
    assert "Secure" in over_https.headers["set-cookie"]


def test_a_session_ends_with_its_key_its_time_and_the_logout(served: Served, log_in: LogIn) -> None:
    made = served.service.keys.create("browser", ["chair"])
    client = log_in(key=made.secret)
    assert client.get("/console/").status_code == 200
    served.service.keys.revoke(made.id)
    assert client.get("/console/").headers["location"] == "/console/login"

    for column, since in ((sessions.c.seen_at, 3 * 3600), (sessions.c.expires_at, 1)):
        client = log_in("chair")
        with served.service.database.write() as connection:
            connection.execute(sessions.update().values({column: now() - since}))
        assert client.get("/console/").headers["location"] == "/console/login"
    with served.service.database.read() as connection:
        before = connection.execute(sa.select(sa.func.count()).select_from(sessions)).scalar()
    assert before
    client = log_in("chair")  # clears the old ones away
    with served.service.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(sessions)).scalar() == 1
    cookies = dict(client.cookies)
    assert client.post("/console/logout", data={"csrf": token_of(client)}).headers["location"].endswith("said=out")
    assert "matcher_session" not in client.cookies
    assert httpx.get(f"{served.address}/console/", cookies=cookies).headers["location"] == "/console/login"
    assert "You are logged out." in httpx.get(f"{served.address}/console/login?said=out").text


def test_a_second_login_ends_the_first_session_of_a_browser(served: Served, log_in: LogIn) -> None:
    client = log_in("chair")
    cookies = dict(client.cookies)
    key = served.service.keys.create("browser", ["chair"]).secret
    assert client.post("/console/login", data={"key": key}).status_code == 303
    assert client.get("/console/").status_code == 200
    assert httpx.get(f"{served.address}/console/", cookies=cookies).headers["location"] == "/console/login"


def test_use_keeps_a_session_alive(served: Served, browser: httpx.Client) -> None:
    with served.service.database.write() as connection:
        connection.execute(sessions.update().values(seen_at=now() - 3600))
    assert browser.get("/console/").status_code == 200
    with served.service.database.read() as connection:
        latest = connection.execute(sa.select(sa.func.max(sessions.c.seen_at))).scalar()
    assert latest is not None
    assert latest > now() - 60


# --- forged forms, headers ------------------------------------------------------------------------------------------


def test_forged_forms_are_refused(served: Served, browser: httpx.Client, log_in: LogIn) -> None:
    token = token_of(browser)
    refused: list[tuple[dict[str, str], dict[str, str]]] = [
        ({}, {}),
        ({"csrf": "0" * 64}, {}),
        ({"csrf": token}, {"Sec-Fetch-Site": "cross-site"}),
        ({"csrf": token}, {"Sec-Fetch-Site": "same-site"}),
        ({"csrf": token}, {"Origin": "https://e.org"}),
        ({"csrf": token}, {"Origin": "null"}),
    ]
    for data, headers in refused:
        answer = browser.post("/console/logout", data=data, headers=headers)
        assert answer.status_code == 403, (data, headers)
        assert "does not come from a page of this login" in answer.text
    answer = browser.post("/console/login", data={"key": "mk_a_b"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    other = token_of(log_in("chair"))
    assert browser.post("/console/logout", data={"csrf": other}).status_code == 403
    answer = browser.post("/console/logout", headers={"X-CSRF-Token": token, "Origin": served.address})
    assert answer.status_code == 303


def test_pages_say_what_browsers_may_do_with_them(browser: httpx.Client) -> None:
    for path in ("/console/", "/console/nothing", "/console/login"):
        answer = browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "private, no-store"


def test_templates_hold_nothing_that_the_policy_forbids() -> None:
    found = environment().list_templates()
    assert "layout.html" in found
    for name in found:
        source, _, _ = environment().loader.get_source(environment(), name)  # type: ignore[union-attr]
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|hx-vars|\|\s*safe|autoescape", source), (
            name
        )
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", source)), name
        assert not re.search(r"(src|href|action)=\"(https?:)?//", source), name


def test_static_files_are_ours_and_kept_by_browsers(served: Served) -> None:
    assert {"console.css", "console.js", "htmx.min.js", "htmx.LICENSE.txt", "icon.svg"} <= set(static_files())
    page = httpx.get(f"{served.address}/console/login").text
    addresses = re.findall(r'(?:src|href)="(/console/static/[^"]+)"', page)
    assert len(addresses) >= 4
    for address in addresses:
        answer = httpx.get(served.address + address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert httpx.get(f"{served.address}/console/static/console.css?v=old").headers["cache-control"] == "no-cache"
    assert httpx.get(f"{served.address}/console/static/..%2fsite.py").status_code == 303  # no such page, so: log in
    assert httpx.get(f"{served.address}/console/static/site.py").status_code == 404


def test_the_theme_is_kept(browser: httpx.Client) -> None:
    assert 'data-theme="system"' in browser.get("/console/").text
    answer = browser.post("/console/theme", data={"theme": "dark", "next": "/console/login"})
    assert answer.headers["location"] == "/console/login"
    assert 'data-theme="dark"' in browser.get("/console/").text
    assert browser.post("/console/theme", data={"theme": "pink"}).status_code == 422
    browser.cookies.set("matcher_theme", "pink")


# --- errors ---------------------------------------------------------------------------------------------------------


def test_errors_are_pages_that_say_what_to_do(served: Served, browser: httpx.Client) -> None:
    answer = browser.get("/console/nothing")
    assert answer.status_code == 404
    assert "the console has no page /console/nothing" in answer.text.replace("The console", "the console")
    assert "All venues" in answer.text
    answer = browser.get("/console/nothing", headers={"HX-Request": "true"})
    assert answer.headers["hx-retarget"] == "#said"
    assert "<html" not in answer.text
    answer = browser.post("/console/theme", content=b"x" * (5 * 1024 * 1024), headers={"Content-Type": "text/plain"})
    assert answer.status_code == 422
    answer = browser.post("/console/theme", files={"theme": ("a.txt", b"x" * (5 * 1024 * 1024))})
    assert answer.status_code == 413
    assert "Send it in smaller parts" in answer.text


def test_a_defect_is_a_page_that_tells_nothing(
    served: Served, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(served.service.sessions, "close", fail)
    answer = browser.post("/console/logout", data={"csrf": token_of(browser)})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "<h1>Something failed on our side</h1>" in answer.text
    assert "Nothing was changed" in answer.text


def test_a_role_without_rights_gets_a_page_too(log_in: LogIn) -> None:
    client = log_in("reviewer")
    page = client.get("/console/")
    assert page.status_code == 200


# --- parts ----------------------------------------------------------------------------------------------------------


def test_numbers_and_times_read_alike_everywhere() -> None:
    assert (number(1234567), number(1234.567, 1), number(None)) == ("1,234,567", "1,234.6", "–")
    assert (score(0.12345), score(None), share(0.1234), share(None)) == ("0.123", "–", "12.3 %", "–")
    assert (span(12.4), span(200), span(3900), span(None)) == ("12 s", "3 min", "1 h 5 min", "–")
    assert when("2027-01-31T14:05:09+00:00") == "2027-01-31 14:05 UTC"
    assert (plural(1, "reply", "replies"), plural(1200, "paper")) == ("1 reply", "1,200 papers")


def test_a_drawing_links_bars_and_escapes_words() -> None:
    bins: list[dict[str, Any]] = [
        {"low": 0.0, "high": 0.5, "count": 1, "href": '/x?a=1&b="2"'},
        {"low": 0.5, "high": 1.0, "count": 2000},
        {"low": 1.0, "high": 1.5, "count": 0, "href": "/never"},
    ]
    drawn = str(histogram(bins, "<b>what</b>", "score", marks=[(0.4, "5th percentile")]))
    assert "<b>" not in drawn
    assert drawn.count("<a ") == 1
    assert 'href="/x?a=1&amp;b=&#34;2&#34;"' in drawn
    assert "2,000" in drawn
    assert "5th percentile" in drawn
    assert "never" not in drawn
    heights = [float(each) for each in re.findall(r'class="bar"[^>]* height="([\d.]+)"', drawn)]
    assert heights[0] == 1.5  # one among thousands is still seen
    assert heights[1] > 100
    assert heights[2] == 0
    assert "score" in str(histogram([], "nothing", "score"))
    assert 'width="50.0"' in str(meter(1, 2, "half"))
    assert 'width="0.0"' in str(meter(0, 0, "nothing"))


def test_an_entry_leads_somewhere_only_where_all_is_known() -> None:
    entry = Entry("Overview", "/venues/{venue_id}/runs/{run_id}", 1)
    assert entry.address({"venue_id": "a"}) is None
    assert entry.address({"venue_id": "a", "run_id": "b/c"}) == "/console/venues/a/runs/b%2Fc"


def test_what_is_missing_in_a_template_is_an_error() -> None:
    with pytest.raises(Exception, match="undefined"):
        render("venues.html", None, {})
