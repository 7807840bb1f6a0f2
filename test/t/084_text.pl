# cancellation_intent() in databases of other encodings, phrases in a dump, and
# that a search can be cancelled.  TAP because it needs several databases.
use strict;
use warnings;
use utf8;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Encode qw(encode decode);

my $node = PostgreSQL::Test::Cluster->new('text');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->start;

# SQL in UTF-8 goes to the server as it is in the encoding of the client.
sub sql
{
	my ($db, $query, $client) = @_;
	my $out = $node->safe_psql($db, encode('UTF-8', 'SET client_encoding = ' . ($client // 'UTF8') . "; $query"));
	return decode('UTF-8', $out);
}

my $german = 'Grüße! Ich möchte das Österreich-Abo KÜNDIGEN, schöne Grüße';
my $rows = "SELECT matched, start, length, phrase, substr('$german', start, length) FROM healthscore.cancellation_phrases('$german', 'de')";
my $says = 'Abo KÜNDIGEN|34|12|@vertrag ..4 @beenden|kuendig*|kuenden|gekuendigt|Abo KÜNDIGEN';

foreach my $encoding (qw(UTF8 LATIN1 LATIN9 WIN1252))
{
	my $db = lc "db_$encoding";
	sql('postgres', "CREATE DATABASE $db ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	sql($db, 'CREATE EXTENSION healthscore');
	is(sql($db, $rows), $says, "$encoding: German");
	sql($db, "INSERT INTO healthscore.cancellation_lexicon (language, phrase) VALUES ('fr', 'résiliér|fermé ..2 compte')");
	is(sql($db, "SELECT matched, start, phrase FROM healthscore.cancellation_phrases('été: RÉSILIER le Compte', 'fr')"),
		'RÉSILIER le Compte|6|résiliér|fermé ..2 compte', "$encoding: a phrase of the user");
	is(sql($db, "SELECT healthscore.cancellation_intent('cancel my contract')"), 't', "$encoding: English");
	is( sql($db, "SELECT healthscore.cancellation_intent(repeat('Über ', 2000000) || 'cancel my contract')"), 't', "$encoding: a long message");
}

sql('postgres', "CREATE DATABASE db_euc ENCODING 'EUC_JP' LOCALE 'C' TEMPLATE template0");
sql('db_euc', 'CREATE EXTENSION healthscore');
sql('db_euc', "INSERT INTO healthscore.cancellation_lexicon (language, phrase) VALUES ('ja', '解 約')");
is(sql('db_euc', "SELECT matched, start, length FROM healthscore.cancellation_phrases('今すぐ解約したい。cancel my contract')"),
	"解約|4|2\ncancel my contract|10|18", 'EUC_JP: characters, not bytes');

# Where the encoding is not known, bytes are characters, as substr() has it, and
# those beyond ASCII are letters that have no case.
sql('postgres', "CREATE DATABASE db_ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
sql('db_ascii', 'CREATE EXTENSION healthscore');
is(sql('db_ascii', "SELECT matched, start, substr('Grüße, cancel my contract', start, length) FROM healthscore.cancellation_phrases('Grüße, cancel my contract')", 'SQL_ASCII'),
	'cancel my contract|10|cancel my contract', 'SQL_ASCII: bytes');
is( sql('db_ascii', q{SELECT healthscore.cancellation_intent(E'\\xff\\xfe\\xc3 cancel my contract \\xe4'), healthscore.cancellation_intent(E'cancel\\xffmy contract'),
	healthscore.cancellation_intent(E'\\xf0'), healthscore.cancellation_intent(repeat(E'\\xf0\\xc3', 1000000))}, 'SQL_ASCII'),
	't|f|f|f', 'SQL_ASCII: bytes of no encoding');
sql('db_ascii', "INSERT INTO healthscore.cancellation_lexicon (language, phrase) VALUES ('de', 'tschüß'), ('de', 'zurück*')", 'SQL_ASCII');
is( sql('db_ascii', "SELECT healthscore.cancellation_intent('Na dann tschüß', 'de'), healthscore.cancellation_intent('Zurückgeben', 'de'), healthscore.cancellation_intent('tschüss', 'de')", 'SQL_ASCII'),
	't|t|f', 'SQL_ASCII: phrases as bytes');

# Phrases of the user are dumped, the built-in ones come with the library.
sql('db_utf8', q{INSERT INTO healthscore.cancellation_lexicon VALUES ('en', 'exclusion', '@cancel ..2 contract wrestling', E'a note\t''x''')});
my $dump = PostgreSQL::Test::Utils::tempdir . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('db_utf8') ], 'dump');
sql('postgres', 'CREATE DATABASE restored TEMPLATE template0');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('restored'), $dump ], 'restore');
my $all = 'SELECT * FROM healthscore.cancellation_lexicon ORDER BY language, kind, phrase';
is(sql('restored', $all), sql('db_utf8', $all), 'the phrases are there');
is(sql('restored', "SELECT healthscore.cancellation_intent('fermé mon compte', 'fr'), healthscore.cancellation_intent('cancel my contract wrestling')"), 't|f', 'and count');
is(sql('restored', $rows), $says, 'beside those of the library');
is(sql('restored', 'DROP EXTENSION healthscore; SELECT count(*) FROM pg_class WHERE relname = \'cancellation_lexicon\''), '0', 'and leave with the extension');
sql('restored', 'CREATE EXTENSION healthscore');
is(sql('restored', "SELECT healthscore.cancellation_intent('fermé mon compte', 'fr') IS NULL, healthscore.cancellation_intent('cancel my contract wrestling')"), 't|t', 'in one session or another');

# One session in which the extension is dropped and made again
is( sql('restored', q{INSERT INTO healthscore.cancellation_lexicon (language, phrase) VALUES ('en', 'x y');
	SELECT healthscore.cancellation_intent('x y'); DROP EXTENSION healthscore; CREATE EXTENSION healthscore; SELECT healthscore.cancellation_intent('x y')}),
	"t\nf", 'a session sees the new table');

# Cancelled at once, whatever it is busy with.
sql('db_utf8', "INSERT INTO healthscore.cancellation_lexicon (language, phrase) VALUES ('xx', 'a|b ..10 a|b ..10 a|b ..10 a|b ..10 c')");
foreach my $text ("'a '", "'x'", "'.'", "'cancel my '", "'ü'", "'not '")
{
	my ($rc, $out, $err) = $node->psql('db_utf8',
		encode('UTF-8', "CREATE TEMP TABLE t AS SELECT repeat($text, 20000000 / length($text)) AS m; SET statement_timeout = 300; SELECT healthscore.cancellation_intent(m), healthscore.cancellation_intent(m), healthscore.cancellation_intent(m), healthscore.cancellation_intent(m) FROM t, generate_series(1, 100)"));
	like($err, qr/statement timeout/, encode('UTF-8', "cancelled in $text"));
}

$node->stop;
done_testing();
