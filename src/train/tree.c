/*-------------------------------------------------------------------------
 *
 * tree.c
 *		Growing one tree on binned rows.
 *
 * First and second derivatives of a row are rounded to a fixed point that is
 * chosen for each tree so that their sums over all rows fit 32 bits each; both
 * are one 64-bit word, so a histogram is built by one addition for each value,
 * and the larger sibling is the parent minus the smaller one, exactly.  Leaves
 * are summed up again in a finer fixed point of 61 bits.  No sum depends on
 * the order of rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "train/bins.h"

static void
look_for_cancel(HsGrow *grow, int64 work)
{
	if ((grow->work += Min(work, HS_TRAIN_SLICE)) >= HS_TRAIN_SLICE)
	{
		CHECK_FOR_INTERRUPTS();
		grow->work = 0;
	}
}

/* The largest power of two that takes a sum to no more than most. */
static double
fixed_point(double sum, double most)
{
	int exponent;

	if (!(sum > 0))
		return 1;
	frexp(Min(most / sum, DBL_MAX), &exponent);
	return ldexp(1, Min(exponent - 1, 200));
}

void
hs_grow_open(HsGrow *grow)
{
	HsTrainMemory *memory = grow->memory;
	int32 n = grow->bins->n_train;
	int32 n_rows = grow->bins->n_rows;
	int n_columns = grow->bins->n_columns;
	int depth = grow->params->max_depth;

	grow->grad = hs_train_alloc(memory, sizeof(float) * n, "the gradients");
	grow->hess = hs_train_alloc(memory, sizeof(float) * n, "the gradients");
	grow->packed = hs_train_alloc(memory, sizeof(uint64) * n, "the gradients");
	grow->margin =
		hs_train_alloc(memory, sizeof(float) * n_rows, "the predictions");
	grow->rows = hs_train_alloc(memory, sizeof(int32) * n, "the rows of nodes");
	grow->spare =
		hs_train_alloc(memory, sizeof(int32) * n, "the rows of nodes");
	grow->cubes =
		hs_train_alloc(memory, sizeof(uint64 *) * (depth + 1), "histograms");
	grow->columns =
		hs_train_alloc(memory, sizeof(int) * n_columns, "the features");
	grow->sampled = NULL;
	if (grow->params->colsample < 1)
		grow->sampled =
			hs_train_alloc(memory, (Size) n * n_columns, "sampled features");
	grow->max_nodes = 64;
	grow->nodes =
		hs_train_alloc(memory, sizeof(HsNode) * grow->max_nodes, "a tree");
	grow->bin =
		hs_train_alloc(memory, sizeof(int16) * grow->max_nodes, "a tree");
	grow->column =
		hs_train_alloc(memory, sizeof(int16) * grow->max_nodes, "a tree");
}

static void
double_nodes(HsGrow *grow)
{
	int n = grow->max_nodes;
	HsNode *nodes =
		hs_train_alloc(grow->memory, sizeof(HsNode) * n * 2, "a tree");
	int16 *bin = hs_train_alloc(grow->memory, sizeof(int16) * n * 2, "a tree");
	int16 *column =
		hs_train_alloc(grow->memory, sizeof(int16) * n * 2, "a tree");

	memcpy(nodes, grow->nodes, sizeof(HsNode) * n);
	memcpy(bin, grow->bin, sizeof(int16) * n);
	memcpy(column, grow->column, sizeof(int16) * n);
	hs_train_free(grow->memory, grow->nodes, sizeof(HsNode) * n);
	hs_train_free(grow->memory, grow->bin, sizeof(int16) * n);
	hs_train_free(grow->memory, grow->column, sizeof(int16) * n);
	grow->nodes = nodes;
	grow->bin = bin;
	grow->column = column;
	grow->max_nodes = n * 2;
}

