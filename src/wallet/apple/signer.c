#include "wallet/apple/signer.h"

#include <errno.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#define FILE_MAX   (256L * 1024)
#define LOOK_EVERY 1000 /* milliseconds */
#define WARN_DAYS  30
#define DAY_MS     (24LL * 60 * 60 * 1000)

/* Apple, WWDR intermediates: the name that all generations share. */
#define WWDR_NAME "Apple Worldwide Developer Relations Certification Authority"

struct signer {
	X509 *leaf, *wwdr;
	EVP_PKEY *key;
	unsigned char digest[32];
	int64_t from, until; /* both certificates are valid, milliseconds */
};

/* What the files gave, before it is judged. */
struct parts {
	const struct apple_conf *c;
	struct arena *a;
	struct faults *f;
	STACK_OF(X509) * chain; /* of the certificate's file */
	STACK_OF(X509) * wwdr;  /* of WWDR's own file, or NULL */
	const char *missing;    /* setting, or NULL */
};

static void
free_x509s(void *arg)
{
	sk_X509_pop_free(arg, X509_free);
}

static void
free_pkey(void *arg)
{
	EVP_PKEY_free(arg);
}

static BIO *
open_file(struct parts *p, const char *path)
{
	BIO *b = NULL;
	struct stat st;

	if (stat(path, &st) == 0 &&
	    (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX))
		fault_add(p->f, path, 0, "is no certificate or key file");
	else if ((b = BIO_new_file(path, "rb")) == NULL)
		fault_add(p->f, path, 0, "cannot be read: %s", strerror(errno));
	ERR_clear_error();
	return b;
}

/* All certificates of a file, PEM or (as Apple hands them out) DER. */
static STACK_OF(X509) * load_certs(struct parts *p, const char *path)
{
	STACK_OF(X509) * list;
	BIO *b = open_file(p, path);
	X509 *x;

	if (b == NULL)
		return NULL;
	if ((list = sk_X509_new_null()) == NULL)
		abort();
	arena_defer(p->a, free_x509s, list);
	while ((x = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(list, x) == 0)
			abort();
	if (sk_X509_num(list) == 0 && BIO_reset(b) == 0 &&
	    (x = d2i_X509_bio(b, NULL)) != NULL && sk_X509_push(list, x) == 0)
		abort();
	BIO_free(b);
	ERR_clear_error();
	if (sk_X509_num(list) > 0)
		return list;
	fault_add(p->f, path, 0, "holds no certificate, neither PEM nor DER");
	return NULL;
}

/* Called for an encrypted key only. */
static int
no_passphrase(char *out, int size, int writing, void *arg)
{
	(void)size;
	(void)writing;
	*out = '\0';
	*(bool *)arg = true;
	return -1;
}

static EVP_PKEY *
load_key(struct parts *p)
{
	const char *path = p->c->key != NULL ? p->c->key : p->c->certificate;
	bool encrypted = false;
	EVP_PKEY *key;
	BIO *b = open_file(p, path);

	if (b == NULL)
		return NULL;
	key = PEM_read_bio_PrivateKey(b, NULL, no_passphrase, &encrypted);
	BIO_free(b);
	ERR_clear_error();
	if (key != NULL)
		arena_defer(p->a, free_pkey, key);
	else if (encrypted)
		fault_add(p->f, path, 0,
		    "the private key is encrypted; decrypt it with "
		    "'openssl pkey -in FILE -out NEWFILE'");
	else if (p->c->key == NULL)
		p->missing = "apple.key";
	else
		fault_add(p->f, path, 0, "holds no PEM private key");
	return key;
}

/* The first value of `nid` in a name, as UTF-8, or "". */
static const char *
name_part(struct arena *a, const X509_NAME *name, int nid)
{
	int i = X509_NAME_get_index_by_NID(name, nid, -1);
	unsigned char *utf8 = NULL;
	const char *s = "";
	int n;

	if (i < 0)
		return s;
	n = ASN1_STRING_to_UTF8(
	    &utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));
	if (n >= 0 && memchr(utf8, '\0', (size_t)n) == NULL)
		s = arena_strndup(a, (const char *)utf8, (size_t)n);
	OPENSSL_free(utf8);
	return s;
}

