// `schedule:` of a pipeline.
#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "project/reader_internal.hpp"
#include "project/scalars_internal.hpp"

namespace ingot::project {
namespace {

struct CronField {
    std::string_view name;
    int first;
    int last;
    std::vector<std::string_view> words;  ///< Names of values, from `first`.
};

const std::vector<CronField>& cron_fields() {
    static const std::vector<CronField> fields = {
        {"minute", 0, 59, {}},
        {"hour", 0, 23, {}},
        {"day of the month", 1, 31, {}},
        {"month",
         1,
         12,
         {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
        {"day of the week", 0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}};
    return fields;
}

bool cron_value(std::string_view text, const CronField& field, int& value) {
    std::string lower(text);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (std::size_t i = 0; i < field.words.size(); ++i) {
        if (lower == field.words[i]) {
            value = field.first + static_cast<int>(i);
            return true;
        }
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && value >= field.first &&
           value <= field.last;
}

/// `*`, `5`, `1-5`, `*/15`, `10-50/10`, and lists of them.
bool valid_cron_field(std::string_view text, const CronField& field) {
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        std::string_view part = text.substr(at, comma - at);
        at = comma + 1;
        if (const std::size_t slash = part.find('/'); slash != std::string_view::npos) {
            const auto step = yaml_integer(part.substr(slash + 1));
            if (!step || *step < 1 || *step > field.last) return false;
            part = part.substr(0, slash);
            if (part != "*" && part.find('-') == std::string_view::npos) return false;
        }
        if (part == "*") continue;
        const std::size_t dash = part.find('-');
        int low = 0;
        if (!cron_value(part.substr(0, dash), field, low)) return false;
        if (dash == std::string_view::npos) continue;
        int high = 0;
        if (!cron_value(part.substr(dash + 1), field, high) || high < low) return false;
    }
    return true;
}

std::optional<std::string> cron_problem(const std::string& text) {
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == ' ') {
            ++at;
            continue;
        }
        const std::size_t end = std::min(text.find(' ', at), text.size());
        parts.push_back(std::string_view(text).substr(at, end - at));
        at = end;
    }
    if (parts.size() != 5) {
        return fmt::format(
            "'{}' is no schedule: write five fields as in '5 * * * *', 'every 5m', "
            "or `on:`",
            text);
    }
    for (std::size_t i = 0; i < 5; ++i) {
        if (!valid_cron_field(parts[i], cron_fields()[i])) {
            return fmt::format("'{}' is no {} ({} to {}) in the schedule '{}'", parts[i],
                               cron_fields()[i].name, cron_fields()[i].first, cron_fields()[i].last,
                               text);
        }
    }
    return std::nullopt;
}

/// Tables joined by `&` and `|`, with brackets.
class EventExpression {
public:
    explicit EventExpression(std::string_view text) : text_(text) {}

    Result<std::vector<TableName>> tables() {
        INGOT_TRY(either());
        blanks();
        if (at_ < text_.size()) return wrong();
        std::sort(tables_.begin(), tables_.end());
        tables_.erase(std::unique(tables_.begin(), tables_.end()), tables_.end());
        return tables_;
    }

private:
    Status either() {
        INGOT_TRY(both());
        while (take('|')) INGOT_TRY(both());
        return {};
    }
    Status both() {
        INGOT_TRY(one());
        while (take('&')) INGOT_TRY(one());
        return {};
    }
    Status one() {
        if (take('(')) {
            if (++depth_ > 32) return wrong();
            INGOT_TRY(either());
            --depth_;
            if (!take(')')) return wrong();
            return {};
        }
        blanks();
        const std::size_t begin = at_;
        while (at_ < text_.size() &&
               std::string_view(" &|()").find(text_[at_]) == std::string_view::npos) {
            ++at_;
        }
        if (begin == at_) return wrong();
        INGOT_TRY_ASSIGN(TableName table, TableName::parse(text_.substr(begin, at_ - begin)));
        tables_.push_back(std::move(table));
        return {};
    }
    void blanks() {
        while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    }
    bool take(char c) {
        blanks();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    Error wrong() const {
        return make_error(ErrorCode::kInvalidArgument,
                          "'{}' is not understood at byte {}: write tables with & and |", text_,
                          at_ + 1);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
    std::vector<TableName> tables_;
};

std::optional<Schedule> event_schedule(const YamlNode& node, const ReadContext& context) {
    auto tables = EventExpression(node.text).tables();
    if (!tables) {
        context.add(node, tables.error().message);
        return std::nullopt;
    }
    return TableEventSchedule{node.text, *std::move(tables)};
}

std::optional<Schedule> every_schedule(const YamlNode& node, std::string_view text,
                                       const ReadContext& context) {
    const auto every = parse_duration(text);
    if (every && every->count() > 0) return EverySchedule{*every};
    context.add(node, every ? "the period must be longer than nothing" : every.error().message);
    return std::nullopt;
}

std::optional<Schedule> cron_schedule(const YamlNode& node, std::string zone,
                                      const ReadContext& context) {
    if (auto problem = cron_problem(node.text)) {
        context.add(node, *std::move(problem));
        return std::nullopt;
    }
    return CronSchedule{node.text, std::move(zone)};
}

}  // namespace

std::optional<Schedule> read_schedule(const Fields& fields, const std::string& zone,
                                      const ReadContext& context) {
    const YamlNode* node = fields.find("schedule");
    if (node == nullptr) return std::nullopt;
    const auto object = fields.object("schedule");
    if (!object) {
        if (node->text.starts_with("every ")) {
            return every_schedule(*node, std::string_view(node->text).substr(6), context);
        }
        return cron_schedule(*node, zone, context);
    }
    if (const YamlNode* cron = object->find("cron")) {
        return cron_schedule(*cron, object->text("timezone", zone), context);
    }
    if (const YamlNode* every = object->find("every")) {
        return every_schedule(*every, every->text, context);
    }
    if (const auto on = object->object("on")) return FileSchedule{on->templ("file")};
    return event_schedule(*object->find("on"), context);
}

}  // namespace ingot::project
