// `metrics:` of project.yml
#include <fmt/format.h>

#include "project/reader_internal.hpp"

namespace ingot::project {
namespace {

/// The text of a key with the project's parameters put in; nothing: it was reported.
std::optional<std::string> rendered(const Fields& fields, std::string_view key,
                                    const ReadContext& context) {
    TemplateContext values;
    values.params = &context.project.params;
    Result<std::string> text = fields.templ(key).render_text(values);
    if (text) return *std::move(text);
    context.add(*fields.find(key), fmt::format("'{}': {}", key, text.error().message));
    return std::nullopt;
}

}  // namespace

std::optional<StatsdSettings> read_statsd(const Fields& fields, const ReadContext& context) {
    const auto metrics = fields.object("metrics");
    if (!metrics) return std::nullopt;
    const auto statsd = metrics->object("statsd");
    if (!statsd) return std::nullopt;
    StatsdSettings settings;
    const auto host = rendered(*statsd, "host", context);
    if (const YamlNode* node = statsd->find("port")) {
        const auto text = rendered(*statsd, "port", context);
        const std::int64_t port = text ? yaml_integer(*text).value_or(0) : settings.port;
        if (port < 1 || port > 65535) {
            context.add(*node, fmt::format("'port' is a number from 1 to 65535, not '{}'", *text));
        }
        settings.port = static_cast<int>(port);
    }
    settings.prefix = statsd->text("prefix", settings.prefix);
    if (settings.prefix.find_first_of(":|#@,= \n") != std::string::npos) {
        context.add(*statsd->find("prefix"),
                    "'prefix' is the beginning of a name, such as "
                    "`airflow` or `data.prod`");
    }
    settings.tags = static_cast<StatsdSettings::Tags>(
        statsd->choice("tags", {"none", "influxdb", "datadog"}, 0));
    if (const YamlNode* tags = statsd->find("constant_tags")) {
        if (settings.tags == StatsdSettings::Tags::kNone) {
            context.add(*tags, "'constant_tags' goes with `tags: influxdb` or `tags: datadog`");
        }
        for (const YamlNode::Entry& entry : tags->entries) {
            settings.constant_tags[entry.key] = entry.value.text;
        }
    }
    if (!host || host->empty()) return std::nullopt;
    settings.host = *host;
    return settings;
}

}  // namespace ingot::project
