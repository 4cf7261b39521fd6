"""The dashboard, as one sees and uses it in a browser."""
import json

import pytest
from browser import PHONE
from harness import ask_until
from service import Service
from serving import NOBODY

pytestmark = pytest.mark.slow

ONCE = {"max_attempts": 1}


def see(page, selector, **options):
    """Waits until it can be seen; gives it back."""
    found = page.locator(selector, **options).first()
    found.waitFor()
    return found


def see_gone(page, selector):
    page.locator(selector).first().waitFor(state="hidden")


def see_live(page):
    see(page, "#link[data-state=live]")


def tile(state, n):
    return f'#tiles .{state} strong:text-is("{n}")'


def button(page, name):
    return page.getByRole("button", name=name, exact=True)


def given_dead(mill, count=1, error="no such mailbox", **fields):
    """Adds tasks that have died of error when it returns; their ids."""
    task = {"type": "mail.send", **ONCE, **fields}
    ids = [row["id"] for row in mill.batch([task] * count)]
    mill.drain("--exec", f"*=echo '{error}' >&2; exit 1")
    return ids


def open_task(page, task_id):
    button(page, task_id).click()
    see(page, "#task-dialog .facts")


def test_the_overview_shows_what_is_there(either_mill, look):
    mill = either_mill
    mill.batch([{"type": "t", "queue": "mail"}] * 3)
    mill.enqueue("t", None, "--queue", "reports", "--in", "1h")

    page = look(mill.serve().url)

    see(page, tile("ready", 3))
    see(page, tile("scheduled", 1))
    mail = page.locator("#queues tr", hasText="mail")
    assert mail.locator(".of-ready").textContent() == "3"
    reports = page.locator("#queues tr", hasText="reports")
    assert reports.locator(".of-scheduled").textContent() == "1"
    assert page.locator("#charts canvas").count() == 4
    see(page, "#workers-empty")


def test_an_empty_store_is_no_blank_page(mill, look):
    page = look(mill.serve().url)

    see_live(page)
    see(page, "#queues-empty")
    page.goto(f"{page.url()}#/tasks")
    see(page, "#tasks-empty", hasText="No tasks")
    page.getByRole("link", name="Dead letters").click()
    see(page, "#dead-empty", hasText="Nothing is dead")


def test_what_happens_is_seen_at_once(either_mill, look):
    mill = either_mill
    page = look(mill.serve().url)
    see(page, tile("ready", 0))

    mill.batch([{"type": "t"}] * 5)
    see(page, tile("ready", 5))

    done = mill.fifo("done")
    mill.worker("--name", "mill-1", "--exec", f"t=echo x >{done}")
    for _ in range(5):
        done.read_line()
    see(page, '#queues .of-done:text-is("5")')
    see(page, tile("ready", 0))
    see(page, "#workers tbody tr", hasText="mill-1")
    see(page, 'canvas[aria-label^="Throughput"]'
              ':not([aria-label$=" 0.0 /s at most"])')


def test_a_queue_is_paused_and_resumed(either_mill, look):
    mill = either_mill
    mill.enqueue("t", None, "--queue", "mail")
    page = look(mill.serve().url)

    button(page, "Pause mail").click()
    see(page, "#queues .tag", hasText="paused")
    assert mill.stats("mail")["paused"] is True

    button(page, "Resume mail").click()
    see_gone(page, "#queues .tag")
    assert mill.stats("mail")["paused"] is False


