/*
 * format.js - numbers, spans and instants as people read them.
 */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", {
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
});
const compact = new Intl.NumberFormat("en", {
    notation: "compact",
    maximumFractionDigits: 1,
});
const instant = new Intl.DateTimeFormat("en-CA", {
    dateStyle: "short",
    timeStyle: "medium",
    hourCycle: "h23",
});

export function count(n) {
    return whole.format(n);
}

/* "1 task", "2,000 tasks" */
export function counted(n, one, many = `${one}s`) {
    return `${count(n)} ${n === 1 ? one : many}`;
}

/* On the axes of charts. */
export function short(n) {
    return compact.format(n);
}

export function rate(perSecond) {
    return (perSecond < 10 ? tenths : whole).format(perSecond);
}

const UNITS = [
    ["d", 86400000],
    ["h", 3600000],
    ["min", 60000],
];

/* "340 ms", "4.2 s", "3 min 20 s", "2 d 4 h": two units at most. */
export function span(ms) {
    if (ms < 1000)
        return `${Math.max(0, Math.round(ms))} ms`;
    if (ms < 60000)
        return `${tenths.format(Math.floor(ms / 100) / 10)} s`;
    const at = UNITS.findIndex(([, size]) => ms >= size);
    const [unit, size] = UNITS[at];
    const [next, part] = UNITS[at + 1] ?? ["s", 1000];
    const rest = Math.floor((ms % size) / part);
    const first = `${whole.format(Math.floor(ms / size))} ${unit}`;
    return rest > 0 ? `${first} ${rest} ${next}` : first;
}

/* A time of the API as one of this browser's time zone, to the second. */
export function time(text) {
    return instant.format(new Date(text)).replace(",", "");
}

/* An instant as the API writes it, from a field of local time. */
export function asApiTime(local) {
    return new Date(local).toISOString();
}

let server_ahead_ms = 0;

/* Learns the server's clock from a Date header, which is to the second: a
 * difference that could be rounding is none. */
export function learnClock(dateHeader) {
    const ahead_ms = Date.parse(dateHeader) - Date.now();
    if (!Number.isNaN(ahead_ms))
        server_ahead_ms = Math.abs(ahead_ms) < 2000 ? 0 : ahead_ms;
}

/* Now, by the server's clock. */
export function now() {
    return Date.now() + server_ahead_ms;
}

export function since(text) {
    return span(Math.max(0, now() - Date.parse(text)));
}

/* "just now", "12 s ago": to the second, so that it does not flicker. */
export function ago(text) {
    const seconds = Math.floor((now() - Date.parse(text)) / 1000);
    return seconds < 1 ? "just now"
                       : `${span(seconds * 1000).replace(".0 ", " ")} ago`;
}

export function until(text) {
    return span(Math.max(0, Date.parse(text) - now()));
}
