/*-------------------------------------------------------------------------
 *
 * pack.c
 *		Pack a checked forest or logistic regression into a model datum.
 *
 * Nodes are put in the order of a breadth-first walk, so siblings are side by
 * side; unpacking gives that order, and packing again the same bytes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "model/model.h"

/* Room for the parts of a datum, handed out one after the other. */
typedef struct Layout
{
	uint64 end;
} Layout;

static uint32
reserve(Layout *layout, uint64 size)
{
	uint64 at = layout->end;

	layout->end = MAXALIGN(at + size);
	if (layout->end > MaxAllocSize)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("model is too large")));
	return at;
}

static uint64
histogram_size(const HsHistogram *h)
{
	return sizeof(double) * (h->n > 0 ? 2 + 2 * h->n - 1 : 1);
}

/* Numbers of a histogram one after the other: n, edges, counts. */
static double *
put_histogram(double *out, const HsHistogram *h)
{
	*out++ = h->n;
	if (h->n == 0)
		return out;
	if (h->n > 1)
		memcpy(out, h->edges, (h->n - 1) * sizeof(double));
	out += h->n - 1;
	memcpy(out, h->counts, (h->n + 1) * sizeof(double));
	return out + h->n + 1;
}

static const double *
get_histogram(const double *in, HsHistogram *h)
{
	h->n = *in++;
	if (h->n == 0)
		return in;
	h->edges = palloc_array(double, h->n);
	h->counts = palloc_array(double, h->n + 1);
	memcpy(h->edges, in, (h->n - 1) * sizeof(double));
	in += h->n - 1;
	memcpy(h->counts, in, (h->n + 1) * sizeof(double));
	return in + h->n + 1;
}

/* ------------------------------------------------------------ the parts */

static void
reserve_names(Layout *layout, HsModel *head, char **names)
{
	uint64 size = head->n_features * sizeof(uint32);
	int i;

	for (i = 0; i < head->n_features; i++)
		size += strlen(names[i]) + 1;
	head->names = reserve(layout, size);
}

static void
put_names(HsModel *model, char **names)
{
	uint32 *offsets = (uint32 *) ((char *) model + model->names);
	uint32 at = model->names + model->n_features * sizeof(uint32);
	int i;

	for (i = 0; i < model->n_features; i++)
	{
		offsets[i] = at;
		strcpy((char *) model + at, names[i]);
		at += strlen(names[i]) + 1;
	}
}

static void
reserve_points(Layout *layout, HsModel *head, const HsCalibration *c)
{
	head->calibration = c->kind;
	if (c->kind == HS_CALIBRATION_PLATT)
	{
		head->platt_a = c->a;
		head->platt_b = c->b;
	}
	head->n_points = c->kind == HS_CALIBRATION_ISOTONIC ? c->n : 0;
	head->points = reserve(layout, head->n_points * 2 * sizeof(double));
}

static void
put_points(HsModel *model, const HsCalibration *c)
{
	double *out = (double *) ((char *) model + model->points);

	if (model->n_points == 0)
		return;
	memcpy(out, c->x, c->n * sizeof(double));
	memcpy(out + c->n, c->y, c->n * sizeof(double));
}

static void
reserve_histograms(Layout *layout, HsModel *head, const HsModelExtra *extra)
{
	uint64 size = histogram_size(&extra->score);
	int i;

	head->has_histograms = extra->features != NULL || extra->score.n > 0;
	if (!head->has_histograms)
		return;
	for (i = 0; i < head->n_features; i++)
		size += extra->features ? histogram_size(&extra->features[i])
								: sizeof(double);
	head->histograms = reserve(layout, size);
}

static void
put_histograms(HsModel *model, const HsModelExtra *extra)
{
	static const HsHistogram none = { 0 };
	double *out = (double *) ((char *) model + model->histograms);
	int i;

	if (!model->has_histograms)
		return;
	out = put_histogram(out, &extra->score);
	for (i = 0; i < model->n_features; i++)
		out = put_histogram(out, extra->features ? &extra->features[i] : &none);
}

