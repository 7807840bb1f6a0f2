/*-------------------------------------------------------------------------
 *
 * walk.c
 *		From the features of one account to a margin and a prediction.
 *
 * Eight trees are walked at a time, as a step of one tree waits for memory: all
 * take as many steps as the deepest of them, and a leaf leads to itself.  There
 * is no branch that depends on data, but for sets of categories.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "model/walk.h"

/* Every view that a slot can name; see HsNarrow. */
#define N_VIEWS(m) (1 + ((m)->zero_unknown ? 6 : 2) * (m)->n_features)

/* LightGBM takes numbers up to this for zero. */
#define ZERO 1e-35f

Size
hs_walk_size(const HsModel *model)
{
	if (model->kind == HS_MODEL_LINEAR)
		return 0;
	return N_VIEWS(model) * (model->wide ? sizeof(double) : sizeof(float));
}

static void
narrow_views(const HsModel *model, const double *features, float *view)
{
	int n = model->n_features;
	int j;

	*view++ = -INFINITY;
	for (j = 0; j < n; j++)
	{
		float x = features[j];
		bool unknown = isnan(x);

		*view++ = unknown ? INFINITY : x;
		*view++ = unknown ? -INFINITY : x;
	}
}

/*
 * Views as double, whatever the layout of the nodes: 1 + 6 n of them.
 */
void
hs_wide_views(const HsModel *model, const double *features, double *view)
{
	int n = model->n_features;
	int j;

	view[0] = -INFINITY;
	for (j = 0; j < n; j++)
	{
		double x = model->in_double ? features[j] : (float) features[j];
		bool unknown = isnan(x);

		view[1 + 2 * j] = unknown ? INFINITY : x;
		view[2 + 2 * j] = unknown ? -INFINITY : x;
		if (model->zero_unknown)
		{
			unknown |= fabs(x) <= ZERO;
			view[1 + 4 * n + 2 * j] = unknown ? INFINITY : x;
			view[2 + 4 * n + 2 * j] = unknown ? -INFINITY : x;
		}
	}
}

void
hs_walk_views(const HsModel *model, const double *features, void *scratch)
{
	if (model->kind == HS_MODEL_LINEAR)
		return;
	if (model->wide)
		hs_wide_views(model, features, scratch);
	else
		narrow_views(model, features, scratch);
}

/*
 * Sets hold whole numbers from 0; a fraction is cut off, and what cannot be a
 * category is in no set.
 */
