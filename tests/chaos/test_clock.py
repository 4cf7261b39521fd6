"""A worker whose system clock is wrong by an hour."""
import os
from pathlib import Path

import pytest
from scene import LONG_LEASE

HOUR_S = 3600


def wrong_clock(seconds):
    library = Path(os.environ["MILLRACE_BUILD"]) / "tests/chaos"
    return {
        "LD_PRELOAD": str(library / "libwrong_clock.so"),
        "WRONG_CLOCK_S": str(seconds),
        "MILLRACE_LOG": "debug",
        # It would want to be the first library there is.
        "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")
        + ":verify_asan_link_order=0",
    }


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S], ids=["ahead", "behind"])
def test_with_redis_a_wrong_clock_harms_nobody(scene, redis, by_s):
    """The time that counts is the server's: nothing is early, late, or taken
    from another worker."""
    stage = scene(redis().url(), lease=LONG_LEASE)
    later = stage.mill.enqueue("quick", None, "--in", "30m")
    stage.start(workers=1)

    wrong = stage.work(env=wrong_clock(by_s))
    stage.wait_for_work_of(wrong, 10)
    assert stage.admin.state(later) == "scheduled"
    stage.mill.run("task", "cancel", later)

    report = stage.finish()
    assert report.is_sound, str(report)
    assert not report.has_lost_leases, str(report)


def test_with_sqlite_a_clock_ahead_loses_nothing(scene, folder):
    """There it takes every lease for one that has ended, so tasks run again;
    each time the store says so. What it postpones is due by its own clock, so
    it stays until the end."""
    stage = scene(f"sqlite:{folder}/tasks.db")
    stage.start(workers=1)

    wrong = stage.work(env=wrong_clock(HOUR_S))
    stage.wait_for_work_of(wrong, 10)

    report = stage.finish()
    assert report.is_sound, str(report)
