#include "cmd/library/registry.h"

#include <dlfcn.h>

#include "domain/text.h"

#define REGISTER "mr_plugin_register"

static enum status check(const struct registry *r, const char *type,
                         struct error *err)
{
    struct bytes const name = bytes_of(type);

    if (!bytes_is(name, "*") && !type_name_is_valid(name))
        return error_bad_text(
            err, "type", "type", name,
            "must match [A-Za-z0-9][A-Za-z0-9._:-]{0,127} or be *");
    if (r->count == REGISTRY_MAX)
        return error_set(err, STATUS_INVALID, "type",
                         "type: too many handlers, limit 256");
    for (size_t i = 0; i < r->count; i++)
        if (bytes_is(name, r->entries[i].type))
            return error_bad_text(err, "type", "type", name,
                                  "has a handler already");
    return STATUS_OK;
}

enum status registry_add(struct registry *r, const char *type, mr_handler run,
                         void *context, struct error *err)
{
    enum status const st = check(r, type, err);
    if (st < 0)
        return st;

    struct registered *entry = &r->entries[r->count];
    *entry = (struct registered){
        .run = run, .context = context, .observer = r->observer};
    memcpy(entry->type, type, strlen(type) + 1);
    r->table[r->count++] = (struct handler){
        .type = entry->type, .run = task_run, .context = entry};
    return STATUS_OK;
}

static enum status refuse_plugin(const char *path, const char *why,
                                 struct error *err)
{
    struct bytes const parts[] = {BYTES("plugin "), bytes_of(path), BYTES(": "),
                                  bytes_of(why)};

    return error_join(err, STATUS_REFUSED, "plugin", parts, 4);
}

static enum status refuse_abi(const char *path, uint32_t abi, struct error *err)
{
    char line[80];
    struct text t = text_in(line, sizeof(line));

    text_add(&t, "was built for ABI ");
    text_add_int(&t, abi);
    text_add(&t, ", this libmillrace has ");
    text_add_int(&t, MR_ABI);
    text_add(&t, ": build it anew");
    return refuse_plugin(path, line, err);
}

/* POSIX has dlsym give functions as void *, which ISO C can't turn to one. */
static const struct mr_plugin *ask_plugin(void *object)
{
    const struct mr_plugin *(*ask)(void);
    void *const symbol = dlsym(object, REGISTER);

    if (!symbol)
        return NULL;
    memcpy(&ask, &symbol, sizeof(ask));
    return ask();
}

static enum status add_all(struct registry *r, const char *path,
                           const struct mr_plugin *plugin, struct error *err)
{
    size_t const before = r->count;
    enum status st = STATUS_OK;

    for (uint32_t i = 0; i < plugin->count && st == STATUS_OK; i++) {
        const struct mr_plugin_handler *h = &plugin->handlers[i];
        st = h->run ? registry_add(r, h->type, h->run, h->context, err)
                    : error_set(err, STATUS_INVALID, "type",
                                "a handler without a function");
    }
    if (st == STATUS_OK)
        return st;

    r->count = before;
    struct bytes const parts[] = {BYTES("plugin "), bytes_of(path), BYTES(": "),
                                  bytes_of(err->text)};
    struct error full;
    error_write(&full, err->field, parts, 4);
    *err = full;
    return st;
}

static enum status add_plugin(struct registry *r, const char *path,
                              void *object, bool *is_other_abi,
                              struct error *err)
{
    const struct mr_plugin *plugin = ask_plugin(object);

    if (!plugin)
        return refuse_plugin(path,
                             "is no plugin of Millrace: it has no " REGISTER
                             "(), or that gives nothing back",
                             err);
    *is_other_abi = plugin->abi != MR_ABI;
    if (*is_other_abi)
        return refuse_abi(path, plugin->abi, err);
    for (size_t i = 0; i < sizeof(plugin->reserved) / sizeof(uint64_t); i++)
        if (plugin->reserved[i] != 0)
            return refuse_plugin(path, "its reserved members are not zero",
                                 err);
    if (plugin->count == 0 || !plugin->handlers)
        return refuse_plugin(path, "has no handlers", err);
    return add_all(r, path, plugin, err);
}

enum status registry_load(struct registry *r, const char *path,
                          bool *is_other_abi, struct error *err)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    *is_other_abi = false;
    if (!object)
        return refuse_plugin(path, dlerror(), err);
    enum status const st = add_plugin(r, path, object, is_other_abi, err);
    if (st < 0)
        dlclose(object);
    return st;
}
