/*
 * task_dialog.js - all there is to know about one task, and what can be done
 * with it.
 */
import { getText, send } from "./api.js";
import { confirmed } from "./confirm.js";
import { changeDead } from "./dead_change.js";
import { answerOf, byId, el, setChildren, setText, toast } from "./dom.js";
import { count, since, span, time, until } from "./format.js";
import { layOut, rawMembers } from "./json_text.js";
import { on } from "./live.js";

const SHOWN_MAX = 20000; // of a long payload, until asked for all

/* {queue, id, text} of the task on show; text: as it was answered last, null
 * before the first answer, "" once there was no such task. */
let open = null;

function between(from, to) {
    return span(Math.max(0, Date.parse(to) - Date.parse(from)));
}

/* What happened to a task and what will, as far as the store knows: of
 * attempts before the latest, only that there were some. */
function timelineOf(task) {
    const line = [{ at: task.created_at, what: "enqueued" }];
    const add = (at, what, note = null, kind = "") => {
        if (at !== null)
            line.push({ at, what, note, kind });
    };

    if (task.started_at === null && task.state !== "scheduled" &&
        task.run_at !== task.created_at)
        add(task.run_at, "due");
    if (task.started_at !== null)
        add(task.started_at, startOf(task),
            task.worker ? `on ${task.worker}` : null);
    if (task.state === "scheduled" || task.state === "retry")
        add(task.run_at, "due", `in ${until(task.run_at)}`, "ahead");
    if (task.state === "active")
        add(task.lease_until, "lease ends unless it is extended", null,
            "ahead");
    if (task.finished_at !== null)
        add(task.finished_at, endOf(task),
            task.started_at === null
                ? null
                : `${between(task.started_at, task.finished_at)} after its start`,
            task.state);
    return line.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

function startOf(task) {
    return task.attempt > 0 ? `attempt ${task.attempt} started`
                            : "last attempt started";
}

function endOf(task) {
    return task.state === "dead" ? `dead: ${task.reason}` : "done";
}

function timeline(task) {
    return el("ol", { class: "timeline" },
        ...timelineOf(task).map(({ at, what, note, kind }) =>
            el("li", { class: kind ?? "" },
                el("time", { datetime: at }, time(at)),
                el("span", {}, what,
                    note ? el("span", { class: "note" }, ` ${note}`) : null))));
}

/* A block of text to read: cut if long, with a button for the rest. */
function block(title, text, isBad = false) {
    const pre = el("pre", { tabindex: "0", class: isBad ? "bad" : "" });
    const all = el("button", {
        type: "button",
        onclick: () => {
            setText(pre, text);
            all.remove();
            pre.focus();
        },
    }, `Show all ${count(text.length)} characters`);
    const isCut = text.length > SHOWN_MAX;

    setText(pre, isCut ? `${text.slice(0, SHOWN_MAX)}…` : text);
    return el("section", { "aria-label": title },
        el("h3", {}, title), pre, isCut ? all : null);
}

function facts(task) {
    const backoff = task.backoff;
    const rows = [
        ["Queue", task.queue],
        ["Priority", task.priority],
        ["Attempts", `${task.attempt} of ${task.max_attempts}`],
        ["Crashes", `${task.crashes} of ${task.max_crashes}`],
        ["Timeout", task.timeout_ms === 0 ? "none" : span(task.timeout_ms)],
        ["Backoff", `${backoff.kind}, from ${span(backoff.base_ms)} to ` +
            `${span(backoff.max_ms)}, jitter ${backoff.jitter}`],
        ["Key", task.key],
        ["Kept when done", task.retain_ms ? span(task.retain_ms) : null],
        ["Expires", task.expires_ms
            ? `${span(task.expires_ms)} after it was enqueued` : null],
        ["Worker", task.worker],
        ["Running for", task.state === "active" && task.started_at
            ? since(task.started_at) : null],
    ];
    return el("dl", { class: "facts" },
        ...rows.filter(([, value]) => value !== null && value !== undefined)
            .map(([name, value]) =>
                el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function show(text) {
    const raw = rawMembers(text);
    const task = JSON.parse(text);

    setChildren(byId("task-title"), task.type, " ",
        el("span", { class: `state ${task.state}` },
            el("i", { class: `key ${task.state}`, "aria-hidden": "true" }),
            task.state));
    setChildren(byId("task-body"),
        el("p", { class: "mono id" }, task.id),
        timeline(task),
        task.last_error === null
            ? null : block("Last error", task.last_error, true),
        block("Payload", layOut(raw.get("payload"))),
        task.result === null && raw.get("result") === "null" &&
            task.state !== "done"
            ? null : block("Result", layOut(raw.get("result"))),
        task.headers === null
            ? null : block("Headers", layOut(raw.get("headers"))),
        facts(task));
    showActions(task);
}

function button(label, onclick, kind = "") {
    return el("button", { type: "button", class: kind, onclick }, label);
}

function showActions(task) {
    const actions = [];
    if (task.state === "scheduled" || task.state === "retry")
        actions.push(button("Run now", () => runNow(task), "primary"));
    if (["scheduled", "ready", "retry"].includes(task.state))
        actions.push(button("Cancel task", () => cancel(task), "danger"));
    if (task.state === "dead")
        actions.push(
            button("Requeue", () => changeThis("requeue", task), "primary"),
            button("Delete", () => changeThis("delete", task), "danger"));
    setChildren(byId("task-actions"), ...actions);
}

function pathOf({ id }) {
    return `/tasks/${encodeURIComponent(id)}`;
}

async function runNow(task) {
    try {
        await send("POST", `${pathOf(task)}/run`,
            { fields: { queue: task.queue } });
        toast(`${task.id} is ready.`);
    } catch (error) {
        toast(error.message, true);
    }
    load();
}

async function cancel(task) {
    if (!await confirmed({
        title: "Cancel 1 task?",
        text: `${task.type} ${task.id} in ${task.queue} is removed, unrun.`,
        yes: "Cancel 1 task",
        isDanger: true,
    }))
        return;
    try {
        await send("DELETE", pathOf(task), { fields: { queue: task.queue } });
        toast("Cancelled 1 task.");
        byId("task-dialog").close();
    } catch (error) {
        toast(error.message, true);
        load();
    }
}

async function changeThis(verb, task) {
    if (!await changeDead(verb, [task]))
        return;
    if (verb === "delete")
        byId("task-dialog").close();
    else
        load();
}

/* Loads the task on show again, and shows it if it has changed. Two may be
 * under way at once. */
async function load() {
    const wanted = open;
    try {
        const text = await getText(pathOf(wanted), { queue: wanted.queue });
        if (open !== wanted || wanted.text === text)
            return;
        wanted.text = text;
        show(text);
    } catch (error) {
        if (open === wanted)
            showMissing(error);
    }
}

function showMissing(error) {
    if (error.status !== 404) {
        if (open.text === null)
            setChildren(byId("task-body"), el("p", {}, error.message));
        return;
    }
    if (open.text === "")
        return; // it has been said
    const why = open.text === null
        ? "There is no task of this id. Done tasks are kept only for as long " +
          "as their retain says."
        : "This task is gone: done and not kept, or removed.";
    open.text = "";
    setChildren(byId("task-actions"));
    const body = byId("task-body");
    body.querySelector(".gone")?.remove();
    body.prepend(el("p", { class: "gone", role: "status" }, why));
}

/* Opens the dialog on a task; queue "": the first that has it. */
export async function openTask(queue, id) {
    const mine = { queue, id, text: null };

    open = mine;
    setChildren(byId("task-title"), "Task");
    setChildren(byId("task-body"), el("p", { class: "mono id" }, id));
    setChildren(byId("task-actions"));
    load();
    await answerOf(byId("task-dialog"));
    if (open === mine)
        open = null;
}

export function taskDialogBegin() {
    on("sample", () => {
        if (open !== null && open.text !== "" && !document.hidden)
            load();
    });
}
