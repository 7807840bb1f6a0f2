/*-------------------------------------------------------------------------
 *
 * array.h
 *		Arrays of double precision with NULLs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_ARRAY_H
#define HEALTHSCORE_ARRAY_H

#include "postgres.h"

#include "utils/array.h"

extern ArrayType *hs_float8_array(const double *values, const bool *nulls,
								  int n);

#endif /* HEALTHSCORE_ARRAY_H */
