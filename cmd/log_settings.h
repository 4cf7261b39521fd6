/*
 * log_settings.h - what the environment says about the log.
 */
#ifndef CMD_LOG_SETTINGS_H
#define CMD_LOG_SETTINGS_H

#include <argp.h>

#include "adapters/log/log.h"

/* Reads MILLRACE_LOG and MILLRACE_LOG_FORMAT over *level and *format: 0, or
 * reported. */
error_t log_settings_read(enum log_level *level, enum log_format *format);

#endif
