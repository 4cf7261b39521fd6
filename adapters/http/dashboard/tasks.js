/*
 * tasks.js - the tasks, a page at a time.
 *
 * The server looks at a bounded number of tasks per request, so a page may be
 * short, even empty, and still have more behind it. A page here asks a few
 * times to fill up, and then says that it has not seen all.
 */
import { get } from "./api.js";
import { byId, cell, el, offerNames, setText, syncChildren, toast }
    from "./dom.js";
import { ago, count, since, time, until } from "./format.js";
import { live, on } from "./live.js";
import { openTask } from "./task_dialog.js";

const PAGE = 50;
const FILL_REQUESTS = 8;
const FILL_MS = 50; // leaves a click its answer within 200 ms
const REFRESH_MS = 2000;

let filter = { state: "", queue: "", type: "" };
let cursors = [""]; // where each page up to the one shown begins
let next = null;
let loading = null;
let loaded_at_ms = 0;
let seen = null; // the counts that the page shown was loaded at

/* What "when" says of a task in its state. */
function when(task) {
    switch (task.state) {
    case "scheduled":
        return `due in ${until(task.run_at)}`;
    case "ready":
        return `due for ${since(task.run_at)}`;
    case "active":
        return `running for ${since(task.started_at ?? task.run_at)}`;
    case "retry":
        return `again in ${until(task.run_at)}`;
    default:
        return ago(task.finished_at);
    }
}

function whenExactly(task) {
    switch (task.state) {
    case "active":
        return task.started_at ?? task.run_at;
    case "done":
    case "dead":
        return task.finished_at;
    default:
        return task.run_at;
    }
}

export function stateTag(state) {
    return el("span", { class: `state ${state}` },
        el("i", { class: `key ${state}`, "aria-hidden": "true" }), state);
}

function newRow(task) {
    return el("tr", {},
        cell("State", { class: "is" }, stateTag(task.state)),
        cell("Type", { class: "name" }, task.type),
        cell("Queue", { class: "name" }, task.queue),
        cell("Id", {},
            el("button", {
                type: "button",
                class: "as-link mono",
                onclick: () => openTask(task.queue, task.id),
            }, task.id)),
        cell("Attempt", { class: "number tries" }),
        cell("When", { class: "when" }),
        cell("Last error", { class: "wide error" }));
}

function fillRow(tr, task) {
    if (tr.querySelector(".is").textContent !== task.state)
        tr.querySelector(".is").replaceChildren(stateTag(task.state));
    setText(tr.querySelector(".tries"),
        `${task.attempt} of ${task.max_attempts}`);
    setText(tr.querySelector(".when"), when(task));
    tr.querySelector(".when").title = time(whenExactly(task));
    setText(tr.querySelector(".error"),
        (task.last_error ?? "").split("\n", 1)[0].slice(0, 200));
}

const EMPTY = {
    "": "No tasks. Add one with millrace enqueue, or POST /enqueue.",
    scheduled: "Nothing is scheduled for later.",
    ready: "Nothing waits: all that is ready has been taken.",
    active: "Nothing is being run right now.",
    retry: "Nothing waits to be tried again.",
    done: "No finished tasks. They are kept only for as long as their " +
        "retain says.",
    dead: "Nothing is dead.",
};

function emptyText() {
    if (next !== null)
        return "No match among the tasks looked at so far. There are more.";
    if (filter.queue !== "" || filter.type !== "")
        return "No task matches.";
    return EMPTY[filter.state];
}

function showPage(tasks) {
    byId("task-rows").hidden = tasks.length === 0;
    byId("tasks-empty").hidden = tasks.length > 0;
    setText(byId("tasks-empty"), emptyText());
    syncChildren(byId("task-rows").tBodies[0], tasks,
        (task) => `${task.queue} ${task.id}`, newRow, fillRow);

    const pages = cursors.length;
    byId("tasks-first").disabled = pages < 2;
    byId("tasks-back").disabled = pages < 2;
    byId("tasks-next").disabled = next === null;
    setText(byId("tasks-next"), tasks.length === 0 && next !== null
        ? "Look further" : "Next");
    setText(byId("tasks-place"), placeText(tasks.length));
}

