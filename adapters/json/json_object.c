#include "adapters/json/json_object.h"

#include <assert.h>

static enum status refuse_name(struct error *err, const char *what,
                               struct bytes name)
{
    struct bytes const parts[] = {bytes_of(what), BYTES(" \""), name,
                                  BYTES("\"")};

    return error_join(err, STATUS_INVALID, NULL, parts, 4);
}

static size_t find_name(const struct json_shape *shape, struct bytes name)
{
    size_t i = 0;

    while (i < shape->count && !bytes_is(name, shape->names[i]))
        i++;
    return i;
}

/* Reads the member whose name was read. */
static enum status read_member(struct json_walk *walk, struct bytes quoted,
                               const struct json_shape *shape,
                               struct arena *mem, void *self, uint32_t *given,
                               struct error *err)
{
    struct json_member const m = {"name of a field", quoted};
    struct bytes name;
    struct bytes value;

    enum status st = json_read_string(m, mem, &name, err);
    if (st < 0)
        return st;

    size_t const i = find_name(shape, name);
    if (i == shape->count)
        return refuse_name(err, "unknown field", name);
    if (*given & 1U << i)
        return refuse_name(err, "duplicate field", name);
    *given |= 1U << i;

    st = json_walk_value(walk, shape->names[i], &value, err);
    if (st < 0)
        return st;
    return shape->read(self, i, (struct json_member){shape->names[i], value},
                       mem, err);
}

enum status json_object_read(struct bytes text, const struct json_shape *shape,
                             struct arena *mem, void *self, uint32_t *given,
                             struct error *err)
{
    struct json_walk walk;
    struct bytes name;
    assert(shape->count <= JSON_FIELDS_MAX);

    *given = 0;
    enum status st = json_walk_begin(text, shape->what, &walk, err);
    if (st < 0)
        return st;
    while ((st = json_walk_name(&walk, &name, err)) == STATUS_OK) {
        st = read_member(&walk, name, shape, mem, self, given, err);
        if (st < 0)
            return st;
    }
    return st < 0 ? st : STATUS_OK;
}
