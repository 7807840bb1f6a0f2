/*-------------------------------------------------------------------------
 *
 * array.c
 *		Arrays of double precision with NULLs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "core/array.h"
#include "core/compat.h"

/*
 * A one-dimensional float8[] of n > 0 elements, from 1.  construct_md_array()
 * does the same for any type, element by element; this is for the many small
 * arrays of a portfolio.
 */
ArrayType *
hs_float8_array(const double *values, const bool *nulls, int n)
{
	int known = 0;
	Size header;
	Size size;
	ArrayType *array;
	double *out;
	bits8 *bitmap;
	int i;

	for (i = 0; i < n; i++)
		known += !nulls[i];
	header = known < n ? ARR_OVERHEAD_WITHNULLS(1, n) : ARR_OVERHEAD_NONULLS(1);
	size = header + known * sizeof(double);
	array = palloc0(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->dataoffset = known < n ? header : 0;
	array->elemtype = FLOAT8OID;
	ARR_DIMS(array)[0] = n;
	ARR_LBOUND(array)[0] = 1;
	bitmap = ARR_NULLBITMAP(array);
	out = (double *) ARR_DATA_PTR(array);
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
			continue;
		if (bitmap != NULL)
			bitmap[i / 8] |= 1 << (i % 8);
		*out++ = values[i];
	}
	return array;
}
