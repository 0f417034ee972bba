#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "conf/load.h"
#include "conf/yaml.h"

#define SHA256_PREFIX "sha256:"
#define SHA256_LEN    32

/* RFC 7518, section 3.2: a key of HS256 has the size of its output at least */
#define HS256_KEY_MIN 32

#define JWKS_MAX ((size_t)1024 * 1024)

/* The file as it was read. */
struct key_row {
	const char *name, *hash;
	bool enabled;
	struct strings permissions;
};

struct issuer_row {
	const char *issuer, *audience;
	struct strings algorithms;
	int use; /* enum jwt_use */
	const char *jwks_file, *jwks_url, *secret;
};

struct identifier_row {
	struct strings hmac_secrets, secrets;
};

struct security {
	struct list keys;
	struct {
		struct list issuers;
	} jwt;
	struct json_object *claims;
	struct strings hmac_secrets;
	struct json_object *identifiers;
	struct strings allow_unsigned, require_scope_for;
	struct {
		struct strings origins;
	} cors;
	struct {
		struct rate anonymous, tenant;
	} limits;
};

/* What every function here needs. */
struct reading {
	struct tenant *t;
	const char *file;
	struct json_object *in;
	struct faults *f;
};

#define AT(field) offsetof(struct security, field)

static const char *const uses[] = { "api", "customers", NULL };
static const char *const algorithms[] = { "RS256", "RS384", "RS512", "PS256",
	"PS384", "PS512", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512",
	NULL };
static const char *const closable[] = { "data", "raw", "connect", NULL };

/* clang-format off */
static const struct setting key_rows[] = {
	{ .name = "name", .type = SETTING_STRING, .must = true,
	  .min = 1, .max = 64, .offset = offsetof(struct key_row, name),
	  .text = "As the log names the caller." },
	{ .name = "hash", .type = SETTING_STRING, .must = true,
	  .offset = offsetof(struct key_row, hash),
	  .text = "\"sha256:\" and the SHA-256 of the key's text in hex." },
	{ .name = "enabled", .type = SETTING_BOOL, .def = "true",
	  .offset = offsetof(struct key_row, enabled),
	  .text = "A key that is not is refused." },
	{ .name = "permissions", .type = SETTING_STRINGS, .max = 100,
	  .offset = offsetof(struct key_row, permissions), .def = "[]",
	  .text = "Scopes; \"*\" grants all." },
	{ .name = NULL }
};

static const struct setting issuer_rows[] = {
	{ .name = "issuer", .type = SETTING_STRING, .must = true,
	  .min = 1, .max = 1024, .offset = offsetof(struct issuer_row, issuer),
	  .text = "What the claim iss must be." },
	{ .name = "audience", .type = SETTING_STRING, .must = true,
	  .min = 1, .max = 1024,
	  .offset = offsetof(struct issuer_row, audience),
	  .text = "What the claim aud must hold." },
	{ .name = "algorithms", .type = SETTING_STRINGS, .must = true,
	  .min = 1, .max = 12,
	  .offset = offsetof(struct issuer_row, algorithms),
	  .text = "Signatures that are taken; none is never one." },
	{ .name = "use", .type = SETTING_ENUM, .words = uses, .must = true,
	  .offset = offsetof(struct issuer_row, use),
	  .text = "api: its tokens bring scopes; customers: identifiers." },
	{ .name = "jwksFile", .type = SETTING_STRING, .min = 1, .max = 1024,
	  .offset = offsetof(struct issuer_row, jwks_file),
	  .text = "File of the issuer's keys, a JWK set." },
	{ .name = "jwksUrl", .type = SETTING_STRING, .min = 1, .max = 2048,
	  .offset = offsetof(struct issuer_row, jwks_url),
	  .text = "Where the issuer publishes its keys." },
	{ .name = "secret", .type = SETTING_STRING, .min = 1, .max = 1024,
	  .offset = offsetof(struct issuer_row, secret),
	  .text = "File of a secret shared with the issuer, for HS256 and "
	      "the like." },
	{ .name = NULL }
};

const struct setting identifier_settings[] = {
	{ .name = "hmacSecrets", .type = SETTING_STRINGS, .max = 100,
	  .offset = offsetof(struct identifier_row, hmac_secrets),
	  .text = "Files of secrets that sign values of this identifier." },
	{ .name = "secrets", .type = SETTING_STRINGS, .max = 1000,
	  .offset = offsetof(struct identifier_row, secrets),
	  .text = "\"sha256:\" and the SHA-256 in hex of secrets that prove "
	      "it." },
	{ .name = NULL }
};