/* Columns of this tree, ascending; a matrix of them if they are not all. */
static void
sample_columns(HsGrow *grow, uint64 key)
{
	const HsBins *bins = grow->bins;
	int n = bins->n_columns;
	uint8 *to = grow->sampled;

	for (int c = 0; c < n; c++)
		grow->columns[c] = c;
	grow->n_columns = n;
	grow->cells = bins->cells;
	if (to == NULL)
		return;
	grow->n_columns = Max(1, (int) floor(n * grow->params->colsample));
	if (grow->n_columns == n)
		return;
	for (int k = 0, c = 0; k < grow->n_columns; c++)
	{
		/* Knuth's selection sampling */
		if ((n - c) * hs_random_unit(key + c) < grow->n_columns - k)
			grow->columns[k++] = c;
	}
	for (int32 r = 0; r < bins->n_train; r++)
	{
		const uint8 *from = bins->cells + (Size) r * n;

		for (int k = 0; k < grow->n_columns; k++)
			*to++ = from[grow->columns[k]];
		look_for_cancel(grow, grow->n_columns);
	}
	grow->cells = grow->sampled;
}

static int32
sample_rows(HsGrow *grow, uint64 key)
{
	double share = grow->params->subsample;
	int32 n = 0;

	for (int32 r = 0; r < grow->bins->n_train; r++)
	{
		grow->rows[n] = r;
		n += share >= 1 || hs_random_unit(key + r) < share;
	}
	return n;
}

/* The derivatives in fixed point; the sum of those in rows. */
static uint64
pack(HsGrow *grow, int32 n)
{
	int32 n_train = grow->bins->n_train;
	double sum_grad = 0;
	double sum_hess = 0;
	double by_grad;
	double by_hess;
	uint64 total = 0;

	for (int32 r = 0; r < n_train; r++)
	{
		sum_grad += fabsf(grow->grad[r]);
		sum_hess += grow->hess[r];
	}
	by_grad = fixed_point(sum_grad, 2147483647.0 - n_train);
	by_hess = fixed_point(sum_hess, 4294967295.0 - n_train);
	grow->unit_grad = 1 / by_grad;
	grow->unit_hess = 1 / by_hess;
	grow->fine_grad = fixed_point(sum_grad, 2305843009213693952.0);
	grow->fine_hess = fixed_point(sum_hess, 2305843009213693952.0);
	for (int32 r = 0; r < n_train; r++)
	{
		int64 grad = lrint(grow->grad[r] * by_grad);
		int64 hess = lrint(grow->hess[r] * by_hess);

		grow->packed[r] = ((uint64) grad << 32) + (uint64) hess;
	}
	for (int32 i = 0; i < n; i++)
		total += grow->packed[grow->rows[i]];
	return total;
}

static uint64 *
cube_of_depth(HsGrow *grow, int depth)
{
	Size size = sizeof(uint64) * HS_MAX_BIN * grow->bins->n_columns;

	if (grow->cubes[depth] == NULL)
		grow->cubes[depth] = hs_train_alloc(grow->memory, size, "histograms");
	return grow->cubes[depth];
}

static void
build_cube(HsGrow *grow, uint64 *cube, const int32 *rows, int32 n)
{
	int n_columns = grow->n_columns;
	const uint8 *cells = grow->cells;
	const uint64 *packed = grow->packed;

	memset(cube, 0, sizeof(uint64) * HS_MAX_BIN * n_columns);
	for (int32 i = 0; i < n; i++)
	{
		const uint8 *row = cells + (Size) rows[i] * n_columns;
		uint64 add = packed[rows[i]];
		uint64 *to = cube;
		int c = 0;

		for (; c + 4 <= n_columns; c += 4, to += 4 * HS_MAX_BIN)
		{
			to[row[c]] += add;
			to[HS_MAX_BIN + row[c + 1]] += add;
			to[2 * HS_MAX_BIN + row[c + 2]] += add;
			to[3 * HS_MAX_BIN + row[c + 3]] += add;
		}
		for (; c < n_columns; c++, to += HS_MAX_BIN)
			to[row[c]] += add;
		look_for_cancel(grow, n_columns);
	}
}

static void
subtract_cube(const HsGrow *grow, uint64 *cube, const uint64 *other)
{
	for (int c = 0; c < grow->n_columns; c++)
	{
		int used = grow->bins->columns[grow->columns[c]].n_values + 1;
		Size at = (Size) c * HS_MAX_BIN;

		for (int b = 0; b < Min(used, HS_MAX_BIN); b++)
			cube[at + b] -= other[at + b];
	}
}

