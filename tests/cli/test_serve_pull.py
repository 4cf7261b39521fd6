"""Pull workers: lease, settle and extend over HTTP."""
import json
import subprocess
import sys
from pathlib import Path

import pytest
from harness import PATIENCE, ask_until
from serving import JSON, NOBODY, Server

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def server(mill):
    return Server(mill)


def ask_later(server, wish):
    """Asks for a lease; the answer is read when the test is ready for it."""
    connection = server.connect()
    connection.request("POST", "/api/v1/lease", json.dumps(wish), JSON)
    return connection


def tasks_of(connection):
    return json.loads(connection.getresponse().read())["tasks"]


def test_a_task_is_leased_and_done(server):
    added = server.enqueue(payload={"n": 1}, retain_ms=3600000)
    (task,) = server.lease(worker="me", lease_ms=60000)

    assert task["id"] == added["id"]
    assert task["payload"] == {"n": 1}
    assert (task["attempt"], task["worker"]) == (1, "me")
    assert task["fencing_token"] > 0
    assert server.get(f"/api/v1/tasks/{task['id']}")["state"] == "active"
    assert server.settle(task, "done", result={"ok": True}) == "ok"
    kept = server.get(f"/api/v1/tasks/{task['id']}")
    assert (kept["state"], kept["result"]) == ("done", {"ok": True})
    assert server.get("/api/v1/queues/default")["done"] == 1


def test_nothing_is_handed_out_twice(server):
    server.post("/enqueue", [{"type": "a"}] * 10, 201)

    first = server.lease(max=6)
    second = server.lease(max=6)

    assert (len(first), len(second)) == (6, 4)
    assert len({task["id"] for task in first + second}) == 10
    assert server.lease(max=6) == []


def test_only_the_queues_asked_for_are_looked_at(server):
    server.enqueue(queue="a")
    server.enqueue(queue="b")

    assert [t["queue"] for t in server.lease(queues=["b", "c"], max=9)] == ["b"]
    assert [t["queue"] for t in server.lease(queues=[], max=9)] == ["a"]


def test_a_failure_is_tried_again_and_in_the_end_dead(server):
    server.enqueue(max_attempts=2)

    (task,) = server.lease()
    assert server.settle(task, "retry", error="first", after_ms=0) == "ok"
    (task,) = server.lease(wait_ms=60000)
    assert (task["attempt"], task["last_error"]) == (2, "first")
    assert server.settle(task, "retry", error="second", after_ms=0) == "ok"
    dead = server.get(f"/api/v1/tasks/{task['id']}")
    assert (dead["state"], dead["reason"]) == ("dead", "exhausted")
    assert dead["last_error"] == "second"


def test_a_retry_without_a_time_waits_out_the_backoff(server):
    server.enqueue(backoff={"kind": "constant", "base_ms": 3600000,
                            "jitter": "none"})
    (task,) = server.lease()

    assert server.settle(task, "retry", error="later") == "ok"
    assert server.get(f"/api/v1/tasks/{task['id']}")["state"] == "retry"


def test_release_and_snooze_use_no_attempt(server):
    server.enqueue()
    (task,) = server.lease()

    assert server.settle(task, "release") == "ok"
    (task,) = server.lease()
    assert task["attempt"] == 1
    assert server.settle(task, "snooze", after_ms=3600000) == "ok"
    waiting = server.get(f"/api/v1/tasks/{task['id']}")
    assert (waiting["state"], waiting["attempt"]) == ("scheduled", 0)


def test_a_stale_token_changes_nothing(server):
    server.enqueue()
    (old,) = server.lease()
    server.settle(old, "release")
    (new,) = server.lease()

    assert server.settle(old, "reject", error="late") == "lease lost"
    assert server.settle({**new, "lease": "nonsense"}, "done") == "lease lost"
    assert server.settle({**new, "lease": new["lease"] + "1"},
                         "done") == "lease lost"
    assert server.get(f"/api/v1/tasks/{new['id']}")["state"] == "active"
    assert server.settle(new, "done") == "ok"
    assert server.settle(new, "done") == "not found"


