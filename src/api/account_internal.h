/* account_internal.h - what the routes of accounts, invitations and administration share. */
#ifndef API_ACCOUNT_INTERNAL_H
#define API_ACCOUNT_INTERNAL_H

#include "api/api_internal.h"

/* The pair of tokens, as cookies and in the body, with the user. */
void call_send_session(struct call *call, const struct user *user);

/* 429 after too many failures of this address, and of this name if there is one. */
bool call_has_failed_often(struct call *call, const char *name);
void call_count_failure(struct call *call, const char *name);

/* A page of another site makes the browser ask: 403, before a cookie is set or lost. */
bool call_refuse_other_site(struct call *call);

/* A page that is part of the program; @NONCE@ in it becomes what its policy lets run. */
void call_send_page(struct call *call, const char *html);

/* "http://host:8000", as the client sees this server; in the request's arena. */
const char *call_base_url(struct call *call);

/* By the setting, else by how the server was started. */
int call_registration_is_open(struct call *call, bool *open);

/* ?page=&per_page=: from 1, 50 by default; false: answered. */
bool call_read_page(struct call *call, int64_t *limit, int64_t *offset);

/* With all that is in it, by ?force=; answers. */
void call_remove_project(struct call *call, int64_t id);

/* The members of an open object. */
void put_project_members(struct call *call, struct json_writer *w, const struct project *project);

#endif
