#include "store/cell.h"

#include <math.h>
#include <stdlib.h>

#include "base/json.h"

#define SIGN       (UINT64_C(1) << 63)
#define EXACT      9007199254740992.0 /* 2^53: every integer below is one */
#define NUMBER_MAX 32                 /* bytes of a number as text */

uint64_t
cell_of_number(double d)
{
	uint64_t bits;

	if (d == 0)
		d = 0; /* not -0 */
	memcpy(&bits, &d, sizeof(bits));
	return bits & SIGN ? ~bits : bits | SIGN;
}

double
cell_number(uint64_t cell)
{
	uint64_t bits = cell & SIGN ? cell & ~SIGN : ~cell;
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

struct slice
cell_text(struct arena *a, uint64_t cell)
{
	double d = cell_number(cell);

	if (fabs(d) < EXACT && d == (double)(int64_t)d)
		return slice_of(arena_printf(a, "%lld", (long long)(int64_t)d));
	return json_text(a, json_own(a, json_object_new_double(d)));
}

bool
cell_of_text(struct arena *a, struct slice text, uint64_t *cell)
{
	char buf[NUMBER_MAX + 1], *end;
	double d;

	if (text.len == 0 || text.len > NUMBER_MAX ||
	    (text.s[0] != '-' && (text.s[0] < '0' || text.s[0] > '9')))
		return false;
	memcpy(buf, text.s, text.len);
	buf[text.len] = '\0';
	d = strtod(buf, &end);
	if (*end != '\0' || !isfinite(d) ||
	    !slice_eq(cell_text(a, cell_of_number(d)), text))
		return false;
	*cell = cell_of_number(d);
	return true;
}
