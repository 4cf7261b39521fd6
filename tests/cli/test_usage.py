"""Words on the command line: what is understood, refused and explained."""
import pytest

COMMANDS = [
    "enqueue",
    "worker",
    "task",
    "queue",
    "dlq",
    "stats",
    "workers",
    "demo",
    "doctor",
]


def test_help_names_every_command(homeless):
    for words in (["--help"], ["help"]):
        text = homeless.run(*words).out

        for command in COMMANDS:
            assert command in text
        assert "--url" in text and "--json" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_help_explains_a_command(homeless, command):
    text = homeless.run("help", command).out

    assert f"millrace {command}" in text.lower()
    assert homeless.run(command, "--help").out == text
    assert homeless.run(command, "-h").out == text


def test_help_of_enqueue_and_worker_names_every_option(homeless):
    enqueue = homeless.run("help", "enqueue").out
    for option in (
        "--batch", "--queue", "--in", "--at", "--priority", "--max-attempts",
        "--timeout", "--backoff", "--jitter", "--key", "--key-ttl",
        "--retain", "--expires", "--header",
    ):
        assert option in enqueue
    worker = homeless.run("help", "worker").out
    for option in (
        "--queues", "--strict", "--concurrency", "--exec", "--demo",
        "--lease", "--name", "--drain",
    ):
        assert option in worker


def test_version_is_one_line(homeless):
    assert homeless.run("--version").out.startswith("millrace 0.")
    assert homeless.run("--version").out.count("\n") == 1


