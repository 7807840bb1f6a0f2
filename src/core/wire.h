/*-------------------------------------------------------------------------
 *
 * wire.h
 *		Text form of values whose wire form is binary: its bytes in hex.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_WIRE_H
#define HEALTHSCORE_WIRE_H

#include "postgres.h"

#include "lib/stringinfo.h"

extern void hs_wire_from_text(const char *text, const char *type,
							  StringInfo bytes);
extern char *hs_wire_to_text(const struct varlena *bytes);

#endif /* HEALTHSCORE_WIRE_H */
