"""The HTTP service: enqueueing, and looking after what is there."""
import json
import signal
import threading

import pytest
from harness import Millrace, ask_until
from serving import JSON, NOBODY, Server


@pytest.fixture
def server(mill):
    return Server(mill)


def test_a_task_comes_in_and_is_found(server):
    added = server.enqueue("email.send", payload={"n": 2**60}, queue="mail")

    assert added.keys() == {"id", "queue", "state", "duplicate"}
    assert (added["queue"], added["state"]) == ("mail", "ready")
    assert added["duplicate"] is False
    task = server.get(f"/api/v1/tasks/{added['id']}")
    assert task["payload"] == {"n": 2**60}
    assert task["type"] == "email.send"
    assert task == server.mill.show(added["id"])


def test_an_array_is_answered_in_its_order(server):
    answer = server.post(
        "/enqueue",
        [{"type": "a", "queue": f"q{n % 3}"} for n in range(1000)],
        201,
    )

    assert [item["queue"] for item in answer] == [
        f"q{n % 3}" for n in range(1000)
    ]
    assert len({item["id"] for item in answer}) == 1000
    assert sum(row["ready"] for row in server.mill.rows("stats")) == 1000


def test_one_bad_task_spoils_its_array(server):
    answer = server.post(
        "/enqueue", [{"type": "a"}, {"type": "b", "tpye": 1}], 400
    )

    assert answer["error"]["code"] == "invalid"
    assert "tpye" in answer["error"]["message"]
    assert "task 1" in answer["error"]["message"]
    assert server.get("/api/v1/tasks")["tasks"] == []


def test_a_bad_field_is_named(server):
    error = server.enqueue(status=400, max_attempts=0)["error"]

    assert error["field"] == "max_attempts"
    assert "0" in error["message"]


def test_the_idempotency_header_is_the_key(server):
    first = server.post("/enqueue", {"type": "a"}, 201,
                        headers={"Idempotency-Key": "once"})
    again = server.post("/enqueue", {"type": "a"}, 200,
                        headers={"Idempotency-Key": "once"})
    by_key = server.enqueue(status=200, key="once")

    assert again["id"] == first["id"] == by_key["id"]
    assert again["duplicate"] and by_key["duplicate"]
    assert len(server.get("/api/v1/tasks")["tasks"]) == 1


def test_the_idempotency_header_may_have_a_term(server):
    header = {"Idempotency-Key": "order-8"}
    body = {"type": "a", "key_ttl_ms": 3600000}

    first = server.post("/enqueue", body, 201, headers=header)
    again = server.post("/enqueue", body, 200, headers=header)

    assert (again["id"], again["duplicate"]) == (first["id"], True)
    kept = server.get(f"/api/v1/tasks/{first['id']}")
    assert (kept["key"], kept["key_ttl_ms"]) == ("order-8", 3600000)


def test_a_header_and_a_key_that_differ_are_refused(server):
    for body in ({"type": "a", "key": "other"}, [{"type": "a"}]):
        error = server.post("/enqueue", body, 400,
                            headers={"Idempotency-Key": "once"})["error"]
        assert error["field"] == "key"
    assert server.get("/api/v1/tasks")["tasks"] == []


