/* routes.h - finding the route of a request. */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "api/api_internal.h"

/* The route, with the path's parameters in the call; NULL: none, and whether the path has one for
 * another method. */
const struct route *routes_find(struct call *call, const char *method, const char *path,
                                bool *other_method);

#endif
