/* ---
description: The NAF nomenclature with its five levels.
kind: table
key: [code]
reject:
  - {reason: NO_CODE, when: "code is null"}
columns:
  code: {type: varchar, checks: [not_null]}
  label: {type: varchar, checks: [not_null]}
  level: {type: varchar, checks: [not_null, {accepted: [section, division, group, class, subclass]}]}
checks:
  - {unique: [code]}
  - {row_count: {min: 2, max_drop: 90%}}
tests:
  - name: the level follows from the code
    given:
      bronze.codes_naf:
        - {code: SECTION A, label: " AGRICULTURE, SYLVICULTURE ET PÊCHE"}
        - {code: "01", label: x}
        - {code: "01.1", label: x}
        - {code: "01.11", label: x}
        - {code: "01.11Z", label: x}
    expect:
      - {code: SECTION A, label: "AGRICULTURE, SYLVICULTURE ET PÊCHE", level: section}
      - {code: "01", label: x, level: division}
      - {code: "01.1", label: x, level: group}
      - {code: "01.11", label: x, level: class}
      - {code: "01.11Z", label: x, level: subclass}
--- */
SELECT
    published_text(code) AS code,
    published_text(label) AS label,
    CASE WHEN regexp_full_match(trim(code), 'SECTION [A-Z]') THEN 'section'
         WHEN regexp_full_match(trim(code), '\d{2}') THEN 'division'
         WHEN regexp_full_match(trim(code), '\d{2}\.\d') THEN 'group'
         WHEN regexp_full_match(trim(code), '\d{2}\.\d{2}') THEN 'class'
         WHEN regexp_full_match(trim(code), '\d{2}\.\d{2}[A-Z]') THEN 'subclass' END AS level
FROM bronze.codes_naf
