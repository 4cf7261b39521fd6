"""The simulation as users run it; what it finds is tested in tests/sim."""


def test_a_run_sums_up_what_was_done(homeless):
    sums = homeless.run("sim", "--seeds", "3", "--json").row

    assert sums["seeds"] == 3 and sums["failed"] is False
    assert sums["tasks"] > 0 and sums["runs"] > 0 and sums["crashes"] > 0


def test_the_same_seed_is_the_same_run(homeless):
    words = ["sim", "--seed", "7", "--steps", "200", "--json"]

    assert homeless.run(*words).out == homeless.run(*words).out


def test_a_file_is_gone_when_the_run_is_over(homeless, tmp_path):
    homeless.run("sim", "--backend", f"sqlite:{tmp_path}/sim.db")

    assert not list(tmp_path.glob("sim.db*"))


def test_a_file_that_is_there_is_left_alone(homeless, tmp_path):
    file = tmp_path / "mine.db"
    file.write_text("mine")

    done = homeless.run("sim", "--backend", f"sqlite:{file}", code=2)

    assert "mine.db" in done.err and "already" in done.err
    assert file.read_text() == "mine"


def test_a_url_that_is_none_is_told_as_everywhere(homeless):
    done = homeless.run("sim", "--backend", "rediss://:secret@h", code=3)

    assert '"rediss://:***@h"' in done.err and len(done.err.splitlines()) == 1


def uptime(server):
    (line,) = (
        line
        for line in server.ask("INFO", "server").splitlines()
        if line.startswith("uptime_in_seconds:")
    )
    return int(line.split(":")[1])


def test_a_server_is_left_as_it_was(homeless, own_redis):
    server = own_redis()
    while uptime(server) < 2:
        pass  # no lease ends so soon after a start

    homeless.run("sim", "--backend", server.url(), "--steps", "40")

    assert server.ask("DBSIZE") == "0"
