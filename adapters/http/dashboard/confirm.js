/*
 * confirm.js - asks before something is done to tasks.
 */
import { answerOf, byId, setText } from "./dom.js";

/* Asks; the answer is whether to go on. question: {title, text, yes, isDanger}.
 * learn, if any, is an async function that is called with a way to change the
 * question, and a signal that is aborted once it is answered. */
export async function confirmed(question, learn = null) {
    const dialog = byId("confirm");
    const yes = byId("confirm-yes");
    const show = ({ title, text, yes: label, isDanger = false }) => {
        setText(byId("confirm-title"), title);
        setText(byId("confirm-text"), text);
        setText(yes, label);
        yes.className = isDanger ? "danger" : "primary";
    };
    const answered = new AbortController();

    show(question);
    const answer = answerOf(dialog);
    learn?.(show, answered.signal).catch((error) => {
        if (!answered.signal.aborted)
            setText(byId("confirm-text"), error.message);
    });
    const isYes = await answer === "yes";
    answered.abort();
    return isYes;
}
