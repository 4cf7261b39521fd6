/*
 * dead.js - the dead-letter queue: what died of what, and back or away with
 * one, many, or all that match.
 */
import { changeDead, changeMatching, questionOf } from "./dead_change.js";
import { grouped, newWalk, walkOn } from "./dead_groups.js";
import { byId, el, offerNames, setText, syncChildren, toast } from "./dom.js";
import { ago, asApiTime, count, counted, time } from "./format.js";
import { live, on } from "./live.js";
import { openTask } from "./task_dialog.js";

const LISTED_MAX = 100; // tasks of a group on show, until asked for more
const COUNT_MAX = 5000; // how far a question counts
const REFRESH_MS = 2000;

let walk = newWalk({ queue: "", type: "", reason: "", before: "" });
let loading = null;
let loaded_at_ms = 0;
let seen_total = null; // how many were dead then; null: it did not load
const chosen = new Map(); // of keyOf(task) to task

function keyOf(task) {
    return `${task.queue} ${task.id}`;
}

/* How many are dead in the filter's queue, by the statistics; null: unknown. */
function totalNow() {
    if (live.queues === null)
        return null;
    const { queue } = walk.filter;
    return live.queues
        .filter((row) => queue === "" || row.queue === queue)
        .reduce((total, row) => total + row.dead, 0);
}

/* Whether the statistics count just what the filter means. */
function isCounted() {
    const { type, reason, before } = walk.filter;
    return live.queues !== null && type === "" && reason === "" &&
        before === "";
}

function newTask(task) {
    return el("li", {},
        el("label", {},
            el("input", {
                type: "checkbox",
                onchange: (event) => {
                    if (event.target.checked)
                        chosen.set(keyOf(task), task);
                    else
                        chosen.delete(keyOf(task));
                    showChosen();
                },
            }),
            el("span", { class: "for-readers" }, `Choose ${task.id}`)),
        el("button", {
            type: "button",
            class: "as-link mono",
            onclick: () => openTask(task.queue, task.id),
        }, task.id),
        el("span", { class: "name" }, task.type,
            el("span", { class: "note" }, ` in ${task.queue}`)),
        el("span", { class: "note end" }));
}

function fillTask(li, task) {
    li.querySelector("input").checked = chosen.has(keyOf(task));
    const when = li.querySelector(".end");
    setText(when, ago(task.finished_at));
    when.title = time(task.finished_at);
}

function newGroup() {
    const element = el("li", { class: "card group" },
        el("details", { ontoggle: () => fillList(element) },
            el("summary", {},
                el("strong", { class: "many" }),
                el("span", { class: "cause" },
                    el("span", { class: "text" }),
                    el("span", { class: "note types" }))),
            el("ul", { class: "dead-list" }),
            el("button", {
                type: "button",
                class: "rest",
                onclick: () => {
                    element.shown_max += LISTED_MAX;
                    fillList(element);
                },
            })),
        el("div", { class: "doing" },
            el("button", {
                type: "button",
                class: "requeue",
                onclick: () => changeAndLoad("requeue", element.group.tasks),
            }),
            el("button", {
                type: "button",
                class: "delete danger",
                onclick: () => changeAndLoad("delete", element.group.tasks),
            }),
            el("button", {
                type: "button",
                class: "quiet choose",
                onclick: () => choose(element.group.tasks),
            }, "Choose")));
    element.shown_max = LISTED_MAX;
    return element;
}

function fillGroup(element, group) {
    const n = group.tasks.length;
    const types = [...new Set(group.tasks.map((task) => task.type))];
    const name = group.error || `(no error text: ${group.reason})`;

    element.group = group;
    setText(element.querySelector(".many"), count(n));
    setText(element.querySelector(".text"), name);
    setText(element.querySelector(".types"),
        `${group.reason} · ${types.slice(0, 3).join(", ")}` +
        `${types.length > 3 ? ` and ${types.length - 3} more types` : ""} · ` +
        ago(group.tasks.at(-1).finished_at));
    for (const [verb, word] of [["requeue", "Requeue"], ["delete", "Delete"]]) {
        const button = element.querySelector(`.${verb}`);
        setText(button, `${word} ${count(n)}`);
        button.setAttribute("aria-label", `${word} ${count(n)}: ${name}`);
    }
    element.querySelector(".choose").setAttribute("aria-label",
        `Choose all of: ${name}`);
    fillList(element);
}

/* The tasks of a group are only made while one looks at them. */
function fillList(element) {
    const { tasks } = element.group;
    const isOpen = element.querySelector("details").open;
    const shown = isOpen ? tasks.slice(0, element.shown_max) : [];
    const rest = element.querySelector(".rest");

    syncChildren(element.querySelector(".dead-list"), shown, keyOf, newTask,
        fillTask);
    rest.hidden = !isOpen || tasks.length <= shown.length;
    setText(rest, `Show more of ${count(tasks.length)}`);
}

