#include "store/wipe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Pages as Berkeley DB 5.3 lays them out, in the byte order of the machine
 * and without checksums.  Of a btree: the head with the number of entries,
 * where their data begins and the type; the places of the entries; what is
 * free; the data.  A queue has records of one length, flags first.
 */
#define PAGE_HEAD    26
#define AT_ENTRIES   20
#define AT_DATA      22
#define AT_TYPE      25
#define QUEUE_HEAD   28
#define RECORD_VALID 1

enum page {
	PAGE_FREE = 0,
	PAGE_INNER = 3,
	PAGE_LEAF = 5,
	PAGE_OVERFLOW = 7,
	PAGE_RECORDS = 11,
	PAGE_DUPLICATES = 12
};

/* Of the first page of a database. */
#define AT_MAGIC  12
#define AT_SIZE   20
#define AT_RECORD 80
#define AT_EXTENT 92
#define META_LEN  96
#define BTREE     0x053162
#define QUEUE     0x042253
#define CHUNK     ((size_t)1 << 20) /* a multiple of any page */

static uint32_t
get32(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static size_t
get16(const unsigned char *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static bool
clear(unsigned char *p, size_t len)
{
	size_t i = 0;

	while (i < len && p[i] == 0)
		i++;
	if (i == len)
		return false;
	memset(p + i, 0, len - i);
	return true;
}

static bool
wipe_records(unsigned char *p, const struct wipe_layout *l)
{
	bool any = false;

	for (size_t at = QUEUE_HEAD; at + l->record <= l->page; at += l->record)
		if ((p[at] & RECORD_VALID) == 0)
			any |= clear(p + at + 1, l->record - 1);
	return any;
}

bool
wipe_page(unsigned char *p, const struct wipe_layout *l)
{
	size_t from = PAGE_HEAD, to = l->page;

	if (l->record != 0)
		return p[AT_TYPE] == PAGE_RECORDS && wipe_records(p, l);
	switch (p[AT_TYPE]) {
	case PAGE_FREE:
		break;
	case PAGE_OVERFLOW:
		from += get16(p + AT_DATA);
		break;
	case PAGE_INNER:
	case PAGE_LEAF:
	case PAGE_DUPLICATES:
		from += 2 * get16(p + AT_ENTRIES);
		/* An empty page of 65536 bytes has 0. */
		if (get16(p + AT_DATA) != 0)
			to = get16(p + AT_DATA);
		break;
	default:
		return false;
	}
	return from < to && to <= l->page && clear(p + from, to - from);
}

/* Of a database; false: there is nothing to wipe in it. */
static bool
read_layout(int dir, const char *file, bool extent, struct wipe_layout *l)
{
	unsigned char meta[META_LEN];
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, meta, sizeof(meta), 0);

	if (fd >= 0)
		close(fd);
	if (n != sizeof(meta))
		return false;
	*l = (struct wipe_layout){ .page = get32(meta + AT_SIZE) };
	if (l->page < 512 || l->page > 65536 || CHUNK % l->page != 0)
		return false;
	/*
	 * Only of a queue in several files the log has what recovery puts
	 * back.
	 */
	if (extent && get32(meta + AT_MAGIC) == QUEUE &&
	    get32(meta + AT_EXTENT) != 0)
		l->record = ((size_t)get32(meta + AT_RECORD) + 4) / 4 * 4;
	return extent ? l->record != 0 : get32(meta + AT_MAGIC) == BTREE;
}

static bool
wipe_chunk(unsigned char *p, size_t len, const struct wipe_layout *l)
{
	bool any = false;

	for (size_t at = 0; at + l->page <= len; at += l->page)
		any |= wipe_page(p + at, l);
	return any;
}

static int
wipe_file(int dir, const char *file, const struct wipe_layout *l)
{
	unsigned char *chunk = malloc(CHUNK);
	int fd = openat(dir, file, O_RDWR | O_CLOEXEC), rc = 0;
	ssize_t n = -1;

	if (chunk == NULL)
		abort();
	for (off_t at = 0; fd >= 0; at += n) {
		if ((n = pread(fd, chunk, CHUNK, at)) <= 0)
			break;
		if (!wipe_chunk(chunk, (size_t)n, l))
			continue;
		errno = ENOSPC;
		if (pwrite(fd, chunk, (size_t)n, at) != n) {
			n = -1;
			break;
		}
	}
	if (fd < 0 || n < 0)
		rc = errno;
	if (fd >= 0)
		close(fd);
	free(chunk);
	return rc;
}

/* The files of a queue are called __dbq.FILE.NUMBER. */
static int
wipe_one(int dir, const char *name)
{
	static const char extent[] = "__dbq.";
	const bool is_extent = strncmp(name, extent, strlen(extent)) == 0;
	const char *dot = strrchr(name, '.');
	struct wipe_layout l;
	char file[256];

	if (dot == NULL || strlen(name) >= sizeof(file) ||
	    (!is_extent && strcmp(dot, ".db") != 0))
		return 0;
	(void)snprintf(
	    file, sizeof(file), "%s", is_extent ? name + strlen(extent) : name);
	if (is_extent)
		*strrchr(file, '.') = '\0';
	return read_layout(dir, file, is_extent, &l) ? wipe_file(dir, name, &l)
						     : 0;
}

int
wipe_folder(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *de;
	int rc = 0;

	if (d == NULL)
		return errno;
	while (rc == 0 && (de = readdir(d)) != NULL)
		rc = wipe_one(dirfd(d), de->d_name);
	closedir(d);
	return rc;
}
