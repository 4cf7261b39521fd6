#include "cmd/listen.h"

#include "cmd/options.h"

/* What a header can carry. */
static error_t read_token(struct bytes *out)
{
    const char *token = environment("MILLRACE_TOKEN");

    if (!token)
        return 0;
    for (const char *c = token; *c; c++)
        if (*c <= ' ' || *c > '~')
            return option_wrong("MILLRACE_TOKEN",
                                "must be printable ASCII without blanks");
    *out = bytes_of(token);
    return 0;
}

error_t listen_read(const char *flag, const char *text, bool is_insecure,
                    const char *remedy, struct listen *out)
{
    struct error err;
    error_t const wrong = read_token(&out->token);

    if (wrong != 0)
        return wrong;
    if (http_address_parse(text, flag, &out->address, &err) < 0)
        return option_error(&err);
    if (out->token.len > 0 || is_insecure ||
        http_address_is_loopback(&out->address))
        return 0;
    return option_wrong(flag, remedy);
}
