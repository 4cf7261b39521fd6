"""The Debian packages keep in step; script/package-test builds and uses them."""
import re
from pathlib import Path

from headers import prototypes

ROOT = Path(__file__).resolve().parents[2]
DEBIAN = ROOT / "debian"


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


def version():
    return re.search(r"^    version: '(.*)',$", text("meson.build"), re.M)[1]


def test_the_version_is_that_of_the_source():
    first = text("debian/changelog").splitlines()[0]

    assert re.match(r"millrace \((\S+?)\) ", first)[1] == version()


def test_the_symbols_are_those_of_the_headers():
    declared = {
        re.search(r"\b(mr_\w+)\(", prototype)[1] for prototype in prototypes()
    }
    declared.discard("mr_plugin_register")  # the plugin has it

    listed = re.findall(r"^ (\w+)@MILLRACE_0 [\d.]+$",
                        text("debian/libmillrace0.symbols"), re.M)

    assert set(listed) == declared | {"MILLRACE_0"}
    assert len(listed) == len(set(listed))


def test_the_package_of_the_library_is_named_by_its_soname():
    soname = re.search(r"soversion: '(\d+)'",
                       text("cmd/library/meson.build"))[1]

    assert f"\nPackage: libmillrace{soname}\n" in text("debian/control")
    assert (DEBIAN / f"libmillrace{soname}.symbols").exists()


def test_a_build_has_every_library_that_meson_asks_for():
    packages = {
        "libcjson": "libcjson-dev",
        "sqlite3": "libsqlite3-dev",
        "hiredis": "libhiredis-dev",
        "libmicrohttpd": "libmicrohttpd-dev",
    }
    asked = set(re.findall(r"dependency\('(\w+)'", text("meson.build")))
    control = text("debian/control")
    needed = control[: control.index("\nPackage:")]

    assert asked - {"threads"} == set(packages)
    for package in packages.values():
        assert re.search(rf"^ {package}\b", needed, re.M), package
