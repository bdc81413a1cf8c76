#include <charconv>
#include <cmath>
#include <limits>
#include <simdjson.h>

#include "delta/civil_internal.hpp"
#include "delta/decimal_internal.hpp"
#include "delta/json_internal.hpp"
#include "delta/stats_parser_internal.hpp"

namespace ingot::delta {
namespace {

namespace od = simdjson::ondemand;

constexpr std::int64_t kMillisecond = 1'000;
constexpr std::int64_t kZoneSlack = 59'000'000;

std::string_view trimmed(std::string_view token) {
    const std::size_t end = token.find_last_not_of(" \t\r\n");
    return end == std::string_view::npos ? std::string_view() : token.substr(0, end + 1);
}

std::optional<std::int64_t> read_integer(od::value& value) {
    const std::string_view token = trimmed(value.raw_json_token());
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), number);
    if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
    return number;
}

/// Writers cut timestamps to milliseconds, and old ones printed zones without their seconds
/// (delta-io/delta#5249): the bound is moved outwards by what may be lost.
std::optional<std::int64_t> read_timestamp(od::value& value, bool is_max) {
    const auto instant = parse_instant(value.get_string().value());
    if (!instant) return std::nullopt;
    const std::int64_t zone_slack = instant->has_zone && !instant->is_utc ? kZoneSlack : 0;
    return is_max ? instant->micros + kMillisecond + zone_slack : instant->micros - zone_slack;
}

std::optional<std::int64_t> read_bound(const DataType& type, od::value& value, bool is_max,
                                       std::int64_t /*tag*/) {
    if (type.id() == TypeId::kDate) return parse_date(value.get_string().value());
    if (type.id() == TypeId::kTimestamp || type.id() == TypeId::kTimestampNtz) {
        return read_timestamp(value, is_max);
    }
    return read_integer(value);
}

std::optional<double> read_bound(const DataType& type, od::value& value, bool /*is_max*/,
                                 double /*tag*/) {
    double number = 0;
    if (value.type().value() == od::json_type::string) {
        const std::string_view text = value.get_string();
        if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
        if (text == "Infinity") return std::numeric_limits<double>::infinity();
        if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
        return std::nullopt;
    }
    number = value.get_double();
    // The text of a float is the shortest one that rounds to it.
    return type.id() == TypeId::kFloat ? static_cast<double>(static_cast<float>(number)) : number;
}

std::optional<Int128> read_bound(const DataType& type, od::value& value, bool /*is_max*/,
                                 Int128 /*tag*/) {
    if (value.type().value() == od::json_type::string) {
        return parse_decimal(value.get_string().value(), type.precision(), type.scale());
    }
    return parse_decimal(trimmed(value.raw_json_token()), type.precision(), type.scale());
}

std::optional<std::string> read_bound(const DataType& /*type*/, od::value& value, bool /*is_max*/,
                                      const std::string& /*tag*/) {
    return std::string(value.get_string().value());
}

void set_bound(StatsColumn& column, std::size_t row, od::value& value, bool is_max) {
    std::visit(
        [&](auto& values) {
            if constexpr (!std::is_same_v<std::decay_t<decltype(values)>, std::monostate>) {
                using T = std::decay_t<decltype(values.min[0])>;
                auto bound = read_bound(column.type, value, is_max, T{});
                if (!bound) return;
                (is_max ? values.max : values.min)[row] = *std::move(bound);
                column.known[row] |= is_max ? StatsColumn::kHasMax : StatsColumn::kHasMin;
            }
        },
        column.values);
}

std::shared_ptr<StatsColumn> make_column(const DataType& type, std::size_t rows) {
    auto column = std::make_shared<StatsColumn>();
    column->type = type;
    column->known.assign(rows, 0);
    column->null_count.assign(rows, -1);
    const auto with = [&](auto values) {
        values.min.resize(rows);
        values.max.resize(rows);
        column->values = std::move(values);
    };
    switch (type.id()) {
        case TypeId::kByte:
        case TypeId::kShort:
        case TypeId::kInteger:
        case TypeId::kLong:
        case TypeId::kDate:
        case TypeId::kTimestamp:
        case TypeId::kTimestampNtz:
            with(StatsColumn::Values<std::int64_t>{});
            break;
        case TypeId::kFloat:
        case TypeId::kDouble:
            with(StatsColumn::Values<double>{});
            break;
        case TypeId::kDecimal:
            with(StatsColumn::Values<Int128>{});
            break;
        case TypeId::kString:
            with(StatsColumn::Values<std::string>{});
            break;
        default:
            break;
    }
    return column;
}

