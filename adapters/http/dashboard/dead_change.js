/*
 * dead_change.js - requeues or deletes dead tasks, after asking.
 */
import { send } from "./api.js";
import { confirmed } from "./confirm.js";
import { toast } from "./dom.js";
import { count, counted } from "./format.js";

const IDS_MAX = 500; // in one request

const WORDS = {
    requeue: {
        name: "Requeue",
        past: "Requeued",
        counter: "requeued",
        means: "start again from their first attempt",
        meansOne: "starts again from its first attempt",
    },
    delete: {
        name: "Delete",
        past: "Deleted",
        counter: "deleted",
        means: "are gone for good",
        meansOne: "is gone for good",
    },
};

/* What to ask before verb is done to n tasks; more says of which. */
export function questionOf(verb, n, more, isAtLeast = false) {
    const words = WORDS[verb];
    const number = `${isAtLeast ? "at least " : ""}${counted(n, "dead task")}`;
    return {
        title: `${words.name} ${number}?`,
        text: `${more} ${n === 1 ? `It ${words.meansOne}` :
            `They ${words.means}`}.`.trim(),
        yes: `${words.name} ${isAtLeast ? "at least " : ""}${count(n)}`,
        isDanger: verb === "delete",
    };
}

/* Says what became of it: how many were changed, how many refused, and why the
 * first of those. */
function report(verb, { done, refused, first }) {
    toast(`${WORDS[verb].past} ${counted(done, "task")}.`);
    if (refused === 0)
        return;
    const holder = first.holder ? ` by ${first.holder}` : "";
    const others = refused > 1 ? `, and ${count(refused - 1)} more` : "";
    toast(`Left as it was: ${first.id}: ${first.reason}${holder}${others}`,
        true);
}

/* Sends bodies one after the other; gives back whether all were answered. */
async function sendAll(verb, bodies) {
    const { name, counter } = WORDS[verb];
    const sum = { done: 0, refused: 0, first: null };
    try {
        for (const body of bodies) {
            const answer = await send("POST", `/dlq/${verb}`, { body });
            sum.done += answer[counter];
            sum.refused += answer.refused_count;
            sum.first ??= answer.refused[0] ?? null;
        }
    } catch (error) {
        if (sum.done > 0)
            report(verb, sum);
        toast(`${name}: ${error.message}`, true);
        return false;
    }
    report(verb, sum);
    return true;
}

/* Requests that name these tasks: an id alone could be that of another task, in
 * another queue. */
function bodiesOf(tasks) {
    const idsIn = new Map();
    for (const { queue, id } of tasks) {
        if (!idsIn.has(queue))
            idsIn.set(queue, []);
        idsIn.get(queue).push(id);
    }
    const bodies = [];
    for (const [queue, ids] of idsIn) {
        for (let at = 0; at < ids.length; at += IDS_MAX)
            bodies.push({ queue, ids: ids.slice(at, at + IDS_MAX) });
    }
    return bodies;
}

/* Asks and, if confirmed, does verb ("requeue", "delete") to these tasks. */
export async function changeDead(verb, tasks) {
    const more = tasks.length === 1
        ? `${tasks[0].type} ${tasks[0].id} in ${tasks[0].queue}.`
        : "";
    if (!await confirmed(questionOf(verb, tasks.length, more)))
        return false;
    return sendAll(verb, bodiesOf(tasks));
}

/* The same to all that a filter means: the question says how many as far as
 * learn finds out. */
export async function changeMatching(verb, filter, question, learn) {
    if (!await confirmed(question, learn))
        return false;
    const isAll = Object.values(filter).every((value) => value === "");
    const body = isAll
        ? { all: true }
        : Object.fromEntries(
            Object.entries(filter).filter(([, value]) => value !== ""));
    return sendAll(verb, [body]);
}
