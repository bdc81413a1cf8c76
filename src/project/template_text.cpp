#include "project/template_text.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "project/scalars_internal.hpp"

namespace ingot::project {

namespace {

constexpr std::string_view kKnown =
    "known are {window.start}, {window.end}, {run.time}, {params.NAME}, {matrix.NAME}, {item}, "
    "and in tasks {tasks.NAME.KEY}; a brace of the text itself is written {{ or }}";

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

Result<CalendarStep> parse_shift(std::string_view text, bool minus) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    using Unit = CalendarStep::Unit;
    std::optional<Unit> step;
    if (unit == "y") step = Unit::kYear;
    if (unit == "mo") step = Unit::kMonth;
    if (unit == "w") step = Unit::kWeek;
    if (unit == "d") step = Unit::kDay;
    if (unit == "h") step = Unit::kHour;
    if (unit == "m") step = Unit::kMinute;
    if (error != std::errc() || !step || count < 0) {
        return make_error(ErrorCode::kInvalidArgument,
                          "'{}' is no step: write 10y, 1mo, 2w, 7d, 3h or 15m", text);
    }
    return CalendarStep{*step, minus ? -count : count};
}

Result<Template::Part> parse_time(Template::Time::Of of, std::string_view rest,
                                  std::string_view whole) {
    Template::Time time;
    time.of = of;
    const std::size_t colon = rest.find(':');
    const std::string_view shift = trim(rest.substr(0, colon));
    if (!shift.empty()) {
        if (shift[0] != '-' && shift[0] != '+') {
            return make_error(ErrorCode::kInvalidArgument, "'{{{}}}' is not understood: {}", whole,
                              kKnown);
        }
        INGOT_TRY_ASSIGN(time.shift, parse_shift(trim(shift.substr(1)), shift[0] == '-'));
    }
    if (colon != std::string_view::npos) {
        time.format = rest.substr(colon + 1);
        if (time.format.empty()) {
            return make_error(ErrorCode::kInvalidArgument, "'{{{}}}' has no format after ':'",
                              whole);
        }
        INGOT_TRY(format_time(Timestamp(), time.format));
    }
    return Template::Part(std::move(time));
}

Result<Template::Part> parse_lookup(std::string_view text) {
    Template::Lookup lookup;
    std::vector<std::string> words;
    for (std::string_view rest = text;;) {
        const std::size_t dot = rest.find('.');
        words.emplace_back(rest.substr(0, dot));
        if (dot == std::string_view::npos) break;
        rest.remove_prefix(dot + 1);
    }
    const bool names = std::all_of(words.begin(), words.end(), is_identifier);
    if (names && words[0] == "item") {
        lookup.in = Template::Lookup::In::kItem;
        lookup.path.assign(words.begin() + 1, words.end());
    } else if (names && words[0] == "params" && words.size() == 2) {
        lookup.path = {words[1]};
    } else if (names && words[0] == "matrix" && words.size() == 2) {
        lookup.in = Template::Lookup::In::kMatrix;
        lookup.path = {words[1]};
    } else if (names && words[0] == "tasks" && words.size() >= 2) {
        lookup.in = Template::Lookup::In::kTasks;
        lookup.path.assign(words.begin() + 1, words.end());
    } else if (names && words.size() == 1 && words[0] != "params" && words[0] != "tasks" &&
               words[0] != "matrix" && words[0] != "window" && words[0] != "run") {
        lookup.in = Template::Lookup::In::kMatrix;  // `{days}` in the name of a matrix model
        lookup.path = {words[0]};
    } else {
        return make_error(ErrorCode::kInvalidArgument, "'{{{}}}' is not understood: {}", text,
                          kKnown);
    }
    return Template::Part(std::move(lookup));
}

Result<Template::Part> parse_braces(std::string_view inside) {
    const std::string_view text = trim(inside);
    using Of = Template::Time::Of;
    constexpr std::pair<std::string_view, Of> kTimes[] = {{"window.start", Of::kWindowStart},
                                                          {"window.end", Of::kWindowEnd},
                                                          {"run.time", Of::kRunTime}};
    for (const auto& [name, of] : kTimes) {
        if (!text.starts_with(name)) continue;
        const std::string_view rest = text.substr(name.size());
        if (rest.empty() || rest[0] == ' ' || rest[0] == ':' || rest[0] == '-' || rest[0] == '+') {
            return parse_time(of, rest, text);
        }
    }
    return parse_lookup(text);
}

Result<Timestamp> base_time(const Template::Time& time, const TemplateContext& context) {
    if (time.of == Template::Time::Of::kRunTime) {
        if (context.run_time) return *context.run_time;
        return make_error(ErrorCode::kInvalidArgument, "{{run.time}} is not known here");
    }
    if (!context.window) {
        return make_error(
            ErrorCode::kInvalidArgument,
            "{{window.start}} and {{window.end}} are not known here: nothing says a window");
    }
    return time.of == Template::Time::Of::kWindowStart ? context.window->start
                                                       : context.window->end;
}

std::string step_words(const CalendarStep& step) {
    constexpr std::string_view kUnits[] = {"minutes", "hours", "days", "weeks", "months", "years"};
    return fmt::format("{} {} {}", step.count < 0 ? "minus" : "plus", std::abs(step.count),
                       kUnits[static_cast<std::size_t>(step.unit)]);
}

Result<Rendered> render_time(const Template::Time& time, const TemplateContext& context) {
    INGOT_TRY_ASSIGN(Timestamp at, base_time(time, context));
    if (time.shift) {
        INGOT_TRY_ASSIGN(const auto moved, shift_calendar(at, *time.shift, context.timezone));
        if (!moved) {
            INGOT_TRY_ASSIGN(const std::string day, format_time(at, "%Y-%m-%d", context.timezone));
            return Rendered(NoSuchDate{
                fmt::format("{} {} does not exist in the calendar", day, step_words(*time.shift))});
        }
        at = *moved;
    }
    if (time.format.empty()) return Rendered(at.to_string());
    INGOT_TRY_ASSIGN(std::string text, format_time(at, time.format, context.timezone));
    return Rendered(std::move(text));
}

Result<std::string> from_values(const std::map<std::string, Value>* values, const std::string& name,
                                std::string_view kind) {
    if (values == nullptr || !values->contains(name)) {
        return make_error(ErrorCode::kInvalidArgument, "{{{}.{}}} is not known here", kind, name);
    }
    return values->at(name).to_text();
}

/// Null: it is no object, or has no member of that name.
const Value* member_of(const Value& value, const std::string& name) {
    const ValueMap* members = value.map();
    if (members == nullptr) return nullptr;
    for (const auto& [key, member] : *members) {
        if (key == name) return &member;
    }
    return nullptr;
}

/// Of a list that of each, in a list.
Result<Value> member_given(const Value& value, const std::string& name, const std::string& task) {
    if (const ValueList* list = value.list()) {
        ValueList members;
        for (const Value& each : *list) {
            INGOT_TRY_ASSIGN(Value member, member_given(each, name, task));
            members.push_back(std::move(member));
        }
        return Value(std::move(members));
    }
    if (const Value* const member = member_of(value, name)) return *member;
    return make_error(ErrorCode::kInvalidArgument, "the task {} gave no '{}': what it gave is {}",
                      task, name, value.is_null() ? "nothing" : value.to_json());
}

Result<std::string> from_task(const std::vector<std::string>& path,
                              const TemplateContext& context) {
    if (context.tasks == nullptr || !context.tasks->contains(path[0])) {
        return make_error(ErrorCode::kInvalidArgument, "{{tasks.{}}} is not known here", path[0]);
    }
    Value value = context.tasks->at(path[0]);
    for (std::size_t i = 1; i < path.size(); ++i) {
        INGOT_TRY_ASSIGN(value, member_given(value, path[i], path[0]));
    }
    return value.to_text();
}

Result<std::string> render_lookup(const Template::Lookup& lookup, const TemplateContext& context) {
    using In = Template::Lookup::In;
    if (lookup.in == In::kParams) return from_values(context.params, lookup.path[0], "params");
    if (lookup.in == In::kMatrix) return from_values(context.matrix, lookup.path[0], "matrix");
    if (lookup.in == In::kTasks) return from_task(lookup.path, context);
    const Value* value = context.item;
    if (value == nullptr) {
        return make_error(ErrorCode::kInvalidArgument, "{{item}} is not known here");
    }
    for (const std::string& name : lookup.path) {
        const Value* const next = member_of(*value, name);
        if (next == nullptr) {
            return make_error(ErrorCode::kInvalidArgument, "the item {} has no '{}'",
                              context.item->to_json(), name);
        }
        value = next;
    }
    return value->to_text();
}

}  // namespace

