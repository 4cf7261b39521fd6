"""The dead-letter queue: how tasks get there, and back or away."""
import pytest

ONCE = ["--max-attempts", "1"]
UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def given_dead(mill, count=1, **fields):
    """Adds tasks that are dead when it returns; their ids."""
    task = {"type": "demo.dead", "max_attempts": 1, **fields}
    ids = [row["id"] for row in mill.batch([task] * count)]
    mill.drain("--demo")
    return ids


def dead(mill, *options):
    rows = mill.rows("dlq", "list", "--limit", 1000, *options)
    return [row["id"] for row in rows if "id" in row]


def test_an_exhausted_task_tells_its_story(mill):
    (task_id,) = given_dead(
        mill, max_attempts=3, payload={"a": 1},
        backoff={"base_ms": 1, "jitter": "none"},
    )

    task = mill.row("dlq", "show", task_id)

    assert task["state"] == "dead"
    assert task["reason"] == "exhausted"
    assert task["attempt"] == 3
    assert task["payload"] == {"a": 1}
    assert task["last_error"]
    assert task["finished_at"] >= task["created_at"]


def test_show_takes_only_the_dead(mill):
    assert "ready" in mill.run("dlq", "show", mill.enqueue("t"), code=4).err
    mill.run("dlq", "show", UNKNOWN, code=4)


def test_a_rejected_task_is_dead_at_once(mill):
    task_id = mill.enqueue("t")
    mill.drain("--exec", "t=echo not mine >&2; exit 65")

    task = mill.show(task_id)

    assert (task["state"], task["reason"]) == ("dead", "rejected")
    assert task["attempt"] == 1
    assert task["last_error"] == "not mine"


def test_an_expired_task_is_dead_unrun(mill):
    journal = mill.folder / "journal"
    task_id = mill.enqueue("t", None, "--expires", "1ms")
    mill.drain("--exec", f"t=echo ran >>{journal}")

    task = mill.show(task_id)

    assert (task["state"], task["reason"]) == ("dead", "expired")
    assert task["attempt"] == 0
    assert not journal.exists()
    assert mill.stats()["failed"] == 0


def test_a_type_without_a_handler_is_a_failed_attempt(mill):
    task_id = mill.enqueue("nobody.knows", None, *ONCE)
    mill.drain("--demo")

    task = mill.show(task_id)

    assert task["reason"] == "exhausted"
    assert task["last_error"] == "no handler for type nobody.knows"


def test_requeue_starts_again_from_nothing(mill):
    (task_id,) = given_dead(mill)

    assert "1" in mill.run("dlq", "requeue", task_id).out

    task = mill.show(task_id)
    assert (task["state"], task["attempt"]) == ("ready", 0)
    assert task["last_error"]
    mill.drain("--exec", "demo.dead=true")
    assert mill.is_gone(task_id)


def test_requeue_and_delete_take_many_ids(mill):
    ids = given_dead(mill, 4)

    assert "2" in mill.run("dlq", "requeue", *ids[:2]).out
    assert "1" in mill.run("dlq", "delete", ids[2]).out

    assert dead(mill) == ids[3:]
    assert mill.stats()["ready"] == 2


@pytest.mark.parametrize("verb", ["requeue", "delete"])
def test_an_id_that_is_not_dead_is_named_and_the_others_go(mill, verb):
    (task_id,) = given_dead(mill)
    ready = mill.enqueue("t")

    done = mill.run("dlq", verb, UNKNOWN, ready, task_id, code=4)

    assert UNKNOWN in done.err and ready in done.err
    assert dead(mill) == []
    assert mill.state(ready) == "ready"


def test_requeue_all_takes_more_than_a_page(mill):
    given_dead(mill, 1500)

    assert "1500" in mill.run("dlq", "requeue", "--all").out

    stats = mill.stats()
    assert (stats["ready"], stats["dead"]) == (1500, 0)


def test_filters_choose_the_dead(mill):
    (here,) = given_dead(mill)
    (there,) = given_dead(mill, queue="q")
    rejected = mill.enqueue("t")
    mill.drain("--exec", "t=exit 65")

    assert dead(mill, "--queue", "q") == [there]
    assert dead(mill, "--type", "t") == [rejected]
    assert dead(mill, "--reason", "rejected") == [rejected]
    assert dead(mill, "--before", "2001-01-01T00:00:00Z") == []
    assert dead(mill, "--before", "2999-01-01T00:00:00Z") == [
        here, rejected, there,
    ] or len(dead(mill, "--before", "2999-01-01T00:00:00Z")) == 3


def test_filters_choose_what_is_requeued_and_deleted(mill):
    given_dead(mill)
    given_dead(mill, queue="q")
    mill.enqueue("t")
    mill.drain("--exec", "t=exit 65")

    assert "1" in mill.run("dlq", "requeue", "--queue", "q").out
    assert "1" in mill.run("dlq", "delete", "--reason", "rejected").out
    assert "0" in mill.run("dlq", "delete", "--type", "nosuch").out

    assert len(dead(mill)) == 1
    assert mill.stats("q")["ready"] == 1


def test_a_bare_requeue_or_delete_wants_ids_or_all(mill):
    given_dead(mill)

    for verb in ("requeue", "delete"):
        assert "--all" in mill.run("dlq", verb, code=2).err
    assert len(dead(mill)) == 1


def test_purge_empties_it(mill):
    given_dead(mill, 3)
    ready = mill.enqueue("t")

    assert "3" in mill.run("dlq", "purge").out

    assert dead(mill) == []
    assert mill.state(ready) == "ready"


def test_a_requeue_whose_key_is_held_by_now_stays_dead(mill):
    (task_id,) = given_dead(mill, key="k")
    holder = mill.row("enqueue", "t", "--key", "k")["id"]

    done = mill.run("dlq", "requeue", task_id, code=1)

    assert task_id in done.err and holder in done.err
    assert mill.state(task_id) == "dead"


def test_a_dead_task_gives_its_key_back_and_takes_it_again(mill):
    (task_id,) = given_dead(mill, key="k")

    mill.run("dlq", "requeue", task_id)

    row = mill.row("enqueue", "t", "--key", "k")
    assert (row["id"], row["duplicate"]) == (task_id, True)
