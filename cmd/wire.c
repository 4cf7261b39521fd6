#include "cmd/wire.h"

#include <string.h>

#include "adapters/system/system_random.h"
#include "cmd/library/place.h"
#include "cmd/output.h"

enum exit_code wire_fault(const struct wire *wire, enum status status,
                          const struct error *err)
{
    if (status == STATUS_INVALID) {
        complain("millrace: %s", err->text);
        return CODE_USAGE;
    }
    if (strstr(err->text, wire->url.masked))
        complain("millrace: %s", err->text);
    else
        complain("millrace: %s: %s", wire->url.masked, err->text);
    return CODE_BACKEND;
}

static enum status open_parts(struct wire *w, unsigned parts, struct error *err)
{
    const struct backend_ops *ops = w->backend.ops;
    void *self = w->backend.self;
    enum status st = STATUS_OK;

    if (parts & WIRE_RANDOM)
        st = system_random_open(&w->random, err);
    if (st == STATUS_OK && parts & WIRE_QUEUE)
        st = ops->open_queue(self, &w->queue, err);
    if (st == STATUS_OK && parts & WIRE_ADMIN)
        st = ops->open_admin(self, &w->admin, err);
    if (st == STATUS_OK && parts & WIRE_FLEET)
        st = ops->open_fleet(self, &w->fleet, err);
    if (st == STATUS_OK && parts & WIRE_HEALTH)
        st = ops->open_health(self, &w->health, err);
    if (st == STATUS_OK && parts & WIRE_SCRUB)
        st = ops->open_scrub(self, &w->scrub, err);
    return st;
}

static void check_parts(const struct wire *w, unsigned parts)
{
    if (parts & WIRE_RANDOM)
        random_port_check(w->random);
    if (parts & WIRE_QUEUE)
        queue_port_check(w->queue);
    if (parts & WIRE_ADMIN)
        admin_port_check(w->admin);
    if (parts & WIRE_FLEET)
        fleet_port_check(w->fleet);
    if (parts & WIRE_HEALTH)
        health_port_check(w->health);
    if (parts & WIRE_SCRUB)
        scrub_port_check(w->scrub);
}

enum exit_code wire_url(const struct globals *globals, struct backend_url *out)
{
    struct error err;

    if (place_url(globals->url, out, &err) == STATUS_OK)
        return CODE_FINE;
    complain("millrace: %s", err.text);
    return CODE_BACKEND;
}

enum exit_code wire_open_url(const struct backend_url *url, unsigned parts,
                             struct wire *out)
{
    struct wire wire = {.url = *url};
    struct place place;
    struct error err;

    enum status st = place_open(&wire.url, &place, &err);
    if (st == STATUS_OK) {
        wire.backend = place.backend;
        wire.clock = place.clock;
        st = open_parts(&wire, parts, &err);
    }
    if (st < 0) {
        wire_fault(&wire, st, &err);
        wire_close(&wire);
        return CODE_BACKEND;
    }
    check_parts(&wire, parts);
    *out = wire;
    return CODE_FINE;
}

enum exit_code wire_open(const struct globals *globals, unsigned parts,
                         struct wire *out)
{
    struct backend_url url;
    enum exit_code const code = wire_url(globals, &url);

    return code == CODE_FINE ? wire_open_url(&url, parts, out) : code;
}

void wire_close(struct wire *w)
{
    if (w->scrub.ops)
        scrub_close(w->scrub);
    if (w->health.ops)
        health_close(w->health);
    if (w->fleet.ops)
        fleet_close(w->fleet);
    if (w->admin.ops)
        admin_close(w->admin);
    if (w->queue.ops)
        queue_close(w->queue);
    if (w->random.ops)
        w->random.ops->close(w->random.self);
    if (w->clock.ops)
        w->clock.ops->close(w->clock.self);
    if (w->backend.ops)
        w->backend.ops->close(w->backend.self);
    *w = (struct wire){0};
}