static bool
is_wwdr(struct arena *a, X509 *x)
{
	const char *cn = name_part(a, X509_get_subject_name(x), NID_commonName);

	return strcmp(cn, WWDR_NAME) == 0;
}

static bool
issued(X509 *issuer, X509 *x)
{
	bool yes = X509_check_issued(issuer, x) == X509_V_OK &&
	    X509_verify(x, X509_get0_pubkey(issuer)) == 1;

	ERR_clear_error();
	return yes;
}

/*
 * WWDR's certificate: of those at hand the one that issued the leaf, else
 * any by that name, so that the faults can tell what is wrong with it.
 */
static X509 *
find_wwdr(struct parts *p, X509 *leaf)
{
	STACK_OF(X509) *list = p->wwdr != NULL ? p->wwdr : p->chain;
	X509 *best = NULL;

	for (int i = 0; i < sk_X509_num(list); i++) {
		X509 *x = sk_X509_value(list, i);

		if (!is_wwdr(p->a, x))
			continue;
		if (issued(x, leaf))
			return x;
		best = best != NULL ? best : x;
	}
	if (best == NULL && p->wwdr == NULL)
		p->missing = "apple.wwdr";
	else if (best == NULL)
		fault_add(p->f, p->c->wwdr, 0,
		    "is not a certificate of '%s', but of '%s'", WWDR_NAME,
		    name_part(p->a,
			X509_get_subject_name(sk_X509_value(list, 0)),
			NID_commonName));
	return best;
}

static int64_t
time_ms(const ASN1_TIME *t)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;
	int64_t ms = 0;

	if (epoch == NULL)
		abort();
	if (ASN1_TIME_diff(&days, &seconds, epoch, t) == 1)
		ms = days * DAY_MS + seconds * 1000LL;
	ASN1_TIME_free(epoch);
	return ms;
}

static const char *
day_of(struct arena *a, int64_t ms)
{
	char iso[CLOCK_ISO_SIZE];

	clock_iso(ms, iso);
	return arena_strndup(a, iso, strlen("2026-11-22"));
}

static void
judge_time(struct parts *p, X509 *x, const char *path, int64_t now)
{
	int64_t from = time_ms(X509_get0_notBefore(x));
	int64_t until = time_ms(X509_get0_notAfter(x));
	const char *who = is_wwdr(p->a, x) ? "WWDR's" : "the pass";

	if (now < from)
		fault_add(p->f, path, 0,
		    "%s certificate is not valid before %s", who,
		    day_of(p->a, from));
	else if (now >= until)
		fault_add(p->f, path, 0,
		    "%s certificate expired on %s; make a new one at "
		    "developer.apple.com",
		    who, day_of(p->a, until));
	else if (until - now < WARN_DAYS * DAY_MS)
		fault_warn(p->f, path, 0, "%s certificate expires in %lld days",
		    who, (long long)((until - now) / DAY_MS));
}

static void
judge_key(struct parts *p, X509 *leaf, EVP_PKEY *key)
{
	const char *path = p->c->key != NULL ? p->c->key : p->c->certificate;
	int type = EVP_PKEY_get_base_id(key);

	if (type != EVP_PKEY_RSA && type != EVP_PKEY_EC)
		fault_add(p->f, path, 0, "the key is neither RSA nor EC");
	else if (X509_check_private_key(leaf, key) != 1)
		fault_add(p->f, path, 0,
		    "the key does not belong to the certificate %s",
		    p->c->certificate);
	ERR_clear_error();
}

/* Apple puts both into the subject of a pass type certificate. */
static void
judge_subject(struct parts *p, X509 *leaf)
{
	const X509_NAME *subject = X509_get_subject_name(leaf);
	const char *uid = name_part(p->a, subject, NID_userId);
	const char *team = name_part(p->a, subject, NID_organizationalUnitName);

	if (strcmp(uid, p->c->pass_type_identifier) != 0)
		fault_add(p->f, p->c->certificate, 0,
		    "is the certificate of '%s', not of passTypeIdentifier "
		    "'%s'",
		    uid, p->c->pass_type_identifier);
	if (strcmp(team, p->c->team_identifier) != 0)
		fault_add(p->f, p->c->certificate, 0,
		    "belongs to team '%s', not to teamIdentifier '%s'", team,
		    p->c->team_identifier);
}

