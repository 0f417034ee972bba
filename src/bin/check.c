/*
 * check - `passwright check`: everything that can be wrong before a customer
 * meets it.
 */

#include <dirent.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fetch.h"
#include "bin/command.h"
#include "bin/reach.h"
#include "conf/load.h"
#include "conf/tenants.h"
#include "conf/yaml.h"
#include "page/layout.h"
#include "pass/change.h"
#include "pass/remote.h"
#include "pass/types.h"
#include "wallet/apple/pkpass.h"
#include "wallet/apple/push_apple.h"
#include "wallet/apple/signer.h"
#include "wallet/card.h"
#include "wallet/google/account.h"
#include "wallet/google/gate.h"
#include "wallet/google/object.h"

#define FREE_MIB 256    /* less is told */
#define AHEAD_MS 300000 /* of what was written before */

struct check {
	struct command *c;
	struct faults all;
	struct faults f; /* of the present step */
	size_t told;     /* of `all`, before the present step */
	int64_t now;
	struct tenant *t;
	const char *file;         /* tenant.yml */
	struct json_object *yaml; /* what it says, for its lines */
	bool site, online;        /* what of the network is asked for */
	const char *url;          /* of the web server; NULL: the tenant's */
	bool apple, google;       /* some tenant uses it */
	struct reach reach;
};

/* -- faults of one step after the other ------------------------------------ */

/*
 * A line that an earlier step found at fault is told no more about: one cause
 * shows up in what is written and again in what is made of it.
 */
static bool
is_told(const struct check *k, const struct fault *x)
{
	for (size_t i = 0; i < k->all.n; i++) {
		const struct fault *old = &k->all.list[i];

		if (old->line != x->line || strcmp(old->file, x->file) != 0)
			continue;
		if (strcmp(old->text, x->text) == 0 ||
		    (i < k->told && x->line > 0 && !old->warning))
			return true;
	}
	return false;
}

static void
next_step(struct check *k)
{
	for (size_t i = 0; i < k->f.n; i++) {
		const struct fault *x = &k->f.list[i];

		if (!is_told(k, x))
			(x->warning ? fault_warn : fault_add)(
			    &k->all, x->file, x->line, "%s", x->text);
	}
	k->told = k->all.n;
	faults_init(&k->f, k->c->a);
}

/* A file of the tenant as its settings name it. */
static const char *
short_name(const struct check *k, const char *path)
{
	const size_t len = strlen(k->t->dir);

	return strncmp(path, k->t->dir, len) == 0 && path[len] == '/'
	    ? path + len + 1
	    : path;
}

/* A file of which only the lines are wanted: its faults are told already. */
static struct json_object *
lines_of(struct check *k, const char *file)
{
	struct json_object *o = NULL;
	struct faults unused;

	faults_init(&unused, k->c->a);
	(void)!yaml_read(k->c->a, file, file, &unused, &o);
	return o;
}

/* -- tenant.yml and security.yml ------------------------------------------- */

static void
check_tenant_yml(struct check *k)
{
	const struct tenant *t = k->t;

	if (t->url != NULL && strncmp(t->url, "http://", 7) == 0)
		fault_warn(&k->f, k->file, yaml_line_of(k->yaml, "url"),
		    "\"url\" is not https: Apple Wallet takes no updates from "
		    "it, and passes are made without them");
	if (t->ntypes > 0 && t->default_pass_type == NULL)
		fault_warn(&k->f, k->file, yaml_line(k->yaml),
		    "\"defaultPassType\" is missing: who creates a pass must "
		    "name its type");
}

static bool
is_proven(const struct tenant *t, const char *key)
{
	for (size_t i = 0; i < t->nidentifiers; i++)
		if (strcmp(t->identifiers[i].key, key) == 0)
			return true;
	for (size_t i = 0; i < t->nclaims; i++)
		if (strcmp(t->claims[i].identifier, key) == 0)
			return true;
	return false;
}

