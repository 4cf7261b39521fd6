#include "cmd/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#define COMPLAINT_SIZE 2048

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

void complain(const char *format, ...)
{
    char line[COMPLAINT_SIZE];
    va_list args;

    va_start(args, format);
    int const wanted = vsnprintf(line, sizeof(line) - 1, format, args);
    va_end(args);
    size_t len = wanted < 0 ? 0 : (size_t)wanted;
    if (len > sizeof(line) - 2)
        len = sizeof(line) - 2;

    for (size_t i = 0; i < len; i++)
        if (is_control(line[i]))
            line[i] = '?';
    line[len] = '\n';
    fwrite(line, 1, len + 1, stderr);
    fflush(stderr);
}

/* What a write brings that goes nowhere, or beyond the largest file allowed:
 * it fails, and the caller says so. A handler rather than SIG_IGN: programs we
 * start get the default back. */
static void ignore(int signal)
{
    (void)signal;
}

static void occupy(int fd, int flags)
{
    if (fcntl(fd, F_GETFD) >= 0)
        return;
    int const got = open("/dev/null", flags);
    if (got >= 0 && got != fd) {
        dup2(got, fd);
        close(got);
    }
}

void output_begin(void)
{
    struct sigaction action = {.sa_handler = ignore, .sa_flags = SA_RESTART};

    occupy(STDIN_FILENO, O_RDONLY);
    occupy(STDOUT_FILENO, O_RDONLY); /* to write there stays an error */
    occupy(STDERR_FILENO, O_WRONLY);
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL);
}

/* Whether nobody reads the pipe any more; leaves errno as it is. */
static bool is_pipe_closed(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    int const reason = errno;
    bool const is_closed =
        poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;

    errno = reason;
    return is_closed;
}

/* From now on standard output is a pipe that nobody reads: what is written
 * later fails too, and why has been said. */
static void give_up(void)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
}

bool output_flush(void)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    if (!is_pipe_closed()) {
        complain("millrace: standard output: %s",
                 errno ? strerror(errno) : "write error");
        give_up();
    }
    return false;
}

enum exit_code output_end(enum exit_code code)
{
    if (output_flush())
        return code;
    return code == CODE_FINE ? CODE_FAILED : code;
}

void output_json(struct json_writer *w)
{
    struct bytes text;

    if (json_writer_text(w, &text)) {
        fwrite(text.at, 1, text.len, stdout);
        putchar('\n');
    } else {
        complain("millrace: no memory for a line of output");
    }
    json_writer_reset(w);
}

void output_count(const struct globals *globals, const char *verb, size_t n)
{
    if (globals->is_json)
        printf("{\"%s\":%zu}\n", verb, n);
    else
        printf("%zu %s\n", n, verb);
}

bool output_is_coloured(void)
{
    const char *no_colour = getenv("NO_COLOR");

    return isatty(STDOUT_FILENO) && !(no_colour && *no_colour);
}

/* Lines are joined by a blank: an error or a payload may have many. */
static char shown(char c)
{
    if (c == '\n' || c == '\r' || c == '\t')
        return ' ';
    return is_control(c) ? '?' : c;
}

void output_text(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        putchar(shown(text.at[i]));
}
