-- The calendar day of '2022-01-03', '2022-01-03+01:00' or '2022-01-03-04:00': the offset does not move it.
CREATE MACRO calendar_day(value) AS
    CASE WHEN regexp_matches(published_text(value), '^\d{4}-\d{2}-\d{2}($|[T ]|[+-]\d{2}:\d{2}$)')
         THEN try_cast(left(published_text(value), 10) AS DATE) END