/* Rows that go left come first, in order; returns how many. */
static int32
divide(HsGrow *grow, const HsSplit *split, int32 *rows, int32 n)
{
	const HsBinColumn *column =
		&grow->bins->columns[grow->columns[split->column]];
	const uint8 *cells = grow->cells + split->column;
	int n_columns = grow->n_columns;
	int32 *spare = grow->spare;
	uint8 goes_left[HS_MAX_BIN];
	int32 n_left = 0;
	int32 n_right = 0;

	for (int b = 0; b < HS_MAX_BIN; b++)
		goes_left[b] = column->missing && b == column->n_values
						   ? split->default_left
						   : b <= split->bin;
	for (int32 i = 0; i < n; i++)
	{
		int32 r = rows[i];
		uint8 left = goes_left[cells[(Size) r * n_columns]];

		rows[n_left] = r;
		spare[n_right] = r;
		n_left += left;
		n_right += 1 - left;
	}
	memcpy(rows + n_left, spare, sizeof(int32) * n_right);
	look_for_cancel(grow, (int64) n * 4);
	return n_left;
}

/* The value of a leaf; its rows get it. */
static void
finish_leaf(HsGrow *grow, HsNode *node, const int32 *rows, int32 n,
			double lower, double upper)
{
	int64 grad = 0;
	int64 hess = 0;
	float value;

	for (int32 i = 0; i < n; i++)
	{
		grad += (int64) (grow->grad[rows[i]] * grow->fine_grad);
		hess += (int64) (grow->hess[rows[i]] * grow->fine_hess);
	}
	node->cover = hess / grow->fine_hess;
	value = grow->params->eta * hs_split_weight(grow->params,
												grad / grow->fine_grad,
												node->cover, lower, upper);
	node->value = value;
	for (int32 i = 0; i < n; i++)
		grow->margin[rows[i]] += value;
}

/*
 * Grow the node over its rows, whose derivatives sum up to total; cube is its
 * histogram, or NULL if it must be a leaf.  Values are kept in bounds.
 */
static void
expand(HsGrow *grow, int at, int32 *rows, int32 n, uint64 *cube, uint64 total,
	   int depth, double lower, double upper)
{
	const HsBoostParams *params = grow->params;
	HsSplit split = { 0 };
	double least = Max(1, params->min_child_weight / grow->unit_hess);
	double bound[2][2] = { { lower, upper }, { lower, upper } };
	uint64 *cubes[2] = { NULL, NULL };
	HsNode *node;
	int32 n_left;
	int small;
	int left;
	bool wanted[2];

	CHECK_FOR_INTERRUPTS();
	grow->nodes[at].feature = -1;
	if (cube != NULL)
		split = hs_split_find(grow, cube, total, lower, upper);
	if (split.gain <= 0)
	{
		finish_leaf(grow, &grow->nodes[at], rows, n, lower, upper);
		return;
	}
	n_left = divide(grow, &split, rows, n);

	if (grow->n_nodes + 2 > grow->max_nodes)
		double_nodes(grow);
	left = grow->n_nodes;
	grow->n_nodes += 2;
	node = &grow->nodes[at];
	grow->column[at] = grow->columns[split.column];
	grow->bin[at] = split.bin;
	node->feature = grow->bins->columns[grow->columns[split.column]].feature;
	node->threshold =
		split.bin < 0
			? -FLT_MAX
			: grow->bins->columns[grow->columns[split.column]].cuts[split.bin];
	node->default_left = split.default_left;
	node->left = left;
	node->right = left + 1;
	node->gain = split.gain;
	node->value =
		params->eta *
		hs_split_weight(params, hs_packed_grad(total) * grow->unit_grad,
						hs_packed_hess(total) * grow->unit_hess, lower, upper);

	if (params->monotone != NULL && params->monotone[node->feature] != 0)
	{
		double middle = 0;
		int up = params->monotone[node->feature] > 0;

		for (int side = 0; side < 2; side++)
		{
			uint64 sum = side == 0 ? split.left : split.right;

			middle +=
				0.5 * hs_split_weight(
						  params, hs_packed_grad(sum) * grow->unit_grad,
						  hs_packed_hess(sum) * grow->unit_hess, lower, upper);
		}
		bound[0][up] = middle;
		bound[1][1 - up] = middle;
	}

	wanted[0] = depth + 1 < params->max_depth &&
				hs_packed_hess(split.left) >= 2 * least && n_left > 1;
	wanted[1] = depth + 1 < params->max_depth &&
				hs_packed_hess(split.right) >= 2 * least && n - n_left > 1;
	small = n_left <= n - n_left ? 0 : 1;
	if (wanted[0] || wanted[1])
	{
		cubes[small] = cube_of_depth(grow, depth + 1);
		build_cube(grow, cubes[small], small == 0 ? rows : rows + n_left,
				   small == 0 ? n_left : n - n_left);
		cubes[1 - small] = cube;
		if (wanted[1 - small])
			subtract_cube(grow, cube, cubes[small]);
	}
	/* the small one first: the other's histogram is the parent's */
	for (int turn = 0; turn < 2; turn++)
	{
		int side = turn == 0 ? small : 1 - small;

		expand(grow, left + side, side == 0 ? rows : rows + n_left,
			   side == 0 ? n_left : n - n_left,
			   wanted[side] ? cubes[side] : NULL,
			   side == 0 ? split.left : split.right, depth + 1, bound[side][0],
			   bound[side][1]);
	}
	node = &grow->nodes[at];
	node->cover = grow->nodes[left].cover + grow->nodes[left + 1].cover;
}

