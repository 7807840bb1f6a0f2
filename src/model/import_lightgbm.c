/*-------------------------------------------------------------------------
 *
 * import_lightgbm.c
 *		Read the text that LightGBM saves a model as, versions 2 to 4.
 *
 * Lines "key=values": those of the model, then for each tree "Tree=i" and its
 * own, up to "end of trees".  Splits are in double, x <= threshold goes left; a
 * split on categories goes left within the set, so its sides are swapped here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "model/import.h"

/* Bits of decision_type. */
#define CATEGORICAL 1
#define DEFAULT_LEFT 2
#define MISSING_SHIFT 2
#define MISSING_NONE 0
#define MISSING_ZERO 1
#define MISSING_NAN 2

typedef struct Line
{
	const char *key;
	int key_len;
	const char *value;
	int value_len;
} Line;

typedef struct Text
{
	const char *at;
	const char *end;
	Line *lines; /* of the part that was read last */
	int n_lines;
	int room;
	bool ended; /* by "end of trees" */
} Text;

#define MAX_LINES 1000

pg_noreturn static void
fail(const char *key, const char *problem)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("LightGBM model is not valid"),
					errdetail("\"%s\" %s.", key, problem)));
	pg_unreachable();
}

pg_noreturn static void
unsupported(const char *what)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("LightGBM model cannot be imported"),
					errdetail("%s", what)));
	pg_unreachable();
}

static bool
line_is(const Line *line, const char *key)
{
	return line->key_len == strlen(key) &&
		   memcmp(line->key, key, line->key_len) == 0;
}

/*
 * Read the lines of one part: up to the next "Tree=" or the end of the trees,
 * which are not among them.
 */
static void
read_part(Text *text)
{
	text->n_lines = 0;
	text->ended = false;
	while (text->at < text->end)
	{
		const char *start = text->at;
		const char *stop = memchr(start, '\n', text->end - start);
		const char *equals;
		Line line;

		if (stop == NULL)
			stop = text->end;
		text->at = stop < text->end ? stop + 1 : stop;
		if (stop > start && stop[-1] == '\r')
			stop--;
		if (stop == start)
			continue;
		equals = memchr(start, '=', stop - start);
		line.key = start;
		line.key_len = (equals == NULL ? stop : equals) - start;
		line.value = equals == NULL ? stop : equals + 1;
		line.value_len = stop - line.value;
		if (line_is(&line, "end of trees"))
		{
			text->ended = true;
			return;
		}
		if (line_is(&line, "Tree"))
			return;
		if (text->n_lines == MAX_LINES)
			fail("Tree", "has too many lines");
		if (text->n_lines == text->room)
		{
			text->room = text->room == 0 ? 64 : text->room * 2;
			text->lines =
				text->lines == NULL
					? palloc(text->room * sizeof(Line))
					: repalloc(text->lines, text->room * sizeof(Line));
		}
		text->lines[text->n_lines++] = line;
	}
	fail("end of trees", "is missing: the text was cut off");
}

static const Line *
find(const Text *text, const char *key)
{
	const Line *found = NULL;
	int i;

	for (i = 0; i < text->n_lines; i++)
	{
		if (!line_is(&text->lines[i], key))
			continue;
		if (found != NULL)
			fail(key, "is there twice");
		found = &text->lines[i];
	}
	return found;
}

/* The values of a line, exactly n; NULL if there is no such line. */
static double *
get_numbers(const Text *text, const char *key, int n)
{
	const Line *line = find(text, key);
	double *numbers;
	const char *at;
	const char *end;
	int i = 0;

	if (line == NULL)
		return NULL;
	numbers = palloc_extended(Max(n, 1) * sizeof(double), MCXT_ALLOC_HUGE);
	at = line->value;
	end = at + line->value_len;
	for (;;)
	{
		while (at < end && *at == ' ')
			at++;
		if (at == end)
			break;
		if (i == n || !hs_doc_scan_number(&at, end, &numbers[i++]) ||
			(at < end && *at != ' '))
			fail(key, "has a wrong number of values");
	}
	if (i != n)
		fail(key, "has a wrong number of values");
	return numbers;
}

static double *
need_numbers(const Text *text, const char *key, int n)
{
	double *numbers = get_numbers(text, key, n);

	if (numbers == NULL)
		fail(key, "is missing");
	return numbers;
}

static int
to_int(const char *key, double x, double low, double high)
{
	if (!(x >= low && x <= high) || x != (int) x)
		fail(key, "has a number that is out of range");
	return (int) x;
}

static int
get_int(const Text *text, const char *key, int absent, int low, int high)
{
	const double *x = get_numbers(text, key, 1);

	return x == NULL ? absent : to_int(key, *x, low, high);
}

/*
 * The categories of the k-th set, from its words of 32 bits.
 */
