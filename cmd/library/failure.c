#include "cmd/library/failure.h"

#include "domain/text.h"

const char *mr_version(void)
{
    return MILLRACE_VERSION;
}

static const char *const code_names[] = {
    [MR_OK] = "ok",
    [MR_INVALID] = "invalid",
    [MR_MISUSE] = "misuse",
    [MR_CLOSED] = "closed",
    [MR_WRONG_THREAD] = "wrong thread",
    [MR_UNAVAILABLE] = "unavailable",
    [MR_FULL] = "full",
    [MR_REFUSED] = "refused",
    [MR_CORRUPT] = "corrupt",
    [MR_NO_MEMORY] = "no memory",
    [MR_NOT_FOUND] = "not found",
    [MR_WRONG_STATE] = "wrong state",
    [MR_KEY_HELD] = "key held",
    [MR_CANCELLED] = "cancelled",
    [MR_STUCK] = "stuck",
    [MR_ABI_MISMATCH] = "abi mismatch",
    [MR_CONTRACT] = "contract",
};

const char *mr_code_name(enum mr_code code)
{
    size_t const n = sizeof(code_names) / sizeof(code_names[0]);

    return (size_t)code < n ? code_names[code] : "unknown";
}

enum mr_code refuse(struct mr_error *out, enum mr_code code, const char *field,
                    const char *message)
{
    if (!out)
        return code;
    struct text name = text_in(out->field, sizeof(out->field));
    struct text line = text_in(out->message, sizeof(out->message));

    out->code = code;
    text_add(&name, field ? field : "");
    text_add(&line, message);
    return code;
}

static enum mr_code code_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return MR_OK;
    case STATUS_EMPTY:
    case STATUS_NOT_FOUND:
        return MR_NOT_FOUND;
    case STATUS_LEASE_LOST:
        return MR_CANCELLED;
    case STATUS_KEY_HELD:
        return MR_KEY_HELD;
    case STATUS_WRONG_STATE:
        return MR_WRONG_STATE;
    case STATUS_INVALID:
        return MR_INVALID;
    case STATUS_UNAVAILABLE:
        return MR_UNAVAILABLE;
    case STATUS_FULL:
        return MR_FULL;
    case STATUS_REFUSED:
        return MR_REFUSED;
    case STATUS_CORRUPT:
        return MR_CORRUPT;
    case STATUS_NO_MEMORY:
        return MR_NO_MEMORY;
    }
    return MR_CONTRACT;
}

static const char *words_for(enum status answer)
{
    switch (answer) {
    case STATUS_KEY_HELD:
        return "another task holds the key of this one";
    case STATUS_WRONG_STATE:
        return "the task is in another state";
    default:
        return "there is no such task or queue";
    }
}

enum mr_code failure(struct mr_error *out, enum status status,
                     const struct error *err)
{
    enum mr_code const code = code_of(status);

    if (code == MR_OK)
        return code;
    if (status > 0)
        return refuse(out, code, NULL, words_for(status));
    if (status == STATUS_CORRUPT && err->field &&
        strcmp(err->field, CONTRACT_FIELD) == 0)
        return refuse(out, MR_CONTRACT, NULL, err->text);
    return refuse(out, code, err->field, err->text);
}

enum mr_code failure_about(struct mr_error *out, enum status status,
                           const struct error *err, const char *whom)
{
    struct error full;

    if (status <= 0)
        return failure(out, status, err);
    struct bytes const parts[] = {bytes_of(whom), BYTES(": "),
                                  bytes_of(words_for(status))};
    error_write(&full, NULL, parts, 3);
    return refuse(out, code_of(status), NULL, full.text);
}

bool fault_of_code(enum mr_code code, enum status *out)
{
    static const enum status faults[] = {
        STATUS_UNAVAILABLE, STATUS_FULL,      STATUS_REFUSED,
        STATUS_CORRUPT,     STATUS_NO_MEMORY,
    };

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        if (code_of(faults[i]) != code)
            continue;
        *out = faults[i];
        return true;
    }
    return false;
}