def test_many_producers_at_once_all_get_their_own_answer(server):
    ids = []

    def produce(n):
        connection = server.connect()
        for k in range(25):
            body = {"type": "a", "payload": [n, k]}
            answer = server.ask("POST", "/enqueue", body, through=connection)
            assert answer.status == 201
            ids.append((answer.json["id"], [n, k]))
        connection.close()

    threads = [threading.Thread(target=produce, args=[n]) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    tasks = server.get("/api/v1/tasks?limit=1000")["tasks"]
    assert {task["id"]: task["payload"] for task in tasks} == dict(ids)
    assert len(ids) == 400


def test_queues_are_paused_resumed_and_purged(server):
    server.enqueue(queue="q")
    server.enqueue(queue="q", delay_ms=3600000)

    assert server.post("/api/v1/queues/q/pause")["paused"] is True
    assert server.get("/api/v1/queues/q")["paused"] is True
    assert server.lease() == []
    assert server.post("/api/v1/queues/q/resume")["paused"] is False
    assert server.delete("/api/v1/queues/q/tasks?state=scheduled") == {
        "removed": 1
    }
    (row,) = server.get("/api/v1/queues")["queues"]
    assert (row["queue"], row["ready"], row["scheduled"]) == ("q", 1, 0)
    assert server.get("/api/v1/stats")["queues"][0]["ready"] == 1


def test_lists_go_on_where_they_stopped(server):
    ids = [server.enqueue(payload=n)["id"] for n in range(5)]

    seen, cursor = [], ""
    while cursor is not None:
        page = server.get(f"/api/v1/tasks?limit=2&cursor={cursor}")
        assert len(page["tasks"]) <= 2
        seen += [task["id"] for task in page["tasks"]]
        cursor = page["cursor"]

    assert seen == ids


def test_filters_keep_what_matches(server):
    server.enqueue("a", queue="q")
    server.enqueue("b", queue="q")
    server.enqueue("b", queue="r", delay_ms=3600000)

    def types(query):
        return [t["type"] for t in server.get(f"/api/v1/tasks?{query}")["tasks"]]

    assert types("queue=q") == ["a", "b"]
    assert types("type=b&state=ready") == ["b"]
    assert types("state=dead") == []
    assert types("queue=%71&type=a") == ["a"]


def test_waiting_tasks_are_cancelled_and_run_early(server):
    one = server.enqueue(delay_ms=3600000)["id"]
    other = server.enqueue()["id"]

    assert server.post(f"/api/v1/tasks/{one}/run") == {"id": one, "ready": True}
    error = server.post(f"/api/v1/tasks/{one}/run", status=409)["error"]
    assert error["code"] == "wrong_state"
    assert server.delete(f"/api/v1/tasks/{other}")["cancelled"] is True
    server.delete(f"/api/v1/tasks/{other}", 404)
    server.lease(max=2)
    server.delete(f"/api/v1/tasks/{one}", 409)


def test_dead_tasks_are_requeued_and_deleted(server):
    one, other, third = server.die(3, key_ttl_ms=0)

    listed = server.get("/api/v1/dlq?reason=rejected")["tasks"]
    assert [task["id"] for task in listed] == [one, other, third]
    assert listed[0]["last_error"] == "no use"
    assert server.get("/api/v1/dlq?reason=lost")["tasks"] == []
    done = server.post("/api/v1/dlq/requeue", {"ids": [one, NOBODY]})
    assert done["requeued"] == 1
    assert done["refused"] == [
        {"id": NOBODY, "reason": "not found", "holder": None}
    ]
    assert server.post("/api/v1/dlq/delete", {"ids": [other]})["deleted"] == 1
    assert server.post("/api/v1/dlq/delete", {"type": "b"})["deleted"] == 0
    assert server.post("/api/v1/dlq/delete", {"all": True})["deleted"] == 1
    assert server.get("/api/v1/dlq")["tasks"] == []
    assert server.get(f"/api/v1/tasks/{one}")["state"] == "ready"


def test_a_held_key_keeps_a_task_dead_and_says_whose_it_is(server):
    (dead,) = server.die(key="k")
    holder = server.enqueue(key="k")["id"]

    for target in ({"ids": [dead]}, {"all": True}):
        done = server.post("/api/v1/dlq/requeue", target)
        assert (done["requeued"], done["refused_count"]) == (0, 1)
        assert done["refused"] == [
            {"id": dead, "reason": "key held", "holder": holder}
        ]


def test_nothing_happens_to_dead_tasks_without_a_target(server):
    server.die()

    for body in ({}, {"ids": [], "all": True}, {"all": False}):
        server.post("/api/v1/dlq/delete", body, 400)
    assert len(server.get("/api/v1/dlq")["tasks"]) == 1


def test_the_queue_tells_which_of_two_tasks_an_id_means(server):
    for queue in ("a", "b", "c"):
        server.die(queue=queue, id=NOBODY)

    def change(verb, queue):
        body = {"ids": [NOBODY], "queue": queue}
        return server.post(f"/api/v1/dlq/{verb}", body)

    assert change("delete", "b")["deleted"] == 1
    assert change("requeue", "c")["requeued"] == 1
    assert change("delete", "d")["refused"][0]["reason"] == "not found"
    left = server.get("/api/v1/dlq")["tasks"]
    assert [(task["queue"], task["id"]) for task in left] == [("a", NOBODY)]
    server.post("/api/v1/dlq/delete",
                {"ids": [NOBODY], "queue": "a", "type": "a"}, 400)


def test_workers_are_listed(server):
    server.mill.worker("--demo", "--name", "w1").log.wait_for("started")

    rows = ask_until(lambda: server.get("/api/v1/workers")["workers"],
                     "a worker is listed")
    assert [row["name"] for row in rows] == ["w1"]
    assert rows[0].keys() == server.mill.rows("workers")[0].keys()


def read_event(stream):
    """The next event of a stream: its name and its data."""
    lines = []
    while True:
        line = stream.readline().decode().rstrip("\n")
        if not line:
            break
        lines.append(line.split(": ", 1))
    event = dict(lines)
    return event["event"], json.loads(event["data"])


def test_events_tell_the_statistics_as_they_change(server):
    connection = server.connect()
    connection.request("GET", "/api/v1/events")
    stream = connection.getresponse()

    assert stream.headers["Content-Type"] == "text/event-stream"
    assert read_event(stream) == ("stats", {"queues": []})
    server.enqueue()
    name, data = read_event(stream)
    while not data["queues"]:
        name, data = read_event(stream)
    assert (name, data["queues"][0]["ready"]) == ("stats", 1)
    connection.close()
    assert server.is_alive()


def test_the_head_of_the_events_has_nothing_behind_it(server):
    with server.socket() as s:
        s.sendall(b"HEAD /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
                  b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
                  b"Connection: close\r\n\r\n")
        answers = b"".join(iter(lambda: s.recv(65536), b""))

    head, rest = answers.split(b"\r\n\r\n", 1)
    assert b"text/event-stream" in head
    assert rest.startswith(b"HTTP/1.1 200 ")


def test_a_stop_answers_what_waits_and_ends(server):
    waiting, events = server.connect(), server.connect()
    events.request("GET", "/api/v1/events")
    stream = events.getresponse()
    read_event(stream)
    waiting.request("POST", "/api/v1/lease", '{"wait_ms":60000}', JSON)
    server.enqueue(queue="other", delay_ms=3600000)

    assert server.process.stop() == 0
    answer = waiting.getresponse()
    assert (answer.status, json.loads(answer.read())["tasks"]) == (200, [])
    rest = stream.read()
    assert rest == b"" or rest.endswith(b"\n\n")


def test_a_second_signal_does_not_wait_for_who_never_ends(mill):
    server = Server(mill, "--shutdown-timeout", "1h")
    with server.socket() as half:
        half.sendall(b"POST /enqueue HTTP/1.1\r\nHost: localhost\r\n"
                     b"Content-Type: application/json\r\n"
                     b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n")
        assert b"100 Continue" in half.recv(4096)  # it is being received

        server.process.signal(signal.SIGTERM)
        server.log.wait_for("stopping")
        server.process.signal(signal.SIGTERM)

        assert server.process.wait() == 1
    server.log.wait_for("stopped with requests unanswered")


def test_request_ids_are_taken_or_made_and_logged(server):
    given = server.ask("GET", "/healthz", headers={"X-Request-Id": "mine-1"})
    made = server.ask("GET", "/nowhere", headers={"X-Request-Id": "a b"})

    assert given.headers["X-Request-Id"] == "mine-1"
    assert made.headers["X-Request-Id"] not in ("", "a b")
    server.log.wait_for("/healthz", "mine-1")
    server.log.wait_for("/nowhere", made.headers["X-Request-Id"])


def test_an_outage_is_told_and_overcome(binary, own_redis, tmp_path):
    redis = own_redis("--appendonly", "yes")
    mill = Millrace(binary, redis.url(), tmp_path)
    try:
        server = Server(mill)
        server.enqueue()
        redis.kill()

        answer = server.ask("POST", "/enqueue", {"type": "a"})
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.error["code"] == "unavailable"
        server.get("/readyz", 503)
        assert server.is_alive()
        assert server.ask("POST", "/api/v1/lease", {}).status == 503

        redis.start()
        ask_until(
            lambda: server.ask("GET", "/readyz").status == 200, "it is ready"
        )
        ask_until(
            lambda: server.ask("POST", "/enqueue", {"type": "a"}).status == 201,
            "tasks are taken",
        )
    finally:
        mill.close()
