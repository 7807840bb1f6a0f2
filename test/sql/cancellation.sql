--
-- Does a message say that its author wants to leave.
--
\set VERBOSITY default
CREATE TEMP TABLE said (id serial, expected boolean, language text, message text);
INSERT INTO said (expected, language, message) VALUES
-- wants to leave
    (true, 'en', 'I want to cancel my subscription.'),
    (true, 'en', 'Please CLOSE our account'),
    (true, 'en', 'how do i delete my account??'),
    (true, 'en', 'We would like our contract to be terminated by June.'),
    (true, 'en', 'I''d like to get rid of this membership'),
    (true, 'en', 'We have decided not to renew.'),
    (true, 'en', 'we won''t renew our licence next year'),
    (true, 'en', 'We won’t be renewing'),
    (true, 'en', 'please turn off automatic renewal'),
    (true, 'en', 'We no longer need the service'),
    (true, 'en', 'I do not want to be your customer any longer, I do not want this account anymore'),
    (true, 'en', 'we are switching to another provider'),
    (true, 'en', 'My boss is looking for alternatives to your tool, we are moving to a competitor'),
    (true, 'en', 'I can''t cancel my subscription, the button does nothing'),
    (true, 'en', 'I do not know how to close my account'),
    (true, 'en', 'why can I not find where to terminate the contract?'),
    (true, 'en', 'What is the fee for early termination of our contract?'),
    (true, 'en', 'No, cancel my account'),
    (true, 'en', 'I am not happy. Cancel my account'),
    (true, 'en', 'I am not happy with you cancel my account now'),
    (true, 'en', 'cancel my account and the newsletter'),
    (true, 'en', 'Cancel my order. And close my account.'),
    (true, 'en', 'What would it cost us to break the contract?'),
    (true, 'en', 'we will discontinue the use of your product'),
    (true, 'en', 'As of May we won''t be needing your services'),
    (true, 'en', 'We do not want to stay, we want to leave this company'),
-- does not
    (false, 'en', ''),
    (false, 'en', '   '),
    (false, 'en', '!?., '),
    (false, 'en', 'How do I add a user to my account?'),
    (false, 'en', 'The export is closed to us, our account shows an error'),
    (false, 'en', 'Your cancellation button is blue'),
    (false, 'en', 'Please do not cancel my subscription'),
    (false, 'en', 'I don''t want to cancel my account'),
    (false, 'en', 'I don’t want to cancel my account'),
    (false, 'en', 'We never said we would terminate the contract'),
    (false, 'en', 'we have no intention of leaving your company'),
    (false, 'en', 'can I change the card without closing my account?'),
    (false, 'en', 'I upgraded instead of cancelling my plan'),
    (false, 'en', 'we aren''t going to close our account'),
    (false, 'en', 'I do not want to leave your company'),
    (false, 'en', 'I would rather pay than cancel, so rather than cancel my plan I upgraded'),
    (true, 'en', 'I''d rather cancel my account'),
    (false, 'en', 'do not cancel my plan renewal'),
-- something else is cancelled
    (false, 'en', 'cancel my newsletter subscription'),
    (false, 'en', 'I want to cancel my subscription to the newsletter'),
    (false, 'en', 'unsubscribe me from the mailing list'),
    (false, 'en', 'I need to cancel my order'),
    (false, 'en', 'cancel the transfer from my account'),
    (false, 'en', 'please cancel the card of my account'),
    (false, 'en', 'cancel my reservation at eight'),
    (false, 'en', 'delete the alarm'),
    (false, 'en', 'cancel the appointment with our account manager'),
    (false, 'en', 'close this ticket, the service is back'),
    (false, 'en', 'delete the duplicate entry in our account'),
    (false, 'en', 'What does it cost at the end of the contract year?'),