static void
check_security_yml(struct check *k)
{
	const char *file = arena_printf(k->c->a, "%s/security.yml", k->t->dir);
	struct json_object *yaml = lines_of(k, file);
	struct json_object *open = json_get(yaml, "allowUnsigned");

	if (k->t->hmac_secrets.n > 0)
		fault_warn(&k->f, file, yaml_line_of(yaml, "hmacSecrets"),
		    "\"hmacSecrets\" are shared by all identifiers: a proof "
		    "of one proves the same value of any other; give each its "
		    "own under \"identifiers\"");
	for (size_t i = 0; i < k->t->allow_unsigned.n; i++)
		if (is_proven(k->t, k->t->allow_unsigned.s[i]))
			fault_warn(&k->f, file, yaml_line_at(open, i),
			    "\"allowUnsigned\": %s has a proof, which nobody "
			    "needs so",
			    k->t->allow_unsigned.s[i]);
}

/* -- what lies in the folder ----------------------------------------------- */

/* A 403 of Apple's push service, which stands until the files change. */
static void
check_stopped(struct check *k, struct store *st, const struct apple_conf *conf)
{
	struct push_env env = { .a = k->c->a,
		.server = &k->c->server,
		.tenant = k->t,
		.store = st,
		.now = k->now };
	const char *reason;

	if (conf->pass_type_identifier != NULL &&
	    push_apple_stopped(&env, conf, &reason))
		fault_add(&k->f, k->file, 0,
		    "Apple's push service refuses the credentials of %s (%s): "
		    "nothing is pushed until certificate or p8 is replaced",
		    conf->pass_type_identifier, reason);
}

/* What keeps Google from being asked, see gate.h. */
static void
check_gate(struct check *k, struct store *st, const struct google_conf *conf)
{
	struct gate_of of = { .a = k->c->a, .store = st };
	const int line = yaml_line_of(k->yaml, "google");
	struct gate g;
	struct why w;

	if (account_get(conf, k->now, &of.account, &w) != ERR_OK)
		return; /* none, or it is told where its file is judged */
	of.issuer = conf->issuer_id;
	gate_get(&of, &g);
	if (g.why != GATE_OPEN)
		(g.why == GATE_LATER ? fault_warn : fault_add)(
		    &k->f, k->file, line, "%s", gate_text(&of, &g));
}

/* When something in the folder was written last, ms. */
static int64_t
last_written(struct check *k, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *x;
	int64_t last = 0;

	while (d != NULL && (x = readdir(d)) != NULL) {
		struct stat sb;

		if (stat(arena_printf(k->c->a, "%s/%s", dir, x->d_name), &sb) ==
			0 &&
		    (int64_t)sb.st_mtim.tv_sec * 1000 > last)
			last = (int64_t)sb.st_mtim.tv_sec * 1000;
	}
	if (d != NULL)
		closedir(d);
	return last;
}

/* Before the store is opened, which writes. */
static void
check_clock(struct check *k, const char *dir)
{
	char iso[CLOCK_ISO_SIZE];
	const int64_t last = last_written(k, dir);

	if (last <= k->now + AHEAD_MS)
		return;
	clock_iso(last, iso);
	fault_warn(&k->f, dir, 0,
	    "was written on %s, which is yet to come: set the clock of this "
	    "machine",
	    iso);
}

static void
check_disk(struct check *k, const char *dir)
{
	struct statvfs v;
	unsigned long long mib;

	if (statvfs(dir, &v) != 0)
		return;
	mib = (unsigned long long)v.f_bavail * v.f_frsize >> 20;
	if (mib < FREE_MIB)
		fault_warn(&k->f, dir, 0,
		    "the disk has %llu MiB left, less than %d: make room "
		    "before writes fail",
		    mib, FREE_MIB);
}

static void
check_wallets(struct check *k, struct store *st)
{
	check_stopped(k, st, &k->t->apple);
	check_gate(k, st, &k->t->google);
	for (size_t i = 0; i < k->t->ntypes; i++) {
		check_stopped(k, st, &k->t->types[i].apple_conf);
		check_gate(k, st, &k->t->types[i].google_conf);
	}
}

static void
check_data(struct check *k)
{
	const struct store_options opt = { .lease = 1 };
	const char *dir = arena_printf(k->c->a, "%s/data", k->t->dir);
	struct store *st = NULL;
	struct stat sb;
	uint64_t n;

	if (stat(dir, &sb) == 0 && S_ISDIR(sb.st_mode) &&
	    (sb.st_mode & 077) != 0)
		fault_warn(&k->f, dir, 0,
		    "others may look into this folder: chmod 700");
	check_clock(k, dir);
	if (store_open(dir, &opt, &st) != ERR_OK ||
	    store_count(st, &n) != ERR_OK)
		fault_add(&k->f, dir, 0,
		    "the store cannot be opened; the log says why");
	check_disk(k, dir);
	if (st != NULL)
		check_wallets(k, st);
	store_close(st);
}