static HsModel *
allocate(Layout *layout, HsModel *head)
{
	HsModel *model = palloc0(layout->end);

	SET_VARSIZE(head, layout->end);
	head->format = HS_MODEL_FORMAT;
	*model = *head;
	return model;
}

/* ------------------------------------------------------------ trees */

/*
 * Reachable nodes of a tree in breadth-first order.
 */
static int
order_nodes(const HsTree *tree, int32 *order)
{
	int head;
	int tail = 1;

	order[0] = 0;
	for (head = 0; head < tail; head++)
	{
		const HsNode *node = &tree->nodes[order[head]];

		if (node->feature < 0)
			continue;
		order[tail++] = node->left;
		order[tail++] = node->right;
	}
	return tail;
}

typedef struct Packer
{
	HsModel *model;
	int32 node; /* next of all */
	int32 set;
	int32 category;
	int32 *scratch; /* room for the longest list of categories */
} Packer;

static int
compare_categories(const void *a, const void *b)
{
	int32 x = *(const int32 *) a;
	int32 y = *(const int32 *) b;

	return (x > y) - (x < y);
}

/*
 * The categories of a node, ascending, each once; out has room for all that
 * are listed.  Returns how many there are.
 */
static int
unique_categories(const HsTree *tree, const HsNode *node, int32 *out)
{
	int n = node->n_categories;
	int unique = 0;
	int i;

	if (n == 0)
		return 0;
	memcpy(out, tree->categories + node->first_category, n * sizeof(int32));
	qsort(out, n, sizeof(int32), compare_categories);
	for (i = 0; i < n; i++)
	{
		if (unique == 0 || out[i] != out[unique - 1])
			out[unique++] = out[i];
	}
	return unique;
}

static uint32
put_set(Packer *p, const HsTree *tree, const HsNode *node)
{
	HsSet *set = (HsSet *) ((char *) p->model + p->model->sets) + p->set;
	int n = unique_categories(tree, node, p->scratch);

	set->first = p->category;
	set->n = n;
	memcpy((int32 *) ((char *) p->model + p->model->categories) + p->category,
		   p->scratch, n * sizeof(int32));
	p->category += n;
	return p->set++;
}

static void
put_statistic(HsModel *model, uint32 offset, int32 i, double x)
{
	if (model->in_double)
		((double *) ((char *) model + offset))[i] = x + 0.0;
	else
		((float *) ((char *) model + offset))[i] = (float) x + 0.0f;
}

