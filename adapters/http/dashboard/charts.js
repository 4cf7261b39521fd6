/*
 * charts.js - what the statistics were over the last minutes, drawn by
 * Chart.js.
 *
 * Rates are differences of the counters between two events, over the time
 * between them. What came before the page was opened is not known to it, and a
 * lost connection leaves a gap.
 */
import { el, setText } from "./dom.js";
import { count, rate, short, span } from "./format.js";

const WINDOW_MS = 300000;
const WINDOW_MIN_MS = 60000; // until there is more to show
const STEP_MS = 500; // of what comes sooner, no rate could be told
const GAP_MS = 5000; // no line across a longer silence

const perSecondText = (n) => `${rate(n)} /s`;

/* One per chart: its lines, by name, as functions of two samples one after the
 * other, how a value reads, and the axis: at least up to `least`. The colour
 * of a line is that of a state. */
const specs = [
    {
        title: "Throughput",
        what: "tasks done per second",
        lines: [
            {
                name: "done",
                state: "done",
                value: (was, is, s) => perSecond(was.done, is.done, s),
            },
        ],
        say: perSecondText,
        axis: short,
        least: 1,
    },
    {
        title: "Failures",
        what: "failed attempts per second",
        lines: [
            {
                name: "failed",
                state: "dead",
                value: (was, is, s) => perSecond(was.failed, is.failed, s),
            },
        ],
        say: perSecondText,
        axis: short,
        least: 1,
    },
    {
        title: "Latency",
        what: "age of the oldest ready task",
        lines: [
            {
                name: "oldest",
                state: "scheduled",
                value: (was, is) => is.oldest_ready_ms ?? 0,
            },
        ],
        say: span,
        axis: (ms) => span(ms).replace(".0 ", " "),
        least: 1000,
    },
    {
        title: "Backlog",
        what: "ready tasks, and those being run",
        lines: [
            { name: "ready", state: "ready", value: (was, is) => is.ready },
            { name: "active", state: "active", value: (was, is) => is.active },
        ],
        say: count,
        axis: short,
        least: 10,
    },
];

const samples = []; // {at, rows: Map of queue to row}
const charts = [];
let scope = "";

function perSecond(was, is, seconds) {
    return Math.max(0, is - was) / seconds; // less: the queue was made anew
}

const SUMMED = ["ready", "active", "done", "failed"];

/* The row of the chosen queue, or the sum of all. */
function scoped(sample) {
    const sum = { oldest_ready_ms: null };
    for (const name of SUMMED)
        sum[name] = 0;
    const chosen = scope === "" ? sample.rows.values()
                                : [sample.rows.get(scope)];
    for (const row of chosen) {
        if (row === undefined)
            continue;
        for (const name of SUMMED)
            sum[name] += row[name];
        if (row.oldest_ready_ms !== null)
            sum.oldest_ready_ms = Math.max(
                sum.oldest_ready_ms ?? 0,
                row.oldest_ready_ms,
            );
    }
    return sum;
}

/* The points of every line of a chart. */
function pointsOf(spec, rows) {
    return spec.lines.map(({ value }) =>
        rows.slice(1).map((is, i) => {
            const was = rows[i];
            const gap_ms = is.at - was.at;
            const y = gap_ms > GAP_MS
                ? null
                : value(was.row, is.row, gap_ms / 1000);
            return { x: is.at, y };
        }),
    );
}

function figureOf(spec) {
    const now = el("strong", { class: "now" }, "–");
    const canvas = el("canvas", { role: "img" });
    const keys = spec.lines.map(({ state }) =>
        el("i", { class: `key ${state}`, "aria-hidden": "true" }),
    );
    const figure = el("figure", { class: "card chart" },
        el("figcaption", {},
            el("span", { class: "title" }, ...keys, spec.title),
            now,
            el("span", { class: "note" }, spec.what)),
        el("div", { class: "plot" }, canvas));
    return { spec, figure, now, canvas, keys };
}

function colourOf(element) {
    return getComputedStyle(element).color;
}

/* How long ago, on the axis of time. */
function agoLabel(ms) {
    return ms === 0 ? "now" : `−${span(ms)}`.replace(".0 ", " ");
}