Result<Template> Template::parse(std::string_view text) {
    Template out;
    out.text_ = text;
    std::string plain;
    const auto flush = [&] {
        if (!plain.empty()) out.parts_.emplace_back(Text{std::exchange(plain, {})});
    };
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        const std::string_view rest = text.substr(at);
        if (rest.starts_with("{{") || rest.starts_with("}}") || rest.starts_with("$$")) {
            plain += c;
            at += 2;
        } else if (c == '}') {
            return make_error(ErrorCode::kInvalidArgument,
                              "a '}}' without '{{' (byte {}): write '}}}}' for a brace", at + 1);
        } else if (c == '{') {
            const std::size_t end = rest.find('}');
            if (end == std::string_view::npos) {
                return make_error(ErrorCode::kInvalidArgument,
                                  "a '{{' without '}}' (byte {}): write '{{{{' for a brace",
                                  at + 1);
            }
            flush();
            INGOT_TRY_ASSIGN(Part part, parse_braces(rest.substr(1, end - 1)));
            out.parts_.push_back(std::move(part));
            at += end + 1;
        } else if (rest.starts_with("$secret.")) {
            const std::string_view name = rest.substr(8);
            std::size_t length = 0;
            while (length < name.size() && is_identifier(name.substr(0, length + 1))) ++length;
            if (length == 0) {
                return make_error(ErrorCode::kInvalidArgument,
                                  "a name must follow '$secret.' (byte {})", at + 1);
            }
            flush();
            out.parts_.emplace_back(SecretRef{std::string(name.substr(0, length))});
            at += 8 + length;
        } else {
            plain += c;
            ++at;
        }
    }
    flush();
    return out;
}

