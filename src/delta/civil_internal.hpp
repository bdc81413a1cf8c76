#pragma once
// The fixed date and time spellings of partition values and statistics. Made for speed: a log holds
// millions of them.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ingot::delta {

/// `yyyy-MM-dd` as days since 1970-01-01; years of more than four digits and negative ones too.
std::optional<std::int64_t> parse_date(std::string_view text);
std::string format_date(std::int64_t days);

struct CivilInstant {
    std::int64_t micros = 0;  ///< In UTC when the text has a zone, else as civil time.
    bool has_zone = false;
    bool is_utc = false;  ///< The zone is `Z`.
};
/// `yyyy-MM-dd[( |T)HH:mm:ss[.fraction]][Z|+HH:mm|+HHmm]`, up to nine digits of fraction (cut to
/// microseconds).
std::optional<CivilInstant> parse_instant(std::string_view text);
/// `yyyy-MM-ddTHH:mm:ss.ffffff` with that separator instead of T.
std::string format_instant(std::int64_t micros, char separator);

}  // namespace ingot::delta