def test_a_task_is_shown_as_it_was_written(mill, look):
    payload = '{"n":12345678901234567890,"a":[],"a":[1,{"b":"x"}]}'
    task_id = mill.enqueue(
        "mail.send", payload, "--retain", "1h", "--header", "traceparent=00-1"
    )
    mill.drain("--exec", "*=echo '{\"sent\":true}'")
    page = look(mill.serve().url + "#/tasks")

    open_task(page, task_id)

    assert page.locator("[aria-label=Payload] pre").textContent() == (
        "{\n"
        '  "n": 12345678901234567890,\n'
        '  "a": [],\n'
        '  "a": [\n'
        "    1,\n"
        "    {\n"
        '      "b": "x"\n'
        "    }\n"
        "  ]\n"
        "}"
    )
    result = page.locator("[aria-label=Result] pre").textContent()
    assert json.loads(result) == {"sent": True}
    assert "00-1" in page.locator("[aria-label=Headers] pre").textContent()
    story = page.locator(".timeline").textContent()
    assert "enqueued" in story
    assert "attempt 1 started" in story
    assert "done" in story


def test_a_long_payload_is_cut_until_asked_for(mill, look):
    task_id = mill.enqueue("t", json.dumps("x" * 50000))
    page = look(mill.serve().url + "#/tasks")
    open_task(page, task_id)
    shown = page.locator("[aria-label=Payload] pre")
    assert len(shown.textContent()) < 50000

    button(page, "Show all 50,002 characters").click()

    assert shown.textContent() == json.dumps("x" * 50000)


def test_an_open_task_follows_what_becomes_of_it(mill, look):
    task_id = mill.enqueue("t", None, "--in", "1h", "--retain", "1h")
    page = look(mill.serve().url + "#/tasks")
    open_task(page, task_id)

    button(page, "Run now").click()
    see(page, "#task-title .ready")
    mill.drain("--exec", "*=true")

    see(page, "#task-title .done")


def test_a_task_is_cancelled_once_confirmed(mill, look):
    task_id = mill.enqueue("t", None, "--in", "1h")
    page = look(mill.serve().url + "#/tasks")
    open_task(page, task_id)

    button(page, "Cancel task").click()
    see(page, "#confirm-title", hasText="Cancel 1 task?")
    button(page, "Cancel").click()
    see_gone(page, "#confirm")
    assert mill.state(task_id) == "scheduled"

    button(page, "Cancel task").click()
    button(page, "Cancel 1 task").click()
    see_gone(page, "#task-dialog")
    assert mill.is_gone(task_id)
    see(page, "#tasks-empty")


def test_a_task_is_found_by_its_id(mill, look):
    task_id = mill.enqueue("t", '"here"', "--queue", "q7")
    page = look(mill.serve().url + "#/tasks")

    field = page.getByLabel("Task by its id")
    field.fill(task_id.lower())
    field.press("Enter")
    see(page, "#task-body pre", hasText="here")
    page.keyboard().press("Escape")

    field.fill(NOBODY)
    field.press("Enter")
    see(page, ".gone", hasText="no task of this id")


# Holds back what is answered on one task until it has been asked for twice.
ANSWER_TWO_AT_ONCE = """
const ask = window.fetch, held = [];
window.fetch = async (where, ...more) => {
    const answer = await ask(where, ...more);
    if (String(where).includes("%s"))
        await new Promise((go) => {
            held.push(go);
            if (held.length >= 2)
                held.forEach((each) => each());
        });
    return answer;
};
"""


def test_what_never_was_is_not_said_to_be_gone(mill, look):
    page = look(mill.serve().url + "#/tasks")
    see_live(page)
    page.evaluate(ANSWER_TWO_AT_ONCE % NOBODY)

    field = page.getByLabel("Task by its id")
    field.fill(NOBODY)
    field.press("Enter")

    said = see(page, ".gone").textContent()
    assert said.startswith("There is no task of this id.")


