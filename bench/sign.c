/*
 * sign - bare RSA-2048 signatures over SHA-256: what a fresh pass is measured
 * against.
 * usage: sign PROCESSES SECONDS
 */

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "crew.h"

#define MANIFEST_BYTES 512

static void *
start(int n)
{
	(void)n;
	return EVP_RSA_gen(2048);
}

static bool
work(void *state)
{
	static const unsigned char manifest[MANIFEST_BYTES];
	unsigned char out[256];
	size_t len = sizeof(out);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, state) == 1 &&
	    EVP_DigestSign(ctx, out, &len, manifest, sizeof(manifest)) == 1;

	EVP_MD_CTX_free(ctx);
	return good;
}

static void
end(void *state)
{
	EVP_PKEY_free(state);
}

int
main(int argc, char **argv)
{
	static const struct crew crew = { start, work, end };

	return argc == 3 ? crew_run(&crew, argv + 1) : 64;
}