bool
hs_in_set(const HsModel *model, uint32 set, double x)
{
	const HsSet *s = &HS_MODEL_AT(model, HsSet, sets)[set];
	const int32 *category = HS_MODEL_AT(model, int32, categories) + s->first;
	int low = 0;
	int high = s->n;
	int32 c;

	if (!model->in_double)
		x = (float) x;
	if (!(x > -1 && x < HS_MAX_CATEGORY))
		return false;
	/* XGBoost looks at the sign before it cuts, LightGBM after */
	if (x < 0 && !model->in_double)
		return false;
	c = x;
	while (low < high)
	{
		int middle = (low + high) / 2;

		if (category[middle] < c)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->n && category[low] == c;
}

/* Does a known feature in a set, or one that is not known, go right? */
static inline bool
set_goes_right(const HsModel *model, const double *features, uint32 slot,
			   uint32 set)
{
	uint32 at = slot - 1 - 2 * model->n_features;
	double x = features[at / 2];

	return isnan(x) ? at % 2 == 0 : hs_in_set(model, set, x);
}

static inline bool
is_set_slot(const HsModel *model, uint32 slot)
{
	return slot > 2 * model->n_features && slot <= 4 * model->n_features;
}

/* The leaf of one tree, sets included. */
static const HsNarrow *
narrow_leaf(const HsModel *model, const double *features, const float *view,
			const HsTreeHead *head)
{
	const HsNarrow *tree = HS_MODEL_AT(model, HsNarrow, nodes) + head->first;
	const HsNarrow *node = tree;
	uint32 slot;

	while ((slot = node->link & HS_SLOT_MASK) != 0)
	{
		bool right = is_set_slot(model, slot)
						 ? set_goes_right(model, features, slot, node->u.set)
						 : view[slot] >= node->u.value;

		node = tree + (node->link >> HS_SLOT_BITS) + right;
	}
	return node;
}

static const HsWide *
wide_leaf(const HsModel *model, const double *features, const double *view,
		  const HsTreeHead *head)
{
	const HsWide *tree = HS_MODEL_AT(model, HsWide, nodes) + head->first;
	const HsWide *node = tree;

	while (node->slot != 0)
	{
		bool right =
			is_set_slot(model, node->slot)
				? set_goes_right(model, features, node->slot, node->u.set)
				: view[node->slot] >= node->u.value;

		node = tree + node->left + right;
	}
	return node;
}

static inline const HsNarrow *
narrow_step(const HsNarrow *tree, const HsNarrow *node, const float *view)
{
	return tree + (node->link >> HS_SLOT_BITS) +
		   (view[node->link & HS_SLOT_MASK] >= node->u.value);
}

static inline const HsWide *
wide_step(const HsWide *tree, const HsWide *node, const double *view)
{
	return tree + node->left + (view[node->slot] >= node->u.value);
}

static inline int
deepest(const HsTreeHead *head)
{
	int depth = 0;
	int i;

	for (i = 0; i < 8; i++)
		depth = Max(depth, head[i].depth);
	return depth;
}

/* Eight trees at a time, one variable each: the compiler keeps them apart. */
#define WALK8(type, step)                                                      \
	const type *t0 = nodes + head[0].first, *n0 = t0;                          \
	const type *t1 = nodes + head[1].first, *n1 = t1;                          \
	const type *t2 = nodes + head[2].first, *n2 = t2;                          \
	const type *t3 = nodes + head[3].first, *n3 = t3;                          \
	const type *t4 = nodes + head[4].first, *n4 = t4;                          \
	const type *t5 = nodes + head[5].first, *n5 = t5;                          \
	const type *t6 = nodes + head[6].first, *n6 = t6;                          \
	const type *t7 = nodes + head[7].first, *n7 = t7;                          \
	int d;                                                                     \
                                                                               \
	for (d = deepest(head); d > 0; d--)                                        \
	{                                                                          \
		n0 = step(t0, n0, view);                                               \
		n1 = step(t1, n1, view);                                               \
		n2 = step(t2, n2, view);                                               \
		n3 = step(t3, n3, view);                                               \
		n4 = step(t4, n4, view);                                               \
		n5 = step(t5, n5, view);                                               \
		n6 = step(t6, n6, view);                                               \
		n7 = step(t7, n7, view);                                               \
	}                                                                          \
	sum += n0->u.value;                                                        \
	sum += n1->u.value;                                                        \
	sum += n2->u.value;                                                        \
	sum += n3->u.value;                                                        \
	sum += n4->u.value;                                                        \
	sum += n5->u.value;                                                        \
	sum += n6->u.value;                                                        \
	sum += n7->u.value

static float
narrow_eight(const HsNarrow *nodes, const HsTreeHead *head, const float *view,
			 float sum)
{
	WALK8(HsNarrow, narrow_step);
	return sum;
}

static float
wide_eight_float(const HsWide *nodes, const HsTreeHead *head,
				 const double *view, float sum)
{
	/* the sum of two floats in double, rounded, is their sum in float */
	WALK8(HsWide, wide_step);
	return sum;
}

static double
wide_eight(const HsWide *nodes, const HsTreeHead *head, const double *view,
		   double sum)
{
	WALK8(HsWide, wide_step);
	return sum;
}

static double
forest_margin(const HsModel *model, const double *features, void *scratch)
{
	const HsTreeHead *head = HS_MODEL_AT(model, HsTreeHead, trees);
	int n = model->n_trees;
	int eights = model->categorical ? 0 : n / 8 * 8;
	int t = 0;

	hs_walk_views(model, features, scratch);
	if (!model->wide)
	{
		const HsNarrow *nodes = HS_MODEL_AT(model, HsNarrow, nodes);
		float sum = model->base;

		for (; t < eights; t += 8)
			sum = narrow_eight(nodes, head + t, scratch, sum);
		for (; t < n; t++)
			sum += narrow_leaf(model, features, scratch, head + t)->u.value;
		return sum;
	}
	if (!model->in_double)
	{
		const HsWide *nodes = HS_MODEL_AT(model, HsWide, nodes);
		float sum = model->base;

		for (; t < eights; t += 8)
			sum = wide_eight_float(nodes, head + t, scratch, sum);
		for (; t < n; t++)
			sum += wide_leaf(model, features, scratch, head + t)->u.value;
		return sum;
	}
	else
	{
		const HsWide *nodes = HS_MODEL_AT(model, HsWide, nodes);
		double sum = 0;

		for (; t < eights; t += 8)
			sum = wide_eight(nodes, head + t, scratch, sum);
		for (; t < n; t++)
			sum += wide_leaf(model, features, scratch, head + t)->u.value;
		return model->base + sum / model->divisor;
	}
}

static double
linear_margin(const HsModel *model, const double *features)
{
	int n = model->n_features;
	const double *weight = HS_MODEL_AT(model, double, linear);
	const double *mean = weight + n;
	const double *scale = mean + n;
	double sum = model->base;
	int j;

	for (j = 0; j < n; j++)
	{
		if (!isnan(features[j]))
			sum += weight[j] * ((features[j] - mean[j]) / scale[j]);
	}
	return sum;
}

double
hs_model_margin(const HsModel *model, const double *features, void *scratch)
{
	return model->kind == HS_MODEL_LINEAR
			   ? linear_margin(model, features)
			   : forest_margin(model, features, scratch);
}

static double
isotonic(const HsModel *model, double margin)
{
	const double *x = HS_MODEL_AT(model, double, points);
	int n = model->n_points;
	const double *y = x + n;
	int low = 0;
	int high = n;

	/* the first point at or beyond the margin */
	while (low < high)
	{
		int middle = (low + high) / 2;

		if (x[middle] < margin)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == n)
		return y[n - 1];
	if (low == 0 || x[low] == margin)
		return y[low];
	return y[low - 1] + (y[low] - y[low - 1]) *
							((margin - x[low - 1]) / (x[low] - x[low - 1]));
}

/*
 * Logistic models: the calibrated probability.
 */
double
hs_model_output(const HsModel *model, double margin)
{
	if (model->objective != HS_OBJECTIVE_LOGISTIC)
		return margin;
	switch (model->calibration)
	{
		case HS_CALIBRATION_PLATT:
			return 1 / (1 + exp(-(model->platt_a * margin + model->platt_b)));
		case HS_CALIBRATION_ISOTONIC:
			return isotonic(model, margin);
		default:
			return 1 / (1 + exp(-model->sigmoid * margin));
	}
}
