#!/bin/sh
exec '@pkglibexecdir@/passwright.fcgi'
