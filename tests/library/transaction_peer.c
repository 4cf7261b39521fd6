/*
 * transaction_peer.c - sells one thing in one transaction, and stops to be
 * killed.
 *
 * transaction_peer FILE before|after: writes an order and its task, tells so
 * on stdout before or after the commit, and waits for its end.
 */
#include <millrace.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

int main(int argc, char **argv)
{
    struct mr_task_spec const spec = {.type = "order.ship"};
    struct mr_error err = {0};
    sqlite3 *db;

    if (argc != 3 || sqlite3_open(argv[1], &db) != SQLITE_OK)
        return 2;
    if (!run(db, "BEGIN IMMEDIATE") ||
        !run(db, "INSERT INTO orders VALUES ('boots')") ||
        mr_sqlite_enqueue(db, NULL, &spec, 1, NULL, &err) != MR_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    if (strcmp(argv[2], "after") == 0 && !run(db, "COMMIT"))
        return 1;
    puts("here");
    fflush(stdout);
    pause();
    return 0;
}
