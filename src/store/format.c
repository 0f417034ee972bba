#include "store/upgrade.h"

/* There was none before the first. */
const struct upgrade_plan upgrade_plan = { NULL, 0 };