/* A key that the folder of secrets does not keep from others. */
static void
check_secret(struct check *k, const char *path, const char *file, int line)
{
	const char *dir = arena_printf(k->c->a, "%s/secrets/", k->t->dir);
	struct stat sb;

	if (path == NULL)
		return;
	if (stat(path, &sb) != 0 || access(path, R_OK) != 0)
		fault_add(&k->f, file, line, "%s cannot be read",
		    short_name(k, path));
	else if (strncmp(path, dir, strlen(dir)) != 0 &&
	    (sb.st_mode & 077) != 0)
		fault_warn(&k->f, file, line, "others may read %s: chmod 600",
		    short_name(k, path));
}

/* -- credentials ----------------------------------------------------------- */

/* Where a setting of a wallet's section stands. */
static struct place
place_of(struct check *k, const struct pass_type *type, const char *wallet,
    const char *setting)
{
	struct json_object *own =
	    json_get(json_get(lines_of(k, type->file), "credentials"), wallet);
	struct json_object *tenants = json_get(k->yaml, wallet);
	int line = yaml_line_of(tenants, setting);

	if (yaml_line_of(own, setting) > 0)
		return (struct place){ type->file, yaml_line_of(own, setting) };
	return (struct place){ k->file, line > 0 ? line : yaml_line(tenants) };
}

/* A fault of a certificate, where the settings name its file. */
static void
tell_of_signer(
    struct check *k, const struct pass_type *type, const struct fault *x)
{
	const struct apple_conf *conf = &type->apple_conf;
	const struct {
		const char *path, *setting;
	} t[] = { { conf->certificate, "certificate" }, { conf->key, "key" },
		{ conf->wwdr, "wwdr" } };
	struct place at = place_of(k, type, "apple", "");
	const char *text = x->text;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (t[i].path == NULL || strcmp(t[i].path, x->file) != 0)
			continue;
		at = place_of(k, type, "apple", t[i].setting);
		text = arena_printf(
		    k->c->a, "%s: %s", short_name(k, x->file), x->text);
		break;
	}
	(x->warning ? fault_warn : fault_add)(
	    &k->f, at.file, at.line, "%s", text);
}

/* As Apple makes them; a wrong one is told before a certificate is compared. */
static bool
check_identity(struct check *k, const struct pass_type *type)
{
	const struct apple_conf *c = &type->apple_conf;
	const size_t errors = k->f.errors;
	struct place at = place_of(k, type, "apple", "passTypeIdentifier");

	if (c->pass_type_identifier != NULL &&
	    strncmp(c->pass_type_identifier, "pass.", 5) != 0)
		fault_add(&k->f, at.file, at.line,
		    "\"passTypeIdentifier\": %s does not begin with \"pass.\"",
		    c->pass_type_identifier);
	at = place_of(k, type, "apple", "teamIdentifier");
	if (c->team_identifier != NULL && strlen(c->team_identifier) != 10)
		fault_add(&k->f, at.file, at.line,
		    "\"teamIdentifier\": %s is not of ten characters",
		    c->team_identifier);
	return k->f.errors == errors;
}

static void
check_signer(struct check *k, const struct pass_type *type)
{
	const struct apple_conf *c = &type->apple_conf;
	struct signer *unused = NULL;
	struct place at;
	struct faults f;

	if ((c->pass_type_identifier == NULL && c->certificate == NULL) ||
	    !check_identity(k, type))
		return;
	faults_init(&f, k->c->a);
	(void)!signer_load(k->c->a, c, k->now, &f, &unused);
	for (size_t i = 0; i < f.n; i++)
		tell_of_signer(k, type, &f.list[i]);
	at = place_of(k, type, "apple", "key");
	if (f.errors == 0)
		check_secret(k, c->key, at.file, at.line);
}

