#!/usr/bin/env python3
"""The arrows of the architecture, as a check.

layers.py ROOT BUILD: cmd -> adapters -> usecase -> domain, and no adapter
knows another. By #include over the sources in ROOT, and by symbol over the
libraries in BUILD: what the two inner rings take from libc neither allocates,
nor reads a clock, nor does I/O. Prints every violation; exit status 1 if there
is one.
"""
import re
import subprocess
import sys
from pathlib import Path

RINGS = ("domain", "usecase", "adapters", "cmd")

# What the inner rings may include: types, limits and bytes.
PURE_HEADERS = {
    "assert.h",
    "inttypes.h",
    "limits.h",
    "stdalign.h",
    "stdbool.h",
    "stddef.h",
    "stdint.h",
    "string.h",
}

# Only the adapter of a technology knows its library.
DRIVER_HEADERS = {
    "cjson/": "json",
    "hiredis/": "redis",
    "microhttpd.h": "http",
    "sqlite3.h": "sqlite",
}

# What the inner rings may call.
PURE_SYMBOLS = {
    "memchr",
    "memcmp",
    "memcpy",
    "memmove",
    "memset",
    "strchr",
    "strcmp",
    "strlen",
    "strncmp",
}

# What a compiler calls by itself: failed asserts, checked copies, wide
# integers, and the run-time of sanitizers and coverage.
COMPILER_SYMBOLS = re.compile(
    r"__assert_fail$|__stack_chk_fail$|_GLOBAL_OFFSET_TABLE_$"
    r"|__mem(cpy|move|set)_chk$"
    r"|__(u?div|u?mod|mulo?)[dt]i[34]$"
    r"|__(asan|ubsan|tsan|sanitizer|sancov|gcov|llvm)_"
)

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def sources(root, ring):
    return sorted(
        path
        for path in (root / ring).rglob("*")
        if path.suffix in (".c", ".h", ".in")
    )


def includes(path):
    for number, line in enumerate(
        path.read_text(encoding="utf-8").splitlines(), 1
    ):
        found = INCLUDE.match(line)
        if found:
            yield number, found[1] == "<", found[2]


def why_not(ring, adapter, is_system, header):
    """Why a file of that ring must not include header; None if it may."""
    if ".." in header.split("/"):
        return "climbs out of its folder"
    if is_system:
        return why_not_system(ring, adapter, header)
    top = header.split("/")[0] if "/" in header else None
    if top not in RINGS:
        # Made by the build (SQL, Lua), which the inner rings have none of.
        return "of no ring" if ring in ("domain", "usecase") else None
    if RINGS.index(top) > RINGS.index(ring):
        return f"{ring} must not know {top}"
    if ring == "adapters" and top == "adapters":
        other = header.split("/")[1]
        if other not in (adapter, "json"):
            return f"{adapter} must not know its sibling {other}"
    return None


def why_not_system(ring, adapter, header):
    if ring in ("domain", "usecase"):
        return None if header in PURE_HEADERS else f"not pure enough for {ring}"
    for driver, owner in DRIVER_HEADERS.items():
        if ring == "adapters" and header.startswith(driver):
            return None if adapter == owner else f"belongs to adapters/{owner}"
    return None


def include_violations(root):
    found = []
    for ring in RINGS:
        for path in sources(root, ring):
            place = path.relative_to(root)
            adapter = place.parts[1] if ring == "adapters" else None
            for number, is_system, header in includes(path):
                why = why_not(ring, adapter, is_system, header)
                if why:
                    found.append(f"{place}:{number}: {header}: {why}")
    return found


def symbols(library):
    """The symbols that a library defines, and those that it needs."""
    lines = subprocess.run(
        ["nm", "--portability", str(library)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    defined, needed = set(), set()
    for line in lines:
        fields = line.split()
        if len(fields) < 2 or line.endswith(":"):
            continue
        (needed if fields[1] in "Uw" else defined).add(fields[0])
    return defined, needed


def symbol_violations(library, below=()):
    """What library needs beyond itself, the rings below and the allowed."""
    defined, needed = symbols(library)
    if not defined:
        return [f"{library}: no symbols: is it built?"]
    for inner in below:
        defined |= symbols(inner)[0]
    return [
        f"{library.name}: must not use {name}"
        for name in sorted(needed - defined - PURE_SYMBOLS)
        if not COMPILER_SYMBOLS.match(name)
    ]


def check(root, build):
    domain = build / "domain" / "libdomain.a"
    usecase = build / "usecase" / "libusecase.a"
    return (
        include_violations(root)
        + symbol_violations(domain)
        + symbol_violations(usecase, [domain])
    )


def main():
    found = check(Path(sys.argv[1]), Path(sys.argv[2]))
    for violation in found:
        print(violation)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
