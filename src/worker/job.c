#include "worker/job.h"

#include "base/clock.h"

#define FIRST_MS 1000
#define MOST_MS  300000

const struct job *const jobs[] = { &job_bulk, &job_push, &job_refresh,
	&job_events, &job_webhooks, &job_checkpoint, &job_retention, &job_poll,
	&job_certificates, NULL };

int64_t
job_back_off(unsigned failures)
{
	return clock_back_off(FIRST_MS, MOST_MS, failures);
}

/* What fails still is owed: nobody but the job itself knows better. */
void
job_plan(struct job_state *s, enum err e, int64_t tick)
{
	if (e == ERR_OK) {
		s->failures = 0;
		return;
	}
	s->failures++;
	s->owed = true;
	s->next = tick + job_back_off(s->failures);
}
