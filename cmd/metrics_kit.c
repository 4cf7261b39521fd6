#include "cmd/metrics_kit.h"

static enum status render(void *self, struct bytes *text, struct error *err)
{
    return metrics_page_render(self, text, err);
}

static enum status open_gauges(struct metrics_kit *kit, const struct wire *wire,
                               struct error *err)
{
    const struct backend_ops *ops = wire->backend.ops;
    enum status st = ops->open_admin(wire->backend.self, &kit->admin, err);

    if (st == STATUS_OK)
        st = ops->open_fleet(wire->backend.self, &kit->fleet, err);
    if (st < 0)
        return st;
    admin_port_check(kit->admin);
    fleet_port_check(kit->fleet);
    struct gauges_config const config = {.admin = kit->admin,
                                         .fleet = kit->fleet,
                                         .clock = wire->clock,
                                         .registry = kit->registry};
    return gauges_open(&config, &kit->gauges, err);
}

enum status metrics_kit_open(struct metrics_kit *kit, const struct wire *wire,
                             struct error *err)
{
    enum status st = registry_open(&kit->registry, err);

    if (st == STATUS_OK)
        st = open_gauges(kit, wire, err);
    if (st < 0) {
        metrics_kit_close(kit);
        return st;
    }
    kit->page = (struct metrics_page){.version = MILLRACE_VERSION,
                                      .registry = kit->registry,
                                      .gauges = kit->gauges};
    kit->http = (struct http_page){.render = render,
                                   .self = &kit->page,
                                   .content_type = EXPOSITION_TYPE,
                                   .mutex = PTHREAD_MUTEX_INITIALIZER};
    return STATUS_OK;
}

struct http_route metrics_kit_route(struct metrics_kit *kit)
{
    return (struct http_route){.method = "GET",
                               .pattern = "/metrics",
                               .place = HTTP_AT_DESK,
                               .handle = http_page_handle,
                               .context = &kit->http};
}

void metrics_kit_close(struct metrics_kit *kit)
{
    exposition_release(&kit->page.text);
    gauges_close(kit->gauges);
    if (kit->fleet.ops)
        fleet_close(kit->fleet);
    if (kit->admin.ops)
        admin_close(kit->admin);
    registry_close(kit->registry);
    *kit = (struct metrics_kit){0};
}
