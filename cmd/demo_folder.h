/*
 * demo_folder.h - a folder for one demo, and real files to work on.
 */
#ifndef CMD_DEMO_FOLDER_H
#define CMD_DEMO_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#define DEMO_PATH_SIZE 512
#define DEMO_FILES 6

struct demo_folder {
    char path[DEMO_PATH_SIZE];              /* "" when there is none */
    char files[DEMO_FILES][DEMO_PATH_SIZE]; /* with plain names, absolute */
};

/* Makes a folder under $TMPDIR and finds files: of the folder the demo is
 * started in if that is a checkout of Millrace, else of the system, else made
 * up. False: complained. */
bool demo_folder_open(struct demo_folder *out);

/* Removes it with all that is in it. */
void demo_folder_close(struct demo_folder *folder);

/* Writes the path of name in the folder into out; false: too long. */
bool demo_folder_join(const struct demo_folder *folder, const char *name,
                      char out[DEMO_PATH_SIZE]);

/* Makes an empty file there; false: complained. */
bool demo_folder_touch(const struct demo_folder *folder, const char *name);

#endif