function placeText(shown) {
    const total = live.queues === null ? null : countsNow().total;
    const page = `Page ${count(cursors.length)}, ${count(shown)} shown`;
    return total === null ? page : `${page} of ${count(total)}`;
}

/* How many tasks the filter means, where the statistics tell (total: null if
 * they do not), and a text that changes with any of those counts. */
function countsNow() {
    const rows = live.queues.filter((row) =>
        filter.queue === "" || row.queue === filter.queue);
    const states = filter.state === ""
        ? ["scheduled", "ready", "active", "retry", "dead"]
        : [filter.state];
    const numbers = states.map((state) =>
        rows.reduce((total, row) => total + row[state], 0));
    // "done" in the statistics counts what was ever done, not what is kept.
    const isTold = filter.type === "" && !["", "done"].includes(filter.state);
    return { total: isTold ? numbers[0] : null, text: numbers.join(" ") };
}

/* A page from a cursor on, asking again while it is not full and time is
 * left. */
async function fetchPage(cursor, signal) {
    const end = performance.now() + FILL_MS;
    const tasks = [];
    for (let i = 0; i < FILL_REQUESTS; i++) {
        const answer = await get("/tasks",
            { ...filter, limit: PAGE - tasks.length, cursor }, signal);
        tasks.push(...answer.tasks);
        cursor = answer.cursor ?? null;
        if (cursor === null || tasks.length >= PAGE ||
            performance.now() > end)
            break;
    }
    return { tasks, next: cursor };
}

async function load({ isQuiet = false } = {}) {
    loading?.abort();
    const mine = new AbortController();
    loading = mine;
    if (!isQuiet)
        byId("task-card").setAttribute("aria-busy", "true");
    seen = live.queues === null ? null : countsNow().text;
    try {
        const page = await fetchPage(cursors.at(-1), mine.signal);
        next = page.next;
        showPage(page.tasks);
    } catch (error) {
        if (mine.signal.aborted)
            return;
        seen = null; // tries again with the next statistics
        if (!isQuiet)
            toast(`Tasks: ${error.message}`, true);
    } finally {
        if (loading === mine) {
            loading = null;
            loaded_at_ms = performance.now();
            byId("task-card").removeAttribute("aria-busy");
        }
    }
}

function isShown() {
    return !byId("tasks").hidden && !document.hidden;
}

/* Loads again what is shown when the numbers say that it has changed. Later
 * pages stay as they are, so that nothing moves under the reader. */
function refresh() {
    const form = byId("task-filter");
    offerNames(form.elements.queue, live.queues.map((row) => row.queue));
    if (!isShown() || loading !== null || cursors.length > 1)
        return;
    const isStale = performance.now() > loaded_at_ms + REFRESH_MS;
    if (isStale && countsNow().text !== seen)
        load({ isQuiet: true });
}

function turnTo(pages) {
    cursors = pages;
    load();
}

export function tasksBegin() {
    const form = byId("task-filter");
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        const fields = new URLSearchParams();
        for (const [name, value] of new FormData(form)) {
            if (value.trim() !== "")
                fields.set(name, value.trim());
        }
        const hash = `#/tasks${fields.size > 0 ? `?${fields}` : ""}`;
        if (location.hash === hash)
            turnTo([""]);
        else
            location.hash = hash;
    });
    for (const name of ["state", "queue"])
        form.elements[name].addEventListener("change", () =>
            form.requestSubmit());
    byId("task-find").addEventListener("submit", (event) => {
        event.preventDefault();
        openTask("", event.target.elements.id.value.trim().toUpperCase());
    });
    byId("tasks-first").addEventListener("click", () => turnTo([""]));
    byId("tasks-back").addEventListener("click", () =>
        turnTo(cursors.slice(0, -1)));
    byId("tasks-next").addEventListener("click", () =>
        turnTo([...cursors, next]));
    on("sample", refresh);
}

/* Shows the tasks that the fields of the address name. */
export function tasksOpen(fields) {
    const form = byId("task-filter");
    for (const name of Object.keys(filter))
        filter[name] = fields.get(name) ?? "";
    offerNames(form.elements.queue,
        [...new Set([filter.queue, ...(live.queues ?? [])
            .map((row) => row.queue)])].filter((name) => name !== ""));
    for (const [name, value] of Object.entries(filter))
        form.elements[name].value = value;
    turnTo([""]);
}
