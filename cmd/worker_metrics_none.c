/*
 * worker_metrics_none.c - worker --metrics in a build without HTTP.
 */
#include <assert.h>

#include "cmd/options.h"
#include "cmd/worker_metrics.h"

error_t worker_metrics_read(const char *text, struct listen *out)
{
    (void)text;
    (void)out;

    return option_wrong("--metrics",
                        "not in this build, which has no HTTP server");
}

enum status worker_metrics_open(const struct listen *listen,
                                const struct wire *wire, const struct log *log,
                                struct metrics_port *metrics,
                                struct worker_metrics **out, struct error *err)
{
    (void)listen;
    (void)wire;
    (void)log;
    (void)metrics;
    (void)out;

    return error_set(err, STATUS_INVALID, "--metrics", "no HTTP server");
}

void worker_metrics_tend(struct worker_metrics *m)
{
    assert(!m); /* none was ever opened */
}

bool worker_metrics_close(struct worker_metrics *m)
{
    assert(!m);
    return true;
}
