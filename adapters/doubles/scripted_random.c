#include "adapters/doubles/scripted_random.h"

#include <stdlib.h>

struct scripted_random {
    uint64_t state; /* of the stream */
    size_t next;    /* of values[count] */
    size_t count;
    uint64_t values[];
};

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t scripted_random_bits(void *self)
{
    struct scripted_random *r = self;

    if (r->next < r->count)
        return r->values[r->next++];
    return splitmix64(&r->state);
}

static void scripted_random_close(void *self)
{
    free(self);
}

static const struct random_ops scripted_random_ops = {
    .name = "scripted",
    .bits = scripted_random_bits,
    .close = scripted_random_close,
};

enum status scripted_random_open(const uint64_t *values, size_t n,
                                 uint64_t seed, struct random_port *out,
                                 struct error *err)
{
    struct scripted_random *r = malloc(sizeof(*r) + n * sizeof(values[0]));

    if (!r)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "scripted random: no room for the script");
    *r = (struct scripted_random){.state = seed, .count = n};
    for (size_t i = 0; i < n; i++)
        r->values[i] = values[i];
    *out = (struct random_port){&scripted_random_ops, r};
    return STATUS_OK;
}
