#include "wallet/apple/archive.h"

#include <stdlib.h>
#include <time.h>
#include <zip.h>

#include "base/log.h"

/* MS-DOS date and time, in UTC: from 1980 on, in steps of two seconds. */
struct dos {
	zip_uint16_t time, date;
};

static struct dos
dos_of(int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm = { .tm_year = 0 };

	if (gmtime_r(&t, &tm) == NULL || tm.tm_year < 80 || tm.tm_year > 207)
		return (struct dos){ 0, 1 << 5 | 1 };
	return (struct dos){
		(zip_uint16_t)(tm.tm_hour << 11 | tm.tm_min << 5 |
		    tm.tm_sec >> 1),
		(zip_uint16_t)((tm.tm_year - 80) << 9 | (tm.tm_mon + 1) << 5 |
		    tm.tm_mday),
	};
}

static bool
put(zip_t *z, const struct archive_file *f, struct dos when)
{
	zip_source_t *src = zip_source_buffer(z, f->data.s, f->data.len, 0);
	zip_int64_t i;

	if (src == NULL)
		return false;
	i = zip_file_add(z, f->name, src, ZIP_FL_ENC_UTF_8);
	if (i < 0) {
		zip_source_free(src);
		return false;
	}
	return zip_set_file_compression(z, (zip_uint64_t)i, ZIP_CM_STORE, 0) ==
	    0 &&
	    zip_file_set_dostime(z, (zip_uint64_t)i, when.time, when.date, 0) ==
	    0;
}

static bool
source_read(zip_source_t *src, struct arena *a, struct slice *out)
{
	zip_stat_t st;
	char *data;
	bool done;

	if (zip_source_stat(src, &st) != 0 || zip_source_open(src) != 0)
		return false;
	data = arena_alloc(a, st.size);
	done = zip_source_read(src, data, st.size) == (zip_int64_t)st.size;
	zip_source_close(src);
	if (done)
		*out = (struct slice){ data, st.size };
	return done;
}

/*
 * A source to write to.  It owns its copy of `base`: with foreign memory
 * libzip 1.7 frees what is not its own.
 */
static zip_source_t *
source_new(struct slice base, zip_error_t *error)
{
	zip_source_t *src;
	char *copy = NULL;

	if (base.len > 0) {
		if ((copy = malloc(base.len)) == NULL)
			abort();
		memcpy(copy, base.s, base.len);
	}
	if ((src = zip_source_buffer_create(copy, base.len, 1, error)) == NULL)
		free(copy);
	return src; /* NOLINT(clang-analyzer-unix.Malloc): `copy` is its */
}

enum err
archive_make(struct arena *a, const struct archive *in, struct slice *zip)
{
	const int mode = in->base.len == 0 ? ZIP_TRUNCATE : 0;
	zip_source_t *src = NULL;
	zip_t *z = NULL;
	zip_error_t error;
	bool done = false;

	zip_error_init(&error);
	src = source_new(in->base, &error);
	if (src == NULL ||
	    (z = zip_open_from_source(src, mode, &error)) == NULL)
		goto out;
	zip_source_keep(src); /* it outlives `z` */
	done = true;
	for (size_t i = 0; done && i < in->n; i++)
		done = put(z, &in->files[i], dos_of(in->seconds));
	if (done && (done = zip_close(z) == 0))
		z = NULL;
	done = done && source_read(src, a, zip);
out:
	if (!done)
		log_error("apple_zip", "why",
		    z != NULL ? zip_strerror(z) : zip_error_strerror(&error),
		    NULL);
	if (z != NULL)
		zip_discard(z);
	zip_source_free(src);
	zip_error_fini(&error);
	return done ? ERR_OK : ERR_INTERNAL;
}
