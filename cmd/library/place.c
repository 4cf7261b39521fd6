#include "cmd/library/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/backends.h"
#include "domain/text.h"

#define PATH_SIZE 900 /* escaped threefold it may be too long for a URL */
#define DEFAULT_FILE "/millrace/millrace.db"

/* The value of an environment variable; NULL where it is unset or empty. */
static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

/* Makes the folders in which path's file lies, for this user only. */
static enum status make_folders(char *path, struct error *err)
{
    for (char *slash = strchr(path + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool const is_there = mkdir(path, 0700) == 0 || errno == EEXIST;
        if (!is_there) {
            struct bytes const parts[] = {
                BYTES("sqlite: can't make the folder "), bytes_of(path),
                BYTES(": "), bytes_of(strerrordesc_np(errno))};
            return error_join(err, STATUS_REFUSED, NULL, parts, 4);
        }
        *slash = '/';
    }
    return STATUS_OK;
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

bool place_file_url(const char *path, char *out, size_t size)
{
    struct text url = text_in(out, size);

    text_add(&url, "sqlite:");
    add_escaped(&url, path);
    return !url.is_cut;
}

/* The file in the user's state folder (XDG Base Directory Specification),
 * with the folders made. */
static enum status default_url(char *out, size_t size, struct error *err)
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
        return error_set(err, STATUS_REFUSED, "url",
                         "no --url, no MILLRACE_URL, and no HOME to put an "
                         "SQLite file in");
    }
    text_add(&path, DEFAULT_FILE);
    if (path.is_cut || !place_file_url(buffer, out, size))
        return error_set(err, STATUS_REFUSED, "url",
                         "the path of the state folder is too long");
    return make_folders(buffer, err);
}

enum status place_url(const char *url, struct backend_url *out,
                      struct error *err)
{
    char buffer[BACKEND_URL_MAX + 1];

    if (!url)
        url = environment("MILLRACE_URL");
    if (!url) {
        enum status const st = default_url(buffer, sizeof(buffer), err);
        if (st < 0)
            return st;
        url = buffer;
    }
    return backend_url_parse(bytes_of(url), out, err);
}

enum status place_open(const struct backend_url *url, struct place *out,
                       struct error *err)
{
    *out = (struct place){0};
    enum status st = backend_open(url, &out->backend, err);

    if (st == STATUS_OK)
        st = out->backend.ops->open_clock(out->backend.self, &out->clock, err);
    if (st < 0) {
        place_close(out);
        return st;
    }
    clock_port_check(out->clock);
    return STATUS_OK;
}

void place_set_clock(struct place *place, struct clock_port clock)
{
    if (place->clock.ops)
        place->clock.ops->close(place->clock.self);
    place->clock = clock;
}

void place_close(struct place *place)
{
    place_set_clock(place, (struct clock_port){0});
    if (place->backend.ops)
        place->backend.ops->close(place->backend.self);
    place->backend = (struct backend_port){0};
}
