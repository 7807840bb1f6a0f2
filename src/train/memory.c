/*-------------------------------------------------------------------------
 *
 * memory.c
 *		Memory of a training, bounded, and the rows in it.
 *
 * Rows are kept in blocks of about a megabyte, so that nothing is ever copied
 * to grow and the limit is met before it is passed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "train/train.h"

static void *
take(HsTrainMemory *memory, Size size, const char *what, int flags)
{
	if (size > memory->limit || memory->used > memory->limit - size)
		ereport(
			ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("training needs more than the %zu kB of "
					"healthscore.max_train_memory",
					memory->limit / 1024),
			 errdetail("%zu kB are in use, %zu kB are wanted for %s.",
					   memory->used / 1024, (size + 1023) / 1024, what),
			 errhint("Raise healthscore.max_train_memory, or train on fewer "
					 "rows or features.")));
	memory->used += size;
	return MemoryContextAllocExtended(memory->context, Max(size, 1),
									  MCXT_ALLOC_HUGE | flags);
}

/* Zeroed; an error that names the setting if the limit would be passed. */
void *
hs_train_alloc(HsTrainMemory *memory, Size size, const char *what)
{
	return take(memory, size, what, MCXT_ALLOC_ZERO);
}

/* Not zeroed: for what is so large that this alone could not be cancelled. */
void *
hs_train_alloc_raw(HsTrainMemory *memory, Size size, const char *what)
{
	return take(memory, size, what, 0);
}

void
hs_train_free(HsTrainMemory *memory, void *p, Size size)
{
	pfree(p);
	memory->used -= size;
}

static void
add_block(HsTrainRows *rows)
{
	HsTrainMemory *memory = rows->memory;
	HsTrainBlock *block;
	int n;

	if (rows->block_rows == 0)
		rows->block_rows = Min(8192, Max(16, (1 << 18) / rows->n_features));
	n = rows->block_rows;
	if (rows->n_blocks == rows->max_blocks)
	{
		int max = Max(64, rows->max_blocks * 2);
		HsTrainBlock *grown =
			hs_train_alloc(memory, sizeof(HsTrainBlock) * max, "rows");

		if (rows->n_blocks > 0)
		{
			memcpy(grown, rows->blocks, sizeof(HsTrainBlock) * rows->n_blocks);
			hs_train_free(memory, rows->blocks,
						  sizeof(HsTrainBlock) * rows->max_blocks);
		}
		rows->blocks = grown;
		rows->max_blocks = max;
	}
	block = &rows->blocks[rows->n_blocks];
	if (rows->wide)
		block->wide = hs_train_alloc(
			memory, sizeof(double) * n * rows->n_features, "rows");
	else
		block->narrow = hs_train_alloc(
			memory, sizeof(float) * n * rows->n_features, "rows");
	block->label = hs_train_alloc(memory, sizeof(float) * n, "rows");
	block->side = hs_train_alloc(memory, n, "rows");
	if (rows->has_weight)
		block->weight = hs_train_alloc(memory, sizeof(float) * n, "rows");
	if (rows->has_account)
		block->account = hs_train_alloc(memory, sizeof(uint64) * n, "rows");
	if (rows->has_time)
		block->at = hs_train_alloc(memory, sizeof(double) * n, "rows");
	rows->n_blocks++;
}

/* Room for one more row: the block, whose n counts it already. */
HsTrainBlock *
hs_train_next_row(HsTrainRows *rows)
{
	HsTrainBlock *block =
		rows->n_blocks > 0 ? &rows->blocks[rows->n_blocks - 1] : NULL;

	if (rows->n >= HS_MAX_TRAIN_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("more than %d rows to train on", HS_MAX_TRAIN_ROWS)));
	if (block == NULL || block->n == rows->block_rows)
	{
		add_block(rows);
		block = &rows->blocks[rows->n_blocks - 1];
	}
	block->n++;
	rows->n++;
	return block;
}

/*
 * Names of the features that say nothing in the rows that train: one value at
 * most, and never unknown beside a value.
 */
const char **
hs_train_idle(const HsTrainRows *rows, int *n)
{
	const char **idle = palloc(sizeof(char *) * Max(rows->n_features, 1));

	*n = 0;
	for (int f = 0; f < rows->n_features; f++)
	{
		bool seen = false;
		bool varies = false;
		double first = 0;

		for (int b = 0; b < rows->n_blocks && !varies; b++)
		{
			const HsTrainBlock *block = &rows->blocks[b];

			CHECK_FOR_INTERRUPTS();
			for (int i = 0; i < block->n && !varies; i++)
			{
				Size at = (Size) i * rows->n_features + f;
				double x = rows->wide ? block->wide[at] : block->narrow[at];

				if (block->side[i] != HS_SIDE_TRAIN)
					continue;
				if (!seen)
					first = x;
				else if (isnan(x) ? !isnan(first) : x != first)
					varies = true;
				seen = true;
			}
		}
		if (!varies)
			idle[(*n)++] = rows->features[f];
	}
	return idle;
}
