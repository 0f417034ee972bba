#ifndef CONF_OWNER_H
#define CONF_OWNER_H

/*
 * owner - all programs run as one user, the one who owns the tenants.
 */

#include "base/err.h"
#include "conf/server.h"

/*
 * Become the owner of the first tenant's data/ folder, or of the tenants
 * folder while there is none.  Root becomes that user for good; anybody else
 * who is not that user is refused: ERR_DENIED, logged.
 */
MUST_CHECK enum err owner_become(const struct server *s);

#endif
