/*
 * listing.h - prints a list of tasks, page after page, up to a limit.
 */
#ifndef CMD_LISTING_H
#define CMD_LISTING_H

#include "cmd/options.h"
#include "usecase/admin_port.h"

#define LISTING_LIMIT 100
#define LISTING_LIMIT_MAX 1000000

struct listing {
    struct task_filter filter;
    const char *cursor; /* "" for the start */
    int64_t limit;
};

/* Prints them, and where the list goes on. */
enum exit_code listing_print(const struct invocation *inv,
                             const struct listing *listing);

#endif
