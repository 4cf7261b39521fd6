/*
 * transaction.c - an order and the task to ship it, both or neither.
 *
 *     cc transaction.c $(pkg-config --cflags --libs millrace sqlite3)
 *     ./a.out shop.db boots
 *     MILLRACE_URL=sqlite:shop.db millrace worker --exec order.ship=...
 */
#include <millrace.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static int run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static int insert_order(sqlite3 *db, const char *what)
{
    char *sql = sqlite3_mprintf("INSERT INTO orders VALUES (%Q)", what);
    int const fine = sql && run(db, sql);

    sqlite3_free(sql);
    return fine;
}

static int sell(sqlite3 *db, const char *what)
{
    struct mr_task_spec const ship = {.type = "order.ship", .max_attempts = 3};
    struct mr_error err = {.message = "the order can't be written"};

    if (!run(db, "BEGIN IMMEDIATE"))
        return 0;
    if (insert_order(db, what) &&
        mr_sqlite_enqueue(db, NULL, &ship, 1, NULL, &err) == MR_OK &&
        strcmp(what, "nothing") != 0) /* second thoughts */
        return run(db, "COMMIT");
    fprintf(stderr, "transaction: not sold: %s\n", err.message);
    run(db, "ROLLBACK");
    return 0;
}

int main(int argc, char **argv)
{
    sqlite3 *db = NULL;
    int sold = 0;

    if (argc == 3 && sqlite3_open(argv[1], &db) == SQLITE_OK &&
        sqlite3_busy_timeout(db, 5000) == SQLITE_OK &&
        mr_sqlite_prepare(db, NULL) == MR_OK &&
        run(db, "CREATE TABLE IF NOT EXISTS orders (what TEXT)"))
        sold = sell(db, argv[2]);
    sqlite3_close(db);
    return sold ? 0 : 1;
}
