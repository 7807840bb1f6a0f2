--
-- Models that XGBoost saved as UBJSON, and bytes that are not such
--
\set VERBOSITY terse
SET search_path = healthscore, public;
-- made by test/tools/golden_ubjson.py; the same models as JSON, and what they
-- predict, by test/tools/golden_models.py
\getenv abs_srcdir PG_ABS_SRCDIR
CREATE TEMP TABLE line (data jsonb);
\set copy '\\copy line from ''' :abs_srcdir '/data/models.jsonl'' (format csv, quote e''\\x01'', delimiter e''\\x02'')'
:copy
CREATE TEMP TABLE line_ubjson (data jsonb);
\set copy '\\copy line_ubjson from ''' :abs_srcdir '/data/models_ubjson.jsonl'' (format csv, quote e''\\x01'', delimiter e''\\x02'')'
:copy
CREATE TEMP TABLE golden AS
SELECT l.data->>'name' AS name, l.data->>'tool' AS tool, decode(u.data->>'document', 'base64') AS bytes, l.data->>'document' AS json, l.data
  FROM line AS l JOIN line_ubjson AS u ON (u.data->>'name', u.data->>'tool') = (l.data->>'name', l.data->>'tool');

-- the same model as from JSON, to the last bit
SELECT name, tool, import_model(bytes) = import_model(json) AS same,
       (SELECT count(*) FILTER (WHERE predict_margin(import_model(bytes), ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(r) WITH ORDINALITY AS e (x, i) ORDER BY i))
                                      = (data->'margin'->>(n - 1)::int)::float8)
          FROM jsonb_array_elements(data->'rows') WITH ORDINALITY AS e (r, n)) AS equal
  FROM golden ORDER BY tool, name;
-- bytes may be any other document
SELECT count(*), count(*) FILTER (WHERE import_model(convert_to(data->>'document', 'UTF8')) = import_model(data->>'document')) AS same FROM line;
SELECT import_model(convert_to(m::text, 'UTF8')) = m AS own FROM golden, import_model(json) AS m LIMIT 1;
-- the other arguments
SELECT model_features(import_model(bytes, 'xgboost', '{a,b,c,d,e,f}')), import_model(NULL::bytea) IS NULL AS null FROM golden WHERE name = 'dart' AND tool LIKE '%3.4.1';
SELECT import_model(bytes, 'lightgbm') FROM golden WHERE name = 'dart' AND tool LIKE '%3.4.1';
SELECT import_model(bytes, 'healthscore') FROM golden WHERE name = 'dart' AND tool LIKE '%3.4.1';

-- what is said of bytes that are not a model, and nothing worse
CREATE FUNCTION pg_temp.attempt(document bytea, OUT state text, OUT said text) LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  state := '00000';
  said := 'taken: ' || (healthscore.model_info(healthscore.import_model(document))->>'nodes') || ' nodes';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, said = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
  said := said || coalesce(E'. ' || nullif(detail, ''), '');
