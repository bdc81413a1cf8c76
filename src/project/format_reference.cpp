#include "project/format_reference.hpp"

#include <fmt/format.h>
#include <map>
#include <set>

#include "base/nearest_name.hpp"
#include "project/shape_internal.hpp"

namespace ingot::project {

namespace {

struct FileKind {
    std::string name;
    std::string title;
    ShapePtr shape;
};

std::vector<FileKind> file_kinds() {
    const FormatShapes& shapes = format_shapes();
    return {{"project", "`project.yml`", shapes.project},
            {"source", "`sources/*.yml`", shapes.source},
            {"model", "`models/LAYER/*.sql`, front matter", shapes.model},
            {"seed", "`seeds/*.yml`, beside the file of the same name", shapes.seed},
            {"check", "`checks/*.sql`, front matter", shapes.table_check},
            {"pipeline", "`pipelines/*.yml`", shapes.pipeline}};
}

std::string quoted(std::string_view text) {
    return Value(std::string(text)).to_json();
}

/// Writes one schema. Objects are defined once, by name, under `$defs`.
class SchemaWriter {
public:
    std::string write(const FileKind& kind) {
        const std::string body = of(*kind.shape);
        std::string defs;
        for (const auto& [name, text] : defs_) {
            defs += fmt::format("{}\n    {}: {}", defs.empty() ? "" : ",", quoted(name), text);
        }
        return fmt::format(
            "{{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
            "  \"title\": {},\n  \"$ref\": {},\n  \"$defs\": {{{}\n  }}\n}}\n",
            quoted("Ingot " + kind.name),
            body.substr(body.find(": ") + 2, body.size() - body.find(": ") - 3), defs);
    }

private:
    std::string of(const Shape& shape) {
        switch (shape.kind) {
            case Shape::Kind::kAny:
                return "{}";
            case Shape::Kind::kScalar:
                return of_scalar(shape.scalar);
            case Shape::Kind::kChoice:
                return of_choice(shape);
            case Shape::Kind::kList:
                return of_list(shape);
            case Shape::Kind::kMap:
                return fmt::format("{{\"type\": \"object\", \"additionalProperties\": {}}}",
                                   of(*shape.element));
            case Shape::Kind::kObject:
                return of_object(shape);
            case Shape::Kind::kEither: {
                std::string any;
                for (const ShapePtr& one : shape.alternatives) {
                    any += (any.empty() ? "" : ", ") + of(*one);
                }
                return "{\"anyOf\": [" + any + "]}";
            }
        }
        return "{}";
    }

    static std::string of_scalar(ScalarKind kind) {
        const auto pattern = [](std::string_view regex) {
            return fmt::format("{{\"type\": \"string\", \"pattern\": {}}}", quoted(regex));
        };
        switch (kind) {
            case ScalarKind::kIdentifier:
                return pattern("^[A-Za-z_][A-Za-z0-9_]*$");
            case ScalarKind::kInteger:
                return R"({"type": "integer"})";
            case ScalarKind::kNumber:
                return R"({"type": "number"})";
            case ScalarKind::kBoolean:
                return R"({"enum": [true, false, "on", "off", "yes", "no"]})";
            case ScalarKind::kTable:
                return pattern("^[A-Za-z_][A-Za-z0-9_]*\\.[A-Za-z_][A-Za-z0-9_]*$");
            case ScalarKind::kDuration:
                return pattern("^[0-9]+(ms|s|m|h|d|w)$");
            case ScalarKind::kShare:
                return R"({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "pattern": "^[0-9.]+%$"}]})";
            case ScalarKind::kColumn:
            case ScalarKind::kType:
            case ScalarKind::kTimezone:
            case ScalarKind::kWindowUnit:
                return R"({"type": "string"})";
            default:
                return R"({"type": ["string", "number", "boolean"]})";
        }
    }

    static std::string of_choice(const Shape& shape) {
        std::string names;
        for (const Choice& choice : shape.choices) {
            names += (names.empty() ? "" : ", ") + quoted(choice.name);
        }
        return "{\"enum\": [" + names + "]}";
    }

    std::string of_list(const Shape& shape) {
        std::string text = "{\"type\": \"array\", \"items\": " + of(*shape.element);
        if (shape.min_items > 0) text += fmt::format(", \"minItems\": {}", shape.min_items);
        if (shape.max_items != ~std::size_t{0}) {
            text += fmt::format(", \"maxItems\": {}", shape.max_items);
        }
        return text + "}";
    }

    std::string of_object(const Shape& shape) {
        if (!defs_.contains(shape.name)) {
            defs_[shape.name] = "";  // taken, should it hold itself
            defs_[shape.name] = object_text(shape);
        }
        return fmt::format("{{\"$ref\": {}}}", quoted("#/$defs/" + shape.name));
    }

