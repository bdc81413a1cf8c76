-- A SIRET as 14 digits, whether it was published as text or as a number that lost its leading zeros (two at most occur).
CREATE MACRO normalized_siret(value) AS
    CASE WHEN regexp_full_match(regexp_replace(published_text(value), '(\s|\.0+$)', '', 'g'), '\d{12,14}')
         THEN lpad(regexp_replace(published_text(value), '(\s|\.0+$)', '', 'g'), 14, '0') END
