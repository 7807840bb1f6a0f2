--
-- The format of a scorecard document, for editors and generators.  The input
-- function checks the same and more: references, order, weights.
--

CREATE FUNCTION healthscore.scorecard_schema() RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $schema$
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "healthscore scorecard",
  "type": "object",
  "additionalProperties": false,
  "required": ["scorecard", "signals", "measures", "bands"],
  "properties": {
    "scorecard": {"$ref": "#/$defs/name", "description": "Name of the scorecard."},
    "title": {"$ref": "#/$defs/text"},
    "description": {"$ref": "#/$defs/text"},
    "decimals": {"type": "integer", "minimum": 0, "maximum": 6, "default": 1, "description": "Of the shown score. Bands are judged on the score itself."},
    "minimum_age": {"$ref": "#/$defs/days", "default": 1, "description": "Age of an account in days below which its measures, but for the latest values and the age, are not known."},
    "minimum_coverage": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5, "description": "Share of the weight that must be known; below it the band is \"insufficient data\"."},
    "peers": {
      "type": "object",
      "additionalProperties": false,
      "description": "For normalisers among peers.",
      "properties": {"minimum": {"type": "integer", "minimum": 1, "maximum": 1000000, "default": 10, "description": "Others with a known value that there must be; with fewer the measure is not known."}}
    },
    "compatible": {"type": "boolean", "default": false, "description": "Allows \"clamp\", to reproduce scores that leave 0 to 100."},
    "source": {
      "type": "object",
      "additionalProperties": false,
      "required": ["table"],
      "description": "Where the signals come from; healthscore.signals if left out.",
      "properties": {
        "table": {"type": "string", "maxLength": 200, "description": "Table or view, as schema.table."},
        "account": {"$ref": "#/$defs/column", "default": "account_id"},
        "day": {"$ref": "#/$defs/column", "default": "day", "description": "Of type date."},
        "accounts": {
          "type": "object",
          "additionalProperties": false,
          "required": ["table", "account"],
          "description": "Accounts with their beginning. Without it an account exists while it has rows in the longest window, and its age counts from its first row; so it does where since is NULL.",
          "properties": {
            "table": {"type": "string", "maxLength": 200, "description": "Table or view, as schema.table."},
            "account": {"$ref": "#/$defs/column"},
            "since": {"$ref": "#/$defs/column", "description": "First day of the account, of type date."},
            "until": {"$ref": "#/$defs/column", "description": "First day on which it is no account any more, of type date."},
            "segment": {"$ref": "#/$defs/column"}
          }
        }
      }
    },
    "signals": {
      "type": "array", "minItems": 1, "maxItems": 90,
      "description": "In the order in which measure() takes them.",
      "items": {
        "type": "object",
        "additionalProperties": false,
        "required": ["name", "absent"],
        "properties": {
          "name": {"$ref": "#/$defs/name"},
          "column": {"$ref": "#/$defs/column", "description": "The name if left out."},
          "absent": {"enum": ["zero", "unknown"], "description": "What a day without a row, or a NULL, means."},
          "description": {"$ref": "#/$defs/text"},
          "outcome": {"$ref": "#/$defs/text", "description": "Why a signal may be used whose name says that it is an outcome (arr, mrr, revenue, arpa, arpu, nrr, grr, ltv, clv, churn, churned, renewed, retention, ttfv, time_to_first_value); without it such a signal is refused, as a score made of outcomes is circular."}
        }
      }
    },
    "groups": {
      "type": "array", "maxItems": 200,
      "items": {
        "type": "object",
        "additionalProperties": false,
        "required": ["name"],
        "properties": {
          "name": {"$ref": "#/$defs/name"},
          "title": {"$ref": "#/$defs/text"},
          "parent": {"$ref": "#/$defs/name", "description": "A group listed before; the whole score if left out."},
          "weight": {"$ref": "#/$defs/weight", "default": 1},
          "combine": {"enum": ["mean", "min", "max"], "default": "mean", "description": "Weighted mean, or the least or greatest, of what is in it and known."}
        }
      }
    },
    "measures": {
      "type": "array", "minItems": 1, "maxItems": 1000,
      "items": {
        "type": "object",
        "additionalProperties": false,
        "required": ["name", "kind"],
        "if": {"properties": {"kind": {"const": "age"}}},
        "then": {"properties": {"signal": false, "days": false}},
        "else": {"required": ["signal", "days"]},
        "properties": {
          "name": {"$ref": "#/$defs/name"},
          "title": {"$ref": "#/$defs/text"},
          "description": {"$ref": "#/$defs/text"},
          "unit": {"$ref": "#/$defs/text"},
          "kind": {"enum": ["rate", "active_share", "mean", "sum", "min", "max", "latest", "ratio", "slope", "ewma", "days_since", "change", "drops", "growth", "shock", "silence", "sequence", "age"], "description": "age: of the account in days, 1 on its first; all others are of a signal."},
          "signal": {"$ref": "#/$defs/name"},
          "per": {"$ref": "#/$defs/name", "description": "ratio: the signal that is divided by."},
          "days": {"$ref": "#/$defs/days", "description": "Length of the window, as_of included; of one period for change, drops, shock and silence. growth takes the weeks that lie wholly in it, at least five."},
          "periods": {"type": "integer", "minimum": 1, "maximum": 52, "description": "drops: how many are looked at. shock: how many before the latest, at least 4. silence: among how many before the latest the spike may be, and how many before it say what is usual, at least 4."},
          "half_life": {"type": "number", "minimum": 0.001, "maximum": 1000000, "description": "ewma: in days."},
          "aging": {"type": "integer", "minimum": -1, "maximum": 1, "default": 0, "description": "latest: added for each day since the value was known; 1 for days since something, -1 for days until."},
          "relative": {"type": "boolean", "default": false, "description": "slope: change over the window, or the age of a younger account, as a share of the mean, instead of change per day."},
          "by": {"type": "number", "minimum": 0, "maximum": 1000000, "description": "drops: the share by which a period must fall below the one before, 0 if left out, at most 1. silence: how many times the usual a spike must be above, 3 if left out, at least 1."},
          "below": {"$ref": "#/$defs/below"},
          "at_least": {"$ref": "#/$defs/at_least"},
          "falls": {"$ref": "#/$defs/falls"},
          "rises": {"$ref": "#/$defs/rises"},
          "then": {
            "type": "object", "additionalProperties": false, "required": ["signal"],
            "minProperties": 2, "maxProperties": 2,
            "description": "sequence: the event that follows.",
            "properties": {
              "signal": {"$ref": "#/$defs/name"},
              "below": {"$ref": "#/$defs/below"},
              "at_least": {"$ref": "#/$defs/at_least"},
              "falls": {"$ref": "#/$defs/falls"},
              "rises": {"$ref": "#/$defs/rises"}
            }
          },
          "within": {"$ref": "#/$defs/days", "description": "sequence: how many days later at most."},
          "otherwise": {"$ref": "#/$defs/name", "description": "A measure listed before, whose value is taken where this one is not known."},
          "normalise": {
            "description": "How the value becomes 0 to 100 points; exactly one. Left out, the measure is shown and not scored.",
            "type": "object",
            "additionalProperties": false,
            "minProperties": 1, "maxProperties": 1,
            "properties": {
              "linear": {
                "type": "object", "additionalProperties": false, "required": ["worst", "best"],
                "properties": {
                  "worst": {"$ref": "#/$defs/number", "description": "0 points here and beyond."},
                  "best": {"$ref": "#/$defs/number", "description": "100 points here and beyond; above or below worst."},
                  "clamp": {"$ref": "#/$defs/clamp"}
                }
              },
              "piecewise": {
                "type": "object", "additionalProperties": false, "required": ["points"],
                "properties": {"points": {"$ref": "#/$defs/pairs", "minItems": 2, "description": "Straight lines between them, flat outside."}}
              },
              "steps": {
                "type": "object", "additionalProperties": false, "required": ["below", "at"],
                "properties": {
                  "below": {"$ref": "#/$defs/points", "description": "Below the first step."},
                  "at": {"$ref": "#/$defs/pairs", "minItems": 1, "description": "From a value on, the value included."}
                }
              },
              "target": {
                "type": "object", "additionalProperties": false, "required": ["low", "high", "tolerance"],
                "properties": {
                  "low": {"$ref": "#/$defs/number", "description": "100 points from low to high."},
                  "high": {"$ref": "#/$defs/number"},
                  "tolerance": {"type": "number", "exclusiveMinimum": 0, "description": "Distance outside at which the points reach 0."}
                }
              },
              "log": {
                "description": "Linear in sign(x) * ln(1 + |x|).",
                "type": "object", "additionalProperties": false, "required": ["worst", "best"],
                "properties": {
                  "worst": {"$ref": "#/$defs/number", "description": "0 points here and beyond."},
                  "best": {"$ref": "#/$defs/number", "description": "100 points here and beyond; above or below worst."},
                  "clamp": {"$ref": "#/$defs/clamp"}
                }
              },
              "logistic": {
                "description": "100 / (1 + exp(-(x - midpoint) / scale)).",
                "type": "object", "additionalProperties": false, "required": ["midpoint", "scale"],
                "properties": {
                  "midpoint": {"$ref": "#/$defs/number", "description": "50 points here."},
                  "scale": {"$ref": "#/$defs/number", "not": {"const": 0}, "description": "73 points one scale beyond the midpoint; below 0 where less is better."}
                }
              },
              "peer_z": {"$ref": "#/$defs/peers", "description": "Linear in (x - mean) / standard deviation of the other accounts."},
              "peer_robust_z": {"$ref": "#/$defs/peers", "description": "Linear in (x - median) / (1.4826 * MAD) of the other accounts."},
              "peer_percentile": {"$ref": "#/$defs/peers", "description": "Linear in the share of the other accounts below x, half of those equal to it, from 0 to 100."}
            }
          },
          "weight": {"$ref": "#/$defs/weight", "description": "1 if left out; 0 without normalise."},
          "group": {"$ref": "#/$defs/name"},
          "missing": {"enum": ["redistribute", "neutral", "worst", "carry"], "default": "redistribute", "description": "Where the value is not known: its weight goes to its siblings, or it counts 50 points, or 0; or the last known value is carried, and the weight goes to the siblings where there is none."},
          "carry_days": {"$ref": "#/$defs/days", "description": "carry, needed there: how many days old the value may become."},
          "evidence": {"$ref": "#/$defs/text", "description": "Why the weight is what it is."},
          "review_on": {"type": "string", "format": "date", "description": "When the weight is to be looked at again."}
        }
      }
    },
    "bands": {
      "type": "array", "minItems": 1, "maxItems": 20,
      "description": "By rising score; the first is from 0. An edge belongs to the upper band.",
      "items": {
        "type": "object",
        "additionalProperties": false,
        "required": ["name", "from"],
        "properties": {
          "name": {"type": "string", "minLength": 1, "maxLength": 63},
          "from": {"type": "number", "minimum": 0, "maximum": 100}
        }
      }
    },
    "rules": {
      "type": "array", "maxItems": 100,
      "description": "Applied in order to the weighted score; each where all of its conditions hold.",
      "items": {
        "type": "object",
        "additionalProperties": false,
        "required": ["name", "when"],
        "oneOf": [{"required": ["cap"]}, {"required": ["floor"]}, {"required": ["band"]}],
        "properties": {
          "name": {"$ref": "#/$defs/name"},
          "title": {"$ref": "#/$defs/text"},
          "description": {"$ref": "#/$defs/text"},
          "when": {
            "type": "array", "minItems": 1, "maxItems": 20,
            "items": {
              "type": "object",
              "additionalProperties": false,
              "minProperties": 2,
              "oneOf": [{"required": ["measure"]}, {"required": ["attribute"]}],
              "description": "All comparisons must hold. What is not known satisfies known: false and nothing else.",
              "properties": {
                "measure": {"$ref": "#/$defs/name", "description": "Its value, not its points."},
                "attribute": {"type": "string", "minLength": 1, "maxLength": 200, "description": "A key of the facts given to score(): age_days, an attribute of the account."},
                "below": {"$ref": "#/$defs/number", "description": "Less than this."},
                "at_most": {"$ref": "#/$defs/number", "description": "This or less."},
                "above": {"$ref": "#/$defs/number", "description": "More than this."},
                "at_least": {"$ref": "#/$defs/number", "description": "This or more."},
                "is": {"description": "Equal to it, or to one of them; only numbers for a measure.", "anyOf": [{"$ref": "#/$defs/scalar"}, {"type": "array", "minItems": 1, "maxItems": 100, "items": {"$ref": "#/$defs/scalar"}}]},
                "known": {"type": "boolean", "description": "Whether there is a value; false stands alone."}
              }
            }
          },
          "cap": {"$ref": "#/$defs/limit", "description": "The score is at most this; of a band, the greatest score displayed in it."},
          "floor": {"$ref": "#/$defs/limit", "description": "The score is at least this; of a band, where it begins."},
          "band": {"type": "string", "minLength": 1, "maxLength": 63, "description": "Cap and floor of this band; it is the band also where data are insufficient."},
          "evidence": {"$ref": "#/$defs/text", "description": "Why there is the rule."},
          "review_on": {"type": "string", "format": "date", "description": "When the rule is to be looked at again."}
        }
      }
    }
  },
  "$defs": {
    "name": {"type": "string", "pattern": "^[a-z_][a-z0-9_]{0,62}$"},
    "column": {"type": "string", "minLength": 1, "maxLength": 63},
    "text": {"type": "string", "minLength": 1, "maxLength": 1000},
    "days": {"type": "integer", "minimum": 1, "maximum": 3660},
    "number": {"type": "number", "minimum": -1e300, "maximum": 1e300},
    "weight": {"type": "number", "minimum": 0, "maximum": 1000000},
    "below": {"$ref": "#/$defs/number", "description": "sequence: a day below this value."},
    "at_least": {"$ref": "#/$defs/number", "description": "sequence: a day at or above this value."},
    "falls": {"type": "number", "minimum": 0, "exclusiveMaximum": 1, "description": "sequence: a week whose mean is below that of the four weeks before by more than this share."},
    "rises": {"type": "number", "minimum": 0, "maximum": 1000000, "description": "sequence: a week whose mean is above that of the four weeks before by more than this share."},
    "points": {"type": "number", "minimum": 0, "maximum": 100},
    "clamp": {"enum": ["both", "best", "worst", "ignore"], "default": "both", "description": "ignore: a value beyond worst or best is not known. best (at 100 only) and worst (at 0 only) are for a compatible scorecard."},
    "peers": {
      "type": "object", "additionalProperties": false, "required": ["worst", "best"],
      "properties": {
        "worst": {"$ref": "#/$defs/number", "description": "0 points here and beyond."},
        "best": {"$ref": "#/$defs/number", "description": "100 points here and beyond; above or below worst."}
      }
    },
    "scalar": {"anyOf": [{"type": "string", "maxLength": 1000}, {"$ref": "#/$defs/number"}, {"type": "boolean"}]},
    "limit": {"anyOf": [{"$ref": "#/$defs/points"}, {"type": "string", "minLength": 1, "maxLength": 63}]},
    "pairs": {
      "type": "array", "maxItems": 100,
      "description": "Pairs of a value and its points, by rising value.",
      "items": {"type": "array", "minItems": 2, "maxItems": 2, "prefixItems": [{"$ref": "#/$defs/number"}, {"$ref": "#/$defs/points"}]}
    }
  }
}
$schema$::jsonb;
COMMENT ON FUNCTION healthscore.scorecard_schema() IS 'The JSON Schema (draft 2020-12) of a scorecard document.';