static void
put_tree(Packer *p, const HsTree *tree, HsTreeHead *head, const int32 *order,
		 int n)
{
	HsModel *model = p->model;
	int32 next = 1;
	int16 *depth = palloc0_array(int16, n);
	int k;

	head->first = p->node;
	head->n_nodes = n;
	for (k = 0; k < n; k++)
	{
		const HsNode *node = &tree->nodes[order[k]];
		bool leaf = node->feature < 0;
		uint32 left = leaf ? k : next;
		uint32 set = 0;
		uint32 slot = 0;
		double value = (leaf ? node->value : node->threshold) + 0.0;

		if (!leaf)
		{
			slot = 1 + 2 * node->feature + node->default_left;
			if (node->categorical)
			{
				slot += 2 * model->n_features;
				set = put_set(p, tree, node);
			}
			else if (node->zero_unknown)
				slot += 4 * model->n_features;
			depth[next] = depth[next + 1] = depth[k] + 1;
			head->depth = depth[next];
			head->n_inner++;
			next += 2;
		}
		if (model->wide)
		{
			HsWide *out =
				(HsWide *) ((char *) model + model->nodes) + p->node + k;

			if (!model->in_double)
				value = (float) value;
			else if (!leaf)
				value = nextafter(value, INFINITY);
			if (!leaf && node->categorical)
				out->u.set = set;
			else
				out->u.value = value;
			out->left = left;
			out->slot = slot;
		}
		else
		{
			HsNarrow *out =
				(HsNarrow *) ((char *) model + model->nodes) + p->node + k;

			if (!leaf && node->categorical)
				out->u.set = set;
			else
				out->u.value = value;
			out->link = left << HS_SLOT_BITS | slot;
		}
		put_statistic(model, model->cover, p->node + k, node->cover);
		put_statistic(model, model->gain, p->node + k, leaf ? 0 : node->gain);
		put_statistic(model, model->value, p->node + k, node->value);
		if ((k & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
	}
	p->node += n;
	pfree(depth);
}

HsModel *
hs_model_pack_forest(const HsForest *forest, const HsModelExtra *extra)
{
	static const HsModelExtra nothing = { 0 };
	HsModel head = { 0 };
	Layout layout = { MAXALIGN(sizeof(HsModel)) };
	Size statistic = forest->in_double ? sizeof(double) : sizeof(float);
	Packer packer = { 0 };
	int32 n_categories = 0;
	int longest = 1;
	int largest = 1;
	int32 *order;
	int t;
	int i;

	hs_forest_check(forest);
	if (extra == NULL)
		extra = &nothing;
	hs_extra_check(extra, forest->n_features, forest->objective);

	head.kind = HS_MODEL_FOREST;
	head.objective = forest->objective;
	head.in_double = forest->in_double;
	head.n_features = forest->n_features;
	head.n_trees = forest->n_trees;
	head.base =
		forest->in_double ? forest->base + 0.0 : (float) forest->base + 0.0f;
	head.divisor = forest->divisor;
	head.sigmoid = forest->sigmoid;
	for (t = 0; t < forest->n_trees; t++)
	{
		largest = Max(largest, forest->trees[t].n_nodes);
		longest = Max(longest, forest->trees[t].n_categories);
	}
	packer.scratch = palloc_extended(longest * sizeof(int32), MCXT_ALLOC_HUGE);
	order = palloc(largest * sizeof(int32));
	largest = 1;
	for (t = 0; t < forest->n_trees; t++)
	{
		const HsTree *tree = &forest->trees[t];
		int n = order_nodes(tree, order);

		largest = Max(largest, n);
		head.n_nodes += n;
		for (i = 0; i < n; i++)
		{
			const HsNode *node = &tree->nodes[order[i]];
			int unique;

			if (node->feature < 0)
				continue;
			head.zero_unknown |= node->zero_unknown;
			if (!node->categorical)
				continue;
			head.categorical = true;
			head.n_sets++;
			unique = unique_categories(tree, node, packer.scratch);
			if (unique > HS_MAX_NODES - n_categories)
				ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
								errmsg("model has too many categories")));
			n_categories += unique;
		}
		CHECK_FOR_INTERRUPTS();
	}
	head.wide = forest->in_double || forest->n_features > HS_NARROW_FEATURES ||
				largest > HS_NARROW_NODES;

	reserve_names(&layout, &head, forest->features);
	head.trees = reserve(&layout, (uint64) head.n_trees * sizeof(HsTreeHead));
	head.nodes =
		reserve(&layout, (uint64) head.n_nodes *
							 (head.wide ? sizeof(HsWide) : sizeof(HsNarrow)));
	head.sets = reserve(&layout, (uint64) head.n_sets * sizeof(HsSet));
	head.categories = reserve(&layout, (uint64) n_categories * sizeof(int32));
	reserve_points(&layout, &head, &extra->calibration);
	head.hot = layout.end;
	head.cover = reserve(&layout, head.n_nodes * statistic);
	head.warm = layout.end;
	head.gain = reserve(&layout, head.n_nodes * statistic);
	head.value = reserve(&layout, head.n_nodes * statistic);
	reserve_histograms(&layout, &head, extra);

	packer.model = allocate(&layout, &head);
	put_names(packer.model, forest->features);
	put_points(packer.model, &extra->calibration);
	put_histograms(packer.model, extra);
	for (t = 0; t < forest->n_trees; t++)
	{
		HsTreeHead *out =
			(HsTreeHead *) ((char *) packer.model + head.trees) + t;

		put_tree(&packer, &forest->trees[t], out, order,
				 order_nodes(&forest->trees[t], order));
		packer.model->max_depth = Max(packer.model->max_depth, out->depth);
		CHECK_FOR_INTERRUPTS();
	}
	pfree(order);
	pfree(packer.scratch);
	packer.model->identity = hs_model_identity(packer.model);
	return packer.model;
}

