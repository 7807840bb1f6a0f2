--
-- The report of the demo, for psql -At: the portfolio by band, the accounts
-- that need a look, the stories, and one account explained in full.
-- :worst is how many accounts to list, :color 1 for a terminal with colors.
--
\pset format unaligned
\pset tuples_only on
\pset pager off

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

CREATE FUNCTION pg_temp.plain(t text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN regexp_replace(t, '[[:cntrl:]]', ' ', 'g');
CREATE FUNCTION pg_temp.figure(x double precision) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN x IS NULL THEN 'unknown' WHEN abs(x) >= 100 OR x = round(x) THEN to_char(x, 'FM999999990') ELSE to_char(x, 'FM990.099') END;

CREATE TEMP TABLE book AS
SELECT p.*, coalesce(p.name, p.account_id) AS who, a.attributes ->> 'story' AS story,
       CASE WHEN p.band_rank IS NULL THEN '    -' ELSE to_char(p.score, 'FM990.0') END AS score_shown,
       CASE WHEN p.band_rank IS NULL OR p.change_30d IS NULL THEN '' WHEN abs(p.change_30d) < 0.05 THEN '0.0'
            ELSE to_char(p.change_30d, 'FMSG990.0') END AS change_shown
FROM healthscore.portfolio AS p
LEFT JOIN healthscore.accounts AS a USING (account_id);

-- what costs the most, in a few words
CREATE TEMP TABLE cost AS
SELECT d.account_id, array_agg(format('%s -%s', d.title, round(d.lost::numeric, 1)) ORDER BY d.lost DESC, d.pos) AS reasons
FROM (SELECT d.*, row_number() OVER (PARTITION BY d.account_id ORDER BY d.lost DESC, d.pos) AS rank
      FROM healthscore.score_drivers AS d WHERE d.as_of = (SELECT max(as_of) FROM book) AND d.lost >= 0.05) AS d
WHERE d.rank <= 2
GROUP BY d.account_id;

\echo
SELECT pg_temp.bold(format('Customer health on %s', max(as_of)), :'color')
    || format(': %s in %s, history of %s', CASE count(*) WHEN 1 THEN 'one account' ELSE count(*) || ' accounts' END,
              CASE count(DISTINCT segment) WHEN 0 THEN 'no segment' WHEN 1 THEN 'one segment' ELSE count(DISTINCT segment) || ' segments' END,
              (SELECT CASE count(DISTINCT as_of) WHEN 1 THEN 'one night' ELSE count(DISTINCT as_of) || ' nights' END FROM healthscore.scores))
FROM book;
SELECT regexp_replace('Left out of the scorecard, as their columns have no values: ' || string_agg(m ->> 'title', ', ' ORDER BY i), '(.{60,116}), ', E'\\1,\n  ', 'g')
FROM jsonb_array_elements(:'card'::jsonb -> 'measures') WITH ORDINALITY AS x(m, i)
WHERE m ->> 'name' NOT IN (SELECT k ->> 'name' FROM healthscore.scorecards AS s, jsonb_array_elements(s.card::jsonb -> 'measures') AS k
                           WHERE s.name = 'saas' AND s.version = healthscore.published_version('saas'))
HAVING count(*) > 0;
\echo
SELECT rtrim(format('  %s  %s %s  %s  %s  %s',
              pg_temp.paint(pg_temp.fit(band, 17), band_rank, max(band_rank) OVER ()::integer, :'color'),
              lpad(count(*)::text, 5), CASE count(*) WHEN 1 THEN 'account ' ELSE 'accounts' END,
              coalesce('ARR ' || lpad(pg_temp.money(sum(arr)), 7) || lpad(round(100 * sum(arr) / nullif(sum(sum(arr)) OVER (), 0))::text, 4) || ' %', ''),
              pg_temp.paint(rpad(repeat('█', greatest(round(36.0 * count(*) / sum(count(*)) OVER ())::integer, 1)), 36), band_rank, max(band_rank) OVER ()::integer, :'color'),
              CASE WHEN count(*) FILTER (WHERE b.band_rank < before.rank) > 0
                   THEN format('%s fell to here in 30 days', count(*) FILTER (WHERE b.band_rank < before.rank)) ELSE '' END))
FROM book AS b
LEFT JOIN LATERAL (SELECT s.band_rank AS rank FROM healthscore.scores AS s
                   WHERE s.account_id = b.account_id AND s.as_of = b.as_of - 30) AS before ON true
GROUP BY band, band_rank
ORDER BY band_rank NULLS LAST;

SELECT count(*) > 0 AS has_scores FROM book WHERE band_rank IS NOT NULL \gset
\if :has_scores
\else
\echo
\echo 'No account has enough data yet: most measures need 14 days.'
\endif
\if :has_scores
\echo
SELECT pg_temp.bold(format('The %s least healthy', least(:worst, count(*))), :'color') FROM book WHERE band_rank IS NOT NULL;
\echo
\set head_1 'account                   segment     band     score  30 days  12 weeks      what costs the most points'
\set head_2 '────────────────────────  ──────────  ───────  ─────  ───────  ────────────  ───────────────────────────────────────'
\echo :head_1
\echo :head_2
SELECT format('%s  %s  %s  %s  %s  %s  %s', pg_temp.fit(who, 24), pg_temp.fit(segment, 10),
              pg_temp.paint(pg_temp.fit(band, 7), band_rank, (SELECT max(band_rank) FROM book), :'color'),
              lpad(score_shown, 5), lpad(change_shown, 7), rpad(trend, 12), rtrim(pg_temp.fit(CASE WHEN length(array_to_string(c.reasons, ', ')) > 39 THEN c.reasons[1] ELSE coalesce(array_to_string(c.reasons, ', '), '') END, 39)))
FROM (SELECT * FROM book WHERE band_rank IS NOT NULL ORDER BY score, account_id LIMIT :worst) AS b
LEFT JOIN cost AS c ON c.account_id = b.account_id
ORDER BY score, b.account_id;
\endif

SELECT EXISTS (SELECT FROM book WHERE story IS NOT NULL) AS has_stories \gset
\if :has_stories
\echo
SELECT pg_temp.bold('Six accounts with a story in their data', :'color');
\echo
\echo 'account                   band     score  30 days  40 weeks                                  story'
\echo '────────────────────────  ───────  ─────  ───────  ────────────────────────────────────────  ──────────────────────'
SELECT format(E'%s  %s  %s  %s  %s  %s\n%s', pg_temp.fit(who, 24),
              pg_temp.paint(pg_temp.fit(band, 7), band_rank, (SELECT max(band_rank) FROM book), :'color'),
              lpad(score_shown, 5), lpad(change_shown, 7),
              (SELECT healthscore.sparkline(array_agg(h.score ORDER BY w.week DESC), 0, 100) FROM generate_series(0, 39) AS w(week)
               LEFT JOIN healthscore.scores AS h ON h.account_id = b.account_id AND h.as_of = b.as_of - 7 * w.week),
              pg_temp.bold(story, :'color'),
              (SELECT string_agg('    ' || rtrim(pg_temp.fit(r, 116)), E'\n' ORDER BY i) FROM unnest(api.reason || b.reasons) WITH ORDINALITY AS x(r, i) WHERE i <= 2))
FROM book AS b
-- what stands in for the logins is no loss, so no reason of the portfolio view
LEFT JOIN LATERAL (SELECT array_agg(d.reason) AS reason FROM healthscore.score_drivers AS d
    WHERE d.account_id = b.account_id AND d.as_of = b.as_of AND d.measure = 'api_use' AND b.story = 'silent API customer') AS api ON true
WHERE story IS NOT NULL
ORDER BY score, account_id;
\endif

-- in full: the busy one of the stories, or else the least healthy
SELECT (array_agg(account_id ORDER BY story IS DISTINCT FROM 'busy but not successful', score, account_id))[1] AS shown
FROM book WHERE band_rank IS NOT NULL \gset
\if :{?shown}
\echo
SELECT pg_temp.bold(format('Why %s has %s', pg_temp.plain(who), score_shown), :'color')
    || ' (view score_drivers; the points sum to the score)' FROM book WHERE account_id = :'shown';
\echo
\echo 'measure               value  unit                                            points    of  lost'
\echo '─────────────────  ────────  ──────────────────────────────────────────────  ──────  ────  ────'
SELECT rtrim(format('%s  %s  %s  %s  %s  %s  %s', pg_temp.fit(title, 17),
              lpad(pg_temp.figure(value), 8),
              pg_temp.fit(coalesce(unit, ''), 46), lpad(to_char(contribution, 'FM990.0'), 6), lpad(to_char(100 * weight, 'FM990.0'), 4),
              lpad(to_char(lost, 'FM990.0'), 4), repeat('█', least(round(lost), 20)::integer)))
FROM healthscore.score_drivers
WHERE account_id = :'shown' AND as_of = (SELECT max(as_of) FROM book) AND weight > 0
ORDER BY lost DESC, pos;
SELECT format('%s  %s', pg_temp.fit('', 75), lpad(score_shown, 6)) FROM book WHERE account_id = :'shown';
\endif

-- the move of 30 days, taken apart: the champion who left, or else the largest
SELECT (array_agg(account_id ORDER BY story IS DISTINCT FROM 'champion left', abs(change_30d) DESC, account_id))[1] AS moved
FROM book WHERE band_rank IS NOT NULL AND change_30d IS NOT NULL \gset
\if :{?moved}
\echo
SELECT pg_temp.bold(format('Why %s moved by %s in 30 days', pg_temp.plain(who), change_shown), :'color')
    || ' (explain_change(); the parts sum to the change)' FROM book WHERE account_id = :'moved';
\echo
SELECT rtrim(format('%s  %s  %s', lpad(to_char(points, 'FMSG990.0'), 6), pg_temp.fit(part, 13), pg_temp.fit(reason, 94)))
FROM book AS b CROSS JOIN LATERAL healthscore.explain_change(b.account_id, b.as_of - 30, b.as_of) AS e
WHERE b.account_id = :'moved' AND abs(points) >= 0.05 ORDER BY abs(points) DESC;
\endif

-- what a stricter draft would change, without publishing it
\if :has_scores
\echo
SELECT format('What if the highest band began 5 points higher? %s of %s accounts would change colour%s (preview()).',
              coalesce(sum(p.accounts) FILTER (WHERE p.moves), 0), sum(p.accounts), ', ARR ' || pg_temp.money(sum(p.arr) FILTER (WHERE p.moves)))
FROM (SELECT max(as_of) AS as_of FROM book) AS night, healthscore.scorecards AS c
CROSS JOIN LATERAL (SELECT jsonb_array_length(c.card::jsonb -> 'bands') - 1 AS last) AS b
CROSS JOIN LATERAL healthscore.preview(jsonb_set(c.card::jsonb, ARRAY['bands', b.last::text, 'from'],
    to_jsonb((c.card::jsonb #>> ARRAY['bands', b.last::text, 'from'])::numeric + 5))::healthscore.scorecard, night.as_of) AS p
WHERE c.name = 'saas' AND c.version = healthscore.published_version('saas');
\endif

\ir report_risk.sql

\echo
SELECT format('The nightly job scored %s accounts in %s ms (CALL healthscore.refresh(%L)), from %s rows of signals;', accounts,
              round(1000 * extract(epoch FROM finished_at - started_at)), to_day::text,
              (SELECT to_char(count(*), 'FM999,999,999,990') FROM healthscore.signals))
FROM healthscore.runs WHERE kind = 'refresh' AND status = 'done' ORDER BY run_id DESC LIMIT 1;
SELECT format('all %s scores of the history took %s s.', to_char(sum(accounts), 'FM999,999,999,990'),
              to_char(sum(extract(epoch FROM finished_at - started_at)), 'FM990.0'))
FROM healthscore.runs WHERE status = 'done';
