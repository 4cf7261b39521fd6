#include "cmd/backends.h"

#include <string.h>

#include "adapters/memory/memory_backend.h"
#ifdef MILLRACE_HAVE_REDIS
#include "adapters/redis/redis_backend.h"
#endif
#include "adapters/sqlite/sqlite_backend.h"
#include "domain/bytes.h"

const struct backend_scheme backend_schemes[] = {
    {"memory", "memory", memory_backend_open},
    {"sqlite", "sqlite", sqlite_backend_open},
#ifdef MILLRACE_HAVE_REDIS
    {"redis", "redis", redis_backend_open},
    {"redis", "redis+unix", redis_backend_open},
#endif
    {NULL, NULL, NULL},
};

enum status backend_open(const struct backend_url *url,
                         struct backend_port *out, struct error *err)
{
    for (const struct backend_scheme *s = backend_schemes; s->name; s++) {
        if (strcmp(s->scheme, url->scheme) != 0)
            continue;
        enum status const st = s->open(url, out, err);
        if (st == STATUS_OK)
            backend_port_check(*out);
        return st;
    }
    struct bytes const parts[] = {BYTES("this build has no backend for "),
                                  bytes_of(url->masked)};
    return error_join(err, STATUS_INVALID, "url", parts, 2);
}
