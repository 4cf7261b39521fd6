#include "cmd/sim/sim_report.h"

#include "usecase/backend_url.h"
#include "usecase/backend_url_mask.h"

#define TRIES 3000 /* runs to shrink a plan in */

enum status sim_report(const struct sim_config *config, const char *url,
                       struct sim_plan *plan, struct sim_result *result,
                       FILE *out, struct error *err)
{
    struct sim_config traced = *config;
    size_t const steps = plan->count;
    char shown[BACKEND_URL_MAX + 1];
    struct text text = text_in(shown, sizeof(shown));

    backend_url_mask(bytes_of(url), &text);
    fprintf(out,
            "seed %llu fails after step %zu: %s\nmillrace sim --seed %llu "
            "--steps %zu --backend %s",
            (unsigned long long)config->seed, result->at, result->complaint,
            (unsigned long long)config->seed, steps, shown);
    if (config->workers > 0)
        fprintf(out, " --workers %zu", config->workers);
    fputc('\n', out);

    enum status st = sim_shrink(config, TRIES, plan, result, err);
    if (st < 0)
        return st;
    fprintf(out, "%zu of its %zu steps are enough:\n", plan->count, steps);
    traced.trace = out;
    st = sim_run(&traced, plan, result, err);
    if (st == STATUS_OK)
        fprintf(out, "%s\n", result->complaint);
    return st;
}
