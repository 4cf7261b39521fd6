"""The page's source: what a task holds has no way to become HTML.

The browser refuses it too, by the page's policy; this finds it before one
looks at the page, in whatever browser.
"""
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "adapters" / "http" / "dashboard"

# What makes HTML or a script of a text.
BANNED = {
    ".js": re.compile(
        r"\b(innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment"
        r"|DOMParser|setHTMLUnsafe|parseHTMLUnsafe|srcdoc|eval|Function"
        r"|javascript:)\b|\bdocument\.write|\bset(Timeout|Interval)\(\s*[\"'`]"
    ),
    # Nothing inline, and nothing from elsewhere.
    ".html": re.compile(
        r"<style|\bstyle=|\bon\w+\s*=|javascript:"
        r"|<script(?![^>]*\bsrc=)|(?:src|href)=[\"'](?:https?:|//)", re.I
    ),
    ".css": re.compile(r"@import|url\(|expression\(", re.I),
}


def violations(folder):
    return [
        f"{path.name}:{number}: {line.strip()}"
        for path in sorted(folder.iterdir())
        if path.suffix in BANNED
        for number, line in enumerate(
            path.read_text(encoding="utf-8").splitlines(), 1
        )
        if BANNED[path.suffix].search(line) and not is_comment(line)
    ]


def is_comment(line):
    return line.strip().startswith(("/*", "* ", "//"))


def test_no_text_becomes_html():
    assert [path for path in PAGE.iterdir() if path.suffix == ".js"]
    assert violations(PAGE) == []


@pytest.mark.parametrize(
    "file, line",
    [
        ("a.js", "element.innerHTML = task.payload;"),
        ("a.js", 'element["outerHTML"] = text;'),
        ("a.js", "list.insertAdjacentHTML('beforeend', text);"),
        ("a.js", "document.write(text);"),
        ("a.js", "eval(text);"),
        ("a.js", "new Function(text)();"),
        ("a.js", 'setTimeout("go()", 10);'),
        ("a.html", '<p style="color: red">'),
        ("a.html", "<script>go()</script>"),
        ("a.html", '<button onclick="go()">'),
        ("a.html", '<script src="https://elsewhere.example/a.js"></script>'),
        ("a.css", "body { background: url(//elsewhere.example/a.png); }"),
    ],
)
def test_a_planted_way_is_found(tmp_path, file, line):
    (tmp_path / file).write_text(f"\n{line}\n", encoding="utf-8")

    assert violations(tmp_path) == [f"{file}:2: {line}"]


def test_all_that_the_page_loads_is_part_of_the_program():
    """A file that is not in the build's list would be missing there only."""
    built = (PAGE / "meson.build").read_text(encoding="utf-8")
    routes = (PAGE / "dashboard.c").read_text(encoding="utf-8")

    for path in PAGE.iterdir():
        if path.suffix in BANNED and path.name != "chart_licence.js":
            assert f"'{path.name}'" in built
        if path.suffix in (".js", ".css") and path.name != "chart_licence.js":
            assert f'"/dashboard/{path.name}"' in routes