@pytest.mark.parametrize(
    "words, culprit",
    [
        ([], "command"),
        (["dance"], "dance"),
        (["help", "dance"], "dance"),
        (["--loud"], "loud"),
        (["stats", "--loud"], "loud"),
        (["enqueue"], "type"),
        (["enqueue", "a b"], "a b"),
        (["enqueue", "-x"], "x"),
        (["enqueue", "t" * 129], "{0,127}"),
        (["enqueue", "t", "{}", "{}"], "{}"),
        (["enqueue", "t", "{"], "payload"),
        (["enqueue", "t", ""], "payload"),
        (["enqueue", "t", "{} {}"], "payload"),
        (["enqueue", "t", "{'a':1}"], "payload"),
        (["enqueue", "t", "--queue", "UPPER"], "UPPER"),
        (["enqueue", "t", "--queue", ""], "queue"),
        (["enqueue", "t", "--queue", "q" * 65], "{0,63}"),
        (["enqueue", "t", "--queue"], "queue"),
        (["enqueue", "t", "--in", "5"], "5"),
        (["enqueue", "t", "--in", "-5s"], "-5s"),
        (["enqueue", "t", "--in", "5 s"], "5 s"),
        (["enqueue", "t", "--in", "1.5s"], "1.5s"),
        (["enqueue", "t", "--in", "1s1m"], "1s1m"),
        (["enqueue", "t", "--in", "4000000000000d"], "4000000000000d"),
        (["enqueue", "t", "--at", "tomorrow"], "tomorrow"),
        (["enqueue", "t", "--at", "2026-02-30T00:00:00Z"], "2026-02-30"),
        (["enqueue", "t", "--in", "1s", "--at", "2030-01-01T00:00:00Z"], "in"),
        (["enqueue", "t", "--priority", "urgent"], "urgent"),
        (["enqueue", "t", "--max-attempts", "0"], "attempts"),
        (["enqueue", "t", "--max-attempts", "-1"], "attempts"),
        (["enqueue", "t", "--max-attempts", "many"], "many"),
        (["enqueue", "t", "--max-attempts", "1000001"], "1000000"),
        (["enqueue", "t", "--timeout", "soon"], "soon"),
        (["enqueue", "t", "--backoff", "fibonacci"], "fibonacci"),
        (["enqueue", "t", "--backoff", "linear:1s:500ms"], "backoff"),
        (["enqueue", "t", "--jitter", "some"], "some"),
        (["enqueue", "t", "--key", ""], "key"),
        (["enqueue", "t", "--key", "k" * 257], "256"),
        (["enqueue", "t", "--key-ttl", "1s"], "key"),
        (["enqueue", "t", "--retain", "-1s"], "-1s"),
        (["enqueue", "t", "--expires", "never"], "never"),
        (["enqueue", "t", "--header", "novalue"], "novalue"),
        (["worker", "--queues", "a=0"], "weight"),
        (["worker", "--queues", "a,a"], "a"),
        (["worker", "--queues", "A"], "A"),
        (["worker", "--queues", ""], "queue"),
        (["worker", "--strict", "a=1"], "a=1"),
        (["worker", "--strict", "a", "--queues", "b"], "strict"),
        (["worker", "--concurrency", "0"], "concurrency"),
        (["worker", "--concurrency", "1025"], "1024"),
        (["worker", "--exec", "nocommand"], "nocommand"),
        (["worker", "--exec", "a b=true"], "a b"),
        (["worker", "--lease", "1ms"], "lease"),
        (["worker", "--name", "a b"], "a b"),
        (["task"], "task"),
        (["task", "dance"], "dance"),
        (["task", "show"], "ID"),
        (["task", "show", "word"], "word"),
        (["task", "show", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ"], "8ZZZ"),
        (["task", "cancel", "word"], "word"),
        (["task", "run", "word"], "word"),
        (["task", "list", "--state", "lost"], "lost"),
        (["task", "list", "--limit", "0"], "limit"),
        (["task", "list", "--limit", "x"], "x"),
        (["task", "list", "--cursor", "bogus"], "cursor"),
        (["queue", "pause"], "queue"),
        (["queue", "pause", "A"], "A"),
        (["queue", "dance", "q"], "dance"),
        (["queue", "purge", "q", "--state", "lost"], "lost"),
        (["dlq", "requeue"], "ID"),
        (["dlq", "requeue", "word"], "word"),
        (["dlq", "delete", "--reason", "boredom", "--all"], "boredom"),
        (["dlq", "list", "--before", "lunch"], "lunch"),
        (["stats", "extra"], "extra"),
    ],
)
def test_wrong_usage_names_the_culprit_and_stores_nothing(mill, words, culprit):
    done = mill.run(*words, code=2)

    assert culprit.lower() in done.err.lower()
    assert done.err.startswith("millrace: ")
    assert done.out == ""
    assert mill.rows("stats") == []


@pytest.mark.parametrize(
    "name, value",
    [
        ("MILLRACE_QUEUES", "A"),
        ("MILLRACE_CONCURRENCY", "none"),
        ("MILLRACE_LEASE", "soon"),
        ("MILLRACE_SHUTDOWN_TIMEOUT", "later"),
        ("MILLRACE_LOG", "chatty"),
        ("MILLRACE_LOG_FORMAT", "xml"),
    ],
)
def test_a_bad_setting_is_named(mill, name, value):
    done = mill.run("worker", "--drain", env={name: value}, code=2)

    assert name in done.err and value in done.err


def test_global_options_go_before_or_behind_the_command(homeless, tmp_path):
    url = f"sqlite:{tmp_path}/a.db"
    before = homeless.run("--url", url, "--json", "enqueue", "t").row
    behind = homeless.run("enqueue", "t", "--json", "--url", url).row

    assert before["state"] == behind["state"] == "ready"
    assert homeless.run("stats", "--url", url, "--json").row["ready"] == 2


def test_a_flag_beats_the_environment(mill, tmp_path):
    mill.run("enqueue", "t", "--url", f"sqlite:{tmp_path}/other.db")

    assert mill.rows("stats") == []


@pytest.mark.parametrize("variable", ["XDG_STATE_HOME", "HOME"])
def test_without_a_url_it_lives_in_the_users_state_folder(
    homeless, tmp_path, variable
):
    home = tmp_path / "deep" / "home"
    folder = home if variable == "XDG_STATE_HOME" else home / ".local/state"

    there = {variable: str(home)}
    task_id = homeless.run("enqueue", "t", env=there).out.strip()

    assert (folder / "millrace" / "millrace.db").exists()
    assert task_id in homeless.run("task", "show", task_id, env=there).out


def test_output_is_plain_when_it_is_no_terminal(mill):
    mill.enqueue("t")

    for words in (["stats"], ["task", "list"], ["queue", "list"], ["--help"]):
        assert "\x1b" not in mill.run(*words).out
