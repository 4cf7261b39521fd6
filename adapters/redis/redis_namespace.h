/*
 * redis_namespace.h - what simulations do to a namespace as a whole.
 *
 * No port offers this: it is for whoever plays with a namespace of his own
 * and wants to pass its time, or to leave nothing behind.
 */
#ifndef ADAPTERS_REDIS_REDIS_NAMESPACE_H
#define ADAPTERS_REDIS_REDIS_NAMESPACE_H

#include "domain/error.h"
#include "usecase/backend_url.h"

/* Makes every lease in url's namespace older by ms, as if so much time had
 * passed since it began. */
MUST_USE enum status redis_namespace_age(const struct backend_url *url,
                                         int64_t ms, struct error *err);

/* Removes every key of url's namespace. Looks through the keys of the whole
 * database, in pages. */
MUST_USE enum status redis_namespace_remove(const struct backend_url *url,
                                            struct error *err);

#endif
