--
-- The report of the demo, for psql -At: the portfolio by band, the accounts
-- that need a look, the stories, and one account explained in full.
-- :worst is how many accounts to list, :color 1 for a terminal with colors.
--
\pset format unaligned
\pset tuples_only on

-- exactly n columns
CREATE FUNCTION pg_temp.fit(t text, n integer) RETURNS text LANGUAGE sql IMMUTABLE
RETURN (SELECT rpad(CASE WHEN length(c) > n THEN left(c, n - 1) || '…' ELSE c END, n)
        FROM regexp_replace(coalesce(t, '-'), '[[:cntrl:]]', ' ', 'g') AS c);
CREATE FUNCTION pg_temp.paint(t text, band_rank integer, bands integer, color boolean) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN NOT color THEN t
            ELSE format(E'\033[%sm%s\033[0m', CASE WHEN band_rank IS NULL THEN '90' WHEN band_rank = 1 THEN '31' WHEN band_rank = bands THEN '32' ELSE '33' END, t) END;
CREATE FUNCTION pg_temp.bold(t text, color boolean) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN color THEN E'\033[1m' || t || E'\033[0m' ELSE t END;
CREATE FUNCTION pg_temp.money(x numeric) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN x IS NULL THEN '-' WHEN x < 10000 THEN to_char(x, 'FM9,990') WHEN x < 10000000 THEN to_char(x / 1000, 'FM9,990') || 'k' ELSE to_char(x / 1000000, 'FM999,990.0') || 'M' END;

CREATE TEMP TABLE book AS
SELECT p.*, coalesce(p.name, p.account_id) AS who, a.attributes ->> 'story' AS story,
       CASE WHEN p.band = 'insufficient data' THEN 'too new' ELSE p.band END AS band_shown,
       CASE WHEN p.band_rank IS NULL THEN '    -' ELSE to_char(p.score, 'FM990.0') END AS score_shown,
       CASE WHEN p.band_rank IS NULL OR p.change_30d IS NULL THEN '' WHEN abs(p.change_30d) < 0.05 THEN '0.0'
            ELSE to_char(p.change_30d, 'FMSG990.0') END AS change_shown
FROM healthscore.portfolio AS p
LEFT JOIN healthscore.accounts AS a USING (account_id);

-- what costs the most, in a few words
CREATE TEMP TABLE cost AS
SELECT d.account_id, string_agg(format('%s -%s', d.title, round(d.lost::numeric, 1)), ', ' ORDER BY d.lost DESC, d.pos) AS reasons
FROM (SELECT d.*, row_number() OVER (PARTITION BY d.account_id ORDER BY d.lost DESC, d.pos) AS rank
      FROM healthscore.score_drivers AS d WHERE d.as_of = (SELECT max(as_of) FROM book) AND d.lost >= 0.05) AS d
WHERE d.rank <= 2
GROUP BY d.account_id;

\echo
SELECT pg_temp.bold(format('Customer health on %s', max(as_of)), :'color')
    || format(': %s accounts in %s, history of %s nights', count(*),
              CASE count(DISTINCT segment) WHEN 0 THEN 'no segment' WHEN 1 THEN 'one segment' ELSE count(DISTINCT segment) || ' segments' END,
              (SELECT count(DISTINCT as_of) FROM healthscore.scores))
FROM book;
\echo
SELECT format('  %s  %s accounts  %s  %s  %s',
              pg_temp.paint(pg_temp.fit(band_shown, 10), band_rank, max(band_rank) OVER ()::integer, :'color'),
              lpad(count(*)::text, 5),
              coalesce('ARR ' || lpad(pg_temp.money(sum(arr)), 7) || lpad(round(100 * sum(arr) / nullif(sum(sum(arr)) OVER (), 0))::text, 4) || ' %', ''),
              pg_temp.paint(rpad(repeat('█', greatest(round(40.0 * count(*) / sum(count(*)) OVER ())::integer, 1)), 40), band_rank, max(band_rank) OVER ()::integer, :'color'),
              CASE WHEN count(*) FILTER (WHERE b.band_rank < before.rank) > 0
                   THEN format('%s fell into it in 30 days', count(*) FILTER (WHERE b.band_rank < before.rank)) ELSE '' END)
FROM book AS b
LEFT JOIN LATERAL (SELECT s.band_rank AS rank FROM healthscore.scores AS s
                   WHERE s.account_id = b.account_id AND s.as_of = b.as_of - 30) AS before ON true
GROUP BY band_shown, band_rank
ORDER BY band_rank NULLS LAST;