def test_tasks_are_filtered_and_paged(mill, look):
    mill.batch([{"type": "a", "queue": "one"}] * 120)
    mill.batch([{"type": "b", "queue": "two", "delay_ms": 3600000}] * 3)
    page = look(mill.serve().url + "#/tasks?state=ready")
    rows = page.locator("#task-rows tbody tr")
    filters = page.locator("#task-filter")

    see(page, "#tasks-place", hasText="Page 1, 50 shown of 120")
    button(page, "Next").click()
    see(page, "#tasks-place", hasText="Page 2, 50 shown of 120")
    button(page, "Next").click()
    see(page, "#tasks-place", hasText="Page 3, 20 shown of 120")
    assert button(page, "Next").isDisabled()
    button(page, "Back").click()
    see(page, "#tasks-place", hasText="Page 2, 50 shown of 120")

    filters.getByLabel("State").selectOption("")
    filters.getByLabel("Type").fill("b")
    filters.getByLabel("Type").press("Enter")
    see(page, "#tasks-place", hasText="Page 1, 3 shown")
    assert rows.count() == 3
    filters.getByLabel("Queue").selectOption("one")
    see(page, "#tasks-empty", hasText="No task matches")


def test_a_dead_task_is_requeued_and_seen_to_run(either_mill, look):
    mill = either_mill
    (task_id,) = given_dead(mill, retain_ms=3600000)
    page = look(mill.serve().url + "#/dead")
    group = see(page, "#dead-groups li", hasText="no such mailbox")

    group.locator("summary").click()
    button(page, task_id).click()
    see(page, "#task-dialog .dead", hasText="dead: exhausted")
    button(page, "Requeue").click()
    see(page, "#confirm-title", hasText="Requeue 1 dead task?")
    button(page, "Requeue 1").last().click()

    see(page, "#task-title .ready")
    mill.drain("--exec", "*=true")
    see(page, "#task-title .done")
    page.keyboard().press("Escape")
    see(page, "#dead-empty")


def test_dead_tasks_are_grouped_by_what_they_died_of(mill, look):
    given_dead(mill, 2, "mailbox 17 is full")
    given_dead(mill, 1, "mailbox 2345 is full")
    given_dead(mill, 1, "connection refused")
    page = look(mill.serve().url + "#/dead")

    groups = page.locator("#dead-groups > li")
    see(page, "#dead-place", hasText="4 dead tasks")
    assert groups.count() == 2
    assert groups.first().locator(".many").textContent() == "3"
    assert "is full" in groups.first().locator(".text").textContent()

    button(page, "Requeue 3: mailbox 17 is full").click()
    see(page, "#confirm-title", hasText="Requeue 3 dead tasks?")
    button(page, "Requeue 3").click()

    see(page, ".toast", hasText="Requeued 3 tasks.")
    see(page, "#dead-place", hasText="1 dead task,")
    assert (mill.stats()["ready"], mill.stats()["dead"]) == (3, 1)


def test_chosen_dead_tasks_are_deleted(mill, look):
    ids = given_dead(mill, 3)
    page = look(mill.serve().url + "#/dead")
    see(page, "#dead-groups summary").click()

    page.getByLabel(f"Choose {ids[0]}").check()
    page.getByLabel(f"Choose {ids[2]}").check()
    see(page, "#chosen-count", hasText="2 tasks chosen")
    button(page, "Delete chosen").click()
    see(page, "#confirm-title", hasText="Delete 2 dead tasks?")
    button(page, "Delete 2").click()

    see(page, "#dead-place", hasText="1 dead task,")
    assert mill.is_gone(ids[0]) and mill.is_gone(ids[2])
    assert mill.state(ids[1]) == "dead"


def test_dead_tasks_are_deleted_by_a_filter(mill, look):
    given_dead(mill, 450, type="a")
    given_dead(mill, 2, type="b")
    page = look(mill.serve().url + "#/dead")

    page.locator("#dead-filter").getByLabel("Type").fill("a")
    page.locator("#dead-filter").getByLabel("Type").press("Enter")
    button(page, "Delete all that match").click()
    see(page, "#confirm-title", hasText="Delete 450 dead tasks?")
    see(page, "#confirm-text", hasText="type a")
    button(page, "Delete 450").last().click()

    see(page, "#dead-empty", hasText="No dead task matches")
    assert mill.stats()["dead"] == 2


