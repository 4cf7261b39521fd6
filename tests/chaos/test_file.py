"""An SQLite file that is locked, read-only, or on a full disk."""
import contextlib
import os
import resource
import sqlite3
import subprocess

import pytest
from scene import LONG_LEASE

@pytest.fixture
def stage(scene, folder):
    made = scene(f"sqlite:{folder}/tasks.db", lease=LONG_LEASE)
    made.path = folder / "tasks.db"
    return made


def test_a_foreign_writer_that_holds_the_lock_only_delays(stage):
    stage.start()

    with contextlib.closing(
        sqlite3.connect(stage.path, timeout=60, isolation_level=None)
    ) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        for worker in stage.workers:
            worker.log.wait_for("backend failed", "is locked")
        foreign.execute("ROLLBACK")
    stage.is_over("a lock held by another program")

    report = stage.finish()
    assert report.is_sound, str(report)
    assert not report.has_lost_leases, str(report)


def limit_files(pid, limit):
    """How large a file that process may make, as a full disk would."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, hard))


def test_a_full_disk_is_waited_out(stage):
    stage.start(producers=1)
    producer = stage.producers[0]
    writers = [producer.process, *stage.workers]

    for writer in writers:
        limit_files(writer.pid, 4096)  # less than the file is already
    for worker in stage.workers:
        worker.log.wait_for("backend failed", "disk")
    said = producer.wait_for_refusal("disk")
    assert str(stage.path) in said
    for worker in stage.workers:
        limit_files(worker.pid, resource.RLIM_INFINITY)
    stage.is_over("a full disk")

    report = stage.finish()
    assert report.is_sound, str(report)
    assert not report.has_lost_leases, str(report)


def as_a_common_user():
    """What takes the right to write to everything from root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]


def test_a_file_made_read_only_is_refused_and_taken_up_again(stage):
    stage.start()
    files = list(stage.folder.glob("tasks.db*"))

    for file in files:
        file.chmod(0o444)
    done = subprocess.run(
        [*as_a_common_user(), stage.mill.binary, "enqueue", "quick"],
        env=stage.mill.env, capture_output=True, text=True, timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert "is read-only" in done.stderr or "denied" in done.stderr
    assert done.stderr.count("\n") == 1 and str(stage.path) in done.stderr
    for file in files:
        file.chmod(0o644)
    stage.is_over("a file that was read-only")

    report = stage.finish()
    assert report.is_sound, str(report)
    assert not report.has_lost_leases, str(report)
