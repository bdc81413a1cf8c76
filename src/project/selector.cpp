#include "project/selector.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "base/nearest_name.hpp"
#include "project/problems_internal.hpp"
#include "project/yaml_internal.hpp"

namespace ingot::project {

namespace {

using TableSet = std::set<TableName>;

constexpr std::size_t kAllSteps = ~std::size_t{0};

/// `*` any text, `?` one character, `[abc]` one of them.
bool glob_matches(std::string_view glob, std::string_view text) {
    while (!glob.empty()) {
        if (glob[0] == '*') {
            while (glob.starts_with('*')) glob.remove_prefix(1);
            for (std::size_t at = 0; at <= text.size(); ++at) {
                if (glob_matches(glob, text.substr(at))) return true;
            }
            return false;
        }
        if (text.empty()) return false;
        const std::size_t close = glob[0] == '[' ? glob.find(']') : std::string_view::npos;
        if (close != std::string_view::npos) {
            if (glob.substr(1, close - 1).find(text[0]) == std::string_view::npos) return false;
            glob.remove_prefix(close + 1);
        } else {
            if (glob[0] != '?' && glob[0] != text[0]) return false;
            glob.remove_prefix(1);
        }
        text.remove_prefix(1);
    }
    return text.empty();
}

bool is_glob(std::string_view text) {
    return text.find_first_of("*?[") != std::string_view::npos;
}

/// What selection can ask of a table.
struct Properties {
    TableName name;
    std::string path;
    std::vector<std::string> tags;
    std::string owner;
    std::string kind;
    std::string source;  ///< Empty for models.
    std::string code_hash;
    std::vector<TableName> reads;  ///< Of a check.
};

std::vector<Properties> properties_of(const Project& project) {
    std::vector<Properties> all;
    for (const Source& source : project.sources) {
        for (const SourceTable& table : source.tables) {
            all.push_back({table.name,
                           source.place.file,
                           source.tags,
                           source.owner,
                           "source",
                           source.name,
                           source.code_hash,
                           {}});
        }
    }
    for (const Model& model : project.models) {
        all.push_back({model.name,
                       model.path,
                       model.tags,
                       model.owner,
                       std::string(model_kind_name(model.kind)),
                       "",
                       model.code_hash,
                       {}});
    }
    return all;
}

std::vector<Properties> properties_with_checks(const Project& project) {
    std::vector<Properties> all = properties_of(project);
    for (const TableCheckFile& check : project.checks) {
        all.push_back({name_of_check(check), check.check.place.file, check.tags, "", "check", "",
                       "", base_tables(project, check.inputs)});
    }
    return all;
}

/// `2+@name+3` taken apart.
struct Term {
    bool with_inputs_of_users = false;  ///< `@`
    std::size_t up = 0;
    std::size_t down = 0;
    std::string_view base;
};

Error bad_term(std::string_view text, std::string_view why) {
    return make_error(ErrorCode::kInvalidArgument, "the selector '{}' is not understood: {}", text,
                      why);
}

/// Digits, as steps; too many of them are all steps.
std::optional<std::size_t> steps(std::string_view digits) {
    if (digits.empty()) return kAllSteps;
    if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
    if (digits.size() > 9) return kAllSteps;
    return static_cast<std::size_t>(std::stoul(std::string(digits)));
}

Result<Term> parse_term(std::string_view text) {
    Term term;
    term.base = text;
    if (term.base.starts_with('@')) {
        term.with_inputs_of_users = true;
        term.base.remove_prefix(1);
    }
    const std::size_t first = term.base.find('+');
    if (first != std::string_view::npos && term.base.find_first_not_of("0123456789") == first) {
        term.up = *steps(term.base.substr(0, first));
        term.base.remove_prefix(first + 1);
    }
    const std::size_t last = term.base.rfind('+');
    if (last != std::string_view::npos) {
        const auto down = steps(term.base.substr(last + 1));
        if (!down) return bad_term(text, "after the last '+' there may be a number only");
        term.down = *down;
        term.base = term.base.substr(0, last);
    }
    if (term.with_inputs_of_users && (term.up > 0 || term.down > 0)) {
        return bad_term(text, "'@' and '+' don't go together");
    }
    if (term.base.empty()) return bad_term(text, "there is no name");
    if (term.base.find('+') != std::string_view::npos ||
        term.base.find('@') != std::string_view::npos) {
        return bad_term(text, "'+' and '@' stand before or after the name");
    }
    return term;
}

class Selector {
public:
    Selector(std::vector<Properties> tables, const TableGraph& graph, const Manifest* state)
        : graph_(graph), state_(state), tables_(std::move(tables)) {}

    /// Parts divided by blanks: either of them.
    Result<TableSet> select(std::string_view text) const {
        TableSet selected;
        for (const std::string_view part : split(text, ' ')) {
            if (part.empty()) continue;
            INGOT_TRY_ASSIGN(const TableSet some, both(part));
            selected.insert(some.begin(), some.end());
        }
        return selected;
    }

