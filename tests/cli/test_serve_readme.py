"""The README's examples of the HTTP API, run as they stand."""
import json
import re
import subprocess
from pathlib import Path

from harness import PATIENCE
from serving import Server

README = Path(__file__).parents[2] / "README.md"


def test_the_examples_of_the_readme_work(mill):
    section = README.read_text().split("\n## Over HTTP\n")[1].split("\n## ")[0]
    (script,) = re.findall(r"```sh\n(.*?)```", section, re.S)
    server = Server(mill)
    # They name the default port; curl is told where that is here.
    (mill.folder / ".curlrc").write_text(
        f"connect-to = 127.0.0.1:7420:{server.address}\n"
        "fail\nwrite-out = \"\\n\"\n"
    )

    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script], env=mill.env,
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )
    assert done.returncode == 0, done.stderr

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == 8
    assert answers[0]["queue"] == "mail"
    assert len(answers[1]) == 2
    assert answers[2]["results"][0]["status"] == "ok"
    assert answers[3]["results"][0]["status"] == "ok"
    assert {row["queue"] for row in answers[4]["queues"]} == {
        "default", "mail"
    }
    assert [task["type"] for task in answers[5]["tasks"]] == ["report"]
    assert answers[6] == {"queue": "mail", "paused": True}
    assert answers[7]["requeued"] == 0
