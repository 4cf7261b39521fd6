#include "usecase/handler.h"

#include <assert.h>

#include "domain/duration.h"
#include "domain/json_text.h"
#include "domain/text.h"

#define CATCH_ALL "*"

const struct handler *handlers_find(const struct handlers *handlers,
                                    struct bytes type)
{
    const struct handler *any = NULL;

    for (size_t i = 0; i < handlers->count; i++) {
        const struct handler *h = &handlers->table[i];
        if (bytes_is(type, h->type))
            return h;
        if (!any && strcmp(h->type, CATCH_ALL) == 0)
            any = h;
    }
    return any;
}

struct outcome handler_missing(struct bytes type, struct arena *mem)
{
    struct outcome outcome = {.kind = OUTCOME_RETRY, .after_ms = -1};
    size_t const size = sizeof("no handler for type ") + type.len;
    char *at = arena_alloc(mem, size);

    if (!at) {
        outcome.error = BYTES("no handler for this type");
        return outcome;
    }
    struct text line = text_in(at, size);
    text_add(&line, "no handler for type ");
    text_add_bytes(&line, type);
    outcome.error = (struct bytes){line.at, line.len};
    return outcome;
}

static struct outcome reject(const char *why, struct arena *mem)
{
    struct outcome outcome = {.kind = OUTCOME_REJECT};

    if (!arena_copy(mem, bytes_of(why), &outcome.error))
        outcome.error = BYTES("the result can't be kept");
    return outcome;
}

static struct outcome result_too_large(size_t len, size_t limit,
                                       struct arena *mem)
{
    char room[80];
    struct text line = text_in(room, sizeof(room));

    text_add(&line, "result too large: ");
    text_add_int(&line, (int64_t)len);
    text_add(&line, " bytes, limit ");
    text_add_int(&line, (int64_t)limit);
    return reject(line.at, mem);
}

static struct outcome checked(struct outcome outcome, struct arena *mem)
{
    struct error err;

    if (!outcome.result.at)
        return outcome;
    bool const is_string = outcome.result.len > 0 && *outcome.result.at == '"';
    size_t const limit = is_string ? RESULT_JSON_MAX : RESULT_MAX;
    if (outcome.result.len > limit)
        return result_too_large(outcome.result.len, limit, mem);
    if (json_text_check(outcome.result, PAYLOAD_DEPTH_MAX, "result", &err) < 0)
        return reject(err.text, mem);
    return outcome;
}

/* The end of b, at most max bytes; never starts inside a UTF-8 character. */
static struct bytes tail(struct bytes b, size_t max)
{
    if (b.len <= max)
        return b;
    b.at += b.len - max;
    b.len = max;
    while (b.len > 0 && (b.at[0] & 0xC0) == 0x80) {
        b.at++;
        b.len--;
    }
    return b;
}

static bool is_failure(enum outcome_kind kind)
{
    return kind == OUTCOME_RETRY || kind == OUTCOME_REJECT;
}

struct outcome handlers_run(const struct handlers *handlers,
                            const struct handler_call *call)
{
    struct bytes const type = call->lease->task.type;
    const struct handler *h = handlers_find(handlers, type);

    if (!h)
        return handler_missing(type, call->mem);

    struct outcome outcome = h->run(call, h->context);
    assert(outcome.kind != OUTCOME_CRASH && outcome.kind != OUTCOME_EXPIRE);

    if (is_failure(outcome.kind) && call->is_cancelled(call))
        return (struct outcome){.kind = OUTCOME_RELEASE};
    if (outcome.kind == OUTCOME_DONE)
        return checked(outcome, call->mem);
    outcome.error = tail(outcome.error, ERROR_TAIL_MAX);
    return outcome;
}

struct outcome handler_timed_out(struct outcome outcome,
                                 const struct task *task, struct arena *mem)
{
    char room[80];
    struct text line = text_in(room, sizeof(room));

    if (outcome.kind != OUTCOME_RELEASE)
        return outcome;
    outcome = (struct outcome){.kind = OUTCOME_RETRY, .after_ms = -1};
    text_add(&line, "timed out after ");
    duration_add(&line, task->timeout_ms);
    if (!arena_copy(mem, (struct bytes){line.at, line.len}, &outcome.error))
        outcome.error = BYTES("timed out");
    return outcome;
}
