#include "auth/apikey.h"

#include <openssl/crypto.h>
#include <string.h>

#include "base/digest.h"
#include "base/text.h"

void
apikey_new(char out[APIKEY_LEN + 1], ident_random_fn *random)
{
	ident_new(out, APIKEY_LEN, random);
}

void
apikey_hash(struct slice key, char out[APIKEY_HASH_LEN + 1])
{
	static const char prefix[] = "sha256:";
	unsigned char hash[DIGEST_LEN];

	digest_sha256(key.s, key.len, hash);
	memcpy(out, prefix, sizeof(prefix));
	text_hex(out + sizeof(prefix) - 1, hash, sizeof(hash));
}

const struct api_key *
apikey_find(const struct tenant *t, struct slice key)
{
	const struct api_key *found = NULL;
	unsigned char hash[DIGEST_LEN];

	digest_sha256(key.s, key.len, hash);
	for (size_t i = 0; i < t->nkeys; i++) {
		const struct api_key *k = &t->keys[i];

		if (CRYPTO_memcmp(k->hash, hash, sizeof(hash)) == 0 &&
		    k->enabled && found == NULL)
			found = k;
	}
	return found;
}
