/*
 * dashboard.js - the page: its views, its theme and what it says about the
 * connection.
 */
import { chartsRepaint } from "./charts.js";
import { deadBegin, deadOpen } from "./dead.js";
import { byId, setText } from "./dom.js";
import { count } from "./format.js";
import { on, run, tryNow } from "./live.js";
import { overviewBegin, overviewOpen } from "./overview.js";
import { taskDialogBegin } from "./task_dialog.js";
import { tasksBegin, tasksOpen } from "./tasks.js";

const views = {
    overview: { title: "Overview", open: overviewOpen },
    tasks: { title: "Tasks", open: tasksOpen },
    dead: { title: "Dead letters", open: deadOpen },
};

/* Shows the view that the address names, `#/VIEW?FIELDS`. */
function route() {
    const [path, query] = location.hash.slice(2).split("?", 2);
    const name = Object.hasOwn(views, path) ? path : "overview";

    for (const view of Object.keys(views))
        byId(view).hidden = view !== name;
    for (const link of document.querySelectorAll("nav a")) {
        if (link.dataset.view === name)
            link.setAttribute("aria-current", "page");
        else
            link.removeAttribute("aria-current");
    }
    document.title = `${views[name].title} · Millrace`;
    views[name].open(new URLSearchParams(query));
}

const THEMES = ["auto", "light", "dark"];
const THEME = "millrace-theme";

function showTheme(theme) {
    document.documentElement.dataset.theme = theme;
    setText(byId("theme"), `Theme: ${theme}`);
    chartsRepaint();
}

function themeBegin() {
    const kept = localStorage.getItem(THEME);
    let theme = THEMES.includes(kept) ? kept : "auto";

    showTheme(theme);
    byId("theme").addEventListener("click", () => {
        theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
        localStorage.setItem(THEME, theme);
        showTheme(theme);
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change",
        chartsRepaint);
}

const CONNECTION = {
    connecting: { short: "Connecting" },
    live: { short: "Live" },
    backend: { short: "Backend down", long: "The backend is down." },
    server: { short: "No connection", long: "The server is out of reach." },
    locked: { short: "Locked", long: "This server wants a token." },
};

function showConnection({ state, why }) {
    const { short, long } = CONNECTION[state];
    byId("link").dataset.state = state;
    setText(byId("link-text"), short);
    byId("outage").hidden = long === undefined;
    document.body.classList.toggle("stale", long !== undefined);
    setText(byId("outage-title"), long ?? "");
    setText(byId("outage-text"), state === "locked" ? ""
        : `${why} What you see is from before. Trying again…`);
    byId("unlock").hidden = state !== "locked";
}

function showDeadCount({ queues }) {
    const dead = queues.reduce((total, row) => total + row.dead, 0);
    byId("dead-badge").hidden = dead === 0;
    setText(byId("dead-badge"), count(dead));
}

function dialogsBegin() {
    for (const button of document.querySelectorAll("[data-close]"))
        button.addEventListener("click", () =>
            button.closest("dialog").close());
    // A click beside the sheet closes it, as Esc does.
    byId("task-dialog").addEventListener("click", (event) => {
        if (event.target === event.currentTarget)
            event.currentTarget.close();
    });
    byId("unlock").addEventListener("click", tryNow);
    // The skip link must not change the view, which the address names.
    document.querySelector(".skip").addEventListener("click", (event) => {
        event.preventDefault();
        byId("main").focus();
    });
}

overviewBegin();
tasksBegin();
deadBegin();
taskDialogBegin();
dialogsBegin();
themeBegin();
on("state", showConnection);
on("sample", showDeadCount);
window.addEventListener("hashchange", route);
route();
run();
