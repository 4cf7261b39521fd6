#include <string.h>

#include "cmd/bench/bench.h"

static const char *const phase_names[BENCH_PHASES] = {
    [BENCH_ENQUEUE] = "enqueue", [BENCH_DRAIN] = "drain",
    [BENCH_E2E] = "e2e",         [BENCH_LATENCY] = "latency",
    [BENCH_DELAYED] = "delayed",
};

const char *bench_phase_name(enum bench_phase phase)
{
    return phase_names[phase];
}

bool bench_phase_from(const char *name, enum bench_phase *out)
{
    for (size_t i = 0; i < BENCH_PHASES; i++) {
        if (strcmp(name, phase_names[i]) != 0)
            continue;
        *out = (enum bench_phase)i;
        return true;
    }
    return false;
}