static void
check_credentials(struct check *k, const struct pass_type *type)
{
	const struct apple_conf *apple = &type->apple_conf;
	const struct google_conf *google = &type->google_conf;
	struct place at = place_of(k, type, "apple", "p8");
	const char *fault;

	check_signer(k, type);
	check_secret(k, apple->p8, at.file, at.line);
	at = place_of(k, type, "google", "serviceAccount");
	check_secret(k, google->service_account, at.file, at.line);
	if (google->service_account != NULL &&
	    (fault = account_fault(k->c->a, google)) != NULL)
		fault_add(&k->f, at.file, at.line, "%s: %s",
		    short_name(k, google->service_account), fault);
	if (apple->pass_type_identifier == NULL && google->issuer_id == NULL)
		fault_warn(&k->f, type->file, 0,
		    "no wallet takes this pass: set \"apple\" or \"google\" "
		    "in tenant.yml");
}

/* -- a pass type ----------------------------------------------------------- */

static void
check_unique(struct check *k, const struct pass_type *type)
{
	struct json_object *list =
	    json_get(lines_of(k, type->file), "uniqueIdentifiers");
	const struct strings *keys = &type->unique_identifiers;

	for (size_t i = 0; i < keys->n; i++) {
		if (strings_has(&k->t->allow_unsigned, keys->s[i]))
			fault_warn(&k->f, type->file, yaml_line_at(list, i),
			    "\"uniqueIdentifiers\": %s needs no proof "
			    "(allowUnsigned): who guesses a value gets the id "
			    "of its pass",
			    keys->s[i]);
		for (size_t n = 0; n < k->t->nidentifiers; n++) {
			const char *other = k->t->identifiers[n].key;

			if (strcasecmp(other, keys->s[i]) == 0 &&
			    strcmp(other, keys->s[i]) != 0)
				fault_warn(&k->f, type->file,
				    yaml_line_at(list, i),
				    "\"uniqueIdentifiers\": %s is %s in "
				    "security.yml",
				    keys->s[i], other);
		}
	}
}

static bool
has_customers(const struct tenant *t)
{
	for (size_t i = 0; i < t->nissuers; i++)
		if (t->issuers[i].use == JWT_CUSTOMERS)
			return true;
	return t->allow_unsigned.n > 0 || t->hmac_secrets.n > 0 ||
	    t->nidentifiers > 0;
}

static void
check_type_yml(struct check *k, const struct pass_type *type)
{
	k->apple |= type->apple_conf.pass_type_identifier != NULL;
	k->google |= type->google_conf.issuer_id != NULL;
	check_unique(k, type);
	if (!type->has_caller_data && has_customers(k->t))
		fault_warn(&k->f, type->file, 0,
		    "\"callerData\" is missing: who has but the proof of an "
		    "identifier may set any additionalData; list what they "
		    "may, [] for nothing");
	card_check(k->t, type, &k->f);
}

/* -- passes as they would be made ------------------------------------------ */

/* The name after ".identifiers" of an expression, or NULL. */
static const char *
identifier_at(struct arena *a, const char *s)
{
	static const char word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz0123456789_";
	size_t n;

	if (strncmp(s, "[\"", 2) == 0 || strncmp(s, ".\"", 2) == 0)
		return arena_strndup(a, s + 2, strcspn(s + 2, "\"\\"));
	n = *s == '.' ? strspn(s + 1, word) : 0;
	return n == 0 ? NULL : arena_strndup(a, s + 1, n);
}

/* A value for each identifier that the type's expressions name. */
static struct json_object *
sample_identifiers(struct check *k, const struct pass_type *type)
{
	static const char name[] = ".identifiers";
	struct json_object *const from[] = { type->metadata, type->card,
		type->apple, type->google };
	struct json_object *out = json_object_in(k->c->a);

	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		const char *s = from[i] == NULL
		    ? ""
		    : json_object_to_json_string_ext(
			  from[i], JSON_C_TO_STRING_PLAIN);
		char *plain = arena_strdup(k->c->a, s), *to = plain;

		/* without the escapes of JSON, quotes stand as in jq */
		for (; *s != '\0'; s++)
			if (*s != '\\')
				*to++ = *s;
		*to = '\0';
		for (s = plain; (s = strstr(s, name)) != NULL;) {
			const char *key;

			s += strlen(name);
			key = identifier_at(k->c->a, s);
			if (key != NULL)
				json_set_string(out, key, "1000001");
		}
	}
	for (size_t i = 0; i < type->unique_identifiers.n; i++)
		json_set_string(out, type->unique_identifiers.s[i], "1000001");
	return out;
}