static const struct setting jwt_rows[] = {
	{ .name = "issuers", .type = SETTING_LIST, .rows = issuer_rows,
	  .max = 100, .size = sizeof(struct issuer_row),
	  .offset = AT(jwt.issuers) - AT(jwt), .text = "Who signs tokens." },
	{ .name = NULL }
};

static const struct setting cors_rows[] = {
	{ .name = "origins", .type = SETTING_STRINGS, .max = 1000,
	  .offset = AT(cors.origins) - AT(cors), .def = "[\"*\"]",
	  .text = "Web pages that may call; \"*\" is any, for calls that "
	      "need no scope." },
	{ .name = NULL }
};

static const struct setting limit_rows[] = {
	{ .name = "anonymous", .type = SETTING_RATE, .def = "60/m",
	  .offset = AT(limits.anonymous) - AT(limits),
	  .text = "Calls of one address without scope that look for a pass "
	      "or make one." },
	{ .name = "tenant", .type = SETTING_RATE, .def = "0",
	  .offset = AT(limits.tenant) - AT(limits),
	  .text = "All calls of the tenant." },
	{ .name = NULL }
};

const struct setting security_settings[] = {
	{ .name = "apiKeys", .type = SETTING_LIST, .rows = key_rows,
	  .max = 1000, .size = sizeof(struct key_row), .offset = AT(keys),
	  .text = "Keys for X-API-KEY." },
	{ .name = "jwt", .type = SETTING_STRUCT, .rows = jwt_rows,
	  .offset = AT(jwt), .text = "Tokens for Authorization: Bearer." },
	{ .name = "customerClaims", .type = SETTING_OBJECT,
	  .offset = AT(claims),
	  .text = "Claim of a customer's token: key of the identifier that it "
	      "proves." },
	{ .name = "hmacSecrets", .type = SETTING_STRINGS, .max = 100,
	  .offset = AT(hmac_secrets),
	  .text = "Files of secrets for identifiers without their own." },
	{ .name = "identifiers", .type = SETTING_OBJECT,
	  .offset = AT(identifiers),
	  .text = "Key of an identifier: how its values are proven." },
	{ .name = "allowUnsigned", .type = SETTING_STRINGS, .max = 1000,
	  .offset = AT(allow_unsigned),
	  .text = "Identifiers that need no proof." },
	{ .name = "requireScopeFor", .type = SETTING_STRINGS, .max = 3,
	  .offset = AT(require_scope_for),
	  .text = "Calls that a pass id alone does not open: data, raw, "
	      "connect." },
	{ .name = "cors", .type = SETTING_STRUCT, .rows = cors_rows,
	  .offset = AT(cors), .text = "What pages of other origins may do." },
	{ .name = "limits", .type = SETTING_STRUCT, .rows = limit_rows,
	  .offset = AT(limits), .text = "Requests, such as 60/m; 0 is none." },
	{ .name = NULL }
};
/* clang-format on */

static bool
is_word(const char *s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(s, *words) == 0)
			return true;
	return false;
}

static bool
read_hash(const char *s, unsigned char out[SHA256_LEN])
{
	const size_t n = strlen(SHA256_PREFIX);

	return strncmp(s, SHA256_PREFIX, n) == 0 &&
	    text_unhex(slice_of(s + n), out, SHA256_LEN);
}

static struct place
at(const struct reading *r, int line)
{
	return (struct place){ r->file, line };
}

/* -- keys ----------------------------------------------------------------- */

static void
judge_twice(const struct reading *r, size_t i, int line)
{
	const struct api_key *k = &r->t->keys[i];

	for (size_t j = 0; j < i; j++) {
		if (strcmp(r->t->keys[j].name, k->name) == 0)
			fault_add(r->f, r->file, line,
			    "the name \"%s\" is taken by another key", k->name);
		if (memcmp(r->t->keys[j].hash, k->hash, SHA256_LEN) == 0)
			fault_add(r->f, r->file, line,
			    "key \"%s\" has the hash of key \"%s\"", k->name,
			    r->t->keys[j].name);
	}
}

