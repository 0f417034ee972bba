#ifndef BENCH_METER_H
#define BENCH_METER_H

/*
 * meter - what the benches read off.
 */

/* Seconds of a clock that nobody sets. */
double meter_now(void);

/* KiB of memory that is resident and no file's; -1: unknown. */
long meter_memory(void);

#endif
