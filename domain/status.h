/*
 * status.h - how a call went.
 *
 * Zero is success. A positive value is an answer: an expected outcome, named
 * in the contract of the call that gives it, which its caller must handle and
 * never passes on. A negative value is a fault: the call could not do its
 * work; callers pass it up unchanged, and cmd/ turns it into one line on
 * stderr and an exit status.
 */
#ifndef DOMAIN_STATUS_H
#define DOMAIN_STATUS_H

#define MUST_USE __attribute__((warn_unused_result))

enum status {
    STATUS_OK = 0,

    /* answers */
    STATUS_EMPTY = 1,       /* nothing (more) is there */
    STATUS_NOT_FOUND = 2,   /* no such task or queue */
    STATUS_LEASE_LOST = 3,  /* the token is not, or no longer, current */
    STATUS_KEY_HELD = 4,    /* another task holds the idempotency key */
    STATUS_WRONG_STATE = 5, /* the task is there, but not in such a state */

    /* faults */
    STATUS_INVALID = -1, /* the input breaks a rule; err.field names it */
    STATUS_UNAVAILABLE =
        -2,              /* the backend does not answer; may pass by itself */
    STATUS_FULL = -3,    /* the backend takes no more; may pass by itself */
    STATUS_REFUSED = -4, /* wrong password, newer schema, no database: stays */
    STATUS_CORRUPT = -5, /* what is stored can't be understood */
    STATUS_NO_MEMORY = -6,
};

#endif
