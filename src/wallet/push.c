#include "wallet/push.h"

#include "base/log.h"
#include "base/text.h"

#define AGAIN_MS 5000 /* what push_now() leaves is for the worker */
#define ROUNDS   100  /* of a pass that very many have */

const struct push_wallet *const push_wallets[] = { &push_apple, &push_google,
	NULL };

static unsigned
left_of(const struct due *d)
{
	return d->wallets & ~(d->done | d->refused);
}

static enum err
tell(struct push_env *env, const struct push_wallet *wallet, struct due *rows,
    size_t n)
{
	struct due **mine = arena_alloc(env->a, (n + 1) * sizeof(struct due *));
	size_t nmine = 0;

	for (size_t i = 0; i < n; i++) {
		if ((left_of(&rows[i]) & wallet->bit) == 0)
			continue;
		if (wallet->most == 0 || nmine < wallet->most)
			mine[nmine++] = &rows[i];
		else
			rows[i].again = env->now;
	}
	return nmine == 0 ? ERR_OK : wallet->tell(env, mine, nmine);
}

/* The bits of wallets that somebody speaks for. */
static unsigned
spoken_for(const struct push_env *env)
{
	unsigned bits = 0;

	for (size_t i = 0; env->wallets[i] != NULL; i++)
		bits |= env->wallets[i]->bit;
	return bits;
}

/* Without their ids, which are capabilities. */
static void
log_refused(const struct push_wallet *wallet, const struct due *rows, size_t n)
{
	long long count = 0;

	for (size_t i = 0; i < n; i++)
		count += (rows[i].refused & wallet->bit) != 0;
	if (count > 0)
		log_warning("push_refused", "wallet", wallet->name, "count",
		    text_num(count).s, NULL);
}

enum err
push_rows(struct push_env *env, struct due *rows, size_t n, int64_t again)
{
	const unsigned known = spoken_for(env);
	enum err e, told = ERR_OK;

	for (size_t i = 0; i < n; i++) {
		rows[i].done = rows[i].refused = rows[i].stuck = 0;
		rows[i].again = env->now + again;
	}
	/* One wallet that cannot be reached does not keep another waiting. */
	for (size_t i = 0; env->wallets[i] != NULL; i++)
		if (tell(env, env->wallets[i], rows, n) != ERR_OK)
			told = ERR_UPSTREAM;
	for (size_t i = 0; i < n; i++) {
		rows[i].wallets &= known;
	}
	for (size_t i = 0; env->wallets[i] != NULL; i++)
		log_refused(env->wallets[i], rows, n);
	e = due_settle(env->store, rows, n, env->now);
	return e == ERR_OK ? told : e;
}

enum err
push_now(struct push_env *env, const char *id, struct why *w)
{
	struct due d;
	enum err e = due_find(env->store, id, env->a, &d);

	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	env->at_once = true;
	for (int i = 0; i < ROUNDS; i++) {
		e = push_rows(env, &d, 1, AGAIN_MS);
		if (e != ERR_OK || left_of(&d) == 0 || d.again > env->now)
			break;
	}
	for (size_t i = 0; env->wallets[i] != NULL; i++)
		if (((left_of(&d) | d.refused) & env->wallets[i]->bit) != 0)
			return why(w, ERR_UPSTREAM, NULL,
			    "The pass was changed, but %s could not be told; "
			    "%s",
			    env->wallets[i]->name,
			    d.refused != 0 ? "it refused."
					   : "it will be tried again.");
	return e;
}
