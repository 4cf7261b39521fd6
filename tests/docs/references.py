#!/usr/bin/env python3
"""What the documents speak of exists.

references.py ROOT PROGRAM: reads the Markdown files of the tree in ROOT and
prints each reference that leads nowhere:

  a relative link         its file, and the heading behind its '#'
  `folder/file`           the file, or what a program is made of; with ::name
                          behind it, the name in it
  `file.c`                a file of that name, somewhere
  `name()`, `struct x`    C that is defined, or declared, in the tree
  `some_name`, `SOME_X`   a word that some source has
  `millrace task list`    the command and each --option, asked of PROGRAM

Names in `code` and commands in ``` blocks are looked at; words in capitals,
such as NAME, stand for anything. What others call theirs is declared where it
is used, by a comment in the document: <!-- not ours: perform_async delay_job -->
"""
import functools
import os
import re
import subprocess
import sys
from pathlib import Path

SKIPPED = re.compile(r"(build.*|node_modules|__pycache__|\.(?!ci).*)$")
C_SUFFIXES = {".c", ".h", ".cc"}
CODE_SUFFIXES = C_SUFFIXES | {
    ".py", ".sh", ".js", ".mjs", ".lua", ".sql", ".json",
    ".yml", ".map", ".list", ".build", ".txt", ".service", ".in", ".1", ".3",
    "",
}
NOT_READ = re.compile(r"/fixtures/|/tests/docs/")
LARGEST = 1 << 20

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.M)
SPAN = re.compile(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)")
NOT_OURS = re.compile(r"<!-- not ours: (.*?) -->", re.S)

CALL = re.compile(r"([a-z_][a-z0-9_]*)\(\)$")
STRUCT = re.compile(r"(?:struct|enum) ([a-z_][a-z0-9_]*)$")
NAME = re.compile(r"(?:[a-z][a-z0-9]*(?:_[a-z0-9]+)+|[A-Z][A-Z0-9]*_[A-Z0-9_]+)$")
FILE = re.compile(r"[A-Za-z0-9_/-]+\.(?:c|h|py|sh|lua|sql|md|yml|service)$")
STANDS_FOR = re.compile(r"[A-Z]{2,}$")
OPTION = re.compile(r"--[a-z][a-z-]*")


class Tree:
    """The files of the tree, and what is in them."""

    def __init__(self, root):
        self.root = Path(root)
        self.files = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if not SKIPPED.match(f)]
            self.files += [Path(folder) / name for name in names]
        self.tops = {f.relative_to(self.root).parts[0] for f in self.files}
        self.names = {f.name for f in self.files}

    def documents(self):
        return sorted(f for f in self.files if f.suffix == ".md")

    def text(self, suffixes):
        """All sources of these kinds in one."""
        return "\n".join(
            f.read_text(encoding="utf-8", errors="replace")
            for f in self.files
            if f.suffix in suffixes
            and not NOT_READ.search(f.as_posix())
            and f.stat().st_size < LARGEST
        )

    @functools.cached_property
    def words(self):
        return set(WORD.findall(self.text(CODE_SUFFIXES)))

    @functools.cached_property
    def c_text(self):
        return self.text(C_SUFFIXES)

    def declares(self, name):
        """Whether a line begins with it, behind its type if that is there."""
        return re.search(
            rf"^(?:#define |[a-zA-Z].*[ *])?{name}\(", self.c_text, re.M
        )

    def has_type(self, name):
        return re.search(rf"^(?:struct|enum) {name} \{{", self.c_text, re.M)

    def has_path(self, path):
        path, _, name = path.partition("::")
        found = list(self.root.glob(path.rstrip("/")))
        found = found or list(self.root.glob(path + ".c"))
        if not found:
            return False
        return not name or any(
            re.search(rf"\b{re.escape(name)}\b", f.read_text(encoding="utf-8"))
            for f in found
        )