def test_a_requeue_that_is_refused_says_by_whom(mill, look):
    given_dead(mill, key="k")
    holder = mill.enqueue("t", None, "--key", "k")
    page = look(mill.serve().url + "#/dead")

    button(page, "Requeue all").click()
    button(page, "Requeue 1").last().click()

    see(page, ".toast.bad", hasText=holder)
    assert mill.stats()["dead"] == 1


HOSTILE = (
    "<script>window.pwned = 1</script>"
    "<img src=x onerror=\"window.pwned = 1\"><b>bold</b>"
)


def test_nothing_a_task_holds_is_taken_for_html(mill, look):
    (task_id,) = given_dead(
        mill, error=HOSTILE, payload={HOSTILE: HOSTILE},
        headers={"x": HOSTILE}, key=HOSTILE,
    )
    page = look(mill.serve().url + "#/dead")

    group = see(page, "#dead-groups li", hasText="<img src=x")
    group.locator("summary").click()
    button(page, task_id).click()
    see(page, "#task-dialog pre", hasText="<script>window.pwned")

    shown = page.locator("[aria-label=Payload] pre").textContent()
    assert json.loads(shown) == {HOSTILE: HOSTILE}
    assert page.locator("#task-dialog dd", hasText=HOSTILE).count() == 1
    page.keyboard().press("Escape")
    page.getByRole("link", name="Tasks", exact=True).click()
    see(page, "#task-rows .error", hasText="<b>bold</b>")
    assert page.locator("img, b, main script").count() == 0
    assert page.evaluate("window.pwned") is None


def test_the_browser_itself_refuses_html(mill, look, browser):
    page = look(mill.serve().url)
    see_live(page)

    assert page.evaluate(
        "(() => { try { document.body.innerHTML = '<i></i>'; return 'taken' }"
        " catch (error) { return error.name } })()"
    ) == "TypeError"

    assert browser.problems() != []


def test_the_token_is_asked_for_and_kept_for_the_session(mill, look):
    mill.enqueue("t")
    server = mill.serve(token="correct-horse")
    page = look(server.url)

    field = page.getByLabel("Token", exact=True)
    field.fill("battery-staple")
    button(page, "Go on").click()
    see(page, "#token-wrong", hasText="refused")
    assert page.locator(tile("ready", 1)).count() == 0
    field.fill("correct-horse")
    field.press("Enter")
    see(page, tile("ready", 1))

    page.reload()
    see(page, tile("ready", 1))
    assert page.evaluate("JSON.stringify(localStorage)") == "{}"
    assert page.context().cookies() == []
    other = look(server.url)
    other.getByLabel("Token", exact=True).waitFor()


def test_a_token_that_no_request_can_carry_is_asked_for_again(mill, look):
    page = look(mill.serve(token="secret").url)

    field = page.getByLabel("Token", exact=True)
    field.fill("секрет")  # the keyboard was another
    button(page, "Go on").click()
    see(page, "#token-wrong", hasText="refused")
    field.fill("secret")
    button(page, "Go on").click()

    see_live(page)


def test_who_closes_the_question_for_the_token_can_come_back(mill, look):
    page = look(mill.serve(token="secret").url)
    page.getByLabel("Token", exact=True).press("Escape")
    see(page, "#outage-title", hasText="wants a token")

    button(page, "Enter the token").click()
    page.getByLabel("Token", exact=True).fill("secret")
    button(page, "Go on").click()

    see_live(page)
    see_gone(page, "#outage")


def test_a_backend_that_is_down_is_told_and_comes_back(
    binary, own_redis, tmp_path, look
):
    mill = Service(binary, own_redis.url(), tmp_path)
    try:
        mill.enqueue("t")
        page = look(mill.serve().url)
        see(page, tile("ready", 1))

        own_redis.kill()
        see(page, "#outage-title", hasText="The backend is down")
        own_redis.start()

        see_live(page)
        see_gone(page, "#outage")
        mill.enqueue("t")
        see(page, tile("ready", 2))
    finally:
        mill.close()


