/* live_support.h - a client of the server's WebSockets, and jobs to which things happen. */
#ifndef API_LIVE_SUPPORT_H
#define API_LIVE_SUPPORT_H

#include "api_support.h"

struct listener {
    int fd;
    int close_code; /* once a close frame has come; 0 before */
};

/* A handshake; headers: more of them, each ended by \r\n, or NULL.  Gives the status. */
int listener_open(struct listener *listener, const struct platform *p, const char *path,
                  const char *headers);
void listener_close(struct listener *listener);
void listener_say(struct listener *listener, const char *text);

/* The next text, unparsed; free() it.  NULL when the server has closed.  Fails after 10 seconds. */
char *listener_text(struct listener *listener);
/* The next frame, which must be of this type; json_decref() it. */
json_t *listener_expect(struct listener *listener, const char *type);
/* Nothing was waiting before the answer to a ping came. */
void listener_expect_silence(struct listener *listener);
/* The server closes, with this code; what comes before is dropped. */
void listener_expect_close(struct listener *listener, int code);

/* A connection on which this much has been sent: "GET /x HTTP/1.1\r\n...". */
int raw_request(const struct platform *p, const char *text);
/* What comes on it until this text is there, or the end; a static buffer. */
const char *raw_answer(int fd, const char *until);

int64_t new_project(const struct platform *p, const char *token);
int64_t new_job(const struct platform *p, int64_t project_id, int64_t epochs);
/* Apply what an engine reports, as JSON, which tells it too. */
void report(const struct platform *p, int64_t job_id, const char *event, const char *data);
/* Tell that the status has changed. */
void tell_status(const struct platform *p, int64_t job_id, const char *old_status);
/* pending -> running */
void start_job(const struct platform *p, int64_t job_id);

#endif
