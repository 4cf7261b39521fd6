#include "adapters/redis/redis_script.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/redis/lua_beat.h"
#include "adapters/redis/lua_common.h"
#include "adapters/redis/lua_done.h"
#include "adapters/redis/lua_enqueue.h"
#include "adapters/redis/lua_extend.h"
#include "adapters/redis/lua_find.h"
#include "adapters/redis/lua_forget.h"
#include "adapters/redis/lua_leave.h"
#include "adapters/redis/lua_list.h"
#include "adapters/redis/lua_near.h"
#include "adapters/redis/lua_point.h"
#include "adapters/redis/lua_promote.h"
#include "adapters/redis/lua_reap.h"
#include "adapters/redis/lua_remove.h"
#include "adapters/redis/lua_requeue.h"
#include "adapters/redis/lua_run_now.h"
#include "adapters/redis/lua_scrub.h"
#include "adapters/redis/lua_settle.h"
#include "adapters/redis/lua_stats.h"
#include "adapters/redis/lua_stray_move.h"
#include "adapters/redis/lua_stray_walk.h"
#include "adapters/redis/lua_walk.h"

#define PARTS 3

/* The parts of each, in this order. */
static const char *const sources[REDIS_SCRIPTS][PARTS] = {
    [REDIS_SCRIPT_ENQUEUE] = {lua_common, lua_enqueue},
    [REDIS_SCRIPT_POINT] = {lua_common, lua_point},
    [REDIS_SCRIPT_DONE] = {lua_done},
    [REDIS_SCRIPT_SETTLE] = {lua_common, lua_settle},
    [REDIS_SCRIPT_PROMOTE] = {lua_common, lua_promote},
    [REDIS_SCRIPT_REAP] = {lua_common, lua_reap},
    [REDIS_SCRIPT_LEAVE] = {lua_leave},
    [REDIS_SCRIPT_FORGET] = {lua_forget},
    [REDIS_SCRIPT_EXTEND] = {lua_extend},
    [REDIS_SCRIPT_FIND] = {lua_common, lua_find},
    [REDIS_SCRIPT_NEAR] = {lua_common, lua_near},
    [REDIS_SCRIPT_LIST] = {lua_common, lua_list},
    [REDIS_SCRIPT_STATS] = {lua_common, lua_stats},
    [REDIS_SCRIPT_REMOVE] = {lua_common, lua_remove},
    [REDIS_SCRIPT_RUN_NOW] = {lua_common, lua_run_now},
    [REDIS_SCRIPT_REQUEUE] = {lua_common, lua_requeue},
    [REDIS_SCRIPT_SCRUB] = {lua_common, lua_walk, lua_scrub},
    [REDIS_SCRIPT_STRAY_MOVE] = {lua_common, lua_stray_move},
    [REDIS_SCRIPT_STRAY_WALK] = {lua_common, lua_walk, lua_stray_walk},
    [REDIS_SCRIPT_BEAT] = {lua_beat},
};

_Static_assert((int)REDIS_SCRIPTS <= REDIS_SCRIPTS_MAX, "room for their names");

static enum status keep_sha(struct redis_connection *c,
                            enum redis_script script, const redisReply *reply,
                            struct error *err)
{
    if (reply->type != REDIS_REPLY_STRING || reply->len != REDIS_SHA_SIZE - 1)
        return redis_fault(c, "ERR SCRIPT LOAD answers no name", err);
    memcpy(c->sha[script], reply->str, REDIS_SHA_SIZE);
    return STATUS_OK;
}

/* The whole script, for the caller to free; NULL: no memory. */
static char *join(const char *const parts[PARTS], size_t *len)
{
    size_t used = 0;

    *len = 0;
    for (size_t i = 0; i < PARTS && parts[i]; i++)
        *len += strlen(parts[i]);
    assert(*len > 0); /* no script is empty */
    char *text = malloc(*len);
    for (size_t i = 0; text && i < PARTS && parts[i]; i++) {
        size_t const n = strlen(parts[i]);
        memcpy(text + used, parts[i], n);
        used += n;
    }
    return text;
}

enum status redis_script_load(struct redis_connection *c,
                              enum redis_script script, struct error *err)
{
    REDIS_REPLY reply = NULL;

    if (c->sha[script][0] != '\0')
        return STATUS_OK;
    assert(c->awaited == 0);
    size_t len;
    char *text = join(sources[script], &len);
    if (!text)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "redis: no memory for a script");
    redis_begin(c, 3);
    redis_add_text(c, "SCRIPT");
    redis_add_text(c, "LOAD");
    redis_add(c, (struct bytes){text, len});
    free(text);
    enum status const st = redis_next_good(c, &reply, err);
    return st == STATUS_OK ? keep_sha(c, script, reply, err) : st;
}

void redis_script_begin(struct redis_connection *c, enum redis_script script,
                        size_t keys, size_t args)
{
    assert(c->sha[script][0] != '\0');
    redis_begin(c, 3 + keys + args);
    redis_add_text(c, "EVALSHA");
    redis_add_text(c, c->sha[script]);
    redis_add_int(c, (int64_t)keys);
}

bool redis_script_is_missing(struct redis_connection *c,
                             const redisReply *reply)
{
    if (!redis_is_error(reply, "NOSCRIPT"))
        return false;
    memset(c->sha, 0, sizeof(c->sha));
    return true;
}
