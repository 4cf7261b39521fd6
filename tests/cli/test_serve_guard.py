"""Who may ask, and what is refused before anything happens."""
import json

import pytest
from harness import Millrace
from serving import JSON, Server

TOKEN = "a-secret-token"


@pytest.fixture
def mill(binary, tmp_path):
    program = Millrace(binary, f"sqlite:{tmp_path}/tasks.db", tmp_path)
    yield program
    program.close()


@pytest.fixture
def server(mill):
    return Server(mill)


@pytest.fixture
def locked(mill):
    return Server(mill, env={"MILLRACE_TOKEN": TOKEN})


def test_without_a_token_only_loopback_is_served(mill):
    for address in ("0.0.0.0:0", "[::]:0"):
        refused = mill.run("serve", "--listen", address, code=2)
        assert "MILLRACE_TOKEN" in refused.err
        assert refused.err.count("\n") == 1
    mill.run("serve", env={"MILLRACE_LISTEN": "0.0.0.0:0"}, code=2)


def test_whoever_insists_is_served_everywhere(mill):
    server = Server(mill, "--insecure", "--listen", "0.0.0.0:0")
    server.address = server.address.replace("0.0.0.0", "127.0.0.1")
    server.place = ("127.0.0.1", server.place[1])

    assert server.is_alive()
    server.place = ("127.0.0.2", server.place[1])
    called = server.raw(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.2\r\n"
                        b"\r\n")
    assert called.startswith(b"HTTP/1.1 200")


def test_the_name_that_it_listens_by_is_its_own(mill):
    server = Server(mill, "--listen", "127.1:0")

    def asked_as(host):
        return server.raw(b"GET /healthz HTTP/1.1\r\nHost: " + host
                          + b"\r\n\r\n").split()[1]

    assert asked_as(b"127.1") == b"200"
    assert asked_as(b"127.11") == b"403"
    assert asked_as(b"") == b"403"
    assert asked_as(b":80") == b"403"


@pytest.mark.parametrize("listen", ["nowhere", "127.0.0.1", "127.0.0.1:70000",
                                    "::1:80", "127.0.0.1:-1", ":80", ""])
def test_a_bad_address_is_one_line(mill, listen):
    refused = mill.run("serve", "--listen", listen, code=2)

    assert "--listen" in refused.err and refused.err.count("\n") == 1


@pytest.mark.parametrize("host", ["", "queue.example:80", "http://queue", ":80",
                                  "::1", "a b", "me@queue"])
def test_a_host_that_no_request_can_name_is_one_line(mill, host):
    refused = mill.run("serve", "--host", host, code=2)

    assert "--host" in refused.err and refused.err.count("\n") == 1


def test_a_taken_address_is_told(mill, server):
    refused = mill.run("serve", "--listen", server.address, code=1)

    assert server.address in refused.err


@pytest.mark.parametrize("header", [
    None, "", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}",
    f"Basic {TOKEN}", TOKEN, f"Bearer  {TOKEN}",
])
def test_a_wrong_token_gets_nothing(locked, header):
    headers = {**JSON, "Authorization": header} if header is not None else JSON
    locked.token = None

    for method, path in (("GET", "/api/v1/stats"), ("GET", "/metrics"),
                         ("GET", "/openapi.json"), ("GET", "/readyz"),
                         ("GET", "/nowhere"), ("PUT", "/enqueue"),
                         ("POST", "/enqueue"), ("GET", "/api/v1/events")):
        answer = locked.ask(method, path, '{"type":"a"}', headers)
        assert answer.status == 401, (method, path)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.error["code"] == "unauthorized"
    assert locked.mill.rows("stats") == []


def test_the_token_opens_and_is_never_logged(locked):
    assert locked.enqueue()["duplicate"] is False
    assert locked.ask("GET", "/healthz").status == 200
    locked.token = "a-wrong-token"
    assert locked.ask("GET", f"/api/v1/stats?token={TOKEN}").status == 401

    assert locked.process.stop() == 0
    log = "\n".join(locked.log.lines)
    assert TOKEN not in log and "a-wrong-token" not in log


