#ifndef BASE_ERR_H
#define BASE_ERR_H

/*
 * err - what a caller may have to decide upon, and nothing finer.
 *
 * The cause (errno, a Berkeley DB code, an OpenSSL queue) is logged once,
 * by the function that met it; above that only these values travel.
 */

enum err {
	ERR_OK = 0,
	ERR_INVALID, /* the input breaks a rule; the client's fault */
	ERR_DENIED,  /* known, and not allowed */
	ERR_NOTFOUND,
	ERR_CONFLICT, /* exists already, or changed under the caller */
	ERR_TOOBIG,   /* over a limit of size */
	ERR_BUSY,     /* try again later */
	ERR_UPSTREAM, /* another service failed us */
	ERR_UNSET,    /* a setting that this needs is missing */
	ERR_INTERNAL, /* our fault; already logged */
	ERR__MAX
};

#define MUST_CHECK __attribute__((warn_unused_result))

#endif
