"""Bytes nobody should send: each gets a 4xx or a closed connection, nothing
is stored, and the server goes on with no more memory than before."""
import json
import re
import resource
import socket

import pytest
from harness import PATIENCE, Millrace
from serving import JSON, NOBODY, Server, read_answer

LIMIT = 16 * 1024 * 1024
MANY = 10000


@pytest.fixture
def server(binary, tmp_path):
    mill = Millrace(binary, f"sqlite:{tmp_path}/tasks.db", tmp_path)
    # Under ASan, what was freed would be kept: 256 MiB of it.
    mill.env["ASAN_OPTIONS"] = (
        mill.env.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
    )
    yield Server(mill)
    mill.close()


def memory_kb(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as f:
        (line,) = [line for line in f if line.startswith("VmRSS")]
    return int(line.split()[1])


def nothing_is_stored(server):
    assert server.is_alive()
    assert server.mill.rows("stats") == []


DEEP = 100000
BODIES = {
    "nothing": b"",
    "blank": b" \n",
    "truncated": b'{"type":"a","payload":{"n":1',
    "no quotes": b"{type:1}",
    "a number": b"17",
    "null": b"null",
    "a string": b'"a"',
    "two objects": b'{"type":"a"}{"type":"b"}',
    "trailing comma": b'{"type":"a",}',
    "not UTF-8": b'{"type":"a","payload":"\xff\xfe"}',
    "a NUL": b'{"type":"a","payload":"\x00"}',
    "lone surrogate": b'{"type":"a","payload":"\\ud800"}',
    "deep": b'{"type":"a","payload":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep array": b"[" * DEEP + b"]" * DEEP,
    "no type": b'{"payload":1}',
    "type is a number": b'{"type":1}',
    "payload twice": b'{"type":"a","payload":1,"payload":2}',
    "unknown field": b'{"type":"a","<script>":1}',
    "array of numbers": b"[1,2,3]",
    "open array": b'[{"type":"a"}',
    "empty array": b"[]",
    "no number": b'{"type":"a","max_attempts":NaN}',
    "float": b'{"type":"a","max_attempts":1.5}',
    "huge number": b'{"type":"a","max_attempts":' + b"9" * 400 + b"}",
    "bad queue": b'{"type":"a","queue":"../x"}',
    "bad id": b'{"type":"a","id":"x"}',
    "header of numbers": b'{"type":"a","headers":{"x":1}}',
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_task_is_refused(server, name):
    answer = server.ask("POST", "/enqueue", BODIES[name])

    assert answer.status == 400
    assert answer.error["code"] == "invalid"
    assert answer.error["message"]
    assert "field" in answer.error
    nothing_is_stored(server)


@pytest.mark.parametrize("body, field", [
    ('{"type":"a","colour":1}', "colour"),
    ('[{"type":"a"},{"type":"a","colour":1}]', "colour"),
    ('{"type":"a","queue":"b","queue":"c"}', "queue"),
    ('{"type":"a","a\\"b":1}', 'a"b'),
    ('{"type":"a","":1}', ""),
])
def test_a_field_that_is_none_of_ours_is_named(server, body, field):
    answer = server.ask("POST", "/enqueue", body)

    assert (answer.status, answer.error["field"]) == (400, field)
    nothing_is_stored(server)


def test_a_field_too_long_for_a_message_is_named_as_far_as_it_goes(server):
    answer = server.ask("POST", "/enqueue", '{"' + "x" * 5000 + '":1}')

    assert answer.status == 400
    assert re.fullmatch("x{100,400}[.]*", answer.error["field"])


def test_a_parameter_that_is_none_of_ours_is_named(server):
    answer = server.ask("GET", "/api/v1/tasks?colour=red")

    assert (answer.status, answer.error["field"]) == (400, "colour")


@pytest.mark.parametrize("path", [
    "/api/v1/lease", "/api/v1/settle", "/api/v1/extend",
    "/api/v1/dlq/requeue", "/api/v1/dlq/delete",
])
def test_bodies_of_the_other_requests_are_as_strict(server, path):
    for body in ("", "17", '{"typ":"a"}', '{"ids":1}', '[{"id":1}]', "[1]",
                 '{"max":0}', '{"max":1001}', '{"wait_ms":-1}', '{"queues":"a"}',
                 '{"queues":["A"]}', '{"queues":[""]}', '{"queues":["a",""]}',
                 '{"queues":["a,b"]}', '{"ids":["x"]}', '{"reason":"none"}',
                 '{"worker":"a b"}', '{"lease_ms":1}', '{"before":"now"}',
                 f'[{{"id":"{NOBODY}","lease":1}}]', "{" * 1000):
        answer = server.ask("POST", path, body)
        assert answer.status == 400, (body, answer.bytes)
    nothing_is_stored(server)


@pytest.mark.parametrize("query", [
    "limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "state=none",
    "queue=A", "type=%20", "cursor=nonsense", "cursor=" + "x" * 300, "x=1",
    "queue=%zz", "queue=%ff", "queue=a%00b", "reason=lost",
])
def test_a_wrong_query_is_refused(server, query):
    answer = server.ask("GET", f"/api/v1/tasks?{query}")

    assert answer.status == 400, answer.bytes


@pytest.mark.parametrize("path,status", [
    ("/api/v1/tasks/x", 400), (f"/api/v1/tasks/{NOBODY}", 404),
    ("/api/v1/tasks/%ff", 400), ("/api/v1/queues/A", 400),
    ("/api/v1/queues/none", 404), ("/api/v1/queues/" + "a" * 65, 400),
    ("/api/v1/tasks/%2e%2e%2fstats", 400),
])
def test_ids_and_names_that_are_none_are_told(server, path, status):
    assert server.ask("GET", path).status == status


def test_the_largest_payload_fits_and_the_next_does_not(server):
    fits = json.dumps("x" * (1024 * 1024 - 2))

    answer = server.ask("POST", "/enqueue", f'{{"type":"a","payload":{fits}}}')
    assert answer.status == 201
    more = f'{{"type":"a","payload":{fits} ,"queue":"q"}}'.replace("x", "xx", 1)
    answer = server.ask("POST", "/enqueue", more)
    assert (answer.status, answer.error["field"]) == (413, "payload")
    assert "1048577 bytes, limit 1048576" in answer.error["message"]
    assert len(server.get("/api/v1/tasks")["tasks"]) == 1


def test_too_many_tasks_at_once_are_refused(server):
    answer = server.ask("POST", "/enqueue", [{"type": "a"}] * 1001)

    assert (answer.status, answer.error["code"]) == (413, "too_large")
    nothing_is_stored(server)


def test_a_body_over_the_limit_is_read_to_its_end_and_refused(server):
    before = memory_kb(server)
    for _ in range(4):
        answer = server.ask("POST", "/enqueue", b" " * (LIMIT + 1))
        assert answer.status == 413

    assert memory_kb(server) < before + 3 * LIMIT / 1024
    nothing_is_stored(server)


def test_a_body_far_over_the_limit_is_not_waited_for(server):
    answer = server.raw(
        b"POST /enqueue HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/json\r\nContent-Length: 99999999999\r\n"
        b"\r\n[")

    assert answer.startswith(b"HTTP/1.1 413 ")
    nothing_is_stored(server)


def test_chunks_without_an_end_are_cut_off(server):
    head = (b"POST /enqueue HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"

    with server.socket() as s:
        s.sendall(head)
        sent = 0
        with pytest.raises(OSError):
            while sent < 16 * LIMIT:
                sent += s.send(chunk)
    assert sent < 16 * LIMIT
    nothing_is_stored(server)


@pytest.mark.parametrize("data", [
    b"", b"\r\n\r\n", b"GET", b"GET /healthz HTTP/1.1\r\nHost: local",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    b"POST /enqueue HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: 12\r\n\r\n"
    b'{"type":"a"',
])
def test_what_never_becomes_a_request_stores_nothing(server, data):
    with server.socket() as s:
        s.sendall(data)
    nothing_is_stored(server)


@pytest.mark.parametrize("data", [
    b"GET\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n\r\n",
    b"GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100000 + b"\r\n\r\n",
    b"POST /enqueue HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 5000,
    b"\x00" * 100000,
])
def test_what_is_no_request_is_refused_or_hung_up_on(server, data):
    answer = server.raw(data)

    assert answer == b"" or answer.split(b" ")[1][:1] in (b"4", b"5")
    nothing_is_stored(server)


def test_requests_in_one_go_are_answered_in_their_order(server):
    one = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: %d\r\n\r\n"

    with server.socket() as s:
        s.sendall(b"".join(one % n for n in range(50)))
        answer = read_answer(s, 50)
    ids = [line for line in answer.split(b"\r\n")
           if line.startswith(b"X-Request-Id")]
    assert ids == [b"X-Request-Id: %d" % n for n in range(50)]


def test_ten_thousand_connections_leave_room_for_one_more(server):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = min(MANY, hard - 512)  # what the machine allows
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    before = memory_kb(server)
    sockets = []
    try:
        for _ in range(many):
            sockets.append(socket.create_connection(server.place, PATIENCE))
        assert server.is_alive()
        assert server.enqueue()["duplicate"] is False
        assert memory_kb(server) < before + 512 * 1024
        sockets[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
                           b"Connection: close\r\n\r\n")
        assert read_answer(sockets[0]).startswith(b"HTTP/1.1 200")
    finally:
        for s in sockets:
            s.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert server.is_alive()


def test_bad_requests_leave_no_memory_behind(server):
    connection = server.connect()

    def batch():
        for body in BODIES.values():
            if len(body) < 1000:
                server.ask("POST", "/enqueue", body, through=connection)
        server.ask("GET", "/api/v1/tasks?limit=x", through=connection)
        server.ask("POST", "/api/v1/settle", [{"id": NOBODY, "lease": "x",
                                              "outcome": "done"}], JSON,
                   through=connection)

    for _ in range(20):
        batch()
    before = memory_kb(server)
    for _ in range(100):
        batch()
    assert memory_kb(server) < before + 32 * 1024
    connection.close()
    assert server.process.stop() == 0  # under ASan: and nothing has leaked
