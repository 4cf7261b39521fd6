"""What the program itself says it can do."""
import re

GLOBAL_OPTIONS = {"--url": "URL", "--json": "", "--help": "", "--version": ""}


def _children(mill, words):
    """The commands that the help of an inner node lists."""
    text = mill.run("help", *words).out
    listed = re.search(r"^Commands:\n((?:  \S.*\n)+)", text, re.M)
    if not listed:
        return []
    names = [line.split()[0] for line in listed[1].splitlines()]
    return [name for name in names if name != "help"]


def command_tree(mill, words=()):
    """Every command that runs, as its words, in the order of the help."""
    children = _children(mill, words)
    if not children:
        return [list(words)]
    return [
        leaf for child in children
        for leaf in command_tree(mill, (*words, child))
    ]


def options_of(mill, words):
    """The options that only this command has: {name: argument or ""}."""
    text = mill.run("help", *words).out
    found = dict(
        re.findall(r"^ {2,6}(?:-\w, )?(--[a-z-]+)(?:=(\S+))?", text, re.M)
    )
    return {
        name: argument for name, argument in found.items()
        if name not in GLOBAL_OPTIONS
    }