-- German
    (true, 'de', 'Hiermit kündige ich meinen Vertrag.'),
    (true, 'de', 'HIERMIT KÜNDIGE ICH'),
    (true, 'de', 'ich moechte kuendigen'),
    (true, 'de', E'Ich mo\u0308chte ku\u0308ndigen'),
    (true, 'de', 'Bitte löschen Sie mein Konto!'),
    (true, 'de', 'Wir werden unser Firmenabo zum Jahresende beenden'),
    (true, 'de', 'Wie lange ist die Kündigungsfrist?'),
    (true, 'de', 'Wir wollen nicht verlängern'),
    (true, 'de', 'Den Vertrag möchten wir nicht mehr verlängern.'),
    (true, 'de', 'Wir wechseln den Anbieter'),
    (true, 'de', 'Ich will nicht mehr Kunde sein'),
    (true, 'de', 'Wir gehen zur Konkurrenz, wir sind kein Kunde mehr'),
    (true, 'de', 'Ich will mein Zeitungsabo abbestellen'),
    (true, 'de', 'Wir werden uns von Ihnen trennen'),
    (true, 'de', 'Ich kann online nicht kündigen'),
    (true, 'de', 'Bitte den Newsletter und den Vertrag kündigen'),
    (false, 'de', 'Ich kündige nicht'),
    (false, 'de', 'Bitte nicht kündigen!'),
    (false, 'de', 'Wir möchten den Vertrag nicht kündigen'),
    (false, 'de', 'Ich habe keinen Grund zu kündigen'),
    (false, 'de', 'Bitte kündigen Sie meinen Newsletter'),
    (false, 'de', 'Newsletter kündigen'),
    (false, 'de', 'Newsletter-Abo abbestellen'),
    (false, 'de', 'Den Mitarbeiter bitte aus dem Konto entfernen'),
    (false, 'de', 'Ich möchte meinen Termin stornieren'),
    (false, 'de', 'Bitte die Kreditkarte kündigen'),
    (false, 'de', 'Sie kündigten eine neue Version an'),
    (false, 'de', 'Ich möchte meinen Vertrag verlängern'),
    (false, 'de', 'Darauf will ich mich verlassen können');

SELECT * FROM said WHERE healthscore.cancellation_intent(message, language) IS DISTINCT FROM expected;
-- the same in all languages at once
SELECT * FROM said WHERE healthscore.cancellation_intent(message) IS DISTINCT FROM expected;
-- and there is an intent that stands exactly where it is true
SELECT * FROM said WHERE EXISTS (SELECT FROM healthscore.cancellation_phrases(message, language) WHERE intent) IS DISTINCT FROM expected;
SELECT count(*) FILTER (WHERE expected), count(*) FROM said;

-- where it stands, in characters
SELECT p.intent, matched, start, length, phrase_language, negated, excluded_by IS NOT NULL AS excluded
FROM healthscore.cancellation_phrases('Grüße 👋! I don''t want to cancel my contract. Cancel my transfer to the account. Ich kündige das Abo.') AS p;
SELECT matched, phrase, excluded_by FROM healthscore.cancellation_phrases('Why can I cancel my account, but not cancel my plan renewal? And my card account?', 'en');
SELECT count(*), count(*) FILTER (WHERE matched = substr(m, start, length)) AS same,
       count(*) FILTER (WHERE intent = (NOT negated AND excluded_by IS NULL)) AS consistent, count(DISTINCT phrase) > 20 AS many
FROM (SELECT '¡añÄ 日本語! ' || message || ' … ' || message AS m, language FROM said) AS s, LATERAL healthscore.cancellation_phrases(m, language);

-- NULL is not known; a language without phrases is not known either
SELECT healthscore.cancellation_intent(NULL) AS message, healthscore.cancellation_intent(NULL, 'en') AS message_en,
       healthscore.cancellation_intent('cancel my account', 'fr') AS french, healthscore.cancellation_intent('hello', 'english') AS not_a_code,
       healthscore.cancellation_intent('cancel my account', '') AS empty;
SELECT count(*) FROM healthscore.cancellation_phrases(NULL);
SELECT count(*) FROM healthscore.cancellation_phrases('cancel my account', 'fr');
-- region and case of a language do not matter, its phrases do
SELECT l, healthscore.cancellation_intent('cancel my account', l) AS en, healthscore.cancellation_intent('ich kündige', l) AS de
FROM unnest(ARRAY['en', 'EN', 'en-GB', 'de', 'de_CH', NULL]) AS l;

--
-- The phrases of the user
--
INSERT INTO healthscore.cancellation_lexicon (language, phrase, note) VALUES
    ('fr', 'résili*', 'résilier, résiliation'), ('fr', 'cl[ôo]turer', 'wrong');
