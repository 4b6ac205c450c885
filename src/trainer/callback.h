/* callback.h - a sink that posts to a backend:
 * BACKEND/api/v1/internal/training/callback, with the secret in X-Internal-Auth. */
#ifndef TRAINER_CALLBACK_H
#define TRAINER_CALLBACK_H

#include "trainer/trainer.h"

struct callback;

struct callback *callback_new(const char *backend_url, const char *secret); /* NULL: none */
void callback_free(struct callback *callback); /* NULL is fine; no delivery may be inside */

/* A refusal of the message itself is final; a wrong secret, a wrong address and all that may pass
 * are not, so that nothing is lost while they are put right. */
struct trainer_sink callback_sink(struct callback *callback);

#endif
