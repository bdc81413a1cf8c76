#include "publish/merge_sql.hpp"

#include <algorithm>

#include "quality/sql_text.hpp"

namespace ingot::publish {

std::string row_rank(const std::string& alias, const std::vector<std::string>& key,
                     const std::vector<std::string>& order_by, const Schema& schema) {
    std::string parts;
    const auto add = [&](const std::string& part) { parts += (parts.empty() ? "" : ", ") + part; };
    for (const std::string& name : order_by) {
        add(alias + "." + quality::quoted_name(name) + " IS NOT NULL");
        add(alias + "." + quality::quoted_name(name));
    }
    for (const Field& field : schema.fields) {
        const auto named = [&](const std::vector<std::string>& names) {
            return std::find(names.begin(), names.end(), field.name) != names.end();
        };
        if (!named(key) && !named(order_by)) add(alias + "." + quality::quoted_name(field.name));
    }
    return parts.empty() ? "true" : "ROW(" + parts + ")";
}

std::string merge_select(const UpsertByKey& mode, const Schema& schema, const std::string& incoming,
                         const std::string& stored) {
    std::string keys;
    for (const std::string& name : mode.key)
        keys += (keys.empty() ? "" : ", ") + quality::quoted_name(name);
    const std::string newest = fmt::format(
        "SELECT * FROM {} AS i QUALIFY row_number() OVER (PARTITION BY {} ORDER BY {} DESC) = 1",
        incoming, keys, row_rank("i", mode.key, mode.order_by, schema));
    if (stored.empty()) return newest;
    std::string same_key;
    for (const std::string& name : mode.key) {
        same_key += fmt::format("{}i.{} = s.{}", same_key.empty() ? "" : " AND ",
                                quality::quoted_name(name), quality::quoted_name(name));
    }
    const std::string incoming_wins = row_rank("i", mode.key, mode.order_by, schema) +
                                      " >= " + row_rank("s", mode.key, mode.order_by, schema);
    return fmt::format(
        "WITH newest AS MATERIALIZED ({0}) "
        "SELECT i.* FROM newest i WHERE NOT EXISTS (SELECT 1 FROM {1} s WHERE {2} AND NOT ({3})) "
        "UNION ALL BY NAME "
        "SELECT s.* FROM {1} s WHERE NOT EXISTS (SELECT 1 FROM newest i WHERE {2} AND {3})",
        newest, stored, same_key, incoming_wins);
}

}  // namespace ingot::publish