INSERT INTO healthscore.cancellation_lexicon (language, kind, phrase) VALUES
    ('fr', 'intent', 'résili*'), ('fr', 'intent', 'clôtur* ..3 compte'), ('fr', 'negation', 'pas|jamais|plus'), ('fr', 'exclusion', 'assurance ..2 résili*'),
    ('en', 'intent', 'switch*|mov*|go|going ..2 to acme'), ('en', 'exclusion', 'close ..2 account for|at maintenance|month?'),
    ('ja', 'intent', '解 約'), ('el', 'intent', 'ακυρω* ..2 συμβόλαιο');
SELECT l, m, healthscore.cancellation_intent(m, l) AS intent
FROM (VALUES ('fr', 'Je veux RÉSILIER mon abonnement'), ('fr', 'resiliation svp'), ('fr', 'je clôture aujourd''hui mon compte'), ('fr', 'ne pas résilier'),
             ('fr', 'mon assurance est résiliée'), ('en', 'We are going over to Acme'), ('en', 'close the account for maintenance'), ('en', 'close the account'),
             ('ja', '今すぐ解約したい'), ('ja', '今すぐ解、約'), ('ja', '約解'), ('el', 'ΑΚΥΡΏΝΩ το Συμβόλαιο'), ('el', 'ΑΚΥΡΩΝΩ το ΣΥΜΒόΛΑΙΟ')) AS t (l, m);
SELECT matched, start, length, phrase, phrase_language FROM healthscore.cancellation_phrases('Oui, je veux résilier. 今すぐ解約したい', NULL);
-- not of another language
SELECT healthscore.cancellation_intent('résilier', 'de'), healthscore.cancellation_intent('résilier');

