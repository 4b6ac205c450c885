/* metrics_page.h - what the server measures about itself, in Prometheus' text format 0.0.4.
 *
 * GET /metrics is for programs on this machine that come without a proxy, for administrators, and
 * for who knows the internal secret (X-Internal-Auth); others get 401 or 403.
 *
 * Counting a request is two atomic additions; all else is looked up when the page is asked for.
 */
#ifndef API_METRICS_PAGE_H
#define API_METRICS_PAGE_H

struct http_access;
struct metrics;
struct route;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics); /* NULL is fine */

/* A request has ended; route NULL: none was found.  From any thread. */
void metrics_count(struct metrics *metrics, const struct route *route,
                   const struct http_access *access);

#endif
