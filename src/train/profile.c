/*-------------------------------------------------------------------------
 *
 * profile.c
 *		How values were distributed when a model was trained, to tell later
 *		whether they have drifted: ten bins with about as many rows each, or
 *		fewer where a value is frequent.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "train/train.h"

#define PROFILE_BINS 10
#define PROFILE_SAMPLE 10000 /* values that the edges are found from */

static int
compare_float(const void *a, const void *b)
{
	float x = *(const float *) a;
	float y = *(const float *) b;

	return x < y ? -1 : x > y;
}

/* Edges at the deciles of values, which are sorted here. */
static void
find_edges(float *values, int n, HsHistogram *histogram)
{
	histogram->n = 1;
	histogram->edges = palloc(sizeof(double) * PROFILE_BINS);
	histogram->counts = palloc0(sizeof(double) * (PROFILE_BINS + 2));
	qsort(values, n, sizeof(float), compare_float);
	for (int k = 1; n > 0 && k < PROFILE_BINS; k++)
	{
		float edge = values[(int64) k * n / PROFILE_BINS];

		if (edge > values[0] &&
			(histogram->n == 1 || edge > histogram->edges[histogram->n - 2]))
			histogram->edges[histogram->n++ - 1] = edge;
	}
}

static void
count_value(HsHistogram *histogram, double value)
{
	int k = 0;

	if (isnan(value))
		k = histogram->n;
	else
		while (k < histogram->n - 1 && value >= histogram->edges[k])
			k++;
	histogram->counts[k]++;
}

/* Of each feature, over the rows that train. */
void
hs_train_profile_features(const HsTrainRows *rows, HsHistogram *histograms)
{
	Size room = sizeof(float) * PROFILE_SAMPLE;
	float *values =
		hs_train_alloc(rows->memory, room, "the profile of features");
	int64 stride = rows->n / PROFILE_SAMPLE + 1;

	for (int f = 0; f < rows->n_features; f++)
	{
		int n = 0;
		int64 row = 0;

		for (int pass = 0; pass < 2; pass++)
		{
			for (int b = 0; b < rows->n_blocks; b++)
			{
				const HsTrainBlock *block = &rows->blocks[b];

				CHECK_FOR_INTERRUPTS();
				for (int i = 0; i < block->n; i++)
				{
					Size at = (Size) i * rows->n_features + f;
					double x = rows->wide ? block->wide[at] : block->narrow[at];

					if (block->side[i] != HS_SIDE_TRAIN)
						continue;
					if (pass == 1)
						count_value(&histograms[f], x);
					else if (row++ % stride == 0 && !isnan(x) &&
							 !isinf((float) x))
						values[n++] = x;
				}
			}
			if (pass == 0)
				find_edges(values, n, &histograms[f]);
		}
	}
	hs_train_free(rows->memory, values, room);
}

/* Of the probability, or the prediction. */
void
hs_train_profile_score(HsTrainMemory *memory, const float *margin, int64 n,
					   HsObjective objective, HsHistogram *histogram)
{
	Size room = sizeof(float) * PROFILE_SAMPLE;
	float *values = hs_train_alloc(memory, room, "the profile of the score");
	int64 stride = n / PROFILE_SAMPLE + 1;
	int taken = 0;

	for (int pass = 0; pass < 2; pass++)
	{
		for (int64 i = 0; i < n; i += pass == 0 ? stride : 1)
		{
			double score = objective == HS_OBJECTIVE_LOGISTIC
							   ? 1 / (1 + exp(-(double) margin[i]))
							   : margin[i];

			if (pass == 0)
				values[taken++] = score;
			else
				count_value(histogram, score);
			if (i % 65536 == 0)
				CHECK_FOR_INTERRUPTS();
		}
		if (pass == 0)
			find_edges(values, taken, histogram);
	}
	hs_train_free(memory, values, room);
}
