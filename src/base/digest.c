#include "base/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

/* OpenSSL 3 looks for the algorithm at each use, unless it is kept. */
void
digest_sha256(const void *p, size_t len, unsigned char out[DIGEST_LEN])
{
	static EVP_MD *md;

	if (md == NULL)
		md = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (md == NULL || EVP_Digest(p, len, out, NULL, md, NULL) != 1)
		abort();
}
