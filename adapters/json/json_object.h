/*
 * json_object.h - reads an object whose members have known names.
 */
#ifndef ADAPTERS_JSON_JSON_OBJECT_H
#define ADAPTERS_JSON_JSON_OBJECT_H

#include "adapters/json/json_value.h"

#define JSON_FIELDS_MAX 32

/* What an object may hold. */
struct json_shape {
    const char *what;         /* static: what messages call the object */
    const char *const *names; /* static, of its members */
    size_t count;             /* up to JSON_FIELDS_MAX */

    /* Reads the value of names[i] into self. */
    enum status (*read)(void *self, size_t i, struct json_member m,
                        struct arena *mem, struct error *err);
};

/* Reads text member by member. Names are decoded into mem. *given becomes the
 * set of the members that are there, by bits. Faults STATUS_INVALID: no
 * object, an unknown or doubled member, or as read says. */
MUST_USE enum status json_object_read(struct bytes text,
                                      const struct json_shape *shape,
                                      struct arena *mem, void *self,
                                      uint32_t *given, struct error *err);

#endif
