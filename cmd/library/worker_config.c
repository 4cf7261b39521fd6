#include "cmd/library/worker_config.h"

#include "cmd/library/spec.h"

static enum status read_plan(const struct mr_worker_config *from,
                             struct queue_plan *out, struct error *err)
{
    if (from->queues && from->strict)
        return error_set(err, STATUS_INVALID, "strict",
                         "strict: not together with queues");
    if (from->queues)
        return queue_plan_parse_weighted(bytes_of(from->queues), out, err);
    if (!from->strict) {
        *out = (struct queue_plan){.kind = PLAN_EVERY};
        return STATUS_OK;
    }
    enum status const st =
        queue_plan_parse_strict(bytes_of(from->strict), out, err);
    if (st < 0)
        err->field = "strict";
    return st;
}

static enum status read_name(const char *name, char out[WORKER_NAME_MAX + 1],
                             struct error *err)
{
    if (!name)
        return engine_make_name(out, err);
    if (!plain_name_is_valid(bytes_of(name)))
        return error_bad_text(err, "name", "name", bytes_of(name),
                              "must match [A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    memcpy(out, name, strlen(name) + 1);
    return STATUS_OK;
}

static enum status read_numbers(const struct mr_worker_config *from,
                                struct engine_config *out, struct error *err)
{
    int64_t const concurrency =
        from->concurrency ? from->concurrency : ENGINE_CONCURRENCY;
    int64_t const lease_ms = from->lease_ms ? from->lease_ms : DEFAULT_LEASE_MS;
    int64_t const shutdown_ms =
        from->shutdown_ms ? from->shutdown_ms : ENGINE_SHUTDOWN_MS;

    if (concurrency < 1 || concurrency > CONCURRENCY_MAX)
        return error_out_of_range(err, "concurrency", concurrency, 1,
                                  CONCURRENCY_MAX);
    if (lease_ms < LEASE_MIN_MS || lease_ms > DURATION_MAX_MS)
        return error_out_of_range(err, "lease_ms", lease_ms, LEASE_MIN_MS,
                                  DURATION_MAX_MS);
    if (shutdown_ms < MR_NONE || shutdown_ms > DURATION_MAX_MS)
        return error_out_of_range(err, "shutdown_ms", shutdown_ms, MR_NONE,
                                  DURATION_MAX_MS);
    out->concurrency = (size_t)concurrency;
    out->lease_ms = lease_ms;
    out->shutdown_ms = shutdown_ms == MR_NONE ? 0 : shutdown_ms;
    out->is_draining = from->is_draining;
    return STATUS_OK;
}

enum status worker_config_read(const struct mr_worker_config *from,
                               struct engine_config *out, struct error *err)
{
    *out = (struct engine_config){0};
    enum status st =
        reserve_check(from->reserved,
                      sizeof(from->reserved) / sizeof(from->reserved[0]), err);

    if (st == STATUS_OK)
        st = read_plan(from, &out->plan, err);
    if (st == STATUS_OK)
        st = read_name(from->name, out->name, err);
    if (st == STATUS_OK)
        st = read_numbers(from, out, err);
    return st;
}
