/*
 * dashboard.h - the page for people who would rather look than read.
 *
 * All of it is part of the program and holds no data: the page asks the API
 * for that, with the token of whoever looks at it.
 */
#ifndef ADAPTERS_HTTP_DASHBOARD_DASHBOARD_H
#define ADAPTERS_HTTP_DASHBOARD_DASHBOARD_H

#include "adapters/http/http_route.h"

#define DASHBOARD_ROUTES 20

/* The routes [DASHBOARD_ROUTES] of the page and of what it loads. */
const struct http_route *dashboard_routes(void);

#endif
