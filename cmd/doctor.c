#include <stdio.h>

#include "adapters/json/json_writer.h"
#include "adapters/system/system_clock.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/wire.h"

#define FINDINGS_MAX 32
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

static void print_finding(const struct globals *globals, const char *check,
                          enum finding_level level, const char *text)
{
    bool const is_coloured = output_is_coloured();
    struct json_writer json = {0};

    if (!globals->is_json) {
        printf("%s%-4s%s  %-18s  %s\n", is_coloured ? level_colours[level] : "",
               level_names[level], is_coloured ? PLAIN : "", check, text);
        return;
    }
    json_begin_object(&json, NULL);
    json_add_string(&json, "check", bytes_of(check));
    json_add_string(&json, "level", bytes_of(level_names[level]));
    json_add_string(&json, "text", bytes_of(text));
    json_end_object(&json);
    output_json(&json);
    json_writer_release(&json);
}

static enum status check(const struct globals *globals, const struct wire *wire,
                         bool *has_bad, struct error *err)
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

    *has_bad = false;
    print_finding(globals, "url", FINDING_OK, wire->url.masked);
    for (size_t i = 0; i < n; i++) {
        print_finding(globals, findings[i].check, findings[i].level,
                      findings[i].text);
        *has_bad = *has_bad || findings[i].level == FINDING_BAD;
    }
    return STATUS_OK;
}

enum exit_code command_doctor(struct invocation *inv)
{
    struct option_set const set = {
        NULL, NULL,
        "Checks the backend and its settings, one line each; exits with 1 if "
        "one is bad, with 3 if it can't be reached."};
    bool has_bad = false;
    struct error err;
    struct wire wire;
    enum exit_code code;

    if (!options_read(inv, &set, NULL, &code))
        return code;
    code = wire_open(&inv->globals, WIRE_HEALTH, &wire);
    if (code != CODE_FINE)
        return code;
    enum status const st = check(&inv->globals, &wire, &has_bad, &err);
    if (st < 0)
        code = wire_fault(&wire, st, &err);
    else if (has_bad)
        code = CODE_FAILED;
    wire_close(&wire);
    return code;
}
