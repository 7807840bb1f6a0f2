/*-------------------------------------------------------------------------
 *
 * shap.c
 *		Contributions of features to the margin of a forest.
 *
 * The value of a subset of the features is what the trees give on average if
 * only these are known: at a split on a known feature the account's own way is
 * taken (hot), at any other both are, weighted by their shares z of the cover
 * (Lundberg et al. 2018, "path dependent").  The Shapley value of a feature is
 * the integral over t in 0..1 of the effect of knowing it when every other one
 * is known with probability t (Owen's multilinear extension), and that is a
 * polynomial in t of a degree below the number m of different features on a
 * path: K >= m / 2 Gauss-Legendre points give it exactly.  All points are
 * carried through a tree at once, one in each lane.
 *
 * With u = 1 - t, at a split where the feature was not met before
 *
 *		S = S_hot - r (S_hot - S_cold),		r = u z_cold
 *		phi += w D z_cold (S_hot - S_cold)
 *		D_hot = D (1 - r),	D_cold = D r
 *
 * where S is the value of a subtree, and D the weight of what is above.  Where
 * the account went hot at all splits above on the same feature, which together
 * had a share of zbar, let F = u zbar + t: then r = u z_cold zbar / F, and phi
 * gets w D z_cold zbar / F^2 (S_hot - S_cold), which adds to what was counted
 * above.  Where it once went cold, r = z_cold, and nothing is to be added.  So
 * each split has two vectors, R with r = z_cold R and B with w D z_cold B, of
 * which those of splits met for the first time and of cold ones are the same
 * for all.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "model/shap.h"
#include "model/walk.h"

/* Lanes come by four; a feature may be on a path as often as it likes. */
#define GROUP 4
#define MAX_LANES (HS_MAX_DEPTH / 2)

#if defined(__x86_64__) && defined(__GNUC__)
#define HS_AVX2
#endif

typedef double Lanes __attribute__((vector_size(GROUP * sizeof(double)),
									aligned(sizeof(double))));

typedef struct ShapNode
{
	double threshold;
	double z[2];	/* shares of the cover, left and right */
	int32 child[2]; /* in the tree: inner nodes first, then leaves */
	int32 prev;		/* child of the last split above on the same feature */
	int32 own;		/* its vectors where hot */
	int32 feature;
	uint32 slot;
	uint32 set;
} ShapNode;

typedef struct ShapTree
{
	int32 first; /* inner node */
	int32 n_inner;
	int32 first_leaf;
	int32 n_leaves;
} ShapTree;

struct HsShap
{
	int n_features;
	int n_trees;
	int lanes;
	bool sets;
	double baseline;
	ShapTree *trees;
	ShapNode *nodes;
	double *leaves;
	double *vectors; /* R and B of each split that needs its own */
	int n_vectors;
	int room;

	double u[MAX_LANES];
	double w[MAX_LANES];

	/* working memory of a call */
	void *scratch; /* hs_walk_size() */
	double *views;
	double *down; /* D of the nodes of a tree */
	double *up;	  /* S */
	double *phi;  /* of each feature, by lane */
	uint8 *alive; /* went hot at all splits on the feature of its parent */
	uint8 *right;
	int32 *vector;
};

/* Vectors that are shared. */
enum
{
	FIRST_MET,
	COLD,
	N_SHARED
};

/*
 * Points and weights of Gauss and Legendre on 0..1, by Newton's method on the
 * Legendre polynomial of degree n.
 */
static void
gauss_legendre(int n, double *x, double *w)
{
	int i;
	int j;

	for (i = 0; i < n; i++)
	{
		double z = cos(M_PI * (i + 0.75) / (n + 0.5));
		double slope = 1;
		int round;

		for (round = 0; round < 100; round++)
		{
			double p = 1;
			double before = 0;
			double step;

			for (j = 1; j <= n; j++)
			{
				double older = before;

				before = p;
				p = ((2 * j - 1) * z * before - (j - 1) * older) / j;
			}
			slope = n * (z * p - before) / (z * z - 1);
			step = p / slope;
			z -= step;
			if (fabs(step) < 1e-15)
				break;
		}
		x[i] = (1 - z) / 2;
		w[i] = 1 / ((1 - z * z) * slope * slope);
	}
}