/// Walks one text for all wanted columns.
class RowReader {
public:
    RowReader(const std::vector<StatsKey>& keys, std::vector<std::shared_ptr<StatsColumn>>& columns)
        : keys_(keys), columns_(columns) {}

    void read(std::string_view text, std::size_t row) {
        row_ = row;
        od::document document =
            parser_.iterate(text.data(), text.size(), text.size() + json::kPadding);
        for (auto field : document.get_object()) {
            const std::string_view key = field.unescaped_key();
            const Part part = key == "minValues"   ? Part::kMin
                              : key == "maxValues" ? Part::kMax
                              : key == "nullCount" ? Part::kNulls
                                                   : Part::kOther;
            if (part == Part::kOther) continue;
            od::value value = field.value();
            if (value.is_null()) continue;
            descend(value, part, 0, (std::uint64_t{1} << keys_.size()) - 1);
        }
    }

private:
    enum class Part : std::uint8_t { kMin, kMax, kNulls, kOther };

    /// `wanted`: the columns whose path has led here.
    void descend(od::value& object, Part part, std::size_t depth, std::uint64_t wanted) {
        for (auto field : object.get_object()) {
            const std::string_view key = field.unescaped_key();
            std::uint64_t matching = 0;
            for (std::size_t i = 0; i < keys_.size(); ++i) {
                const auto& path = keys_[i].path;
                const bool matches = (wanted >> i & 1) != 0 && depth < path.size() &&
                                     std::string_view(path[depth]) == key;
                if (matches) matching |= std::uint64_t{1} << i;
            }
            if (matching == 0) continue;
            od::value value = field.value();
            if (value.is_null()) continue;
            if (value.type().value() == od::json_type::object) {
                descend(value, part, depth + 1, matching);
                continue;
            }
            set_leaf(value, part, depth, matching);
        }
    }

    void set_leaf(od::value& value, Part part, std::size_t depth, std::uint64_t matching) {
        for (std::size_t i = 0; i < keys_.size(); ++i) {
            if ((matching >> i & 1) == 0 || keys_[i].path.size() != depth + 1) continue;
            if (part == Part::kNulls) {
                columns_[i]->null_count[row_] = read_integer(value).value_or(-1);
            } else {
                set_bound(*columns_[i], row_, value, part == Part::kMax);
            }
            return;  // The value is read once: keys are distinct.
        }
    }

    const std::vector<StatsKey>& keys_;
    std::vector<std::shared_ptr<StatsColumn>>& columns_;
    od::parser parser_;
    std::size_t row_ = 0;
};

void forget_row(StatsColumn& column, std::size_t row) {
    column.known[row] = 0;
    column.null_count[row] = -1;
}

}  // namespace

std::vector<std::shared_ptr<const StatsColumn>> parse_stats_columns(
    const TextPool& stats, const std::vector<StatsKey>& keys) {
    constexpr std::size_t kColumnsPerPass = 60;  // A bit each in a 64-bit mask.
    std::vector<std::shared_ptr<const StatsColumn>> result;
    for (std::size_t begin = 0; begin < keys.size(); begin += kColumnsPerPass) {
        const std::vector<StatsKey> pass(keys.begin() + static_cast<std::ptrdiff_t>(begin),
                                         keys.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                            begin + kColumnsPerPass, keys.size())));
        std::vector<std::shared_ptr<StatsColumn>> columns;
        for (const auto& key : pass) columns.push_back(make_column(key.type, stats.size()));
        RowReader reader(pass, columns);
        for (std::size_t row = 0; row < stats.size(); ++row) {
            if (stats[row].empty()) continue;
            try {
                reader.read(stats[row], row);
            } catch (const simdjson::simdjson_error&) {
                // Broken statistics are no statistics: the file is never skipped by them.
                for (const auto& column : columns) forget_row(*column, row);
            }
        }
        result.insert(result.end(), columns.begin(), columns.end());
    }
    return result;
}

std::int64_t parse_num_records(std::string_view stats) {
    try {
        const simdjson::padded_string padded(stats);
        od::parser parser;
        od::document document = parser.iterate(padded);
        const std::int64_t count = document["numRecords"].get_int64().value();
        return count < 0 ? -1 : count;
    } catch (const simdjson::simdjson_error&) {
        return -1;  // No count, or broken statistics.
    }
}

bool stats_have_wide_bounds(std::string_view stats) {
    try {
        const simdjson::padded_string padded(stats);
        od::parser parser;
        od::document document = parser.iterate(padded);
        return !document["tightBounds"].get_bool().value();
    } catch (const simdjson::simdjson_error&) {
        return false;  // Absent means tight.
    }
}

}  // namespace ingot::delta
