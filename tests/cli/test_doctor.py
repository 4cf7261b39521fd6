"""What `doctor` finds, and the story that `demo` tells."""
import re
import sqlite3

import pytest
from harness import Millrace, is_alive


def test_a_sound_sqlite_file_is_fine(homeless, tmp_path):
    done = homeless.run("doctor", "--url", f"sqlite:{tmp_path}/a.db")

    assert len(done.out.splitlines()) >= 2
    assert "3." in done.out


def test_a_server_without_persistence_is_bad(binary, own_redis, tmp_path):
    mill = Millrace(binary, own_redis().url(), tmp_path)

    done = mill.run("doctor", code=1)

    assert "appendonly" in done.out or "persist" in done.out


def test_a_server_that_evicts_is_bad(binary, own_redis, tmp_path):
    server = own_redis(
        "--appendonly", "yes", "--maxmemory", "100mb",
        "--maxmemory-policy", "allkeys-lru",
    )
    mill = Millrace(binary, server.url(), tmp_path)

    done = mill.run("doctor", code=1)

    assert "allkeys-lru" in done.out
    assert "noeviction" in done.out


def test_a_sound_server_is_fine(binary, own_redis, tmp_path):
    server = own_redis("--appendonly", "yes")
    mill = Millrace(binary, server.url(), tmp_path)

    done = mill.run("doctor")

    version = re.search(r"redis_version:(\S+)", server.ask("INFO", "server"))
    assert version[1] in done.out


def test_json_gives_one_object_a_check(mill):
    done = mill.run("--json", "doctor", code=1 if "redis" in mill.url else 0)

    assert all({"check", "level", "text"} <= set(row) for row in done.rows)


def test_a_backend_that_is_not_there_is_exit_3(homeless, tmp_path):
    url = f"redis+unix://{tmp_path}/nobody.sock"

    assert url in homeless.run("doctor", "--url", url, code=3).err


