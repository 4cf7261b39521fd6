"""Completion, by keys typed into real shells on a terminal.

What is typed before a shell shows its prompt never reaches its editor, so we
wait for that. The end of an answer is told from what we have typed by a number
that the shell has to work out.
"""
import fcntl
import itertools
import os
import pty
import re
import select
import shutil
import signal
import struct
import termios
import time
from pathlib import Path

import pytest
from commands import GLOBAL_OPTIONS, command_tree, options_of
from harness import PATIENCE

COMPLETION = Path(__file__).resolve().parents[2] / "completion"
ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[=>()][A-Z0-9]?)")
START_OF_LINE, KILL_LINE, END_OF_LINE = "\x01", "\x15", "\x05"
PROMPT = "READY>"
SHELLS = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        "bind 'set show-all-if-ambiguous on'; "
        "bind 'set completion-query-items 0'; bind 'set page-completions off'; "
        "bind 'set enable-bracketed-paste off'; bind 'set bell-style none'; "
        "set +o history; source {folder}/millrace.bash",
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        "bindkey -e; fpath=({folder} $fpath); LISTMAX=1000; PROMPT_EOL_MARK=; "
        "unsetopt beep prompt_sp auto_menu; setopt no_list_ambiguous; "
        "autoload -Uz compinit; compinit -u -D; "
        "zstyle ':completion:*' insert-tab false",
    ),
}


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, name, env, folder):
        command, setup = SHELLS[name]
        self.numbers = itertools.count(1000)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(command[0], command, env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 500, 250, 0, 0))
        self.ask(f"PS1='{PROMPT} '; " + setup.format(folder=COMPLETION) + "\n")

    def ask(self, keys):
        """Types keys, and returns what is shown until a command after them
        has run."""
        number = next(self.numbers)
        end = f"END{number}"
        os.write(self.fd, f"{keys}echo END$(({number - 1}+1))\n".encode())
        return self._read_until(rf"{end}\s+{PROMPT}\s*$")

    def _read_until(self, end):
        shown = ""
        limit = time.monotonic() + PATIENCE
        while not re.search(end, shown):
            left = limit - time.monotonic()
            readable, _, _ = select.select([self.fd], [], [], max(left, 0))
            assert readable, f"no {end} in {shown!r}"
            shown += os.read(self.fd, 65536).decode("utf-8", "replace")
            shown = ESCAPES.sub("", shown)
        return re.sub(end, "", shown)

    def choices(self, line):
        """The words that TAB at the end of the line offers."""
        shown = self.ask(f"{line}\t{KILL_LINE}")
        listed = [
            part for part in re.split(r"[\r\n]+", shown)[1:]
            if PROMPT not in part and "END" not in part
            and not part.startswith(line.rstrip())
        ]
        return set(" ".join(listed).split())

    def completed(self, line):
        """The words of the line once TAB has completed it."""
        shown = self.ask(f"{line}\t{START_OF_LINE}printf '<%s>' {END_OF_LINE}\n")
        return re.findall(r"<([^%<>]*)>", shown)

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


@pytest.fixture(params=sorted(SHELLS))
def shell(request, homeless, tmp_path):
    if not shutil.which(request.param):
        pytest.skip(f"no {request.param}")
    url = f"sqlite:{tmp_path}/tasks.db"
    homeless.env["MILLRACE_URL"] = url
    for queue in ("mail", "memo", "orders"):
        homeless.enqueue("t", None, "--queue", queue)
    # A shell gives up on a slow answer; a test on a slow machine must not.
    patient = tmp_path / "bin" / "timeout"
    patient.parent.mkdir()
    patient.write_text('#!/bin/sh\nshift\nexec "$@"\n')
    patient.chmod(0o755)
    folder = Path(homeless.binary).resolve().parent
    env = {
        **homeless.env,
        "PATH": f"{patient.parent}:{folder}:{os.environ['PATH']}",
        "TERM": "xterm",
    }
    shell = Shell(request.param, env, tmp_path)
    shell.mill = homeless
    yield shell
    shell.close()


def tops(mill):
    return {words[0] for words in command_tree(mill)}


def test_every_command_is_offered(shell, homeless):
    assert tops(homeless) | {"help"} <= shell.choices("millrace ")
    for group in ("task", "queue", "dlq"):
        children = {
            words[1] for words in command_tree(homeless) if words[0] == group
        }
        assert children <= shell.choices(f"millrace {group} ")


def test_every_option_of_every_command_is_offered(shell, homeless):
    for words in command_tree(homeless):
        named = set(options_of(homeless, words)) | set(GLOBAL_OPTIONS)

        offered = shell.choices(f"millrace {' '.join(words)} --")

        offered = {word.rstrip("=") for word in offered if word[:2] == "--"}
        assert offered - {"--"} == named, words


@pytest.mark.parametrize(
    "command, option",
    [
        ("task list", "--state"),
        ("dlq list", "--reason"),
        ("enqueue t", "--priority"),
        ("enqueue t", "--jitter"),
        ("enqueue t", "--backoff"),
        ("bench", "--phase"),
    ],
)
def test_the_values_are_those_that_the_program_takes(
    shell, homeless, command, option
):
    refusal = homeless.run(*command.split(), option, "nonsense", code=2).err
    taken = re.search(r"(?:must be|use) ([a-z0-9, ]+)$", refusal, re.M)
    assert taken, refusal

    offered = shell.choices(f"millrace {command} {option} ")

    assert offered == set(re.split(r", | or ", taken[1]))


def test_a_queue_is_named_by_asking_the_program(shell):
    for line in ("millrace queue pause ", "millrace task list --queue "):
        assert {"mail", "memo", "orders"} <= shell.choices(line)
    assert shell.completed("millrace queue pause or")[-1] == "orders"
    assert shell.completed("millrace dlq list --queue=or")[-1] == "--queue=orders"
    assert shell.completed("millrace worker --queues mail=3,or")[-1].startswith(
        "mail=3,orders"
    )


def test_the_queues_are_those_of_the_url_on_the_line(shell, tmp_path):
    other = f"sqlite:{tmp_path}/other.db"
    shell.mill.run("--url", other, "queue", "pause", "elsewhere")

    done = shell.completed(f"millrace --url {other} queue resume els")

    assert done[-1] == "elsewhere"


def test_asking_makes_no_file(shell, tmp_path):
    shell.choices(f"millrace --url sqlite:{tmp_path}/new.db queue pause ")

    assert not (tmp_path / "new.db").exists()


def test_an_id_is_named_by_asking_the_program(shell):
    task = shell.mill.enqueue("late", None, "--in", "1h", "--queue", "zoo")
    listed = {row["id"] for row in shell.mill.rows("task", "list")
              if "id" in row}

    assert task in listed
    assert listed <= shell.choices("millrace task cancel ")


def test_a_command_is_completed_behind_an_option(shell):
    assert shell.completed("millrace --json que")[-1] == "queue"
    assert shell.completed("millrace help dl")[-1] == "dlq"
    assert shell.completed("millrace enqueue t --max")[-1].startswith(
        "--max-attempts"
    )


def test_a_hostile_file_name_is_not_run(shell, tmp_path):
    (tmp_path / "plug$(touch ran).so").touch()

    shell.choices("millrace worker --plugin plu")

    assert not (tmp_path / "ran").exists()


def test_help_is_understood_in_any_form(shell):
    shell.ask("export ARGP_HELP_FMT=short-opt-col=9,long-opt-col=12\n")

    assert "--concurrency" in {
        word.rstrip("=") for word in shell.choices("millrace worker --")
    }
