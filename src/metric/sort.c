/*-------------------------------------------------------------------------
 *
 * sort.c
 *		Sorting of finite doubles, none of which is -0.
 *
 * Many are sorted by their bits, least significant digit first, in time linear
 * in their number; few, or those with weights, by comparison.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "metric/ranking.h"

#define ST_SORT sort_keys
#define ST_ELEMENT_TYPE uint64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

typedef struct Weighted
{
	double value;
	double weight;
} Weighted;

static inline int
compare_weighted(const Weighted *a, const Weighted *b)
{
	if (a->value != b->value)
		return a->value < b->value ? -1 : 1;
	return a->weight < b->weight ? -1 : a->weight > b->weight;
}

#define ST_SORT sort_weighted
#define ST_ELEMENT_TYPE Weighted
#define ST_COMPARE(a, b) compare_weighted(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define FEW 2048
#define DIGIT_BITS 11
#define DIGITS 6 /* 66 bits */
#define BUCKETS (1 << DIGIT_BITS)

#define SIGN (UINT64CONST(1) << 63)

/* The bits of a double as an integer that is ordered as the double is */
static inline uint64
key_of(uint64 bits)
{
	return bits ^ ((bits & SIGN) != 0 ? PG_UINT64_MAX : SIGN);
}

static inline uint64
bits_of(uint64 key)
{
	return key ^ ((key & SIGN) != 0 ? SIGN : PG_UINT64_MAX);
}

static inline uint32
digit(uint64 key, int d)
{
	return (uint32) (key >> (d * DIGIT_BITS)) & (BUCKETS - 1);
}

/*
 * Sort keys with the help of as much memory again; where the result is.
 */
static uint64 *
sort_digits(uint64 *keys, uint64 *spare, uint32 n)
{
	uint32(*counts)[BUCKETS] = palloc0(DIGITS * sizeof(*counts));
	uint32 i;
	int d;

	for (i = 0; i < n; i++)
	{
		HS_CHECK_ROW(i);
		for (d = 0; d < DIGITS; d++)
			counts[d][digit(keys[i], d)]++;
	}
	for (d = 0; d < DIGITS; d++)
	{
		uint32 *at = counts[d];
		uint32 sum = 0;
		uint64 *sorted = spare;

		if (at[digit(keys[0], d)] == n)
			continue;
		for (i = 0; i < BUCKETS; i++)
		{
			uint32 count = at[i];

			at[i] = sum;
			sum += count;
		}
		for (i = 0; i < n; i++)
		{
			HS_CHECK_ROW(i);
			sorted[at[digit(keys[i], d)]++] = keys[i];
		}
		spare = keys;
		keys = sorted;
	}
	pfree(counts);
	return keys;
}

void
hs_sort_doubles(double *values, uint32 n)
{
	uint64 *keys;
	uint64 *sorted;
	uint32 i;

	if (n < 2)
		return;
	keys = MemoryContextAllocHuge(CurrentMemoryContext,
								  2 * (Size) n * sizeof(uint64));
	memcpy(keys, values, n * sizeof(double));
	for (i = 0; i < n; i++)
		keys[i] = key_of(keys[i]);
	if (n < FEW)
	{
		sort_keys(keys, n);
		sorted = keys;
	}
	else
		sorted = sort_digits(keys, keys + n, n);
	for (i = 0; i < n; i++)
		sorted[i] = bits_of(sorted[i]);
	memcpy(values, sorted, n * sizeof(double));
	pfree(keys);
}

void
hs_sort_weighted(double *values, double *weights, uint32 n)
{
	Weighted *rows;
	uint32 i;

	if (n < 2)
		return;
	rows = MemoryContextAllocHuge(CurrentMemoryContext,
								  (Size) n * sizeof(Weighted));
	for (i = 0; i < n; i++)
	{
		rows[i].value = values[i];
		rows[i].weight = weights[i];
	}
	sort_weighted(rows, n);
	for (i = 0; i < n; i++)
	{
		values[i] = rows[i].value;
		weights[i] = rows[i].weight;
	}
	pfree(rows);
}
