/*
 * sqlite_folder.h - a database for as long as the program runs.
 */
#ifndef TESTS_FUZZ_SQLITE_FOLDER_H
#define TESTS_FUZZ_SQLITE_FOLDER_H

/* Makes a folder of its own, which goes when the program ends, and returns
 * the path of a file in it that is not there yet. Once a program. */
const char *sqlite_folder_make(void);

#endif
