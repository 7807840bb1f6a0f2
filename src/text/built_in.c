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

/* English */

#define EN_END "cancel|cancelling|canceling|close|closing|terminate|terminating|delete|deleting|end|ending|discontinue|discontinuing|deactivate|deactivating|inactivate|inactivating|quit|quitting|remove|removing|erase|erasing"
#define EN_ENDED "cancelled|canceled|closed|terminated|deleted|discontinued|deactivated|removed"
#define EN_ENDING "cancellation|cancelation|cancellations|termination|terminations|closure|closures|deletion|deletions|removal|removals|deactivation|deactivations"
#define EN_CONTRACT "account|accounts|contract|contracts|subscription|subscriptions|membership|memberships|agreement|agreements|licence|license|licences|licenses"
#define EN_SERVICE EN_CONTRACT "|service|services|plan"
#define EN_OUR "my|our|the|this|that|your"
#define EN_YOU "you|your|yours|this|the"
#define EN_FIRM "company|provider|service|services|bank|carrier|operator|vendor|supplier|firm|platform|business|network"
#define EN_RIVAL "competitor|competitors|competition|provider|providers|company|operator|carrier|vendor|supplier|bank|platform"
#define EN_OTHER "another|other|different|new|better|cheaper"
#define EN_WANT "want|wants|wanting|wanna|like|wish|need|needs|have|decided|going|gonna|plan|planning|intend|intending|trying|try|ready|forced|time|about|rather|asking"

/* Things that are cancelled, closed or deleted every day. */
#define EN_THING "order*|purchase*|transaction*|transfer*|payment*|charge|charges|card*|debit*|debits|topup*|top|reservation*|booking*|appointment*|meeting*|invite*|invitation*|event*|alarm*|reminder*|timer*|flight*|hotel*|room|table|restaurant*|trip*|ticket*|case|cases|issue|issues|newsletter*|email|emails|mail|mails|mailing*|alert|alerts|notification*|marketing|refund*|request|requests|invoice*|bill|bills|deliver*|shipment*|package|parcel|item|items|product|products|withdrawal*|check|checks|cheque*|song*|music|playlist*|list|lists|task*|command*|call|calls|message*|file|files|folder*|photo*|picture*|address*|phone|number|password*|tab|tabs|window*|popup*|comment*|post|posts|session*|download*|upload*|update|updates|project*|dashboard*|report|reports|record|records|entry|entries|row|rows|column*|field*|duplicate*|deal|deals|dinner|lunch|class|lesson*|autopay|pin|passcode|beneficiar*|payee*"

/* German */

#define DE_CONTRACT "*vertrag|*vertraege|*vertrages|*vertrags|*abo|*abos|*abonnement|*abonnements|*konto|*konten|account|accounts|*mitgliedschaft|*zugang|*tarif|*lizenz|*lizenzen|*anschluss|vereinbarung|zusammenarbeit|geschaeftsbeziehung|kundenbeziehung|service|dienst|dienste|dienstleistung"
#define DE_END "beende|beenden|beendigen|beendet|aufloesen|loese|loeschen|loesche|stornieren|storniere|schliessen|schliesse|aufheben|deaktivieren|deaktiviere|abmelden|auslaufen|aufgeben|aufkuendigen|quittieren"
#define DE_ENDED "beenden|beendet|aufgeloest|geloescht|storniert|geschlossen|deaktiviert|gekuendigt"
#define DE_MY "meinen|meine|mein|meines|unseren|unsere|unser|den|das|die|dem|diesen|dieses|diese|ihren|ihr|ihre|euren|euer|eure|sie|bitte"
#define DE_WANT "will|wollen|moechte|moechten|werde|werden|wuerde|wuerden|muss|muessen|kann|koennen|soll|sollte|sollten|mag|habe|haben"
#define DE_FIRM "anbieter|provider|betreiber|netzbetreiber|mobilfunkanbieter|stromanbieter|internetanbieter|telefonanbieter|versorger|dienstleister|lieferant|lieferanten|bank|unternehmen|firma|software|plattform"
#define DE_THING "*newsletter*|*bestellung*|*termin|*termine|*reservierung*|*buchung*|*karte|*karten|*kreditkarte*|*ueberweisung*|*dauerauftrag*|*lastschrift*|*zahlung*|*rechnung*|*lieferung*|*sendung*|*paket|*auftrag|*ticket*|*wecker*|*erinnerung*|*flug|*hotel*|*reise*|*zimmer|*tisch|*wohnung|*mietvertrag|*mietverhaeltnis|*arbeitsvertrag|*arbeitsverhaeltnis|*job|*stelle|*arbeitsplatz|*mitarbeiter*|*angestellte*|*mail|*mails|*email*|*nachricht*|*datei*|*foto*|*bild|*bilder|*passwort*|*anruf*|*besprechung*|*meeting*|*eintrag|*eintraege|*projekt*|*versand*|*erstattung*|*benachrichtigung*"

