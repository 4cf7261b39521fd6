#include "domain/error.h"

#include "domain/text.h"

enum status error_set(struct error *err, enum status status, const char *field,
                      const char *text)
{
    struct bytes part = bytes_of(text);

    return error_join(err, status, field, &part, 1);
}

enum status error_join(struct error *err, enum status status, const char *field,
                       const struct bytes *parts, size_t n)
{
    struct text line = text_in(err->text, sizeof(err->text));

    for (size_t i = 0; i < n; i++)
        text_add_printable(&line, parts[i]);
    err->field = field;
    return status;
}
