"""Processes that die or stop for a while, under a flow of tasks."""
import signal

ROUNDS = 4


def test_killed_workers_lose_nothing(either):
    scene = either()
    scene.start(workers=2)

    for _ in range(ROUNDS):
        scene.kill_worker(scene.workers[0])
        scene.work()
        scene.is_over("kill -9 of a worker")
        scene.journal.wait_for_more(10)

    report = scene.finish()
    assert report.is_sound, str(report)


def test_killed_producers_lose_nothing_that_was_answered(either):
    scene = either(lease="30s")
    scene.start(producers=2, workers=2)

    for _ in range(ROUNDS):
        for producer in scene.producers:
            producer.kill()
        for producer in scene.producers:
            producer.wait_for_more(10)

    report = scene.finish()
    assert report.is_sound, str(report)
    assert report.acknowledged > 0
    assert not report.has_lost_leases, str(report)


def test_a_worker_stopped_past_its_lease_disturbs_nobody(either):
    scene = either()
    scene.start(workers=2)

    for worker in list(scene.workers):
        (other,) = [w for w in scene.workers if w is not worker]
        scene.freeze_at_work(worker)
        other.log.wait_for("its worker gave no answer")
        worker.signal(signal.SIGCONT)
        scene.is_over("SIGSTOP past the lease")

    report = scene.finish()
    assert report.is_sound, str(report)
    assert report.repeated, "nothing ran twice: no lease was lost"
