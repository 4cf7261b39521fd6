#include "adapters/sqlite/sqlite_health.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "adapters/sqlite/sqlite_schema.h"
#include "domain/text.h"

#define MIB INT64_C(1048576)

/* A whole file is checked only up to this size: it is read once. */
#define CHECK_ALL_MAX (64 * MIB)
#define LOG_WARN (256 * MIB)
#define SPACE_WARN (512 * MIB)
#define SPACE_BAD (32 * MIB)

struct sqlite_health {
    struct store *store;
    struct connection reader;
};

/* The findings under way. */
struct report {
    struct sqlite_health *health;
    struct finding *out;
    size_t max;
    size_t count;
};

/* Adds a finding whose text is the parts joined; n is left out if < 0. */
static void add(struct report *r, const char *check, enum finding_level level,
                const char *before, int64_t n, const char *after)
{
    if (r->count == r->max)
        return;
    struct finding *f = &r->out[r->count++];
    struct text t = text_in(f->text, sizeof(f->text));

    f->check = check;
    f->level = level;
    text_add_printable(&t, bytes_of(before));
    if (n >= 0)
        text_add_int(&t, n);
    text_add_printable(&t, bytes_of(after));
}

static enum status check_schema(struct report *r, struct error *err)
{
    int64_t version;
    enum status const st = schema_version(&r->health->reader, &version, err);

    if (st == STATUS_OK)
        add(r, "schema", version == SCHEMA_VERSION ? FINDING_OK : FINDING_BAD,
            "version ", version,
            version == SCHEMA_VERSION ? "" : ", which is not this program's");
    return st;
}

static enum status check_sync(struct report *r, struct error *err)
{
    int64_t is_wal = 0;
    enum status const st = connection_number(
        &r->health->reader,
        "SELECT journal_mode = 'wal' FROM pragma_journal_mode", &is_wal, err);
    if (st < 0)
        return st;

    if (is_wal)
        add(r, "journal", FINDING_OK, "WAL mode", -1, "");
    else
        add(r, "journal", FINDING_BAD,
            "not in WAL mode any more: another program has changed it", -1, "");
    if (r->health->store->sync == SYNC_FULL)
        add(r, "sync", FINDING_OK, "full: survives a power cut", -1, "");
    else
        add(r, "sync", FINDING_WARN,
            "normal: a power cut may lose the latest tasks; sync=full does "
            "not",
            -1, "");
    return STATUS_OK;
}

static enum status check_integrity(struct report *r, struct error *err)
{
    struct connection *c = &r->health->reader;
    int64_t bytes = 0, is_sound = 0;

    enum status st =
        connection_number(c,
                          "SELECT page_count * page_size"
                          " FROM pragma_page_count, pragma_page_size",
                          &bytes, err);
    if (st < 0)
        return st;
    bool const is_all = bytes <= CHECK_ALL_MAX;
    st = connection_number(
        c,
        is_all ? "SELECT quick_check = 'ok' FROM pragma_quick_check"
               : "SELECT quick_check = 'ok'"
                 " FROM pragma_quick_check('millrace_queues')",
        &is_sound, err);
    if (st < 0 && st != STATUS_CORRUPT)
        return st;
    if (st == STATUS_CORRUPT || !is_sound)
        add(r, "integrity", FINDING_BAD,
            "the file is damaged: restore it, or see sqlite3's .recover", -1,
            "");
    else
        add(r, "integrity", FINDING_OK,
            is_all ? "sound, " : "too large to check whole, ", bytes / MIB,
            " MiB");
    return STATUS_OK;
}

/* The log grows as long as somebody reads without an end. */
static void check_log(struct report *r)
{
    char path[BACKEND_PATH_SIZE + 8];
    struct text t = text_in(path, sizeof(path));
    struct stat info = {0};

    text_add(&t, r->health->store->path);
    text_add(&t, "-wal");
    if (stat(path, &info) < 0)
        info.st_size = 0;
    bool const is_long = info.st_size > LOG_WARN;
    add(r, "log", is_long ? FINDING_WARN : FINDING_OK, "", info.st_size / MIB,
        is_long ? " MiB: some program keeps a read transaction open" : " MiB");
}

static void check_space(struct report *r)
{
    struct statvfs info;

    if (statvfs(r->health->store->path, &info) < 0) {
        add(r, "disk space", FINDING_WARN, "is not known", -1, "");
        return;
    }
    int64_t const free_bytes = (int64_t)(info.f_bavail * info.f_frsize);
    enum finding_level const level = free_bytes < SPACE_BAD    ? FINDING_BAD
                                     : free_bytes < SPACE_WARN ? FINDING_WARN
                                                               : FINDING_OK;
    add(r, "disk space", level, "", free_bytes / MIB,
        level == FINDING_OK ? " MiB free"
                            : " MiB free: make room, or nothing can be stored");
}

static enum status sqlite_health_check(void *self, int64_t local_now_ms,
                                       size_t max, struct finding *out,
                                       size_t *count, struct error *err)
{
    struct report r = {.health = self, .out = out, .max = max};
    (void)local_now_ms; /* it is this machine's clock that is used */

    add(&r, "file", FINDING_OK, r.health->store->path, -1, "");
    add(&r, "library", FINDING_OK, "SQLite ", -1, sqlite3_libversion());
    enum status st = check_schema(&r, err);
    if (st == STATUS_OK)
        st = check_sync(&r, err);
    if (st == STATUS_OK)
        st = check_integrity(&r, err);
    if (st < 0)
        return st;
    check_log(&r);
    check_space(&r);
    *count = r.count;
    return STATUS_OK;
}

static void sqlite_health_close(void *self)
{
    struct sqlite_health *h = self;

    if (!h)
        return;
    connection_close(&h->reader);
    free(h);
}

static const struct health_ops sqlite_health_ops = {
    .name = "sqlite",
    .check = sqlite_health_check,
    .close = sqlite_health_close,
};

enum status sqlite_health_open(struct store *s, struct health_port *out,
                               struct error *err)
{
    struct sqlite_health *h = calloc(1, sizeof(*h));
    if (!h)
        return error_set(err, STATUS_NO_MEMORY, NULL, "sqlite: out of memory");

    h->store = s;
    enum status const st = store_open_reader(s, &h->reader, err);
    if (st < 0) {
        sqlite_health_close(h);
        return st;
    }
    *out = (struct health_port){.ops = &sqlite_health_ops, .self = h};
    return STATUS_OK;
}
