#include <charconv>
#include <cmath>
#include <istream>
#include <streambuf>
#include <unordered_map>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "project/sql_text_internal.hpp"
#include "project/yaml_internal.hpp"

namespace ingot::project {

namespace {

constexpr std::size_t kDepthMax = 64;

/// Makes the tree from yaml-cpp's events, and reports what the format does not allow.
class TreeBuilder final : public YAML::EventHandler {
public:
    TreeBuilder(std::string_view text, const TextOrigin& origin, Problems& problems)
        : text_(text), origin_(origin), problems_(problems) {}

    YamlNode take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        add(node_at(mark, YamlNode::Kind::kNull));
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        problem(mark, "an alias (`*name`) is not allowed: write the value itself");
        add(node_at(mark, YamlNode::Kind::kNull));
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& text) override {
        refuse_anchor(mark, anchor);
        if (tag != "?" && tag != "!" && !tag.empty()) refuse_tag(mark, tag);
        refuse_open_quote(mark);
        YamlNode node = node_at(mark, YamlNode::Kind::kScalar);
        node.quoted = tag == "!";
        node.text = text;
        if (!node.quoted && yaml_is_null(text)) node.kind = YamlNode::Kind::kNull;
        add(std::move(node));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, YamlNode::Kind::kList);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, YamlNode::Kind::kMap);
    }
    void OnMapEnd() override { close(); }

    SourcePlace place(const YAML::Mark& mark) const {
        const int line = mark.line < 0 ? 0 : mark.line;
        const int column = mark.column < 0 ? 0 : mark.column;
        return {std::string(origin_.file), origin_.line + line,
                column + (line == 0 ? origin_.column : 1)};
    }

private:
    struct Level {
        YamlNode node;
        bool awaits_key = true;  ///< kMap: the next value is a key.
        YamlNode::Entry entry;
    };

    YamlNode node_at(const YAML::Mark& mark, YamlNode::Kind kind) const {
        const SourcePlace at = place(mark);
        YamlNode node;
        node.kind = kind;
        node.line = at.line;
        node.column = at.column;
        return node;
    }
    void problem(const YAML::Mark& mark, std::string message) {
        problems_.add(place(mark), std::move(message));
    }
    void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != 0)
            problem(mark, "an anchor (`&name`) is not allowed: write the value where it is used");
    }
    void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        problem(mark, "a tag (`" + tag + "`) is not allowed");
    }
    /// yaml-cpp takes the end of the text for the end of a quoted scalar.
    void refuse_open_quote(const YAML::Mark& mark) {
        const auto begin = static_cast<std::size_t>(std::max(mark.pos, 0));
        if (begin >= text_.size() || (text_[begin] != '"' && text_[begin] != '\'')) return;
        const char quote = text_[begin];
        for (std::size_t at = begin + 1; at < text_.size(); ++at) {
            if (quote == '"' && text_[at] == '\\') {
                ++at;
            } else if (text_[at] == quote) {
                return;  // of a doubled one too: what matters is that there is one
            }
        }
        problem(mark, "this quote is not closed");
    }
    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
              YamlNode::Kind kind) {
        refuse_anchor(mark, anchor);
        if (tag != "?" && tag != "!" && !tag.empty()) refuse_tag(mark, tag);
        if (levels_.size() >= kDepthMax) {
            throw YAML::ParserException(mark, "nested more than 64 levels deep");
        }
        levels_.push_back({node_at(mark, kind), true, {}});
    }
    void close() {
        YamlNode node = std::move(levels_.back().node);
        levels_.pop_back();
        add(std::move(node));
    }
    void add(YamlNode node) {
        if (levels_.empty()) {
            root_ = std::move(node);
            return;
        }
        Level& level = levels_.back();
        if (level.node.kind == YamlNode::Kind::kList) {
            level.node.items.push_back(std::move(node));
        } else if (level.awaits_key) {
            take_key(level, std::move(node));
        } else {
            if (node.kind == YamlNode::Kind::kNull) {  // its own mark is on some later line
                node.line = level.entry.line;
                node.column = level.entry.column;
            }
            level.entry.value = std::move(node);
            level.node.entries.push_back(std::move(level.entry));
            level.awaits_key = true;
        }
    }
    void take_key(Level& level, YamlNode node) {
        level.awaits_key = false;
        level.entry = {};
        level.entry.line = node.line;
        level.entry.column = node.column;
        if (node.kind == YamlNode::Kind::kList || node.kind == YamlNode::Kind::kMap) {
            problems_.add({std::string(origin_.file), node.line, node.column},
                          "a key must be plain text, not " + node.describe());
            return;
        }
        level.entry.key = node.kind == YamlNode::Kind::kNull ? "null" : std::move(node.text);
        for (const YamlNode::Entry& other : level.node.entries) {
            if (other.key != level.entry.key) continue;
            problems_.add({std::string(origin_.file), node.line, node.column},
                          "the key '" + other.key + "' is there twice; first in line " +
                              std::to_string(other.line));
            return;
        }
    }

    std::string_view text_;
    const TextOrigin& origin_;
    Problems& problems_;
    std::vector<Level> levels_;
    YamlNode root_;
};

