/*-------------------------------------------------------------------------
 *
 * built_in.c
 *		The phrases that come with the extension.
 *
 * Folded as words.c does it, so they are ASCII.  General language about leaving
 * a contract, an account, a service, a provider; brands and products are for
 * the user's own rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "text/lexicon.h"

/* clang-format off */

const HsWordSet hs_built_in_sets[] = {
	{ "en", "cancelled",
	  "cancelled|canceled|closed|terminated|deleted|discontinued|deactivated|"
	  "removed" },
	{ "en", "cancellation",
	  "cancellation|cancelation|cancellations|termination|terminations|"
	  "closure|closures|deletion|deletions|removal|removals|deactivation|"
	  "deactivations" },
	{ "en", "cancel",
	  "cancel|cancelling|canceling|close|closing|terminate|terminating|"
	  "delete|deleting|end|ending|discontinue|discontinuing|deactivate|"
	  "deactivating|inactivate|inactivating|quit|quitting|remove|removing|"
	  "erase|erasing" },
	{ "en", "contract",
	  "account|accounts|contract|contracts|subscription|subscriptions|"
	  "membership|memberships|agreement|agreements|licence|license|licences|"
	  "licenses" },
	{ "en", "service",
	  "@contract|service|services|plan" },
	{ "en", "our",
	  "my|our|the|this|that|your" },
	{ "en", "you",
	  "you|your|yours|this" },
	{ "en", "provider",
	  "company|provider|service|services|bank|carrier|operator|vendor|"
	  "supplier|firm|platform|business|network" },
	{ "en", "rival",
	  "competitor|competitors|competition|provider|providers|company|"
	  "operator|carrier|vendor|supplier|bank|platform" },
	{ "en", "another",
	  "another|other|different|new|better|cheaper" },
	{ "en", "want",
	  "want|wants|wanting|wanna|like|wish|need|needs|have|decided|going|"
	  "gonna|plan|planning|intend|intending|trying|try|ready|forced|time|"
	  "about|rather|asking" },
	{ "en", "thing",
	  "order*|purchase*|transaction*|transfer*|payment*|charge|charges|card*|"
	  "debit*|debits|topup*|top|reservation*|booking*|appointment*|meeting*|"
	  "invite*|invitation*|event*|alarm*|reminder*|timer*|flight*|hotel*|"
	  "room|table|restaurant*|trip*|ticket*|case|cases|issue|issues|"
	  "newsletter*|email|emails|mailing*|alert|alerts|notification*|"
	  "marketing|refund*|request|requests|invoice*|bill|bills|deliver*|"
	  "shipment*|package|parcel|item|items|withdrawal*|cheque*|song*|"
	  "playlist*|list|lists|task*|command*|call|calls|message*|file|files|"
	  "folder*|photo*|picture*|address*|password*|tab|tabs|window*|popup*|"
	  "comment*|post|posts|session*|download*|upload*|update|updates|"
	  "project*|dashboard*|report|reports|record|records|entry|entries|row|"
	  "rows|column*|field*|duplicate*|dinner|lunch|lesson*|autopay|pin|"
	  "passcode|beneficiar*|payee*" },
	{ "de", "vertrag",
	  "*vertrag|*vertraege|*vertrages|*vertrags|*abo|*abos|*abonnement|"
	  "*abonnements|*konto|*konten|account|accounts|*mitgliedschaft|"
	  "*tarif|*lizenz|*lizenzen|*anschluss|vereinbarung|zusammenarbeit|"
	  "geschaeftsbeziehung|kundenbeziehung|service|dienstleistung" },
	{ "de", "beendet",
	  "beenden|beendet|aufgeloest|geloescht|storniert|geschlossen|"
	  "deaktiviert|gekuendigt" },
	{ "de", "beenden",
	  "beende|beenden|beendigen|aufloesen|loese|loeschen|loesche|"
	  "stornieren|storniere|schliessen|schliesse|aufheben|deaktivieren|"
	  "deaktiviere|abmelden|auslaufen|aufgeben|aufkuendigen|abbestellen|abbestelle|entfernen|quittieren" },
	{ "de", "mein",
	  "meinen|meine|mein|meines|unseren|unsere|unser|den|das|die|dem|diesen|"
	  "dieses|diese|ihren|ihr|ihre|euren|euer|eure|sie|bitte" },
	{ "de", "will",
	  "will|wollen|moechte|moechten|werde|werden|wuerde|wuerden|muss|muessen|"
	  "kann|koennen|soll|sollte|sollten|mag|habe|haben" },
	{ "de", "anbieter",
	  "anbieter|provider|betreiber|netzbetreiber|mobilfunkanbieter|"
	  "stromanbieter|internetanbieter|telefonanbieter|versorger|"
	  "dienstleister|lieferant|lieferanten|bank|unternehmen|firma|software|"
	  "plattform" },
	{ "de", "anderes",
	  "*newsletter*|*bestellung*|*termin|*termine|*reservierung*|*buchung*|"
	  "*karte|*karten|*kreditkarte*|*ueberweisung*|*dauerauftrag*|"
	  "*lastschrift*|*zahlung*|*rechnung*|*lieferung*|*sendung*|paket|pakete|"
	  "*auftrag|*ticket*|*wecker*|*erinnerung*|*flug|*hotel*|*reise*|*zimmer|"
	  "*tisch|*wohnung|*mietvertrag|*mietverhaeltnis|*arbeitsvertrag|"
	  "*arbeitsverhaeltnis|*job|*stelle|*arbeitsplatz|*mitarbeiter*|"
	  "*angestellte*|*mail|*mails|*email*|*nachricht*|*datei*|*foto*|*bild|"
	  "*bilder|*passwort*|*anruf*|*besprechung*|*meeting*|*eintrag|"
	  "*eintraege|*projekt*|*versand*|*erstattung*|*benachrichtigung*" },
};

