"""Backends that cannot be used: one clear line, exit 3, nothing changed."""
import socket
import sqlite3

import pytest

COMMANDS = [
    ["enqueue", "t"],
    ["stats"],
    ["task", "list"],
    ["worker", "--drain", "--demo"],
]


def refused(program, url, *words):
    """The one line that a command ends with on that URL."""
    done = program.run(*words, "--url", url, code=3)

    assert done.out == ""
    assert done.err.count("\n") == 1, done.err
    assert done.err.startswith("millrace: ")
    return done.err


@pytest.mark.parametrize(
    "url, culprit",
    [
        ("", "url"),
        ("tasks.db", "tasks.db"),
        ("mysql://host", "mysql"),
        ("sqlite:", "sqlite:"),
        ("sqlite:x.db?sync=maybe", "maybe"),
        ("sqlite:x.db?db=1", "db"),
        ("sqlite:x.db?namespace=a%20b", "namespace"),
        ("redis://", "redis://"),
        ("redis://host:port", "port"),
        ("redis://host:70000", "70000"),
        ("redis://host/x", "x"),
        ("redis://host?sync=full", "sync"),
        ("redis://ho%zzst", "%zz"),
        ("redis+unix://", "redis+unix://"),
    ],
)
def test_a_url_that_cannot_be_parsed(homeless, url, culprit):
    assert culprit in refused(homeless, url, "stats")


def test_a_password_in_a_bad_url_is_masked(homeless):
    line = refused(homeless, "redis://me:secret@host:port", "stats")

    assert "secret" not in line
    assert "***" in line


@pytest.mark.parametrize("words", COMMANDS)
def test_a_server_that_is_not_there(homeless, tmp_path, words):
    url = f"redis+unix://{tmp_path}/nobody.sock"

    line = refused(homeless, url, *words)

    assert line.count(url) == 1
    assert "No such file" in line


def test_a_port_where_nobody_listens(homeless):
    line = refused(homeless, "redis://me:secret@127.0.0.1:1", "stats")

    assert "127.0.0.1:1" in line
    assert "refused" in line
    assert "secret" not in line


def test_a_server_that_says_nothing_is_given_up_soon(homeless, short_folder):
    path = f"{short_folder}/mute.sock"
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(path)
        mute.listen()

        line = refused(homeless, f"redis+unix://{path}", "stats")

    assert "does not answer" in line


@pytest.mark.parametrize("words", COMMANDS)
def test_a_wrong_password(homeless, own_redis, words):
    server = own_redis("--requirepass", "right")

    wrong = refused(homeless, server.url("?password=wrong"), *words)
    none = refused(homeless, server.url(), *words)

    assert "***" in wrong and "password=wrong" not in wrong
    assert "WRONGPASS" in wrong or "password" in wrong.lower()
    assert "NOAUTH" in none or "password" in none.lower()
    right = server.url("?password=right")
    assert homeless.run("stats", "--url", right, "--json").rows == []


@pytest.mark.parametrize("words", COMMANDS)
def test_a_file_that_is_no_database_stays_as_it_is(homeless, tmp_path, words):
    file = tmp_path / "letter.txt"
    file.write_text("Dear Sir or Madam,\n" * 100, encoding="ascii")
    before = file.read_bytes()

    line = refused(homeless, f"sqlite:{file}", *words)

    assert str(file) in line
    assert "database" in line
    assert file.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [file]


def test_a_folder_is_no_database(homeless, tmp_path):
    assert str(tmp_path) in refused(homeless, f"sqlite:{tmp_path}", "stats")


def test_a_folder_that_is_not_there(homeless, tmp_path):
    assert "gone" in refused(homeless, f"sqlite:{tmp_path}/gone/a.db", "stats")


@pytest.mark.parametrize("words", COMMANDS)
def test_a_database_of_a_newer_program_stays_as_it_is(
    homeless, tmp_path, words
):
    file = tmp_path / "tasks.db"
    homeless.run("enqueue", "t", "--url", f"sqlite:{file}")
    with sqlite3.connect(file) as database:
        database.execute(
            "UPDATE millrace_meta SET value = 1000000 WHERE name = 'schema'"
        )
    database.close()
    before = file.read_bytes()

    line = refused(homeless, f"sqlite:{file}", *words)

    assert str(file) in line
    assert "newer" in line
    assert file.read_bytes() == before


def test_a_database_of_somebody_else_gets_tables_beside_theirs(
    homeless, tmp_path
):
    file = tmp_path / "shop.db"
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE orders (id)")
        database.execute("INSERT INTO orders VALUES (7)")
    database.close()

    homeless.run("enqueue", "t", "--url", f"sqlite:{file}")

    with sqlite3.connect(file) as database:
        assert database.execute("SELECT id FROM orders").fetchall() == [(7,)]
    database.close()


def test_namespaces_do_not_see_each_other(homeless, url):
    joint = "&" if "?" in url else "?"
    if "namespace=" in url:
        left, right = url + "a", url + "b"
    else:
        left, right = (f"{url}{joint}namespace={n}" for n in ("a", "b"))

    task_id = homeless.run("enqueue", "t", "--url", left).out.strip()

    homeless.run("task", "show", task_id, "--url", left)
    homeless.run("task", "show", task_id, "--url", right, code=4)
    assert homeless.run("stats", "--json", "--url", right).rows == []


def test_memory_lives_and_dies_with_the_process(homeless):
    homeless.run("enqueue", "t", "--url", "memory:")

    assert homeless.run("stats", "--json", "--url", "memory:").rows == []