static void
take_keys(const struct reading *r, const struct list *l)
{
	struct json_object *in = json_get(r->in, "apiKeys");
	const struct key_row *row = l->items;
	struct tenant *t = r->t;
	struct api_key *k;

	t->keys = arena_alloc(t->a, (l->n + 1) * sizeof(*t->keys));
	for (size_t i = 0; i < l->n; i++, row++) {
		if (row->name == NULL || row->hash == NULL)
			continue;
		k = &t->keys[t->nkeys];
		k->name = row->name;
		k->enabled = row->enabled;
		k->permissions = row->permissions;
		if (!read_hash(row->hash, k->hash)) {
			fault_add(r->f, r->file, yaml_line_at(in, i),
			    "key \"%s\": \"hash\" must be \"sha256:\" and 64 "
			    "hexadecimal digits",
			    row->name);
			continue;
		}
		judge_twice(r, t->nkeys++, yaml_line_at(in, i));
	}
}

/* -- tokens --------------------------------------------------------------- */

static void
judge_algorithms(
    const struct reading *r, const struct issuer_row *row, int line)
{
	for (size_t i = 0; i < row->algorithms.n; i++) {
		const char *alg = row->algorithms.s[i];
		const bool shared = strncmp(alg, "HS", 2) == 0;

		if (!is_word(alg, algorithms))
			fault_add(r->f, r->file, line,
			    "issuer \"%s\": unknown algorithm \"%s\"",
			    row->issuer, alg);
		else if (shared && row->secret == NULL)
			fault_add(r->f, r->file, line,
			    "issuer \"%s\": %s needs \"secret\"", row->issuer,
			    alg);
		else if (!shared && row->secret != NULL)
			fault_add(r->f, r->file, line,
			    "issuer \"%s\": %s needs \"jwksFile\" or "
			    "\"jwksUrl\", not \"secret\"",
			    row->issuer, alg);
	}
}

static struct json_object *
read_jwks(const struct reading *r, const struct issuer_row *row, int line)
{
	struct json_object *set = NULL;
	struct why w = { .text = "" };
	struct tenant *t = r->t;
	struct slice text;

	if (!load_secret(t, row->jwks_file, at(r, line), r->f, &text))
		return NULL;
	if (json_parse(t->a, text, JSON_DEPTH, &set, &w) != ERR_OK)
		fault_add(r->f, r->file, line, "%s is not JSON: %s",
		    row->jwks_file, w.text);
	else if (!json_object_is_type(json_get(set, "keys"), json_type_array))
		fault_add(r->f, r->file, line,
		    "%s is no JWK set: \"keys\", a list, is missing",
		    row->jwks_file);
	return set;
}

static void
take_issuer(const struct reading *r, const struct issuer_row *row, int line)
{
	struct jwt_issuer *i = &r->t->issuers[r->t->nissuers++];

	*i = (struct jwt_issuer){ .issuer = row->issuer,
		.audience = row->audience,
		.algorithms = row->algorithms,
		.use = row->use,
		.jwks_url = row->jwks_url };
	if ((row->jwks_file != NULL) + (row->jwks_url != NULL) +
		(row->secret != NULL) !=
	    1) {
		fault_add(r->f, r->file, line,
		    "issuer \"%s\": exactly one of \"jwksFile\", \"jwksUrl\" "
		    "and \"secret\" is needed",
		    row->issuer);
		return;
	}
	judge_algorithms(r, row, line);
	if (row->jwks_file != NULL)
		i->jwks = read_jwks(r, row, line);
	if (row->jwks_url != NULL && !load_is_url(row->jwks_url))
		fault_add(r->f, r->file, line,
		    "issuer \"%s\": \"jwksUrl\" must be an http or https URL",
		    row->issuer);
	if (row->secret != NULL &&
	    load_secret(r->t, row->secret, at(r, line), r->f, &i->secret) &&
	    i->secret.len < HS256_KEY_MIN)
		fault_warn(r->f, r->file, line,
		    "issuer \"%s\": a secret of under 32 bytes can be guessed",
		    row->issuer);
}

static void
take_issuers(const struct reading *r, const struct list *l)
{
	struct json_object *in = json_get(json_get(r->in, "jwt"), "issuers");
	const struct issuer_row *row = l->items;

	r->t->issuers =
	    arena_alloc(r->t->a, (l->n + 1) * sizeof(*r->t->issuers));
	for (size_t i = 0; i < l->n; i++, row++)
		if (row->issuer != NULL)
			take_issuer(r, row, yaml_line_at(in, i));
}

