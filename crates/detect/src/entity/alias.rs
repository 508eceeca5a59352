//! The identifiers of Amazon Macie's managed data identifiers
//! (<https://docs.aws.amazon.com/macie/latest/user/managed-data-identifiers.html>), so that a job's list can be used as it
//! is: most are entities of their own name here, the others stand for one.

const ALIASES: &[(&str, &str)] = &[
    ("AUSTRALIA_TAX_FILE_NUMBER", "AU_TFN"),
    ("BRAZIL_PHONE_NUMBER", "PHONE_NUMBER"),
    ("CANADA_SOCIAL_INSURANCE_NUMBER", "CA_SIN"),
    ("CREDIT_CARD_NUMBER", "CREDIT_CARD"),
    ("CREDIT_CARD_NUMBER_(NO_KEYWORD)", "CREDIT_CARD"),
    ("DRIVERS_LICENSE", "US_DRIVER_LICENSE"),
    ("FRANCE_PHONE_NUMBER", "PHONE_NUMBER"),
    ("GERMANY_NATIONAL_IDENTIFICATION_NUMBER", "DE_ID_CARD"),
    ("GERMANY_PASSPORT_NUMBER", "DE_PASSPORT"),
    ("GERMANY_PHONE_NUMBER", "PHONE_NUMBER"),
    ("GERMANY_TAX_IDENTIFICATION_NUMBER", "DE_TAX_ID"),
    ("INDIA_AADHAAR_NUMBER", "IN_AADHAAR"),
    ("INDIA_PERMANENT_ACCOUNT_NUMBER", "IN_PAN"),
    ("ITALY_NATIONAL_IDENTIFICATION_NUMBER", "IT_FISCAL_CODE"),
    ("ITALY_PASSPORT_NUMBER", "IT_PASSPORT"),
    ("ITALY_PHONE_NUMBER", "PHONE_NUMBER"),
    ("NAME", "PERSON"),
    ("SPAIN_DNI_NUMBER", "ES_NIF"),
    ("SPAIN_NIE_NUMBER", "ES_NIE"),
    ("SPAIN_NIF_NUMBER", "ES_NIF"),
    ("SPAIN_PASSPORT_NUMBER", "ES_PASSPORT"),
    ("SPAIN_PHONE_NUMBER", "PHONE_NUMBER"),
    ("UK_DRIVERS_LICENSE", "UK_DRIVING_LICENCE"),
    ("UK_NATIONAL_INSURANCE_NUMBER", "UK_NINO"),
    ("UK_NHS_NUMBER", "UK_NHS"),
    ("UK_PASSPORT_NUMBER", "UK_PASSPORT"),
    ("UK_PHONE_NUMBER", "PHONE_NUMBER"),
    ("USA_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", "US_ITIN"),
    ("USA_MEDICARE_BENEFICIARY_IDENTIFIER", "US_MBI"),
    ("USA_NATIONAL_PROVIDER_IDENTIFIER", "US_NPI"),
    ("USA_PASSPORT_NUMBER", "US_PASSPORT"),
    ("USA_SOCIAL_SECURITY_NUMBER", "US_SSN"),
    ("US_DRUG_ENFORCEMENT_AGENCY_NUMBER", "MEDICAL_LICENSE"),
];

/// Countries whose bank accounts Macie finds as IBANs (ISO 13616).
const IBAN_COUNTRIES: &[&str] = &[
    "ALBANIA",
    "ANDORRA",
    "BOSNIA_AND_HERZEGOVINA",
    "BRAZIL",
    "BULGARIA",
    "COSTA_RICA",
    "CROATIA",
    "CYPRUS",
    "CZECH_REPUBLIC",
    "DENMARK",
    "DOMINICAN_REPUBLIC",
    "EGYPT",
    "ESTONIA",
    "FAROE_ISLANDS",
    "FINLAND",
    "GEORGIA",
    "GREECE",
    "GREENLAND",
    "HUNGARY",
    "ICELAND",
    "IRELAND",
    "JORDAN",
    "KOSOVO",
    "LIECHTENSTEIN",
    "LITHUANIA",
    "MALTA",
    "MAURITANIA",
    "MAURITIUS",
    "MONACO",
    "MONTENEGRO",
    "NETHERLANDS",
    "NORTH_MACEDONIA",
    "POLAND",
    "PORTUGAL",
    "SAN_MARINO",
    "SENEGAL",
    "SERBIA",
    "SLOVAKIA",
    "SLOVENIA",
    "SWEDEN",
    "SWITZERLAND",
    "TIMOR_LESTE",
    "TUNISIA",
    "TURKIYE",
    "UKRAINE",
    "UNITED_ARAB_EMIRATES",
    "VIRGIN_ISLANDS",
];

/// The entity that a name of Macie's stands for.
pub(crate) fn of(name: &str) -> Option<&'static str> {
    if let Some((_, entity)) = ALIASES.iter().find(|(alias, _)| *alias == name) {
        return Some(entity);
    }
    let country = name.strip_suffix("_BANK_ACCOUNT_NUMBER")?;
    IBAN_COUNTRIES.contains(&country).then_some("IBAN_CODE")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::by_name;

    #[test]
    fn every_alias_stands_for_an_entity_and_hides_none() {
        for (alias, entity) in ALIASES {
            assert!(by_name(entity).is_some_and(|known| known.name == *entity), "{alias}: {entity}");
        }
        assert!(IBAN_COUNTRIES.iter().all(|country| by_name(&format!("{country}_BANK_ACCOUNT_NUMBER")).is_some()));
        assert!(by_name("NOWHERE_BANK_ACCOUNT_NUMBER").is_none());
    }
}
