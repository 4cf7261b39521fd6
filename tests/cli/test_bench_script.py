"""script/bench runs from end to end. How fast anything is, is not judged."""
import os
import subprocess
from pathlib import Path

from conftest import skip_without_redis
from harness import PATIENCE

ROOT = Path(__file__).resolve().parents[2]


def test_a_quick_run_fills_the_table(tmp_path):
    skip_without_redis()
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- results -->\nold\n<!-- end of results -->\n")

    subprocess.run(
        [ROOT / "script" / "bench", "--quick", "--output", page,
         "--build", os.environ["MILLRACE_BUILD"]],
        check=True, timeout=5 * PATIENCE, stdout=subprocess.DEVNULL,
    )

    text = page.read_text("utf-8")
    assert text.startswith("before\n") and "old" not in text
    for row in ("| enqueue | redis |", "| e2e | sqlite |", "| drain | memory |",
                "| late, 20,000 due at once | redis |", "| worker, idle |"):
        assert row in text
