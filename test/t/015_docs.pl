# The examples of README.md and docs/*.md run, and print what the page says.
# Each page is a session of its own in a fresh database: its ```sql blocks are
# run in order, and a ```text block after one is its exact output.
# HS_DOCS_UPDATE=1 writes the output into the pages instead: read it.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "datestyle = 'ISO'\ntimezone = 'UTC'");
$node->start;

# One version: the control file states it, the package file repeats it.
my ($version) = slurp_file('healthscore.control') =~ /^default_version = '([\d.]+)'/m;
is(join(' ', slurp_file('META.json') =~ /"version": "([\d.]+)"/g), "$version $version 1.0.0", 'META.json has the version of the control file');

foreach my $page ('README.md', sort glob 'docs/*.md')
{
	my $text = slurp_file($page);
	next unless $text =~ /^```sql$/m;
	my $db = lc('docs_' . ($page =~ s/\W+/_/gr));
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql($db, 'CREATE EXTENSION healthscore')
	  unless $text =~ /CREATE EXTENSION healthscore/;

	# one session for the page, so that settings and temporary tables last
	my @blocks = $text =~ /^```sql\n(.*?)^```$/gms;
	my $mark = '=== end of example ===';
	my $script = join '', map { "$_\\echo $mark\n" } @blocks;
	my ($out, $err);
	run_log(
		[
			'psql', '-X', '-q', '-d', $node->connstr($db), '-f', '-', '-P', 'footer=off',
			'--set=SHOW_CONTEXT=never', '--set=VERBOSITY=default'
		],
		'<', \$script, '>', \$out, '2>&1');
	$out =~ s/^psql:<stdin>:\d+: //mg;
	my @results = split /^\Q$mark\E\n/m, $out;
	is(scalar(@results), scalar(@blocks), "$page: every example was run");

	my $i = 0;
	my $updated = $text =~ s{(^```sql\n.*?^```\n)(\n?```text\n(.*?)^```\n)?}{
		my ($sql, $block, $said) = ($1, $2, $3);
		my $got = $results[$i++] // '';
		$got =~ s/[ ]+$//mg;
		$got =~ s/\n+\z/\n/;
		if (defined $block)
		{
			is($got, $said, "$page: output of example $i") unless $ENV{HS_DOCS_UPDATE};
			$block = "\n```text\n$got```\n";
		}
		else
		{
			is($got, '', "$page: example $i prints nothing") unless $ENV{HS_DOCS_UPDATE};
		}
		$sql . ($block // '');
	}gmser;
	if ($ENV{HS_DOCS_UPDATE})
	{
		open my $fh, '>', $page or die "$page: $!";
		print $fh $updated;
		close $fh;
	}
}

$node->stop;
done_testing();
