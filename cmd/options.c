#include "cmd/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/output.h"
#include "domain/duration.h"
#include "domain/instant.h"
#include "domain/text.h"

/* What our parsers return beside 0 and ARGP_ERR_UNKNOWN; argp passes it on.
 * EINVAL is what getopt's own mistakes come out as. */
#define ERR_REPORTED ECANCELED
#define ERR_HELP_ASKED EALREADY
#define ERR_VERSION_SHOWN EEXIST

#define ARGP_FLAGS (ARGP_NO_ERRS | ARGP_NO_HELP | ARGP_NO_EXIT)

enum global_key {
    KEY_URL = 0x1000,
    KEY_JSON,
    KEY_VERSION,
    KEY_HELP = 'h',
};

static const struct argp_option global_options[] = {
    {"url", KEY_URL, "URL", 0,
     "where the tasks are; else $MILLRACE_URL, else an SQLite file in the "
     "state folder of the user",
     -2},
    {"json", KEY_JSON, NULL, 0, "one JSON object a line", -2},
    {"help", KEY_HELP, NULL, 0, "show this", -1},
    {"version", KEY_VERSION, NULL, 0, "show the version", -1},
    {0},
};

const char global_options_help[] =
    "  --url URL   where the tasks are: sqlite:PATH, redis://HOST, "
    "redis+unix:///PATH,\n"
    "              memory: (else $MILLRACE_URL, else an SQLite file in the "
    "state folder)\n"
    "  --json      one JSON object a line\n"
    "  -h, --help  help, also for one command\n"
    "  --version   the version\n";

error_t option_wrong(const char *culprit, const char *why)
{
    complain("millrace: %s: %s", culprit, why);
    return ERR_REPORTED;
}

error_t option_error(const struct error *err)
{
    complain("millrace: %s", err->text);
    return ERR_REPORTED;
}

error_t option_bad_value(const char *flag, const char *text, const char *rule)
{
    struct error err;
    enum status const st =
        error_bad_text(&err, flag, "value", bytes_of(text), rule);

    (void)st;
    return option_error(&err);
}

error_t option_duration(const char *flag, const char *text, int64_t *out_ms)
{
    struct error err;

    if (duration_parse(bytes_of(text), flag, out_ms, &err) < 0)
        return option_error(&err);
    return 0;
}

error_t option_instant(const char *flag, const char *text, int64_t *out_ms)
{
    struct error err;

    if (instant_parse(bytes_of(text), flag, out_ms, &err) < 0)
        return option_error(&err);
    return 0;
}

error_t option_int(const char *flag, const char *text, int64_t min, int64_t max,
                   int64_t *out)
{
    int64_t value;

    if (!text_read_int(bytes_of(text), max, &value) || value < min) {
        complain("millrace: %s: must be a whole number from %lld to %lld, "
                 "not '%s'",
                 flag, (long long)min, (long long)max, text);
        return ERR_REPORTED;
    }
    *out = value;
    return 0;
}

const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

