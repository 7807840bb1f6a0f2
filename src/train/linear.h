/*-------------------------------------------------------------------------
 *
 * linear.h
 *		Symmetric positive definite matrices, row by row, lower triangle used.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_LINEAR_H
#define HEALTHSCORE_LINEAR_H

#include "postgres.h"

extern int hs_cholesky(double *a, int n, double tolerance);
extern void hs_cholesky_solve(const double *a, int n, double *b);
extern void hs_cholesky_inverse_diagonal(const double *a, int n, double *work,
										 double *diagonal);

#endif /* HEALTHSCORE_LINEAR_H */
