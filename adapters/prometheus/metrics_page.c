#include "adapters/prometheus/metrics_page.h"

enum status metrics_page_render(struct metrics_page *page, struct bytes *text,
                                struct error *err)
{
    struct exposition *x = &page->text;
    struct label const version = {"version", page->version};

    exposition_reset(x);
    exposition_family(x, "millrace_build_info", "gauge",
                      "Always 1; the label tells the version.");
    exposition_add(x, "millrace_build_info", "", (struct labels){&version, 1},
                   1);
    registry_write(page->registry, x);
    gauges_write(page->gauges, x);
    if (!exposition_text(x, text))
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "prometheus: no memory for the page");
    return STATUS_OK;
}
