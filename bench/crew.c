#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crew.h"
#include "meter.h"

#define MEMBERS_MAX 64

/* Work until `until`; the rate, or -1. */
static double
member(const struct crew *c, int n, double seconds)
{
	void *state = c->start(n);
	double begin = meter_now();
	long done = 0;

	if (state == NULL)
		return -1;
	while (meter_now() - begin < seconds) {
		if (!c->work(state))
			return -1;
		done++;
	}
	seconds = meter_now() - begin;
	c->end(state);
	return (double)done / seconds;
}

int
crew_run(const struct crew *c, char **argv)
{
	int n = atoi(argv[0]);
	double seconds = atof(argv[1]), sum = 0, *rates;

	if (n < 1 || n > MEMBERS_MAX || seconds <= 0)
		return 64;
	rates = mmap(NULL, MEMBERS_MAX * sizeof(*rates), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (rates == MAP_FAILED)
		return 71;
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			rates[i] = member(c, i, seconds);
			_exit(0);
		}
		if (pid < 0)
			rates[i] = -1;
	}
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < n; i++) {
		if (rates[i] < 0)
			return 1;
		sum += rates[i];
	}
	printf("%.1f\n", sum);
	return 0;
}