const HsPhraseSource hs_built_in_phrases[] = {
	/* the contract, the account is to end */
	{ "en", HS_INTENT, EN_END " all|of|down|out|up|off{2} " EN_OUR "|all|of|a|an|any|both{3} ..2 " EN_CONTRACT },
	{ "en", HS_INTENT, EN_END " " EN_OUR "{2} ..2 service|services|plan" },
	{ "en", HS_INTENT, "stop|stopping " EN_OUR "{2} ..2 subscription|subscriptions|contract|contracts|membership|memberships|service|services" },
	{ "en", HS_INTENT, "shut|shutting|close|closing|wind|winding down|off " EN_OUR "{2} ..2 " EN_CONTRACT },
	{ "en", HS_INTENT, "shut|shutting " EN_OUR " ..2 " EN_CONTRACT " down" },
	{ "en", HS_INTENT, "get|getting|be|gets rid of ..3 " EN_SERVICE },
	{ "en", HS_INTENT, "get|getting|want out of " EN_OUR "{2} ..2 contract|contracts|agreement|subscription|membership|plan" },
	{ "en", HS_INTENT, "give|giving|gave up ..2 " EN_CONTRACT },
	{ "en", HS_INTENT, EN_CONTRACT " to|should|must be|get|become " EN_ENDED },
	{ "en", HS_INTENT, EN_CONTRACT " be " EN_ENDED },
	{ "en", HS_INTENT, "have|get|want|need|wants|needs|getting|having ..2 " EN_CONTRACT " completely|fully|permanently|immediately|now{2} " EN_ENDED },
	{ "en", HS_INTENT, "i|ive|we|weve have|had|already|just|now{3} " EN_ENDED " " EN_OUR " ..2 " EN_SERVICE },
	{ "en", HS_INTENT, EN_ENDING " of " EN_OUR "|a|an{2} ..2 " EN_SERVICE },
	{ "en", HS_INTENT, "account|accounts|contract|contracts|subscription|subscriptions|membership|memberships|service|plan " EN_ENDING },
	{ "en", HS_INTENT, "request|requesting|requested ..2 cancellation|cancelation|termination" },
	{ "en", HS_INTENT, "notice|letter|confirmation|date|process of|for ..2 cancellation|cancelation|termination" },
	{ "en", HS_INTENT, "cancellation|cancelation|termination notice|letter|request|period|fee|fees|charge|charges|penalty|penalties|policy|terms|process" },
	{ "en", HS_INTENT, "early exit|termination|cancellation ..1 fee|fees|charge|charges|penalty|penalties|clause" },
	{ "en", HS_INTENT, EN_WANT " to immediately|now|just|also|fully|completely{2} cancel|terminate|unsubscribe immediately|today|now|asap|please|thanks|altogether|entirely|completely|everything|this|here|effective|because|as|since|due|with|by|at|from|if{2} $" },
	{ "en", HS_INTENT, EN_WANT " to cancel|terminate because|since|due|effective|asap|immediately|with" },
	{ "en", HS_INTENT, EN_WANT " to ..1 leave|quit|leaving " EN_YOU "{2} ..1 " EN_FIRM },
	{ "en", HS_INTENT, EN_WANT " to ..1 leave|quit soon|now|asap|today|tomorrow|immediately|you|altogether{2} $" },

	/* no longer */
	{ "en", HS_INTENT, "no longer want|need|use|require|wish|like|interested|using|wanting|needing to|in|have|keep|use{3} ..2 " EN_SERVICE },
	{ "en", HS_INTENT, "not|dont|doesnt want|need|use|require|wish to|have|keep|use{2} " EN_OUR "|any|an|a{2} ..2 " EN_SERVICE " anymore|longer" },
	{ "en", HS_INTENT, "not|dont want|need|use|require|wish to|have|keep|use{2} " EN_OUR "|any|an|a{2} ..2 " EN_SERVICE " any more|longer" },
	{ "en", HS_INTENT, "not|dont|cant|cannot use|using|want ..3 service|services|product|platform anymore|again" },
	{ "en", HS_INTENT, "no longer want|wish|need to|be{2} a? customer|customers|client|clients|member|members|subscriber" },
	{ "en", HS_INTENT, "not|dont want|wish to be|remain|stay ..2 customer|customers|client|clients|member|members|subscriber" },
	{ "en", HS_INTENT, "last|final day|days|week|weeks|month|months|year as|with ..2 customer|client|member|you" },
	{ "en", HS_INTENT, "stop|stopping|stopped|quit|quitting using|paying|working ..2 your|you|this service|services|product|platform|software|app|company" },
	{ "en", HS_INTENT, "stop|stopping doing|working business|with{2} you" },
	{ "en", HS_INTENT, "done with you|your|this company|service|services|provider|bank|product|platform|contract|subscription?" },

	/* not renewed */
	{ "en", HS_INTENT, "not|dont|wont|wouldnt|never|without be|going|want|wanting|wish|planning|plan|intend|to|automatically{4} renew|renewing|extend|extending|prolong" },
	{ "en", HS_INTENT, "decided|prefer|choose|chosen|rather against|not to|renewing|renew|extending{2} renew|renewing|extend|extending|continue" },
	{ "en", HS_INTENT, "no|stop|cancel|disable|deactivate|prevent|avoid|off ..2 auto|automatic renewal|renewals|renew|renewing" },
	{ "en", HS_INTENT, "stop|cancel|disable|prevent|avoid|off ..2 renewal|renewals|autorenew|autorenewal" },
	{ "en", HS_INTENT, "let|letting ..3 subscription|contract|membership|agreement|licence|license expire|lapse|end|run" },
	{ "en", HS_INTENT, "not|dont|wont want|wanting|wish|be|going|planning|to{4} continue|continuing|stay|staying|remain|proceed on|as|using|with|our|my|the|this|your{4} " EN_SERVICE "|you|customer|client|company|provider" },
	{ "en", HS_INTENT, "not|dont think|believe i|we|ill|well|will|can|should{3} stay|continue|remain|keep ..2 " EN_FIRM "|you" },

	/* leaving, for another */
	{ "en", HS_INTENT, "leave|leaving|quit|quitting|ditch|ditching|dump|dumping|drop|dropping|abandon|abandoning " EN_YOU "|a|my|our|current{2} " EN_FIRM },
	{ "en", HS_INTENT, "i|we am|are|im|were? leaving you|now|soon|tomorrow|today|definitely|next|for|this|at|the|end|of|week|month|year|good{5} $" },
	{ "en", HS_INTENT, "im|were leaving you|now|soon|tomorrow|today|definitely|next|for|this|at|the|end|of|week|month|year|good{5} $" },
	{ "en", HS_INTENT, "i|we will|ill|well leave|quit you|now|soon|tomorrow|today|definitely|next|for|this|at|the|end|of|week|month|year|good{5} $" },
	{ "en", HS_INTENT, "considering|consider|thinking|think|contemplating of|about? leaving|cancelling|canceling|switching|quitting|terminating you|your|this|the|company|service|provider{3} $" },
	{ "en", HS_INTENT, "switch|switching|change|changing|move|moving|migrate|migrating|go|going|transfer|transferring|defect|defecting to|over|with|towards{2} a|an|your|the|some|one{3} of? the|your? competitor|competitors|competition" },
	{ "en", HS_INTENT, "switch|switching|change|changing|move|moving|migrate|migrating|go|going over? to|for|with a|an|some? " EN_OTHER " ..1 " EN_RIVAL },
	{ "en", HS_INTENT, "switch|switching|change|changing " EN_OUR "? provider|providers|operator|operators|carrier|carriers|supplier|suppliers|vendor|vendors|companies|banks|isp" },
	{ "en", HS_INTENT, "move|moving|migrate|migrating|switch|switching away|off from|of{2} " EN_YOU "{2} " EN_FIRM "|you|product|system|software|app" },
	{ "en", HS_INTENT, "look|looking|search|searching|shopping|evaluating|consider|considering ..1 for|at|around|into? a|an|some? " EN_OTHER "|alternative ..1 " EN_RIVAL },
	{ "en", HS_INTENT, "replace|replacing you|your ..2 with|by" },
	{ "en", HS_INTENT, "take|taking|taken ..1 business|money|custom elsewhere|somewhere" },
	{ "en", HS_INTENT, "go|going|look|looking|move|moving|switch|switching elsewhere" },
	{ "en", HS_INTENT, "part|parting|go|going our|separate? ways" },
	{ "en", HS_INTENT, "end|ending|terminate|terminating our|the|this business? relationship|partnership|cooperation|collaboration|arrangement" },
	{ "en", HS_INTENT, "opt|opting out of " EN_OUR "{2} ..1 " EN_SERVICE },
	{ "en", HS_INTENT, "how|where|way|want|like|wish|need|can|could|to ..2 unsubscribe|unsubscribing from ..1 " EN_SERVICE },
	{ "en", HS_INTENT, "finish|finishing|finished up? with " EN_OUR " " EN_SERVICE },

	/* something else */
	{ "en", HS_EXCLUSION, EN_END "|stop|stopping|" EN_ENDED " ..4 " EN_THING },
	{ "en", HS_EXCLUSION, EN_ENDING " ..3 " EN_THING },
	{ "en", HS_EXCLUSION, EN_THING " ..1 " EN_ENDING },
	{ "en", HS_EXCLUSION, EN_THING " subscription*|to|should|must|be{3} " EN_ENDED },
	{ "en", HS_EXCLUSION, "newsletter*|email*|mailing|magazine*|sms|blog|podcast list? subscription*" },
	{ "en", HS_EXCLUSION, "subscription*|subscribe*|unsubscrib* ..4 newsletter*|email*|mailing|marketing|notification*" },
	{ "en", HS_EXCLUSION, EN_CONTRACT "|service|plan payment*|transfer*|order*|newsletter*|email|emails|notification*|reminder*|alert*|appointment*|manager*|tab|tabs|window*|charge|charges|transaction*|request|requests|statement*" },
	{ "en", HS_EXCLUSION, "hotel|room|flight|booking|reservation|restaurant|order|airbnb|ticket cancellation|cancelation" },
	{ "en", HS_EXCLUSION, "cancellation|cancelation|termination ..4 hotel*|flight*|booking*|reservation*|order*|restaurant*|airline*|appointment*" },
	{ "en", HS_EXCLUSION, "end|ending of ..3 " EN_SERVICE "|month|year|week|day" },
	{ "en", HS_EXCLUSION, "end|close|closing date|balance" },
	{ "en", HS_EXCLUSION, EN_END " ..3 from|in|on|of ..1 " EN_CONTRACT },

	/* not meant */
	{ "en", HS_NEGATION, "not|dont|doesnt|didnt|wont|wouldnt|never|shouldnt|isnt|arent|im|havent ever|yet|actually|really|just|even|want|wanted|wanting|to|wish|wishing|like|need|needing|have|plan|planning|intend|intending|intention|going|gonna|mean|meant|be|been|thinking|think|considering|asking|asked|ask|say|saying|said|about|of|for|you|i|we|id|ill|will|would|should|that|it|a|the{6}" },
	{ "en", HS_NEGATION, "no|without need|reason|reasons|intention|intentions|plan|plans|wish|desire|point|thoughts to|of|in|on|for{2}" },
	{ "en", HS_NEGATION, "without|instead|rather|avoid|against|than|prevent of|than|having|to{2}" },

	/* Deutsch: was gekuendigt, beendet, geloescht werden soll */
	{ "de", HS_INTENT, "kuendig*" },
	{ "de", HS_INTENT, "kuenden|kuende" },
	{ "de", HS_INTENT, "aufkuendig*|sonderkuendig*|vertragskuendig*|kontokuendig*|abokuendig*" },
	{ "de", HS_INTENT, "gekuendigt werden|haben|habe|hatte|wird" },
	{ "de", HS_INTENT, "habe|haben|moechte|will|wollen|moechten ..5 gekuendigt" },
	{ "de", HS_INTENT, DE_CONTRACT " ..4 " DE_END },
	{ "de", HS_INTENT, DE_END " ich|wir|hiermit|" DE_MY "{4} ..1 " DE_CONTRACT },
	{ "de", HS_INTENT, DE_CONTRACT " ..2 " DE_ENDED " werden|haben" },
	{ "de", HS_INTENT, "loeschung|schliessung|beendigung|aufloesung|deaktivierung|stornierung|aufhebung " DE_MY "|meiner|unserer|der|des|von|vom{3} ..1 " DE_CONTRACT "|*kontos|*accounts|zugangs" },
	{ "de", HS_INTENT, "kontoschliessung|kontoloeschung|vertragsaufloesung|vertragsbeendigung|vertragsende|accountloeschung|aufhebungsvertrag" },
	{ "de", HS_INTENT, "aus|vom ..2 vertrag|abo ..2 raus|rauskommen|aussteigen|herauskommen|zuruecktreten|heraus" },
	{ "de", HS_INTENT, "melde|melden ..3 " DE_CONTRACT " ab" },

	/* nicht mehr */
	{ "de", HS_INTENT, "nicht mehr|weiter|laenger|automatisch{2} verlaenger*|erneuern|fortsetzen|fortfuehren|weiterfuehren" },
	{ "de", HS_INTENT, "keine verlaengerung" },
	{ "de", HS_INTENT, "nicht mehr|laenger|weiter{2} ..2 kunde|kundin|kunden|mitglied ..1 sein|bleiben" },
	{ "de", HS_INTENT, "kein|keine ..1 kunde|kundin|kunden|mitglied mehr" },
	{ "de", HS_INTENT, "nicht|nie mehr|wieder|laenger|weiter{2} bei|mit ihnen|euch|dir|diesem|dieser ..2 bleiben|sein|zusammenarbeiten|arbeiten" },
	{ "de", HS_INTENT, "nicht dass|daran|ich|wir|bei|mit|diesem|dieser|ihnen|euch{5} ..1 bleiben|bleibe werde|werden|will" },
	{ "de", HS_INTENT, "nicht mehr|laenger|weiter{2} nutzen|benutzen|verwenden|benoetigen|brauchen" },
	{ "de", HS_INTENT, "benoetige|benoetigen|brauche|brauchen|nutze|nutzen ..4 " DE_CONTRACT " nicht mehr|laenger" },
	{ "de", HS_INTENT, "will|wollen|moechte|moechten nicht mehr bleiben" },

	/* zu einem anderen */
	{ "de", HS_INTENT, DE_FIRM " ..3 wechsel*|gewechselt|verlassen|verlasse" },
	{ "de", HS_INTENT, "wechsel*|wechsle|wechsele ..3 " DE_FIRM "|konkurrenz|mitbewerber|wettbewerber" },
	{ "de", HS_INTENT, "zur|zum|an die|eine|einen? konkurrenz|mitbewerber|wettbewerber ..2 wechsel*|gehen|gehe|wandern" },
	{ "de", HS_INTENT, "zu einem|einer anderen|neuen|guenstigeren|besseren ..1 " DE_FIRM " ..2 wechsel*|gehen|gehe" },
	{ "de", HS_INTENT, "neuen|anderen|alternativen " DE_FIRM " ..2 suchen|suche|gesucht" },
	{ "de", HS_INTENT, "suche|suchen ..2 anderen|neuen|alternativen ..1 " DE_FIRM },
	{ "de", HS_INTENT, "ich|wir wechsle|wechsele|wechseln ..4 zu" },
	{ "de", HS_INTENT, "wechsle|wechsele ..3 zu" },
	{ "de", HS_INTENT, DE_WANT " ..5 zu ..1 wechseln" },
	{ "de", HS_INTENT, DE_WANT " ..5 verlassen" },
	{ "de", HS_INTENT, "verlasse|verlassen sie|euch|dich|den|die|ihr|ihre|euren ..1 " DE_FIRM "" },
	{ "de", HS_INTENT, "ich verlasse ..2 $" },
	{ "de", HS_INTENT, "will|wollen|moechte|moechten weg|fort von|vom" },

	/* etwas anderes */
	{ "de", HS_EXCLUSION, "kuendig*|kuenden|kuende|" DE_END " ich|wir|hiermit|" DE_MY "{4} " DE_THING },
	{ "de", HS_EXCLUSION, DE_THING " ..3 kuendig*|kuenden|gekuendigt|" DE_END "|" DE_ENDED },
	{ "de", HS_EXCLUSION, "kuendigung|loeschung|stornierung ..2 " DE_THING },
	{ "de", HS_EXCLUSION, "kuendigungsschutz*|*newsletter*" },
	{ "de", HS_EXCLUSION, "mir|uns ..3 gekuendigt" },
	{ "de", HS_EXCLUSION, "zu dir|euch|ihnen|mir|uns|einem|einer|meinem|meiner|dem|der ..2 wechseln" },
	{ "de", HS_EXCLUSION, "wechsle|wechsele|wechseln ..3 zu dir|euch|ihnen|mir|uns|einem|einer|dem|der tarif*|paket*" },
	{ "de", HS_EXCLUSION, "verlassen|verlasse auf|darauf" },
	{ "de", HS_EXCLUSION, "auf|darauf ..3 verlassen" },
	{ "de", HS_EXCLUSION, "haus|buero|raum|seite|gruppe|chat|land|stadt ..1 verlassen" },

	/* nicht gemeint */
	{ "de", HS_NEGATION, "nicht|nie|niemals|keinesfalls|keineswegs|nichts daran|sofort|zu|gleich|gerade|wirklich|vor|mehr{3}" },
	{ "de", HS_NEGATION, "kuendig*|kuende " DE_MY "|ihnen|vertrag|abo|konto{3} nicht|nie|niemals $" },
	{ "de", HS_NEGATION, "wechsle|wechsele|wechseln|verlasse ..2 nicht|nie|niemals" },
	{ "de", HS_NEGATION, "ohne|statt|anstatt " DE_MY "{2} vertrag|abo|konto? zu?" },
	{ "de", HS_NEGATION, "kein|keine|keinen|ohne grund|absicht|anlass|wunsch|gedanken|gedanke|interesse zu|an|zur|zum{2}" },
};

/* clang-format on */

const int hs_n_built_in_phrases = lengthof(hs_built_in_phrases);