/* A message with the pass's id is a key to it for whoever reads the code. */
static void
check_message(struct check *k, const struct pass_type *type,
    struct json_object *barcode, const struct pass *p)
{
	struct json_object *message = json_get(barcode, "message");
	int line = yaml_line_of(type->card, "barcode");

	if (message != NULL &&
	    strstr(json_plain(k->c->a, message).s, p->id) != NULL)
		fault_warn(&k->f, type->file, line,
		    "the barcode carries the id of the pass: who scans it may "
		    "open the pass; use an identifier of yours");
}

static void
check_barcodes(struct check *k, const struct pass_type *type,
    const struct card *card, const struct pass *p)
{
	struct json_object *const of[] = {
		json_get(card->sides[0].card, "barcode"),
		json_get(card->sides[0].apple, "barcodes"),
		json_get(card->sides[0].apple, "barcode"),
	};

	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		if (!json_object_is_type(of[i], json_type_array)) {
			check_message(k, type, of[i], p);
			continue;
		}
		for (size_t n = 0; n < json_object_array_length(of[i]); n++)
			check_message(
			    k, type, json_object_array_get_idx(of[i], n), p);
	}
}

/*
 * A type without a wallet's settings is judged as if it had Apple's, so that
 * its author need not wait for a certificate.  Apple's settings themselves
 * have been judged.
 */
static void
check_apple(struct check *k, struct pass_type *type, const struct pass *p)
{
	struct apple_conf *conf = &type->apple_conf;

	if (conf->pass_type_identifier == NULL &&
	    type->google_conf.issuer_id != NULL)
		return;
	conf->pass_type_identifier = "pass.example";
	conf->team_identifier = "A1B2C3D4E5";
	pkpass_check(k->t, type, p, k->now, &k->f);
}

static bool
has_error(const struct check *k, const char *file)
{
	for (size_t i = 0; i < k->all.n; i++)
		if (!k->all.list[i].warning &&
		    strcmp(k->all.list[i].file, file) == 0)
			return true;
	return false;
}

/* A pass of no more than `identifiers`; false if there can be none. */
static bool
check_sample(
    struct check *k, struct pass_type *type, struct json_object *identifiers)
{
	struct change_env env = {
		.a = k->c->a,
		.tenant = k->t,
		.now = k->now,
		.random = ident_random,
	};
	const struct change_input in = { .type = type->name,
		.identifiers = identifiers };
	struct card card;
	struct pass p;
	struct why w;

	if (change_make(&env, &in, &p, &w) != ERR_OK ||
	    card_render(k->c->a, k->t, type, &p, &card) != ERR_OK) {
		if (!has_error(k, type->file))
			fault_warn(&k->f, type->file, 0,
			    "a pass without %s cannot be made; give the "
			    "expressions a default with `// \"\"`",
			    identifiers == NULL ? "any data"
						: "additionalData");
		return false;
	}
	check_barcodes(k, type, &card, &p);
	check_apple(k, type, &p);
	if (type->google_conf.issuer_id != NULL)
		object_check(k->t, type, &p, &k->f);
	return true;
}

static void
check_type(struct check *k, struct pass_type *type)
{
	struct template *unused;
	bool good;

	if (lines_of(k, type->file) == NULL && type->card == NULL)
		return; /* no YAML, which is told */
	check_type_yml(k, type);
	check_credentials(k, type);
	next_step(k);
	good = types_metadata(k->t, type, &k->f, &unused) == ERR_OK;
	good &= types_wallet(k->t, type, &k->f, &unused) == ERR_OK;
	if (good && type->card != NULL &&
	    check_sample(k, type, sample_identifiers(k, type)))
		(void)check_sample(k, type, NULL);
	next_step(k);
}

/* -- data providers and suppliers ------------------------------------------ */

static void
check_remote(struct check *k, struct remote *r)
{
	struct json_object *in = lines_of(k, r->file);

	if (in == NULL)
		return; /* no YAML, which is told */
	(void)!remote_check(k->t, r, &k->f);
	if (r->command.n > 0 && access(r->command.s[0], X_OK) != 0)
		fault_add(&k->f, r->file, yaml_line_of(in, "command"),
		    "\"command\": there is no program %s",
		    short_name(k, r->command.s[0]));
	if (r->supplier && r->create && r->access == REMOTE_OPEN)
		fault_warn(&k->f, r->file, yaml_line_of(in, "access"),
		    "\"access\": anybody who guesses a value may create "
		    "passes and get their ids");
	next_step(k);
}

