#include "wallet/google/account.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/load.h"

#define ACCOUNTS_MAX 16
#define LOOK_EVERY   1000 /* milliseconds */
#define FILE_MAX     ((size_t)64 * 1024)
#define BITS_MIN     2048 /* RFC 7518, section 3.3 */

struct account {
	struct arena *a; /* owns all else; NULL: free */
	const char *path, *email;
	EVP_PKEY *key; /* NULL: the file cannot be used */
	unsigned char digest[DIGEST_LEN];
	struct stat st;
	int64_t looked;
	uint64_t used;
};

static struct account accounts[ACCOUNTS_MAX];
static uint64_t uses;

/* Another file, or the same with another content. */
static bool
differs(const struct stat *a, const struct stat *b)
{
	return a->st_ino != b->st_ino || a->st_dev != b->st_dev ||
	    a->st_size != b->st_size ||
	    a->st_mtim.tv_sec != b->st_mtim.tv_sec ||
	    a->st_mtim.tv_nsec != b->st_mtim.tv_nsec;
}

static EVP_PKEY *
read_key(const char *pem)
{
	char none[] = ""; /* else it asks a terminal for a password */
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key =
	    bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, none);

	BIO_free(bio);
	ERR_clear_error();
	return key;
}

/* One that was put there again counts as another, whatever it says. */
static void
set_digest(struct account *acc, struct slice text)
{
	struct {
		unsigned char text[DIGEST_LEN];
		struct timespec written;
	} all = { .written = acc->st.st_mtim };

	digest_sha256(text.s, text.len, all.text);
	digest_sha256(&all, sizeof(all), acc->digest);
}

/* Fill in the account; what is wrong in words, or NULL. */
static const char *
load(struct account *acc, struct arena *scratch)
{
	struct json_object *o = NULL;
	struct slice text;
	const char *pem, *email;

	if (load_file(scratch, acc->path, FILE_MAX, &text, NULL) != ERR_OK)
		return "it cannot be read";
	if (json_parse(scratch, text, JSON_DEPTH, &o, NULL) != ERR_OK)
		return "it is not JSON: use the key file as Google gave it";
	email = json_get_string(o, "client_email");
	pem = json_get_string(o, "private_key");
	if (email == NULL || pem == NULL)
		return "client_email or private_key is missing: use the JSON "
		       "key of a service account";
	if ((acc->key = read_key(pem)) == NULL)
		return "private_key is no key in PEM";
	if (EVP_PKEY_get_base_id(acc->key) != EVP_PKEY_RSA ||
	    EVP_PKEY_get_bits(acc->key) < BITS_MIN) {
		EVP_PKEY_free(acc->key);
		acc->key = NULL;
		return "private_key is no RSA key of 2048 bits or more";
	}
	acc->email = arena_strdup(acc->a, email);
	set_digest(acc, text);
	return NULL;
}

static void
forget(struct account *acc)
{
	EVP_PKEY_free(acc->key);
	arena_free(acc->a);
	*acc = (struct account){ .a = NULL };
}

static void
read_again(struct account *acc, const char *path, const struct stat *st)
{
	struct arena *scratch = arena_new(4096);
	const char *fault;

	forget(acc);
	acc->a = arena_new(512);
	acc->path = arena_strdup(acc->a, path);
	acc->st = *st;
	if ((fault = load(acc, scratch)) != NULL)
		log_error("google_account", "file", path, "why", fault, NULL);
	arena_free(scratch);
}

static struct account *
place_of(const char *path)
{
	struct account *old = &accounts[0];

	for (size_t i = 0; i < ACCOUNTS_MAX; i++) {
		if (accounts[i].a != NULL &&
		    strcmp(accounts[i].path, path) == 0)
			return &accounts[i];
		if (accounts[i].used < old->used)
			old = &accounts[i];
	}
	return old;
}

enum err
account_get(const struct google_conf *c, int64_t now,
    const struct account **out, struct why *w)
{
	struct account *acc;
	struct stat st = { .st_size = 0 };

	if (c->issuer_id == NULL || c->service_account == NULL)
		return why(w, ERR_UNSET, NULL,
		    "Google Wallet needs google.%s in tenant.yml.",
		    c->issuer_id == NULL ? "issuerId" : "serviceAccount");
	acc = place_of(c->service_account);
	if (acc->a == NULL || strcmp(acc->path, c->service_account) != 0 ||
	    now < acc->looked || now >= acc->looked + LOOK_EVERY) {
		(void)!stat(c->service_account, &st);
		if (acc->a == NULL ||
		    strcmp(acc->path, c->service_account) != 0 ||
		    differs(&st, &acc->st))
			read_again(acc, c->service_account, &st);
		acc->looked = now;
	}
	acc->used = ++uses;
	if (acc->key == NULL)
		return ERR_INTERNAL;
	*out = acc;
	return ERR_OK;
}

const char *
account_fault(struct arena *a, const struct google_conf *c)
{
	struct account acc = { .a = arena_new(512),
		.path = c->service_account };
	const char *fault = load(&acc, a);

	forget(&acc);
	return fault;
}

const char *
account_email(const struct account *acc)
{
	return acc->email;
}

const unsigned char *
account_digest(const struct account *acc)
{
	return acc->digest;
}

enum err
account_sign(const struct account *acc, struct arena *a,
    struct json_object *claims, const char **token)
{
	static const char head[] = "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
	const struct slice text = json_text(a, claims);
	const char *in =
	    arena_printf(a, "%s.%s", text_base64url(a, head, sizeof(head) - 1),
		text_base64url(a, text.s, text.len));
	size_t len = (size_t)EVP_PKEY_get_size(acc->key);
	unsigned char *sig = arena_alloc(a, len);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	ok = ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, acc->key) == 1 &&
	    EVP_DigestSign(
		ctx, sig, &len, (const unsigned char *)in, strlen(in)) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ok) {
		log_error("google_sign", "why",
		    "the service account's key does not sign", NULL);
		ERR_clear_error();
		return ERR_INTERNAL;
	}
	*token = arena_printf(a, "%s.%s", in, text_base64url(a, sig, len));
	return ERR_OK;
}
