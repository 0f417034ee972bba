#include "bin/progress.h"

#include <stdio.h>
#include <unistd.h>

#define BAR 40 /* characters */

void
progress_show(struct progress *p, uint64_t done, uint64_t total)
{
	static const char full[] = "########################################";
	int percent = total == 0 ? 100 : (int)(done * 100 / total);
	int filled;

	if (percent > 100)
		percent = 100; /* more was added meanwhile */
	if (percent == p->percent || p->c->json || isatty(STDERR_FILENO) == 0)
		return;
	p->percent = percent;
	filled = percent * BAR / 100;
	fprintf(stderr, "\r[%.*s%*s] %3d%%%s", filled, full, BAR - filled, "",
	    percent, percent == 100 ? "\n" : "");
}
