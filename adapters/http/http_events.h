/*
 * http_events.h - server-sent events: the statistics, once a second.
 *
 * One thread samples for all who listen, and only while someone does. A
 * connection that listens holds no thread and no copy: between two events it
 * is suspended, and all send the same text. Who reads slowly misses events.
 *
 *   event: stats    data: {"at":...,"queues":[...]}
 *   event: down     data: {"error":{...}}, while the backend does not answer
 */
#ifndef ADAPTERS_HTTP_HTTP_EVENTS_H
#define ADAPTERS_HTTP_HTTP_EVENTS_H

#include "adapters/http/http_exchange.h"
#include "usecase/admin_port.h"
#include "usecase/clock_port.h"

struct http_events;

MUST_USE enum status http_events_open(struct admin_port admin,
                                      struct clock_port clock,
                                      struct http_events **out,
                                      struct error *err);

/* Answers x with the stream. Any thread. */
void http_events_answer(struct http_events *e, struct http_exchange *x);

/* Ends all streams, and those that are still to come. */
void http_events_quiesce(struct http_events *e);

/* All streams must have ended. Accepts NULL. */
void http_events_close(struct http_events *e);

#endif
