/*
 * wrong_clock - for LD_PRELOAD: the system's clock, set wrong by as many
 * seconds as the file says that WRONG_CLOCK names.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long
seconds(void)
{
	const char *file = getenv("WRONG_CLOCK");
	FILE *f = file == NULL ? NULL : fopen(file, "re");
	char s[32] = "";

	if (f == NULL)
		return 0;
	if (fgets(s, sizeof(s), f) == NULL)
		s[0] = '\0';
	fclose(f);
	return strtol(s, NULL, 10);
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	long rc = syscall(SYS_clock_gettime, id, ts);

	if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		ts->tv_sec += seconds();
	return (int)rc;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	struct timespec ts;

	(void)tz;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *t)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (t != NULL)
		*t = ts.tv_sec;
	return ts.tv_sec;
}
