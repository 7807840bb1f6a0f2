/*-------------------------------------------------------------------------
 *
 * side.c
 *		Which rows train and which validate.
 *
 * An account is on one side only.  By time, the later rows validate.  With
 * both, accounts whose rows lie on both sides of the cut are divided by their
 * hash: half of them train with their earlier rows, half validate with their
 * later ones, and the other rows of both are left out.
 *
 * Accounts are known by a hash of 64 bits; if two were to collide, they would
 * be on the same side.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "train/train.h"

#define SEEN_EARLY 1
#define SEEN_LATE 2
#define SEEN_POSITIVE 4
#define SEEN_NEGATIVE 8

typedef struct Account
{
	uint64 hash;
	uint8 seen; /* 0: a free slot */
} Account;

typedef struct Accounts
{
	HsTrainMemory *memory;
	uint64 mask;
	uint64 n;
	Account *slots;
} Accounts;

static Account *
find(Accounts *accounts, uint64 hash)
{
	uint64 i = hash & accounts->mask;

	while (accounts->slots[i].seen != 0 && accounts->slots[i].hash != hash)
		i = (i + 1) & accounts->mask;
	return &accounts->slots[i];
}

static void
note(Accounts *accounts, uint64 hash, uint8 seen)
{
	Account *account = find(accounts, hash);

	if (account->seen == 0)
	{
		account->hash = hash;
		accounts->n++;
	}
	account->seen |= seen;
	if (accounts->n * 2 > accounts->mask)
	{
		Accounts grown = *accounts;

		grown.mask = accounts->mask * 2 + 1;
		grown.slots =
			hs_train_alloc(accounts->memory, sizeof(Account) * (grown.mask + 1),
						   "the accounts");
		for (uint64 i = 0; i <= accounts->mask; i++)
			if (accounts->slots[i].seen != 0)
				*find(&grown, accounts->slots[i].hash) = accounts->slots[i];
		hs_train_free(accounts->memory, accounts->slots,
					  sizeof(Account) * (accounts->mask + 1));
		*accounts = grown;
	}
}

static void
open_accounts(Accounts *accounts, HsTrainMemory *memory)
{
	accounts->memory = memory;
	accounts->mask = 1023;
	accounts->n = 0;
	accounts->slots =
		hs_train_alloc(memory, sizeof(Account) * 1024, "the accounts");
}

static void
close_accounts(Accounts *accounts)
{
	hs_train_free(accounts->memory, accounts->slots,
				  sizeof(Account) * (accounts->mask + 1));
}

/*
 * Accounts with an outcome, and those of each class; an account with both
 * counts in both.  Rows that the caller left out do not count.
 */
HsTrainCounts
hs_train_count(const HsTrainRows *rows)
{
	HsTrainCounts counts = { 0 };
	Accounts accounts;

	if (rows->has_account)
		open_accounts(&accounts, rows->memory);
	for (int b = 0; b < rows->n_blocks; b++)
	{
		const HsTrainBlock *block = &rows->blocks[b];

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < block->n; i++)
		{
			bool positive = block->label[i] > 0;

			if (block->side[i] == HS_SIDE_OUT)
				continue;
			if (rows->has_account)
				note(&accounts, block->account[i],
					 positive ? SEEN_POSITIVE : SEEN_NEGATIVE);
			else
			{
				counts.n++;
				counts.positives += positive;
				counts.negatives += !positive;
			}
		}
	}
	if (rows->has_account)
	{
		counts.n = accounts.n;
		for (uint64 i = 0; i <= accounts.mask; i++)
		{
			counts.positives += (accounts.slots[i].seen & SEEN_POSITIVE) != 0;
			counts.negatives += (accounts.slots[i].seen & SEEN_NEGATIVE) != 0;
		}
		close_accounts(&accounts);
	}
	return counts;
}

static int
compare_double(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return x < y ? -1 : x > y;
}

