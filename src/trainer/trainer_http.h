/* trainer_http.h - a training service over HTTP: trainer_call() for each request.
 *
 * Parameters are the query and the JSON body together; the body wins.  POST /inference/predict
 * takes an image as the file of a form too, in the place of image_path.  With a secret, what is not
 * GET needs it in X-Internal-Auth, else 403.
 */
#ifndef TRAINER_TRAINER_HTTP_H
#define TRAINER_TRAINER_HTTP_H

#include <stdbool.h>

struct error;
struct trainer;
struct trainer_http;

struct trainer_http_options {
    struct trainer *trainer;
    const char *address; /* NULL: 127.0.0.1 */
    int port;            /* 0: any that is free */
    const char *secret;  /* NULL: none */
    bool access_log;
};

int trainer_http_open(struct trainer_http **out, const struct trainer_http_options *options,
                      struct error *err);
int trainer_http_port(const struct trainer_http *http);
/* Interrupts the trainer's calls and waits for them; NULL is fine. */
void trainer_http_close(struct trainer_http *http);

#endif
