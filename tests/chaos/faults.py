"""Faults by name, for those who do them at random: each begins, ends, and
leaves the scene as it was. The first worker of a scene is never killed, so
that its memory can be watched.
"""
import contextlib
import resource
import signal
import sqlite3
import threading

from proxy import TO_CLIENT, TO_SERVER

SECOND_S = 1.0


def rest(seconds):
    """Lets a fault last."""
    threading.Event().wait(seconds)


def kill_a_worker(scene, dice):
    scene.kill_worker(dice.choice(scene.workers[1:]))
    scene.work()


def kill_a_producer(scene, dice):
    dice.choice(scene.producers).kill()


def stop_a_worker(scene, dice):
    """For about twice its lease, of 1 s."""
    worker = dice.choice(scene.workers)
    scene.freeze_at_work(worker)
    rest(2 * SECOND_S)
    worker.signal(signal.SIGCONT)


def kill_the_server(scene, dice):
    scene.server.kill()
    rest(dice.uniform(0, 3 * SECOND_S))
    scene.server.start()


def kill_the_connections(scene, dice):
    scene.server.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


def pause_the_server(scene, dice):
    milliseconds = str(dice.randrange(100, 2000))
    scene.server.ask("CLIENT", "PAUSE", milliseconds, "ALL")
    scene.server.ask("SET", "answered", "when it is over")
    scene.server.ask("DEL", "answered")


def fill_the_server(scene, dice):
    scene.server.ask("CONFIG", "SET", "maxmemory", "1")
    rest(dice.uniform(0, 2 * SECOND_S))
    scene.server.ask("CONFIG", "SET", "maxmemory", "0")


def cut_the_lines(scene, dice):
    scene.proxy.cut_all()


def cut_a_line_somewhere(scene, dice):
    for _ in range(20):
        way = dice.choice([TO_SERVER, TO_CLIENT])
        scene.proxy.cut_after(dice.randrange(3000), way)
        rest(0.1 * SECOND_S)
    scene.proxy.disarm()


def hold_the_lines(scene, dice):
    scene.proxy.hold()
    rest(dice.uniform(0, 2 * SECOND_S))
    scene.proxy.let_go()


def slow_the_lines(scene, dice):
    scene.proxy.delay_s = dice.uniform(0, 0.1)
    rest(2 * SECOND_S)
    scene.proxy.delay_s = 0.0


def silence_the_waiting_lines(scene, dice):
    scene.proxy.swallow(scene.proxy.lines_that_said(b"BLOCK"))


def lock_the_file(scene, dice):
    with contextlib.closing(
        sqlite3.connect(scene.path, timeout=60, isolation_level=None)
    ) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        rest(dice.uniform(0, 7 * SECOND_S))
        foreign.execute("ROLLBACK")


def fill_the_disk(scene, dice):
    """As far as workers can tell: none may write beyond 4 kB."""
    for limit in (4096, resource.RLIM_INFINITY):
        for worker in scene.workers:
            _, hard = resource.prlimit(worker.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (limit, hard))
        if limit == 4096:
            rest(dice.uniform(0, 3 * SECOND_S))


ANYWHERE = [kill_a_worker, kill_a_producer, stop_a_worker]
WITH_REDIS = ANYWHERE + [
    kill_the_server, kill_the_connections, pause_the_server, fill_the_server,
    cut_the_lines, cut_a_line_somewhere, hold_the_lines, slow_the_lines,
    silence_the_waiting_lines,
]
WITH_SQLITE = ANYWHERE + [lock_the_file, fill_the_disk]


def name_of(fault):
    return fault.__name__.replace("_", " ")
