/*-------------------------------------------------------------------------
 *
 * logistic.c
 *		Logistic regression with a ridge or L1 penalty.
 *
 * Minimises C * sum of weighted log losses + penalty on standardised features,
 * penalty = |w|^2 / 2 or |w|_1, the intercept free; a value that is not known
 * is the mean.  Divided by C, that is Newton's method on
 *		sum loss + penalty / C,
 * with halved steps until it decreases, and for L1 with coordinate descent on
 * the quadratic model of each step (proximal Newton).
 *
 * Standard errors are the square roots of the diagonal of the inverse of the
 * Hessian at the end, penalty included.  With L1 there are none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "core/compat.h"
#include "train/linear.h"
#include "train/train.h"

#define TILE 8				/* rows whose products are added up together */
#define COLLINEAR 1e-10		/* least share of a pivot */
#define SEPARATED_LOSS 1e-7 /* mean log loss of a perfect separation */

typedef struct Fit
{
	const HsLogisticParams *params;
	const HsTrainRows *rows;
	int n_used; /* features that vary */
	int *used;
	int size; /* n_used + 1, the intercept last */
	double ridge;
	double lasso;
	double *theta;
	double *next;
	double *step;
	double *gradient;
	double *hessian;
	double *work;
	double *tile; /* TILE rows of size */
	int64 effort;
} Fit;

static void
look_for_cancel(Fit *fit, int64 work)
{
	if ((fit->effort += work) >= HS_TRAIN_SLICE)
	{
		CHECK_FOR_INTERRUPTS();
		fit->effort = 0;
	}
}

static double
row_weight(const Fit *fit, const HsTrainBlock *block, int i)
{
	double weight = block->weight != NULL ? block->weight[i] : 1;

	return block->label[i] > 0 ? weight * fit->params->scale_pos_weight
							   : weight;
}

/* Means and deviations of known values; rows by their weight. */
static void
find_scale(HsTrainRows *rows, HsLinear *linear)
{
	int n = rows->n_features;
	double *weights = hs_train_alloc(rows->memory, sizeof(double) * n, "sums");
	double *low = hs_train_alloc(rows->memory, sizeof(double) * n, "sums");
	double *high = hs_train_alloc(rows->memory, sizeof(double) * n, "sums");

	for (int j = 0; j < n; j++)
	{
		low[j] = INFINITY;
		high[j] = -INFINITY;
	}
	for (int pass = 0; pass < 2; pass++)
	{
		for (int b = 0; b < rows->n_blocks; b++)
		{
			const HsTrainBlock *block = &rows->blocks[b];

			CHECK_FOR_INTERRUPTS();
			for (int i = 0; i < block->n; i++)
			{
				const double *x = block->wide + (Size) i * n;
				double weight = block->weight != NULL ? block->weight[i] : 1;

				if (block->side[i] != HS_SIDE_TRAIN)
					continue;
				for (int j = 0; j < n; j++)
				{
					if (isnan(x[j]))
						continue;
					if (pass == 0)
					{
						weights[j] += weight;
						/* a running mean, that cannot overflow */
						linear->mean[j] +=
							(x[j] - linear->mean[j]) * (weight / weights[j]);
						low[j] = Min(low[j], x[j]);
						high[j] = Max(high[j], x[j]);
					}
					else
					{
						double scaled =
							(x[j] - linear->mean[j]) / (high[j] - low[j]);

						linear->scale[j] += weight * scaled * scaled;
					}
				}
			}
		}
		for (int j = 0; pass == 0 && j < n; j++)
			if (!(high[j] > low[j]) || isinf(high[j] - low[j]))
				high[j] = low[j]; /* constant, or not to be measured */
	}
	for (int j = 0; j < n; j++)
	{
		double sd = high[j] > low[j] ? sqrt(linear->scale[j] / weights[j]) *
										   (high[j] - low[j])
									 : 0;

		/* rounding alone makes that much */
		if (!(sd > 1e-13 * fabs(linear->mean[j])))
			sd = 0;
		linear->scale[j] = sd;
	}
	hs_train_free(rows->memory, weights, sizeof(double) * n);
	hs_train_free(rows->memory, low, sizeof(double) * n);
	hs_train_free(rows->memory, high, sizeof(double) * n);
}