def test_a_server_that_is_gone_is_told_and_comes_back(mill, look):
    server = mill.serve()
    page = look(server.url)
    see_live(page)

    assert server.stop() == 0, server.log.lines[-5:]
    see(page, "#outage-title", hasText="out of reach")
    mill.serve(listen=server.listen)

    see_live(page)
    mill.enqueue("t")
    see(page, tile("ready", 1))


def focused(page):
    return page.evaluate(
        "(document.activeElement.getAttribute('aria-label') ?? "
        "document.activeElement.textContent).trim()"
    )


def tab_to(page, name):
    """Goes there by the Tab key; all on the way must show that they are it."""
    for _ in range(80):
        page.keyboard().press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || "
            "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
        ), f"focus cannot be seen: {focused(page)}"
        if focused(page) == name:
            return
    raise AssertionError(f"no way by keyboard to {name}")


def test_all_goes_by_keyboard(mill, look):
    (task_id,) = given_dead(mill)
    page = look(mill.serve().url)
    see(page, tile("dead", 1))
    press = page.keyboard().press

    tab_to(page, "Skip to the content")
    press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    tab_to(page, "Pause default")
    press("Enter")
    see(page, "#queues .tag")
    ask_until(lambda: mill.stats()["paused"], "the queue is paused")

    page.goto(f"{page.url().split('#')[0]}#/tasks")
    see(page, "#task-rows tbody tr")
    tab_to(page, task_id)
    press("Enter")
    see(page, "#task-dialog .facts")
    press("Escape")
    see_gone(page, "#task-dialog")
    assert focused(page) == task_id

    page.goto(f"{page.url().split('#')[0]}#/dead")
    see(page, "#dead-groups li")
    tab_to(page, "Delete 1: no such mailbox")
    press("Enter")
    see(page, "#confirm")
    assert focused(page) == "Cancel"
    press("Escape")
    see_gone(page, "#confirm")
    assert mill.state(task_id) == "dead"
    press("Enter")
    tab_to(page, "Delete 1")
    press("Space")
    see(page, "#dead-empty")
    assert mill.is_gone(task_id)


def test_nothing_is_wider_than_a_phone(mill, look):
    long_queue, long_type = "q" * 64, "T" * 128
    given_dead(
        mill, 2, "x" * 300, queue=long_queue, type=long_type,
        payload={"x" * 300: "x" * 300}, key="k" * 200,
    )
    page = look(mill.serve().url, viewport=PHONE)

    def width():
        return page.evaluate("document.documentElement.scrollWidth")

    see(page, "#queues tbody tr")
    assert width() == PHONE["width"]
    page.goto(f"{page.url()}#/tasks")
    see(page, "#task-rows tbody tr")
    assert width() == PHONE["width"]
    page.locator("#task-rows button").first().click()
    see(page, "#task-dialog .facts")
    assert page.evaluate(
        "document.getElementById('task-dialog').scrollWidth"
    ) <= PHONE["width"]
    page.keyboard().press("Escape")
    page.getByRole("link", name="Dead letters").click()
    see(page, "#dead-groups summary").click()
    see(page, ".dead-list li")
    assert width() == PHONE["width"]


def test_the_theme_is_the_systems_until_chosen(mill, look):
    page = look(mill.serve().url, colorScheme="dark")
    see_live(page)

    def ground():
        return page.evaluate(
            "getComputedStyle(document.documentElement).backgroundColor"
        )

    dark = ground()
    button(page, "Theme: auto").click()
    light = ground()
    assert light != dark
    page.reload()
    assert ground() == light
    button(page, "Theme: light").click()
    assert ground() == dark
    page.emulateMedia(colorScheme="light")
    assert ground() == dark
    button(page, "Theme: dark").click()
    assert ground() == light
