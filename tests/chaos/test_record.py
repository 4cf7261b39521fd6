"""The comparison finds what it is there to find."""
from record import Journal, Run, compare


def run_of(task, attempt=1, kind="quick"):
    return Run(task, kind, attempt, pid=1, at=float(attempt))


def kept(crashes, attempt):
    return {"crashes": crashes, "attempt": attempt}


def test_what_was_answered_and_not_run_is_lost():
    report = compare(["a", "b"], [run_of("a")], {"a": kept(0, 1)})

    assert report.lost == ["b"]
    assert not report.is_sound


def test_what_was_run_and_not_answered_is_no_fault():
    report = compare([], [run_of("a")], {"a": kept(0, 1)})

    assert report.is_sound
    assert (report.acknowledged, report.run) == (0, 1)


def test_a_second_run_that_the_store_does_not_explain_is_told():
    runs = [run_of("a"), run_of("a", 2)]

    report = compare(["a"], runs, {"a": kept(0, 1)})

    assert list(report.unexplained) == ["a"]
    assert not report.is_sound


def test_a_second_run_after_a_lost_lease_is_explained_once():
    runs = [run_of("a"), run_of("a", 2)]

    assert compare(["a"], runs, {"a": kept(1, 2)}).has_lost_leases
    runs.append(run_of("a", 3))
    assert not compare(["a"], runs, {"a": kept(1, 2)}).is_sound


def test_a_handler_that_fails_once_is_no_lost_lease():
    runs = [run_of("a", kind="flaky"), run_of("a", 2, kind="flaky")]

    report = compare(["a"], runs, {"a": kept(0, 2)})

    assert report.is_sound
    assert not report.has_lost_leases


def test_half_a_line_of_the_journal_waits_for_its_other_half(tmp_path):
    journal = Journal(tmp_path / "journal")

    with open(journal.path, "a", encoding="ascii") as file:
        file.write("a quick 1 2 3.5\nb quick 1")
        file.flush()
        assert [run.task for run in journal.runs()] == ["a"]
        file.write(" 2 4.5\n")
        file.flush()

    assert [run.task for run in journal.runs()] == ["a", "b"]
    assert journal.first_after(4.0) == 4.5