/* A subject's OU tells the generation; pass certificates are of G4 by now. */
static const char *
generation(struct arena *a, const X509_NAME *name)
{
	const char *ou = name_part(a, name, NID_organizationalUnitName);

	if (*ou == '\0')
		return "no generation";
	if (strcmp(ou, "Apple Worldwide Developer Relations") == 0)
		return "the first, too old";
	if (ou[0] == 'G' && ou[1] >= '1' && ou[1] <= '3' && ou[2] == '\0')
		return arena_printf(a, "%s, too old", ou);
	return ou;
}

static void
judge_issuer(struct parts *p, X509 *leaf, X509 *wwdr)
{
	const char *path = p->wwdr != NULL ? p->c->wwdr : p->c->certificate;
	const char *want, *have;

	if (issued(wwdr, leaf))
		return;
	want = name_part(
	    p->a, X509_get_issuer_name(leaf), NID_organizationalUnitName);
	have = generation(p->a, X509_get_subject_name(wwdr));
	fault_add(p->f, path, 0,
	    "this WWDR certificate (%s) did not issue the pass certificate "
	    "(which needs %s); take it from "
	    "www.apple.com/certificateauthority",
	    have, *want != '\0' ? want : "another");
}

static void
digest_certs(struct signer *s)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	X509 *const x[] = { s->leaf, s->wwdr };

	if (md == NULL || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1)
		abort();
	for (size_t i = 0; i < sizeof(x) / sizeof(x[0]); i++) {
		unsigned char *der = NULL;
		int n = i2d_X509(x[i], &der);

		if (n < 0 || EVP_DigestUpdate(md, der, (size_t)n) != 1)
			abort();
		OPENSSL_free(der);
	}
	if (EVP_DigestFinal_ex(md, s->digest, NULL) != 1)
		abort();
	EVP_MD_CTX_free(md);
}

static struct signer *
judge(struct parts *p, EVP_PKEY *key, X509 *wwdr, int64_t now)
{
	X509 *leaf = sk_X509_value(p->chain, 0);
	struct signer *s = arena_alloc(p->a, sizeof(*s));
	size_t errors = p->f->errors;
	int64_t t;

	judge_key(p, leaf, key);
	judge_subject(p, leaf);
	judge_time(p, leaf, p->c->certificate, now);
	judge_issuer(p, leaf, wwdr);
	judge_time(
	    p, wwdr, p->wwdr != NULL ? p->c->wwdr : p->c->certificate, now);
	if (p->f->errors > errors)
		return NULL;

	*s = (struct signer){ .leaf = leaf, .wwdr = wwdr, .key = key };
	s->from = time_ms(X509_get0_notBefore(leaf));
	if ((t = time_ms(X509_get0_notBefore(wwdr))) > s->from)
		s->from = t;
	s->until = time_ms(X509_get0_notAfter(leaf));
	if ((t = time_ms(X509_get0_notAfter(wwdr))) < s->until)
		s->until = t;
	digest_certs(s);
	return s;
}

static const char *
missing_setting(const struct apple_conf *c)
{
	if (c->pass_type_identifier == NULL)
		return "apple.passTypeIdentifier";
	if (c->team_identifier == NULL)
		return "apple.teamIdentifier";
	if (c->certificate == NULL)
		return "apple.certificate";
	return NULL;
}

/* signer_load(), naming in `*missing` the setting of an ERR_UNSET. */
static enum err
load(struct parts *p, int64_t now, struct signer **out)
{
	EVP_PKEY *key = NULL;
	X509 *wwdr = NULL;
	struct signer *s = NULL;

	p->missing = missing_setting(p->c);
	if (p->missing == NULL && p->c->wwdr != NULL &&
	    (p->wwdr = load_certs(p, p->c->wwdr)) == NULL)
		return ERR_INVALID;
	if (p->missing == NULL &&
	    (p->chain = load_certs(p, p->c->certificate)) != NULL) {
		key = load_key(p);
		wwdr = find_wwdr(p, sk_X509_value(p->chain, 0));
	}
	if (key != NULL && wwdr != NULL)
		s = judge(p, key, wwdr, now);
	if (p->missing != NULL) {
		fault_add(p->f, "tenant.yml", 0, "%s is missing", p->missing);
		return ERR_UNSET;
	}
	if (s == NULL)
		return ERR_INVALID;
	*out = s;
	return ERR_OK;
}

