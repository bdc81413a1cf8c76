-- A published text without its blanks; nothing, 'nan' and 'None' stand for a missing value.
CREATE MACRO published_text(value) AS
    CASE WHEN trim(value) IN ('', 'nan', 'NaN', 'None', 'null') THEN NULL ELSE trim(value) END
