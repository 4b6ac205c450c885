/* api_internal.h - what handlers get and how they answer. */
#ifndef API_API_INTERNAL_H
#define API_API_INTERNAL_H

#include "api/api.h"
#include "app/projects.h"
#include "base/error.h"
#include "base/field.h"
#include "base/json.h"
#include "net/http.h"

struct api {
    struct api_options options;
    struct http_server *server;
    double started;
    struct login_limit *logins; /* api/login_limit.h */
};

enum access { ACCESS_OPEN, ACCESS_USER };

#define ROUTE_MAX_PARAMETERS 3

/* One request on its way through a handler. */
struct call {
    struct api *api;
    struct app *app;
    struct http_request *request;
    struct arena *arena; /* the request's */
    const struct route *route;
    int64_t ids[ROUTE_MAX_PARAMETERS];       /* of {id} in the path, in order */
    const char *texts[ROUTE_MAX_PARAMETERS]; /* of {name} */
    struct user user;                        /* with ACCESS_USER */
    json_t *body;                            /* an object, or NULL */
    struct error err;
};

typedef void route_handler(struct call *call);

struct route {
    const char *method, *path; /* "/api/v1/projects/{project_id}" */
    enum access access;
    const struct field *fields; /* of the body; NULL: it has none */
    route_handler *handler;
    const char *tag, *summary;
};

extern const struct route *const api_routes;
extern const int api_route_count;

/* --- bodies ---------------------------------------------------------------------------------- */

/* Fill the record from the body by the route's fields; false: 422 has been answered. */
bool call_read_body(struct call *call, void *record);
/* Was this field in the body? */
bool call_has(const struct call *call, const char *name);

/* --- answers --------------------------------------------------------------------------------- */

/* {"detail","code"} with the status that the kind of the error stands for. */
void call_fail(struct call *call);
void call_fail_with(struct call *call, int status, const char *code, const char *detail);

/* Write JSON between these two.  call_begin() gives a writer. */
struct answer {
    struct str text;
    struct json_writer w;
};
struct json_writer *answer_begin(struct answer *answer);
void answer_send(struct call *call, int status, struct answer *answer);

/* {"message": text} */
void call_message(struct call *call, int status, const char *text);

/* --- values ---------------------------------------------------------------------------------- */

void put_time(struct json_writer *w, const char *key, int64_t microseconds); /* 0: null */
void put_number_or_null(struct json_writer *w, const char *key, double value); /* NAN: null */
void put_id_or_null(struct json_writer *w, const char *key, int64_t id);       /* 0: null */
void put_json_or_null(struct json_writer *w, const char *key, const char *json);
void put_user(struct json_writer *w, const struct user *user); /* the members of an open object */

/* A parameter of the query, within bounds; INVALID names it. */
int call_query_int(struct call *call, const char *name, int64_t fallback, int64_t least,
                   int64_t most, int64_t *value);

#endif
