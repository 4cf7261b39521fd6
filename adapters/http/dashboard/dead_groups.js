/*
 * dead_groups.js - dead tasks, grouped by the error they died of.
 *
 * The server does not group: the page walks the list, oldest first, and
 * groups what it has seen. It keeps of each task only what it shows.
 */
import { get } from "./api.js";

const PAGE = 200;
const WALK_MS = 80; // so long, then whoever waits sees what there is

const GENERAL = [
    [/[0-9A-HJKMNP-TV-Z]{26}/g, "…"], // ids of tasks
    [/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, "…"],
    [/\b0x[0-9a-f]+\b/gi, "…"],
    [/\d+/g, "#"],
];

/* An error without what differs from one task to the next. */
export function generalised(error) {
    let text = error.split("\n", 1)[0].slice(0, 200);
    for (const [pattern, mark] of GENERAL)
        text = text.replace(pattern, mark);
    return text;
}

function kept(task) {
    const error = task.last_error ?? "";
    return {
        id: task.id,
        queue: task.queue,
        type: task.type,
        reason: task.reason,
        error: error.split("\n", 1)[0].slice(0, 200),
        general: generalised(error),
        attempt: task.attempt,
        finished_at: task.finished_at,
    };
}

/* A walk through the dead tasks of a filter; isAtEnd: all were seen. */
export function newWalk(filter) {
    return { filter, tasks: [], cursor: "", isAtEnd: false };
}

/* Goes on for about as long as one waits without noticing. */
export async function walkOn(walk, signal) {
    const end = performance.now() + WALK_MS;
    do {
        const answer = await get("/dlq",
            { ...walk.filter, limit: PAGE, cursor: walk.cursor }, signal);
        walk.tasks.push(...answer.tasks.map(kept));
        walk.cursor = answer.cursor ?? null;
        walk.isAtEnd = walk.cursor === null;
    } while (!walk.isAtEnd && performance.now() < end);
}

/* The groups, largest first. */
export function grouped(tasks) {
    const groups = new Map();
    for (const task of tasks) {
        const key = `${task.reason} ${task.general}`;
        const group = groups.get(key);
        if (group === undefined)
            groups.set(key, {
                key,
                reason: task.reason,
                error: task.error,
                tasks: [task],
            });
        else
            group.tasks.push(task);
    }
    return [...groups.values()].sort(
        (a, b) => b.tasks.length - a.tasks.length ||
            (a.key < b.key ? -1 : 1));
}
