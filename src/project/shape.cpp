#include <algorithm>

#include "base/data_type.hpp"
#include "base/nearest_name.hpp"
#include "base/time.hpp"
#include "project/scalars_internal.hpp"
#include "project/shape_internal.hpp"
#include "project/template_text.hpp"
#include "project/window.hpp"

namespace ingot::project {

namespace {

class Checker {
public:
    Checker(std::string_view file, Problems& problems) : file_(file), problems_(problems) {}

    void check(const YamlNode& node, const Shape& shape, const std::string& what) {
        switch (shape.kind) {
            case Shape::Kind::kAny:
                return;
            case Shape::Kind::kScalar:
                return check_scalar(node, shape, what);
            case Shape::Kind::kChoice:
                return check_choice(node, shape, what);
            case Shape::Kind::kList:
                return check_list(node, shape, what);
            case Shape::Kind::kMap:
                return check_map(node, shape, what);
            case Shape::Kind::kObject:
                return check_object(node, shape, what);
            case Shape::Kind::kEither:
                return check_either(node, shape, what);
        }
    }

private:
    SourcePlace place(const YamlNode& node) const {
        return {std::string(file_), node.line, node.column};
    }
    void wrong_type(const YamlNode& node, const Shape& shape, const std::string& what) {
        problems_.add(place(node),
                      what + " must be " + describe_shape(shape) + ", not " + node.describe());
    }

    void check_scalar(const YamlNode& node, const Shape& shape, const std::string& what) {
        if (node.kind != YamlNode::Kind::kScalar) return wrong_type(node, shape, what);
        const Status read = check_scalar_text(node, shape.scalar);
        if (read) return;
        if (read.error().message.empty()) return wrong_type(node, shape, what);
        problems_.add(place(node), what + ": " + read.error().message);
    }

    void check_choice(const YamlNode& node, const Shape& shape, const std::string& what) {
        if (node.kind != YamlNode::Kind::kScalar) return wrong_type(node, shape, what);
        std::vector<std::string> names;
        for (const Choice& choice : shape.choices) {
            if (choice.name == node.text) {
                if (!choice.not_yet.empty()) problems_.not_yet(place(node), choice.not_yet);
                return;
            }
            names.push_back(choice.name);
        }
        problems_.add(place(node), what + " must be " + one_of_list(names) + ", not " +
                                       node.describe() + did_you_mean(node.text, names));
    }

    void check_list(const YamlNode& node, const Shape& shape, const std::string& what) {
        if (node.kind != YamlNode::Kind::kList) return wrong_type(node, shape, what);
        if (node.items.size() < shape.min_items || node.items.size() > shape.max_items) {
            problems_.add(place(node), what + " must have " + count_words(shape) + ", not " +
                                           std::to_string(node.items.size()));
        }
        for (const YamlNode& item : node.items) check(item, *shape.element, "an item of " + what);
    }

    void check_map(const YamlNode& node, const Shape& shape, const std::string& what) {
        if (node.kind != YamlNode::Kind::kMap) return wrong_type(node, shape, what);
        for (const YamlNode::Entry& entry : node.entries) {
            YamlNode key;
            key.kind = YamlNode::Kind::kScalar;
            key.text = entry.key;
            key.quoted = true;
            if (const Status read = check_scalar_text(key, shape.map_key); !read) {
                problems_.add(
                    {std::string(file_), entry.line, entry.column},
                    "a key of " + what + ": " +
                        (read.error().message.empty() ? "'" + entry.key + "' is not allowed"
                                                      : read.error().message));
            }
            check(entry.value, *shape.element, "'" + entry.key + "'");
        }
    }

    void check_object(const YamlNode& node, const Shape& shape, const std::string& what) {
        if (node.kind != YamlNode::Kind::kMap) return wrong_type(node, shape, what);
        for (const YamlNode::Entry& entry : node.entries) {
            const SourcePlace at{std::string(file_), entry.line, entry.column};
            const Key* key = shape.find_key(entry.key);
            if (key == nullptr) {
                problems_.add(at, "unknown key '" + entry.key + "' in a " + shape.name +
                                      suggestion(entry, shape));
                continue;
            }
            check(entry.value, *key->shape, "'" + entry.key + "'");
            if (!key->not_yet.empty()) problems_.not_yet(at, key->not_yet);
        }
        for (const Key& key : shape.keys) {
            if (key.required && node.find(key.name) == nullptr) {
                problems_.add(place(node), "'" + key.name + "' is missing in this " + shape.name);
            }
        }
        check_exactly_one(node, shape);
    }