END $$;
-- a length is a marker and big-endian bytes
CREATE FUNCTION pg_temp.many(n bigint) RETURNS bytea LANGUAGE sql AS $$ SELECT 'L'::bytea || int8send(n) $$;
CREATE FUNCTION pg_temp.object(value bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT '{i'::bytea || '\x01'::bytea || 'a'::bytea || value || '}'::bytea $$;
SELECT what, a.* FROM (VALUES
  (1, 'nothing', ''::bytea), (2, 'a brace', '{'), (3, 'half a length', '{L'), (4, 'an empty object', '{}'),
  (5, 'NUL', '\x00'), (6, 'a pickle', '\x80049501'), (7, 'not UTF-8', '{"\377": 1}'::bytea), (8, 'NUL in JSON', convert_to('{"a": "', 'UTF8') || '\x00'::bytea || '"}'::bytea),
  (10, 'key of 2^62 bytes', '{'::bytea || pg_temp.many(4611686018427387904) || 'a'::bytea),
  (11, 'key of 2^63 - 1 bytes', '{'::bytea || pg_temp.many(9223372036854775807) || 'a'::bytea),
  (12, 'key of -1 bytes', '{'::bytea || pg_temp.many(-1) || 'a'::bytea),
  (13, 'key of -128 bytes', '{i\200a'),
  (14, 'key one too long', '{i\003a}'),
  (15, 'length is a float', pg_temp.object('Sd'::bytea || float4send(1) || 'a'::bytea)),
  (16, 'a key that is cut', '{i\001'),
  (20, 'array of 2^62', pg_temp.object('[#'::bytea || pg_temp.many(4611686018427387904) || 'Z'::bytea)),
  (21, 'array of -1', pg_temp.object('[#'::bytea || pg_temp.many(-1) || 'Z'::bytea)),
  (22, 'doubles: 2^61', pg_temp.object('[$D#'::bytea || pg_temp.many(2305843009213693952))),
  (23, 'doubles: one too many', pg_temp.object('[$D#i\002'::bytea || float8send(1))),
  (24, 'doubles: as many as there are', pg_temp.object('[$D#i\001'::bytea || float8send(1))),
  (25, 'nulls of no size', pg_temp.object('[$Z#'::bytea || pg_temp.many(1000000000))),
  (26, 'trues of no size', pg_temp.object('[$T#'::bytea || pg_temp.many(1000000000))),
  (27, 'arrays of arrays', pg_temp.object('[$[#'::bytea || pg_temp.many(1000000000))),
  (28, 'objects of one type', pg_temp.object('{$i#i\001i\001ai\001')),
  (29, 'strings of one type', pg_temp.object('[$S#i\001i\001a')),
  (30, 'a type without a count', pg_temp.object('[$i')),
  (31, 'a count that is no integer', pg_temp.object('[#Si\0019')),
  (32, 'a million brackets', pg_temp.object(decode(repeat('5b', 1000000), 'hex'))),
  (33, 'a million braces', decode(repeat('7b690161', 1000000), 'hex')),
  (34, 'depth 100', pg_temp.object(decode(repeat('5b', 99) || repeat('5d', 99), 'hex'))),
  (35, 'depth 101', pg_temp.object(decode(repeat('5b', 100) || repeat('5d', 100), 'hex'))),
  (36, 'two million arrays', pg_temp.object('[#'::bytea || pg_temp.many(2100000) || decode(repeat('5b5d', 2100000), 'hex'))),
  (40, 'NUL in a string', pg_temp.object('Si\003a\000b')), (41, 'NUL in a key', '{i\002a\000i\001}'),
  (42, 'a string not in UTF-8', pg_temp.object('Si\002\303\050')), (43, 'half a character', pg_temp.object('Si\001\303')),
  (44, 'a surrogate', pg_temp.object('Si\003\355\240\200')),
  (50, 'a character', pg_temp.object('Ca')), (51, 'a number of high precision', pg_temp.object('Hi\0011')), (52, 'no-op', pg_temp.object('N')),
  (53, 'an unknown marker', pg_temp.object('\377')), (54, 'half a number', '{i\001al\000\000\000'), (55, 'a colon', '{i\001a:i\001}'),
  (56, 'more after the end', pg_temp.object('Z') || '}'::bytea),
  (57, 'booleans and null', pg_temp.object('[TFZi\377U\377I\377\376]')),
  (58, 'the same key twice', '{'::bytea || 'i\007learner{}i\007learner{}}'::bytea)) AS v (n, what, bytes), pg_temp.attempt(bytes) AS a ORDER BY n;
-- one thing changed in a model: sizes that do not fit, nodes that are not there
CREATE FUNCTION pg_temp.swap(bytes bytea, old bytea, new bytea) RETURNS bytea LANGUAGE sql AS $$
  SELECT CASE WHEN position(old IN bytes) > 0 THEN overlay(bytes PLACING new FROM position(old IN bytes) FOR length(old)) END $$;
SELECT what, a.* FROM golden, (VALUES ('more nodes', 'num_nodesSL\000\000\000\000\000\000\000\00215'::bytea, 'num_nodesSL\000\000\000\000\000\000\000\00299'::bytea),
  ('a circle', 'left_children[$l#L\000\000\000\000\000\000\000\017\000\000\000\001', 'left_children[$l#L\000\000\000\000\000\000\000\017\000\000\000\000'),
  ('a node out of range', 'left_children[$l#L\000\000\000\000\000\000\000\017\000\000\000\001', 'left_children[$l#L\000\000\000\000\000\000\000\017\177\377\377\377'),
  ('a shorter array', 'left_children[$l#L\000\000\000\000\000\000\000\017', 'left_children[$l#L\000\000\000\000\000\000\000\016'),
  ('children in text', 'left_children[$l#L\000\000\000\000\000\000\000\017', 'left_children[$d#L\000\000\000\000\000\000\000\017')) AS v (what, old, new),
  pg_temp.attempt(pg_temp.swap(bytes, old, new)) AS a WHERE name = 'logistic' AND tool LIKE '%3.4.1';
-- cut at every position
SET client_min_messages = warning;
SELECT tool, count(*) AS cuts, count(*) FILTER (WHERE state = '22P02') AS refused
  FROM golden, generate_series(0, length(bytes) - 1) AS n, pg_temp.attempt(substr(bytes, 1, n)) WHERE name = 'logistic' GROUP BY tool ORDER BY tool;
-- a bit flipped in every byte: another model, if it was of a number; else refused
-- as what is not valid, too large, not supported, or no text
SELECT tool, count(*) AS flips, count(*) FILTER (WHERE state = '00000') AS taken, count(*) FILTER (WHERE state = '22P02') AS refused,
       count(*) FILTER (WHERE state IN ('54000', '0A000', '42710', '22003', '22021')) AS otherwise,
       count(*) FILTER (WHERE state NOT IN ('00000', '22P02', '54000', '0A000', '42710', '22003', '22021')) AS wrong
  FROM golden, generate_series(0, length(bytes) - 1) AS n, pg_temp.attempt(set_byte(bytes, n, get_byte(bytes, n) # (1 << n % 8))) WHERE name = 'categorical partition' GROUP BY tool ORDER BY tool;
RESET client_min_messages;
-- 50 MB that say that they are more are refused before there is room made
SELECT a.* FROM pg_temp.attempt(pg_temp.object('[#'::bytea || pg_temp.many(99000000) || decode(repeat('5a', 50000000), 'hex'))) AS a;
