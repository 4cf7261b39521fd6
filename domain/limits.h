/*
 * limits.h - how large and how long things may be.
 *
 * One place, so that messages, documents and checks agree.
 */
#ifndef DOMAIN_LIMITS_H
#define DOMAIN_LIMITS_H

#include <stdint.h>

#define QUEUE_NAME_MAX 64
#define TYPE_NAME_MAX 128
#define NAMESPACE_MAX 64
#define WORKER_NAME_MAX 64
#define KEY_MAX 256
#define PAYLOAD_MAX 1048576
#define PAYLOAD_DEPTH_MAX 512
#define HEADERS_MAX 16384 /* bytes of the JSON object */
#define RESULT_MAX 65536  /* bytes of JSON, or of the text in a JSON string */
#define RESULT_JSON_MAX (6 * RESULT_MAX + 2) /* such a string, all escaped */
#define ERROR_TAIL_MAX 4096                  /* bytes of last_error */
#define ATTEMPTS_MAX 1000000
#define CRASHES_MAX 1000
#define FACTOR_MILLI_MAX 100000 /* a backoff that grows hundredfold */
#define DURATION_MAX_MS INT64_C(315360000000)   /* 10 years of 365 days */
#define INSTANT_MAX_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */
#define PLAN_QUEUES_MAX 64
#define WEIGHT_MAX 1000
#define BATCH_MAX 1000 /* items in one call of a port */

#define DEFAULT_QUEUE "default"
#define DEFAULT_MAX_ATTEMPTS 10
#define DEFAULT_MAX_CRASHES 3
#define DEFAULT_TIMEOUT_MS INT64_C(1800000)
#define DEFAULT_BACKOFF_BASE_MS 1000
#define DEFAULT_BACKOFF_FACTOR_MILLI 2000
#define DEFAULT_BACKOFF_MAX_MS INT64_C(3600000)
#define DEFAULT_LEASE_MS 30000

#endif