function show() {
    const { tasks, isAtEnd } = walk;
    const total = totalNow();

    syncChildren(byId("dead-groups"), grouped(tasks), (group) => group.key,
        newGroup, fillGroup);
    byId("dead-empty").hidden = tasks.length > 0;
    setText(byId("dead-empty"), emptyText());
    byId("dead-more").hidden = isAtEnd;
    setText(byId("dead-place"), isAtEnd
        ? `${counted(tasks.length, "dead task")}, grouped by error.`
        : `Grouped from the first ${count(tasks.length)}` +
          `${total === null ? "" : ` of ${count(total)}`}, oldest first.`);
    byId("requeue-all").disabled = isAtEnd && tasks.length === 0;
    byId("delete-all").disabled = isAtEnd && tasks.length === 0;
    const isFiltered = Object.values(walk.filter).some((v) => v !== "");
    setText(byId("requeue-all"),
        isFiltered ? "Requeue all that match" : "Requeue all");
    setText(byId("delete-all"),
        isFiltered ? "Delete all that match" : "Delete all");
    showChosen();
}

function emptyText() {
    if (!walk.isAtEnd)
        return "No match among the tasks looked at so far. There are more.";
    return Object.values(walk.filter).some((value) => value !== "")
        ? "No dead task matches."
        : "Nothing is dead. Tasks end up here when they fail for the last " +
          "time, are rejected, expire or take their workers down.";
}

function showChosen() {
    byId("dead-chosen").hidden = chosen.size === 0;
    setText(byId("chosen-count"), `${counted(chosen.size, "task")} chosen`);
}

function choose(tasks) {
    for (const task of tasks)
        chosen.set(keyOf(task), task);
    show();
}

/* Walks on from where walk is, or does all of it again: as far as before. */
async function load({ isQuiet = false, isNew = false } = {}) {
    loading?.abort();
    const mine = new AbortController();
    loading = mine;
    const goal = isNew ? newWalk(walk.filter) : walk;
    if (!isQuiet)
        byId("dead").setAttribute("aria-busy", "true");
    try {
        await walkOn(goal, mine.signal);
        mine.signal.throwIfAborted();
        walk = goal;
        seen_total = totalNow();
        forgetUnseen();
        show();
    } catch (error) {
        if (mine.signal.aborted)
            return;
        seen_total = null;
        if (!isQuiet)
            toast(`Dead letters: ${error.message}`, true);
    } finally {
        if (loading === mine) {
            loading = null;
            loaded_at_ms = performance.now();
            byId("dead").removeAttribute("aria-busy");
        }
    }
}

/* What is not dead any more cannot stay chosen. */
function forgetUnseen() {
    const keys = new Set(walk.tasks.map(keyOf));
    for (const key of chosen.keys()) {
        if (!keys.has(key))
            chosen.delete(key);
    }
}

async function changeAndLoad(verb, tasks) {
    if (await changeDead(verb, tasks))
        await load({ isNew: true });
}

/* Counts on behind the question, as far as that is worth waiting for. */
function counter(verb, text) {
    const goal = walk;
    return async (ask, signal) => {
        while (!goal.isAtEnd && goal.tasks.length < COUNT_MAX) {
            await walkOn(goal, signal);
            if (signal.aborted)
                return;
            ask(questionOf(verb, goal.tasks.length,
                goal.isAtEnd ? text : `${text} Counting on…`, !goal.isAtEnd));
            show();
        }
        if (!goal.isAtEnd)
            ask(questionOf(verb, goal.tasks.length,
                `${text} They were counted no further; ${count(totalNow())} ` +
                "are dead in all.", true));
    };
}

async function changeAll(verb) {
    const { filter } = walk;
    const names = Object.entries(filter)
        .filter(([, value]) => value !== "")
        .map(([name, value]) => `${name} ${value}`);
    const text = names.length > 0 ? `All with ${names.join(", ")}.`
                                  : "All there are.";
    const isKnown = walk.isAtEnd || isCounted();
    const n = isCounted() ? totalNow() : walk.tasks.length;
    const question = questionOf(verb, n, text, !isKnown);
    if (await changeMatching(verb, filter, question,
        isKnown ? null : counter(verb, text)))
        await load({ isNew: true });
}

function isShown() {
    return !byId("dead").hidden && !document.hidden;
}

/* A short list follows what happens; of a long one only the head is read. */
function refresh() {
    offerNames(byId("dead-filter").elements.queue,
        live.queues.map((row) => row.queue));
    const isShort = walk.isAtEnd || seen_total === null;
    if (!isShown() || loading !== null || !isShort)
        return;
    const isStale = performance.now() > loaded_at_ms + REFRESH_MS;
    if (isStale && totalNow() !== seen_total)
        load({ isQuiet: true, isNew: true });
}

export function deadBegin() {
    const form = byId("dead-filter");
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        const fields = Object.fromEntries(new FormData(form));
        walk = newWalk({
            queue: fields.queue,
            type: fields.type.trim(),
            reason: fields.reason,
            before: fields.before === "" ? "" : asApiTime(fields.before),
        });
        chosen.clear();
        load();
    });
    for (const name of ["queue", "reason"])
        form.elements[name].addEventListener("change", () =>
            form.requestSubmit());
    byId("dead-more").addEventListener("click", () => load());
    byId("requeue-all").addEventListener("click", () => changeAll("requeue"));
    byId("delete-all").addEventListener("click", () => changeAll("delete"));
    byId("requeue-chosen").addEventListener("click", () =>
        changeAndLoad("requeue", [...chosen.values()]));
    byId("delete-chosen").addEventListener("click", () =>
        changeAndLoad("delete", [...chosen.values()]));
    byId("clear-chosen").addEventListener("click", () => {
        chosen.clear();
        show();
    });
    on("sample", refresh);
}

export function deadOpen() {
    load({ isNew: true });
}
