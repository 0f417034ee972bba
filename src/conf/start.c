#include "conf/start.h"

#include <sysexits.h>

#include "base/log.h"
#include "conf/owner.h"

int
start_program(
    struct arena *a, const char *name, const char *file, struct server *out)
{
	struct faults f;
	enum err e;

	log_open(name, "stderr", LOG_LVL_INFO);
	faults_init(&f, a);
	e = server_load(a, file, &f, out);
	for (size_t i = 0; i < f.n; i++)
		log_error("configuration", "file", f.list[i].file, "why",
		    f.list[i].text, NULL);
	if (e != ERR_OK)
		return EX_CONFIG;
	log_open(name, out->log.target, (enum log_level)out->log.level);
	return owner_become(out) == ERR_OK ? EX_OK : EX_NOPERM;
}
