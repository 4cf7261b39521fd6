/*
 * http_enqueue.c - reads what a producer sends: one task or an array of them.
 *
 * All are checked here, so that one bad task spoils its own request and not
 * the batch that it would have gone with.
 */
#include <stdlib.h>

#include "adapters/http/http_api_parts.h"
#include "adapters/http/http_writer.h"
#include "adapters/json/task_json.h"
#include "domain/text.h"

#define SMALL_BODY ((size_t)64 * 1024) /* read by the server's own thread */
#define ELEMENT_MIN 2 /* bytes of an array: a digit and a comma */

/* Room for the tasks of a body and for what of it must be decoded: one block,
 * whose start is the batch. */
static struct http_batch *batch_new(const struct http_exchange *x,
                                    bool is_array, size_t *max,
                                    struct arena *mem)
{
    size_t const most = is_array ? x->body_len / ELEMENT_MIN + 1 : 1;
    size_t const count = most < BATCH_MAX ? most : BATCH_MAX;
    size_t const specs = count * sizeof(struct task_spec);
    struct http_batch *batch = malloc(sizeof(*batch) + specs + x->body_len + 1);

    if (!batch)
        return NULL;
    *batch = (struct http_batch){
        .is_array = is_array,
        .specs = (struct task_spec *)(void *)(batch + 1),
    };
    *max = count;
    *mem = (struct arena){.base = (char *)(batch + 1) + specs,
                          .size = x->body_len + 1};
    return batch;
}
_Static_assert(sizeof(struct http_batch) % _Alignof(struct task_spec) == 0,
               "specs may follow the batch");

static enum status read_task(struct bytes text, struct arena *mem,
                             struct task_spec *out, struct error *err)
{
    enum status const st = task_json_decode(text, mem, out, err);

    return st < 0 ? st : task_spec_validate(out, err);
}

/* Says which one of an array it is. */
static enum status at_index(size_t i, enum status st, struct error *err)
{
    struct error const inner = *err;
    char number[24];
    struct text t = text_in(number, sizeof(number));

    text_add_int(&t, (int64_t)i);
    struct bytes const parts[] = {BYTES("task "), bytes_of(number), BYTES(": "),
                                  bytes_of(inner.text)};
    return error_join(err, st, inner.field, parts, 4);
}

static enum status read_array(struct bytes body, struct http_batch *batch,
                              size_t max, struct arena *mem, struct error *err)
{
    struct json_walk walk;
    struct bytes element;
    enum status st = json_walk_array(body, "body", &walk, err);

    while (st == STATUS_OK) {
        st = json_walk_element(&walk, &element, err);
        if (st != STATUS_OK)
            break;
        if (batch->count == max)
            return error_set(err, STATUS_INVALID, "body",
                             "body too large: more than 1000 tasks");
        st = batch->count < max
                 ? read_task(element, mem, &batch->specs[batch->count], err)
                 : json_refuse(err, "type", "is missing");
        if (st < 0)
            return at_index(batch->count, st, err);
        batch->count++;
    }
    if (st < 0)
        return st;
    return batch->count > 0 ? STATUS_OK
                            : json_refuse(err, "body", "has no task");
}

/* The header is the same as the member "key". */
static enum status take_key(const struct http_exchange *x, struct task *task,
                            struct error *err)
{
    struct bytes const key = http_header_value(x, "Idempotency-Key");

    if (!key.at)
        return STATUS_OK;
    if (task->key.at && !bytes_equal(task->key, key))
        return error_set(err, STATUS_INVALID, "key",
                         "Idempotency-Key: differs from the task's key");
    task->key = key;
    return STATUS_OK;
}

static enum status read_single(const struct http_exchange *x, struct bytes body,
                               struct http_batch *batch, struct arena *mem,
                               struct error *err)
{
    struct task_spec *spec = &batch->specs[0];
    enum status st = task_json_decode(body, mem, spec, err);

    if (st == STATUS_OK)
        st = take_key(x, &spec->task, err);
    batch->count = 1;
    return st < 0 ? st : task_spec_validate(spec, err);
}

static enum status read_batch(struct http_exchange *x, struct error *err)
{
    struct bytes const body = {x->body ? x->body : "", x->body_len};
    bool const is_array = json_is_array(body);
    struct arena mem;
    size_t max;
    struct http_batch *batch = batch_new(x, is_array, &max, &mem);

    if (!batch)
        return error_set(err, STATUS_NO_MEMORY, NULL, "http: no memory");
    x->own = batch;
    if (!is_array)
        return read_single(x, body, batch, &mem, err);
    if (http_header_value(x, "Idempotency-Key").at)
        return error_set(err, STATUS_INVALID, "key",
                         "Idempotency-Key: only with a single task");
    return read_array(body, batch, max, &mem, err);
}

static void read_and_submit(void *context, struct http_exchange *x)
{
    struct http_api *api = context;
    struct error err;
    enum status const st = read_batch(x, &err);

    if (st == STATUS_OK) {
        http_writer_submit(api->writer, x);
        return;
    }
    http_fault(x, st, &err);
    http_send(x);
}

void http_enqueue_post(void *context, struct http_exchange *x)
{
    if (x->body_len > SMALL_BODY)
        http_at_desk(x, read_and_submit);
    else
        read_and_submit(context, x);
}
