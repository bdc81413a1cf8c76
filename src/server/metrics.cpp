#include "server/metrics.hpp"

#include <cmath>
#include <fmt/format.h>

namespace ingot::server {
namespace {

void add_escaped(std::string& into, std::string_view text, bool quotes) {
    for (const char c : text) {
        if (c == '\\') {
            into += "\\\\";
        } else if (c == '\n') {
            into += "\\n";
        } else if (c == '"' && quotes) {
            into += "\\\"";
        } else {
            into += c;
        }
    }
}

std::string number_text(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    return fmt::format("{}", value);
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {} ", name);
    add_escaped(text_, help, false);
    text_ += fmt::format("\n# TYPE {} {}\n", name, type);
}

void MetricsText::sample(double value, const Labels& labels, std::string_view suffix) {
    text_ += name_;
    text_ += suffix;
    char separator = '{';
    for (const auto& [name, label] : labels) {
        text_ += separator;
        text_ += name;
        text_ += "=\"";
        add_escaped(text_, label, true);
        text_ += '"';
        separator = ',';
    }
    text_ += labels.empty() ? " " : "} ";
    text_ += number_text(value) + "\n";
}

void Histogram::add(double value) {
    for (std::size_t i = 0; i < bounds_.size(); ++i)
        if (value <= bounds_[i]) ++within_[i];
    sum_ += value;
    ++count_;
}

void Histogram::write(MetricsText& text, const MetricsText::Labels& labels) const {
    for (std::size_t i = 0; i <= bounds_.size(); ++i) {
        const bool all = i == bounds_.size();
        const std::string bound = all ? "+Inf" : number_text(bounds_[i]);
        MetricsText::Labels bounded = labels;
        bounded.emplace_back("le", bound);
        text.sample(static_cast<double>(all ? count_ : within_[i]), bounded, "_bucket");
    }
    text.sample(sum_, labels, "_sum");
    text.sample(static_cast<double>(count_), labels, "_count");
}

void RequestMetrics::count(std::string_view method, std::string_view route, int status,
                           Duration took) {
    auto routes = routes_.lock();
    Route& counted = (*routes)[{std::string(method), std::string(route)}];
    ++counted.by_status[status];
    counted.seconds.add(std::chrono::duration<double>(took).count());
}

void RequestMetrics::write(MetricsText& text) const {
    auto routes = routes_.lock();
    text.family("ingot_http_requests_total", "counter", "Requests that were answered");
    for (const auto& [key, route] : *routes) {
        for (const auto& [status, count] : route.by_status) {
            text.sample(
                static_cast<double>(count),
                {{"method", key.first}, {"route", key.second}, {"status", std::to_string(status)}});
        }
    }
    text.family("ingot_http_request_seconds", "histogram",
                "Time from a whole request to its answer, waits and streams aside");
    for (const auto& [key, route] : *routes)
        route.seconds.write(text, {{"method", key.first}, {"route", key.second}});
    text.family("ingot_audit_write_failures_total", "counter",
                "Requests that the audit log could not take");
    text.sample(static_cast<double>(*audit_failures_.lock()));
}

}  // namespace ingot::server
