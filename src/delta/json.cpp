#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <simdjson.h>
#include <utility>
#include <vector>

#include "delta/json_internal.hpp"

namespace ingot::delta::json {
namespace {

namespace od = simdjson::ondemand;

constexpr int kMaxDepth = 200;

void append_escaped(std::string& out, std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    std::size_t plain = 0;
    const auto flush = [&](std::size_t end) { out.append(text.substr(plain, end - plain)); };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
        flush(i);
        plain = i + 1;
        switch (byte) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            default:
                out += "\\u00";
                out += kHex[byte >> 4];
                out += kHex[byte & 15];
        }
    }
    flush(text.size());
}

std::string url_encoded(std::string_view text) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
                           byte == '_' || byte == '~';
        if (plain) {
            out += c;
        } else {
            out += '%';
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        }
    }
    return out;
}

using PathValues = std::vector<std::pair<std::string, std::string>>;

// Throws simdjson_error for broken JSON.
void collect_canonical(od::value value, const std::string& path, int depth, PathValues& out) {
    if (depth > kMaxDepth) throw simdjson::simdjson_error(simdjson::DEPTH_ERROR);
    const auto child = [&](const std::string& name) {
        return path.empty() ? name : path + "+" + name;
    };
    switch (value.type().value()) {
        case od::json_type::object:
            for (auto field : value.get_object()) {
                const std::string_view key = field.unescaped_key();
                if (depth == 0 && key == "checksum") continue;
                const std::string name = child("\"" + url_encoded(key) + "\"");
                collect_canonical(field.value(), name, depth + 1, out);
            }
            break;
        case od::json_type::array: {
            std::size_t index = 0;
            for (auto element : value.get_array()) {
                collect_canonical(element.value(), child(std::to_string(index++)), depth + 1, out);
            }
            break;
        }
        case od::json_type::string:
            out.emplace_back(path, "\"" + url_encoded(value.get_string().value()) + "\"");
            break;
        default:
            out.emplace_back(path, std::string(simdjson::to_json_string(value).value()));
    }
}

template <class Visit>
auto with_value(std::string_view json, Visit&& visit) {
    // A document that is a scalar can't be an on-demand value: wrap it.
    const simdjson::padded_string padded("[" + std::string(json) + "]");
    od::parser parser;
    od::document document = parser.iterate(padded);
    return visit(document.get_array().at(0).value());
}

}  // namespace

Writer& Writer::begin_object() {
    separate();
    out_ += '{';
    needs_comma_ = false;
    return *this;
}

Writer& Writer::end_object() {
    out_ += '}';
    needs_comma_ = true;
    return *this;
}

Writer& Writer::begin_array() {
    separate();
    out_ += '[';
    needs_comma_ = false;
    return *this;
}

Writer& Writer::end_array() {
    out_ += ']';
    needs_comma_ = true;
    return *this;
}

Writer& Writer::key(std::string_view name) {
    string(name);
    out_ += ':';
    needs_comma_ = false;
    return *this;
}

Writer& Writer::string(std::string_view value) {
    separate();
    out_ += '"';
    append_escaped(out_, value);
    out_ += '"';
    return *this;
}

Writer& Writer::integer(std::int64_t value) {
    separate();
    const fmt::format_int text(value);
    out_.append(text.data(), text.size());
    return *this;
}

Writer& Writer::boolean(bool value) {
    return raw(value ? "true" : "false");
}

Writer& Writer::null() {
    return raw("null");
}

Writer& Writer::raw(std::string_view json) {
    separate();
    out_ += json;
    return *this;
}

Writer& Writer::member(std::string_view name, const std::string& value) {
    return key(name).string(value);
}

Writer& Writer::member(std::string_view name, std::int64_t value) {
    return key(name).integer(value);
}

Writer& Writer::flag(std::string_view name, bool value) {
    return key(name).boolean(value);
}

Writer& Writer::member(std::string_view name, const std::map<std::string, std::string>& values) {
    key(name).begin_object();
    for (const auto& [k, v] : values) member(k, v);
    return end_object();
}

Writer& Writer::member(std::string_view name,
                       const std::map<std::string, std::optional<std::string>>& values) {
    key(name).begin_object();
    for (const auto& [k, v] : values) {
        key(k);
        v ? string(*v) : null();
    }
    return end_object();
}

void Writer::separate() {
    if (needs_comma_) out_ += ',';
    needs_comma_ = true;
}

std::string quoted(std::string_view text) {
    std::string out;
    Writer(out).string(text);
    return out;
}

std::optional<std::string> string_of(std::string_view json) {
    try {
        return with_value(json, [](od::value value) -> std::optional<std::string> {
            return std::string(value.get_string().value());
        });
    } catch (const simdjson::simdjson_error&) {
        return std::nullopt;  // The answer for everything that is no string.
    }
}

std::optional<std::int64_t> integer_of(std::string_view json) {
    try {
        return with_value(json, [](od::value value) -> std::optional<std::int64_t> {
            return value.get_int64().value();
        });
    } catch (const simdjson::simdjson_error&) {
        return std::nullopt;  // The answer for everything that is no integer.
    }
}

Result<std::map<std::string, std::string>> members_of(std::string_view json) {
    try {
        return with_value(json, [](od::value value) {
            std::map<std::string, std::string> members;
            for (auto field : value.get_object()) {
                std::string key(std::string_view(field.unescaped_key()));
                od::value member = field.value();
                members[std::move(key)] = std::string(simdjson::to_json_string(member).value());
            }
            return members;
        });
    } catch (const simdjson::simdjson_error& e) {
        return make_error(ErrorCode::kCorruptData, "not a JSON object: {}", e.what());
    }
}

Result<std::string> canonical_form(std::string_view json) {
    try {
        return with_value(json, [](od::value value) {
            PathValues pairs;
            collect_canonical(value, "", 0, pairs);
            std::sort(pairs.begin(), pairs.end());
            std::string out;
            for (const auto& [path, text] : pairs) {
                if (!out.empty()) out += ',';
                out += path;
                out += '=';
                out += text;
            }
            return out;
        });
    } catch (const simdjson::simdjson_error& e) {
        return make_error(ErrorCode::kCorruptData, "not JSON: {}", e.what());
    }
}

}  // namespace ingot::delta::json
