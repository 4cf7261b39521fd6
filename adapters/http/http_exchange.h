/*
 * http_exchange.h - one request and the answer to it, as handlers see them.
 *
 * A handler reads the request and gives exactly one answer. What it reads
 * lives until the exchange is sent. Only one thread has an exchange at a time:
 * the server's, or the one it was handed to.
 */
#ifndef ADAPTERS_HTTP_HTTP_EXCHANGE_H
#define ADAPTERS_HTTP_HTTP_EXCHANGE_H

#include <stdint.h>

#include "adapters/http/http_route.h"
#include "adapters/json/json_writer.h"
#include "domain/error.h"

#define HTTP_REQUEST_ID_MAX 64
#define HTTP_RETRY_AFTER_S 1

struct MHD_Connection;
struct MHD_Response;
struct http_server;

struct http_header {
    const char *name;
    const char *value;
};

enum http_phase {
    HTTP_RECEIVING, /* its body comes in */
    HTTP_WORKING,   /* with a handler, or whoever that gave it to */
    HTTP_ANSWERED,
};

struct http_exchange {
    /* The server's own; see http_server.c. */
    struct http_server *server;
    struct MHD_Connection *connection;
    const struct http_route *route;
    enum http_phase phase;
    int fd;
    size_t received;  /* bytes of the body */
    size_t body_size; /* of the memory behind body */
    int64_t began_at_ms;
    void (*work)(void *context, struct http_exchange *x);
    struct http_exchange *next; /* in the list of whoever has it */

    /* The request. */
    const char *method;
    char *path;
    char request_id[HTTP_REQUEST_ID_MAX + 1];
    struct bytes part; /* what the "{}" of the route stands for, as sent */
    char *body;        /* [body_len] and a NUL; NULL: none */
    size_t body_len;
    char *decoded; /* what http_part() has made */
    void *own;     /* the handler's; freed with the exchange */

    /* The answer. */
    unsigned status; /* 0: none yet */
    struct json_writer text;
    struct bytes fixed; /* instead of text: lives as long as the exchange */
    struct MHD_Response *stream;       /* instead of both */
    const char *content_type;          /* static */
    const struct http_header *headers; /* static, ends with a NULL name */
    char allow[HTTP_ALLOW_SIZE];
};

/* A header of the request; absent if it has none. */
struct bytes http_header_value(const struct http_exchange *x, const char *name);

/* Goes through the parameters of the query, each decoded: hands over name and
 * value until visit gives false back. STATUS_INVALID: one is malformed, or
 * visit has refused it (and has set *err). */
MUST_USE enum status
http_query_each(struct http_exchange *x,
                enum status (*visit)(void *self, const char *name,
                                     struct bytes value, struct error *err),
                void *self, struct error *err);

/* What the "{}" of the route stands for, decoded; absent if it is malformed. */
struct bytes http_part(struct http_exchange *x);

/* The index of the desk that runs the handler; HTTP_AT_DESK only. */
size_t http_desk(const struct http_exchange *x);

/* Whether whoever asked has hung up. */
bool http_is_gone(const struct http_exchange *x);

/* The answer is the JSON in x->text. */
void http_answer_json(struct http_exchange *x, unsigned status);

/* The answer is bytes that live as long as the exchange. */
void http_answer_fixed(struct http_exchange *x, unsigned status,
                       const char *content_type, struct bytes bytes);

/* Adds {"error":{"code","message","field"}}; field may be NULL. */
void http_add_error(struct json_writer *w, const char *code,
                    const char *message, const char *field);

/* The answer is such an error. */
void http_refuse(struct http_exchange *x, unsigned status, const char *code,
                 const char *message, const char *field);

/* The answer is what a fault means to the one who asked: 400 for wrong input,
 * 413 for what is too large, 503 for a backend that does not work. */
void http_fault(struct http_exchange *x, enum status status,
                const struct error *err);

/* Goes on with the exchange at a desk, where work is to send it or to hand it
 * on. HTTP_LATER only; nothing may follow. */
void http_at_desk(struct http_exchange *x,
                  void (*work)(void *context, struct http_exchange *x));

/* Sends the answer. HTTP_LATER only; nothing may follow. Any thread. */
void http_send(struct http_exchange *x);

#endif