    std::string object_text(const Shape& shape) {
        std::string properties;
        std::string required;
        for (const Key& key : shape.keys) {
            std::string value = of(*key.shape);
            const std::string doc =
                key.not_yet.empty() ? key.doc : key.doc + " (Not yet: " + key.not_yet + ".)";
            value = value == "{}"
                        ? fmt::format("{{\"description\": {}}}", quoted(doc))
                        : fmt::format("{{\"description\": {}, {}", quoted(doc), value.substr(1));
            properties += fmt::format("{}\n      {}: {}", properties.empty() ? "" : ",",
                                      quoted(key.name), value);
            if (key.required) required += (required.empty() ? "" : ", ") + quoted(key.name);
        }
        std::string text = "{\"type\": \"object\", \"additionalProperties\": false, ";
        if (!required.empty()) text += "\"required\": [" + required + "], ";
        if (!shape.one.empty()) {
            std::string one;
            for (const std::string& key : shape.one) {
                one +=
                    fmt::format("{}{{\"required\": [{}]}}", one.empty() ? "" : ", ", quoted(key));
            }
            text += "\"oneOf\": [" + one + "], ";
        }
        return text + "\"properties\": {" + properties + "}}";
    }

    std::map<std::string, std::string> defs_;
};

/// Sections of Markdown, one per object, each once.
class ReferenceWriter {
public:
    void file(const FileKind& kind) {
        text_ += fmt::format("### {}\n\n", kind.title);
        table(*kind.shape);
        while (!waiting_.empty()) {
            const Shape* shape = waiting_.front();
            waiting_.erase(waiting_.begin());
            text_ += fmt::format("#### {}\n\n", shape->name);
            table(*shape);
        }
    }
    std::string take() { return std::move(text_); }

private:
    void table(const Shape& shape) {
        seen_.insert(shape.name);
        if (!shape.one.empty()) {
            std::vector<std::string> keys;
            for (const std::string& key : shape.one) keys.push_back("`" + key + "`");
            text_ += fmt::format("Exactly one of {}.\n\n", one_of_list(keys));
        }
        text_ += "| key | value | meaning |\n|---|---|---|\n";
        for (const Key& key : shape.keys) {
            const std::string later = key.not_yet.empty() ? "" : " *Not yet.*";
            text_ +=
                fmt::format("| `{}`{} | {} | {}{} |\n", key.name, key.required ? " (required)" : "",
                            cell(value(*key.shape)), cell(key.doc), later);
        }
        text_ += "\n";
        for (const Key& key : shape.keys) choices(key);
    }

    void choices(const Key& key) {
        for (const Shape* shape : choices_in(*key.shape)) {
            bool said = false;
            for (const Choice& choice : shape->choices) said = said || !choice.doc.empty();
            if (!said) continue;
            text_ += fmt::format("`{}`: ", key.name);
            std::string list;
            for (const Choice& choice : shape->choices) {
                std::string doc = choice.doc;
                if (doc.ends_with('.')) doc.pop_back();
                list += fmt::format("{}`{}` {}{}", list.empty() ? "" : "; ", choice.name, doc,
                                    choice.not_yet.empty() ? "" : " (*not yet*)");
            }
            text_ += list + ".\n\n";
        }
    }

    static std::vector<const Shape*> choices_in(const Shape& shape) {
        if (shape.kind == Shape::Kind::kChoice) return {&shape};
        std::vector<const Shape*> found;
        if (shape.kind == Shape::Kind::kList) return choices_in(*shape.element);
        for (const ShapePtr& one : shape.alternatives) {
            const auto inner = choices_in(*one);
            found.insert(found.end(), inner.begin(), inner.end());
        }
        return found;
    }

    /// In words; objects by their section.
    std::string value(const Shape& shape) {
        switch (shape.kind) {
            case Shape::Kind::kObject:
                if (seen_.insert(shape.name).second) waiting_.push_back(&shape);
                return "[" + shape.name + "](#" + anchor(shape.name) + ")";
            case Shape::Kind::kList:
                return "list of " + value(*shape.element);
            case Shape::Kind::kMap:
                return "map: name to " + value(*shape.element);
            case Shape::Kind::kEither: {
                std::vector<std::string> names;
                for (const ShapePtr& one : shape.alternatives) names.push_back(value(*one));
                return one_of_list(names);
            }
            case Shape::Kind::kChoice: {
                std::vector<std::string> names;
                for (const Choice& choice : shape.choices) names.push_back("`" + choice.name + "`");
                return one_of_list(names);
            }
            default:
                return describe_shape(shape);
        }
    }

    static std::string anchor(std::string name) {
        for (char& c : name) c = c == ' ' ? '-' : c;
        return name;
    }
    static std::string cell(const std::string& text) {
        std::string out;
        for (const char c : text) {
            if (c == '|') out += '\\';
            out += c;
        }
        return out;
    }

    std::string text_;
    std::set<std::string> seen_;
    std::vector<const Shape*> waiting_;
};

}  // namespace

std::vector<std::string> format_file_kinds() {
    std::vector<std::string> names;
    for (const FileKind& kind : file_kinds()) names.push_back(kind.name);
    return names;
}

Result<std::string> json_schema(std::string_view file_kind) {
    for (const FileKind& kind : file_kinds()) {
        if (kind.name == file_kind) return SchemaWriter().write(kind);
    }
    const std::vector<std::string> names = format_file_kinds();
    return make_error(ErrorCode::kNotFound, "there is no file kind '{}'; known are {}{}", file_kind,
                      one_of_list(names), did_you_mean(file_kind, names));
}

std::string format_reference() {
    ReferenceWriter writer;
    for (const FileKind& kind : file_kinds()) writer.file(kind);
    return writer.take();
}

}  // namespace ingot::project
