#include "adapters/memory/pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void pages_populate(void *at, size_t size)
{
#ifdef MADV_POPULATE_WRITE /* Linux 5.14 */
    size_t const page = (size_t)sysconf(_SC_PAGESIZE);
    size_t const before = -(uintptr_t)at % page;

    if (size >= before + page)
        madvise((char *)at + before, (size - before) / page * page,
                MADV_POPULATE_WRITE);
#else
    (void)at;
    (void)size;
#endif
}