    TableSet everything() const {
        TableSet all;
        for (const Properties& table : tables_) all.insert(table.name);
        return all;
    }

private:
    static std::vector<std::string_view> split(std::string_view text, char by) {
        std::vector<std::string_view> parts;
        while (true) {
            const std::size_t at = text.find(by);
            parts.push_back(text.substr(0, at));
            if (at == std::string_view::npos) return parts;
            text.remove_prefix(at + 1);
        }
    }

    /// Parts divided by commas: all of them.
    Result<TableSet> both(std::string_view text) const {
        std::optional<TableSet> selected;
        for (const std::string_view part : split(text, ',')) {
            if (part.empty()) return bad_term(text, "a comma stands between two selectors");
            INGOT_TRY_ASSIGN(const Term term, parse_term(part));
            INGOT_TRY_ASSIGN(TableSet some, expand(term));
            if (!selected) {
                selected = std::move(some);
                continue;
            }
            std::erase_if(*selected, [&](const TableName& name) { return !some.contains(name); });
        }
        return *std::move(selected);
    }

    Result<TableSet> expand(const Term& term) const {
        INGOT_TRY_ASSIGN(const TableSet base, matching(term.base));
        TableSet selected = base;
        for (const TableName& name : base) {
            if (term.up > 0) add(graph_.upstream(name, term.up), selected);
            if (term.up > 0) add_inputs_of_check(name, term.up - 1, selected);
            if (term.down > 0) add(graph_.downstream(name, term.down), selected);
            if (!term.with_inputs_of_users) continue;
            std::vector<TableName> users = graph_.downstream(name);
            users.push_back(name);
            add(users, selected);
            for (const TableName& user : users) add(graph_.upstream(user), selected);
        }
        return selected;
    }

    void add_inputs_of_check(const TableName& name, std::size_t further, TableSet& selected) const {
        for (const Properties& check : tables_) {
            if (check.name != name) continue;
            add(check.reads, selected);
            for (const TableName& input : check.reads) {
                if (further > 0) add(graph_.upstream(input, further), selected);
            }
        }
    }

    static void add(const std::vector<TableName>& names, TableSet& selected) {
        selected.insert(names.begin(), names.end());
    }

    Result<TableSet> matching(std::string_view base) const {
        const std::size_t colon = base.find(':');
        if (colon == std::string_view::npos) return by_name(base);
        const std::string_view method = base.substr(0, colon);
        const std::string_view value = base.substr(colon + 1);
        if (value.empty()) return bad_term(base, "something must follow ':'");
        if (method == "state") return by_state(value);
        if (method == "tag") {
            return by(base, value, [](const Properties& t) { return t.tags; });
        }
        if (method == "owner") {
            return by(base, value, [](const Properties& t) { return one(t.owner); });
        }
        if (method == "kind") {
            return by(base, value, [](const Properties& t) { return one(t.kind); });
        }
        if (method == "source") {
            return by(base, value, [](const Properties& t) {
                return t.source.empty()
                           ? std::vector<std::string>()
                           : std::vector<std::string>{t.source, t.name.text(), t.name.layer()};
            });
        }
        if (method == "path") {
            return by(base, trimmed_path(value),
                      [](const Properties& t) { return folders(t.path); });
        }
        const std::vector<std::string> known = {"tag", "path", "source", "state", "kind", "owner"};
        return bad_term(base, fmt::format("'{}:' is no method; known are {}{}", method,
                                          one_of_list(known), did_you_mean(method, known)));
    }

    static std::vector<std::string> one(const std::string& text) {
        return text.empty() ? std::vector<std::string>() : std::vector<std::string>{text};
    }
    static std::string_view trimmed_path(std::string_view path) {
        if (path.starts_with("./")) path.remove_prefix(2);
        while (path.ends_with('/')) path.remove_suffix(1);
        return path;
    }
    /// `models/silver/aqi.sql`, `models/silver`, `models`
    static std::vector<std::string> folders(const std::string& path) {
        std::vector<std::string> out = {path};
        for (std::size_t at = path.rfind('/'); at != std::string::npos && at > 0;
             at = path.rfind('/', at - 1)) {
            out.push_back(path.substr(0, at));
        }
        return out;
    }

    /// `silver.aqi`, `silver.*`, `aqi`: without a dot it is the name part.
    Result<TableSet> by_name(std::string_view pattern) const {
        const bool whole = pattern.find('.') != std::string_view::npos;
        TableSet found;
        std::vector<std::string> names;
        for (const Properties& table : tables_) {
            const std::string text = whole ? table.name.text() : table.name.name();
            if (glob_matches(pattern, text) || (pattern == "*")) found.insert(table.name);
            names.push_back(whole ? text : table.name.name());
        }
        if (!found.empty()) return found;
        return make_error(ErrorCode::kNotFound, "no table matches '{}'{}", pattern,
                          is_glob(pattern) ? "" : did_you_mean(pattern, names));
    }

