/*
 * workplace.h - a client over a fresh store, for each test of libmillrace.
 */
#ifndef TESTS_LIBRARY_WORKPLACE_H
#define TESTS_LIBRARY_WORKPLACE_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <millrace.h>

/* Asserts that a call went well, showing its message if not. */
#define FINE(call)                                                             \
    do {                                                                       \
        enum mr_code const code_ = (call);                                     \
        cr_assert(code_ == MR_OK, "%s: %s", mr_code_name(code_), err.message); \
    } while (0)

/* Asserts that a call is refused with code, and that *err says so. */
#define REFUSED(call, expected)                                                \
    do {                                                                       \
        memset(&err, 0, sizeof(err));                                          \
        enum mr_code const code_ = (call);                                     \
        cr_assert(code_ == (expected), "is %s (%s), not %s",                   \
                  mr_code_name(code_), err.message, mr_code_name(expected));   \
        cr_assert(err.code == (expected));                                     \
        cr_assert(err.message[0] != '\0');                                     \
    } while (0)

extern struct mr_error err;
extern struct mr_client *client;

/* For .init and .fini: a store in memory. */
void open_in_memory(void);
void close_place(void);

/* Adds a task of type, ready now; its id lives until the next call. */
const char *given(const char *type);

/* The state of a task, which must be there. */
enum mr_state state_of(const char *id);

bool is_there(const char *id);

#endif