/* The first moment that validates: a share of the rows is at or after it. */
static double
cut_of_time(const HsTrainRows *rows, double fraction)
{
	int64 n = 0;
	Size size = sizeof(double) * rows->n;
	double *at = hs_train_alloc(rows->memory, size, "the split by time");
	double cut;

	for (int b = 0; b < rows->n_blocks; b++)
		for (int i = 0; i < rows->blocks[b].n; i++)
			if (rows->blocks[b].side[i] != HS_SIDE_OUT)
				at[n++] = rows->blocks[b].at[i];
	if (n == 0)
		cut = 0;
	else
	{
		qsort(at, n, sizeof(double), compare_double);
		cut = at[Min(n - 1, (int64) ceil((1 - fraction) * n))];
	}
	hs_train_free(rows->memory, at, size);
	return cut;
}

/* The side was given: no account may be on both. */
static void
check_given_sides(const HsTrainRows *rows)
{
	Accounts accounts;
	int64 both = 0;

	if (!rows->has_account)
		return;
	open_accounts(&accounts, rows->memory);
	for (int b = 0; b < rows->n_blocks; b++)
		for (int i = 0; i < rows->blocks[b].n; i++)
			if (rows->blocks[b].side[i] != HS_SIDE_OUT)
				note(&accounts, rows->blocks[b].account[i],
					 rows->blocks[b].side[i] == HS_SIDE_TRAIN ? SEEN_EARLY
															  : SEEN_LATE);
	for (uint64 i = 0; i <= accounts.mask; i++)
		both += (accounts.slots[i].seen & (SEEN_EARLY | SEEN_LATE)) ==
				(SEEN_EARLY | SEEN_LATE);
	close_accounts(&accounts);
	if (both > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("accounts are on both sides of the split"),
				 errdetail("%lld of %lld accounts have rows that train and "
						   "rows that validate.",
						   (long long) both, (long long) accounts.n),
				 errhint("Put all rows of an account on one side, NULL in the "
						 "split column leaves a row out; or omit \"split\", "
						 "then the accounts are divided.")));
}

void
hs_train_assign_sides(HsTrainRows *rows, const HsSplitParams *params)
{
	Accounts accounts;
	double cut = 0;
	bool both = rows->has_time && rows->has_account;
	int64 row = 0;

	if (rows->has_split)
	{
		check_given_sides(rows);
		return;
	}
	if (params->fraction <= 0)
		return;
	if (rows->has_time)
		cut = cut_of_time(rows, params->fraction);
	if (both)
	{
		open_accounts(&accounts, rows->memory);
		for (int b = 0; b < rows->n_blocks; b++)
		{
			HsTrainBlock *block = &rows->blocks[b];

			CHECK_FOR_INTERRUPTS();
			for (int i = 0; i < block->n; i++)
				if (block->side[i] != HS_SIDE_OUT)
					note(&accounts, block->account[i],
						 block->at[i] >= cut ? SEEN_LATE : SEEN_EARLY);
		}
	}
	for (int b = 0; b < rows->n_blocks; b++)
	{
		HsTrainBlock *block = &rows->blocks[b];

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < block->n; i++, row++)
		{
			uint64 key = rows->has_account ? block->account[i] : (uint64) row;
			double unit = hs_random_unit(key ^ hs_random_mix(params->seed + 1));
			HsSide side;

			if (block->side[i] == HS_SIDE_OUT)
				continue;
			if (!rows->has_time)
				side = unit < params->fraction ? HS_SIDE_VALID : HS_SIDE_TRAIN;
			else if (block->at[i] >= cut)
				side = HS_SIDE_VALID;
			else if (block->at[i] + params->embargo > cut)
				side = HS_SIDE_OUT;
			else
				side = HS_SIDE_TRAIN;
			if (both && side != HS_SIDE_OUT &&
				(find(&accounts, key)->seen & (SEEN_EARLY | SEEN_LATE)) ==
					(SEEN_EARLY | SEEN_LATE) &&
				(side == HS_SIDE_VALID) != (unit < 0.5))
				side = HS_SIDE_OUT;
			block->side[i] = side;
		}
	}
	if (both)
		close_accounts(&accounts);
}

int64
hs_train_side_count(const HsTrainRows *rows, HsSide side, int64 *positives)
{
	int64 n = 0;

	*positives = 0;
	for (int b = 0; b < rows->n_blocks; b++)
	{
		const HsTrainBlock *block = &rows->blocks[b];

		for (int i = 0; i < block->n; i++)
			if (block->side[i] == side)
			{
				n++;
				*positives += block->label[i] > 0;
			}
	}
	return n;
}
