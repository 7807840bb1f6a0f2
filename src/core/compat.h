/*-------------------------------------------------------------------------
 *
 * compat.h
 *		One place for differences between PostgreSQL 15 and 18.
 *
 * Each entry says what changed and from which version.  Older servers are
 * given the newer spelling.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_COMPAT_H
#define HEALTHSCORE_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "healthscore needs PostgreSQL 15 or newer"
#endif

/* 16: the varlena macros moved to a header of their own */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/*
 * 17: initReadOnlyStringInfo() reads a buffer in place.  Older servers have
 * no public spelling; the struct has the same meaning there.
 */
#if PG_VERSION_NUM < 170000
#include "lib/stringinfo.h"
static inline void
initReadOnlyStringInfo(StringInfo str, char *data, int len)
{
	str->data = data;
	str->len = len;
	str->maxlen = 0;
	str->cursor = 0;
}
#endif

#endif /* HEALTHSCORE_COMPAT_H */
