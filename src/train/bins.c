/*-------------------------------------------------------------------------
 *
 * bins.c
 *		Values into bins.
 *
 * Up to max_bin different values have a bin each; more are divided so that the
 * bins hold about the same number of rows that train.  A cut between two bins
 * is a float strictly above the lower value and not above the upper one, so
 * that "(float) x < cut" says the same as the bins do.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "train/bins.h"

/* Order of floats as that of unsigned integers, and back. */
static inline uint32
key_of(float x)
{
	uint32 u;

	memcpy(&u, &x, sizeof(u));
	return u ^ ((u & 0x80000000) ? 0xFFFFFFFF : 0x80000000);
}

static inline float
value_of(uint32 key)
{
	uint32 u = key ^ ((key & 0x80000000) ? 0x80000000 : 0xFFFFFFFF);
	float x;

	memcpy(&x, &u, sizeof(x));
	return x;
}

/* Radix sort by 11, 11 and 10 bits; the result is in keys. */
static void
sort_keys(uint32 *keys, uint32 *spare, int32 n)
{
	static const int shifts[] = { 0, 11, 22 };
	uint32 *from = keys;
	uint32 *to = spare;

	for (int pass = 0; pass < 3; pass++)
	{
		int32 counts[2048] = { 0 };
		int32 sum = 0;
		uint32 *swap = from;

		CHECK_FOR_INTERRUPTS();
		for (int32 i = 0; i < n; i++)
			counts[(from[i] >> shifts[pass]) & 2047]++;
		for (int d = 0; d < 2048; d++)
		{
			int32 count = counts[d];

			counts[d] = sum;
			sum += count;
		}
		for (int32 i = 0; i < n; i++)
			to[counts[(from[i] >> shifts[pass]) & 2047]++] = from[i];
		from = to;
		to = swap;
	}
	memcpy(keys, spare, sizeof(uint32) * n);
}

static float
cut_between(float low, float high)
{
	float middle = low / 2 + high / 2;

	return middle > low && middle <= high ? middle : high;
}

/* Cuts of sorted keys into cuts[]; returns their number, at most max - 1. */
static int
make_cuts(const uint32 *keys, int32 n, int max, float *cuts)
{
	int32 different = 0;
	int n_cuts = 0;
	int32 left = n;
	int32 held = 0;
	int32 i = 0;

	for (int32 k = 0; k < n && different <= max; k++)
		different += k == 0 || keys[k] != keys[k - 1];
	while (i < n)
	{
		int32 end = i + 1;
		int32 next;
		double target = (double) (left + held) / (max - n_cuts);

		while (end < n && keys[end] == keys[i])
			end++;
		held += end - i;
		left -= end - i;
		if (end == n || n_cuts == max - 1)
			break;
		for (next = end + 1; next < n && next - end < target; next++)
			if (keys[next] != keys[end])
				break;
		/* a value as heavy as a bin begins a bin of its own */
		if (different <= max || held >= target ||
			(next - end >= target && held >= target / 2))
		{
			cuts[n_cuts++] =
				cut_between(value_of(keys[i]), value_of(keys[end]));
			held = 0;
		}
		i = end;
	}
	return n_cuts;
}

/* Bin of a value: how many cuts are not above it; cuts are padded to 255. */
static inline int
bin_of(const float *cuts, float x)
{
	int at = 0;

	for (int step = 128; step > 0; step >>= 1)
		at += x >= cuts[at + step - 1] ? step : 0;
	return at;
}