/* The features that vary, standardised in place, are the first of a row. */
static void
standardise(HsTrainRows *rows, const HsLinear *linear, const int *used,
			int n_used)
{
	int64 work = 0;

	for (int b = 0; b < rows->n_blocks; b++)
	{
		HsTrainBlock *block = &rows->blocks[b];

		for (int i = 0; i < block->n; i++)
		{
			double *x = block->wide + (Size) i * rows->n_features;

			for (int k = 0; k < n_used; k++)
			{
				int j = used[k];

				x[k] = isnan(x[j])
						   ? 0
						   : (x[j] - linear->mean[j]) / linear->scale[j];
			}
			if ((work += n_used) >= HS_TRAIN_SLICE)
			{
				CHECK_FOR_INTERRUPTS();
				work = 0;
			}
		}
	}
}

static double
margin_of(const double *x, const double *theta, int n_used)
{
	double margin = theta[n_used];

	for (int k = 0; k < n_used; k++)
		margin += theta[k] * x[k];
	return margin;
}

static double
log_loss(double margin, bool positive)
{
	double z = positive ? -margin : margin;

	return z > 0 ? z + log1p(exp(-z)) : log1p(exp(z));
}

static double
penalty(const Fit *fit, const double *theta)
{
	double sum = 0;

	for (int k = 0; k < fit->n_used; k++)
		sum +=
			fit->ridge / 2 * theta[k] * theta[k] + fit->lasso * fabs(theta[k]);
	return sum;
}

static double
objective(Fit *fit, const double *theta)
{
	double sum = penalty(fit, theta);

	for (int b = 0; b < fit->rows->n_blocks; b++)
	{
		const HsTrainBlock *block = &fit->rows->blocks[b];

		for (int i = 0; i < block->n; i++)
		{
			const double *x = block->wide + (Size) i * fit->rows->n_features;

			if (block->side[i] != HS_SIDE_TRAIN)
				continue;
			sum +=
				row_weight(fit, block, i) *
				log_loss(margin_of(x, theta, fit->n_used), block->label[i] > 0);
			look_for_cancel(fit, fit->size + 16);
		}
	}
	return sum;
}

/* Adds TILE rows, each already times the root of its weight. */
static void
add_tile(Fit *fit)
{
	int n = fit->size;
	const double *t = fit->tile;

	for (int i = 0; i < n; i++)
	{
		double *row = fit->hessian + (Size) i * n;
		double a[TILE];

		for (int k = 0; k < TILE; k++)
			a[k] = t[(Size) k * n + i];
		for (int j = 0; j <= i; j++)
		{
			double sum = 0;

			for (int k = 0; k < TILE; k++)
				sum += a[k] * t[(Size) k * n + j];
			row[j] += sum;
		}
		look_for_cancel(fit, i * TILE);
	}
	memset(fit->tile, 0, sizeof(double) * TILE * n);
}

/* Derivatives of the losses, and of the ridge, at theta. */
static void
derive(Fit *fit)
{
	int n = fit->size;
	int held = 0;

	memset(fit->gradient, 0, sizeof(double) * n);
	/* the first time the system finds the memory, which takes a while */
	for (int i = 0; i < n; i++)
	{
		memset(fit->hessian + (Size) i * n, 0, sizeof(double) * (i + 1));
		look_for_cancel(fit, i);
	}
	memset(fit->tile, 0, sizeof(double) * TILE * n);
	for (int b = 0; b < fit->rows->n_blocks; b++)
	{
		const HsTrainBlock *block = &fit->rows->blocks[b];

		for (int i = 0; i < block->n; i++)
		{
			const double *x = block->wide + (Size) i * fit->rows->n_features;
			double *to = fit->tile + (Size) held * n;
			double weight;
			double p;
			double error;
			double root;

			if (block->side[i] != HS_SIDE_TRAIN)
				continue;
			weight = row_weight(fit, block, i);
			p = 1 / (1 + exp(-margin_of(x, fit->theta, fit->n_used)));
			error = weight * (p - (block->label[i] > 0));
			root = sqrt(weight * p * (1 - p));
			for (int k = 0; k < fit->n_used; k++)
			{
				fit->gradient[k] += error * x[k];
				to[k] = root * x[k];
			}
			fit->gradient[fit->n_used] += error;
			to[fit->n_used] = root;
			if (++held == TILE)
			{
				add_tile(fit);
				held = 0;
			}
		}
	}
	if (held > 0)
		add_tile(fit);
	for (int k = 0; k < fit->n_used; k++)
	{
		fit->gradient[k] += fit->ridge * fit->theta[k];
		fit->hessian[(Size) k * n + k] += fit->ridge;
	}
}