/* ------------------------------------------------------------ logistic */

HsModel *
hs_model_pack_linear(const HsLinear *linear, const HsModelExtra *extra)
{
	static const HsModelExtra nothing = { 0 };
	int n = linear->n_features;
	HsModel head = { 0 };
	Layout layout = { MAXALIGN(sizeof(HsModel)) };
	HsModel *model;
	double *out;
	int i;

	hs_linear_check(linear);
	if (extra == NULL)
		extra = &nothing;
	hs_extra_check(extra, n, HS_OBJECTIVE_LOGISTIC);

	head.kind = HS_MODEL_LINEAR;
	head.objective = HS_OBJECTIVE_LOGISTIC;
	head.in_double = true;
	head.n_features = n;
	head.base = linear->intercept + 0.0;
	head.divisor = 1;
	head.sigmoid = 1;
	head.intercept_error = linear->intercept_error;
	reserve_names(&layout, &head, linear->features);
	head.linear = reserve(&layout, 4 * n * sizeof(double));
	reserve_points(&layout, &head, &extra->calibration);
	head.hot = head.warm = layout.end;
	reserve_histograms(&layout, &head, extra);

	model = allocate(&layout, &head);
	put_names(model, linear->features);
	put_points(model, &extra->calibration);
	put_histograms(model, extra);
	out = (double *) ((char *) model + head.linear);
	for (i = 0; i < n; i++)
	{
		out[i] = linear->weight[i] + 0.0;
		out[n + i] = linear->mean[i] + 0.0;
		out[2 * n + i] = linear->scale[i];
		/* one bit pattern for all that is not known */
		out[3 * n + i] = isnan(linear->error[i]) ? NAN : linear->error[i];
	}
	if (isnan(model->intercept_error))
		model->intercept_error = NAN;
	model->identity = hs_model_identity(model);
	return model;
}

/* ------------------------------------------------------------ unpacking */

static char **
get_names(const HsModel *model)
{
	char **names = palloc_array(char *, model->n_features);
	int i;

	for (i = 0; i < model->n_features; i++)
		names[i] = pstrdup(HS_MODEL_NAME(model, i));
	return names;
}

static double
get_statistic(const HsModel *model, uint32 offset, int32 i)
{
	const char *at = (const char *) model + offset;

	return model->in_double ? ((const double *) at)[i]
							: ((const float *) at)[i];
}