def test_items_are_answered_one_by_one_in_their_order(server):
    server.post("/enqueue", [{"type": "a"}] * 3, 201)
    tasks = server.lease(max=3)

    def item(task, **members):
        return {"id": task["id"], "lease": task["lease"], "outcome": "done",
                **members}

    answer = server.post("/api/v1/settle", [
        item(tasks[0]), item(tasks[1], lease="stale"), item(tasks[2]),
        item(tasks[0], id="01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    ])
    assert [r["status"] for r in answer["results"]] == [
        "ok", "lease lost", "ok", "not found"
    ]
    assert [r["id"] for r in answer["results"][:3]] == [t["id"] for t in tasks]


def test_extend_tells_a_task_that_is_gone_from_a_lease_that_is_lost(server):
    server.post("/enqueue", [{"type": "a"}] * 2, 201)
    tasks = server.lease(max=2)
    server.settle(tasks[0], "done")
    server.settle(tasks[1], "reject")

    answer = server.post("/api/v1/extend", [
        {"id": task["id"], "lease": task["lease"]} for task in tasks
    ])

    assert [r["status"] for r in answer["results"]] == [
        "not found", "lease lost"
    ]


def test_a_task_that_nobody_knows_is_told_whatever_the_token(server):
    server.enqueue()
    (task,) = server.lease()
    unknown = {**task, "id": NOBODY}

    for lease in (task["lease"], "nonsense", ""):
        item = {"id": NOBODY, "lease": lease}
        assert server.settle({**unknown, "lease": lease}, "done") == "not found"
        answer = server.post("/api/v1/extend", [item])
        assert answer["results"] == [{"id": NOBODY, "status": "not found"}]
    assert server.settle(task, "done") == "ok"


def test_one_bad_item_leaves_all_unsettled(server):
    server.enqueue()
    (task,) = server.lease()
    good = {"id": task["id"], "lease": task["lease"], "outcome": "done"}

    for bad in ({**good, "outcome": "maybe"}, {**good, "after": 1},
                {**good, "outcome": "snooze"}, {"id": task["id"]}):
        server.post("/api/v1/settle", [good, bad], 400)
    assert server.get(f"/api/v1/tasks/{task['id']}")["state"] == "active"


def test_a_lease_that_runs_out_goes_to_the_next_as_a_crash(server):
    server.enqueue()
    (old,) = server.lease(lease_ms=100)
    (new,) = server.lease(wait_ms=60000)

    assert (new["id"], new["crashes"]) == (old["id"], 1)
    assert server.settle(old, "done") == "lease lost"
    assert server.settle(new, "done") == "ok"


def test_a_poison_pill_ends_in_the_dlq(server):
    added = server.enqueue(max_crashes=2, max_attempts=9)
    for _ in range(2):
        assert len(server.lease(lease_ms=100, wait_ms=60000)) == 1

    dead = ask_until(
        lambda: server.get("/api/v1/dlq")["tasks"], "the task is dead"
    )
    assert (dead[0]["id"], dead[0]["reason"]) == (added["id"], "lost")


def test_an_extended_lease_goes_on(server):
    server.enqueue()
    (task,) = server.lease(lease_ms=60000)
    lease = {"id": task["id"], "lease": task["lease"]}

    def until():
        return server.get(f"/api/v1/tasks/{task['id']}")["lease_until"]

    before = until()
    answer = server.post("/api/v1/extend", [{**lease, "lease_ms": 3600000}])
    assert answer["results"] == [{"id": task["id"], "status": "ok"}]
    assert until() > before
    stale = server.post("/api/v1/extend", [{**lease, "lease": "x"}])
    assert stale["results"][0]["status"] == "lease lost"
    assert server.settle(task, "done") == "ok"


def test_who_waits_gets_what_comes(server):
    waiting = [ask_later(server, {"wait_ms": 60000, "queues": [q]})
               for q in ("a", "b", "a")]

    server.enqueue(queue="b")
    assert [t["queue"] for t in tasks_of(waiting[1])] == ["b"]
    server.enqueue(queue="a")
    server.enqueue(queue="a")
    assert [len(tasks_of(waiting[n])) for n in (0, 2)] == [1, 1]


def test_who_waits_hears_of_what_another_process_adds(server):
    waiting = ask_later(server, {"wait_ms": 60000})

    added = server.mill.enqueue("a", None, "--in", "1ms")
    assert [t["id"] for t in tasks_of(waiting)] == [added]


def test_nothing_is_leased_for_who_has_hung_up(server):
    ask_later(server, {"wait_ms": 60000}).close()
    added = server.enqueue()

    (task,) = server.lease(wait_ms=60000)
    assert (task["id"], task["attempt"]) == (added["id"], 1)


def test_what_has_expired_is_not_handed_over(server):
    def created_at(added):
        return server.get(f"/api/v1/tasks/{added['id']}")["created_at"]

    added = server.enqueue(expires_ms=1)
    ask_until(
        lambda: created_at(server.enqueue(queue="later")) > created_at(added),
        "a millisecond is over",
    )

    assert server.lease(queues=["default"]) == []
    dead = server.get(f"/api/v1/tasks/{added['id']}")
    assert (dead["state"], dead["reason"]) == ("dead", "expired")
    assert dead["attempt"] == 0


def test_leases_outlive_the_server(mill):
    server = Server(mill)
    server.enqueue()
    (task,) = server.lease()
    assert server.process.stop() == 0

    other = Server(mill)
    assert other.post("/api/v1/extend", [
        {"id": task["id"], "lease": task["lease"]}
    ])["results"][0]["status"] == "ok"
    assert other.settle(task, "done") == "ok"


@pytest.mark.parametrize("command", [
    [sys.executable, EXAMPLES / "pull-worker.py"],
    ["sh", EXAMPLES / "pull-worker.sh"],
], ids=["python", "shell"])
def test_the_examples_work(mill, command):
    server = Server(mill, env={"MILLRACE_TOKEN": "a-token"})
    server.enqueue("greet", payload={"name": "Anna"}, retain_ms=3600000)
    server.enqueue("no.such", max_attempts=1)

    done = subprocess.run(
        [*command, "--once"],
        env={**mill.env, "MILLRACE_SERVER": f"http://{server.address}",
             "MILLRACE_TOKEN": "a-token"},
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )
    assert done.returncode == 0, done.stderr
    tasks = {t["type"]: t for t in server.get("/api/v1/tasks")["tasks"]}
    assert tasks["greet"]["state"] == "done"
    assert tasks["greet"]["result"] == "Hello, Anna!"
    assert tasks["no.such"]["state"] == "dead"
    assert "no.such" in tasks["no.such"]["last_error"]
