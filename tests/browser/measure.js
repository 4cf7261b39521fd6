/*
 * measure.js - how long a click on the dashboard takes to be answered.
 *
 * measure.js URL: goes through the page of a running `millrace serve`, whose
 * store should hold a lot, dead tasks among it. Prints for each click the
 * milliseconds until what was asked for has been painted, the median and the
 * longest of TIMES.
 */
import process from "node:process";
import { chromium } from "playwright-core";

const TIMES = 7;

const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    chromiumSandbox: false,
});
const page = await browser.newPage();

/* Clicks and waits inside the page, so that no round trip is measured. An
 * answer is there when text() differs from before and nothing is loading. */
function clickAndWait([selector, watched]) {
    const text = () => [...document.querySelectorAll(watched)]
        .map((element) => element.textContent).join("\n");
    const isBusy = () => document.querySelector("[aria-busy]") !== null;
    const before = text();
    return new Promise((resolve) => {
        const began = performance.now();
        const look = () => {
            if (text() !== before && !isBusy())
                // After the frame that shows it.
                requestAnimationFrame(() => setTimeout(() =>
                    resolve(performance.now() - began)));
            else
                setTimeout(look, 1);
        };
        document.querySelector(selector).click();
        look();
    });
}

const results = new Map();

async function measure(name, selector, watched) {
    const took = await page.evaluate(clickAndWait, [selector, watched]);
    results.set(name, [...(results.get(name) ?? []), took]);
}

async function go(hash, ready) {
    await page.goto(`${process.argv[2]}${hash}`);
    await page.locator(ready).first().waitFor();
}

const ROWS = "#task-rows tbody tr .mono";
const visible = "section:not([hidden])";
const nav = (view) => `nav [data-view=${view}]`;

for (let i = 0; i < TIMES; i++) {
    await go("", "#link[data-state=live]");
    await page.locator("#queues tbody tr").first().waitFor();
    await measure("view: tasks", nav("tasks"), `${visible} ${ROWS}`);
    for (const state of ["ready", "dead", "scheduled"]) {
        await page.evaluate((to) => {
            document.querySelector("#task-filter [name=state]").value = to;
        }, state);
        await measure(`tasks: ${state}`, "#task-filter button", ROWS);
    }
    await measure("tasks: next page", "#tasks-next", ROWS);
    await measure("tasks: back", "#tasks-back", ROWS);
    await page.evaluate(() => {
        document.querySelector("#task-filter [name=type]").value = "no.such";
    });
    await measure("tasks: a type that none has", "#task-filter button",
        "#tasks-empty, #task-rows tbody");
    await page.evaluate(() => {
        document.querySelector("#task-filter [name=type]").value = "";
    });
    await measure("tasks: any type", "#task-filter button", ROWS);
    await measure("task: open", "#task-rows .mono", "#task-body dl");
    await page.keyboard.press("Escape");
    await measure("view: dead letters", nav("dead"),
        `#dead:not([hidden]) .group .many`);
    await measure("dead: look at more", "#dead-more", "#dead-place");
    await measure("dead: open a group", "#dead-groups summary",
        ".dead-list .mono");
    await measure("dead: requeue all?", "#requeue-all", "#confirm-title");
    await page.keyboard.press("Escape");
    await measure("view: overview", nav("overview"),
        "#overview:not([hidden]) #queues tbody th");
}
await browser.close();

for (const [name, took] of results) {
    took.sort((a, b) => a - b);
    const median = took[Math.floor(took.length / 2)].toFixed(0);
    const most = took.at(-1).toFixed(0);
    console.log(`${name.padEnd(30)} ${median.padStart(5)} ms` +
        `, at most ${most.padStart(5)} ms`);
}
