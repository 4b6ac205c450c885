/* api_internal.h - what handlers get and how they answer. */
#ifndef API_API_INTERNAL_H
#define API_API_INTERNAL_H

#include "api/api.h"
#include "app/accounts/projects.h"
#include "base/error.h"
#include "base/field.h"
#include "base/json.h"
#include "net/http.h"

struct api {
    struct api_options options;
    struct http_server *server;
    double started;
    struct login_limit *logins; /* api/login_limit.h */
    struct live *live;          /* api/live/live.h */
    struct engine_io *engine_io; /* api/live/engine_io.h */
    struct metrics *metrics;    /* api/metrics_page.h */
    struct web_ui *web;         /* api/web_ui.h; NULL: none */
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
    bool has_stream;                         /* identified, and its stream has begun */
    void *state;                             /* of the stream */
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

/* A body that is not kept but taken as it comes, after the caller has been identified.  These run
 * on an I/O thread: writing to a file is what they are for, and waiting is not.  The handler runs
 * on a worker when all has come. */
struct stream {
    enum http_body (*begin)(struct call *call); /* what to do with the body; may answer instead */
    int (*data)(struct call *call, const char *data, size_t size_bytes); /* -1: has answered */
    void (*end)(struct call *call); /* after begin, always: frees call->state */
};
const struct stream *route_stream(const struct route *route); /* NULL: none */

/* Does its handler compute a password's hash, run an engine, wait for one, or move many files? */
bool route_is_slow(const struct route *route);

/* --- who calls ------------------------------------------------------------------------------- */

/* What a client of a WebSocket identifies itself with: ?token=, a header, or the cookie if the page
 * is of this site or a listed one.  NULL: nothing that counts. */
const char *call_socket_bearer(struct call *call);
/* For routes that are open, and only sometimes want a user; false: 401 or 403 has been answered. */
bool call_identify(struct call *call);
/* false: 403 has been answered. */
bool call_may(struct call *call, enum permission permission);
/* The project of the path's first id, if the caller has this right in it; false: answered. */
bool call_open_project(struct call *call, enum right right, struct project *project);
/* Is the internal secret in X-Internal-Auth? */
bool call_knows_secret(struct call *call);

/* --- bodies ---------------------------------------------------------------------------------- */

/* Only read the body into call->body, {} when there is none; false: 422 has been answered. */
bool call_parse_body(struct call *call);
/* Fill the record from the body by the route's fields; false: 422 has been answered. */
bool call_read_body(struct call *call, void *record);
/* The same where an object of the body, "config" say, may hold some of the fields. */
bool call_read_nested_body(struct call *call, const char *inner, void *record);
/* 422 that names a parameter of the query that must be given. */
void call_refuse_missing(struct call *call, const char *parameter);
/* A parameter of the query that is one of these words; NULL when it is empty or not there.  false:
 * 422 that names them has been answered. */
bool call_read_query_word(struct call *call, const char *name, const char *const *words,
                          int word_count, const char **value);
/* 422 that names fields of the body. */
void call_refuse_fields(struct call *call, const char *const *names, const char *const *messages,
                        int count);
/* Was this field in the body? */
bool call_has(const struct call *call, const char *name);

/* --- answers --------------------------------------------------------------------------------- */

/* {"detail","code"} with the status that the kind of the error stands for. */
void call_fail(struct call *call);
/* 0: false.  Anything else: what call->err says has been answered. */
bool call_failed(struct call *call, int result);
/* The same where the contract says 400 for what is taken already. */
void call_fail_taken(struct call *call);
void call_fail_with(struct call *call, int status, const char *code, const char *detail);

/* Write JSON between these two.  call_begin() gives a writer. */
struct answer {
    struct str text;
    struct json_writer w;
};
struct json_writer *answer_begin(struct answer *answer);
void answer_send(struct call *call, int status, struct answer *answer);
/* With one object around all. */
struct json_writer *answer_open(struct answer *answer);
void answer_close(struct call *call, int status, struct answer *answer);

/* An array of what put(w, &rows[i]) writes. */
#define PUT_ROWS(w, rows, count, put)                                                              \
    do {                                                                                           \
        json_array_open(w);                                                                        \
        for (int _row = 0; _row < (count); _row++)                                                 \
            put(w, &(rows)[_row]);                                                                 \
        json_close(w);                                                                             \
    } while (0)
/* 200 with such an array alone. */
#define SEND_ROWS(call, rows, count, put)                                                          \
    do {                                                                                           \
        struct answer _answer;                                                                     \
        struct json_writer *_w = answer_begin(&_answer);                                           \
                                                                                                   \
        PUT_ROWS(_w, rows, count, put);                                                            \
        answer_send(call, 200, &_answer);                                                          \
    } while (0)

/* What every HTML page needs besides its Content-Security-Policy, and that. */
void call_add_page_headers(struct call *call, const char *policy);

/* X-Total-Count: how many there are, whatever the page. */
void call_add_total(struct call *call, int64_t total);

/* Location of what has been made: "training/jobs" and its id. */
void call_add_location(struct call *call, const char *path, const char *name);
void call_add_location_of(struct call *call, const char *path, int64_t id);

/* Takes the value. */
void call_send_json(struct call *call, int status, json_t *value);

/* {"message": text} */
void call_message(struct call *call, int status, const char *text);

/* --- values ---------------------------------------------------------------------------------- */

void put_time(struct json_writer *w, const char *key, int64_t microseconds); /* 0: null */
void put_number_or_null(struct json_writer *w, const char *key, double value); /* NAN: null */
void put_id_or_null(struct json_writer *w, const char *key, int64_t id);       /* 0: null */
void put_json_or_null(struct json_writer *w, const char *key, const char *json);
void put_user(struct json_writer *w, const struct user *user); /* the members of an open object */

/* "1" or "true", of a query or a form; NULL is not. */
bool call_is_true(const char *text);

/* "image/png" by a file's name; what is no image is a download of bytes. */
const char *call_image_type(const char *name);

/* A parameter of the query, "true" or "1", "false" or "0"; INVALID names it. */
int call_query_flag(struct call *call, const char *name, bool fallback, bool *value);

/* ?limit= and ?skip=; INVALID names the one that does not fit. */
int call_query_span(struct call *call, int64_t limit_fallback, int64_t limit_most, int64_t *limit,
                    int64_t *skip);

/* A parameter of the query, within bounds; INVALID names it. */
int call_query_int(struct call *call, const char *name, int64_t fallback, int64_t least,
                   int64_t most, int64_t *value);

#endif
