"""Libmillrace as it is installed: the examples, built against that and run."""
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import PATIENCE, Process, ask_until

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
LINES_MAX = 59


@pytest.fixture(scope="session")
def example(prefix, tmp_path_factory):
    """Builds an example, once."""
    folder = tmp_path_factory.mktemp("examples")

    def build(name, *packages):
        output = folder / Path(name).stem
        if not output.exists():
            prefix.compile(
                EXAMPLES / name, output,
                *prefix.ask("--cflags", "--libs", "millrace", *packages),
            )
        return output

    return build


@pytest.fixture
def run(mill, prefix):
    """Runs an example over the test's backend to its end."""

    def start(*command, code=0):
        done = subprocess.run(
            [str(word) for word in command],
            env={**prefix.env, **mill.env},
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    return start


@pytest.fixture
def start(mill, prefix):
    """Starts an example that runs until it is stopped."""
    processes = []

    def begin(*command):
        processes.append(
            Process(command, env={**prefix.env, **mill.env}, stream="stdout")
        )
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()


def test_a_producer_and_a_worker(mill, example, run, start):
    added = run(example("producer.c"), "anna@example.org", "bert@example.org")
    again = run(example("producer.c"), "anna@example.org")
    assert again.startswith(added.split()[0] + " (there before)")

    worker = start(example("worker.c"))

    worker.log.wait_for("welcome", "anna@example.org")
    worker.log.wait_for("welcome", "bert@example.org")
    worker.log.wait_for("chore.sweep")
    worker.log.wait_for("chore.water")
    assert worker.stop() == 0
    assert mill.stats("mail")["done"] == 2
    assert mill.stats("mail")["failed"] == 2


def test_a_report_is_made_once_by_two_processes(mill, example, start):
    program = example("report.c")
    workers = [start(program, 1000), start(program, 1000)]

    ask_until(
        lambda: (mill.stats() or {"done": 0})["done"] >= 2, "two reports"
    )

    for worker in workers:
        assert worker.stop() == 0
    lines = workers[0].log.lines + workers[1].log.lines
    assert len(lines) >= 2
    assert len(lines) == len(set(lines))


def test_an_order_and_its_task_both_or_neither(binary, example, prefix,
                                               tmp_path):
    program = example("transaction.c", "sqlite3")
    shop = tmp_path / "shop.db"

    def sell(what, code):
        done = subprocess.run(
            [program, shop, what], env=prefix.env, check=False,
            capture_output=True, timeout=PATIENCE,
        )
        assert done.returncode == code

    def tasks():
        rows = subprocess.run(
            [binary, "--url", f"sqlite:{shop}", "--json", "task", "list"],
            check=True, capture_output=True, text=True, timeout=PATIENCE,
        ).stdout
        return len(rows.splitlines())

    sell("boots", 0)
    assert tasks() == 1
    sell("nothing", 1)
    assert tasks() == 1


def test_a_caller_in_cxx(example, prefix):
    done = subprocess.run(
        [example("caller.cc")], env=prefix.env, check=True,
        capture_output=True, text=True, timeout=PATIENCE,
    )
    assert done.stdout == 'hello "world"\n'


def test_a_test_of_ones_own(example, prefix):
    subprocess.run(
        [example("testing/signup_test.c")], env=prefix.env, check=True,
        timeout=PATIENCE,
    )


def test_a_plugin(mill, prefix, tmp_path):
    plugin = prefix.compile(
        EXAMPLES / "plugin.c", tmp_path / "plugin.so", "-shared", "-fPIC",
        *prefix.ask("--cflags", "millrace"),
    )
    task = mill.enqueue("text.shout", '"hello"', "--retain", "1h")

    mill.drain("--plugin", plugin)

    assert mill.show(task)["result"] == "HELLO"


def test_a_handler_in_shell(mill):
    three = mill.enqueue("text.count", '"one two three"', "--retain", "1h")
    wrong = mill.enqueue("text.count", "[1]")

    mill.drain("--exec", f"text.count={EXAMPLES}/exec-worker.sh")

    assert mill.show(three)["result"] == 3
    assert mill.show(wrong)["reason"] == "rejected"


def test_a_handler_in_python(mill):
    options = ["--retain", "1h", "--backoff", "constant:1ms", "--jitter",
               "none"]
    fine = mill.enqueue("numbers.add", "[1, 2.5]", *options)
    flaky = mill.enqueue("numbers.add", '["flaky", 4]', *options)
    wrong = mill.enqueue("numbers.add", "{}", *options)

    mill.drain("--exec", f"numbers.add={EXAMPLES}/exec-worker.py")

    assert mill.show(fine)["result"]["sum"] == 3.5
    assert mill.show(flaky)["result"]["sum"] == 4
    assert mill.show(flaky)["attempt"] == 2
    assert "does not answer" in mill.show(flaky)["last_error"]
    assert mill.show(wrong)["reason"] == "rejected"


def test_the_static_library_is_enough(prefix, tmp_path):
    static = prefix.libdir / "libmillrace.a"
    libraries = [
        word for word in prefix.ask("--static", "--libs", "millrace")
        if word != "-lmillrace"
    ]
    program = prefix.compile(
        EXAMPLES / "caller.cc", tmp_path / "caller",
        *prefix.ask("--cflags", "millrace"), str(static), *libraries,
    )

    done = subprocess.run(
        [program], check=True, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.stdout == 'hello "world"\n'


def names(*options):
    """The names that nm lists."""
    lines = subprocess.run(
        ["nm", "--portability", *options],
        check=True, capture_output=True, text=True,
    ).stdout.splitlines()
    return {line.split()[0].split("@")[0] for line in lines if " " in line}


# What a compiler adds by itself, and the name of the version.
OTHERS = re.compile(
    r"MILLRACE_0$|__asan|__ubsan|__odr_asan|___asan|_init$|_fini$"
    r"|.*\.o:$|DW\.ref\."
)


def test_only_mr_names_can_be_seen(prefix):
    shared = names("-D", "--defined-only", str(prefix.libdir / "libmillrace.so"))
    static = names("-g", "--defined-only", str(prefix.libdir / "libmillrace.a"))

    for seen in (shared, static):
        assert "mr_enqueue" in seen
        assert [name for name in seen
                if not name.startswith("mr_") and not OTHERS.match(name)] == []


def test_every_function_of_the_headers_is_there(prefix):
    shared = names("-D", "--defined-only", str(prefix.libdir / "libmillrace.so"))
    (first,) = prefix.folder.rglob("millrace.h")
    headers = first.parent.glob("*.h")
    declared = set()
    for header in headers:
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        declared |= set(re.findall(r"\b(mr_[a-z_]+)\(", text))

    missing = declared - shared - {"mr_plugin_register"}  # the plugin's own
    assert len(declared) > 50
    assert missing == set()
    assert {name for name in shared if name.startswith("mr_")} <= declared


def test_the_shared_library_has_a_soname(prefix):
    out = subprocess.run(
        ["readelf", "-d", str(prefix.libdir / "libmillrace.so")],
        check=True, capture_output=True, text=True,
    ).stdout
    assert "[libmillrace.so.0]" in out


@pytest.mark.parametrize(
    "compiler, options",
    [("cc", ["-std=c99"]), ("cc", ["-std=c11"]), ("c++", ["-std=c++11"]),
     ("c++", ["-std=c++20"])],
    ids=["C99", "C11", "C++11", "C++20"],
)
def test_the_headers_compile_by_themselves(prefix, tmp_path, compiler,
                                           options):
    for header in ("millrace.h", "millrace-testing.h"):
        source = tmp_path / ("a.cc" if compiler == "c++" else "a.c")
        source.write_text(f"#include <{header}>\n#include <{header}>\n")
        subprocess.run(
            [compiler, *options, "-Wall", "-Wextra", "-Wpedantic", "-Wshadow",
             "-Werror", "-fsyntax-only", str(source),
             *prefix.ask("--cflags", "millrace")],
            check=True, timeout=PATIENCE,
        )


@pytest.mark.parametrize(
    "file",
    [path for path in sorted(EXAMPLES.rglob("*"))
     if path.suffix in (".c", ".cc", ".sh", ".py")
     and "backend-dir" not in path.parts and "pull-" not in path.name],
    ids=lambda path: path.name,
)
def test_examples_are_short(file):
    assert len(file.read_text().splitlines()) <= LINES_MAX


@pytest.fixture(scope="session")
def backend_dir(prefix, tmp_path_factory):
    """The backend of others, built by its own Makefile outside of the tree."""
    folder = tmp_path_factory.mktemp("outside") / "backend-dir"
    shutil.copytree(EXAMPLES / "backend-dir", folder)
    flags = " ".join(["-O2", *prefix.flags])
    subprocess.run(
        ["make", "--silent", "-j2", f"CC={prefix.compiler()}",
         f"CFLAGS={flags}"],
        cwd=folder, check=True, timeout=4 * PATIENCE,
        env={
            **prefix.env,
            "PKG_CONFIG_SYSROOT_DIR": str(prefix.folder),
            "PKG_CONFIG_PATH": str(prefix.libdir / "pkgconfig"),
        },
    )
    return folder


@pytest.mark.slow
def test_a_backend_of_ones_own_keeps_the_contract(backend_dir, prefix):
    done = subprocess.run(
        ["./contract"], cwd=backend_dir, env=prefix.env, check=False,
        capture_output=True, text=True, timeout=10 * PATIENCE,
    )
    summary = (done.stdout + done.stderr).splitlines()[-1]

    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"Tested: .*?(\d+)", summary)[1]) > 250


def test_the_library_works_over_a_backend_of_ones_own(backend_dir, prefix,
                                                      tmp_path):
    done = subprocess.run(
        [backend_dir / "demo", tmp_path], env=prefix.env, check=True,
        capture_output=True, text=True, timeout=PATIENCE,
    )
    assert done.stdout == '"hello"\n'
