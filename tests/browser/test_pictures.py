"""Pictures of the page, for people to look at.

They are written to the folder `screenshots` of the build. With
MILLRACE_PICTURE=PATH the one of the README is taken anew, after as many seconds
as it takes for the charts to have something to show:

MILLRACE_PICTURE=docs/dashboard.png script/test --all
"""
import os
from pathlib import Path

import pytest
from browser import DESKTOP, PHONE

pytestmark = pytest.mark.slow

PICTURE = os.environ.get("MILLRACE_PICTURE")
SECONDS = 100  # that the charts of the README's picture show

# One of a few tasks fails, for one of two reasons; the others take a moment.
HANDLER = (
    "sleep 0.0$(shuf -i 2-9 -n 1); case $MILLRACE_TASK_ID in "
    "*[AB]) echo mailbox is full >&2; exit 65;; "
    "*C) echo connection refused by smtp-3 >&2; exit 1;; esac"
)


def given_a_busy_store(mill, tasks):
    """Every state and a few queues; workers that are at it."""
    retry = {"kind": "constant", "base_ms": 3600000, "jitter": "none"}
    mill.batch(
        [{"type": "email.send", "queue": "mail", "backoff": retry,
          "payload": {"to": "anna@example.org", "template": "welcome"}}]
        * tasks
    )
    mill.batch(
        [{"type": "report.render", "queue": "reports", "delay_ms": 7200000,
          "payload": {"month": 11}}] * 48
    )
    mill.batch(
        [{"type": "image.resize", "queue": "images", "max_attempts": 1}] * 7
    )
    mill.drain("--queues", "images=1", "--exec", "*=echo no space >&2; exit 1")
    mill.batch([{"type": "image.resize", "queue": "images"}] * 350)
    mill.run("queue", "pause", "images")
    return [
        mill.worker("--name", f"mail-{n}", "--concurrency", 4,
                    "--exec", f"email.send={HANDLER}")
        for n in (1, 2)
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "screen, viewport", [("desktop", DESKTOP), ("phone", PHONE)],
    ids=["desktop", "phone"],
)
def test_each_view_has_its_picture(
    mill, look, screenshots, screen, viewport, theme
):
    given_a_busy_store(mill, 300)
    page = look(mill.serve().url, viewport=viewport, colorScheme=theme)
    taken = []

    def take(view):
        taken.append(screenshots / f"{view}-{screen}-{theme}.png")
        page.screenshot(path=str(taken[-1]), fullPage=view != "task")

    page.locator("#workers tbody tr").nth(1).waitFor()
    page.locator("#dead-badge").waitFor()
    take("overview")
    page.getByRole("link", name="Tasks", exact=True).click()
    page.locator("#task-rows tbody tr").first().waitFor()
    take("tasks")
    page.locator("#task-rows button").first().click()
    page.locator("#task-dialog .facts").waitFor()
    take("task")
    page.keyboard().press("Escape")
    page.getByRole("link", name="Dead letters").click()
    page.locator("#dead-groups summary").first().click()
    page.locator(".dead-list li").first().waitFor()
    take("dead")

    assert all(path.stat().st_size > 1000 for path in taken)


if PICTURE:

    def test_the_readme_has_its_picture(mill, look):
        given_a_busy_store(mill, 250 * SECONDS)
        page = look(mill.serve().url, viewport={"width": 1180, "height": 780})
        page.waitForTimeout(1000 * SECONDS)  # which is what it is to show

        page.screenshot(path=os.path.abspath(PICTURE))

        assert Path(PICTURE).stat().st_size < 200000
