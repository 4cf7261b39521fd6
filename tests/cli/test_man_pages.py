"""The pages tell what the program and the library offer, no less, no more."""
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from commands import GLOBAL_OPTIONS, command_tree, options_of
from headers import prototypes

ROOT = Path(__file__).resolve().parents[2]
MAN = ROOT / "man"


def section(page, name):
    """The lines of a section of a page."""
    lines = (MAN / page).read_text(encoding="utf-8").splitlines()
    start = lines.index(f".Sh {name}") + 1
    rest = lines[start:]
    end = next((i for i, line in enumerate(rest) if line.startswith(".Sh ")),
               len(rest))
    return rest[:end]


def options_in(lines):
    """The options that macros on these lines name: {name: argument}."""
    found = {}
    for line in lines:
        for name, argument in re.findall(
            r"Fl -([a-z-]+)(?: Ar ([^\s|]+))?", line
        ):
            found[f"--{name}"] = argument
    return found


def forms(page):
    """The synopsis of a page: [(command, its lines)]."""
    found = []
    for line in section(page, "SYNOPSIS"):
        if line.startswith(".Nm"):
            _, _, command = line.partition(" Cm ")
            found.append((command, []))
        else:
            found[-1][1].append(line)
    return found


def pages():
    return sorted(path.name for path in MAN.glob("*.[13]"))


def test_each_command_has_a_page(homeless):
    tops = {words[0] for words in command_tree(homeless)}

    assert {f"millrace-{top}.1" for top in tops} | {
        "millrace.1", "libmillrace.3"
    } == set(pages())


def test_the_first_page_names_every_command(homeless):
    lines = section("millrace.1", "DESCRIPTION")

    named = [line[len(".It Cm "):] for line in lines
             if line.startswith(".It Cm ")]

    tops = list(dict.fromkeys(words[0] for words in command_tree(homeless)))
    assert named == [*tops, "help"]


def test_the_first_page_tells_the_global_options():
    lines = [line for line in section("millrace.1", "DESCRIPTION")
             if line.startswith(".It Fl")]

    assert set(re.findall(r"-([a-z]{2,})", "\n".join(lines))) == {
        name[2:] for name in GLOBAL_OPTIONS
    }


def test_synopses_and_help_name_the_same_commands_and_options(homeless):
    for words in command_tree(homeless):
        told = {}
        matching = [lines for command, lines in forms(f"millrace-{words[0]}.1")
                    if command == " ".join(words)]
        assert matching, f"no synopsis of {words}"
        for lines in matching:
            told.update(options_in(lines))

        assert told == options_of(homeless, words), words


def test_no_synopsis_is_of_a_command_that_is_not_there(homeless):
    there = {" ".join(words) for words in command_tree(homeless)}

    for page in pages():
        if page.startswith("millrace-"):
            assert {command for command, _ in forms(page)} <= there


def test_what_a_synopsis_names_is_explained_and_nothing_else():
    for page in pages():
        if not page.startswith("millrace-"):
            continue
        named = {}
        for _, lines in forms(page):
            named.update(options_in(lines))

        explained = options_in(
            line for line in section(page, "DESCRIPTION")
            if line.startswith(".It Fl")
        )

        assert explained == named, page


def test_the_environment_is_told_as_it_is_read():
    read = set()
    for ring in ("cmd", "adapters"):
        for source in (ROOT / ring).rglob("*.c"):
            read.update(
                re.findall(r'\b(?:environment|getenv)\("(\w+)"\)',
                           source.read_text(encoding="utf-8"))
            )

    told = set()
    for line in section("millrace.1", "ENVIRONMENT"):
        if line.startswith(".It Ev"):
            told.update(re.findall(r"\b[A-Z_]{4,}\b", line))

    assert told == read


def prototypes_of_page():
    found, kind = set(), None
    for line in section("libmillrace.3", "SYNOPSIS"):
        macro, _, rest = line.partition(" ")
        if macro == ".Ft":
            kind = rest.strip('"')
        elif macro == ".Fn":
            name, _, arguments = rest.partition(" ")
            words = [
                quoted or bare
                for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', arguments)
            ]
            space = "" if kind.endswith("*") else " "
            found.add(f"{kind}{space}{name}({', '.join(words)})")
    return found


def test_the_library_is_told_as_its_headers_declare_it():
    declared = prototypes()

    assert len(declared) > 60
    assert prototypes_of_page() == declared


def test_every_error_of_the_library_is_told():
    header = (ROOT / "cmd/library/millrace.h").read_text(encoding="utf-8")
    codes = re.search(r"enum mr_code \{(.*?)\}", header, re.S)[1]

    told = [line.split()[-1] for line in section("libmillrace.3", "ERRORS")
            if line.startswith(".It Dv")]

    assert told == re.findall(r"\bMR_\w+", codes)[1:]


def test_the_example_of_the_library_compiles(tmp_path):
    lines = section("libmillrace.3", "EXAMPLES")
    start = next(i for i, line in enumerate(lines) if line.startswith(".Bd"))
    source = "\n".join(lines[start + 1:lines.index(".Ed")])

    program = tmp_path / "example.c"
    program.write_text(source.replace("\\e", "\\") + "\n", encoding="utf-8")

    subprocess.run(
        ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
         "-I", ROOT / "cmd/library", program],
        check=True,
    )


@pytest.mark.parametrize("page", pages())
def test_what_a_page_refers_to_is_there(page):
    text = (MAN / page).read_text(encoding="utf-8")

    for name, number in re.findall(r"^\.Xr (\S+) (\d)", text, re.M):
        if "millrace" in name:
            assert (MAN / f"{name}.{number}").exists(), name


@pytest.mark.parametrize("page", pages())
def test_a_page_is_shown_as_it_was_meant(page):
    if not shutil.which("mandoc"):
        pytest.skip("no mandoc")

    shown = subprocess.run(
        ["mandoc", "-T", "utf8", MAN / page], check=True, capture_output=True,
        text=True,
    ).stdout

    shown = re.sub(".\b", "", shown)
    assert page[:-2] in shown
    assert not re.search(r"^\s*\.[A-Z][a-z]\b", shown, re.M)
