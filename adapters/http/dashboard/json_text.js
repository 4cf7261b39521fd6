/*
 * json_text.js - JSON as it was written, laid out for reading.
 *
 * JSON.parse() would make 12345678901234567890 another number and drop all
 * but the last of two members of one name. A person who looks into a task must
 * see what the producer sent, so its payload is cut from the answer's text and
 * indented token by token. The text is valid JSON: it was parsed before.
 */

/* Where the value, string or number that starts at `at` ends. */
function endOf(text, at) {
    if (text[at] === '"')
        return endOfString(text, at);
    if (text[at] !== "{" && text[at] !== "[")
        return endOfWord(text, at);
    let depth = 0;
    do {
        if (text[at] === '"') {
            at = endOfString(text, at);
            continue;
        }
        if (text[at] === "{" || text[at] === "[")
            depth++;
        else if (text[at] === "}" || text[at] === "]")
            depth--;
        at++;
    } while (depth > 0);
    return at;
}

function endOfString(text, at) {
    for (at++; text[at] !== '"'; at++) {
        if (text[at] === "\\")
            at++;
    }
    return at + 1;
}

function endOfWord(text, at) {
    while (at < text.length && !',:[]{}" \t\r\n'.includes(text[at]))
        at++;
    return at;
}

function skipBlanks(text, at) {
    while (" \t\r\n".includes(text[at] ?? "x"))
        at++;
    return at;
}

/* The members of an object, by name, each as its own text. */
export function rawMembers(text) {
    const members = new Map();
    let at = skipBlanks(text, skipBlanks(text, 0) + 1);
    while (text[at] !== "}") {
        const nameEnd = endOfString(text, at);
        const name = JSON.parse(text.slice(at, nameEnd));
        const start = skipBlanks(text, skipBlanks(text, nameEnd) + 1);
        const end = endOf(text, start);
        members.set(name, text.slice(start, end));
        at = skipBlanks(text, end);
        if (text[at] === ",")
            at = skipBlanks(text, at + 1);
    }
    return members;
}

const INDENT = "  ";

/* The same JSON, one member or element a line. */
export function layOut(text) {
    const out = [];
    let depth = 0;
    const newLine = () => out.push("\n", INDENT.repeat(depth));

    for (let at = skipBlanks(text, 0); at < text.length;
         at = skipBlanks(text, at)) {
        const c = text[at];
        if (c === "{" || c === "[") {
            const next = skipBlanks(text, at + 1);
            if (text[next] === "}" || text[next] === "]") {
                out.push(c, text[next]);
                at = next + 1;
                continue;
            }
            depth++;
            out.push(c);
            newLine();
            at++;
        } else if (c === "}" || c === "]") {
            depth--;
            newLine();
            out.push(c);
            at++;
        } else if (c === ",") {
            out.push(c);
            newLine();
            at++;
        } else if (c === ":") {
            out.push(": ");
            at++;
        } else {
            const end = c === '"' ? endOfString(text, at) : endOfWord(text, at);
            out.push(text.slice(at, end));
            at = end;
        }
    }
    return out.join("");
}
