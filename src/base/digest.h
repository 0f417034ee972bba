#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

/*
 * digest - SHA-256 of bytes (FIPS 180-4).
 */

#include <stddef.h>

#define DIGEST_LEN 32

/* Ends the process when OpenSSL has no SHA-256. */
void digest_sha256(const void *p, size_t len, unsigned char out[DIGEST_LEN]);

#endif