/* Where the axis of time is labelled: some whole number of half minutes. */
function ticksOf({ min, max }) {
    const step = Math.floor((max - min) / 2 / 30000) * 30000;
    return [2 * step, step, 0].map((ago) => ({ value: max - ago }));
}

function optionsOf({ spec }) {
    return {
        animation: false,
        responsive: true,
        maintainAspectRatio: false,
        normalized: true,
        parsing: false,
        interaction: { mode: "index", intersect: false },
        scales: {
            x: {
                type: "linear",
                grid: { display: false },
                ticks: {
                    maxRotation: 0,
                    font: { size: 11 },
                    callback(value) {
                        return agoLabel(this.max - value);
                    },
                },
                afterBuildTicks: (axis) => {
                    axis.ticks = ticksOf(axis);
                },
            },
            y: {
                beginAtZero: true,
                suggestedMax: spec.least,
                border: { display: false },
                ticks: {
                    maxTicksLimit: 4,
                    font: { size: 11 },
                    callback: (value) => spec.axis(value),
                },
            },
        },
        plugins: {
            legend: { display: false },
            tooltip: {
                callbacks: {
                    title: ([item]) => new Date(item.parsed.x)
                        .toLocaleTimeString("en-GB"),
                    label: (item) =>
                        `${item.dataset.label}: ${spec.say(item.parsed.y)}`,
                },
            },
        },
    };
}

/* Takes the colours of the theme from the elements around the canvas. */
function paint(chart) {
    const { plot, keys, figure } = chart;
    const note = colourOf(figure.querySelector(".note"));
    const grid = getComputedStyle(figure).borderTopColor;

    keys.forEach((key, i) => {
        const colour = colourOf(key);
        Object.assign(plot.data.datasets[i], {
            borderColor: colour,
            backgroundColor: colour.replace("rgb(", "rgba(")
                .replace(")", ", 0.12)"),
        });
    });
    for (const scale of Object.values(plot.options.scales))
        scale.ticks.color = note;
    plot.options.scales.y.grid = { color: grid };
}

/* Puts the charts into parent. */
export function chartsBegin(parent) {
    for (const spec of specs) {
        const chart = figureOf(spec);
        parent.append(chart.figure);
        chart.plot = new window.Chart(chart.canvas, {
            type: "line",
            data: {
                datasets: spec.lines.map(({ name }, i) => ({
                    data: [],
                    label: name,
                    borderWidth: 1.5,
                    pointRadius: 0,
                    pointHitRadius: 8,
                    fill: i === 0,
                })),
            },
            options: optionsOf(chart),
        });
        charts.push(chart);
        paint(chart);
    }
}

export function chartsRepaint() {
    for (const chart of charts) {
        paint(chart);
        chart.plot.update();
    }
}

export function chartsTake(queues) {
    const at = Date.now();
    if (samples.length > 0 && at - samples.at(-1).at < STEP_MS)
        return;
    samples.push({ at, rows: new Map(queues.map((row) => [row.queue, row])) });
    while (samples[0].at < at - WINDOW_MS)
        samples.shift();
}

export function chartsScope(queue) {
    scope = queue;
    chartsDraw();
}

function mostOf(points) {
    return points.reduce((most, { y }) => Math.max(most, y ?? 0), 0);
}

/* Draws what is known; cheap enough for once a second. */
export function chartsDraw() {
    if (samples.length === 0)
        return;
    const rows = samples.map((sample) => ({
        at: sample.at,
        row: scoped(sample),
    }));
    const latest = rows.at(-1).at;
    const window_ms = Math.max(latest - rows[0].at, WINDOW_MIN_MS);
    for (const { spec, plot, now, canvas } of charts) {
        const lines = pointsOf(spec, rows);
        lines.forEach((points, i) => {
            plot.data.datasets[i].data = points;
        });
        plot.options.scales.x.min = latest - window_ms;
        plot.options.scales.x.max = latest;
        plot.update();

        const values = lines.map((points) => points.at(-1)?.y ?? null);
        const text = values.includes(null)
            ? "–" : values.map(spec.say).join(" · ");
        setText(now, text);
        canvas.setAttribute("aria-label",
            `${spec.title}, ${spec.what}: ${text} now, ` +
            `${lines.map(mostOf).map(spec.say).join(" · ")} at most`);
    }
}
