#include "domain/instant.h"

#include <assert.h>

#include "domain/limits.h"
#include "domain/text.h"

#define DAY_S 86400
#define DAY_MS INT64_C(86400000)

struct civil {
    int64_t year;
    int64_t month; /* 1 to 12 */
    int64_t day;   /* 1 to 31 */
};

/* The years of this calendar begin with March, so that the leap day is their
 * last; eras of 400 years are all alike. No year here is before 0. */
static int64_t days_from_civil(struct civil c)
{
    int64_t const year = c.month <= 2 ? c.year - 1 : c.year;
    int64_t const month = (c.month + 9) % 12; /* March is 0 */
    int64_t const era = (year + 400) / 400 - 1;
    int64_t const year_of_era = year - era * 400;
    int64_t const day_of_year = (153 * month + 2) / 5 + c.day - 1;
    int64_t const day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static struct civil civil_from_days(int64_t days)
{
    int64_t const since_era_0 = days + 719468;
    int64_t const era = since_era_0 / 146097;
    int64_t const day_of_era = since_era_0 % 146097;
    int64_t const year_of_era = (day_of_era - day_of_era / 1460 +
                                 day_of_era / 36524 - day_of_era / 146096) /
                                365;
    int64_t const day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t const march_month = (5 * day_of_year + 2) / 153;
    int64_t const month = march_month < 10 ? march_month + 3 : march_month - 9;

    return (struct civil){
        .year = year_of_era + era * 400 + (month <= 2 ? 1 : 0),
        .month = month,
        .day = day_of_year - (153 * march_month + 2) / 5 + 1,
    };
}

static int64_t days_of_month(int64_t year, int64_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30,
                                  31, 31, 30, 31, 30, 31};
    bool const is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && is_leap ? 29 : days[month - 1];
}

/* Takes exactly width digits, making a number from min to max. */
static bool take_number(struct bytes *rest, size_t width, int64_t min,
                        int64_t max, int64_t *out)
{
    if (rest->len < width ||
        !text_read_int((struct bytes){rest->at, width}, max, out) || *out < min)
        return false;
    rest->at += width;
    rest->len -= width;
    return true;
}

static bool take_one_of(struct bytes *rest, const char *set)
{
    if (rest->len == 0 || !memchr(set, rest->at[0], strlen(set)))
        return false;
    rest->at++;
    rest->len--;
    return true;
}

/* Takes ".digits", if there, cut to whole milliseconds. */
static bool take_fraction(struct bytes *rest, int64_t *ms)
{
    int64_t unit = 100;
    int64_t digit;

    *ms = 0;
    if (!take_one_of(rest, "."))
        return true;
    if (!take_number(rest, 1, 0, 9, &digit))
        return false;
    do {
        *ms += digit * unit;
        unit /= 10;
    } while (take_number(rest, 1, 0, 9, &digit));
    return true;
}

/* Takes 'Z' or an offset from UTC. */
static bool take_offset(struct bytes *rest, int64_t *seconds)
{
    int64_t hours;
    int64_t minutes;

    *seconds = 0;
    if (take_one_of(rest, "Zz"))
        return true;
    int64_t const sign = rest->len > 0 && rest->at[0] == '-' ? -1 : 1;
    if (!take_one_of(rest, "+-") || !take_number(rest, 2, 0, 23, &hours) ||
        !take_one_of(rest, ":") || !take_number(rest, 2, 0, 59, &minutes))
        return false;
    *seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool read_instant(struct bytes rest, int64_t *out_ms)
{
    struct civil date;
    int64_t hour, minute, second, ms, offset;

    if (!take_number(&rest, 4, 0, 9999, &date.year) ||
        !take_one_of(&rest, "-") ||
        !take_number(&rest, 2, 1, 12, &date.month) ||
        !take_one_of(&rest, "-") ||
        !take_number(&rest, 2, 1, days_of_month(date.year, date.month),
                     &date.day))
        return false;
    if (!take_one_of(&rest, "Tt ") || !take_number(&rest, 2, 0, 23, &hour) ||
        !take_one_of(&rest, ":") || !take_number(&rest, 2, 0, 59, &minute) ||
        !take_one_of(&rest, ":") || !take_number(&rest, 2, 0, 60, &second))
        return false;
    if (!take_fraction(&rest, &ms) || !take_offset(&rest, &offset) ||
        rest.len > 0)
        return false;

    int64_t const at_s = days_from_civil(date) * DAY_S + hour * 3600 +
                         minute * 60 + second - offset;
    if (second == 60 && at_s % DAY_S != 0)
        return false; /* leap seconds end a day of UTC */
    *out_ms = at_s * 1000 + ms;
    return true;
}

enum status instant_parse(struct bytes text, const char *field, int64_t *out_ms,
                          struct error *err)
{
    int64_t at_ms;

    if (!read_instant(text, &at_ms))
        return error_bad_text(err, field, "time", text,
                              "write RFC 3339, like 2026-01-31T12:00:00Z");
    if (at_ms < 0 || at_ms > INSTANT_MAX_MS)
        return error_bad_text(err, field, "time", text,
                              "only years 1970 to 9999 can be kept");
    *out_ms = at_ms;
    return STATUS_OK;
}

void instant_format(int64_t at_ms, char out[INSTANT_TEXT_SIZE])
{
    struct text t = text_in(out, INSTANT_TEXT_SIZE);

    if (at_ms < 0)
        at_ms = 0;
    if (at_ms > INSTANT_MAX_MS)
        at_ms = INSTANT_MAX_MS;
    struct civil const date = civil_from_days(at_ms / DAY_MS);
    int64_t const ms = at_ms % DAY_MS;

    text_add_padded(&t, date.year, 4);
    text_add(&t, "-");
    text_add_padded(&t, date.month, 2);
    text_add(&t, "-");
    text_add_padded(&t, date.day, 2);
    text_add(&t, "T");
    text_add_padded(&t, ms / 3600000, 2);
    text_add(&t, ":");
    text_add_padded(&t, ms / 60000 % 60, 2);
    text_add(&t, ":");
    text_add_padded(&t, ms / 1000 % 60, 2);
    text_add(&t, ".");
    text_add_padded(&t, ms % 1000, 3);
    text_add(&t, "Z");
}

int64_t instant_after(int64_t at_ms, int64_t ms)
{
    assert(ms >= 0);
    if (at_ms >= INSTANT_MAX_MS || ms > INSTANT_MAX_MS - at_ms)
        return INSTANT_MAX_MS;
    return at_ms + ms;
}