enum err
signer_load(struct arena *a, const struct apple_conf *c, int64_t now,
    struct faults *f, struct signer **out)
{
	struct parts p = { .c = c, .a = a, .f = f };

	return load(&p, now, out);
}

void
signer_digest(const struct signer *s, unsigned char out[32])
{
	memcpy(out, s->digest, sizeof(s->digest));
}

/*
 * Without CMS_PARTIAL's two steps OpenSSL would take the signing time from
 * its own clock.
 */
static CMS_ContentInfo *
cms_sign(const struct signer *s, BIO *data, int64_t now)
{
	const unsigned flags =
	    CMS_DETACHED | CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;
	ASN1_TIME *t = ASN1_TIME_set(NULL, (time_t)(now / 1000));
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
	CMS_SignerInfo *si;
	bool done;

	done = t != NULL && cms != NULL && CMS_add1_cert(cms, s->wwdr) == 1 &&
	    (si = CMS_add1_signer(cms, s->leaf, s->key, EVP_sha256(), flags)) !=
		NULL &&
	    CMS_signed_add1_attr_by_NID(
		si, NID_pkcs9_signingTime, t->type, t, -1) == 1 &&
	    CMS_final(cms, data, NULL, flags) == 1;
	ASN1_TIME_free(t);
	if (done)
		return cms;
	CMS_ContentInfo_free(cms);
	return NULL;
}

enum err
signer_sign(const struct signer *s, struct slice manifest, int64_t now,
    struct arena *a, struct slice *der)
{
	BIO *data = BIO_new_mem_buf(manifest.s, (int)manifest.len);
	CMS_ContentInfo *cms = NULL;
	unsigned char *raw = NULL;
	int n = -1;

	if (data != NULL && (cms = cms_sign(s, data, now)) != NULL)
		n = i2d_CMS_ContentInfo(cms, &raw);
	if (n >= 0) {
		der->s = arena_memdup(a, raw, (size_t)n);
		der->len = (size_t)n;
	} else
		log_error("apple_sign", "why",
		    ERR_reason_error_string(ERR_peek_last_error()), NULL);
	ERR_clear_error();
	OPENSSL_free(raw);
	CMS_ContentInfo_free(cms);
	BIO_free(data);
	return n >= 0 ? ERR_OK : ERR_INTERNAL;
}

bool
signer_use(const struct signer *s, void *ctx)
{
	return SSL_CTX_use_certificate(ctx, s->leaf) == 1 &&
	    SSL_CTX_use_PrivateKey(ctx, s->key) == 1;
}

/* -- the signers that a process keeps ------------------------------------- */

#define CACHED_MAX 64

struct cached {
	struct arena *a;   /* owns all else; NULL: the place is free */
	const char *name;  /* the settings, as one string */
	struct stat st[3]; /* of the three files */
	struct signer *signer;
	enum err err;
	bool bridged; /* an older signer stands in for what does not load */
	const char *missing; /* setting, with ERR_UNSET */
	const char *said;    /* the faults that were logged last */
	int64_t looked;
	uint64_t used;
};

static struct cached cache[CACHED_MAX];
static uint64_t uses;

static const char *
text_of(const char *s)
{
	return s == NULL ? "" : s;
}

static const char *
name_of(struct arena *a, const struct apple_conf *c)
{
	return arena_printf(a, "%s\n%s\n%s\n%s\n%s",
	    text_of(c->pass_type_identifier), text_of(c->team_identifier),
	    text_of(c->certificate), text_of(c->key), text_of(c->wwdr));
}

/* The place of these settings, or else the one that was not used longest. */
static struct cached *
place_of(const char *name)
{
	struct cached *old = &cache[0];

	for (size_t i = 0; i < CACHED_MAX; i++) {
		if (cache[i].a != NULL && strcmp(cache[i].name, name) == 0)
			return &cache[i];
		if (cache[i].used < old->used)
			old = &cache[i];
	}
	arena_free(old->a);
	*old = (struct cached){ .a = NULL };
	return old;
}

