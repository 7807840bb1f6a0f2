/*-------------------------------------------------------------------------
 *
 * linear.c
 *		Cholesky decomposition and what follows from it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "train/linear.h"

static inline double
dot(const double *x, const double *y, int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += x[i] * y[i];
	return sum;
}

/*
 * A = L L', L in place of the lower triangle.  Returns -1, or the row whose
 * pivot is not above tolerance times its diagonal element: it depends on the
 * rows before it.
 */
int
hs_cholesky(double *a, int n, double tolerance)
{
	for (int i = 0; i < n; i++)
	{
		double *row = a + (Size) i * n;
		double before = row[i];

		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < i; j++)
		{
			const double *other = a + (Size) j * n;

			row[j] = (row[j] - dot(row, other, j)) / other[j];
			if (j % 1024 == 1023)
				CHECK_FOR_INTERRUPTS();
		}
		row[i] -= dot(row, row, i);
		if (!(row[i] > tolerance * before))
			return i;
		row[i] = sqrt(row[i]);
	}
	return -1;
}

/* b becomes the solution of A x = b. */
void
hs_cholesky_solve(const double *a, int n, double *b)
{
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		b[i] = (b[i] - dot(a + (Size) i * n, b, i)) / a[(Size) i * n + i];
	}
	for (int i = n - 1; i >= 0; i--)
	{
		CHECK_FOR_INTERRUPTS();
		b[i] /= a[(Size) i * n + i];
		for (int j = 0; j < i; j++)
			b[j] -= a[(Size) i * n + j] * b[i];
	}
}

/* The diagonal of the inverse of A; work has room for n numbers. */
void
hs_cholesky_inverse_diagonal(const double *a, int n, double *work,
							 double *diagonal)
{
	/* column k of the inverse of L, whose squares add up to element k */
	for (int k = 0; k < n; k++)
	{
		double sum = 0;

		CHECK_FOR_INTERRUPTS();
		for (int i = k; i < n; i++)
		{
			const double *row = a + (Size) i * n;
			double x = i == k ? 1 : -dot(row + k, work + k, i - k);

			work[i] = x / row[i];
			sum += work[i] * work[i];
			if (i % 1024 == 1023)
				CHECK_FOR_INTERRUPTS();
		}
		diagonal[k] = sum;
	}
}