pg_noreturn static void
complain_separated(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the features separate the two classes perfectly, or "
					"nearly so"),
			 errdetail("Without a penalty the coefficients have no finite "
					   "value."),
			 errhint("Use \"penalty\": \"l2\", and look for a feature that "
					 "knows the outcome.")));
}

/* The Newton step, from the derivatives. */
static void
newton_step(Fit *fit, int iteration)
{
	int bad = hs_cholesky(fit->hessian, fit->size,
						  fit->ridge > 0 ? DBL_EPSILON : COLLINEAR);

	if (bad >= 0 && iteration > 1 && fit->ridge == 0)
		complain_separated();
	if (bad >= 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("feature \"%s\" is a linear combination of others",
					bad < fit->n_used ? fit->rows->features[fit->used[bad]]
									  : "(intercept)"),
			 errhint("Use \"penalty\": \"l2\" with a smaller \"C\", or leave "
					 "the feature out.")));
	memcpy(fit->step, fit->gradient, sizeof(double) * fit->size);
	hs_cholesky_solve(fit->hessian, fit->size, fit->step);
	for (int k = 0; k < fit->size; k++)
		fit->step[k] = -fit->step[k];
}

/*
 * The step to the minimum of the quadratic model plus the L1 penalty, by
 * coordinate descent; work is the Hessian times the step so far.
 */
static void
lasso_step(Fit *fit)
{
	int n = fit->size;
	double *h = fit->hessian;

	for (int i = 0; i < n; i++)
	{
		for (int j = 0; j < i; j++)
			h[(Size) j * n + i] = h[(Size) i * n + j];
		look_for_cancel(fit, (int64) i * TILE);
	}
	memset(fit->step, 0, sizeof(double) * n);
	memset(fit->work, 0, sizeof(double) * n);
	for (int sweep = 0; sweep < 1000; sweep++)
	{
		double largest = 0;

		for (int k = 0; k < n; k++)
		{
			const double *row = h + (Size) k * n;
			double at = fit->theta[k] + fit->step[k];
			double slope = fit->gradient[k] + fit->work[k];
			double wanted;
			double change;

			if (!(row[k] > 0))
				continue;
			wanted = at - slope / row[k];
			if (k < fit->n_used)
			{
				double limit = fit->lasso / row[k];

				wanted = wanted > limit	   ? wanted - limit
						 : wanted < -limit ? wanted + limit
										   : 0;
			}
			change = wanted - at;
			if (change == 0)
				continue;
			fit->step[k] += change;
			for (int j = 0; j < n; j++)
				fit->work[j] += change * row[j];
			largest = Max(largest, fabs(change) * sqrt(row[k]));
			look_for_cancel(fit, n);
		}
		if (largest < 1e-11)
			break;
	}
}

/*
 * Goes from theta along the step, halving it until the objective decreases.
 * Returns the largest change of a coefficient; 0 if nothing decreases.
 */
static double
go(Fit *fit, double *value)
{
	double length = 1;

	for (int half = 0; half < 40; half++, length /= 2)
	{
		double now;
		double largest = 0;

		for (int k = 0; k < fit->size; k++)
		{
			fit->next[k] = fit->theta[k] + length * fit->step[k];
			largest = Max(largest, fabs(length * fit->step[k]));
		}
		now = objective(fit, fit->next);
		if (now <= *value + 1e-12 * fabs(*value))
		{
			double *swap = fit->theta;

			fit->theta = fit->next;
			fit->next = swap;
			*value = now;
			return largest;
		}
	}
	return 0;
}

/* Mean log loss of a side, by row weights alone; NaN for no rows. */
static double
mean_loss(const Fit *fit, HsSide side, int64 *n)
{
	double sum = 0;
	double weights = 0;

	*n = 0;
	for (int b = 0; b < fit->rows->n_blocks; b++)
	{
		const HsTrainBlock *block = &fit->rows->blocks[b];

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < block->n; i++)
		{
			const double *x = block->wide + (Size) i * fit->rows->n_features;
			double weight = block->weight != NULL ? block->weight[i] : 1;

			if (block->side[i] != side)
				continue;
			(*n)++;
			weights += weight;
			sum += weight * log_loss(margin_of(x, fit->theta, fit->n_used),
									 block->label[i] > 0);
		}
	}
	return weights > 0 ? sum / weights : NAN;
}