static void
look(const struct apple_conf *c, struct stat st[3])
{
	const char *const paths[] = { c->certificate, c->key, c->wwdr };

	memset(st, 0, 3 * sizeof(*st));
	for (size_t i = 0; i < 3; i++)
		if (paths[i] != NULL && stat(paths[i], &st[i]) != 0)
			memset(&st[i], 0, sizeof(st[i]));
}

static bool
same_files(const struct stat a[3], const struct stat b[3])
{
	for (size_t i = 0; i < 3; i++)
		if (a[i].st_ino != b[i].st_ino || a[i].st_dev != b[i].st_dev ||
		    a[i].st_size != b[i].st_size ||
		    a[i].st_mtim.tv_sec != b[i].st_mtim.tv_sec ||
		    a[i].st_mtim.tv_nsec != b[i].st_mtim.tv_nsec)
			return false;
	return true;
}

/* Log what was not said last time; gives all of it as one string. */
static const char *
say(const struct faults *f, const char *said)
{
	struct buf b;

	buf_init(&b, f->a);
	for (size_t i = 0; i < f->n; i++)
		buf_printf(&b, "%s: %s\n", f->list[i].file, f->list[i].text);
	if (strcmp(buf_slice(&b).s, text_of(said)) == 0)
		return buf_slice(&b).s;
	for (size_t i = 0; i < f->n; i++) {
		const struct fault *one = &f->list[i];

		if (one->warning)
			log_warning("apple_certificate", "file", one->file,
			    "why", one->text, NULL);
		else
			log_error("apple_certificate", "file", one->file, "why",
			    one->text, NULL);
	}
	return buf_slice(&b).s;
}

static bool
is_valid(const struct cached *k, int64_t now)
{
	return k->signer != NULL && now >= k->signer->from &&
	    now < k->signer->until;
}

/*
 * Certificate and key are copied one after the other: what was good a moment
 * ago serves for one more look.
 */
static bool
may_bridge(const struct cached *k, int64_t now)
{
	return is_valid(k, now) && !k->bridged &&
	    now < k->looked + 2L * LOOK_EVERY;
}

static void
reload(
    struct cached *k, const struct apple_conf *c, const char *name, int64_t now)
{
	struct arena *a = arena_new(4096), *old = k->a;
	struct parts p = { .c = c, .a = a };
	struct signer *signer = NULL;
	struct stat st[3];
	struct faults f;
	enum err e;

	faults_init(&f, a);
	p.f = &f;
	look(c, st);
	e = load(&p, now, &signer);
	if (e != ERR_OK && may_bridge(k, now)) {
		k->bridged = true;
		arena_free(a);
		return;
	}
	memcpy(k->st, st, sizeof(st));
	k->bridged = false;
	k->signer = signer;
	k->err = e;
	k->said = k->err == ERR_UNSET ? NULL : say(&f, k->said);
	k->missing = p.missing;
	k->name = arena_strdup(a, name);
	k->a = a;
	arena_free(old);
}

static bool
is_stale(const struct cached *k, const struct apple_conf *c, int64_t now)
{
	struct stat st[3];

	if (!is_valid(k, now))
		return true;
	look(c, st);
	return !same_files(st, k->st);
}

enum err
signer_get(const struct apple_conf *c, int64_t now, const struct signer **out,
    struct why *w)
{
	struct arena *scratch = arena_new(1024);
	const char *name = name_of(scratch, c);
	struct cached *k = place_of(name);

	k->used = ++uses;
	if (k->a == NULL || now < k->looked || now >= k->looked + LOOK_EVERY) {
		if (k->a == NULL || is_stale(k, c, now))
			reload(k, c, name, now);
		k->looked = now;
	}
	arena_free(scratch);
	if (k->err == ERR_UNSET)
		return why(w, ERR_UNSET, k->missing,
		    "Set %s in tenant.yml to offer passes for Apple Wallet.",
		    k->missing);
	if (k->err != ERR_OK)
		return ERR_INTERNAL;
	*out = k->signer;
	return ERR_OK;
}