/* Options of every command; what words are left over, nobody has asked for. */
static error_t parse_global(int key, char *arg, struct argp_state *state)
{
    struct globals *globals = state->input;

    switch (key) {
    case KEY_URL:
        globals->url = arg;
        return 0;
    case KEY_JSON:
        globals->is_json = true;
        return 0;
    case KEY_HELP:
        return ERR_HELP_ASKED;
    case KEY_VERSION:
        printf("millrace %s\n", MILLRACE_VERSION);
        return ERR_VERSION_SHOWN;
    case ARGP_KEY_ARG:
        return option_wrong(arg, "one word too many");
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp global_argp = {
    .options = global_options,
    .parser = parse_global,
};

/* Finds name[len] among options: 2 if it is one, 1 if one begins so. */
static int match(const struct argp_option *options, const char *name,
                 size_t len)
{
    int best = 0;

    for (; options && options->key != 0; options++) {
        if (strncmp(options->name, name, len) != 0)
            continue;
        if (options->name[len] == '\0')
            return 2;
        best = 1;
    }
    return best;
}

/* Puts into words what getopt found wrong: with its messages switched off it
 * leaves no more than the place where it stopped, argv[next]. */
static void report_getopt(const struct argp_option *own, int argc, char **argv,
                          int next)
{
    const char *word = argv[next - 1];
    const char *name = strncmp(word, "--", 2) == 0 ? word + 2 : NULL;
    size_t const len = name ? strcspn(name, "=") : 0;
    int const known = name ? match(own, name, len) : 0;
    int const common = name ? match(global_options, name, len) : 0;
    bool const is_known = known == 2 || common == 2;

    /* In the midst of letters behind one '-' it stands before their word. */
    if (next < argc && argv[next][0] == '-' && argv[next][1] != '-' &&
        (is_known || word[0] != '-'))
        complain("millrace: unknown option '%s'", argv[next]);
    else if (is_known && name[len] == '=')
        complain("millrace: '%s': the option takes no value", word);
    else if (is_known)
        complain("millrace: %s: the value is missing", word);
    else if (known + common > 0)
        complain("millrace: '%s': an ambiguous option, or without its value",
                 word);
    else
        complain("millrace: unknown option '%s'", word);
}

/* The inputs of the two parsers below the outermost one. */
struct inputs {
    void *leaf;
    struct globals *globals;
    int next; /* where it was when it stopped */
};

static error_t pass_inputs(int key, char *arg, struct argp_state *state)
{
    struct inputs *inputs = state->input;

    (void)arg;
    if (key == ARGP_KEY_ERROR)
        inputs->next = state->next;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = inputs->leaf;
    state->child_inputs[1] = inputs->globals;
    return 0;
}

static void show_help(const struct argp *argp, const char *path)
{
    char *name = strdup(path);

    if (name)
        argp_help(argp, stdout, ARGP_HELP_STD_HELP & ~ARGP_HELP_EXIT_OK, name);
    free(name);
}

bool options_read(struct invocation *inv, const struct option_set *set,
                  void *input, enum exit_code *code)
{
    struct argp const leaf = {
        .options = set->options,
        .parser = set->parse,
    };
    struct argp_child const children[] = {
        {&leaf, 0, NULL, 0}, {&global_argp, 0, "Global options:", -2}, {0}};
    struct argp const outer = {.parser = pass_inputs,
                               .args_doc = inv->args,
                               .doc = set->doc,
                               .children = children};
    struct inputs inputs = {input, &inv->globals, 1};
    char *name = inv->argv[0];

    inv->argv[0] = (char *)inv->path;
    error_t const wrong =
        argp_parse(&outer, inv->argc, inv->argv, ARGP_FLAGS, NULL, &inputs);
    inv->argv[0] = name;
    if (wrong == 0)
        return true;

    *code = CODE_USAGE;
    if (wrong == ERR_HELP_ASKED)
        show_help(&outer, inv->path);
    if (wrong == ERR_HELP_ASKED || wrong == ERR_VERSION_SHOWN)
        *code = CODE_FINE;
    else if (wrong == ENOMEM)
        complain("millrace: no memory");
    else if (wrong != ERR_REPORTED)
        report_getopt(set->options, inv->argc, inv->argv, inputs.next);
    return false;
}

struct first_word {
    struct globals *globals;
    const char *word;
    int next; /* the index in argv of what follows it */
};

static error_t parse_word(int key, char *arg, struct argp_state *state)
{
    struct first_word *first = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = first->globals;
        return 0;
    case ARGP_KEY_ARG:
        first->word = arg;
        first->next = state->next;
        state->next = state->argc;
        return 0;
    case ARGP_KEY_ERROR:
        first->next = state->next;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

bool options_read_word(struct invocation *inv, const char **word, bool *is_help,
                       enum exit_code *code)
{
    struct argp_child const children[] = {{&global_argp, 0, NULL, 0}, {0}};
    struct argp const argp = {.parser = parse_word, .children = children};
    struct first_word first = {&inv->globals, "", inv->argc};

    inv->argv[0] = (char *)inv->path;
    error_t const wrong = argp_parse(&argp, inv->argc, inv->argv,
                                     ARGP_FLAGS | ARGP_IN_ORDER, NULL, &first);
    *is_help = wrong == ERR_HELP_ASKED;
    *code = wrong == ERR_VERSION_SHOWN ? CODE_FINE : CODE_USAGE;
    if (wrong != 0 && wrong != ERR_HELP_ASKED) {
        if (wrong == EINVAL)
            report_getopt(NULL, inv->argc, inv->argv, first.next);
        return false;
    }
    /* The word's own place becomes the argv[0] of what follows. */
    *word = first.word;
    if (first.next <= inv->argc && *first.word) {
        inv->argc -= first.next - 1;
        inv->argv += first.next - 1;
    }
    return true;
}