Template Template::literal(std::string text) {
    Template out;
    for (const char c : text) {
        out.text_ += c;
        if (c == '{' || c == '}' || c == '$') out.text_ += c;
    }
    if (!text.empty()) out.parts_.emplace_back(Text{std::move(text)});
    return out;
}

Result<Rendered> Template::render(const TemplateContext& context) const {
    std::string out;
    for (const Part& part : parts_) {
        INGOT_TRY_ASSIGN(Rendered rendered, render_part(part, context));
        if (std::holds_alternative<NoSuchDate>(rendered)) return rendered;
        out += std::get<std::string>(rendered);
    }
    return Rendered(std::move(out));
}

Result<Rendered> Template::render_part(const Part& part, const TemplateContext& context) {
    if (const auto* plain = std::get_if<Text>(&part)) return Rendered(plain->text);
    if (const auto* time = std::get_if<Time>(&part)) return render_time(*time, context);
    if (const auto* lookup = std::get_if<Lookup>(&part)) {
        INGOT_TRY_ASSIGN(std::string value, render_lookup(*lookup, context));
        return Rendered(std::move(value));
    }
    const SecretRef& secret = std::get<SecretRef>(part);
    if (context.secrets == nullptr) {
        return make_error(ErrorCode::kInvalidArgument, "the secret '{}' can't be used here",
                          secret.name);
    }
    INGOT_TRY_ASSIGN(std::string value, context.secrets->resolve(secret));
    return Rendered(std::move(value));
}

Result<std::string> Template::render_text(const TemplateContext& context) const {
    INGOT_TRY_ASSIGN(Rendered rendered, render(context));
    if (const auto* none = std::get_if<NoSuchDate>(&rendered)) {
        return make_error(ErrorCode::kInvalidArgument, "{}: {}", text_, none->reason);
    }
    return std::get<std::string>(std::move(rendered));
}

bool Template::uses_window() const {
    return std::any_of(parts_.begin(), parts_.end(), [](const Part& part) {
        const Time* time = std::get_if<Time>(&part);
        return time != nullptr && time->of != Time::Of::kRunTime;
    });
}

bool Template::uses_item() const {
    return std::any_of(parts_.begin(), parts_.end(), [](const Part& part) {
        const Lookup* lookup = std::get_if<Lookup>(&part);
        return lookup != nullptr && lookup->in == Lookup::In::kItem;
    });
}

std::vector<std::string> Template::params() const {
    std::set<std::string> names;
    for (const Part& part : parts_) {
        const Lookup* lookup = std::get_if<Lookup>(&part);
        if (lookup != nullptr && lookup->in == Lookup::In::kParams) names.insert(lookup->path[0]);
    }
    return {names.begin(), names.end()};
}

std::vector<std::string> Template::tasks() const {
    std::set<std::string> names;
    for (const Part& part : parts_) {
        const Lookup* lookup = std::get_if<Lookup>(&part);
        if (lookup != nullptr && lookup->in == Lookup::In::kTasks) names.insert(lookup->path[0]);
    }
    return {names.begin(), names.end()};
}

std::vector<SecretRef> Template::secrets() const {
    std::set<SecretRef> refs;
    for (const Part& part : parts_) {
        if (const SecretRef* ref = std::get_if<SecretRef>(&part)) refs.insert(*ref);
    }
    return {refs.begin(), refs.end()};
}

}  // namespace ingot::project
