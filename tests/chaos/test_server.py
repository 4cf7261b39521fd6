"""A Redis server that dies, hangs up, pauses, fills up, or is a replica."""
import socket

import pytest
from proxy import Proxy
from record import ONCE, now, wait_until
from scene import LONG_LEASE

ALWAYS = ("--appendonly", "yes", "--appendfsync", "always")
EVERYSEC = ("--appendonly", "yes", "--appendfsync", "everysec")
EVERYSEC_LOSES_S = 2  # what a server under that setting may forget
RESTARTS = 2


def with_port(redis, name):
    """A server that others can replicate from, and its port."""
    for turn in range(10):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        try:
            options = ("--bind", "127.0.0.1", "--port", str(port), *ALWAYS)
            return redis(f"{name}{turn}", options), port
        except AssertionError:
            continue  # somebody else was quicker
    raise AssertionError("no free port")


def test_a_server_killed_with_fsync_always_forgets_nothing(scene, redis):
    server = redis()
    stage = scene(server.url(), lease="2s")
    stage.start()

    for _ in range(RESTARTS):
        server.kill()
        for worker in stage.workers:
            worker.log.wait_for("backend failed")
        server.start()
        stage.is_over("a restart of the server")
        stage.journal.wait_for_more(10)

    report = stage.finish()
    assert report.is_sound, str(report)


def test_a_server_killed_with_everysec_forgets_the_last_second_at_most(
    scene, redis
):
    server = redis(options=EVERYSEC)
    stage = scene(server.url(), lease="2s")
    stage.start()

    kills = []
    for _ in range(RESTARTS):
        server.kill()
        kills.append(now())
        server.start()
        stage.is_over("a restart of the server")
        stage.journal.wait_for_more(10)

    report = stage.finish()
    answered = {
        task: when for producer in stage.producers
        for task, when in producer.acknowledged.items()
    }
    for task in report.lost:
        assert any(
            kill - EVERYSEC_LOSES_S <= answered[task] <= kill
            for kill in kills
        ), report
    assert not report.unexplained, str(report)


def test_killed_connections_are_made_again(scene, redis):
    server = redis()
    stage = scene(server.url(), lease="2s")
    stage.start()

    for _ in range(8):
        server.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        stage.is_over("CLIENT KILL")

    report = stage.finish()
    assert report.is_sound, str(report)


@pytest.mark.parametrize("what", ["ALL", "WRITE"])
def test_a_paused_server_only_delays(scene, redis, what):
    server = redis()
    stage = scene(server.url(), lease=LONG_LEASE)
    stage.start()

    server.ask("CLIENT", "PAUSE", "1500", what)
    server.ask("SET", "answered", "when it is over")
    stage.is_over("CLIENT PAUSE")

    report = stage.finish()
    assert report.is_sound, str(report)
    assert not report.has_lost_leases, str(report)


ROOM = 3_000_000  # beside which a new connection or script is nothing


def used_memory(server):
    return int(server.ask("INFO", "memory").split("used_memory:")[1].split()[0])


def test_a_full_server_refuses_finishes_and_makes_room(scene, redis):
    server = redis()
    stage = scene(server.url(), lease=LONG_LEASE, retain_ms=0)
    stage.padding = 10_000
    started, gate = stage.mill.fifo("started"), stage.mill.fifo("gate")
    held = stage.mill.enqueue("held", None, "--queue", "q0", "--retain", "1h")
    worker = stage.work(
        "--queues", "q0", "--exec", f"held=echo x >{started}; read x <{gate}",
        concurrency=1,
    )
    started.read_line()

    server.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
    server.ask("CONFIG", "SET", "maxmemory", str(used_memory(server) + ROOM))
    producer = stage.produce(brings_ids=False, pause_s=0)
    said = producer.wait_for_refusal("memory")
    assert str(server.socket) in said
    gate.write_line()
    wait_until(lambda: stage.admin.state(held) == "done", "it is settled")
    stage.work()  # for all queues, most of which nobody has read from yet
    producer.wait_for_more(50)

    report = stage.finish()
    assert report.is_sound, str(report)
    assert set(report.repeated.values()) <= {ONCE}, str(report)
    assert not worker.log.find("task failed", held)


def replication_offset(server):
    return server.ask("INFO", "replication").split("master_repl_offset:")[
        1
    ].split()[0]


def test_a_replica_refuses_until_it_is_promoted(scene, redis, folder):
    primary, port = with_port(redis, "primary")
    replica = redis("replica")
    replica.ask("REPLICAOF", "127.0.0.1", str(port))
    proxy = Proxy(folder / "proxy", primary.socket)
    stage = scene(proxy.url(), direct=replica.url(), lease="2s")
    stage.start()

    proxy.hold()  # so that all that was acknowledged is there
    wait_until(
        lambda: replication_offset(primary) == replication_offset(replica),
        "the replica has everything",
    )
    primary.kill()
    proxy.target = str(replica.socket)
    proxy.let_go()
    said = stage.producers[0].wait_for_refusal("readonly")
    assert "redis+unix://" in said
    replica.ask("REPLICAOF", "NO", "ONE")
    stage.is_over("a failover")

    report = stage.finish()
    proxy.close()
    assert report.is_sound, str(report)
