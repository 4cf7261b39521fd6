#include "adapters/http/dashboard/dashboard.h"

#include "adapters/http/http_page.h"
#include "page_api_js.h"
#include "page_base_css.h"
#include "page_chart_js.h"
#include "page_charts_js.h"
#include "page_confirm_js.h"
#include "page_dashboard_js.h"
#include "page_dead_change_js.h"
#include "page_dead_groups_js.h"
#include "page_dead_js.h"
#include "page_dialogs_css.h"
#include "page_dom_js.h"
#include "page_format_js.h"
#include "page_index_html.h"
#include "page_json_text_js.h"
#include "page_live_js.h"
#include "page_narrow_css.h"
#include "page_overview_js.h"
#include "page_task_dialog_js.h"
#include "page_tasks_js.h"
#include "page_views_css.h"

/* The page runs its own files and nothing else, is framed by nobody, talks to
 * this server only; and the browser itself refuses to take a text for HTML or
 * a script, whoever asks it to. */
static const struct http_header headers[] = {
    {"Cache-Control", "no-cache"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; "
     "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
     "frame-ancestors 'none'; require-trusted-types-for 'script'; "
     "trusted-types 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
    {NULL, NULL},
};

#define FILE_OF(type, page)                                                    \
    &(const struct http_file)                                                  \
    {                                                                          \
        (type), {(page), sizeof(page) - 1}, headers                            \
    }
#define ROUTE(path, type, page)                                                \
    {                                                                          \
        "GET", (path), HTTP_AT_ONCE, http_file_handle,                         \
            (void *)FILE_OF(type, page), true                                  \
    }
#define HTML(path, page) ROUTE(path, "text/html; charset=utf-8", page)
#define STYLE(path, page) ROUTE(path, "text/css; charset=utf-8", page)
#define SCRIPT(path, page) ROUTE(path, "text/javascript; charset=utf-8", page)

static const struct http_route routes[] = {
    HTML("/", page_index_html),
    STYLE("/dashboard/base.css", page_base_css),
    STYLE("/dashboard/dialogs.css", page_dialogs_css),
    STYLE("/dashboard/narrow.css", page_narrow_css),
    STYLE("/dashboard/views.css", page_views_css),
    SCRIPT("/dashboard/api.js", page_api_js),
    SCRIPT("/dashboard/chart.js", page_chart_js),
    SCRIPT("/dashboard/charts.js", page_charts_js),
    SCRIPT("/dashboard/confirm.js", page_confirm_js),
    SCRIPT("/dashboard/dashboard.js", page_dashboard_js),
    SCRIPT("/dashboard/dead.js", page_dead_js),
    SCRIPT("/dashboard/dead_change.js", page_dead_change_js),
    SCRIPT("/dashboard/dead_groups.js", page_dead_groups_js),
    SCRIPT("/dashboard/dom.js", page_dom_js),
    SCRIPT("/dashboard/format.js", page_format_js),
    SCRIPT("/dashboard/json_text.js", page_json_text_js),
    SCRIPT("/dashboard/live.js", page_live_js),
    SCRIPT("/dashboard/overview.js", page_overview_js),
    SCRIPT("/dashboard/task_dialog.js", page_task_dialog_js),
    SCRIPT("/dashboard/tasks.js", page_tasks_js),
};

_Static_assert(sizeof(routes) / sizeof(routes[0]) == DASHBOARD_ROUTES,
               "DASHBOARD_ROUTES counts them");

const struct http_route *dashboard_routes(void)
{
    return routes;
}