static void
find_columns(HsTrainRows *rows, int max_bin, HsBins *bins)
{
	HsTrainMemory *memory = rows->memory;
	int n_features = rows->n_features;
	Size room = sizeof(uint32) * Max(bins->n_train, 1);
	uint32 *keys = hs_train_alloc(memory, room, "the order of values");
	uint32 *spare = hs_train_alloc(memory, room, "the order of values");

	bins->columns = hs_train_alloc(memory, sizeof(HsBinColumn) * n_features,
								   "the features");
	for (int f = 0; f < n_features; f++)
	{
		HsBinColumn *column = &bins->columns[bins->n_columns];
		float cuts[HS_MAX_BIN - 1];
		bool missing = false;		/* in any row */
		bool train_missing = false; /* in one that trains */
		int32 n = 0;
		int n_cuts = 0;

		CHECK_FOR_INTERRUPTS();
		for (int b = 0; b < rows->n_blocks; b++)
		{
			const HsTrainBlock *block = &rows->blocks[b];
			const float *x = block->narrow + f;

			for (int i = 0; i < block->n; i++, x += n_features)
			{
				if (block->side[i] == HS_SIDE_OUT)
					continue;
				if (isnan(*x))
				{
					missing = true;
					train_missing |= block->side[i] == HS_SIDE_TRAIN;
				}
				else if (block->side[i] == HS_SIDE_TRAIN)
					keys[n++] = key_of(*x == 0 ? 0.0f : *x); /* -0 is 0 */
			}
		}
		if (n > 0)
		{
			sort_keys(keys, spare, n);
			n_cuts = make_cuts(keys, n, max_bin - missing, cuts);
		}
		/* nothing to split by */
		if (n_cuts == 0 && (n == 0 || !train_missing))
			continue;
		column->feature = f;
		column->n_values = n_cuts + 1;
		column->missing = missing;
		column->cuts = hs_train_alloc(memory, sizeof(float) * (HS_MAX_BIN - 1),
									  "the features");
		for (int c = 0; c < HS_MAX_BIN - 1; c++)
			column->cuts[c] = c < n_cuts ? cuts[c] : INFINITY;
		bins->n_columns++;
	}
	hs_train_free(memory, keys, room);
	hs_train_free(memory, spare, room);
}

/* Bins of the rows that train and validate; sides must have been assigned. */
void
hs_bins_make(HsTrainRows *rows, int max_bin, HsBins *bins)
{
	int32 next[2] = { 0, 0 };
	int64 work = 0;

	memset(bins, 0, sizeof(HsBins));
	for (int b = 0; b < rows->n_blocks; b++)
		for (int i = 0; i < rows->blocks[b].n; i++)
		{
			bins->n_train += rows->blocks[b].side[i] == HS_SIDE_TRAIN;
			bins->n_rows += rows->blocks[b].side[i] != HS_SIDE_OUT;
		}
	find_columns(rows, max_bin, bins);
	bins->size = (Size) bins->n_rows * bins->n_columns;
	bins->cells = hs_train_alloc(rows->memory, bins->size, "the bins");
	next[HS_SIDE_VALID] = bins->n_train;
	for (int b = 0; b < rows->n_blocks; b++)
	{
		const HsTrainBlock *block = &rows->blocks[b];

		for (int i = 0; i < block->n; i++)
		{
			const float *x = block->narrow + (Size) i * rows->n_features;
			uint8 *cells;

			if (block->side[i] == HS_SIDE_OUT)
				continue;
			cells =
				bins->cells + (Size) next[block->side[i]]++ * bins->n_columns;
			for (int c = 0; c < bins->n_columns; c++)
			{
				const HsBinColumn *column = &bins->columns[c];
				float value = x[column->feature];

				cells[c] = isnan(value) ? column->n_values
										: bin_of(column->cuts, value);
			}
			if ((work += bins->n_columns) > HS_TRAIN_SLICE / 8)
			{
				CHECK_FOR_INTERRUPTS();
				work = 0;
			}
		}
	}
}

void
hs_bins_free(HsTrainMemory *memory, HsBins *bins)
{
	for (int c = 0; c < bins->n_columns; c++)
		hs_train_free(memory, bins->columns[c].cuts,
					  sizeof(float) * (HS_MAX_BIN - 1));
	hs_train_free(memory, bins->cells, bins->size);
}