@pytest.fixture(scope="module")
def story(binary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    program = Millrace(binary, None, folder)
    program.env["TMPDIR"] = str(folder)
    done = program.run("demo")
    done.folder = folder
    return done


@pytest.mark.parametrize(
    "word",
    ["demo.echo", "demo.fail", "demo.dead", "retry", "dead", "requeue", "done"],
)
def test_the_demo_tells_the_whole_story(story, word):
    assert word in story.out.lower()


def test_the_demo_leaves_nothing_behind(story):
    assert list(story.folder.iterdir()) == []


def test_the_demo_ends_its_workers(story):
    pids = [int(n) for n in re.findall(r"\bpid (\d+)", story.out)]

    assert not any(is_alive(pid) for pid in pids)


def test_a_sound_store_has_no_flaws_and_nothing_to_fix(mill):
    mill.run("enqueue", "demo.echo", "{}", "--key", "k")
    bad = 1 if "redis" in mill.url else 0  # it keeps nothing on a disk

    rows = mill.run("--json", "doctor", "--fix", code=bad).rows

    assert all({"found", "fixable", "fixed"} <= set(row) for row in rows)
    assert all(row["found"] == 0 for row in rows if row["fixable"])
    assert any(row["fixable"] for row in rows)


def spoil(path, sql):
    with sqlite3.connect(path) as file:
        file.execute(sql)
    file.close()


def test_fix_repairs_and_says_so(binary, tmp_path):
    mill = Millrace(binary, f"sqlite:{tmp_path}/a.db", tmp_path)
    mill.run("enqueue", "demo.echo", "{}")
    spoil(tmp_path / "a.db", "UPDATE millrace_queues SET ready = 7")

    found = mill.run("doctor", code=1)
    fixed = mill.run("--json", "doctor", "--fix")
    after = mill.run("doctor")

    assert re.search(
        r"^bad +counters +1 queues .* \(with doctor --fix: counted anew\)$",
        found.out, re.M,
    )
    row = next(row for row in fixed.rows if row["check"] == "counters")
    assert (row["level"], row["found"], row["fixed"]) == ("ok", 1, 1)
    assert row["text"].startswith("1 repaired (counted anew): queues ")
    assert re.search(r"^ok +counters +none", after.out, re.M)


def test_what_cannot_be_fixed_stays_bad(binary, tmp_path):
    mill = Millrace(binary, f"sqlite:{tmp_path}/a.db", tmp_path)
    mill.run("enqueue", "demo.echo", "{}")
    spoil(tmp_path / "a.db", "UPDATE millrace_tasks SET queue_id = 999")

    assert re.search(
        r"^bad +task rows", mill.run("doctor", "--fix", code=1).out, re.M
    )


@pytest.fixture
def redis_mill(binary, own_redis, tmp_path):
    server = own_redis("--appendonly", "yes")
    mill = Millrace(binary, server.url(), tmp_path)
    mill.enqueue("t")
    return mill, server


def check_that_doctor_mends_what_cannot_be_read(mill, place):
    """Where place is a pattern of what it says of where that is."""
    found = mill.run("doctor", code=1)
    fixed = mill.run("--json", "doctor", "--fix")
    after = mill.run("doctor")

    assert re.search(r"^bad +unreadable +1 .*" + place, found.out, re.M)
    row = next(row for row in fixed.rows if row["check"] == "unreadable")
    assert (row["level"], row["found"], row["fixed"]) == ("ok", 1, 1)
    assert row["text"].startswith("1 repaired (made dead letters): ")
    assert "--fix" not in row["text"]
    assert re.search(r"^ok +unreadable +none", after.out, re.M)


def test_what_cannot_be_read_is_found_and_becomes_a_dead_letter(redis_mill):
    mill, server = redis_mill
    server.ask("XADD", "{millrace:default}:ready:normal", "*", "no", "task")

    check_that_doctor_mends_what_cannot_be_read(mill, r"normal \d+-0")

    assert mill.row("dlq", "list")["payload"] == ["no", "task"]
    assert (mill.stats()["ready"], mill.stats()["dead"]) == (1, 1)


def test_a_list_shows_the_tasks_beside_what_cannot_be_read(redis_mill):
    mill, server = redis_mill
    for key in ("ready:normal", "dead"):
        server.ask("XADD", "{millrace:default}:" + key, "*", "no", "task")

    assert mill.row("task", "list")["type"] == "t"
    assert mill.rows("dlq", "list") == []


def test_a_purge_takes_what_cannot_be_read_too(redis_mill):
    mill, server = redis_mill
    server.ask("XADD", "{millrace:default}:ready:normal", "*", "no", "task")

    mill.run("queue", "purge", "default")

    assert mill.stats()["ready"] == 0
    mill.run("doctor")


@pytest.fixture
def sqlite_mill(binary, tmp_path):
    mill = Millrace(binary, f"sqlite:{tmp_path}/a.db", tmp_path)
    mill.enqueue("t")
    spoil(
        tmp_path / "a.db",
        "UPDATE millrace_tasks SET type = '', max_attempts = 99999999",
    )
    mill.enqueue("t")
    return mill


def test_a_row_that_cannot_be_read_is_found_and_becomes_a_dead_letter(
    sqlite_mill,
):
    mill = sqlite_mill

    check_that_doctor_mends_what_cannot_be_read(mill, r"row \d+")

    assert mill.row("dlq", "list")["payload"]["max_attempts"] == 99999999
    assert (mill.stats()["ready"], mill.stats()["dead"]) == (1, 1)


def test_a_row_that_cannot_be_read_keeps_no_worker_from_draining(sqlite_mill):
    mill = sqlite_mill

    mill.drain("--exec", "t=true", "--concurrency", "1")

    letter = mill.row("dlq", "list")
    assert (letter["type"], letter["reason"]) == ("unreadable", "rejected")
    assert mill.show(letter["id"])["last_error"].startswith("can't be read")
    mill.run("dlq", "delete", letter["id"])
    assert mill.rows("task", "list") == []
    mill.run("doctor")