    template <class Values>
    Result<TableSet> by(std::string_view base, std::string_view value, const Values& values) const {
        TableSet found;
        std::set<std::string> known;
        for (const Properties& table : tables_) {
            for (const std::string& one : values(table)) {
                if (glob_matches(value, one)) found.insert(table.name);
                known.insert(one);
            }
        }
        if (!found.empty()) return found;
        return make_error(ErrorCode::kNotFound, "no table matches '{}'{}", base,
                          is_glob(value) ? "" : did_you_mean(value, {known.begin(), known.end()}));
    }

    Result<TableSet> by_state(std::string_view value) const {
        if (value != "modified" && value != "new") {
            return bad_term(value, "known are state:modified and state:new");
        }
        if (state_ == nullptr) {
            return make_error(ErrorCode::kInvalidArgument,
                              "state:{} needs a stored state to compare with", value);
        }
        TableSet found;
        for (const Properties& table : tables_) {
            if (table.kind == "check") continue;
            const auto before = state_->code_hashes.find(table.name);
            const bool is_new = before == state_->code_hashes.end();
            const bool changed = !is_new && before->second != table.code_hash;
            if (is_new || (changed && value == "modified")) found.insert(table.name);
        }
        return found;  // nothing modified is an answer, not a mistake
    }

    const TableGraph& graph_;
    const Manifest* state_;
    std::vector<Properties> tables_;
};

/// What is selected and what is excluded, both whole.
struct Chosen {
    TableSet selected;
    TableSet excluded;
};

Result<Chosen> choose(const Selector& selector, const Selection& selection) {
    Chosen chosen{selector.everything(), {}};
    if (selection.select.find_first_not_of(' ') != std::string::npos) {
        INGOT_TRY_ASSIGN(chosen.selected, selector.select(selection.select));
    }
    INGOT_TRY_ASSIGN(chosen.excluded, selector.select(selection.exclude));
    return chosen;
}

std::vector<TableName> tables_in_order(const Project& project, const Chosen& chosen) {
    std::vector<TableName> ordered;
    const auto add = [&](const TableName& name) {
        if (chosen.selected.contains(name) && !chosen.excluded.contains(name))
            ordered.push_back(name);
    };
    for (const Source& source : project.sources) {
        for (const SourceTable& table : source.tables) add(table.name);
    }
    for (const Model& model : project.models) add(model.name);
    return ordered;
}

}  // namespace

Result<std::vector<TableName>> select_tables(const Project& project, const TableGraph& graph,
                                             const Selection& selection) {
    INGOT_TRY_ASSIGN(const Chosen chosen,
                     choose(Selector(properties_of(project), graph, selection.state), selection));
    return tables_in_order(project, chosen);
}

TableName name_of_check(const TableCheckFile& check) {
    return {"checks", check.name};
}

Result<SelectedWork> select_work(const Project& project, const TableGraph& graph,
                                 const Selection& selection) {
    INGOT_TRY_ASSIGN(
        const Chosen chosen,
        choose(Selector(properties_with_checks(project), graph, selection.state), selection));
    SelectedWork work{tables_in_order(project, chosen), {}};
    for (const TableCheckFile& check : project.checks) {
        std::vector<TableName> about = base_tables(project, check.inputs);
        about.insert(about.end(), check.inputs.begin(), check.inputs.end());
        about.push_back(name_of_check(check));
        const auto touches = [&](const TableSet& set) {
            return std::any_of(about.begin(), about.end(),
                               [&](const TableName& name) { return set.contains(name); });
        };
        if (touches(chosen.selected) && !touches(chosen.excluded)) work.checks.push_back(&check);
    }
    return work;
}

Manifest Manifest::of(const Project& project) {
    Manifest manifest;
    for (const Properties& table : properties_of(project)) {
        manifest.code_hashes[table.name] = table.code_hash;
    }
    return manifest;
}

std::string Manifest::to_json() const {
    ValueMap tables;
    for (const auto& [name, hash] : code_hashes) tables.emplace_back(name.text(), Value(hash));
    return Value(ValueMap{{"format", Value(std::int64_t{1})}, {"code_hashes", Value(tables)}})
        .to_json();
}

Result<Manifest> Manifest::parse(std::string_view json) {
    Problems problems;
    const YamlNode node = read_yaml(json, {"manifest", 1, 1}, problems);  // JSON is YAML
    const YamlNode* hashes = node.find("code_hashes");
    const YamlNode* format = node.find("format");
    if (!problems.empty() || hashes == nullptr || format == nullptr || format->text != "1") {
        return make_error(ErrorCode::kCorruptData, "this is no state of format 1");
    }
    Manifest manifest;
    for (const YamlNode::Entry& entry : hashes->entries) {
        INGOT_TRY_ASSIGN(TableName name, TableName::parse(entry.key));
        manifest.code_hashes[std::move(name)] = entry.value.text;
    }
    return manifest;
}

}  // namespace ingot::project
