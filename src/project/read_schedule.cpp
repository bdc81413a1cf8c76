// `schedule:` of a pipeline.
#include "project/reader_internal.hpp"

namespace ingot::project {
namespace {

constexpr Duration kEveryMin = std::chrono::seconds(1);

std::optional<Cron> read_cron(const YamlNode& node, const ReadContext& context) {
    auto cron = parse_cron(node.text);
    if (cron) return *std::move(cron);
    context.add(node, cron.error().message);
    return std::nullopt;
}

/// Null: a plain `schedule:`, which has no calendar.
Calendar read_calendar(const Fields* object, const ReadContext& context) {
    Calendar calendar;
    const auto fields = object == nullptr ? std::nullopt : object->object("calendar");
    if (!fields) return calendar;
    const auto read = [&](std::string_view key, DaySet& days) {
        for (const std::string& text : fields->texts(key)) {
            if (const Status added = add_days(days, text); !added) {
                context.add(*fields->find(key), added.error().message);
            }
        }
    };
    read("only", calendar.only);
    read("except", calendar.except);
    return calendar;
}

/// Whether any day of a long time is allowed, leap days on each day of the week among them.
bool ever_ticks(const Cron* cron, const Calendar& calendar) {
    if (calendar.allows_all()) return true;
    CivilDay from(std::chrono::days(10'957));  // 2000-01-01
    CivilDay until = from + std::chrono::days(200 * 366);
    if (!calendar.only.dates.empty()) {
        from = std::min(from, calendar.only.dates.front());
        until = std::max(until, calendar.only.dates.back());
    }
    return first_day(cron, calendar, from, until).has_value();
}

std::optional<Schedule> every_schedule(const YamlNode& node, std::string_view text,
                                       const std::string& zone, const Fields* object,
                                       const ReadContext& context) {
    const auto every = parse_duration(text);
    if (!every || *every < kEveryMin) {
        context.add(node, every ? "the period must be 1s or longer" : every.error().message);
        return std::nullopt;
    }
    EverySchedule schedule{*every, Timestamp(), zone, read_calendar(object, context)};
    if (object != nullptr && object->find("anchor") != nullptr) {
        const auto anchor = parse_timestamp(object->text("anchor"), zone);
        if (!anchor) {
            context.add(*object->find("anchor"), anchor.error().message);
            return std::nullopt;
        }
        schedule.anchor = *anchor;
    }
    if (!ever_ticks(nullptr, schedule.calendar)) {
        context.add(node, "the calendar of this schedule leaves no day");
        return std::nullopt;
    }
    return schedule;
}

std::optional<Schedule> cron_schedule(const YamlNode& node, const std::string& zone,
                                      const Fields* object, const ReadContext& context) {
    const std::size_t problems_before = context.problems.count();
    CronSchedule schedule{{}, zone, read_calendar(object, context)};
    const auto add = [&](const YamlNode& line) {
        auto cron = read_cron(line, context);
        if (!cron) return;
        if (!ever_ticks(&*cron, schedule.calendar)) {
            context.add(line, "the calendar of this schedule leaves no day on which '" +
                                  cron->text + "' happens");
        }
        schedule.crons.push_back(*std::move(cron));
    };
    if (node.kind == YamlNode::Kind::kList) {
        for (const YamlNode& line : node.items) add(line);
    } else {
        add(node);
    }
    if (context.problems.count() > problems_before) return std::nullopt;
    return schedule;
}

std::optional<Schedule> event_schedule(const YamlNode& node, const std::string& zone,
                                       const ReadContext& context) {
    auto events = parse_event_expression(node.text);
    if (!events) {
        context.add(node, events.error().message);
        return std::nullopt;
    }
    events->timezone = zone;
    return *std::move(events);
}

std::optional<Schedule> outside_schedule(const Fields& on, const ReadContext& context) {
    if (on.find("file") != nullptr) return FileSchedule{on.templ("file")};
    if (on.boolean("webhook", true)) return WebhookSchedule{};
    context.add(on.node(), "`webhook: false` starts nothing: leave the schedule out");
    return std::nullopt;
}

/// Keys that mean nothing beside this kind of schedule.
bool refuse_beside(const Fields& object, std::string_view kind,
                   std::initializer_list<std::string_view> keys, const ReadContext& context) {
    bool refused = false;
    for (const std::string_view key : keys) {
        if (const YamlNode* node = object.find(key)) {
            context.add(*node, "'" + std::string(key) + "' has no meaning beside '" +
                                   std::string(kind) + "'");
            refused = true;
        }
    }
    return refused;
}

}  // namespace

std::optional<Schedule> read_schedule(const Fields& fields, const std::string& pipeline_zone,
                                      const ReadContext& context) {
    const YamlNode* node = fields.find("schedule");
    if (node == nullptr) return std::nullopt;
    const auto object = fields.object("schedule");
    if (!object) {
        if (node->text.starts_with("every ")) {
            const auto period = std::string_view(node->text).substr(6);
            return every_schedule(*node, period, pipeline_zone, nullptr, context);
        }
        return cron_schedule(*node, pipeline_zone, nullptr, context);
    }
    const std::string zone = object->text("timezone", pipeline_zone);
    if (const YamlNode* cron = object->find("cron")) {
        if (refuse_beside(*object, "cron", {"anchor"}, context)) return std::nullopt;
        return cron_schedule(*cron, zone, &*object, context);
    }
    if (const YamlNode* every = object->find("every")) {
        return every_schedule(*every, every->text, zone, &*object, context);
    }
    if (refuse_beside(*object, "on", {"anchor", "calendar"}, context)) return std::nullopt;
    if (const auto on = object->object("on")) return outside_schedule(*on, context);
    return event_schedule(*object->find("on"), zone, context);
}

}  // namespace ingot::project