-- A phrase that is none is refused where it is written.
CREATE FUNCTION pg_temp.refused(phrase text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text; state text;
BEGIN
    INSERT INTO healthscore.cancellation_lexicon (language, phrase) VALUES ('en', phrase);
    DELETE FROM healthscore.cancellation_lexicon l WHERE l.phrase = refused.phrase;
    RETURN 'taken';
EXCEPTION WHEN invalid_text_representation THEN
    GET STACKED DIAGNOSTICS detail = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT, state = RETURNED_SQLSTATE;
    RETURN state || ' ' || left(regexp_replace(detail, '"[^"]{40,}"', '"..."'), 100) || CASE WHEN hint <> '' THEN ' / ' || hint ELSE '' END;
END $$;
SELECT left(p, 30) AS phrase, pg_temp.refused(p) FROM unnest(ARRAY[
    '', '  ', '*', '**', 'a*', '*ü', 'ab*', '*ab*', 'a*b', '..', '.. a', 'a ..', 'a ..3', 'a ..3 b', 'a ..0 b', 'a ..11 b', 'a ..x b', 'a ..99999999999 b', 'a -- b',
    '|', 'a|', '|a', 'a||b', 'a|b', 'a?', 'b a?', 'b a{3}', 'b a{0}', 'b a{11}', 'b a{', 'b a}', 'b {3}', 'b a{x} c', 'e-mail', 'don''t', '''a''', '(cancel|close)', 'a.b', '$', 'a $', 'a $ b', 'a$',
    '@contract', 'cancel @our{2} @contract', '@', '@none', '@contract*', '.*(a+)+$', '解 約', '解約', repeat('a', 61), repeat('a', 62), repeat('a', 1000), repeat('a ', 50), repeat('a ', 51),
    'a ..10 a ..10 a ..10 a ..10 a ..5 a', 'a ..10 a ..10 a ..10 a ..10 a ..4 a', repeat('é', 501)]) AS p;
INSERT INTO healthscore.cancellation_lexicon (language, phrase) VALUES ('English', 'a b');
INSERT INTO healthscore.cancellation_lexicon (language, phrase) VALUES ('en', NULL);
INSERT INTO healthscore.cancellation_lexicon (language, kind, phrase) VALUES ('en', 'maybe', 'a b');
INSERT INTO healthscore.cancellation_lexicon (language, phrase) VALUES ('en', 'switch*|mov*|go|going ..2 to acme');

-- They count from the next statement on, as the rows of any table do.
BEGIN;
INSERT INTO healthscore.cancellation_lexicon (language, phrase) VALUES ('en', 'bonkers');
SELECT healthscore.cancellation_intent('you are bonkers');
SAVEPOINT s;
DELETE FROM healthscore.cancellation_lexicon WHERE phrase = 'bonkers';
SELECT healthscore.cancellation_intent('you are bonkers');
ROLLBACK TO s;
SELECT healthscore.cancellation_intent('you are bonkers');
ROLLBACK;
SELECT healthscore.cancellation_intent('you are bonkers');
-- in a function too, whose simple expressions live as long as the transaction
DO $$
DECLARE seen boolean[];
BEGIN
    FOR i IN 1..3 LOOP
        seen := seen || healthscore.cancellation_intent('you are bonkers');
        INSERT INTO healthscore.cancellation_lexicon (language, phrase) VALUES ('en', 'bonkers');
        seen := seen || healthscore.cancellation_intent('you are bonkers');
        BEGIN
            DELETE FROM healthscore.cancellation_lexicon WHERE phrase = 'bonkers';
            seen := seen || healthscore.cancellation_intent('you are bonkers');
            RAISE EXCEPTION 'undo';
        EXCEPTION WHEN raise_exception THEN
            seen := seen || healthscore.cancellation_intent('you are bonkers');
        END;
        UPDATE healthscore.cancellation_lexicon SET phrase = 'crackers' WHERE phrase = 'bonkers';
        seen := seen || healthscore.cancellation_intent('you are bonkers');
        DELETE FROM healthscore.cancellation_lexicon WHERE phrase = 'crackers';
    END LOOP;
    RAISE NOTICE '%', seen;
END $$;
-- a statement sees what was there when it began
WITH i AS (INSERT INTO healthscore.cancellation_lexicon (language, phrase) VALUES ('en', 'bonkers') RETURNING 1)
SELECT healthscore.cancellation_intent('you are bonkers') FROM i;
SELECT healthscore.cancellation_intent('you are bonkers');

-- Who may not read the table has the built-in phrases.
CREATE ROLE regress_hs_text;
SET ROLE regress_hs_text;
SELECT healthscore.cancellation_intent('you are bonkers') AS own, healthscore.cancellation_intent('cancel my account') AS built_in, healthscore.cancellation_intent('résilier', 'fr') AS french;
SELECT count(*) FROM healthscore.cancellation_lexicon;
INSERT INTO healthscore.cancellation_lexicon (language, phrase) VALUES ('en', 'a b');
RESET ROLE;
GRANT SELECT ON healthscore.cancellation_lexicon TO regress_hs_text;
SET ROLE regress_hs_text;
SELECT healthscore.cancellation_intent('you are bonkers') AS own, healthscore.cancellation_intent('résilier', 'fr') AS french;
RESET ROLE;
-- row security holds
BEGIN;
ALTER TABLE healthscore.cancellation_lexicon ENABLE ROW LEVEL SECURITY;
CREATE POLICY french ON healthscore.cancellation_lexicon USING (language = current_setting('regress.language', true));
SET LOCAL ROLE regress_hs_text;
SELECT healthscore.cancellation_intent('you are bonkers') AS own, healthscore.cancellation_intent('résilier', 'fr') AS french;
SET LOCAL regress.language = 'fr';
SELECT healthscore.cancellation_intent('you are bonkers') AS own, healthscore.cancellation_intent('résilier', 'fr') AS french;
SET LOCAL regress.language = 'en';
SELECT healthscore.cancellation_intent('you are bonkers') AS own, healthscore.cancellation_intent('résilier', 'fr') AS french;
ROLLBACK;
REVOKE ALL ON healthscore.cancellation_lexicon FROM regress_hs_text;
DROP ROLE regress_hs_text;
-- operators and tables of the caller's search_path are not used
CREATE SCHEMA trap;
CREATE TABLE trap.cancellation_lexicon (language text, kind text, phrase text);
SET search_path = trap, public, pg_catalog;
SELECT healthscore.cancellation_intent('you are bonkers');
RESET search_path;
DROP SCHEMA trap CASCADE;
DELETE FROM healthscore.cancellation_lexicon;

--
-- The search against regular expressions: random texts of few words
--
CREATE TEMP TABLE rule (phrase text, regex text);
INSERT INTO rule VALUES
    ('aa bb', 'aa bb'),
    ('aa|cc bb', '(aa|cc) bb'),
    ('aa ..2 bb', 'aa (\w+ ){0,2}bb'),
    ('aa .. cc .. dd', 'aa (\w+ ){0,3}cc (\w+ ){0,3}dd'),
    ('aa bb? cc', 'aa (bb )?cc'),
    ('aa bb|cc{3} dd', 'aa ((bb|cc) ){0,3}dd'),
    ('ab* *ba', 'ab\w* \w*ba'),
    ('*bc* ..1 aa', '\w*bc\w* (\w+ )?aa'),
    ('aa bb{2} ..1 bb', 'aa (bb ){0,2}(\w+ )?bb'),
    ('aa ..10 aa ..10 aa', 'aa (\w+ ){0,10}aa (\w+ ){0,10}aa'),
    ('dd cc bb{2}', 'dd cc'),
    ('aa|dd bb $', '(aa|dd) bb(?= \.|$)');
CREATE TEMP TABLE random_text AS
SELECT t, string_agg((ARRAY['aa', 'bb', 'cc', 'dd', 'abba', 'ba', 'abca', 'bcba', '.'])[1 + ('x' || substr(md5(t || '-' || i), 1, 6))::bit(24)::int % 9], ' ' ORDER BY i) AS message
FROM generate_series(1, 3000) AS t, generate_series(1, 3 + t % 12) AS i GROUP BY t;
CREATE TEMP TABLE compared (phrase text, n bigint, matches bigint, wrong bigint);
DO $$
DECLARE r record;
BEGIN
    FOR r IN SELECT * FROM rule LOOP
        DELETE FROM healthscore.cancellation_lexicon;
        INSERT INTO healthscore.cancellation_lexicon (language, phrase) VALUES ('xx', r.phrase);
        INSERT INTO compared
        SELECT r.phrase, count(*), count(*) FILTER (WHERE message ~ ('\m' || r.regex || '(?!\w)')),
               count(*) FILTER (WHERE healthscore.cancellation_intent(message, 'xx') IS DISTINCT FROM message ~ ('\m' || r.regex || '(?!\w)'))
        FROM random_text;
    END LOOP;
    DELETE FROM healthscore.cancellation_lexicon;
END $$;
SELECT phrase, n, matches > 20 AS enough, wrong FROM compared;

--
-- Long texts
--
CREATE TEMP TABLE long_text AS
SELECT 'words' AS what, repeat('All is well with the service and we are happy, thank you. ', 172414) AS message
UNION ALL SELECT 'one word', repeat('x', 10000000)
UNION ALL SELECT 'nothing', repeat('. ', 5000000)
UNION ALL SELECT 'half a phrase', repeat('cancel my ', 1000000)
UNION ALL SELECT 'no end of a clause', repeat('not want to ', 833333)
UNION ALL SELECT 'at the end', repeat('is well ', 1250000) || 'but close my account';
SELECT what, octet_length(message) > 9900000 AS long, healthscore.cancellation_intent(message) FROM long_text ORDER BY what;
SELECT what, matched, start FROM long_text, LATERAL healthscore.cancellation_phrases(message) WHERE what IN ('at the end', 'words') ORDER BY what;
SELECT count(*), count(*) FILTER (WHERE negated), max(start) FROM healthscore.cancellation_phrases(repeat('do not close my account ', 100000));
-- a phrase of the most work on a text of the most work ends, or is cancelled
INSERT INTO healthscore.cancellation_lexicon (language, phrase) VALUES ('xx', 'aa ..10 aa ..10 aa ..10 aa ..10 bb');
SELECT healthscore.cancellation_intent(repeat('aa ', 100000), 'xx');
SET statement_timeout = '100ms';
SELECT healthscore.cancellation_intent(repeat('aa ', 30000000), 'xx');
RESET statement_timeout;
SELECT healthscore.cancellation_intent('aa aa aa aa bb', 'xx') AS goes_on, healthscore.cancellation_intent('aa aa aa bb', 'xx') AS shorter;
DELETE FROM healthscore.cancellation_lexicon;

-- declared as what they are
SELECT proname, provolatile, proparallel, proisstrict FROM pg_proc
WHERE pronamespace = 'healthscore'::regnamespace AND proname ~ '^cancellation' ORDER BY proname;
SELECT language, kind, count(*) > 2 AS some, bool_and(kind = 'set' OR healthscore.hs_phrase_valid(phrase)) AS valid
FROM healthscore.cancellation_built_in() GROUP BY language, kind ORDER BY language, kind;
