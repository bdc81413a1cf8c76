/* ---
description: Establishments that are open, with the columns that the analysis needs, named and typed.
kind: table
key: [siret]
reject:
  - {reason: BAD_SIRET, when: "siret is null"}
  - {reason: NO_STATE, when: "state is null"}
  - {reason: CLOSED, when: "state <> 'A'"}
duplicates: {keep: "last_processed_at desc nulls last", others: reject, reason: DUPLICATE_SIRET}
columns:
  siret: {type: varchar, checks: [not_null, {regex: "[0-9]{14}"}]}
  siren: {type: varchar, checks: [{regex: "[0-9]{9}"}]}
  state: {type: varchar, checks: [{accepted: [A]}]}
  created_on: {type: date}
  period_started_on: {type: date}
  last_processed_at: {type: timestamp}
  is_head_office: {type: boolean}
  is_employer: {type: boolean}
  size_code: {type: varchar, description: Class of the number of employees}
  usual_name: {type: varchar}
  sign: {type: varchar, description: Name over the door}
  street: {type: varchar}
  postal_code: {type: varchar}
  region: {type: varchar, description: First two digits of the postal code}
  city: {type: varchar}
  naf_code: {type: varchar, description: "Main activity, of the NAF nomenclature"}
checks:
  - {unique: [siret]}
  - {row_count: {min: 2, max_drop: 90%}}
tests:
  - name: only open establishments, and a number as SIRET gets its zeros back
    given:
      bronze.etablissements:
        - {siret: "562019000057", siren: "5620190", etatAdministratifEtablissement: A, caractereEmployeurEtablissement: O, codePostalEtablissement: "02850"}
        - {siret: "13003161000053", etatAdministratifEtablissement: F}
        - {siret: "13003161000061", etatAdministratifEtablissement: " "}
    expect: [{siret: "00562019000057", siren: "005620190", is_employer: true, region: "02"}]
    rejected:
      - {_reject_reason: CLOSED, siret: "13003161000053"}
      - {_reject_reason: NO_STATE, siret: "13003161000061"}
--- */
SELECT
    normalized_siret(siret) AS siret,
    left(normalized_siret(siret), 9) AS siren,
    published_text(etatAdministratifEtablissement) AS state,
    calendar_day(dateCreationEtablissement) AS created_on,
    calendar_day(dateDebut) AS period_started_on,
    try_cast(published_text(dateDernierTraitementEtablissement) AS TIMESTAMP) AS last_processed_at,
    try_cast(published_text(etablissementSiege) AS BOOLEAN) AS is_head_office,
    published_text(caractereEmployeurEtablissement) = 'O' AS is_employer,
    published_text(trancheEffectifsEtablissement) AS size_code,
    published_text(denominationUsuelleEtablissement) AS usual_name,
    published_text(enseigne1Etablissement) AS sign,
    concat_ws(
        ' ',
        published_text(numeroVoieEtablissement),
        published_text(typeVoieEtablissement),
        published_text(libelleVoieEtablissement)
    ) AS street,
    published_text(codePostalEtablissement) AS postal_code,
    left(published_text(codePostalEtablissement), 2) AS region,
    published_text(libelleCommuneEtablissement) AS city,
    CASE WHEN published_text(nomenclatureActivitePrincipaleEtablissement) = 'NAFRev2'
         THEN published_text(activitePrincipaleEtablissement) END AS naf_code
FROM bronze.etablissements
