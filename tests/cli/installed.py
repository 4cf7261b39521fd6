"""Millrace as `meson install` puts it down, and how others build with it."""
import json
import os
import shlex
import subprocess

from harness import PATIENCE


def sanitizers_of(build):
    """Those that a build folder's programs have, as the compiler names them;
    "none" without."""
    options = json.loads(
        (build / "meson-info" / "intro-buildoptions.json").read_text()
    )
    return next(o["value"] for o in options if o["name"] == "b_sanitize")


class Prefix:
    """Where `meson install` has put everything, and how to build with it."""

    def __init__(self, build, folder):
        self.folder = folder
        self.build = build
        subprocess.run(
            ["meson", "install", "-C", build, "--no-rebuild", "--quiet",
             "--destdir", folder],
            check=True, stdout=subprocess.DEVNULL,
        )
        (pc,) = folder.rglob("millrace.pc")
        self.libdir = pc.parent.parent
        sanitizers = sanitizers_of(build)
        self.flags = ["-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
        if sanitizers != "none":
            self.flags.append(f"-fsanitize={sanitizers}")

    @property
    def env(self):
        return {**os.environ, "LD_LIBRARY_PATH": str(self.libdir)}

    def ask(self, *options):
        """What pkg-config says."""
        return shlex.split(
            subprocess.run(
                ["pkg-config", *options],
                env={
                    **os.environ,
                    "PKG_CONFIG_SYSROOT_DIR": str(self.folder),
                    "PKG_CONFIG_PATH": str(self.libdir / "pkgconfig"),
                },
                check=True, capture_output=True, text=True,
            ).stdout
        )

    def compiler(self, is_cxx=False):
        """The one that the library was built with: sanitizers of two do not
        go together."""
        for unit in json.loads(
            (self.build / "compile_commands.json").read_text()
        ):
            words = shlex.split(unit["command"])
            cc = next(word for word in words if "ccache" not in word)
            break
        if not is_cxx:
            return cc
        return cc.replace("clang", "clang++") if "clang" in cc else "c++"

    def compile(self, source, output, *more):
        is_cxx = source.suffix == ".cc"
        subprocess.run(
            [self.compiler(is_cxx), "-std=c++17" if is_cxx else "-std=c11",
             "-D_POSIX_C_SOURCE=200809L", *self.flags, str(source), "-o",
             str(output), *more],
            check=True, timeout=4 * PATIENCE,
        )
        return output
