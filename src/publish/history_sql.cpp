#include "publish/history_sql.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "project/history.hpp"
#include "publish/merge_sql.hpp"
#include "quality/sql_text.hpp"

namespace ingot::publish {
namespace {

using project::kSeenAgain;
using project::kSeenAt;
using project::kValidFrom;
using project::kValidTo;
using quality::quoted_name;
using quality::quoted_text;

std::string quoted_list(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + quoted_name(name);
    return list;
}

constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

/// What each column of the table is to the history.
struct Roles {
    std::vector<std::string> key;
    std::vector<std::string> order_by;  ///< Told apart, not compared.
    std::string time;                   ///< Empty: rows hold since they were seen.
    std::vector<std::string> compared;
    std::vector<std::string> kept;  ///< All of the above.
    DataType instant;               ///< Of valid_from.
    DataType seen_again;
};

Roles roles_of(const KeepHistory& mode, const Schema& schema) {
    const auto column = [&](const std::string& name) { return schema.find(name)->name; };
    const auto has = [](const std::vector<std::string>& names, const std::string& name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    Roles roles;
    for (const std::string& name : mode.key) roles.key.push_back(column(name));
    if (!mode.time.empty() && !has(roles.key, column(mode.time))) roles.time = column(mode.time);
    for (const std::string& name : mode.order_by) {
        if (!has(roles.key, column(name)) && column(name) != roles.time)
            roles.order_by.push_back(column(name));
    }
    roles.instant = schema.find(kValidFrom)->type;
    for (const Field& field : schema.fields) {
        if (field.name == kValidFrom || field.name == kValidTo) continue;
        if (field.name == kSeenAgain) {
            roles.seen_again = field.type;
            continue;
        }
        roles.kept.push_back(field.name);
        const bool told_apart = has(roles.key, field.name) || has(roles.order_by, field.name);
        if (!told_apart && field.name != roles.time) roles.compared.push_back(field.name);
    }
    return roles;
}

std::string row_of(const std::vector<std::string>& columns) {
    return columns.empty() ? "true" : "ROW(" + quoted_list(columns) + ")";
}

std::string literal(const DataType& type, Timestamp at) {
    if (type.id() != TypeId::kDate) return Scalar::integer(type, at.micros()).to_sql();
    const std::int64_t before = at.micros() % kMicrosPerDay < 0 ? 1 : 0;
    return Scalar::integer(type, at.micros() / kMicrosPerDay - before).to_sql();
}

/// The least instant after another.
std::string after(const DataType& type, const std::string& instant) {
    switch (type.id()) {
        case TypeId::kDate:
            return instant + " + 1";
        case TypeId::kTimestampNtz:
            return "make_timestamp(epoch_us(" + instant + ") + 1)";
        default:
            return "make_timestamptz(epoch_us(" + instant + ") + 1)";
    }
}

/// RFC 6901. Unlike a JSON path it can name a member with quotes.
std::string json_pointer(const std::string& member) {
    std::string pointer = "/";
    for (const char c : member) {
        if (c == '~') pointer += "~0";
        if (c == '/') pointer += "~1";
        if (c != '~' && c != '/') pointer += c;
    }
    return pointer;
}

/// The key as text, as it also stands in the rows of a quarantine.
std::string key_text(const std::vector<std::string>& key, bool from_quarantine) {
    std::string members;
    for (const std::string& name : key) {
        members +=
            (members.empty() ? "" : ", ") + quoted_text(name) + ": " +
            (from_quarantine ? "json_extract(\"_raw\", " + quoted_text(json_pointer(name)) + ")"
                             : quoted_name(name));
    }
    return "CAST(to_json({" + members + "}) AS VARCHAR)";
}

/// The pieces of the one statement. Times at which a key was seen are `observed`, those at which it
/// was found gone are `ended`; laid out in time, neighbours with equal values are one version.
class HistoryStatement {
public:
    HistoryStatement(const KeepHistory& mode, const Schema& schema, const HistoryInput& input)
        : mode_(mode),
          schema_(schema),
          input_(input),
          roles_(roles_of(mode, schema)),
          key_(quoted_list(roles_.key)),
          kept_(quoted_list(roles_.kept)),
          now_(literal(roles_.instant, mode.now)) {}

    std::string text() const {
        return fmt::format(
            "WITH incoming AS MATERIALIZED (SELECT * FROM {incoming}), "
            "stored AS MATERIALIZED ({stored}), "
            "bounds AS (SELECT {key}, max(greatest({from}, coalesce({to}, {from}))) AS "
            "_ingot_bound, "
            "bool_or({to} IS NULL) AS _ingot_open FROM stored GROUP BY {key}), "
            "observed AS ({observed}), "
            "ended AS ({ended}), "
            "chosen AS (SELECT * FROM observed AS o QUALIFY row_number() OVER (PARTITION BY {key}, "
            "_ingot_at ORDER BY {rank} DESC) = 1), "
            "events AS (SELECT *, false AS _ingot_end FROM chosen UNION ALL BY NAME SELECT *, true "
            "AS _ingot_end FROM ended), "
            "marked AS (SELECT *, _ingot_end OR coalesce(lag(_ingot_end) OVER timeline, true) OR "
            "lag({values}) OVER timeline IS DISTINCT FROM {values} AS _ingot_begins FROM events "
            "WINDOW timeline AS (PARTITION BY {key} ORDER BY _ingot_at, _ingot_end)), "
            "numbered AS (SELECT *, sum(_ingot_begins::BIGINT) OVER (PARTITION BY {key} ORDER BY "
            "_ingot_at, _ingot_end ROWS UNBOUNDED PRECEDING) AS _ingot_version FROM marked), "
            "spans AS (SELECT {key}, _ingot_version, min(_ingot_at) AS _ingot_from{again} FROM "
            "numbered GROUP BY {key}, _ingot_version), "
            "versions AS (SELECT *, lead(_ingot_from) OVER (PARTITION BY {key} ORDER BY "
            "_ingot_version) AS _ingot_to FROM spans) "
            "SELECT {columns} FROM numbered AS n JOIN versions AS v USING ({key}, _ingot_version) "
            "WHERE n._ingot_begins AND NOT n._ingot_end",
            fmt::arg("incoming", input_.incoming), fmt::arg("stored", stored()),
            fmt::arg("key", key_), fmt::arg("from", quoted_name(kValidFrom)),
            fmt::arg("to", quoted_name(kValidTo)), fmt::arg("observed", observed()),
            fmt::arg("ended", ended()), fmt::arg("rank", rank("o")),
            fmt::arg("values", row_of(roles_.compared)), fmt::arg("again", seen_again()),
            fmt::arg("columns", columns()));
    }

private:
    bool by_time() const { return !mode_.time.empty(); }

    /// With the columns of the incoming rows, which may be more or wider.
    std::string stored() const {
        const std::string none = "SELECT * FROM " + input_.incoming + " WHERE false";
        if (input_.stored.empty()) return none;
        return "SELECT * FROM " + input_.stored + " UNION ALL BY NAME " + none;
    }

    std::string rank(const std::string& alias) const {
        Schema ranked;
        for (const std::string& name : roles_.kept) {
            if (name != roles_.time) ranked.fields.push_back(*schema_.find(name));
        }
        return row_rank(alias, roles_.key, roles_.order_by, ranked);
    }

    std::string observed() const {
        std::string sql =
            fmt::format("SELECT {}, {} AS _ingot_at FROM stored", kept_, quoted_name(kValidFrom));
        if (!by_time()) return sql + " UNION ALL " + seen_now();
        sql += " UNION ALL " + stored_again() +
               fmt::format(" UNION ALL SELECT {}, {} AS _ingot_at FROM incoming", kept_,
                           quoted_name(kValidFrom));
        return mode_.close_missing ? sql + " UNION ALL " + seen_after_the_end() : sql;
    }

    /// Rows that hold since now, even when the clock stands before what is stored.
    std::string seen_now() const {
        return fmt::format(
            "SELECT {}, CASE WHEN _ingot_bound >= {} THEN {} ELSE {} END AS _ingot_at FROM "
            "incoming LEFT JOIN bounds USING ({})",
            kept_, quoted_name(kValidFrom), after(roles_.instant, "_ingot_bound"),
            quoted_name(kValidFrom), key_);
    }

    std::string stored_again() const {
        std::string list;
        for (const std::string& name : roles_.kept) {
            const std::string quoted = quoted_name(name);
            const bool seen = std::find(roles_.order_by.begin(), roles_.order_by.end(), name) !=
                              roles_.order_by.end();
            list += (list.empty() ? "" : ", ");
            if (name == roles_.time) {
                list += fmt::format("_ingot_again.{} AS {}", quoted_name(kSeenAt), quoted);
            } else {
                list += seen ? fmt::format("_ingot_again.{0} AS {0}", quoted) : quoted;
            }
        }
        return fmt::format(
            "SELECT {}, _ingot_again.{} AS _ingot_at FROM (SELECT *, unnest({}) AS _ingot_again "
            "FROM stored)",
            list, quoted_name(kSeenAt), quoted_name(kSeenAgain));
    }

    /// Keys that were found gone and are there again, with rows of before.
    std::string seen_after_the_end() const {
        return fmt::format(
            "SELECT {kept}, greatest({now}, {after}) AS _ingot_at FROM (SELECT * FROM incoming AS "
            "i QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {from} DESC, {rank} DESC) = "
            "1) "
            "JOIN bounds USING ({key}) WHERE NOT _ingot_open AND _ingot_bound >= {from}",
            fmt::arg("kept", kept_), fmt::arg("now", now_),
            fmt::arg("after", after(roles_.instant, "_ingot_bound")), fmt::arg("key", key_),
            fmt::arg("from", quoted_name(kValidFrom)), fmt::arg("rank", rank("i")));
    }

    std::string ended() const {
        std::string sql = fmt::format(
            "SELECT {key}, {to} AS _ingot_at FROM (SELECT {key}, {to}, lead({from}) OVER "
            "(PARTITION BY {key} ORDER BY {from}) AS _ingot_next FROM stored) WHERE {to} IS NOT "
            "NULL "
            "AND {to} IS DISTINCT FROM _ingot_next",
            fmt::arg("key", key_), fmt::arg("from", quoted_name(kValidFrom)),
            fmt::arg("to", quoted_name(kValidTo)));
        if (!mode_.close_missing) return sql;
        sql += fmt::format(
            " UNION ALL SELECT {0}, greatest({1}, {2}) AS _ingot_at FROM bounds ANTI JOIN incoming "
            "USING ({0}) WHERE _ingot_open",
            key_, now_, after(roles_.instant, "_ingot_bound"));
        // A row that was rejected is there, whatever is wrong with it.
        if (!input_.rejected.empty()) {
            sql += fmt::format(" AND {} NOT IN (SELECT {} FROM {})", key_text(roles_.key, false),
                               key_text(roles_.key, true), input_.rejected);
        }
        return sql;
    }

    std::string seen_again() const {
        if (!by_time()) return "";
        std::string members = quoted_name(kSeenAt) + " := _ingot_at";
        for (const std::string& name : roles_.order_by)
            members += fmt::format(", {0} := {0}", quoted_name(name));
        return fmt::format(
            ", list(struct_pack({}) ORDER BY _ingot_at) FILTER (WHERE NOT _ingot_begins) AS "
            "_ingot_again",
            members);
    }

    std::string columns() const {
        std::string list;
        for (const Field& field : schema_.fields) {
            std::string value = quoted_name(field.name);
            if (field.name == kValidFrom) value = "v._ingot_from";
            if (field.name == kValidTo) value = "v._ingot_to";
            if (field.name == kSeenAgain) {
                value = by_time() ? "v._ingot_again"
                                  : "CAST(NULL AS " + sql_type_name(field.type) + ")";
            }
            list +=
                fmt::format("{}{} AS {}", list.empty() ? "" : ", ", value, quoted_name(field.name));
        }
        return list;
    }

    const KeepHistory& mode_;
    const Schema& schema_;
    const HistoryInput& input_;
    Roles roles_;
    std::string key_;
    std::string kept_;
    std::string now_;
};

}  // namespace

std::string begun_versions(const KeepHistory& mode, const Schema& schema,
                           const std::string& select) {
    const DataType& instant = schema.find(kValidFrom)->type;
    std::string sql = fmt::format(
        "SELECT *, {} AS {}, CAST(NULL AS {}) AS {}",
        mode.time.empty() ? literal(instant, mode.now) : quoted_name(schema.find(mode.time)->name),
        quoted_name(kValidFrom), sql_type_name(instant), quoted_name(kValidTo));
    if (const Field* again = schema.find(kSeenAgain)) {
        sql += fmt::format(", CAST(NULL AS {}) AS {}", sql_type_name(again->type),
                           quoted_name(kSeenAgain));
    }
    return sql + " FROM (" + select + "\n)";
}

std::string history_select(const KeepHistory& mode, const Schema& schema,
                           const HistoryInput& input) {
    return HistoryStatement(mode, schema, input).text();
}

}  // namespace ingot::publish
