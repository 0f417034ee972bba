#include "conf/owner.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ident.h"
#include "base/log.h"
#include "base/text.h"

/* The owner of some tenant's data/, or of `dir` itself. */
static int
find_owner(const char *dir, struct stat *st)
{
	char path[4096];
	struct stat data;
	struct dirent *de;
	DIR *d;

	if (stat(dir, st) != 0 || (d = opendir(dir)) == NULL)
		return -1;
	while ((de = readdir(d)) != NULL) {
		if (!ident_is_tenant(slice_of(de->d_name)) ||
		    (size_t)snprintf(path, sizeof(path), "%s/%s/data", dir,
			de->d_name) >= sizeof(path))
			continue;
		if (stat(path, &data) == 0) {
			*st = data;
			break;
		}
	}
	closedir(d);
	return 0;
}

static int
become(const struct stat *st)
{
	const struct passwd *pw = getpwuid(st->st_uid);
	const struct rlimit none = { 0, 0 };

	if ((pw != NULL ? initgroups(pw->pw_name, st->st_gid)
			: setgroups(1, &st->st_gid)) != 0)
		return -1;
	if (setgid(st->st_gid) != 0 || setuid(st->st_uid) != 0)
		return -1;
	/*
	 * The others of this user must see in /proc that we are one of them;
	 * what we hold is still not for a core file.
	 */
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return -1;
	return prctl(PR_SET_DUMPABLE, 1);
}

enum err
owner_become(const struct server *s)
{
	struct stat st;

	if (find_owner(s->tenants, &st) != 0) {
		log_error(
		    "owner", "file", s->tenants, "why", strerror(errno), NULL);
		return ERR_DENIED;
	}
	if (geteuid() == st.st_uid)
		return ERR_OK;
	if (geteuid() == 0 && become(&st) == 0)
		return ERR_OK;
	log_error("owner", "file", s->tenants, "uid",
	    text_num((long long)st.st_uid).s, "why",
	    "only the owner of the tenants may run this; use that user or "
	    "root",
	    NULL);
	return ERR_DENIED;
}