static void
add_set(HsTree *tree, HsNode *node, int k, const double *boundaries,
		const double *words)
{
	int first = (int) boundaries[k];
	int last = (int) boundaries[k + 1];
	int w;
	int bit;

	node->categorical = true;
	node->first_category = tree->n_categories;
	for (w = first; w < last; w++)
	{
		uint32 word = (uint32) words[w];

		for (bit = 0; bit < 32; bit++)
		{
			int64 category = ((int64) w - first) * 32 + bit;

			if ((word >> bit & 1) == 0)
				continue;
			if (category >= HS_MAX_CATEGORY)
				fail("cat_threshold", "has a category that is out of range");
			/* room for all bits was made before */
			tree->categories[tree->n_categories++] = category;
		}
	}
	node->n_categories = tree->n_categories - node->first_category;
}

/* Boundaries must ascend from 0; returns the number of words. */
static int
check_boundaries(const double *boundaries, int n)
{
	int i;

	for (i = 0; i <= n; i++)
	{
		to_int("cat_boundaries", boundaries[i], 0, HS_MAX_NODES);
		if (i == 0 ? boundaries[i] != 0 : boundaries[i] < boundaries[i - 1])
			fail("cat_boundaries", "must ascend");
	}
	return (int) boundaries[n];
}

static void
read_tree(const Text *text, int n_features, HsTree *tree)
{
	int leaves = get_int(text, "num_leaves", -1, 1, HS_MAX_NODES / 2);
	int sets = get_int(text, "num_cat", 0, 0, HS_MAX_NODES);
	int inner = leaves - 1;
	double *boundaries = NULL;
	double *words = NULL;
	double *value;
	double *count;
	double *feature;
	double *gain;
	double *threshold;
	double *decision;
	double *left;
	double *right;
	double *inner_value;
	double *inner_count;
	int64 bits = 0;
	int n_words = 0;
	int i;

	if (leaves < 0)
		fail("num_leaves", "is missing");
	if (get_int(text, "is_linear", 0, 0, 1) == 1)
		unsupported("Its leaves hold linear models.");
	value = need_numbers(text, "leaf_value", leaves);
	/* LightGBM averages by counts, not by weights */
	count = inner > 0 ? need_numbers(text, "leaf_count", leaves)
					  : get_numbers(text, "leaf_count", leaves);
	tree->n_nodes = inner + leaves;
	tree->nodes = palloc_extended(tree->n_nodes * sizeof(HsNode),
								  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (i = 0; i < leaves; i++)
	{
		HsNode *node = &tree->nodes[inner + i];

		node->feature = -1;
		node->value = value[i];
		node->cover = count != NULL ? count[i] : 0;
	}
	if (inner == 0)
		return;

	feature = need_numbers(text, "split_feature", inner);
	gain = need_numbers(text, "split_gain", inner);
	threshold = need_numbers(text, "threshold", inner);
	decision = need_numbers(text, "decision_type", inner);
	left = need_numbers(text, "left_child", inner);
	right = need_numbers(text, "right_child", inner);
	inner_value = need_numbers(text, "internal_value", inner);
	inner_count = need_numbers(text, "internal_count", inner);
	if (sets > 0)
	{
		boundaries = need_numbers(text, "cat_boundaries", sets + 1);
		n_words = check_boundaries(boundaries, sets);
		words = need_numbers(text, "cat_threshold", n_words);
		for (i = 0; i < n_words; i++)
		{
			if (!(words[i] >= 0 && words[i] <= PG_UINT32_MAX) ||
				words[i] != (uint32) words[i])
				fail("cat_threshold", "has a number that is out of range");
		}
	}
	for (i = 0; i < inner; i++)
	{
		HsNode *node = &tree->nodes[i];
		int type = to_int("decision_type", decision[i], 0, 15);
		int l = to_int("left_child", left[i], -leaves, inner - 1);
		int r = to_int("right_child", right[i], -leaves, inner - 1);
		int missing = type >> MISSING_SHIFT;

		node->feature = to_int("split_feature", feature[i], 0, n_features - 1);
		/* a leaf k is written as ~k */
		node->left = l < 0 ? inner + ~l : l;
		node->right = r < 0 ? inner + ~r : r;
		node->gain = gain[i];
		node->cover = inner_count[i];
		node->value = inner_value[i];
		if (type & CATEGORICAL)
		{
			int k = to_int("threshold", threshold[i], 0, sets - 1);
			int32 swap = node->left;

			node->left = node->right;
			node->right = swap;
			node->default_left = true;
			bits += 32 * (int64) (boundaries[k + 1] - boundaries[k]);
			if (bits > HS_MAX_NODES)
				ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
								errmsg("model has too many categories")));
			node->categorical = true;
			continue;
		}
		if (missing > MISSING_NAN)
			fail("decision_type", "has a number that is out of range");
		/* only what is not known goes right: all numbers are up to this */
		node->threshold = threshold[i] == INFINITY ? DBL_MAX : threshold[i];
		node->zero_unknown = missing == MISSING_ZERO;
		/* of a feature without missing values in training they count as 0 */
		node->default_left = missing == MISSING_NONE
								 ? 0 <= threshold[i]
								 : (type & DEFAULT_LEFT) != 0;
	}
	if (hs_tree_reached(tree) != tree->n_nodes)
		fail("left_child", "and \"right_child\" do not lead to all nodes");
	if (bits == 0)
		return;
	tree->categories = palloc_extended(bits * sizeof(int32), MCXT_ALLOC_HUGE);
	for (i = 0; i < inner; i++)
	{
		if (tree->nodes[i].categorical)
			add_set(tree, &tree->nodes[i], (int) threshold[i], boundaries,
					words);
	}
}