static void
take_margins(const Fit *fit, HsLogisticResult *result)
{
	int64 next = 0;

	result->margin = hs_train_alloc(
		fit->rows->memory, sizeof(float) * result->n_train, "the predictions");
	for (int b = 0; b < fit->rows->n_blocks; b++)
	{
		const HsTrainBlock *block = &fit->rows->blocks[b];

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < block->n; i++)
			if (block->side[i] == HS_SIDE_TRAIN)
				result->margin[next++] =
					margin_of(block->wide + (Size) i * fit->rows->n_features,
							  fit->theta, fit->n_used);
	}
}

static void
find_errors(Fit *fit, HsLinear *linear)
{
	double *diagonal = fit->next;

	for (int j = 0; j < fit->rows->n_features; j++)
		linear->error[j] = NAN;
	linear->intercept_error = NAN;
	if (fit->params->penalty == HS_PENALTY_L1)
		return;
	derive(fit);
	if (hs_cholesky(fit->hessian, fit->size, DBL_EPSILON) >= 0)
		return;
	hs_cholesky_inverse_diagonal(fit->hessian, fit->size, fit->work, diagonal);
	for (int k = 0; k < fit->n_used; k++)
		linear->error[fit->used[k]] = sqrt(diagonal[k]);
	linear->intercept_error = sqrt(diagonal[fit->n_used]);
}

void
hs_logistic(HsTrainRows *rows, const HsLogisticParams *params,
			HsLogisticResult *result)
{
	HsTrainMemory *memory = rows->memory;
	HsLinear *linear = &result->linear;
	Fit fit = { .params = params, .rows = rows };
	Size room = sizeof(double) * (rows->n_features + 1);
	double value;

	memset(result, 0, sizeof(HsLogisticResult));
	linear->n_features = rows->n_features;
	linear->features = rows->features;
	linear->weight = hs_train_alloc(memory, room, "coefficients");
	linear->mean = hs_train_alloc(memory, room, "coefficients");
	linear->scale = hs_train_alloc(memory, room, "coefficients");
	linear->error = hs_train_alloc(memory, room, "coefficients");
	find_scale(rows, linear);
	fit.used = hs_train_alloc(memory, sizeof(int) * (rows->n_features + 1),
							  "coefficients");
	for (int j = 0; j < rows->n_features; j++)
	{
		if (linear->scale[j] > 0)
			fit.used[fit.n_used++] = j;
		else
			linear->scale[j] = 1;
	}
	if (fit.n_used == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("no feature varies in the rows to train on"),
						errdetail("Each of the %d features is constant or "
								  "never known.",
								  rows->n_features)));
	standardise(rows, linear, fit.used, fit.n_used);

	fit.size = fit.n_used + 1;
	room = sizeof(double) * fit.size;
	fit.theta = hs_train_alloc(memory, room, "coefficients");
	fit.next = hs_train_alloc(memory, room, "coefficients");
	fit.step = hs_train_alloc(memory, room, "coefficients");
	fit.gradient = hs_train_alloc(memory, room, "coefficients");
	fit.work = hs_train_alloc(memory, room, "coefficients");
	fit.tile = hs_train_alloc(memory, room * TILE, "coefficients");
	fit.hessian = hs_train_alloc_raw(memory, room * fit.size, "the Hessian");
	fit.ridge = params->penalty == HS_PENALTY_L2 ? 1 / params->C : 0;
	fit.lasso = params->penalty == HS_PENALTY_L1 ? 1 / params->C : 0;

	value = objective(&fit, fit.theta);
	while (result->iterations < params->max_iter && !result->converged)
	{
		result->iterations++;
		derive(&fit);
		if (fit.lasso > 0)
			lasso_step(&fit);
		else
			newton_step(&fit, result->iterations);
		result->converged = go(&fit, &value) <= params->tolerance;
	}
	result->train_loss = mean_loss(&fit, HS_SIDE_TRAIN, &result->n_train);
	result->validation_loss = mean_loss(&fit, HS_SIDE_VALID, &result->n_valid);
	take_margins(&fit, result);
	if (params->penalty == HS_PENALTY_NONE &&
		(!result->converged || result->train_loss < SEPARATED_LOSS))
		complain_separated();
	for (int k = 0; k < fit.n_used; k++)
		linear->weight[fit.used[k]] = fit.theta[k];
	linear->intercept = fit.theta[fit.n_used];
	find_errors(&fit, linear);
}