static void
take_claims(const struct reading *r, struct json_object *in)
{
	struct json_object_iter i;
	struct tenant *t = r->t;
	struct claim_rule *c;

	if (in == NULL)
		return;
	t->claims = arena_alloc(t->a,
	    (size_t)(json_object_object_length(in) + 1) * sizeof(*t->claims));
	json_object_object_foreachC(in, i)
	{
		const int line = yaml_line_of(in, i.key);

		if (!json_object_is_type(i.val, json_type_string)) {
			fault_add(r->f, r->file, line,
			    "claim \"%s\": the key of an identifier is "
			    "expected",
			    i.key);
			continue;
		}
		c = &t->claims[t->nclaims++];
		c->claim = arena_strdup(t->a, i.key);
		c->identifier =
		    arena_strdup(t->a, json_object_get_string(i.val));
		load_identifier(c->identifier, at(r, line), r->f);
	}
}

/* -- proof of identifiers ------------------------------------------------- */

static struct slices
read_secrets(const struct reading *r, const struct strings *paths,
    struct json_object *in)
{
	struct slices l = { .n = 0 };

	l.s = arena_alloc(r->t->a, (paths->n + 1) * sizeof(*l.s));
	for (size_t i = 0; i < paths->n; i++)
		if (load_secret(r->t, paths->s[i], at(r, yaml_line_at(in, i)),
			r->f, &l.s[l.n]))
			l.n++;
	return l;
}

static void
read_hashes(const struct reading *r, const struct strings *hashes,
    struct json_object *in, struct identifier_rule *rule)
{
	rule->secrets =
	    arena_alloc(r->t->a, (hashes->n + 1) * sizeof(*rule->secrets));
	for (size_t i = 0; i < hashes->n; i++) {
		if (read_hash(hashes->s[i], rule->secrets[rule->nsecrets]))
			rule->nsecrets++;
		else
			fault_add(r->f, r->file, yaml_line_at(in, i),
			    "identifier \"%s\": a secret must be \"sha256:\" "
			    "and 64 hexadecimal digits",
			    rule->key);
	}
}

static void
take_identifier(
    const struct reading *r, const char *key, struct json_object *in, int line)
{
	struct tenant *t = r->t;
	struct identifier_rule *rule = &t->identifiers[t->nidentifiers++];
	const struct setting_source src = { r->file, in, r->f };
	struct identifier_row row;

	rule->key = arena_strdup(t->a, key);
	load_identifier(key, at(r, line), r->f);
	(void)!setting_read(t->a, identifier_settings, &src, &row);
	rule->hmac_secrets =
	    read_secrets(r, &row.hmac_secrets, json_get(in, "hmacSecrets"));
	read_hashes(r, &row.secrets, json_get(in, "secrets"), rule);
}

static void
take_identifiers(const struct reading *r, struct json_object *in)
{
	struct json_object_iter i;

	if (in == NULL)
		return;
	r->t->identifiers = arena_alloc(r->t->a,
	    (size_t)(json_object_object_length(in) + 1) *
		sizeof(*r->t->identifiers));
	json_object_object_foreachC(in, i)
	{
		take_identifier(r, i.key, i.val, yaml_line_of(in, i.key));
	}
}

static void
judge_lists(const struct reading *r, const struct security *s)
{
	struct json_object *in = json_get(r->in, "allowUnsigned");

	for (size_t i = 0; i < s->allow_unsigned.n; i++)
		load_identifier(
		    s->allow_unsigned.s[i], at(r, yaml_line_at(in, i)), r->f);
	in = json_get(r->in, "requireScopeFor");
	for (size_t i = 0; i < s->require_scope_for.n; i++)
		if (!is_word(s->require_scope_for.s[i], closable))
			fault_add(r->f, r->file, yaml_line_at(in, i),
			    "\"requireScopeFor\": data, raw or connect is "
			    "expected");
}

void
security_load(struct tenant *t, struct faults *f)
{
	struct reading r = { .t = t, .f = f };
	struct security s;

	r.file = arena_printf(t->a, "%s/security.yml", t->dir);
	/* What is wrong is among the faults; an absent file allows nothing. */
	(void)!yaml_read(t->a, r.file, r.file, f, &r.in);
	(void)!setting_read(t->a, security_settings,
	    &(struct setting_source){ r.file, r.in, f }, &s);
	take_keys(&r, &s.keys);
	take_issuers(&r, &s.jwt.issuers);
	take_claims(&r, s.claims);
	take_identifiers(&r, s.identifiers);
	t->hmac_secrets =
	    read_secrets(&r, &s.hmac_secrets, json_get(r.in, "hmacSecrets"));
	judge_lists(&r, &s);
	t->allow_unsigned = s.allow_unsigned;
	t->require_scope_for = s.require_scope_for;
	t->cors_origins = s.cors.origins;
	t->anonymous_limit = s.limits.anonymous;
	t->tenant_limit = s.limits.tenant;
}
