/*
 * dom.js - builds and updates what is on the page.
 *
 * What a task holds was written by others. It only gets here as a child of
 * el() or through setText(), which make text nodes of it; nothing on this
 * page is ever parsed as HTML.
 */

export function byId(id) {
    return document.getElementById(id);
}

/* An element with attributes, listeners (onclick: a function) and children
 * (elements, or anything else as text; null and false are left out). */
export function el(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (typeof value === "function")
            element.addEventListener(name.slice(2), value);
        else if (value !== null && value !== false)
            element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...asNodes(children));
    return element;
}

function asNodes(children) {
    return children
        .filter((child) => child !== null && child !== false)
        .map((child) => (child instanceof Node ? child : String(child)));
}

export function setChildren(element, ...children) {
    element.replaceChildren(...asNodes(children));
}

/* Leaves the page alone where nothing changes: what is selected stays so. */
export function setText(element, text) {
    if (element.textContent !== String(text))
        element.textContent = text;
}

/* Makes parent hold one element per item, in order. Elements are kept by key,
 * so that focus and open details outlive an update. create(item) makes one,
 * update(element, item) fills it. */
export function syncChildren(parent, items, key, create, update) {
    const old = new Map();
    for (const child of parent.children)
        old.set(child.dataset.key, child);

    let at = parent.firstElementChild;
    for (const item of items) {
        const name = String(key(item));
        let element = old.get(name);
        if (element === undefined) {
            element = create(item);
            element.dataset.key = name;
        }
        old.delete(name);
        update(element, item);
        if (element === at)
            at = at.nextElementSibling;
        else
            parent.insertBefore(element, at);
    }
    for (const element of old.values())
        element.remove();
}

/* A cell that names its column where a narrow screen hides the head. */
export function cell(label, attributes = {}, ...children) {
    return el("td", { "data-label": label, ...attributes }, ...children);
}

/* Offers names in a select behind its first option, keeping what is chosen
 * even when it is no longer, or not yet, among them. */
export function offerNames(select, names) {
    const chosen = select.value;
    const wanted = names.includes(chosen) || chosen === ""
        ? names
        : [...names, chosen];
    const offered = [...select.options].slice(1).map((o) => o.value);
    if (offered.join("\n") === wanted.join("\n"))
        return;
    select.replaceChildren(
        select.options[0],
        ...wanted.map((name) => el("option", { value: name }, name)),
    );
    select.value = chosen;
}

/* Opens a dialog; the answer is what it was closed with, "" by Escape. The
 * event of closing comes late, perhaps when the dialog is open again: it then
 * belongs to one who has been answered already. */
export function answerOf(dialog) {
    dialog.dispatchEvent(new Event("reopen"));
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
        const settle = (answer) => {
            dialog.removeEventListener("close", onClose);
            resolve(answer);
        };
        const onClose = () => {
            if (!dialog.open)
                settle(dialog.returnValue);
        };
        dialog.addEventListener("close", onClose);
        dialog.addEventListener("reopen", () => settle(""), { once: true });
    });
}

const TOAST_MS = 8000;

/* Says what became of an action, for eyes and screen readers. */
export function toast(text, isBad = false) {
    const line = el("p", { class: isBad ? "toast bad" : "toast" }, text);
    byId("toasts").append(line);
    setTimeout(() => line.remove(), TOAST_MS);
}