/* -- the web server -------------------------------------------------------- */

static void
check_site(struct check *k)
{
	const char *url = k->url != NULL ? k->url : k->t->url;
	struct reach_site s = { .tenant = k->t->id,
		.file = k->file,
		.line = yaml_line_of(k->yaml, "url") };
	size_t len;

	if (url == NULL) {
		fault_add(&k->f, k->file, yaml_line(k->yaml),
		    "\"url\" is missing: which web server is to be asked?");
		return;
	}
	for (len = strlen(url); len > 0 && url[len - 1] == '/';)
		len--;
	s.url = arena_strndup(k->c->a, url, len);
	reach_site(&k->reach, &s);
	next_step(k);
}

/* -- all of a tenant ------------------------------------------------------- */

static void
drop_warnings(struct faults *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++)
		if (!f->list[i].warning)
			f->list[kept++] = f->list[i];
	f->n = kept;
}

static void
check_tenant(struct check *k, const char *name)
{
	enum err e;

	k->t = NULL;
	k->yaml = NULL;
	e = tenant_inspect(&k->c->server, name, &k->f, &k->t);
	if (k->t == NULL && e == ERR_NOTFOUND)
		fault_add(&k->f,
		    arena_printf(k->c->a, "%s/%s", k->c->server.tenants, name),
		    0,
		    "there is no such tenant; `passwright tenant list` shows "
		    "them");
	if (k->t != NULL) {
		k->file = arena_printf(k->c->a, "%s/tenant.yml", k->t->dir);
		k->yaml = lines_of(k, k->file);
	}
	/* Without tenant.yml the rest is judged by what it does not say. */
	if (k->t == NULL || k->yaml == NULL)
		drop_warnings(&k->f);
	next_step(k);
	if (k->t == NULL || k->yaml == NULL) {
		tenant_free(k->t);
		return;
	}
	check_tenant_yml(k);
	check_security_yml(k);
	check_data(k);
	next_step(k);
	for (size_t i = 0; i < k->t->ntypes; i++)
		check_type(k, &k->t->types[i]);
	for (size_t i = 0; i < k->t->nlayouts; i++)
		(void)!layout_check(k->t, &k->t->layouts[i], &k->f);
	next_step(k);
	for (size_t i = 0; i < k->t->nproviders; i++)
		check_remote(k, &k->t->providers[i]);
	for (size_t i = 0; i < k->t->nsuppliers; i++)
		check_remote(k, &k->t->suppliers[i]);
	if (k->site)
		check_site(k);
	tenant_free(k->t);
}

/* The URL may be left out, and a word that is one follows `--url`. */
static bool
take_options(struct check *k, int argc, char **argv)
{
	static const struct option options[] = { { "url", optional_argument,
						     NULL, 'u' },
		{ "online", no_argument, NULL, 'o' }, { 0 } };
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'o') {
			k->online = true;
			continue;
		}
		if (opt != 'u')
			return false;
		k->site = true;
		k->url = optarg;
		if (optarg == NULL && optind < argc &&
		    load_is_url(argv[optind]))
			k->url = argv[optind++];
	}
	return optind >= argc - 1 && (k->url == NULL || load_is_url(k->url));
}

int
command_check(struct command *c, int argc, char **argv)
{
	struct check k = { .c = c, .now = clock_now() };
	struct strings names;

	if (!take_options(&k, argc, argv))
		return command_usage(c);
	faults_init(&k.all, c->a);
	faults_init(&k.f, c->a);
	k.reach = (struct reach){ .a = c->a, .server = &c->server, .f = &k.f };
	if (optind < argc) {
		check_tenant(&k, argv[optind]);
	} else {
		if (tenants_list(c->a, &c->server, &names) != ERR_OK)
			return command_fail(
			    EX_NOINPUT, "%s cannot be read", c->server.tenants);
		for (size_t i = 0; i < names.n; i++)
			check_tenant(&k, names.s[i]);
	}
	if (k.online)
		reach_wallets(&k.reach, k.apple, k.google);
	next_step(&k);
	fetch_close();
	command_faults(c, &k.all);
	return k.all.errors == 0 ? EX_OK : 1;
}