/* Grows the tree of a round, and adds it to the margins of all rows. */
void
hs_grow_tree(HsGrow *grow, int round)
{
	uint64 key = hs_random_mix(grow->params->seed) ^
				 hs_random_mix(UINT64CONST(0x5851F42D4C957F2D) + round);
	int32 n_train = grow->bins->n_train;
	int32 n;
	uint64 total;
	uint64 *cube;

	sample_columns(grow, hs_random_mix(key));
	n = sample_rows(grow, hs_random_mix(key + 1));
	total = pack(grow, n);
	cube = cube_of_depth(grow, 0);
	build_cube(grow, cube, grow->rows, n);
	grow->n_nodes = 1;
	memset(grow->nodes, 0, sizeof(HsNode) * grow->max_nodes);
	expand(grow, 0, grow->rows, n, cube, total, 0, -INFINITY, INFINITY);

	if (n < n_train)
	{
		/* leaves gave their value to sampled rows only */
		int32 next = 0;

		memset(grow->spare, 0, sizeof(int32) * n_train);
		for (int32 i = 0; i < n; i++)
			grow->spare[grow->rows[i]] = 1;
		for (next = 0; next < n_train; next++)
			if (grow->spare[next] == 0)
				grow->margin[next] += (float) hs_grow_find(grow, next)->value;
	}
	for (int32 r = n_train; r < grow->bins->n_rows; r++)
		grow->margin[r] += (float) hs_grow_find(grow, r)->value;
}

/* The leaf of a row. */
const HsNode *
hs_grow_find(const HsGrow *grow, int32 row)
{
	const HsBins *bins = grow->bins;
	const uint8 *cells = bins->cells + (Size) row * bins->n_columns;
	int at = 0;

	while (grow->nodes[at].feature >= 0)
	{
		const HsNode *node = &grow->nodes[at];
		const HsBinColumn *column = &bins->columns[grow->column[at]];
		int bin = cells[grow->column[at]];
		bool left = column->missing && bin == column->n_values
						? node->default_left
						: bin <= grow->bin[at];

		at = left ? node->left : node->right;
	}
	return &grow->nodes[at];
}

void
hs_grow_take(const HsGrow *grow, HsTree *tree)
{
	Size size = sizeof(HsNode) * grow->n_nodes;

	memset(tree, 0, sizeof(HsTree));
	tree->n_nodes = grow->n_nodes;
	tree->nodes = hs_train_alloc(grow->memory, size, "the trees");
	memcpy(tree->nodes, grow->nodes, size);
}
