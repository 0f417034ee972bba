#ifndef WALLET_GOOGLE_ROLE_H
#define WALLET_GOOGLE_ROLE_H

/*
 * role - where Google has a place of its own for what a field says.
 */

#include <stdbool.h>

#include "base/slice.h"

enum role_form {
	ROLE_TEXT,
	ROLE_LOCALIZED,  /* a LocalizedString */
	ROLE_NAMES,      /* text, which other languages may word otherwise */
	ROLE_TIME,       /* ISO 8601, with or without an offset */
	ROLE_LOCAL_TIME, /* the same, where Google wants none */
	ROLE_POINTS,     /* LoyaltyPointsBalance */
	ROLE_MONEY       /* with the field's currencyCode */
};

struct role {
	const char *name; /* "flight.gate" */
	int kind;         /* enum pass_kind */
	bool class;       /* a member of the class, else of the object */
	enum role_form form;
	const char *path;  /* "origin.gate" */
	const char *label; /* where the field's label goes, or NULL */
	bool label_class;
};

/* The role of that name for that kind, or NULL. */
const struct role *role_find(int kind, const char *name);

#endif
