--
-- Text: does a message say that the customer wants to leave.
--

CREATE FUNCTION healthscore.hs_phrase_valid(phrase text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'hs_phrase_valid';
COMMENT ON FUNCTION healthscore.hs_phrase_valid(text) IS 'True, or an error that says what is wrong with a phrase of healthscore.cancellation_lexicon.';

CREATE TABLE healthscore.cancellation_lexicon (
    language text NOT NULL CHECK (language ~ '^[a-z]{2,3}$'),
    kind text NOT NULL DEFAULT 'intent' CHECK (kind IN ('intent', 'exclusion', 'negation')),
    phrase text NOT NULL CHECK (healthscore.hs_phrase_valid(phrase)),
    note text,
    PRIMARY KEY (language, kind, phrase)
);
COMMENT ON TABLE healthscore.cancellation_lexicon IS 'Phrases of your own, beside those of healthscore.cancellation_built_in(). They count from the next statement on.';
COMMENT ON COLUMN healthscore.cancellation_lexicon.language IS 'Code of two or three letters, as in ISO 639: en, de, fr.';
COMMENT ON COLUMN healthscore.cancellation_lexicon.kind IS 'intent: says that someone wants to leave. exclusion: an intent that it overlaps is about something else. negation: an intent that it overlaps, or that comes right after it, is not meant.';
COMMENT ON COLUMN healthscore.cancellation_lexicon.phrase IS 'Words separated by blanks; case and marks on letters do not matter. cancel* is any ending, a|b one of the two, a? may be missing, a|b{3} are up to three of them, ..5 are up to five words of any kind, $ is the end of a clause.';
COMMENT ON COLUMN healthscore.cancellation_lexicon.note IS 'For people.';
SELECT pg_extension_config_dump('healthscore.cancellation_lexicon', '');

CREATE FUNCTION healthscore.cancellation_built_in() RETURNS TABLE (language text, kind text, phrase text)
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 200
AS 'MODULE_PATHNAME', 'hs_cancellation_built_in';
COMMENT ON FUNCTION healthscore.cancellation_built_in() IS 'The phrases that come with the extension, as healthscore.cancellation_lexicon has those of the user.';

CREATE FUNCTION healthscore.cancellation_intent(message text, language text DEFAULT NULL) RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE COST 200
AS 'MODULE_PATHNAME', 'hs_cancellation_intent';
COMMENT ON FUNCTION healthscore.cancellation_intent(text, text) IS 'Does the message say that its author wants to leave: a phrase of intent that is not negated and not about something else than the contract. NULL for a NULL message, and for a language that has no phrases; a NULL language is every language. Reads healthscore.cancellation_lexicon if the caller may.';

CREATE FUNCTION healthscore.cancellation_phrases(message text, language text DEFAULT NULL,
    OUT intent boolean, OUT matched text, OUT start integer, OUT length integer, OUT phrase text, OUT phrase_language text, OUT negated boolean, OUT excluded_by text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 200 ROWS 2
AS 'MODULE_PATHNAME', 'hs_cancellation_phrases';
COMMENT ON FUNCTION healthscore.cancellation_phrases(text, text) IS 'What cancellation_intent() goes by: a row for each phrase of intent in the message, in its order. matched = substr(message, start, length); phrase is the one that matched and phrase_language its language; negated, and excluded_by, a phrase (NULL: none), say why an intent does not stand.';
