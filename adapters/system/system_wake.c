#include "adapters/system/system_wake.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum status system_wake_open(struct wake *out, struct error *err)
{
    int const fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    if (fd < 0) {
        struct bytes const parts[] = {BYTES("system: no eventfd: "),
                                      bytes_of(strerror(errno))};
        return error_join(err, STATUS_UNAVAILABLE, NULL, parts, 2);
    }
    *out = (struct wake){fd};
    return STATUS_OK;
}

void system_wake_signal(struct wake wake)
{
    int const saved = errno;
    uint64_t const one = 1;

    /* It fails only where the counter is at its top: readable as it is. */
    ssize_t const ignored = write(wake.fd, &one, sizeof(one));
    (void)ignored;
    errno = saved;
}

bool system_wake_drain(struct wake wake)
{
    uint64_t count;

    return read(wake.fd, &count, sizeof(count)) == (ssize_t)sizeof(count);
}

void system_wake_close(struct wake *wake)
{
    if (wake->fd >= 0)
        close(wake->fd);
    *wake = WAKE_NEVER;
}
