/*
 * Any text as a cursor of the memory backend is refused as one, or a list goes
 * on from there: it gives valid tasks, none twice, and ends.
 */
#include "adapters/memory/memory_backend.h"

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/list_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct list_walk walk;

    if (!walk.backend.ops) {
        struct backend_url const url = {.scheme = "memory"};
        struct backend_port backend;
        struct error err;
        assert(memory_backend_open(&url, &backend, &err) == STATUS_OK);
        list_walk_init(&walk, backend);
    }
    list_walk_hold(&walk, input_of(data, size));
    return 0;
}
