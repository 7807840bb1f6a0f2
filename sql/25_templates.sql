--
-- Scorecards that work on day one, over the columns of healthscore.signals.
--

CREATE FUNCTION healthscore.scorecard_template(name text) RETURNS healthscore.scorecard
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF name OPERATOR(pg_catalog.=) 'core' THEN
        RETURN $card$
{
  "scorecard": "core",
  "title": "Core health",
  "description": "Usage, adoption, support, relationship and contract of a subscription customer. What is not known gives its weight to the rest; counts (logins, active users, features used, tickets, API calls) are known to be zero where nothing is loaded, so leave out of a card of your own what you do not load. Rules say what a weighted mean cannot.",
  "minimum_age": 14,
  "minimum_coverage": 0.33,
  "source": {"table": "healthscore.signals", "account": "account_id", "day": "day",
             "accounts": {"table": "healthscore.accounts", "account": "account_id", "since": "started_on", "until": "ended_on", "segment": "segment"}},
  "signals": [
    {"name": "logins", "absent": "zero"},
    {"name": "active_users", "absent": "zero"},
    {"name": "active_users_7d", "absent": "unknown"},
    {"name": "licensed_seats", "absent": "unknown"},
    {"name": "features_used", "absent": "zero"},
    {"name": "features_available", "absent": "unknown"},
    {"name": "tickets_opened", "absent": "zero"},
    {"name": "sentiment", "absent": "unknown"},
    {"name": "days_since_customer_contact", "absent": "unknown"},
    {"name": "days_to_renewal", "absent": "unknown"},
    {"name": "days_payment_overdue", "absent": "unknown"},
    {"name": "api_calls", "absent": "zero"},
    {"name": "workflows_completed", "absent": "unknown"},
    {"name": "champion_active", "absent": "unknown"}
  ],
  "groups": [
    {"name": "usage", "title": "Usage", "weight": 45},
    {"name": "adoption", "title": "Adoption", "weight": 20},
    {"name": "support", "title": "Support", "weight": 10},
    {"name": "relationship", "title": "Relationship", "weight": 10},
    {"name": "contract", "title": "Contract", "weight": 15}
  ],
  "measures": [
    {"name": "login_rate", "title": "Logins", "unit": "a day", "kind": "rate", "signal": "logins", "days": 30,
     "normalise": {"piecewise": {"points": [[0, 0], [0.2, 30], [1, 60], [5, 85], [20, 100]]}}, "weight": 3, "group": "usage"},
    {"name": "days_since_login", "title": "Last login", "unit": "days ago", "kind": "days_since", "signal": "logins", "days": 90,
     "normalise": {"piecewise": {"points": [[3, 100], [14, 70], [30, 30], [60, 0]]}}, "weight": 3, "group": "usage"},
    {"name": "seat_utilisation", "title": "Seat utilisation", "unit": "of the seats on a day", "kind": "ratio", "signal": "active_users", "per": "licensed_seats", "days": 28,
     "normalise": {"piecewise": {"points": [[0, 0], [0.2, 60], [0.5, 100]]}}, "weight": 1, "group": "usage"},
    {"name": "daily_active_per_seat", "title": "Daily active users", "unit": "of the seats, 7 days", "kind": "ratio", "signal": "active_users", "per": "licensed_seats", "days": 7},
    {"name": "weekly_active_per_seat", "title": "Weekly active users", "unit": "of the seats", "kind": "ratio", "signal": "active_users_7d", "per": "licensed_seats", "days": 7, "otherwise": "daily_active_per_seat",
     "normalise": {"piecewise": {"points": [[0, 0], [0.3, 60], [0.7, 100]]}}, "weight": 1, "group": "usage"},
    {"name": "feature_breadth", "title": "Feature breadth", "unit": "of the features", "kind": "ratio", "signal": "features_used", "per": "features_available", "days": 28,
     "normalise": {"piecewise": {"points": [[0, 0], [0.25, 60], [0.6, 100]]}}, "weight": 2, "group": "adoption"},
    {"name": "adoption_trend", "title": "Adoption trend", "unit": "change over a quarter, relative", "kind": "slope", "signal": "features_used", "days": 90, "relative": true,
     "normalise": {"piecewise": {"points": [[-0.8, 0], [-0.1, 65], [0.1, 75], [0.6, 100]]}}, "weight": 3, "group": "adoption"},
    {"name": "support_load", "title": "Tickets", "unit": "for each active user and day", "kind": "ratio", "signal": "tickets_opened", "per": "active_users", "days": 30,
     "description": "Of use, not of the account: no tickets without use is silence, and says nothing.",
     "normalise": {"piecewise": {"points": [[0, 85], [0.01, 100], [0.05, 70], [0.2, 0]]}}, "weight": 2, "group": "support"},
    {"name": "sentiment_trend", "title": "Support sentiment trend", "unit": "a day", "kind": "slope", "signal": "sentiment", "days": 90,
     "normalise": {"piecewise": {"points": [[-0.01, 0], [0, 75], [0.005, 100]]}}, "weight": 1, "group": "support"},
    {"name": "days_since_touch", "title": "Last contact by the customer", "unit": "days ago", "kind": "latest", "signal": "days_since_customer_contact", "days": 30, "aging": 1,
     "normalise": {"piecewise": {"points": [[14, 100], [45, 70], [90, 20], [120, 0]]}}, "weight": 1, "group": "relationship"},
    {"name": "renewal_proximity", "title": "Renewal", "unit": "days away", "kind": "latest", "signal": "days_to_renewal", "days": 30, "aging": -1,
     "normalise": {"piecewise": {"points": [[-30, 0], [0, 30], [30, 50], [90, 80], [180, 100]]}}, "weight": 1, "group": "contract"},
    {"name": "payment", "title": "Payment", "unit": "days overdue", "kind": "latest", "signal": "days_payment_overdue", "days": 30,
     "normalise": {"linear": {"worst": 45, "best": 0}}, "weight": 2, "group": "contract"},
    {"name": "api_call_rate", "title": "API calls", "unit": "a day", "kind": "rate", "signal": "api_calls", "days": 28, "description": "Looked at by a rule."},
    {"name": "best_workflow_day", "title": "Workflows completed", "unit": "on the best of 30 days", "kind": "max", "signal": "workflows_completed", "days": 30, "description": "Looked at by a rule: 0 where none was completed."},
    {"name": "champion", "title": "Champion", "unit": "(1 is active)", "kind": "latest", "signal": "champion_active", "days": 30, "description": "Looked at by a rule."}
  ],
  "bands": [{"name": "red", "from": 0}, {"name": "amber", "from": 45}, {"name": "green", "from": 70}],
  "rules": [
    {"name": "embedded", "title": "Embedded through the API",
     "description": "Few logins and much use by machines may be a customer whose own systems do the work: not red for want of logins.",
     "when": [{"measure": "login_rate", "below": 1}, {"measure": "api_call_rate", "at_least": 100}], "floor": "amber"},
    {"name": "implementing", "title": "Questions while implementing",
     "description": "Many tickets of a new account that logs in are the work of the implementation: not red before day 60.",
     "when": [{"attribute": "age_days", "below": 60}, {"measure": "support_load", "above": 0.05}, {"measure": "days_since_login", "at_most": 7}], "floor": "amber"},
    {"name": "busy_not_successful", "title": "Busy, not successful",
     "description": "Logs in daily and has completed no key workflow in 30 days: activity is not value.",
     "when": [{"measure": "login_rate", "at_least": 1}, {"measure": "best_workflow_day", "at_most": 0}], "cap": "amber"},
    {"name": "no_champion", "title": "No active champion",
     "description": "No green without an active champion, where it is known that there is none.",
     "when": [{"measure": "champion", "is": 0}], "cap": "amber"}
  ]
}
$card$;
    ELSIF name OPERATOR(pg_catalog.=) 'csm_skill' THEN
        RETURN $card$
{
  "scorecard": "csm_skill",
  "title": "Customer-success skill, compatible",
  "description": "usage = min(logins / 20, 1), adoption = min(share of features, 1), support = max(1 - tickets / 10, 0), sentiment = min(nps / 10, 1); not clamped at the other end, so that scores below 0 and above 100 come out as the source computes them.",
  "minimum_coverage": 0,
  "compatible": true,
  "source": {"table": "healthscore.signals", "account": "account_id", "day": "day",
             "accounts": {"table": "healthscore.accounts", "account": "account_id", "since": "started_on", "until": "ended_on", "segment": "segment"}},
  "signals": [
    {"name": "logins", "absent": "zero"},
    {"name": "features_used", "absent": "zero"},
    {"name": "features_available", "absent": "unknown"},
    {"name": "tickets_opened", "absent": "zero"},
    {"name": "nps", "absent": "unknown"}
  ],
  "measures": [
    {"name": "login_frequency", "title": "Usage", "unit": "logins in 30 days", "kind": "sum", "signal": "logins", "days": 30,
     "normalise": {"linear": {"worst": 0, "best": 20, "clamp": "best"}}, "weight": 0.35},
    {"name": "feature_adoption", "title": "Adoption", "unit": "of the features", "kind": "ratio", "signal": "features_used", "per": "features_available", "days": 30,
     "normalise": {"linear": {"worst": 0, "best": 1, "clamp": "best"}}, "weight": 0.25},
    {"name": "support_tickets", "title": "Support", "unit": "tickets in 30 days", "kind": "sum", "signal": "tickets_opened", "days": 30,
     "normalise": {"linear": {"worst": 10, "best": 0, "clamp": "worst"}}, "weight": 0.20},
    {"name": "nps", "title": "Sentiment", "unit": "of 10", "kind": "latest", "signal": "nps", "days": 365,
     "normalise": {"linear": {"worst": 0, "best": 10, "clamp": "best"}}, "weight": 0.20}
  ],
  "bands": [{"name": "high", "from": 0}, {"name": "medium", "from": 40}, {"name": "healthy", "from": 70}]
}
$card$;
    END IF;
    RAISE EXCEPTION 'unrecognized scorecard template "%"', name
        USING ERRCODE = 'invalid_parameter_value', HINT = 'Templates are "core" and "csm_skill".';
END
$function$;
COMMENT ON FUNCTION healthscore.scorecard_template(text) IS 'A scorecard that works on day one over healthscore.signals: "core" (usage, adoption, support, relationship, contract) or "csm_skill" (four fixed formulas, reproduced exactly). Other names are error 22023.';
