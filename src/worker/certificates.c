/*
 * certificates - tell the log, once a day, of those that end soon or cannot be
 * used, as `passwright check` does.
 */

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "store/day.h"
#include "store/state.h"
#include "wallet/apple/signer.h"
#include "worker/job.h"

#define EACH_MS 3600000

static const char told[] = "certificates"; /* the day of the last time */

static void
tell(const struct job_env *env, const struct apple_conf *conf)
{
	struct signer *unused = NULL;
	struct faults f;

	faults_init(&f, env->a);
	(void)!signer_load(env->a, conf, env->time.now, &f, &unused);
	for (size_t i = 0; i < f.n; i++) {
		const struct fault *x = &f.list[i];

		if (x->warning)
			log_warning("certificate", "file", x->file, "type",
			    conf->pass_type_identifier, "why", x->text, NULL);
		else
			log_error("certificate", "file", x->file, "type",
			    conf->pass_type_identifier, "why", x->text, NULL);
	}
}

/* An earlier pass type has the same. */
static bool
is_told(const struct tenant *t, size_t n)
{
	const struct apple_conf *conf = &t->types[n].apple_conf;

	for (size_t i = 0; i < n; i++) {
		const struct apple_conf *old = &t->types[i].apple_conf;

		if (old->certificate != NULL &&
		    strcmp(old->certificate, conf->certificate) == 0)
			return true;
	}
	return false;
}

static enum err
certificates(const struct job_env *env, struct job_state *s)
{
	const struct text_num today = text_num(day_of(env->time.now));
	const struct tenant *t = env->tenant;
	struct slice last = { NULL, 0 };
	enum err e = state_get(env->store, told, env->a, &last);

	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	s->next = env->time.tick + EACH_MS;
	if (e == ERR_OK && slice_is(last, today.s))
		return ERR_OK;
	for (size_t i = 0; i < t->ntypes; i++)
		if (t->types[i].apple_conf.certificate != NULL &&
		    !is_told(t, i))
			tell(env, &t->types[i].apple_conf);
	return state_put(env->store, told, slice_of(today.s));
}

const struct job job_certificates = { "certificates", certificates, NULL,
	false };