\echo
SELECT pg_temp.bold(format('The %s least healthy', least(:worst, count(*))), :'color') FROM book WHERE band_rank IS NOT NULL;
\echo
\set head_1 'account                   segment     band     score  30 days  12 weeks      what costs the most points'
\set head_2 '────────────────────────  ──────────  ───────  ─────  ───────  ────────────  ───────────────────────────────────────'
\echo :head_1
\echo :head_2
SELECT format('%s  %s  %s  %s  %s  %s  %s', pg_temp.fit(who, 24), pg_temp.fit(segment, 10),
              pg_temp.paint(pg_temp.fit(band_shown, 7), band_rank, (SELECT max(band_rank) FROM book), :'color'),
              lpad(score_shown, 5), lpad(change_shown, 7), rpad(trend, 12), rtrim(pg_temp.fit(coalesce(c.reasons, ''), 39)))
FROM (SELECT * FROM book WHERE band_rank IS NOT NULL ORDER BY score, account_id LIMIT :worst) AS b
LEFT JOIN cost AS c ON c.account_id = b.account_id
ORDER BY score, b.account_id;

SELECT EXISTS (SELECT FROM book WHERE story IS NOT NULL) AS has_stories \gset
\if :has_stories
\echo
SELECT pg_temp.bold('Six accounts with a story in their data', :'color');
\echo
\echo :head_1
\echo :head_2
SELECT format(E'%s  %s  %s  %s  %s  %s  %s\n%s', pg_temp.fit(who, 24), pg_temp.fit(segment, 10),
              pg_temp.paint(pg_temp.fit(band_shown, 7), band_rank, (SELECT max(band_rank) FROM book), :'color'),
              lpad(score_shown, 5), lpad(change_shown, 7), rpad(trend, 12), pg_temp.bold(story, :'color'),
              (SELECT string_agg('    ' || rtrim(pg_temp.fit(r, 116)), E'\n' ORDER BY i) FROM unnest(reasons) WITH ORDINALITY AS x(r, i) WHERE i <= 2))
FROM book WHERE story IS NOT NULL
ORDER BY score, account_id;
\endif

-- in full: the busy one of the stories, or else the least healthy
SELECT account_id AS shown FROM book WHERE band_rank IS NOT NULL
ORDER BY story IS DISTINCT FROM 'busy but not successful', score, account_id LIMIT 1 \gset
\if :{?shown}
\echo
SELECT pg_temp.bold(format('Why %s has %s', regexp_replace(who, '[[:cntrl:]]', ' ', 'g'), score_shown), :'color')
    || format(' (score_drivers; the points sum to the score)') FROM book WHERE account_id = :'shown';
\echo
\echo 'measure               value  unit                                            points   of  lost'
\echo '─────────────────  ────────  ──────────────────────────────────────────────  ──────  ───  ────'
SELECT format('%s  %s  %s  %s  %s  %s  %s', pg_temp.fit(title, 17),
              lpad(CASE WHEN value IS NULL THEN 'unknown' WHEN abs(value) >= 100 OR value = round(value) THEN to_char(value, 'FM999999990')
                        ELSE to_char(value, 'FM990.099') END, 8),
              pg_temp.fit(coalesce(unit, ''), 46), lpad(to_char(contribution, 'FM990.0'), 6), lpad(to_char(100 * weight, 'FM990'), 3),
              lpad(to_char(lost, 'FM990.0'), 4), rtrim(repeat('█', round(lost)::integer)))
FROM healthscore.score_drivers
WHERE account_id = :'shown' AND as_of = (SELECT max(as_of) FROM book) AND weight > 0
ORDER BY lost DESC, pos;
SELECT format('%s  %s', pg_temp.fit('', 75), lpad(score_shown, 6)) FROM book WHERE account_id = :'shown';
\endif

\echo
SELECT format('The nightly job scored %s accounts in %s ms (CALL healthscore.refresh(%L)), from %s rows of signals; the', accounts,
              round(1000 * extract(epoch FROM finished_at - started_at)), to_day::text,
              (SELECT to_char(count(*), 'FM999,999,999,990') FROM healthscore.signals))
FROM healthscore.runs WHERE kind = 'refresh' AND status = 'done' ORDER BY run_id DESC LIMIT 1;
SELECT format('history, %s scores, took %s s.', to_char(sum(accounts), 'FM999,999,999,990'),
              to_char(sum(extract(epoch FROM finished_at - started_at)), 'FM990.0'))
FROM healthscore.runs WHERE status = 'done';
