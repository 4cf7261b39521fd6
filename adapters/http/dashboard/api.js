/*
 * api.js - asks the server, with the token if it wants one.
 *
 * The token lives in sessionStorage: it is gone with the tab. Whoever asks
 * without one, or with a wrong one, waits here until the user has entered
 * another; all who wait share one dialog.
 */
import { answerOf, byId, setText } from "./dom.js";
import { learnClock } from "./format.js";

const TOKEN = "millrace-token";
const TOKEN_FORM = /^[!-~]+$/; // others are none, and don't go into a header
const PATIENCE_MS = 15000;

/* What went wrong, in words. status 0: no answer at all. */
export class ApiError extends Error {
    constructor(status, message, retry_ms = null) {
        super(message);
        this.status = status;
        this.retry_ms = retry_ms;
    }
}

/* The token was asked for and not given. */
export class Locked extends Error {}

let asking = null;

async function askForToken(refused) {
    const field = byId("token");

    setText(
        byId("token-wrong"),
        refused === null ? "" : "The server refused this token.",
    );
    field.value = "";
    if (await answerOf(byId("token-dialog")) !== "yes")
        throw new Locked("This page needs the token.");
    sessionStorage.setItem(TOKEN, field.value);
    field.value = "";
}

async function betterToken(refused) {
    if (sessionStorage.getItem(TOKEN) !== refused)
        return; // another request has got it meanwhile
    asking ??= askForToken(refused).finally(() => {
        asking = null;
    });
    await asking;
}

async function failure(response) {
    let message = response.statusText || `status ${response.status}`;
    try {
        message = (await response.json()).error.message;
    } catch {
        // Not ours: something between us and the server answered.
    }
    const seconds = Number(response.headers.get("Retry-After"));
    return new ApiError(
        response.status,
        message,
        seconds > 0 ? seconds * 1000 : null,
    );
}

/* The response to a request that went well; everything else is an ApiError,
 * Locked, or the reason that signal was aborted for. */
export async function ask(method, path, { body, signal } = {}) {
    for (;;) {
        const token = sessionStorage.getItem(TOKEN);
        if (token !== null && !TOKEN_FORM.test(token)) {
            await betterToken(token);
            continue;
        }
        const headers = {};
        if (token !== null)
            headers.Authorization = `Bearer ${token}`;
        if (method !== "GET")
            headers["Content-Type"] = "application/json";

        let response;
        try {
            response = await fetch(path, {
                method,
                headers,
                body: method === "GET" ? undefined : JSON.stringify(body ?? {}),
                cache: "no-store",
                credentials: "omit",
                redirect: "error",
                signal,
            });
        } catch (error) {
            signal?.throwIfAborted();
            throw new ApiError(0, "The server does not answer.");
        }
        learnClock(response.headers.get("Date"));
        if (response.ok)
            return response;
        if (response.status !== 401)
            throw await failure(response);
        await betterToken(token);
    }
}

async function text(method, path, options = {}) {
    const limits = [AbortSignal.timeout(PATIENCE_MS)];
    if (options.signal)
        limits.push(options.signal);
    const signal = AbortSignal.any(limits);
    try {
        const response = await ask(method, path, { ...options, signal });
        return await response.text();
    } catch (error) {
        if (error instanceof ApiError || error instanceof Locked)
            throw error;
        options.signal?.throwIfAborted();
        throw new ApiError(0, "The server did not answer in time.");
    }
}

const BASE = "/api/v1";

/* The path with those of the fields that are set as its query. */
export function pathOf(path, fields = {}) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(fields)) {
        if (value !== "" && value !== null && value !== undefined)
            query.set(name, value);
    }
    const tail = query.toString();
    return BASE + path + (tail ? `?${tail}` : "");
}

export function getText(path, fields, signal) {
    return text("GET", pathOf(path, fields), { signal });
}

export async function get(path, fields, signal) {
    return JSON.parse(await getText(path, fields, signal));
}

export async function send(method, path, { fields, body } = {}) {
    const answer = await text(method, pathOf(path, fields), { body });
    return answer === "" ? null : JSON.parse(answer);
}
