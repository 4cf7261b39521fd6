#include "cmd/service.h"

#include <sys/resource.h>
#include <unistd.h>

#include "cmd/library/engine.h"
#include "cmd/options.h"

struct service_settings service_settings_default(void)
{
    return (struct service_settings){
        .shutdown_ms = ENGINE_SHUTDOWN_MS,
        .log_level = LEVEL_INFO,
        .log_format = FORMAT_TEXT,
    };
}

error_t service_settings_read(struct service_settings *settings,
                              bool has_shutdown)
{
    const char *shutdown = environment("MILLRACE_SHUTDOWN_TIMEOUT");
    const char *level = environment("MILLRACE_LOG");
    const char *format = environment("MILLRACE_LOG_FORMAT");
    error_t wrong = 0;

    if (shutdown && !has_shutdown)
        wrong = option_duration("MILLRACE_SHUTDOWN_TIMEOUT", shutdown,
                                &settings->shutdown_ms);
    if (wrong != 0)
        return wrong;
    if (level && !log_level_from(bytes_of(level), &settings->log_level))
        return option_bad_value("MILLRACE_LOG", level,
                                "must be debug, info, warn or error");
    if (format && !log_format_from(bytes_of(format), &settings->log_format))
        return option_bad_value("MILLRACE_LOG_FORMAT", format,
                                "must be text or json");
    return 0;
}

struct log service_log(const struct service_settings *settings,
                       struct clock_port clock)
{
    return (struct log){.fd = STDERR_FILENO,
                        .least = settings->log_level,
                        .format = settings->log_format,
                        .clock = clock};
}

void service_raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit); /* failed: it is as it was */
}
