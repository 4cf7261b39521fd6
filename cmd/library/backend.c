/*
 * backend.c - clients over backends of others.
 */
#include "cmd/library/client.h"
#include "cmd/library/guarded_queue.h"
#include "cmd/library/millrace-backend.h"
#include "domain/text.h"

static enum mr_code refuse_abi(unsigned abi, struct mr_error *err)
{
    char line[120];
    struct text t = text_in(line, sizeof(line));

    text_add(&t, "the backend was built for ABI ");
    text_add_int(&t, abi);
    text_add(&t, ", this libmillrace has ");
    text_add_int(&t, MR_BACKEND_ABI);
    text_add(&t, ": build it anew");
    return refuse(err, MR_ABI_MISMATCH, "abi", line);
}

static enum status guard(void *context, struct queue_port inner,
                         struct queue_port *out, struct error *err)
{
    (void)context;
    return guarded_queue_open(inner, out, err);
}

static enum status open_clock(struct place *place, struct error *err)
{
    struct backend_port const backend = place->backend;
    enum status const st =
        backend.ops->open_clock(backend.self, &place->clock, err);

    if (st < 0)
        return st;
    if (st > 0 || !is_table_whole(place->clock.ops, sizeof(struct clock_ops)))
        return contract_broken(err, backend.ops->name,
                               "its clock has no operations");
    return STATUS_OK;
}

/* The backend is the caller's until all is well. */
static enum mr_code make_client(struct place *place, const char *url,
                                struct mr_client **out, struct mr_error *err)
{
    struct home *home = home_new(place);
    if (!home)
        return refuse(err, MR_NO_MEMORY, NULL, "no memory for a client");

    home->wrap = guard;
    enum mr_code const code = client_new(home, url, out, err);
    if (code != MR_OK)
        home->place = (struct place){0};
    home_let_go(home);
    return code;
}

enum mr_code mr_client_open_backend(const struct backend_port *backend,
                                    unsigned abi, const char *url,
                                    struct mr_client **out,
                                    struct mr_error *err)
{
    struct place place = {0};
    struct error why;

    if (!backend || !url || !out)
        return refuse(err, MR_MISUSE, NULL, "backend, url or out is NULL");
    if (abi != MR_BACKEND_ABI)
        return refuse_abi(abi, err);
    if (!is_table_whole(backend->ops, sizeof(*backend->ops)))
        return refuse(err, MR_CONTRACT, "backend",
                      "the backend lacks an operation, or its name");

    place.backend = *backend;
    enum status const st = open_clock(&place, &why);
    if (st < 0)
        return failure(err, st, &why);
    enum mr_code const code = make_client(&place, url, out, err);
    if (code != MR_OK)
        place.clock.ops->close(place.clock.self);
    return code;
}
