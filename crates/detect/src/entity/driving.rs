//! Driving licences of the European countries, Australia, Canada and India that Amazon Macie knows, all beside a keyword.

use super::{Entity, Family};
use crate::pattern::{Pattern, word};

const fn licence(name: &'static str, patterns: &'static [Pattern], keywords: &'static [&'static str]) -> Entity {
    Entity::new(name, Family::Personal, patterns).keyword(keywords)
}

pub(crate) const ENTITIES: &[Entity] = &[
    licence(
        "AUSTRALIA_DRIVERS_LICENSE",
        &[word(0.4, r"\d{6,10}|[A-Z]{1,2}\d{4,6}|\d{2,4}[A-Z]{2}|\d{3} ?\d{3} ?\d{3}")],
        ENGLISH,
    ),
    licence(
        "CANADA_DRIVERS_LICENSE",
        &[word(
            0.4,
            r"[A-Z]\d{4}-?\d{5}-?\d{5}|[A-Z]\d{4}-?\d{6}-?\d{2}|\d{6}-?\d{3}|\d{7,9}|[A-Z]{5}-?\d{6}-?\d{3}|[A-Z]{5}\d{9}|[A-Z]{2}-?[A-Z]{2}-?[A-Z]{2}-?[A-Z]\d{3}[A-Z]{2}",
        )],
        ENGLISH,
    ),
    licence("INDIA_DRIVERS_LICENSE", &[word(0.4, r"[A-Z]{2}[- ]?\d{2}[- ]?(?:19|20)\d{2}[- ]?\d{7}")], ENGLISH),
    licence("IRELAND_DRIVERS_LICENSE", &[word(0.4, r"\d{3}[ -]?\d{3}[ -]?\d{3}|\d{9}[A-Z]?")], ENGLISH),
    licence(
        "MALTA_DRIVERS_LICENSE",
        &[word(0.4, r"[A-Z]{2}[- ]?\d{3}[- ]?\d{3}|\d{3,7}[A-Z]")],
        &["liċenzja tas-sewqan", "driving licence", "drivers license"],
    ),
    licence("AUSTRIA_DRIVERS_LICENSE", &[word(0.4, r"\d{8}")], GERMAN),
    licence(
        "LUXEMBOURG_DRIVERS_LICENSE",
        &[word(0.4, r"\d{6}")],
        &["fahrerlaubnis", "führerschein", "fuehrerschein", "permis de conduire"],
    ),
    licence(
        "BELGIUM_DRIVERS_LICENSE",
        &[word(0.4, r"\d{10}")],
        &["rijbewijs", "rijbewijsnummer", "führerschein", "fuehrerschein", "permis de conduire"],
    ),
    licence(
        "NETHERLANDS_DRIVERS_LICENSE",
        &[word(0.4, r"\d{10}")],
        &["rijbewijs", "rijbewijsnummer", "permis de conduire"],
    ),
    licence(
        "FRANCE_DRIVERS_LICENSE",
        &[word(0.4, r"\d{12}|\d{2}[A-Z]{2}\d{5}")],
        &["permis de conduire", "numéro de permis"],
    ),
    licence(
        "BULGARIA_DRIVERS_LICENSE",
        &[word(0.4, r"\d{9}")],
        &[
            "превозно средство",
            "свидетелство за управление на моторно превозно средство",
            "шофьорска книжка",
            "сумпс",
            "свидетелство за управление",
        ],
    ),
    licence("CROATIA_DRIVERS_LICENSE", &[word(0.4, r"\d{8}")], &["vozačka dozvola", "vozacka dozvola"]),
    licence("CYPRUS_DRIVERS_LICENSE", &[word(0.4, r"\d{12}")], &["άδεια οδήγησης", "driving licence"]),
    licence(
        "GREECE_DRIVERS_LICENSE",
        &[word(0.4, r"\d{9}")],
        &["δεια οδήγησης", "άδεια οδήγησης", "adeia odigisis", "άδεια οδηγού"],
    ),
    licence(
        "CZECHIA_DRIVERS_LICENSE",
        &[word(0.4, r"[A-Z]{2} ?\d{6}")],
        &["řidičský průkaz", "ridicsky prukaz", "číslo řidičského průkazu"],
    ),
    licence(
        "SLOVAKIA_DRIVERS_LICENSE",
        &[word(0.4, r"[A-Z]\d{7}|[A-Z]{2}\d{6}")],
        &["vodičský preukaz", "vodicsky preukaz"],
    ),
    licence("DENMARK_DRIVERS_LICENSE", &[word(0.4, r"\d{8}")], &["kørekort", "kørekortnummer"]),
    licence(
        "ESTONIA_DRIVERS_LICENSE",
        &[word(0.4, r"[A-Z]{2}\d{6}")],
        &["juhi litsentsi number", "juhiloa number", "juhiluba", "juhiluba number"],
    ),
    licence(
        "FINLAND_DRIVERS_LICENSE",
        &[word(0.4, r"\d{6}[-+A-F]\d{3}[0-9A-Y]")],
        &[
            "ajokortti",
            "ajokortin numero",
            "förare lic",
            "körkort",
            "körkort nummer",
            "kuljettaja lic",
            "permis de conduire",
        ],
    ),
    licence(
        "SWEDEN_DRIVERS_LICENSE",
        &[word(0.4, r"\d{6}[- ]?\d{4}")],
        &["körkort", "körkortnummer", "ajokortti", "permis de conducere", "ajokortin numero", "kuljettajat lic"],
    ),
    licence("GERMANY_DRIVERS_LICENSE", &[word(0.4, r"[A-Z0-9]\d{2}[A-Z0-9]{6}\d[A-Z0-9]")], GERMAN),
    licence(
        "HUNGARY_DRIVERS_LICENSE",
        &[word(0.4, r"[A-Z]{2}\d{6}")],
        &[
            "vezetői engedély",
            "jogosítvány",
            "illesztőprogramok lic",
            "jogsi",
            "licencszám",
            "vezető engedély",
            "vezetői jogosítvány",
        ],
    ),
    licence(
        "ITALY_DRIVERS_LICENSE",
        &[word(0.4, r"[A-Z]{2}\d{7}[A-Z]|U1[B-HJ-NPR-UW-Z0-9]{7}[A-Z]")],
        &["patente", "patente di guida", "patente guida", "patente numero"],
    ),
    licence(
        "LATVIA_DRIVERS_LICENSE",
        &[word(0.4, r"[A-Z]{3}\d{6}")],
        &["autovadītāja apliecība", "vadītāja apliecība", "permis de conduire"],
    ),
    licence("LITHUANIA_DRIVERS_LICENSE", &[word(0.4, r"\d{8}")], &["vairuotojo pažymėjimas", "vairuotojo pazymejimas"]),
    licence(
        "POLAND_DRIVERS_LICENSE",
        &[word(0.4, r"\d{5}/\d{2}/\d{4}|\d{11}")],
        &["prawo jazdy", "permis de conduire"],
    ),
    licence(
        "PORTUGAL_DRIVERS_LICENSE",
        &[word(0.4, r"[A-Z]{1,2}-?\d{5,7} ?\d?|\d{9,10}")],
        &[
            "carta de condução",
            "carteira de condução",
            "carteira de habilitação",
            "permissão de condução",
            "carteira de motorista",
        ],
    ),
    licence(
        "ROMANIA_DRIVERS_LICENSE",
        &[word(0.4, r"[A-Z]\d{8}[A-Z]")],
        &["permis de conducere", "permisul de conducere"],
    ),
    licence(
        "SLOVENIA_DRIVERS_LICENSE",
        &[word(0.4, r"\d{9}")],
        &["vozniško dovoljenje", "vozniska dovoljenja", "številka vozniškega dovoljenja"],
    ),
    licence(
        "SPAIN_DRIVERS_LICENSE",
        &[word(0.4, r"\d{8}-?[A-Z]")],
        &[
            "carnet conducir",
            "carnet de conducir",
            "licencia conducir",
            "permiso conducir",
            "permiso de conducir",
            "licencia de manejo",
        ],
    ),
];

const ENGLISH: &[&str] = &[
    "dl",
    "dl#",
    "dlno",
    "driver licence",
    "driver license",
    "driver permit",
    "drivers lic",
    "driver's license",
    "driver's licence",
    "drivers license",
    "drivers licence",
    "drivers permit number",
    "driving licence",
    "driving license",
    "driving permit",
];

const GERMAN: &[&str] = &[
    "führerschein",
    "fuehrerschein",
    "führerscheinnummer",
    "fuehrerscheinnummer",
    "führerschein republik österreich",
    "fahrerlaubnis",
];
