/*
 * service.h - what the commands have in common that run until they are told to
 * stop: worker and serve.
 */
#ifndef CMD_SERVICE_H
#define CMD_SERVICE_H

#include <argp.h>

#include "adapters/log/log.h"

/* What the environment may say of each of them. */
struct service_settings {
    int64_t shutdown_ms; /* how long to go on, once told to stop */
    enum log_level log_level;
    enum log_format log_format;
};

struct service_settings service_settings_default(void);

/* Reads MILLRACE_SHUTDOWN_TIMEOUT, unless a flag has said it, MILLRACE_LOG and
 * MILLRACE_LOG_FORMAT over *settings: 0, or reported. */
error_t service_settings_read(struct service_settings *settings,
                              bool has_shutdown);

/* The log they ask for, on stderr. */
struct log service_log(const struct service_settings *settings,
                       struct clock_port clock);

/* Lets the process open as many descriptors as it may: the soft limit is low
 * for the sake of select(), which is not used here. */
void service_raise_descriptor_limit(void);

#endif