def test_health_and_the_page_need_no_token(locked):
    locked.token = None

    assert locked.ask("GET", "/healthz", headers={}).status == 200
    assert locked.ask("GET", "/", headers={}).status == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:80",
                                  "[::1]:7420", "queue.example"])
def test_own_names_are_answered(mill, host):
    server = Server(mill, "--host", "queue.example")

    for name in ("Host", "Origin"):
        value = f"http://{host}" if name == "Origin" else host
        answer = server.ask("GET", "/healthz", headers={name: value})
        assert answer.status == 200, (name, value)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7420",
                                  "localhost.evil.example", "[::1", "", ":80",
                                  "127.0.0.1:x", "127.0.0.1@evil.example",
                                  "10.0.0.1"])
def test_foreign_names_are_refused(server, host):
    for headers in ({"Host": host}, {"Origin": f"http://{host}"}):
        answer = server.ask("POST", "/enqueue", {"type": "a"},
                            {**JSON, **headers})
        assert answer.status == 403, headers
    assert server.mill.rows("stats") == []


def test_a_page_without_an_origin_is_foreign(server):
    for origin in ("null", "file:", "evil"):
        answer = server.ask("GET", "/api/v1/stats", headers={"Origin": origin})
        assert answer.status == 403


@pytest.mark.parametrize("kind", [
    None, "text/plain", "application/x-www-form-urlencoded",
    "multipart/form-data", "application/jsonp", "text/json",
])
def test_what_a_form_can_send_changes_nothing(server, kind):
    added = server.enqueue(delay_ms=3600000)["id"]
    headers = {"Content-Type": kind} if kind else {}

    for method, path in (
        ("POST", "/enqueue"), ("POST", "/api/v1/lease"),
        ("POST", "/api/v1/settle"), ("POST", "/api/v1/extend"),
        ("POST", "/api/v1/queues/default/pause"),
        ("POST", f"/api/v1/tasks/{added}/run"),
        ("DELETE", f"/api/v1/tasks/{added}"),
        ("POST", "/api/v1/dlq/delete"),
        ("DELETE", "/api/v1/queues/default/tasks"),
    ):
        answer = server.ask(method, path, '{"type":"a"}', headers)
        assert answer.status == 415, (method, path)
    (row,) = server.mill.rows("stats")
    assert (row["scheduled"], row["ready"], row["paused"]) == (1, 0, False)


def test_json_with_a_charset_is_json(server):
    kind = {"Content-Type": "application/json; charset=utf-8"}

    assert server.ask("POST", "/enqueue", {"type": "a"}, kind).status == 201


@pytest.mark.parametrize("method,path,allow", [
    ("GET", "/enqueue", "POST"),
    ("DELETE", "/healthz", "GET, HEAD"),
    ("PUT", "/api/v1/tasks/x", "GET, HEAD, DELETE"),
    ("OPTIONS", "/enqueue", "POST"),
    ("TRACE", "/", "GET, HEAD"),
])
def test_other_methods_are_told_which_there_are(server, method, path, allow):
    answer = server.ask(method, path)

    assert answer.status == 405
    assert answer.headers["Allow"] == allow
    assert answer.error["code"] == "method_not_allowed"


def test_head_is_get_without_a_body(server):
    answer = server.ask("HEAD", "/healthz")

    assert (answer.status, answer.bytes) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 0


@pytest.mark.parametrize("path", [
    "/nowhere", "//", "/healthz/", "/api/v1", "/api/v1/tasks/",
    "/../etc/passwd", "/%2e%2e/etc/passwd", "/dashboard/../../etc/passwd",
    "/dashboard/%2e%2e%2fdashboard.c", "/api/v1/queues/../stats",
    "/api%2fv1/stats", "/enqueue%00", "/API/V1/STATS",
])
def test_paths_that_are_none_are_not_found(server, path):
    answer = server.ask("GET", path)

    assert answer.status == 404
    assert answer.error == json.loads(answer.bytes)["error"]


def test_answers_say_that_they_are_not_to_be_guessed_or_kept(server):
    answer = server.ask("GET", "/api/v1/stats")

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