const int hs_n_built_in_sets = lengthof(hs_built_in_sets);

const HsPhraseSource hs_built_in_phrases[] = {
	/* the contract, the account is to end */
	{ "en", HS_INTENT, "@cancel all|of|down|out|up|off{2} @our|all|of|a|an|any|both{3} ..2 @contract" },
	{ "en", HS_INTENT, "@cancel @our{2} ..2 service|services|plan" },
	{ "en", HS_INTENT, "stop|stopping @our{2} ..2 subscription|subscriptions|contract|contracts|membership|memberships|service|services" },
	{ "en", HS_INTENT, "shut|shutting|close|closing|wind|winding down|off @our{2} ..2 @contract" },
	{ "en", HS_INTENT, "shut|shutting @our ..2 @contract down" },
	{ "en", HS_INTENT, "get|getting|be|gets rid of ..3 @service" },
	{ "en", HS_INTENT, "get|getting|want out of @our{2} ..2 contract|contracts|agreement|subscription|membership|plan" },
	{ "en", HS_INTENT, "give|giving|gave up ..2 @contract" },
	{ "en", HS_INTENT, "@contract to|should|must be|get|become @cancelled" },
	{ "en", HS_INTENT, "that ..1 @contract be @cancelled" },
	{ "en", HS_INTENT, "@contract needs|need|has|have|ought to be @cancelled" },
	{ "en", HS_INTENT, "have|get|want|need|wants|needs|getting|having ..2 @contract completely|fully|permanently|immediately|now{2} @cancelled" },
	{ "en", HS_INTENT, "i|ive|we|weve have|had|already|just|now{3} @cancelled @our ..2 @service" },
	{ "en", HS_INTENT, "@cancellation of @our|a|an{2} ..2 @service" },
	{ "en", HS_INTENT, "account|accounts|contract|contracts|subscription|subscriptions|membership|memberships|service|plan @cancellation" },
	{ "en", HS_INTENT, "request|requesting|requested ..2 cancellation|cancelation|termination" },
	{ "en", HS_INTENT, "notice|letter|confirmation|date|process of|for ..2 cancellation|cancelation|termination" },
	{ "en", HS_INTENT, "cancellation|cancelation|termination notice|letter|request|period|fee|fees|charge|charges|penalty|penalties|process" },
	{ "en", HS_INTENT, "early exit|termination|cancellation ..1 fee|fees|charge|charges|penalty|penalties|clause" },
	{ "en", HS_INTENT, "@want to immediately|now|just|also|fully|completely{2} cancel|terminate|unsubscribe immediately|today|now|asap|please|thanks|altogether|entirely|completely|everything|this|here|effective|because|as|since|due|with|by|at|from|if{2} $" },
	{ "en", HS_INTENT, "@want to cancel|terminate because|since|due|effective|asap|immediately|with" },
	{ "en", HS_INTENT, "@want to ..1 leave|quit|leaving @you{2} ..1 @provider" },
	{ "en", HS_INTENT, "@want to ..1 leave|quit soon|now|asap|today|tomorrow|immediately|you|altogether{2} $" },

	/* no longer */
	{ "en", HS_INTENT, "no longer want|need|use|require|wish|like|interested|using|wanting|needing to|in|have|keep|use{3} ..2 @service" },
	{ "en", HS_INTENT, "not|dont|doesnt want|need|use|require|wish to|have|keep|use{2} @our|any|an|a{2} ..2 @service anymore|longer" },
	{ "en", HS_INTENT, "not|dont want|need|use|require|wish to|have|keep|use{2} @our|any|an|a{2} ..2 @service any more|longer" },
	{ "en", HS_INTENT, "not|dont want|need|require @our ..2 @contract $" },
	{ "en", HS_INTENT, "not|dont|never use|using|want ..3 service|services|product|platform anymore|again" },
	{ "en", HS_INTENT, "no longer want|wish|need to|be{2} a? customer|customers|client|clients|member|members|subscriber" },
	{ "en", HS_INTENT, "not|dont want|wish to be|remain|stay ..2 customer|customers|client|clients|member|members|subscriber" },
	{ "en", HS_INTENT, "last|final day|days as|with ..2 customer|client|member|you" },
	{ "en", HS_INTENT, "stop|stopping|stopped|quit|quitting using|paying ..2 your|this service|services|product|platform|software|app|company" },
	{ "en", HS_INTENT, "stop|stopping doing|working business|with{2} you" },
	{ "en", HS_INTENT, "done with you|yall $" },
	{ "en", HS_INTENT, "done with your|this company|service|services|provider|bank|product|platform|contract|subscription" },

	/* not renewed */
	{ "en", HS_INTENT, "not|dont|wont|wouldnt|never|without be|going|want|wanting|wish|planning|plan|intend|to|automatically{4} renew|renewing|extend|extending|prolong" },
	{ "en", HS_INTENT, "decided|prefer|choose|chosen|rather against|not to|renewing|renew|extending{2} renew|renewing|extend|extending|continue" },
	{ "en", HS_INTENT, "no auto|automatic renewal|renewals|renew|renewing" },
	{ "en", HS_INTENT, "stop|cancel|disable|deactivate|off ..2 auto|automatic renewal|renewals|renew|renewing" },
	{ "en", HS_INTENT, "stop|cancel|disable|off ..2 renewal|renewals|autorenew|autorenewal" },
	{ "en", HS_INTENT, "let|letting ..3 subscription|contract|membership|agreement|licence|license expire|lapse|end|run" },
	{ "en", HS_INTENT, "not|dont|wont want|wanting|wish|be|going|planning|to{4} continue|continuing|stay|staying|remain|proceed on|as|using|with|our|my|the|this|your{4} @service|you|customer|client|company|provider" },
	{ "en", HS_INTENT, "not|dont think|believe i|we|ill|well|will|can|should{3} stay|continue|remain|keep ..2 @provider|you" },

	/* leaving, for another */
	{ "en", HS_INTENT, "leave|leaving|quit|quitting|ditch|ditching|dump|dumping|drop|dropping|abandon|abandoning your|this{2} @provider" },
	{ "en", HS_INTENT, "leave|leaving|quit|quitting|ditch|ditching|dump|dumping|drop|dropping|abandon|abandoning my|our|the|current{2} provider|service|services|carrier|operator|vendor|supplier|platform" },
	{ "en", HS_INTENT, "i|we am|are|im|were? leaving you|now|soon|tomorrow|today|definitely|next|for|this|at|the|end|of|week|month|year|good{8} $" },
	{ "en", HS_INTENT, "im|were leaving you|now|soon|tomorrow|today|definitely|next|for|this|at|the|end|of|week|month|year|good{8} $" },
	{ "en", HS_INTENT, "i|we will|ill|well leave|quit you|now|soon|tomorrow|today|definitely|next|for|this|at|the|end|of|week|month|year|good{8} $" },
	{ "en", HS_INTENT, "i|we am|are|will|must cancel|cancelling|canceling|terminate|terminating $" },
	{ "en", HS_INTENT, "im|were|ill|well cancel|cancelling|canceling|terminate|terminating $" },
	{ "en", HS_INTENT, "considering|consider|thinking|think|contemplating of|about? leaving|cancelling|canceling|switching|quitting|terminating you|your|this|the|company|service|provider{3} $" },
	{ "en", HS_INTENT, "switch|switching|change|changing|move|moving|migrate|migrating|go|going|transfer|transferring|defect|defecting to|over|with|towards{2} a|an|your|the|some|one{3} of? the|your? competitor|competitors|competition" },
	{ "en", HS_INTENT, "switch|switching|change|changing|move|moving|migrate|migrating|go|going over? to|for|with a|an|some? @another ..1 @rival" },
	{ "en", HS_INTENT, "switch|switching|change|changing @our? provider|providers|operator|operators|carrier|carriers|supplier|suppliers|vendor|vendors|companies|banks|isp" },
	{ "en", HS_INTENT, "move|moving|migrate|migrating|switch|switching away|off from|of{2} you|your|this|the{2} provider|service|services|vendor|platform|you|product|system|software|app" },
	{ "en", HS_INTENT, "look|looking|search|searching|shopping|evaluating|consider|considering ..1 for|at|around|into? a|an|some? @another|alternative ..1 @rival" },
	{ "en", HS_INTENT, "look|looking|search|searching|evaluate|evaluating|explore|exploring|considering ..2 alternatives|competitors" },
	{ "en", HS_INTENT, "replace|replacing you with|by" },
	{ "en", HS_INTENT, "replace|replacing your product|software|service|services|tool|platform|system|solution ..1 with|by" },
	{ "en", HS_INTENT, "take|taking|taken ..1 business|money|custom elsewhere|somewhere" },
	{ "en", HS_INTENT, "go|going|look|looking|move|moving|switch|switching elsewhere" },
	{ "en", HS_INTENT, "part|parting|go|going our|separate? ways" },
	{ "en", HS_INTENT, "end|ending|terminate|terminating our|the|this business? relationship|partnership|cooperation|collaboration|arrangement" },
	{ "en", HS_INTENT, "withdraw|withdrawing from @our{2} ..1 contract|agreement|subscription|membership" },
	{ "en", HS_INTENT, "break|breaking|exit|exiting|rescind|revoke @our|of{2} ..1 contract|contracts|agreement|subscription" },
	{ "en", HS_INTENT, "discontinue|discontinuing|cease|ceasing ..1 using|use|usage of? your|this ..2 @service|product|platform|software|tool|app|system" },
	{ "en", HS_INTENT, "wont|not be needing|requiring @our{2} ..1 @service" },
	{ "en", HS_INTENT, "cut|cutting|sever|severing ties ..2 you|company" },
	{ "en", HS_INTENT, "opt|opting out of @our{2} ..1 @service" },
	{ "en", HS_INTENT, "how|where|way|want|like|wish|need|can|could|to ..2 unsubscribe|unsubscribing from ..1 @service" },
	{ "en", HS_INTENT, "finish|finishing|finished up? with @our @service" },

	/* something else */
	{ "en", HS_EXCLUSION, "@cancel|stop|stopping|@cancelled ..4 @thing" },
	{ "en", HS_EXCLUSION, "@thing that|which|i|we|id|would{4} @want to ..1 @cancel" },
	{ "en", HS_EXCLUSION, "@cancellation of|for @our|a|an{2} ..1 @thing" },
	{ "en", HS_EXCLUSION, "@thing @cancellation" },
	{ "en", HS_EXCLUSION, "@thing subscription*|to|should|must|be{3} @cancelled" },
	{ "en", HS_EXCLUSION, "newsletter*|email*|mailing|magazine*|sms|blog|podcast list? subscription*" },
	{ "en", HS_EXCLUSION, "subscription*|subscribe*|unsubscrib* ..4 newsletter*|email*|mailing|marketing|notification*" },
	{ "en", HS_EXCLUSION, "@service @thing|tab|tabs|manager*|statement*" },
	{ "en", HS_EXCLUSION, "@cancel their|his|her|customers|clients|users|someones ..2 @service" },
	{ "en", HS_EXCLUSION, "hotel|room|flight|booking|reservation|restaurant|order|airbnb|ticket cancellation|cancelation" },
	{ "en", HS_EXCLUSION, "cancellation|cancelation|termination ..4 hotel*|flight*|booking*|reservation*|order*|restaurant*|airline*|appointment*" },
	{ "en", HS_EXCLUSION, "end|ending of ..3 @service" },
	{ "en", HS_EXCLUSION, "end|close|closing date|balance" },
	{ "en", HS_EXCLUSION, "@cancel ..3 from|in|on ..1 @contract" },

	/* not meant */
	{ "en", HS_NEGATION, "not|dont|doesnt|didnt|wont|wouldnt|never|shouldnt|isnt|arent|aint ever|yet|actually|really|just|even|want|wanted|wanting|to|wish|wishing|like|need|needing|have|plan|planning|intend|intending|intention|going|gonna|mean|meant|be|been|thinking|think|considering|asking|asked|ask|say|saying|said|about|of|for|you|i|we|id|ill|will|would|should|that|it|a|the{6}" },
	{ "en", HS_NEGATION, "no|without need|reason|reasons|intention|intentions|plan|plans|wish|desire|point|thoughts to|of|in|on|for{2}" },
	{ "en", HS_NEGATION, "without|avoid|against|prevent having|to?" },
	{ "en", HS_NEGATION, "instead of having|to?" },
	{ "en", HS_NEGATION, "rather than having|to?" },

	/* Deutsch: was gekuendigt, beendet, geloescht werden soll */
	{ "de", HS_INTENT, "kuendig*" },
	{ "de", HS_INTENT, "kuenden|kuende" },
	{ "de", HS_INTENT, "aufkuendig*|sonderkuendig*|vertragskuendig*|kontokuendig*|abokuendig*" },
	{ "de", HS_INTENT, "gekuendigt werden|haben|habe|hatte|wird" },
	{ "de", HS_INTENT, "habe|haben|moechte|will|wollen|moechten ..5 gekuendigt" },
	{ "de", HS_INTENT, "@vertrag ..4 @beenden|kuendig*|kuenden|gekuendigt" },
	{ "de", HS_INTENT, "kuendig* ich|wir|hiermit|@mein{4} ..1 @vertrag" },
	{ "de", HS_INTENT, "@beenden ich|wir|hiermit|@mein{4} ..1 @vertrag" },
	{ "de", HS_INTENT, "@vertrag ..2 @beendet werden|haben" },
	{ "de", HS_INTENT, "loeschung|schliessung|beendigung|aufloesung|deaktivierung|stornierung|aufhebung @mein|meiner|unserer|der|des|von|vom{3} ..1 @vertrag|*kontos|*accounts|zugangs" },
	{ "de", HS_INTENT, "kontoschliessung|kontoloeschung|vertragsaufloesung|vertragsbeendigung|vertragsende|accountloeschung|aufhebungsvertrag" },
	{ "de", HS_INTENT, "aus|vom ..2 vertrag|abo ..2 aus|raus|rauskommen|aussteigen|herauskommen|zuruecktreten|heraus" },
	{ "de", HS_INTENT, "austrittserklaerung|austreten" },
	{ "de", HS_INTENT, "von ihnen|euch|dir ..2 verabschieden|trennen" },
	{ "de", HS_INTENT, "verabschiede|verabschieden|trenne|trennen mich|uns ..3 von ihnen|euch|dir" },
	{ "de", HS_INTENT, "melde|melden ..3 @vertrag ab" },

	/* nicht mehr */
	{ "de", HS_INTENT, "nicht mehr|weiter|laenger|automatisch{2} verlaenger*|erneuern|fortsetzen|fortfuehren|weiterfuehren" },
	{ "de", HS_INTENT, "keine verlaengerung" },
	{ "de", HS_INTENT, "nicht mehr|laenger|weiter{2} ..2 kunde|kundin|kunden|mitglied ..1 sein|bleiben" },
	{ "de", HS_INTENT, "kein|keine ..1 kunde|kundin|kunden|mitglied mehr" },
	{ "de", HS_INTENT, "nicht|nie mehr|wieder|laenger|weiter{2} bei|mit ihnen|euch|dir|diesem|dieser ..2 bleiben|sein|zusammenarbeiten|arbeiten" },
	{ "de", HS_INTENT, "nicht dass|daran|ich|wir|bei|mit|diesem|dieser|ihnen|euch{5} ..1 bleiben|bleibe werde|werden|will" },
	{ "de", HS_INTENT, "nicht mehr|laenger|weiter{2} nutzen|benutzen|verwenden|benoetigen|brauchen" },
	{ "de", HS_INTENT, "benoetige|benoetigen|brauche|brauchen|nutze|nutzen ..4 @vertrag nicht mehr|laenger" },
	{ "de", HS_INTENT, "will|wollen|moechte|moechten nicht mehr bleiben" },

	/* zu einem anderen */
	{ "de", HS_INTENT, "@anbieter ..4 wechsel*|gewechselt|verlassen|verlasse" },
	{ "de", HS_INTENT, "service|dienst|gesellschaft wechsel*|wechsle|gewechselt|verlassen|verlasse" },
	{ "de", HS_INTENT, "ich|wir wechsle|wechsele|wechseln $" },
	{ "de", HS_INTENT, "kann|koennen|konnte|geht|laesst ..3 nicht ..2 kuendigen" },
	{ "de", HS_INTENT, "wechsel*|wechsle|wechsele ..3 @anbieter|konkurrenz|mitbewerber|wettbewerber" },
	{ "de", HS_INTENT, "zur|zum|an die|eine|einen? konkurrenz|mitbewerber|wettbewerber ..2 wechsel*|gehen|gehe|wandern" },
	{ "de", HS_INTENT, "zu einem|einer anderen|neuen|guenstigeren|besseren ..1 @anbieter ..2 wechsel*|gehen|gehe" },
	{ "de", HS_INTENT, "neuen|anderen|alternativen @anbieter ..2 suchen|suche|gesucht" },
	{ "de", HS_INTENT, "fuer einen|eine|ein ..1 @anbieter entschieden" },
	{ "de", HS_INTENT, "widerrufe|widerrufen ..3 @vertrag" },
	{ "de", HS_INTENT, "@vertrag ..3 widerrufe|widerrufen" },
	{ "de", HS_INTENT, "suche|suchen ..2 anderen|neuen|alternativen ..1 @anbieter" },
	{ "de", HS_INTENT, "ich|wir wechsle|wechsele|wechseln ..4 zu" },
	{ "de", HS_INTENT, "wechsle|wechsele ..3 zu" },
	{ "de", HS_INTENT, "@will ..5 zu ..1 wechseln" },
	{ "de", HS_INTENT, "@will ..5 verlassen" },
	{ "de", HS_INTENT, "verlasse|verlassen sie|euch|dich|den|die|ihr|ihre|euren ..1 @anbieter" },
	{ "de", HS_INTENT, "ich verlasse ..2 $" },
	{ "de", HS_INTENT, "will|wollen|moechte|moechten weg|fort von|vom" },

	/* etwas anderes */
	{ "de", HS_EXCLUSION, "kuendig*|kuenden|kuende|@beenden ich|wir|hiermit|@mein{4} @anderes" },
	{ "de", HS_EXCLUSION, "@anderes ..3 kuendig*|kuenden|gekuendigt|@beenden|@beendet" },
	{ "de", HS_EXCLUSION, "kuendigung|loeschung|stornierung ..2 @anderes" },
	{ "de", HS_EXCLUSION, "kuendigungsschutz*|*newsletter*" },
	{ "de", HS_EXCLUSION, "mir|uns ..3 gekuendigt" },
	{ "de", HS_EXCLUSION, "zu dir|euch|ihnen|mir|uns|einem|einer|meinem|meiner|dem|der ..2 wechseln" },
	{ "de", HS_EXCLUSION, "wechsle|wechsele|wechseln ..3 zu dir|euch|ihnen|mir|uns|einem|einer|dem|der tarif*|paket*" },
	{ "de", HS_EXCLUSION, "verlassen|verlasse auf|darauf" },
	{ "de", HS_EXCLUSION, "mich|uns|sich|auf ..3 verlassen" },
	{ "de", HS_EXCLUSION, "darauf @will ..3 verlassen" },
	{ "de", HS_EXCLUSION, "haus|buero|raum|seite|gruppe|chat|land|stadt|hotel ..1 verlassen" },
	{ "de", HS_EXCLUSION, "kuendig* ..6 an $" },
	{ "de", HS_EXCLUSION, "im anschluss" },
	{ "de", HS_EXCLUSION, "*newsletter* *abo*" },
	{ "de", HS_EXCLUSION, "aus|von|vom|im|in dem|meinem|unserem|ihrem|diesem{2} @vertrag ..2 loeschen|loesche|entfernen|abmelden" },
	{ "de", HS_EXCLUSION, "tarif|paket|plan|passwort|sprache|adresse|zahlungsart|kontoinhaber|geraet|handy ..4 wechsel*|wechsle" },
	{ "de", HS_EXCLUSION, "wechsel*|wechsle|wechsele ..3 tarif|paket|plan|passwort|sprache|adresse|zahlungsart|kontoinhaber|geraet|handy" },
	{ "de", HS_EXCLUSION, "zu premium|pro|basic|standard|enterprise|business|team|plus|gold|platin|silber|free|jaehrlich*|monatlich* ..2 wechsel*|wechsle" },
	{ "de", HS_EXCLUSION, "wechsel*|wechsle|wechsele ..3 zu premium|pro|basic|standard|enterprise|business|team|plus|gold|platin|silber|free|jaehrlich*|monatlich*" },

	/* nicht gemeint */
	{ "de", HS_NEGATION, "nicht|nie|niemals|keinesfalls|keineswegs|nichts daran|sofort|zu|gleich|gerade|wirklich|vor|mehr{3}" },
	{ "de", HS_NEGATION, "kuend* @mein|ihnen|vertrag|abo|konto{3} nicht|nie|niemals $" },
	{ "de", HS_NEGATION, "wechsl*|wechsel*|verlass* ..2 nicht|nie|niemals" },
	{ "de", HS_NEGATION, "ohne|statt|anstatt @mein{2} vertrag|abo|konto? zu?" },
	{ "de", HS_NEGATION, "kein|keine|keinen|ohne grund|absicht|anlass|wunsch|gedanken|gedanke|interesse zu|an|zur|zum{2}" },
};

/* clang-format on */

const int hs_n_built_in_phrases = lengthof(hs_built_in_phrases);
