#include "cmd/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "adapters/system/system_random.h"
#include "cmd/backends.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "domain/text.h"

#define PATH_SIZE 900 /* escaped threefold it may be too long for a URL */
#define DEFAULT_FILE "/millrace/millrace.db"

enum exit_code wire_fault(const struct wire *wire, enum status status,
                          const struct error *err)
{
    if (status == STATUS_INVALID) {
        complain("millrace: %s", err->text);
        return CODE_USAGE;
    }
    if (strstr(err->text, wire->url.masked))
        complain("millrace: %s", err->text);
    else
        complain("millrace: %s: %s", wire->url.masked, err->text);
    return CODE_BACKEND;
}

/* Makes the folders in which path's file lies, for this user only. */
static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool const is_there = mkdir(path, 0700) == 0 || errno == EEXIST;
        int const why = errno;
        if (!is_there) {
            complain("millrace: sqlite: can't make the folder %s: %s", path,
                     strerror(why));
            return false;
        }
        *slash = '/';
    }
    return true;
}

/* Adds path with what means something in a URL percent-encoded. */
static void add_escaped(struct text *url, const char *path)
{
    static const char hex[] = "0123456789ABCDEF";

    for (; *path; path++) {
        unsigned char const c = (unsigned char)*path;
        if (c > ' ' && c < 0x7f && !strchr("%?#&", c)) {
            text_add_bytes(url, (struct bytes){path, 1});
            continue;
        }
        char const code[] = {'%', hex[c >> 4], hex[c & 15]};
        text_add_bytes(url, (struct bytes){code, sizeof(code)});
    }
}

bool wire_file_url(const char *path, char *out, size_t size)
{
    struct text url = text_in(out, size);

    text_add(&url, "sqlite:");
    add_escaped(&url, path);
    return !url.is_cut;
}

/* The file in the user's state folder (XDG Base Directory Specification),
 * with the folders made. */
static bool default_url(char *out, size_t size)
{
    const char *state = environment("XDG_STATE_HOME");
    const char *home = environment("HOME");
    char buffer[PATH_SIZE];
    struct text path = text_in(buffer, sizeof(buffer));

    if (state && *state == '/') {
        text_add(&path, state);
    } else if (home && *home == '/') {
        text_add(&path, home);
        text_add(&path, "/.local/state");
    } else {
        complain("millrace: no --url, no MILLRACE_URL, and no HOME to put an "
                 "SQLite file in");
        return false;
    }
    text_add(&path, DEFAULT_FILE);
    if (path.is_cut || !wire_file_url(buffer, out, size)) {
        complain("millrace: the path of the state folder is too long");
        return false;
    }
    return make_folders(buffer);
}

static enum status open_parts(struct wire *w, unsigned parts, struct error *err)
{
    const struct backend_ops *ops = w->backend.ops;
    void *self = w->backend.self;
    enum status st = ops->open_clock(self, &w->clock, err);

    if (st == STATUS_OK && parts & WIRE_RANDOM)
        st = system_random_open(&w->random, err);
    if (st == STATUS_OK && parts & WIRE_QUEUE)
        st = ops->open_queue(self, &w->queue, err);
    if (st == STATUS_OK && parts & WIRE_ADMIN)
        st = ops->open_admin(self, &w->admin, err);
    if (st == STATUS_OK && parts & WIRE_FLEET)
        st = ops->open_fleet(self, &w->fleet, err);
    if (st == STATUS_OK && parts & WIRE_HEALTH)
        st = ops->open_health(self, &w->health, err);
    if (st == STATUS_OK && parts & WIRE_SCRUB)
        st = ops->open_scrub(self, &w->scrub, err);
    return st;
}

static void check_parts(const struct wire *w, unsigned parts)
{
    clock_port_check(w->clock);
    if (parts & WIRE_RANDOM)
        random_port_check(w->random);
    if (parts & WIRE_QUEUE)
        queue_port_check(w->queue);
    if (parts & WIRE_ADMIN)
        admin_port_check(w->admin);
    if (parts & WIRE_FLEET)
        fleet_port_check(w->fleet);
    if (parts & WIRE_HEALTH)
        health_port_check(w->health);
    if (parts & WIRE_SCRUB)
        scrub_port_check(w->scrub);
}

enum exit_code wire_url(const struct globals *globals, struct backend_url *out)
{
    char buffer[BACKEND_URL_MAX + 1];
    const char *url = globals->url ? globals->url : environment("MILLRACE_URL");
    struct error err;

    if (!url) {
        if (!default_url(buffer, sizeof(buffer)))
            return CODE_BACKEND;
        url = buffer;
    }
    if (backend_url_parse(bytes_of(url), out, &err) < 0) {
        complain("millrace: %s", err.text);
        return CODE_BACKEND;
    }
    return CODE_FINE;
}

enum exit_code wire_open_url(const struct backend_url *url, unsigned parts,
                             struct wire *out)
{
    struct wire wire = {.url = *url};
    struct error err;

    enum status st = backend_open(&wire.url, &wire.backend, &err);
    if (st == STATUS_OK)
        st = open_parts(&wire, parts, &err);
    if (st < 0) {
        wire_fault(&wire, st, &err);
        wire_close(&wire);
        return CODE_BACKEND;
    }
    check_parts(&wire, parts);
    *out = wire;
    return CODE_FINE;
}

enum exit_code wire_open(const struct globals *globals, unsigned parts,
                         struct wire *out)
{
    struct backend_url url;
    enum exit_code const code = wire_url(globals, &url);

    return code == CODE_FINE ? wire_open_url(&url, parts, out) : code;
}

void wire_close(struct wire *w)
{
    if (w->scrub.ops)
        scrub_close(w->scrub);
    if (w->health.ops)
        health_close(w->health);
    if (w->fleet.ops)
        fleet_close(w->fleet);
    if (w->admin.ops)
        admin_close(w->admin);
    if (w->queue.ops)
        queue_close(w->queue);
    if (w->random.ops)
        w->random.ops->close(w->random.self);
    if (w->clock.ops)
        w->clock.ops->close(w->clock.self);
    if (w->backend.ops)
        w->backend.ops->close(w->backend.self);
    *w = (struct wire){0};
}
