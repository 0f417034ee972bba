#include "conf/edit.h"
