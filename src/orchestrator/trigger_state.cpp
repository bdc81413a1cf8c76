#include "orchestrator/trigger_state.hpp"

#include <nlohmann/json.hpp>

namespace ingot::orchestrator {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;

void put(Json& json, const char* key, const std::optional<Timestamp>& at) {
    if (at) json[key] = at->micros();
}

Timestamp time_of(const Json& json) {
    return Timestamp::from_micros(json.get<std::int64_t>());
}

std::optional<Timestamp> optional_time(const Json& json, const char* key) {
    if (!json.contains(key)) return std::nullopt;
    return time_of(json.at(key));
}

TriggerState state_of(const Json& json) {
    TriggerState state;
    state.paused = json.at("paused").get<bool>();
    state.schedule = json.at("schedule").get<std::string>();
    state.ticked_to = time_of(json.at("ticked_to_us"));
    for (const auto& [name, table] : json.at("tables").items()) {
        const auto parsed = TableName::parse(name);
        if (!parsed) throw std::invalid_argument(parsed.error().message);
        state.tables[*parsed] = {table.at("seen").get<std::int64_t>(),
                                 table.at("consumed").get<std::int64_t>(),
                                 table.at("id").get<std::string>(), time_of(table.at("seen_us"))};
    }
    for (const auto& [line, at] : json.at("ticked_us").items()) state.ticked[line] = time_of(at);
    for (const Json& file : json.at("files")) {
        state.files[file.at(0).get<std::string>()] = {file.at(1).get<std::int64_t>(),
                                                      time_of(file.at(2))};
    }
    state.called_at = optional_time(json, "called_us");
    state.last_run_at = optional_time(json, "last_run_us");
    return state;
}

}  // namespace

std::string trigger_state_to_json(const TriggerState& state) {
    Json json{{"format", kFormat},
              {"paused", state.paused},
              {"schedule", state.schedule},
              {"ticked_to_us", state.ticked_to.micros()}};
    json["tables"] = Json::object();
    for (const auto& [name, table] : state.tables) {
        json["tables"][name.text()] = {{"seen", table.seen},
                                       {"consumed", table.consumed},
                                       {"id", table.id},
                                       {"seen_us", table.seen_at.micros()}};
    }
    json["ticked_us"] = Json::object();
    for (const auto& [line, at] : state.ticked) json["ticked_us"][line] = at.micros();
    json["files"] = Json::array();
    for (const auto& [path, file] : state.files) {
        json["files"].push_back({path, file.size, file.modified.micros()});
    }
    put(json, "called_us", state.called_at);
    put(json, "last_run_us", state.last_run_at);
    return json.dump(-1, ' ', false, Json::error_handler_t::strict);
}

Result<TriggerState> parse_trigger_state(std::string_view text) {
    try {
        const Json json = Json::parse(text);
        const int format = json.at("format").get<int>();
        if (format != kFormat) {
            return make_error(ErrorCode::kCorruptData,
                              "the stored state of a trigger has the format {}, this version knows "
                              "{}: a newer version may have written it",
                              format, kFormat);
        }
        return state_of(json);
    } catch (const std::exception& e) {
        return make_error(ErrorCode::kCorruptData,
                          "the stored state of a trigger is not understood: {}", e.what());
    }
}

}  // namespace ingot::orchestrator