class Program:
    """The commands and options of the millrace program."""

    def __init__(self, path):
        self.path = path

    @functools.lru_cache(maxsize=None)
    def help(self, *words):
        done = subprocess.run(
            [self.path, "help", *words], capture_output=True, text=True,
            check=False, timeout=60,
        )
        return done.stdout if done.returncode == 0 else None

    def groups(self):
        """The commands that have commands."""
        return {
            word
            for word in re.findall(r"^  (\w+)  ", self.help(), re.M)
            if word != "help" and "\nCommands:\n" in (self.help(word) or "")
        }

    def why_not(self, words):
        """Why these words, behind `millrace`, are no use of it; or None."""
        if "--" in words:
            words = words[: words.index("--")]
        options = {OPTION.match(w)[0] for w in words if OPTION.match(w)}
        command = re.sub(r"--url[ =]\S+", "", " ".join(words)).split()
        command = [w for w in command if not w.startswith("-")]
        command = command[1:] if command[:1] == ["help"] else command
        command = command[: 2 if command[:1] and command[0] in self.groups()
                          else 1]
        command = [w for w in command if not STANDS_FOR.match(w)]
        text = self.help(*command)
        if text is None:
            return f"no such command: {' '.join(command)}"
        for option in sorted(options - {"--version", "--help"}):
            if not re.search(rf"(?:^|\s|, ){option}\b(?!-)", text, re.M):
                return f"{' '.join(command) or 'millrace'} has no {option}"
        return None


def slug(heading):
    """The anchor of a heading, as GitHub makes it."""
    text = re.sub(r"[`*]", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def commands_of(text):
    """The words behind each `millrace` that stands where a command does."""
    text = re.sub(r"\\\n\s*", " ", text)
    for line in text.splitlines():
        line = re.sub(r"(^|\s)#.*", "", line)
        for part in re.split(r"\||&&|;|\$\(|\)|&", line):
            words = re.sub(r"'[^']*'|\"[^\"]*\"", "TEXT", part).split()
            while words and re.match(r"[A-Z_]+=", words[0]):
                words.pop(0)
            if words[:1] in (["!"], ["if"], ["while"], ["exec"]):
                words.pop(0)
            if words and words[0] == "millrace":
                yield [w for w in words[1:] if not re.match(r"\d?[<>]", w)]


def check_link(document, target):
    if re.match(r"[a-z]+:", target):
        return None
    path, _, anchor = target.partition("#")
    file = (document.parent / path) if path else document
    if not file.exists():
        return "no such file"
    if anchor and anchor not in map(
        slug, HEADING.findall(file.read_text(encoding="utf-8"))
    ):
        return "no such heading"
    return None


def check_word(tree, document, word):
    """Why a word in `code` leads nowhere; None if it does not."""
    top = word.split("/")[0]
    if "/" in word and top in tree.tops:
        if any(STANDS_FOR.match(p) for p in re.split(r"[/._]", word)):
            return None
        return None if tree.has_path(word) else "no such file"
    if FILE.match(word) and not word.startswith("/"):
        is_there = word in tree.names or (document.parent / word).exists()
        return None if is_there else "no file of that name"
    if STRUCT.match(word):
        name = STRUCT.match(word)[1]
        return None if tree.has_type(name) else "no such type"
    if CALL.match(word):
        return None if tree.declares(CALL.match(word)[1]) else "no such function"
    if NAME.match(word):
        return None if word in tree.words else "no source has that word"
    return None


def words_of(span):
    if STRUCT.match(span):
        return [span]
    return [w.strip(".,;:'\"") for w in span.split()]


def check_document(tree, program, document):
    """Pairs of a reference and why it leads nowhere."""
    text = document.read_text(encoding="utf-8")
    blocks = FENCE.findall(text)
    prose = FENCE.sub("", text)
    foreign = set(" ".join(NOT_OURS.findall(prose)).split())
    prose = NOT_OURS.sub("", prose)

    for target in LINK.findall(prose):
        yield target, check_link(document, target)
    spans = [" ".join(span.split()) for span in SPAN.findall(prose)]
    used = set()
    for span in spans:
        for word in words_of(span):
            used |= {word, word.removesuffix("()")} & foreign
            if not {word, word.removesuffix("()")} & foreign:
                yield word, check_word(tree, document, word)
    for name in sorted(foreign - used):
        yield name, "declared as not ours, and not used"
    for code in spans + [body for _, body in blocks]:
        for words in commands_of(code):
            yield " ".join(["millrace", *words]), program.why_not(words)


def check(root, program):
    tree, program = Tree(root), Program(program)
    return [
        f"{document.relative_to(tree.root)}: {reference}: {why}"
        for document in tree.documents()
        for reference, why in check_document(tree, program, document)
        if why
    ]


def main():
    found = check(sys.argv[1], sys.argv[2])
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
