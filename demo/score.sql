--
-- Publish the scorecard in :card and score what is loaded: weekly for a year,
-- daily for the last five weeks, and the last night by the nightly job.
-- Without :core_segment the card scores every segment.
--
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
CALL healthscore.refresh(:'as_of');
ANALYZE healthscore.scores;