/* Names in a line, separated by spaces. */
static void
read_names(const Text *text, HsForest *forest)
{
	const Line *line = find(text, "feature_names");
	const char *at;
	const char *end;
	int n = 0;

	if (line == NULL)
		fail("feature_names", "is missing");
	forest->features = palloc(forest->n_features * sizeof(char *));
	at = line->value;
	end = at + line->value_len;
	while (at < end)
	{
		const char *space = memchr(at, ' ', end - at);
		const char *stop = space == NULL ? end : space;

		if (n == forest->n_features)
			fail("feature_names", "has a wrong number of values");
		forest->features[n++] = pnstrdup(at, stop - at);
		at = space == NULL ? end : space + 1;
	}
	if (n != forest->n_features)
		fail("feature_names", "has a wrong number of values");
}

/* "binary sigmoid:1", "regression" */
static void
read_objective(const Text *text, HsForest *forest)
{
	const Line *line = find(text, "objective");
	char *value;
	char *word;
	char *rest = NULL;

	if (line == NULL)
		unsupported("It does not say its objective.");
	value = pnstrdup(line->value, line->value_len);
	word = strtok_r(value, " ", &rest);
	forest->sigmoid = 1;
	if (word != NULL && strcmp(word, "binary") == 0)
		forest->objective = HS_OBJECTIVE_LOGISTIC;
	else if (word != NULL && strcmp(word, "regression") == 0)
		forest->objective = HS_OBJECTIVE_SQUARED;
	else
		unsupported(psprintf("Its objective is \"%s\"; binary and "
							 "regression can be imported.",
							 word == NULL ? "" : hs_doc_clip(word)));
	while ((word = strtok_r(NULL, " ", &rest)) != NULL)
	{
		if (forest->objective == HS_OBJECTIVE_LOGISTIC &&
			strncmp(word, "sigmoid:", 8) == 0)
		{
			const char *at = word + 8;
			const char *end = at + strlen(at);

			if (!hs_doc_scan_number(&at, end, &forest->sigmoid) || at != end)
				fail("objective", "has a sigmoid that is not a number");
		}
		else
			unsupported(psprintf("Its objective has the option \"%s\".",
								 hs_doc_clip(word)));
	}
}

HsForest *
hs_import_lightgbm(const char *document, int len)
{
	Text text = { document, document + len };
	HsForest *forest = palloc0_object(HsForest);
	const Line *line;
	bool average;
	int expected;
	int room = 0;

	read_part(&text);
	if (text.n_lines == 0 || !line_is(&text.lines[0], "tree"))
		fail("tree", "must be the first line");
	line = find(&text, "version");
	if (line == NULL)
		fail("version", "is missing");
	if (line->value_len != 2 || line->value[0] != 'v' || line->value[1] < '2' ||
		line->value[1] > '4')
		unsupported("Its version is not one of v2 to v4.");
	if (get_int(&text, "num_class", 1, 1, HS_MAX_FEATURES) > 1 ||
		get_int(&text, "num_tree_per_iteration", 1, 1, HS_MAX_FEATURES) > 1)
		unsupported("It tells more than two classes apart.");
	forest->n_features =
		get_int(&text, "max_feature_idx", -1, 0, HS_MAX_FEATURES - 1) + 1;
	if (forest->n_features == 0)
		fail("max_feature_idx", "is missing");
	forest->in_double = true;
	forest->divisor = 1;
	read_objective(&text, forest);
	read_names(&text, forest);
	average = find(&text, "average_output") != NULL;
	line = find(&text, "tree_sizes");
	expected = -1;
	if (line != NULL)
	{
		const char *at;
		bool space = true;

		/* as many trees as words */
		expected = 0;
		for (at = line->value; at < line->value + line->value_len; at++)
		{
			expected += space && *at != ' ';
			space = *at == ' ';
		}
	}

	while (!text.ended)
	{
		CHECK_FOR_INTERRUPTS();
		if (forest->n_trees == HS_MAX_TREES)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("model has too many trees"),
					 errdetail("A model has at most %d.", HS_MAX_TREES)));
		if (forest->n_trees == room)
		{
			room = room == 0 ? 64 : room * 2;
			forest->trees =
				forest->trees == NULL
					? palloc(room * sizeof(HsTree))
					: repalloc(forest->trees, room * sizeof(HsTree));
		}
		memset(&forest->trees[forest->n_trees], 0, sizeof(HsTree));
		read_part(&text);
		read_tree(&text, forest->n_features, &forest->trees[forest->n_trees++]);
	}
	if (expected >= 0 && expected != forest->n_trees)
		fail("tree_sizes", "is not of as many trees as there are");
	if (average)
		forest->divisor = Max(forest->n_trees, 1);
	return forest;
}
