/*
 * browser.js - Chromium by playwright-core, for tests in another language.
 *
 * Reads requests from standard input, one JSON object a line: {on, call, with}
 * calls a method of an object, or takes what it has of that name. The answer
 * is a line {value}, {handle} where it is an object to go on with, or {error}.
 * Object 0 is there from the start.
 */
import process from "node:process";
import readline from "node:readline";
import { chromium } from "playwright-core";

const PATIENCE_MS = 60000;

const browser = await chromium.launch({
    executablePath: process.argv[2],
    // It shows our own page only, and as root it has no sandbox anyway.
    chromiumSandbox: false,
});

const problems = [];

const root = {
    /* A page with a session of its own. */
    async open(options) {
        const context = await browser.newContext(options);
        context.setDefaultTimeout(PATIENCE_MS);
        const page = await context.newPage();
        page.on("pageerror", (error) => problems.push(error.message));
        page.on("dialog", (dialog) => {
            problems.push(`dialog: ${dialog.message()}`);
            dialog.dismiss();
        });
        page.on("console", (message) => {
            // An answer of 4xx or 5xx is not the page's mistake.
            if (message.type() === "error" &&
                !message.text().startsWith("Failed to load resource"))
                problems.push(message.text());
        });
        return page;
    },

    /* What went wrong in pages since it was last asked. */
    problems: () => problems.splice(0),
};

const objects = [root];

function isPlain(value) {
    return typeof value !== "object" || value === null ||
        Array.isArray(value) ||
        Object.getPrototypeOf(value) === Object.prototype;
}

async function answer({ on, call, with: args }) {
    const member = objects[on][call];
    const value = typeof member === "function"
        ? await member.apply(objects[on], args)
        : member;
    if (Buffer.isBuffer(value))
        return {};
    return isPlain(value) ? { value } : { handle: objects.push(value) - 1 };
}

for await (const line of readline.createInterface({ input: process.stdin })) {
    let reply;
    try {
        reply = await answer(JSON.parse(line));
    } catch (error) {
        reply = { error: error.message };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
}
await browser.close();
