/* invitation_routes.c - links by which people join projects, over HTTP. */

#include "api/account_internal.h"
#include "api/fields.h"

#include "base/error.h"

#define LIST_LIMIT 50
#define LIST_MOST 200

route_handler route_project_invitations_get, route_project_invitations_post, route_invitations_get,
    route_invitations_accept, route_invitations_decline, route_invitation_info,
    route_invitation_delete;

/* What everybody may see who has the link. */
static void put_info(struct json_writer *w, const struct invitation *i)
{
    json_put_text(w, "type", "project");
    json_put_int(w, "project_id", i->project_id);
    json_put_text(w, "project_name", i->project_name);
    json_put_text(w, "inviter", i->inviter_name);
    json_put_text(w, "email", i->invitee_email);
    json_put_text(w, "role", i->invitee_role);
    json_put_text(w, "message", i->message);
    json_put_text(w, "status", i->status);
    put_time(w, "created_at", i->created_at);
    put_time(w, "expires_at", i->expires_at);
}

static void put_invitation(struct json_writer *w, const struct invitation *i)
{
    json_object_open(w);
    json_put_int(w, "id", i->id);
    put_info(w, i);
    put_time(w, "accepted_at", i->accepted_at);
    json_close(w);
}

/* --- of a project ---------------------------------------------------------------------------- */

void route_project_invitations_get(struct call *call)
{
    struct invitation *list;
    struct project project;
    int count;

    if (!call_open_project(call, RIGHT_MANAGE, &project) ||
        call_failed(
            call, invitations_list(call->app, project.id, call->arena, &list, &count, &call->err)))
        return;
    SEND_ROWS(call, list, count, put_invitation);
}

void route_project_invitations_post(struct call *call)
{
    struct invitation_body b = { 0 };
    struct invitation made;
    struct project project;
    struct answer answer;
    struct json_writer *w;
    const char *token;

    if (!call_open_project(call, RIGHT_MANAGE, &project) || !call_read_body(call, &b))
        return;
    if (invitations_add(call->app, &project, &call->user,
                        &(struct invitation){ .invitee_email = b.email, .invitee_role = b.role,
                                              .message = b.message },
                        call->arena, &token, &made, &call->err)) {
        call_fail_taken(call);
        return;
    }
    http_add_header(call->request, "Cache-Control", "no-store");
    w = answer_open(&answer);
    json_put_int(w, "id", made.id);
    json_put_text(w, "token", token);
    json_put_text(w, "url", arena_printf(call->arena, "%s/invite?token=%s", call_base_url(call),
                                         token));
    put_info(w, &made);
    answer_close(call, 201, &answer);
}

/* Whose project it is does not show: no access reads like no invitation. */
void route_invitation_delete(struct call *call)
{
    struct invitation invitation;
    struct project project;

    if (call_failed(call,
                    invitations_get(call->app, call->ids[0], call->arena, &invitation, &call->err)))
        return;
    if (projects_open(call->app, &call->user, invitation.project_id, RIGHT_MANAGE, call->arena,
                      &project, &call->err)) {
        if (call->err.kind == ERR_NOT_FOUND)
            FAIL(&call->err, NOT_FOUND, "Invitation not found");
        call_fail(call);
        return;
    }
    if (invitations_cancel(call->app, &project, invitation.id, &call->err))
        call_fail(call);
    else
        call_message(call, 200, "Invitation cancelled");
}

/* --- of a person ----------------------------------------------------------------------------- */

void route_invitations_get(struct call *call)
{
    struct invitation *list;
    int64_t skip, limit;
    int count;

    if (call_failed(call, call_query_span(call, LIST_LIMIT, LIST_MOST, &limit, &skip) ||
                              invitations_list_for(call->app, &call->user, limit, skip, call->arena,
                                                   &list, &count, &call->err)))
        return;
    SEND_ROWS(call, list, count, put_invitation);
}

void route_invitation_info(struct call *call)
{
    struct invitation invitation;
    struct answer answer;
    struct json_writer *w;

    if (call_has_failed_often(call, NULL))
        return;
    if (invitations_find(call->app, call->texts[0], call->arena, &invitation, &call->err)) {
        if (call->err.kind == ERR_NOT_FOUND)
            call_count_failure(call, NULL);
        call_fail(call);
        return;
    }
    w = answer_open(&answer);
    put_info(w, &invitation);
    answer_close(call, 200, &answer);
}

static void answer_invitation(struct call *call, bool accept)
{
    struct invitation invitation;
    struct token_body b = { 0 };
    struct answer answer;
    struct json_writer *w;

    if (!call_read_body(call, &b))
        return;
    if (invitations_answer(call->app, b.token, &call->user, accept, &call->err) ||
        invitations_find(call->app, b.token, call->arena, &invitation, &call->err)) {
        call_fail_taken(call);
        return;
    }
    w = answer_open(&answer);
    json_put_text(w, "message", accept ? "Invitation accepted" : "Invitation declined");
    json_put_int(w, "project_id", invitation.project_id);
    json_put_text(w, "project_name", invitation.project_name);
    json_put_text(w, "role", invitation.invitee_role);
    json_put_text(w, "status", invitation.status);
    answer_close(call, 200, &answer);
}

void route_invitations_accept(struct call *call)
{
    answer_invitation(call, true);
}

void route_invitations_decline(struct call *call)
{
    answer_invitation(call, false);
}
