/*
 * sim_store.h - a place for runs, in any backend that users can choose.
 *
 * Each run gets a namespace of its own. What is left of it goes with the
 * folder, where the store made one, or by sim_store_close().
 */
#ifndef CMD_SIM_SIM_STORE_H
#define CMD_SIM_SIM_STORE_H

#include "cmd/sim/sim.h"
#include "usecase/backend_url.h"

struct sim_store {
    char text[BACKEND_URL_MAX + 1]; /* of the URL, without a namespace */
    const char *shown;              /* as it was given, for people */
    char folder[64];                /* made for it; "": none */
    bool is_own_file;               /* was made by it, and goes with it */
    size_t runs;
    struct backend_url url;     /* of the run under way */
    struct backend_port keeper; /* open from first to last: a file that nobody
                                   has open is tidied up each time */
    struct queue_port keeper_queue;
};

/* Opens text (borrowed), a backend URL without options, into *out. "sqlite:"
 * alone is a file in a folder for temporary ones; of that as of any other file,
 * which must not be there yet, nothing is left when the store is closed.
 * Fault STATUS_INVALID: a URL that is none (field "url"); one with options, or
 * of a file that is there (field "backend"). */
MUST_USE enum status sim_store_open(const char *text, struct sim_store *out,
                                    struct error *err);
void sim_store_close(struct sim_store *store);

/* The place for runs in it; lives as long. */
struct sim_place sim_store_place(struct sim_store *store);

#endif
