#ifndef TESTS_WALLET_CHAIN_H
#define TESTS_WALLET_CHAIN_H

/*
 * chain - a temporary folder with certificates, for the tests of this room.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/buf.h"
#include "test.h"

#define CHAIN_TYPE "pass.com.acme.loyalty"
#define CHAIN_TEAM "A1B2C3D4E5"

/* Run a shell command, which must succeed (or must not). */
static inline void
shell(struct arena *a, bool good, const char *command)
{
	int rc = system(arena_printf(a, "exec 2>/dev/null; %s", command));

	if ((rc == 0) != good)
		fail_msg("%s: status %d", command, rc);
}

/* What a command prints. */
static inline const char *
output(struct arena *a, const char *command)
{
	FILE *p = popen(command, "r");
	struct buf b;
	int c;

	assert_non_null(p);
	buf_init(&b, a);
	while ((c = getc(p)) != EOF)
		buf_addc(&b, (char)c);
	if (pclose(p) != 0)
		fail_msg("%s: failed", command);
	return buf_slice(&b).s;
}

static inline void
write_bytes(const char *path, struct slice s)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(s.s, 1, s.len, f), s.len);
	assert_int_equal(fclose(f), 0);
}

/* A folder of its own. */
static inline const char *
make_dir(struct arena *a)
{
	const char *tmp = getenv("TMPDIR");
	char *dir =
	    arena_printf(a, "%s/wallet.XXXXXX", tmp == NULL ? "/tmp" : tmp);

	assert_non_null(mkdtemp(dir));
	return dir;
}

static inline void
make_chain(struct arena *a, const char *dir)
{
	const char *srcdir = getenv("srcdir");

	shell(a, true,
	    arena_printf(a, "sh '%s/scripts/apple-chain.sh' '%s' %s %s",
		srcdir == NULL ? "." : srcdir, dir, CHAIN_TYPE, CHAIN_TEAM));
}

#endif