    void check_exactly_one(const YamlNode& node, const Shape& shape) {
        if (shape.one.empty()) return;
        std::vector<std::string> given;
        for (const std::string& key : shape.one) {
            if (node.find(key) != nullptr) given.push_back(key);
        }
        if (given.size() == 1) return;
        if (given.empty()) {
            problems_.add(place(node),
                          "this " + shape.name + " needs one of " + one_of_list(shape.one));
        } else {
            problems_.add(place(node), "this " + shape.name + " has '" + given[0] + "' and '" +
                                           given[1] + "'; only one of them can be");
        }
    }

    void check_either(const YamlNode& node, const Shape& shape, const std::string& what) {
        // Of the alternatives of this YAML kind, the first that fits; its errors when it is alone.
        std::vector<const Shape*> candidates;
        for (const ShapePtr& alternative : shape.alternatives) {
            if (takes(*alternative, node.kind)) candidates.push_back(alternative.get());
        }
        if (candidates.empty()) return wrong_type(node, shape, what);
        if (candidates.size() == 1) return check(node, *candidates[0], what);
        for (const Shape* candidate : candidates) {
            Problems found;
            Checker(file_, found).check(node, *candidate, what);
            const bool fits = std::all_of(
                found.list().begin(), found.list().end(),
                [](const Problem& problem) { return problem.code == ErrorCode::kUnsupported; });
            if (fits) return problems_.merge(std::move(found));
        }
        wrong_type(node, shape, what);
    }

    static bool takes(const Shape& shape, YamlNode::Kind kind) {
        switch (shape.kind) {
            case Shape::Kind::kAny:
                return true;
            case Shape::Kind::kScalar:
            case Shape::Kind::kChoice:
                return kind == YamlNode::Kind::kScalar;
            case Shape::Kind::kList:
                return kind == YamlNode::Kind::kList;
            case Shape::Kind::kMap:
            case Shape::Kind::kObject:
                return kind == YamlNode::Kind::kMap;
            case Shape::Kind::kEither:
                return std::any_of(shape.alternatives.begin(), shape.alternatives.end(),
                                   [&](const ShapePtr& one) { return takes(*one, kind); });
        }
        return false;
    }

    static std::string suggestion(const YamlNode::Entry& entry, const Shape& shape) {
        const std::string& key = entry.key;
        if (entry.value.kind == YamlNode::Kind::kNull && key.find(' ') != std::string::npos) {
            return ": inside {...} a comma ends a value; put text that holds one in quotes";
        }
        std::vector<std::string> names;
        for (const Key& known : shape.keys) names.push_back(known.name);
        const std::string near = did_you_mean(key, names);
        return near.empty() ? "; known are " + one_of_list(names) : near;
    }

    static std::string count_words(const Shape& shape) {
        if (shape.min_items == shape.max_items) return std::to_string(shape.min_items) + " items";
        if (shape.max_items == ~std::size_t{0}) {
            return "at least " + std::to_string(shape.min_items) +
                   (shape.min_items == 1 ? " item" : " items");
        }
        return std::to_string(shape.min_items) + " to " + std::to_string(shape.max_items) +
               " items";
    }

    std::string_view file_;
    Problems& problems_;
};

}  // namespace

const Key* Shape::find_key(std::string_view key) const {
    for (const Key& candidate : keys) {
        if (candidate.name == key) return &candidate;
    }
    return nullptr;
}

bool check_shape(const YamlNode& node, const Shape& shape, std::string_view file,
                 const std::string& what, Problems& problems) {
    const std::size_t before = problems.count();
    Checker(file, problems).check(node, shape, what);
    return problems.count() == before;
}

std::string describe_shape(const Shape& shape) {
    switch (shape.kind) {
        case Shape::Kind::kAny:
            return "any value";
        case Shape::Kind::kScalar:
            return std::string(scalar_kind_words(shape.scalar));
        case Shape::Kind::kList:
            return "a list (of " + describe_shape(*shape.element) + ")";
        case Shape::Kind::kMap:
            return "a map (name: " + describe_shape(*shape.element) + ")";
        case Shape::Kind::kObject: {
            return "a map (" + shape.name + ")";
        }
        case Shape::Kind::kChoice: {
            std::vector<std::string> names;
            for (const Choice& choice : shape.choices) names.push_back(choice.name);
            return one_of_list(names);
        }
        case Shape::Kind::kEither: {
            std::vector<std::string> names;
            for (const ShapePtr& one : shape.alternatives) names.push_back(describe_shape(*one));
            return one_of_list(names);
        }
    }
    return "";
}

}  // namespace ingot::project
