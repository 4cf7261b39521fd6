#include <stdio.h>
#include <string.h>

#include "adapters/json/json_writer.h"
#include "adapters/system/system_clock.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/wire.h"
#include "domain/text.h"

#define FINDINGS_MAX 32
#define TEXT_SIZE 700
#define KEY_FIX 0x100
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define GREEN "\033[32m"
#define PLAIN "\033[0m"

static const char *const level_names[] = {
    [FINDING_OK] = "ok",
    [FINDING_WARN] = "warn",
    [FINDING_BAD] = "bad",
};

static const char *const level_colours[] = {
    [FINDING_OK] = GREEN,
    [FINDING_WARN] = YELLOW,
    [FINDING_BAD] = RED,
};

static const struct argp_option options[] = {
    {"fix", KEY_FIX, NULL, 0, "repair what can be repaired without risk", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    bool *is_fix = state->input;
    (void)arg;

    if (key != KEY_FIX)
        return ARGP_ERR_UNKNOWN;
    *is_fix = true;
    return 0;
}

/* What one line says. */
struct row {
    const char *check;
    enum finding_level level;
    const char *text;
    int64_t found; /* flaws */
    int64_t fixed; /* of them */
    bool is_fixable;
};

static void print_row(const struct globals *globals, const struct row *row)
{
    bool const is_coloured = output_is_coloured();
    struct json_writer json = {0};

    if (!globals->is_json) {
        printf("%s%-4s%s  %-18s  %s\n",
               is_coloured ? level_colours[row->level] : "",
               level_names[row->level], is_coloured ? PLAIN : "", row->check,
               row->text);
        return;
    }
    json_begin_object(&json, NULL);
    json_add_string(&json, "check", bytes_of(row->check));
    json_add_string(&json, "level", bytes_of(level_names[row->level]));
    json_add_string(&json, "text", bytes_of(row->text));
    json_add_int(&json, "found", row->found);
    json_add_bool(&json, "fixable", row->is_fixable);
    json_add_int(&json, "fixed", row->fixed);
    json_end_object(&json);
    output_json(&json);
    json_writer_release(&json);
}

static enum status check_health(const struct globals *globals,
                                const struct wire *wire, bool *has_bad,
                                struct error *err)
{
    struct finding findings[FINDINGS_MAX];
    struct clock_port local;
    size_t n;

    system_clock_open(&local);
    enum status const st = health_check(wire->health, clock_now_ms(local),
                                        FINDINGS_MAX, findings, &n, err);
    local.ops->close(local.self);
    if (st < 0)
        return st;

    struct row const url = {"url", FINDING_OK, wire->url.masked, 0, 0, false};
    print_row(globals, &url);
    for (size_t i = 0; i < n; i++) {
        const struct finding *f = &findings[i];
        struct row const row = {
            f->check, f->level, f->text, f->level != FINDING_OK, 0, false};
        print_row(globals, &row);
        *has_bad = *has_bad || f->level == FINDING_BAD;
    }
    return STATUS_OK;
}

/* What a walk has come to, for one check. */
struct tally {
    int64_t found;
    int64_t fixed;
    struct scrub_flaw example; /* the first one */
};

static enum status take_flaw(const struct wire *wire, bool is_fix,
                             int64_t now_ms, const struct scrub_flaw *flaw,
                             struct tally *t, struct error *err)
{
    enum status st = STATUS_OK;
    bool const is_tried = is_fix && wire->scrub.ops->checks[flaw->check].remedy;

    if (is_tried)
        st = scrub_repair(wire->scrub, now_ms, flaw, err);
    if (st != STATUS_OK) /* it is well by now, or a fault */
        return st < 0 ? st : STATUS_OK;
    if (t->found++ == 0)
        t->example = *flaw;
    t->fixed += is_tried;
    return STATUS_OK;
}

static enum status walk(const struct wire *wire, bool is_fix,
                        struct tally tallies[SCRUB_CHECKS_MAX],
                        struct error *err)
{
    struct scrub_flaw flaws[SCRUB_PAGE_MAX];
    struct scrub_cursor cursor = {.text = ""};
    size_t n = 0;

    do {
        int64_t const now_ms = clock_now_ms(wire->clock);
        enum status st =
            scrub_examine(wire->scrub, now_ms, &cursor, flaws, &n, err);
        for (size_t i = 0; i < n && st == STATUS_OK; i++)
            st = take_flaw(wire, is_fix, now_ms, &flaws[i],
                           &tallies[flaws[i].check], err);
        if (st != STATUS_OK)
            return st;
    } while (cursor.text[0]);
    return STATUS_OK;
}

static void write_tally(const struct scrub_check *check, const struct tally *t,
                        bool is_fix, struct text *text)
{
    struct bytes const subject = {t->example.subject, t->example.subject_len};

    if (t->found == 0) {
        text_add(text, "none");
        return;
    }
    text_add_int(text, t->found);
    text_add(text, " ");
    if (t->fixed > 0) {
        text_add(text, "repaired (");
        text_add(text, check->remedy);
        text_add(text, "): ");
    }
    text_add(text, check->text);
    text_add(text, "; e.g. ");
    text_add_printable(text, subject);
    if (t->example.queue[0]) {
        text_add(text, " in ");
        text_add_printable(text, bytes_of(t->example.queue));
    }
    if (check->remedy && !is_fix) {
        text_add(text, " (with doctor --fix: ");
        text_add(text, check->remedy);
        text_add(text, ")");
    }
}

static enum status check_store(const struct globals *globals,
                               const struct wire *wire, bool is_fix,
                               bool *has_bad, struct error *err)
{
    struct tally tallies[SCRUB_CHECKS_MAX] = {{.found = 0}};
    enum status const st = walk(wire, is_fix, tallies, err);
    if (st < 0)
        return st;

    const struct scrub_check *check = wire->scrub.ops->checks;
    for (const struct tally *t = tallies; check->name; check++, t++) {
        char buffer[TEXT_SIZE];
        struct text text = text_in(buffer, sizeof(buffer));
        bool const is_well = t->found == t->fixed;

        write_tally(check, t, is_fix, &text);
        struct row const row = {
            check->name, is_well ? FINDING_OK : check->level,
            buffer,      t->found,
            t->fixed,    check->remedy != NULL};
        print_row(globals, &row);
        *has_bad = *has_bad || row.level == FINDING_BAD;
    }
    return STATUS_OK;
}

enum exit_code command_doctor(struct invocation *inv)
{
    struct option_set const set = {
        options, parse,
        "Checks the backend, its settings and what is stored, one line each; "
        "exits with 1 if one is bad, with 3 if it can't be reached.\v"
        "What is stored is read in pages and may be used meanwhile. --fix "
        "never loses a task, and runs none again that is known to be done: "
        "a task without a place waits again or becomes ready, what leads to no "
        "task is removed, and what lies among tasks and can't be read becomes "
        "a dead letter. Each flaw is looked at again in the instant "
        "of its repair. What --fix can't repair is left as it is, and said; "
        "if all is well then, doctor exits with 0. With --json, found and "
        "fixed count flaws, and fixable says whether --fix repairs them."};
    bool is_fix = false;
    bool has_bad = false;
    struct error err;
    struct wire wire;
    enum exit_code code;

    if (!options_read(inv, &set, &is_fix, &code))
        return code;
    code = wire_open(&inv->globals, WIRE_HEALTH | WIRE_SCRUB, &wire);
    if (code != CODE_FINE)
        return code;
    enum status st = check_health(&inv->globals, &wire, &has_bad, &err);
    if (st == STATUS_OK)
        st = check_store(&inv->globals, &wire, is_fix, &has_bad, &err);
    if (st < 0)
        code = wire_fault(&wire, st, &err);
    else if (has_bad)
        code = CODE_FAILED;
    wire_close(&wire);
    return code;
}