static void
get_tree(const HsModel *model, int t, HsTree *tree)
{
	const HsTreeHead *head = &HS_MODEL_AT(model, HsTreeHead, trees)[t];
	int n = model->n_features;
	int k;

	tree->n_nodes = head->n_nodes;
	tree->nodes = palloc0_array(HsNode, head->n_nodes);
	for (k = 0; k < head->n_nodes; k++)
	{
		HsNode *node = &tree->nodes[k];
		int32 i = head->first + k;
		uint32 slot;
		uint32 left;
		double value;
		uint32 set;

		if (model->wide)
		{
			const HsWide *in = &HS_MODEL_AT(model, HsWide, nodes)[i];

			slot = in->slot;
			left = in->left;
			set = in->u.set;
			value = in->u.value;
			if (model->in_double && slot > 0)
				value = nextafter(value, -INFINITY) + 0.0;
		}
		else
		{
			const HsNarrow *in = &HS_MODEL_AT(model, HsNarrow, nodes)[i];

			slot = in->link & HS_SLOT_MASK;
			left = in->link >> HS_SLOT_BITS;
			set = in->u.set;
			value = in->u.value;
		}
		node->cover = get_statistic(model, model->cover, i);
		node->gain = get_statistic(model, model->gain, i);
		node->value = get_statistic(model, model->value, i);
		if (slot == 0)
		{
			node->feature = -1;
			continue;
		}
		slot--;
		node->categorical = slot / (2 * n) == 1;
		node->zero_unknown = slot / (2 * n) == 2;
		node->feature = slot % (2 * n) / 2;
		node->default_left = slot % 2;
		node->left = left;
		node->right = left + 1;
		if (node->categorical)
		{
			const HsSet *s = &HS_MODEL_AT(model, HsSet, sets)[set];

			node->first_category = tree->n_categories;
			node->n_categories = s->n;
			if (tree->categories == NULL)
				tree->categories = palloc(Max(s->n, 1) * sizeof(int32));
			else
				tree->categories =
					repalloc(tree->categories,
							 Max(tree->n_categories + s->n, 1) * sizeof(int32));
			memcpy(tree->categories + tree->n_categories,
				   HS_MODEL_AT(model, int32, categories) + s->first,
				   s->n * sizeof(int32));
			tree->n_categories += s->n;
		}
		else
			node->threshold = value;
	}
}

HsForest *
hs_model_forest(const HsModel *model)
{
	HsForest *forest = palloc0_object(HsForest);
	int t;

	Assert(model->kind == HS_MODEL_FOREST);
	forest->objective = model->objective;
	forest->in_double = model->in_double;
	forest->base = model->base;
	forest->divisor = model->divisor;
	forest->sigmoid = model->sigmoid;
	forest->n_features = model->n_features;
	forest->features = get_names(model);
	forest->n_trees = model->n_trees;
	forest->trees = palloc0(Max(model->n_trees, 1) * sizeof(HsTree));
	for (t = 0; t < model->n_trees; t++)
		get_tree(model, t, &forest->trees[t]);
	return forest;
}

HsLinear *
hs_model_linear(const HsModel *model)
{
	HsLinear *linear = palloc0_object(HsLinear);
	double *in;
	int n = model->n_features;

	Assert(model->kind == HS_MODEL_LINEAR);
	in = palloc_array(double, 4 * n);
	memcpy(in, (const char *) model + model->linear, 4 * n * sizeof(double));
	linear->n_features = n;
	linear->features = get_names(model);
	linear->intercept = model->base;
	linear->intercept_error = model->intercept_error;
	linear->weight = in;
	linear->mean = in + n;
	linear->scale = in + 2 * n;
	linear->error = in + 3 * n;
	return linear;
}

HsModelExtra *
hs_model_extra(const HsModel *model)
{
	HsModelExtra *extra = palloc0_object(HsModelExtra);
	HsCalibration *c = &extra->calibration;
	int n = model->n_points;
	int i;

	c->kind = model->calibration;
	c->a = model->platt_a;
	c->b = model->platt_b;
	c->n = n;
	if (n > 0)
	{
		c->x = palloc_array(double, 2 * n);
		memcpy(c->x, (const char *) model + model->points,
			   2 * n * sizeof(double));
		c->y = c->x + n;
	}
	if (model->has_histograms)
	{
		const double *in = HS_MODEL_AT(model, double, histograms);

		in = get_histogram(in, &extra->score);
		extra->features = palloc0_array(HsHistogram, model->n_features);
		for (i = 0; i < model->n_features; i++)
			in = get_histogram(in, &extra->features[i]);
	}
	return extra;
}

HsModel *
hs_model_repack(const HsModel *model, char **features,
				const HsModelExtra *extra)
{
	if (model->kind == HS_MODEL_LINEAR)
	{
		HsLinear *linear = hs_model_linear(model);

		if (features != NULL)
			linear->features = features;
		return hs_model_pack_linear(linear, extra);
	}
	else
	{
		HsForest *forest = hs_model_forest(model);

		if (features != NULL)
			forest->features = features;
		return hs_model_pack_forest(forest, extra);
	}
}