static double
cover_of(const HsModel *model, int64 i)
{
	return model->in_double ? HS_MODEL_AT(model, double, cover)[i]
							: HS_MODEL_AT(model, float, cover)[i];
}

/* A node, whatever its layout. */
static void
read_node(const HsModel *model, int64 i, uint32 *slot, uint32 *left,
		  double *value, uint32 *set)
{
	if (model->wide)
	{
		const HsWide *node = &HS_MODEL_AT(model, HsWide, nodes)[i];

		*slot = node->slot;
		*left = node->left;
		*value = node->u.value;
		*set = node->u.set;
	}
	else
	{
		const HsNarrow *node = &HS_MODEL_AT(model, HsNarrow, nodes)[i];

		*slot = node->link & HS_SLOT_MASK;
		*left = node->link >> HS_SLOT_BITS;
		*value = node->u.value;
		*set = node->u.set;
	}
}

/* A walk over the paths of a tree that knows where each feature was met. */
typedef struct Path
{
	const HsModel *model;
	const HsTreeHead *head;
	HsShap *shap;
	ShapTree *tree;
	int32 *place;  /* of the nodes of the tree in the plan */
	int32 *met;	   /* by feature: the child of the last split, or -1 */
	double *share; /* by feature: of the cover, after that split */
	int n_met;	   /* different features on the path */
	int most;	   /* of all paths */
	bool count;	   /* only that */
} Path;

static int32
new_vectors(HsShap *shap)
{
	if (shap->n_vectors == shap->room)
	{
		if ((Size) shap->room * 4 * shap->lanes * sizeof(double) > MaxAllocSize)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
							errmsg("model is too large for its drivers")));
		shap->room = shap->room == 0 ? 64 : shap->room * 2;
		shap->vectors =
			shap->vectors == NULL
				? palloc(shap->room * 2 * shap->lanes * sizeof(double))
				: repalloc(shap->vectors, (Size) shap->room * 2 * shap->lanes *
											  sizeof(double));
	}
	return shap->n_vectors++;
}

/* R and B of a split below others on its feature, which kept a share. */
static int32
own_vectors(HsShap *shap, double share)
{
	int32 i = new_vectors(shap);
	double *r = shap->vectors + (Size) i * 2 * shap->lanes;
	double *b = r + shap->lanes;
	int k;

	for (k = 0; k < shap->lanes; k++)
	{
		double f = shap->u[k] * share + (1 - shap->u[k]);

		r[k] = shap->u[k] * share / f;
		b[k] = share / (f * f);
	}
	return i;
}

/*
 * Prepare the subtree at a node, depth first; returns its mean.  Recursion is
 * as deep as the tree, which is bounded.
 */
static double
prepare(Path *path, int32 i)
{
	const HsModel *model = path->model;
	int64 at = (int64) path->head->first + i;
	int n = model->n_features;
	ShapNode *node = NULL;
	double mean = 0;
	double left_cover;
	double right_cover;
	double z[2];
	double value;
	double share;
	uint32 slot;
	uint32 left;
	uint32 set;
	int32 met;
	int feature;
	int side;

	read_node(model, at, &slot, &left, &value, &set);
	CHECK_FOR_INTERRUPTS();
	if (slot == 0)
	{
		path->most = Max(path->most, path->n_met);
		return value;
	}
	feature = (slot - 1) % (2 * n) / 2;
	met = path->met[feature];
	share = path->share[feature];
	left_cover = cover_of(model, path->head->first + left);
	right_cover = cover_of(model, path->head->first + left + 1);
	/* shares of what is there; no cover at all says nothing of either */
	z[0] = left_cover + right_cover > 0
			   ? left_cover / (left_cover + right_cover)
			   : 0.5;
	if (!isfinite(left_cover + right_cover))
		z[0] = 0.5;
	z[1] = 1 - z[0];

	if (!path->count)
	{
		node = &path->shap->nodes[path->tree->first + path->place[i]];
		node->threshold = value;
		node->slot = slot;
		node->set = set;
		node->feature = feature;
		node->child[0] = path->place[left];
		node->child[1] = path->place[left + 1];
		node->z[0] = z[0];
		node->z[1] = z[1];
		node->prev = met < 0 ? path->head->n_nodes : met;
		node->own = met < 0 ? FIRST_MET : own_vectors(path->shap, share);
	}
	if (met < 0)
		path->n_met++;
	for (side = 0; side < 2; side++)
	{
		path->met[feature] = path->count ? 0 : path->place[left + side];
		path->share[feature] = (met < 0 ? 1 : share) * z[side];
		mean += z[side] * prepare(path, left + side);
	}
	path->met[feature] = met;
	path->share[feature] = share;
	if (met < 0)
		path->n_met--;
	return mean;
}

