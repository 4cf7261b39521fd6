/*
 * live.js - the statistics as they come, and how the connection fares.
 *
 * The server sends the statistics once a second. EventSource cannot send a
 * token, so the stream is read from fetch(). Nothing the server or the network
 * does ends the loop: it says what is wrong and tries again.
 */
import { ApiError, Locked, ask, get, pathOf } from "./api.js";

const SILENCE_MS = 5000; // so long without an event: something is wrong
const RETRY_MS = 1000;
const RETRY_MAX_MS = 10000;

/* What is known now. state: connecting, live, backend (it is down), server (no
 * answer), locked (no token); why: the reason in words. */
export const live = { state: "connecting", why: "", queues: null };

const listeners = { sample: [], state: [] };

/* Calls listener(live) on every "sample", or whenever the "state" changes. */
export function on(event, listener) {
    listeners[event].push(listener);
}

function emit(event) {
    for (const listener of listeners[event])
        listener(live);
}

function become(state, why = "") {
    if (live.state === state && live.why === why)
        return;
    live.state = state;
    live.why = why;
    emit("state");
}

function take(queues) {
    live.queues = queues;
    become("live");
    emit("sample");
}

/* Yields the data of each event of a stream: lines up to an empty one. */
async function* eventsOf(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
        const { value, done } = await reader.read();
        if (done)
            return;
        const lines = (rest + value).split(/\r?\n/);
        rest = lines.pop();
        yield* dataIn(lines);
    }
}

/* An event of this server has one line of data. */
function* dataIn(lines) {
    for (const line of lines) {
        if (line.startsWith("data:"))
            yield line.slice("data:".length);
    }
}

/* Reads events until the stream ends, or is silent for too long. */
async function follow() {
    const silence = new AbortController();
    let timer;
    const expect = () => {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
    };

    expect();
    try {
        const { body } = await ask("GET", pathOf("/events"), {
            signal: silence.signal,
        });
        for await (const data of eventsOf(body)) {
            expect();
            const event = JSON.parse(data);
            if (event.error)
                become("backend", event.error.message);
            else
                take(event.queues);
        }
    } finally {
        clearTimeout(timer);
    }
}

/* Finds out why there are no events; gives back how long to wait if the server
 * says so, else null. */
async function diagnose(failure) {
    try {
        if (failure instanceof Locked || failure instanceof ApiError)
            throw failure;
        take((await get("/stats")).queues);
        return null;
    } catch (error) {
        if (error instanceof Locked) {
            become("locked", error.message);
            return Infinity;
        }
        if (error.status === 503)
            become("backend", error.message);
        else
            become("server", error.message);
        return error.retry_ms;
    }
}

/* Waits, unless the network comes back or the user asks. */
function pause(ms) {
    return new Promise((resolve) => {
        const wake = () => {
            clearTimeout(timer);
            window.removeEventListener("online", wake);
            wakeUp = null;
            resolve();
        };
        const timer = ms === Infinity ? null : setTimeout(wake, ms);
        window.addEventListener("online", wake);
        wakeUp = wake;
    });
}

/* Asks for the statistics of now, since the user has changed something. */
export async function refresh() {
    try {
        take((await get("/stats")).queues);
    } catch {
        // The stream of events will tell.
    }
}

let wakeUp = null;

/* Tries again at once. */
export function tryNow() {
    wakeUp?.();
}

/* Never ends. */
export async function run() {
    let delay_ms = RETRY_MS;
    for (;;) {
        let failure = null;
        try {
            await follow();
        } catch (error) {
            failure = error;
        }
        const wanted_ms = await diagnose(failure);
        if (live.state === "live")
            delay_ms = RETRY_MS;
        await pause(wanted_ms ?? delay_ms);
        delay_ms = Math.min(delay_ms * 2, RETRY_MAX_MS);
    }
}
