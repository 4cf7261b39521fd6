/*
 * metrics_page.h - the whole page: what this process is, what it has counted,
 * and what the backend holds.
 */
#ifndef ADAPTERS_PROMETHEUS_METRICS_PAGE_H
#define ADAPTERS_PROMETHEUS_METRICS_PAGE_H

#include "adapters/prometheus/gauges.h"

struct metrics_page {
    const char *version;       /* of the program */
    struct registry *registry; /* both are the caller's */
    struct gauges *gauges;
    struct exposition text; /* of the latest page; zeroed at first */
};

/* Makes the page; *text lives until the next call. One thread at a time. The
 * only fault is STATUS_NO_MEMORY: what the backend does not tell is left
 * out. */
MUST_USE enum status metrics_page_render(struct metrics_page *page,
                                         struct bytes *text, struct error *err);

#endif