/* Inner nodes first, each kind in the order that it has. */
static void
place_nodes(Path *path)
{
	int32 inner = 0;
	int32 leaf = path->head->n_inner;
	int32 i;

	for (i = 0; i < path->head->n_nodes; i++)
	{
		int64 at = (int64) path->head->first + i;
		uint32 slot;
		uint32 left;
		double value;
		uint32 set;

		read_node(path->model, at, &slot, &left, &value, &set);
		if (slot > 0)
			path->place[i] = inner++;
		else
		{
			path->shap
				->leaves[path->tree->first_leaf + leaf - path->head->n_inner] =
				value;
			path->place[i] = leaf++;
		}
	}
}

HsShap *
hs_shap_make(const HsModel *model)
{
	HsShap *shap = palloc0_object(HsShap);
	const HsTreeHead *heads = HS_MODEL_AT(model, HsTreeHead, trees);
	Path path = { model };
	int largest = 1;
	int64 n_inner = 0;
	int64 n_leaves = 0;
	double x[MAX_LANES];
	double *shared;
	int points;
	int i;
	int t;

	shap->n_features = model->n_features;
	shap->n_trees = model->n_trees;
	shap->sets = model->categorical;
	shap->baseline = model->base;
	if (model->kind == HS_MODEL_LINEAR)
		return shap;

	path.shap = shap;
	path.met = palloc(model->n_features * sizeof(int32));
	path.share = palloc0_array(double, model->n_features);
	memset(path.met, -1, model->n_features * sizeof(int32));
	path.count = true;
	shap->trees = palloc(Max(model->n_trees, 1) * sizeof(ShapTree));
	for (t = 0; t < model->n_trees; t++)
	{
		CHECK_FOR_INTERRUPTS();
		shap->trees[t].first = n_inner;
		shap->trees[t].n_inner = heads[t].n_inner;
		shap->trees[t].first_leaf = n_leaves;
		shap->trees[t].n_leaves = heads[t].n_nodes - heads[t].n_inner;
		n_inner += heads[t].n_inner;
		n_leaves += shap->trees[t].n_leaves;
		largest = Max(largest, heads[t].n_nodes);
		path.head = &heads[t];
		prepare(&path, 0);
	}

	points = Max((path.most + 1) / 2, 1);
	shap->lanes = TYPEALIGN(GROUP, points);
	gauss_legendre(points, x, shap->w);
	for (i = 0; i < points; i++)
		shap->u[i] = x[i];
	new_vectors(shap);
	new_vectors(shap);
	shared = shap->vectors;
	for (i = 0; i < shap->lanes; i++)
	{
		shared[i] = shap->u[i];
		shared[shap->lanes + i] = 1;
		shared[2 * shap->lanes + i] = 1;
		shared[3 * shap->lanes + i] = 0;
	}

	shap->nodes =
		palloc_extended(Max(n_inner, 1) * sizeof(ShapNode), MCXT_ALLOC_HUGE);
	shap->leaves =
		palloc_extended(Max(n_leaves, 1) * sizeof(double), MCXT_ALLOC_HUGE);
	path.place = palloc_extended(largest * sizeof(int32), MCXT_ALLOC_HUGE);
	path.count = false;
	for (t = 0; t < model->n_trees; t++)
	{
		CHECK_FOR_INTERRUPTS();
		path.head = &heads[t];
		path.tree = &shap->trees[t];
		place_nodes(&path);
		shap->baseline += prepare(&path, 0) / model->divisor;
	}
	pfree(path.place);
	pfree(path.met);
	pfree(path.share);

	shap->scratch = palloc(hs_walk_size(model) + 1);
	shap->views = palloc0_array(double, 1 + 6 * model->n_features);
	shap->down = palloc_extended((Size) largest * shap->lanes * sizeof(double),
								 MCXT_ALLOC_HUGE);
	shap->up = palloc_extended((Size) largest * shap->lanes * sizeof(double),
							   MCXT_ALLOC_HUGE);
	shap->phi = palloc_array(double, model->n_features * shap->lanes);
	shap->alive = palloc(largest + 1);
	shap->right = palloc(largest);
	shap->vector = palloc_extended(largest * sizeof(int32), MCXT_ALLOC_HUGE);
	return shap;
}

