/*
 * The manual pages name every setting of the tables.
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/server.h"
#include "conf/tenant.h"
#include "test.h"

#define PAGE_MAX (256 * 1024)

static char page[PAGE_MAX];

static void
read_page(const char *name)
{
	const char *top = getenv("srcdir");
	char path[4096];
	FILE *f;
	size_t n;

	snprintf(
	    path, sizeof(path), "%s/man/%s", top == NULL ? "." : top, name);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(page, 1, sizeof(page) - 1, f);
	page[n] = '\0';
	assert_true(feof(f));
	fclose(f);
}

static bool
is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* `name` as a word of a line that says .Cm or .It Cm. */
static bool
page_names(const char *name)
{
	size_t n = strlen(name);

	for (const char *p = page; (p = strstr(p, name)) != NULL; p++) {
		const char *line = p;

		if (is_word_char(p[n]) || p == page || is_word_char(p[-1]))
			continue;
		while (line > page && line[-1] != '\n')
			line--;
		if (strncmp(line, ".Cm ", 4) == 0 ||
		    strncmp(line, ".It Cm ", 7) == 0)
			return true;
	}
	return false;
}

static int
missing_of(const struct setting *rows)
{
	int missing = 0;

	for (; rows->name != NULL; rows++) {
		if (!page_names(rows->name)) {
			print_error("no word of %s\n", rows->name);
			missing++;
		}
		if (rows->rows != NULL)
			missing += missing_of(rows->rows);
	}
	return missing;
}

static void
test_server(void **state)
{
	(void)state;
	read_page("passwright.yml.5");
	assert_int_equal(missing_of(server_settings), 0);
	assert_false(page_names("tenant"));
	assert_false(page_names("nonsense"));
}

static void
test_tenant(void **state)
{
	(void)state;
	read_page("passwright-tenant.5");
	assert_int_equal(missing_of(tenant_settings), 0);
	assert_int_equal(missing_of(security_settings), 0);
	assert_int_equal(missing_of(identifier_settings), 0);
	assert_int_equal(missing_of(pass_type_settings), 0);
	assert_int_equal(missing_of(provider_settings), 0);
	assert_int_equal(missing_of(supplier_settings), 0);
	assert_false(page_names("durability"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_tenant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
