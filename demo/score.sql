--
-- Publish the scorecard in :card, as far as the data go, and score what is loaded: weekly for a year,
-- daily for the last five weeks, and the last night by the nightly job.
-- Without :core_segment the card scores every segment.
--
-- A column of which nothing is known would count as no activity, where absence
-- means zero.  Its measures are left out.
SELECT format('SELECT to_jsonb(k) AS known FROM (SELECT %s FROM healthscore.signals) AS k',
              string_agg(format('bool_or(%1$I IS NOT NULL) AS %1$I', attname), ', ')) AS query
FROM pg_attribute
WHERE attrelid = 'healthscore.signals'::regclass AND attnum > 0 AND NOT attisdropped \gset
:query \gset
SELECT jsonb_set(:'card', '{measures}', (
           SELECT coalesce(jsonb_agg(m ORDER BY i), '[]') FROM jsonb_array_elements(:'card'::jsonb -> 'measures') WITH ORDINALITY AS x(m, i)
           WHERE (:'known'::jsonb -> (m ->> 'signal'))::boolean AND coalesce((:'known'::jsonb -> (m ->> 'per'))::boolean, true))) AS card \gset
-- and the rules that look at them
SELECT jsonb_set(:'card', '{rules}', (
           SELECT coalesce(jsonb_agg(r ORDER BY i), '[]') FROM jsonb_array_elements(:'card'::jsonb -> 'rules') WITH ORDINALITY AS x(r, i)
           WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(r -> 'when') AS w
                             WHERE w ->> 'measure' NOT IN (SELECT m ->> 'name' FROM jsonb_array_elements(:'card'::jsonb -> 'measures') AS m)))) AS card \gset
SELECT jsonb_array_length(:'card'::jsonb -> 'measures') = 0 AS unusable \gset
\if :unusable
\warn 'healthscore: signals.csv has no value that the scorecard uses'
\quit
\endif

SELECT healthscore.publish_scorecard(:'card', 'published by the demo') AS version \gset
SELECT healthscore.assign_scorecard('saas');
\if :{?core_segment}
SELECT healthscore.assign_scorecard('core', :'core_segment');
\endif

-- Windows compare four weeks with the four before, so history begins eight
-- weeks after the first night, or half-way into shorter data.
SELECT max(day) AS as_of, max(day) - 1 AS eve,
       max(day) - 7 * ((max(day) - greatest(max(day) - 364, min(day) + least(55, (max(day) - min(day)) / 2))) / 7) AS weekly_from,
       greatest(max(day) - 34, min(day) + least(55, (max(day) - min(day)) / 2)) AS daily_from,
       max(day) > min(day) AS has_history
FROM healthscore.signals \gset

\if :has_history
CALL healthscore.backfill(least(:'weekly_from'::date, :'eve'), :'eve', 7);
CALL healthscore.backfill(least(:'daily_from'::date, :'eve'), :'eve');
\endif
\ir learn.sql
CALL healthscore.refresh(:'as_of');
ANALYZE healthscore.scores;