double
hs_shap_baseline(const HsShap *shap)
{
	return shap->baseline;
}

/*
 * One tree.  Always inlined with a constant number of groups of lanes.
 */
static inline __attribute__((always_inline)) void
shap_tree(HsShap *shap, const HsModel *model, const ShapTree *tree,
		  const double *features, const int groups)
{
	const ShapNode *nodes = shap->nodes + tree->first;
	const double *leaves = shap->leaves + tree->first_leaf;
	const Lanes *vectors = (const Lanes *) shap->vectors;
	const double *views = shap->views;
	Lanes *down = (Lanes *) shap->down;
	Lanes *up = (Lanes *) shap->up;
	Lanes *phi = (Lanes *) shap->phi;
	uint8 *alive = shap->alive;
	int n = tree->n_inner;
	int i;
	int g;

	for (i = 0; i < tree->n_leaves; i++)
	{
		for (g = 0; g < groups; g++)
			up[(n + i) * groups + g] = (Lanes){ 0 } + leaves[i];
	}
	for (g = 0; g < groups; g++)
		down[g] = ((const Lanes *) shap->w)[g];
	alive[n + tree->n_leaves] = 1;

	for (i = 0; i < n; i++)
	{
		const ShapNode *node = &nodes[i];
		int right = views[node->slot] >= node->threshold;
		bool hot_so_far = alive[node->prev];
		int32 vector = hot_so_far ? node->own : COLD;
		int32 hot;
		int32 cold;
		double z;

		if (shap->sets && node->slot > 2 * shap->n_features &&
			node->slot <= 4 * shap->n_features)
		{
			double x = features[node->feature];

			right = isnan(x) ? (node->slot - 1) % 2 == 0
							 : hs_in_set(model, node->set, x);
		}
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		hot = node->child[right];
		cold = node->child[1 - right];
		z = node->z[1 - right];
		shap->right[i] = right;
		shap->vector[i] = vector;
		alive[hot] = hot_so_far;
		alive[cold] = 0;
		for (g = 0; g < groups; g++)
		{
			Lanes d = down[i * groups + g];
			Lanes dr = d * (vectors[vector * 2 * groups + g] * z);

			down[cold * groups + g] = dr;
			down[hot * groups + g] = d - dr;
		}
	}
	for (i = n - 1; i >= 0; i--)
	{
		const ShapNode *node = &nodes[i];
		int right = shap->right[i];
		const Lanes *vector = vectors + shap->vector[i] * 2 * groups;
		int32 hot = node->child[right];
		int32 cold = node->child[1 - right];
		double z = node->z[1 - right];

		for (g = 0; g < groups; g++)
		{
			Lanes difference =
				(up[hot * groups + g] - up[cold * groups + g]) * z;

			up[i * groups + g] = up[hot * groups + g] - vector[g] * difference;
			phi[node->feature * groups + g] +=
				down[i * groups + g] * vector[groups + g] * difference;
		}
	}
}

