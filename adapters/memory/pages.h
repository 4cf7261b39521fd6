/*
 * pages.h - memory that is asked for all at once.
 *
 * What malloc() gives that is fresh has no memory behind it yet: each page of
 * 4 KiB is asked for by a fault of its own when it is first touched. That was
 * a third of the time that a flood of tasks took to store.
 */
#ifndef ADAPTERS_MEMORY_PAGES_H
#define ADAPTERS_MEMORY_PAGES_H

#include <stddef.h>

/* Has the kernel put memory behind all whole pages of the size bytes at `at`,
 * which are about to be used and keep what they hold. Where it can't, it will
 * do so page by page. */
void pages_populate(void *at, size_t size);

#endif
