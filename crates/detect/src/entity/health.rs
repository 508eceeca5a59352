//! Health care beyond one country: insurance cards, procedures, drugs, devices.

use super::{Entity, Family};
use crate::pattern::{Edges, within, word};

pub(crate) const ENTITIES: &[Entity] = &[
    // 80 for health, the country by ISO 3166-1, the institution, the card's serial (Decision S2 of the EU commission).
    Entity::new("EUROPEAN_HEALTH_INSURANCE_CARD_NUMBER", Family::Health, &[word(0.5, r"80\d{18}")]).keyword(&[
        "ehic",
        "ehic#",
        "health card",
        "health insurance card",
        "european health insurance",
        "assicurazione sanitaria",
        "tarjeta sanitaria",
        "carte européenne",
        "krankenversicherungskarte",
        "sairaanhoitokortti",
    ]),
    Entity::new("FINLAND_EUROPEAN_HEALTH_INSURANCE_NUMBER", Family::Health, &[word(0.5, r"8024680246\d{10}")]).keyword(
        &[
            "ehic",
            "ehic#",
            "health card",
            "finska sjukförsäkringskortet",
            "sairaanhoitokortti",
            "suomen sairausvakuutuskortti",
        ],
    ),
    Entity::new("USA_HEALTHCARE_PROCEDURE_CODE", Family::Health, &[word(0.4, r"[A-V]\d{4}|\d{4}[FT0-9]")]).keyword(&[
        "current procedural terminology",
        "hcpcs",
        "healthcare common procedure coding system",
        "cpt",
        "cpt code",
    ]),
    Entity::new(
        "USA_NATIONAL_DRUG_CODE",
        Family::Health,
        &[word(0.4, r"\d{4}-\d{4}-\d{2}|\d{5}-(?:\d{3}-\d{2}|\d{4}-\d{1,2})|\d{11}")],
    )
    .keyword(&["national drug code", "ndc", "ndc code"]),
    Entity::new(
        "MEDICAL_DEVICE_UDI",
        Family::Health,
        &[
            within(Edges::Free, 0.5, r"\(01\)\d{14}(?:\((?:11|17)\)\d{6}|\((?:10|21)\)[!-z]{1,20}){0,4}"),
            within(Edges::Free, 0.5, r"\+[A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}\d(?:/[!-z]{1,40})?"),
            within(Edges::Free, 0.5, r"=/[A-Z0-9]{5}[!-z]{8,40}"),
        ],
    )
    .keyword(&[
        "blood",
        "blood bag",
        "dev id",
        "device id",
        "device identifier",
        "gs1",
        "hibcc",
        "iccbba",
        "med",
        "udi",
        "unique device id",
        "unique device identifier",
    ]),
];