static inline __attribute__((always_inline)) void
shap_trees(HsShap *shap, const HsModel *model, const double *features,
		   const int groups)
{
	int t;

	for (t = 0; t < shap->n_trees; t++)
	{
		if (t % 64 == 63)
			CHECK_FOR_INTERRUPTS();
		shap_tree(shap, model, &shap->trees[t], features, groups);
	}
}

/*
 * A function for each number of groups that is common.  With AVX2 registers
 * are twice as wide; nothing is fused, so the results are the same.
 */
typedef void (*Trees)(HsShap *shap, const HsModel *model,
					  const double *features);

#define TREES(name, attribute, groups)                                         \
	static attribute void name(HsShap *shap, const HsModel *model,             \
							   const double *features)                         \
	{                                                                          \
		shap_trees(shap, model, features, groups);                             \
	}

TREES(trees_1, , 1)
TREES(trees_2, , 2)
TREES(trees_3, , 3)
TREES(trees_any, , shap->lanes / GROUP)

#ifdef HS_AVX2
#define AVX2 __attribute__((target("avx2")))
TREES(trees_1_avx2, AVX2, 1)
TREES(trees_2_avx2, AVX2, 2)
TREES(trees_3_avx2, AVX2, 3)
TREES(trees_any_avx2, AVX2, shap->lanes / GROUP)
#endif

static Trees
choose_trees(int groups)
{
	static const Trees plain[] = { trees_1, trees_2, trees_3, trees_any };
	int i = Min(groups, (int) lengthof(plain)) - 1;

#ifdef HS_AVX2
	static const Trees avx2[] = { trees_1_avx2, trees_2_avx2, trees_3_avx2,
								  trees_any_avx2 };

	if (__builtin_cpu_supports("avx2"))
		return avx2[i];
#endif
	return plain[i];
}

/* Terms of a logistic regression; an unknown value is the mean. */
static void
linear_terms(const HsModel *model, const double *features,
			 double *contributions)
{
	int n = model->n_features;
	const double *weight = HS_MODEL_AT(model, double, linear);
	int j;

	for (j = 0; j < n; j++)
		contributions[j] = isnan(features[j])
							   ? 0
							   : weight[j] * ((features[j] - weight[n + j]) /
											  weight[2 * n + j]);
}

/*
 * The margin of a forest in single precision is a sum of floats, which is off
 * from the exact sum by some 1e-6.  The contributions have their shares of
 * that, so that they sum to the margin that is predicted.
 */
static void
share_rounding(HsShap *shap, const HsModel *model, const double *features,
			   double *contributions)
{
	double rest =
		hs_model_margin(model, features, shap->scratch) - shap->baseline;
	double size = 0;
	int j;

	for (j = 0; j < shap->n_features; j++)
	{
		rest -= contributions[j];
		size += fabs(contributions[j]);
	}
	if (size == 0)
		return;
	for (j = 0; j < shap->n_features; j++)
		contributions[j] += rest * (fabs(contributions[j]) / size);
}

void
hs_shap(HsShap *shap, const HsModel *model, const double *features,
		double *contributions)
{
	int lanes = shap->lanes;
	int j;
	int k;

	if (model->kind == HS_MODEL_LINEAR)
	{
		linear_terms(model, features, contributions);
		return;
	}
	hs_wide_views(model, features, shap->views);
	memset(shap->phi, 0, (Size) shap->n_features * lanes * sizeof(double));
	choose_trees(lanes / GROUP)(shap, model, features);
	for (j = 0; j < shap->n_features; j++)
	{
		double sum = 0;

		for (k = 0; k < lanes; k++)
			sum += shap->phi[j * lanes + k];
		contributions[j] = sum / model->divisor;
	}
	if (!model->in_double)
		share_rounding(shap, model, features, contributions);
}
