"""What the public headers declare."""
import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "cmd" / "library"
HEADERS = ("millrace.h", "millrace-admin.h", "millrace-testing.h",
           "millrace-backend.h")


def prototypes():
    """All functions: {"type name(argument, ...)"}."""
    found = set()
    for name in HEADERS:
        text = (FOLDER / name).read_text(encoding="utf-8")
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        text = re.sub(r"MR_MUST_USE|__attribute__\(\(.*?\)\)\)|^#.*$", "",
                      text, flags=re.M)
        for declared in re.findall(
            r"^\s*((?:const |enum |struct )*\w+\s+\*?mr_\w+\([^;{]*\));", text,
            flags=re.M,
        ):
            found.add(" ".join(declared.split()))
    return found
