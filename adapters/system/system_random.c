/*
 * The buffer is a page that the kernel wipes in a forked child: there, left
 * reads as 0, and the child fetches bits of its own. Two processes that went
 * on with one buffer would make the same task ids.
 */
#include "adapters/system/system_random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>

enum { BUFFERED = 1024 / sizeof(uint64_t) };

struct system_random {
    size_t left; /* of buffer, counted from its start */
    uint64_t buffer[BUFFERED];
};

static void refill(struct system_random *r)
{
    char *at = (char *)r->buffer;
    size_t missing = sizeof(r->buffer);

    while (missing > 0) {
        ssize_t const got = getrandom(at, missing, 0);
        /* A kernel too old for it, or a sandbox that forbids it: ids would
         * clash and there is no way to go on. */
        if (got < 0 && errno != EINTR)
            abort();
        if (got > 0) { /* perhaps a part, if a signal came */
            at += got;
            missing -= (size_t)got;
        }
    }
    r->left = BUFFERED;
}

static uint64_t system_random_bits(void *self)
{
    struct system_random *r = self;

    if (r->left == 0)
        refill(r);
    return r->buffer[--r->left];
}

static void system_random_close(void *self)
{
    munmap(self, sizeof(struct system_random));
}

static const struct random_ops system_random_ops = {
    .name = "system",
    .bits = system_random_bits,
    .close = system_random_close,
};

enum status system_random_open(struct random_port *out, struct error *err)
{
    struct system_random *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (r == MAP_FAILED)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "system: no room for random bits");
    if (madvise(r, sizeof(*r), MADV_WIPEONFORK) != 0) {
        munmap(r, sizeof(*r));
        return error_set(err, STATUS_REFUSED, NULL,
                         "system: this kernel can't keep random bits from a "
                         "forked child (Linux 4.14 can)");
    }
    *out = (struct random_port){&system_random_ops, r};
    return STATUS_OK;
}
