/*
 * overview.js - all queues and workers at a glance.
 */
import { get, send } from "./api.js";
import * as charts from "./charts.js";
import { byId, cell, el, offerNames, setText, syncChildren, toast }
    from "./dom.js";
import { ago, count, counted, since, span } from "./format.js";
import { live, on, refresh } from "./live.js";

const ROWS_MAX = 100; // more queues are found by name
const SEARCH_FROM = 12;
const WORKERS_EVERY_MS = 2000; // as often as they say that they are alive

const STATES = ["ready", "active", "scheduled", "retry", "dead"];

/* What each state means, for who wonders. */
const HINTS = {
    ready: "wait for a free worker",
    active: "are being run",
    scheduled: "wait for the time they are due",
    retry: "failed, and will be tried again",
    dead: "are in the dead-letter queue",
};

const LABELS = {
    ready: "Ready",
    active: "Active",
    scheduled: "Scheduled",
    retry: "Retry",
    dead: "Dead",
    done: "Done",
    failed: "Failed attempts",
};

function sum(queues, name) {
    return queues.reduce((total, row) => total + row[name], 0);
}

function showTiles(queues) {
    syncChildren(
        byId("tiles"),
        STATES.map((state) => ({ state, total: sum(queues, state) })),
        (tile) => tile.state,
        ({ state }) =>
            el("li", {},
                el("a", {
                    href: state === "dead" ? "#/dead" : `#/tasks?state=${state}`,
                    class: `tile ${state}`,
                    title: `Tasks that ${HINTS[state]}`,
                },
                el("span", {}, el("i", { class: `key ${state}` }), LABELS[state]),
                el("strong"))),
        (tile, { total }) => {
            setText(tile.querySelector("strong"), count(total));
        },
    );
}

async function setPaused(queue, isPaused, button) {
    button.disabled = true;
    try {
        const name = encodeURIComponent(queue);
        await send("POST", `/queues/${name}/${isPaused ? "pause" : "resume"}`);
        toast(`${queue} is ${isPaused ? "paused" : "running again"}.`);
        await refresh();
    } catch (error) {
        toast(`${queue}: ${error.message}`, true);
    }
    button.disabled = false;
}

function newQueue({ queue }) {
    const numbers = [...STATES, "done", "failed"].map((name) =>
        cell(LABELS[name], { class: `number of-${name}` }));
    const button = el("button", {
        type: "button",
        onclick: () =>
            setPaused(queue, button.dataset.paused === "false", button),
    });
    return el("tr", {},
        el("th", { scope: "row" },
            el("a", { href: `#/tasks?queue=${encodeURIComponent(queue)}` },
                queue),
            el("span", { class: "tag paused", hidden: true }, "paused")),
        ...numbers,
        cell("Oldest ready", { class: "number oldest" }),
        cell("", { class: "doing" }, button));
}

function fillQueue(tr, row) {
    for (const name of [...STATES, "done", "failed"]) {
        const td = tr.querySelector(`.of-${name}`);
        setText(td, count(row[name]));
        td.classList.toggle("none", row[name] === 0);
    }
    tr.querySelector(".of-dead").classList.toggle("bad", row.dead > 0);
    setText(tr.querySelector(".oldest"),
        row.oldest_ready_ms === null ? "–" : span(row.oldest_ready_ms));
    tr.querySelector(".tag").hidden = !row.paused;

    const button = tr.querySelector("button");
    button.dataset.paused = row.paused;
    setText(button, row.paused ? "Resume" : "Pause");
    button.setAttribute("aria-label",
        `${row.paused ? "Resume" : "Pause"} ${row.queue}`);
}

function showQueues(queues) {
    const wanted = byId("queue-name").value.trim();
    const named = queues.filter((row) => row.queue.includes(wanted));

    byId("queue-search").hidden = queues.length < SEARCH_FROM;
    byId("queues").hidden = queues.length === 0;
    byId("queues-empty").hidden = queues.length > 0;
    syncChildren(byId("queues").tBodies[0], named.slice(0, ROWS_MAX),
        (row) => row.queue, newQueue, fillQueue);

    const more = named.length - ROWS_MAX;
    byId("queues-more").hidden = more <= 0;
    setText(byId("queues-more"),
        `${counted(more, "more queue")}: narrow them down by name.`);
}

function newWorker(worker) {
    return el("tr", {},
        el("th", { scope: "row" }, worker.name),
        cell("Host", {}, worker.host),
        cell("Process", { class: "number" }, worker.pid),
        cell("Queues", {}, worker.queues === "*" ? "all" : worker.queues),
        cell("Busy", { class: "busy" },
            el("meter", { min: 0 }), " ", el("span")),
        cell("Up for", { class: "number up" }),
        cell("Last seen", { class: "number seen" }));
}

function fillWorker(tr, worker) {
    const meter = tr.querySelector("meter");
    meter.max = worker.concurrency;
    meter.value = worker.busy;
    const busy = `${worker.busy} of ${worker.concurrency}`;
    meter.setAttribute("aria-label", `${busy} busy`);
    setText(tr.querySelector(".busy span"), busy);
    setText(tr.querySelector(".up"), since(worker.started_at));
    setText(tr.querySelector(".seen"), ago(worker.last_seen_at));
}

function showWorkers(workers) {
    byId("workers").hidden = workers.length === 0;
    byId("workers-empty").hidden = workers.length > 0;
    syncChildren(byId("workers").tBodies[0], workers,
        // A worker that was started again under its name is another one.
        (worker) => `${worker.name} ${worker.pid}`, newWorker, fillWorker);
}

let workers_at_ms = 0;

async function refreshWorkers() {
    if (performance.now() < workers_at_ms + WORKERS_EVERY_MS)
        return;
    workers_at_ms = performance.now();
    try {
        showWorkers((await get("/workers")).workers);
    } catch {
        // What the page says of the connection says it all.
    }
}

function isShown() {
    return !byId("overview").hidden && !document.hidden;
}

function show() {
    if (!isShown() || live.queues === null)
        return;
    showTiles(live.queues);
    showQueues(live.queues);
    charts.chartsDraw();
    if (live.state === "live")
        refreshWorkers();
}

export function overviewBegin() {
    charts.chartsBegin(byId("charts"));
    byId("scope").addEventListener("change", (event) =>
        charts.chartsScope(event.target.value));
    byId("queue-name").addEventListener("input", show);
    document.addEventListener("visibilitychange", show);
    on("sample", ({ queues }) => {
        charts.chartsTake(queues);
        offerNames(byId("scope"), queues.map((row) => row.queue));
        show();
    });
}

export function overviewOpen() {
    show();
}
