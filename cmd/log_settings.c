#include "cmd/log_settings.h"

#include "cmd/options.h"

error_t log_settings_read(enum log_level *level, enum log_format *format)
{
    const char *level_text = environment("MILLRACE_LOG");
    const char *format_text = environment("MILLRACE_LOG_FORMAT");

    if (level_text && !log_level_from(bytes_of(level_text), level))
        return option_bad_value("MILLRACE_LOG", level_text,
                                "must be debug, info, warn or error");
    if (format_text && !log_format_from(bytes_of(format_text), format))
        return option_bad_value("MILLRACE_LOG_FORMAT", format_text,
                                "must be text or json");
    return 0;
}
