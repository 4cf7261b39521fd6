#include "usecase/metrics_pair.h"

static void pair_attempt_settled(void *self,
                                 const struct attempt_report *report)
{
    struct metrics_pair *pair = self;

    metrics_attempt_settled(pair->first, report);
    metrics_attempt_settled(pair->second, report);
}

static void pair_backend_failed(void *self, const char *op, enum status status,
                                const struct error *err)
{
    struct metrics_pair *pair = self;

    metrics_backend_failed(pair->first, op, status, err);
    metrics_backend_failed(pair->second, op, status, err);
}

static void pair_backend_recovered(void *self)
{
    struct metrics_pair *pair = self;

    metrics_backend_recovered(pair->first);
    metrics_backend_recovered(pair->second);
}

static void pair_store_examined(void *self, const struct store_report *report)
{
    struct metrics_pair *pair = self;

    metrics_store_examined(pair->first, report);
    metrics_store_examined(pair->second, report);
}

static void pair_close(void *self)
{
    struct metrics_pair *pair = self;

    metrics_close(pair->second);
    metrics_close(pair->first);
}

static const struct metrics_ops pair_ops = {
    .name = "pair",
    .attempt_settled = pair_attempt_settled,
    .backend_failed = pair_backend_failed,
    .backend_recovered = pair_backend_recovered,
    .store_examined = pair_store_examined,
    .close = pair_close,
};

void metrics_pair_open(struct metrics_pair *pair, struct metrics_port first,
                       struct metrics_port second, struct metrics_port *out)
{
    metrics_port_check(first);
    metrics_port_check(second);
    *pair = (struct metrics_pair){first, second};
    *out = (struct metrics_port){&pair_ops, pair};
}