/// A stream over bytes that somebody else owns.
class ViewBuffer final : public std::streambuf {
public:
    explicit ViewBuffer(std::string_view text) {
        char* begin = const_cast<char*>(text.data());  // never written: there is no put area
        setg(begin, begin, begin + text.size());
    }
};

/// yaml-cpp's message for a tab is about "map keys" or "block entries"; find the tab ourselves.
std::optional<SourcePlace> tab_in_indentation(std::string_view text, const TextOrigin& origin) {
    int line = 0;
    for (std::size_t at = 0; at < text.size(); ++line) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::size_t first = text.substr(at, end - at).find_first_not_of(" ");
        if (first != std::string_view::npos && text[at + first] == '\t') {
            return SourcePlace{std::string(origin.file), origin.line + line,
                               static_cast<int>(first) + (line == 0 ? origin.column : 1)};
        }
        at = end + 1;
    }
    return std::nullopt;
}

/// yaml-cpp's wording in ours.
std::string reword(const std::string& message) {
    static const std::unordered_map<std::string, std::string> kWords = {
        {"end of map not found",
         "this line does not continue the map above: check its indentation, and quote values that "
         "hold ': '"},
        {"end of sequence not found",
         "this line does not continue the list above: check its indentation"},
        {"end of map flow not found", "a '{' is not closed"},
        {"end of sequence flow not found", "a '[' is not closed"},
        {"illegal map value", "a ':' is not expected here: quote the value if it holds ': '"},
        {"illegal block entry", "a '- ' is not expected here"},
        {"illegal EOF in scalar", "a quote is not closed"},
        {"illegal document indicator in scalar", "a quote is not closed before '---'"},
        {"unknown token", "this character cannot begin a value: quote the value"},
    };
    const auto found = kWords.find(message);
    return found == kWords.end() ? message : found->second;
}

}  // namespace

YamlNode read_yaml(std::string_view text, const TextOrigin& origin, Problems& problems) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    if (!is_text(text, origin.file, origin.line, problems)) return {};
    TreeBuilder builder(text, origin, problems);
    try {
        ViewBuffer buffer(text);
        std::istream stream(&buffer);
        YAML::Parser parser(stream);
        if (!parser.HandleNextDocument(builder)) return {};
        YamlNode root = builder.take();
        TreeBuilder rest(text, origin, problems);
        if (parser.HandleNextDocument(rest)) {
            const YamlNode second = rest.take();
            problems.add({std::string(origin.file), second.line, second.column},
                         "a second document (`---`): one file is one document");
        }
        return root;
    } catch (const YAML::Exception& error) {
        if (auto tab = tab_in_indentation(text, origin)) {
            problems.add(std::move(*tab), "a tab in the indentation: YAML wants blanks");
            return {};
        }
        problems.add(builder.place(error.mark), reword(error.msg));
        return {};
    }
}

const YamlNode* YamlNode::find(std::string_view key) const {
    for (const Entry& entry : entries) {
        if (entry.key == key) return &entry.value;
    }
    return nullptr;
}

std::string YamlNode::describe() const {
    switch (kind) {
        case Kind::kNull:
            return "nothing";
        case Kind::kList:
            return "a list";
        case Kind::kMap:
            return "a map";
        case Kind::kScalar:
            break;
    }
    const std::string shown = text.size() > 60 ? text.substr(0, 57) + "..." : text;
    if (!quoted && yaml_boolean(text)) return "the boolean " + shown;
    if (!quoted && yaml_number(text)) return "the number " + shown;
    return "'" + shown + "'";
}

Value YamlNode::value() const {
    switch (kind) {
        case Kind::kNull:
            return {};
        case Kind::kList: {
            ValueList list;
            for (const YamlNode& item : items) list.push_back(item.value());
            return list;
        }
        case Kind::kMap: {
            ValueMap map;
            for (const Entry& entry : entries) map.emplace_back(entry.key, entry.value.value());
            return map;
        }
        case Kind::kScalar:
            break;
    }
    if (quoted) return text;
    if (text == "true" || text == "false") return text == "true";
    if (const auto integer = yaml_integer(text)) return *integer;
    if (const auto number = yaml_number(text)) return *number;
    return text;
}

bool yaml_is_null(std::string_view text) {
    return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

std::optional<bool> yaml_boolean(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (lower == "true" || lower == "on" || lower == "yes") return true;
    if (lower == "false" || lower == "off" || lower == "no") return false;
    return std::nullopt;
}

std::optional<std::int64_t> yaml_integer(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    // A leading zero is no number: 01 and 007 are codes.
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<double> yaml_number(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    if (digits.empty() ||
        !(std::isdigit(static_cast<unsigned char>(digits.front())) != 0 || digits.front() == '.')) {
        return std::nullopt;
    }
    if (digits.size() > 1 && digits[0] == '0' &&
        std::isdigit(static_cast<unsigned char>(digits[1])) != 0) {
        return std::nullopt;
    }
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
        return std::nullopt;
    }
    return value;
}

}  // namespace ingot::project
