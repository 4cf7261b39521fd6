#include "adapters/prometheus/histogram.h"

#include <assert.h>
#include <stdatomic.h>

#define LABELS_MAX 2

static const int64_t bounds_ms[BUCKETS] = {
    1,    5,     10,    50,    100,    500,     1000,
    5000, 10000, 30000, 60000, 300000, 1800000, 7200000,
};

void histogram_observe(struct histogram *h, int64_t ms)
{
    size_t i = 0;

    if (ms < 0)
        ms = 0;
    while (i < BUCKETS && ms > bounds_ms[i])
        i++;
    atomic_fetch_add_explicit(&h->counts[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->sum_ms, (uint64_t)ms, memory_order_relaxed);
}

bool histogram_is_empty(const struct histogram *h)
{
    for (size_t i = 0; i <= BUCKETS; i++)
        if (atomic_load_explicit(&h->counts[i], memory_order_relaxed) > 0)
            return false;
    return true;
}

void histogram_write(const struct histogram *h, const char *name,
                     struct labels labels, struct exposition *x)
{
    struct label list[LABELS_MAX + 1];
    struct labels const with_le = {list, labels.count + 1};
    uint64_t count = 0;
    assert(labels.count <= LABELS_MAX);

    memcpy(list, labels.list, labels.count * sizeof(list[0]));
    for (size_t i = 0; i <= BUCKETS; i++) {
        char bound[32] = "+Inf";
        if (i < BUCKETS)
            seconds_text((uint64_t)bounds_ms[i], bound);
        list[labels.count] = (struct label){"le", bound};
        count += atomic_load_explicit(&h->counts[i], memory_order_relaxed);
        exposition_add(x, name, "_bucket", with_le, count);
    }
    exposition_add_ms(x, name, "_sum", labels,
                      atomic_load_explicit(&h->sum_ms, memory_order_relaxed));
    exposition_add(x, name, "_count", labels, count);
}
