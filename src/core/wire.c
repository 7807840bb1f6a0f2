/*-------------------------------------------------------------------------
 *
 * wire.c
 *		Text form of values whose wire form is binary: its bytes in hex.
 *
 * The text does not depend on any setting, and it goes through the same
 * validation as the binary form.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "core/compat.h"
#include "core/wire.h"

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * Read hex digits into bytes; anything else is 22P02.
 */
void
hs_wire_from_text(const char *text, const char *type, StringInfo bytes)
{
	const char *p;

	initStringInfo(bytes);
	for (p = text; *p != '\0'; p += 2)
	{
		int high = hex_digit(p[0]);
		int low = high < 0 ? -1 : hex_digit(p[1]);

		if (low < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					 errmsg("invalid input syntax for type %s", type),
					 errdetail("The text form is an even number of hexadecimal "
							   "digits.")));
		appendStringInfoCharMacro(bytes, (char) (high << 4 | low));
	}
}

/*
 * The payload of a bytea as hex digits.
 */
char *
hs_wire_to_text(const struct varlena *bytes)
{
	Size len = VARSIZE_ANY_EXHDR(bytes);
	char *text = palloc(len * 2 + 1);

	hex_encode(VARDATA_ANY(bytes), len, text);
	text[len * 2] = '\0';
	return text;
}
