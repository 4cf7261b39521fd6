/*
 * redis_script.h - the Lua that runs inside the server.
 *
 * Each script is a file of its own in this folder, put into the program by the
 * build; those that move tasks about have common.lua in front, and those that
 * walk over all walk.lua behind that. A connection loads a script the first
 * time it is needed; NOSCRIPT (the server has forgotten it: SCRIPT FLUSH) is
 * answered by loading and asking again:
 *
 *     do {
 *         st = redis_script_load(c, SCRIPT, err);       and leave on a fault
 *         redis_script_begin(c, SCRIPT, keys, args);
 *         redis_add...(c, ...);                         keys, then args
 *         st = redis_next(c, &reply, err);              and leave on a fault
 *     } while (redis_script_is_missing(c, reply));
 */
#ifndef ADAPTERS_REDIS_SCRIPT_H
#define ADAPTERS_REDIS_SCRIPT_H

#include "adapters/redis/redis_connection.h"

/* One a file; a new one gets a row in redis_script.c and in meson.build. */
enum redis_script {
    REDIS_SCRIPT_ENQUEUE,
    REDIS_SCRIPT_POINT,
    REDIS_SCRIPT_DONE,
    REDIS_SCRIPT_SETTLE,
    REDIS_SCRIPT_PROMOTE,
    REDIS_SCRIPT_REAP,
    REDIS_SCRIPT_LEAVE,
    REDIS_SCRIPT_FORGET,
    REDIS_SCRIPT_EXTEND,
    REDIS_SCRIPT_FIND,
    REDIS_SCRIPT_NEAR,
    REDIS_SCRIPT_LIST,
    REDIS_SCRIPT_STATS,
    REDIS_SCRIPT_REMOVE,
    REDIS_SCRIPT_RUN_NOW,
    REDIS_SCRIPT_REQUEUE,
    REDIS_SCRIPT_SCRUB,
    REDIS_SCRIPT_STRAY_MOVE,
    REDIS_SCRIPT_STRAY_WALK,
    REDIS_SCRIPT_BEAT,
    REDIS_SCRIPTS
};

/* Makes sure the server of c knows the script. No answer may be awaited. */
MUST_USE enum status redis_script_load(struct redis_connection *c,
                                       enum redis_script script,
                                       struct error *err);

/* Begins the call of a loaded script: then come the keys, then the args. */
void redis_script_begin(struct redis_connection *c, enum redis_script script,
                        size_t keys, size_t args);

/* Whether the server did not know the script; then it is to be loaded anew. */
bool redis_script_is_missing(struct redis_connection *c,
                             const redisReply *reply);

#endif
