#include "project/format_reference.hpp"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "project/shape_internal.hpp"

namespace ingot::project {
namespace {

constexpr std::string_view kBegin = "<!-- reference: begin -->\n";
constexpr std::string_view kEnd = "<!-- reference: end -->\n";

TEST(FormatReference, TheGuideHoldsTheReferenceThatTheDescriptionsGive) {
    const std::string path = std::string(INGOT_SOURCE_DIR) + "/docs/guide/project-format.md";
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    const std::string guide = text.str();
    const std::size_t begin = guide.find(kBegin);
    const std::size_t end = guide.find(kEnd);
    ASSERT_NE(begin, std::string::npos) << path;
    ASSERT_NE(end, std::string::npos) << path;
    const std::string made = std::string(kBegin) + "\n" + format_reference();
    if (std::getenv("INGOT_UPDATE_DOCS") != nullptr) {
        std::ofstream(path) << guide.substr(0, begin) << made << guide.substr(end);
        GTEST_SKIP() << "written";
    }
    EXPECT_EQ(guide.substr(begin, end - begin), made)
        << "run this test with INGOT_UPDATE_DOCS=1 to write the reference anew";
}

TEST(JsonSchema, EverySchemaIsJsonWhoseReferencesExist) {
    for (const std::string& kind : format_file_kinds()) {
        const auto text = json_schema(kind);
        ASSERT_TRUE(text);
        const auto schema = nlohmann::json::parse(*text);
        const std::string all = schema.dump();
        for (std::size_t at = all.find("#/$defs/"); at != std::string::npos;
             at = all.find("#/$defs/", at + 1)) {
            const std::string name = all.substr(at + 8, all.find('"', at) - at - 8);
            EXPECT_TRUE(schema["$defs"].contains(name)) << kind << ": " << name;
        }
    }
    EXPECT_EQ(json_schema("sorce").error().code, ErrorCode::kNotFound);
}

TEST(JsonSchema, HoldsTheKeysOfTheModel) {
    const auto schema = nlohmann::json::parse(*json_schema("model"));
    const auto& properties = schema["$defs"]["model"]["properties"];
    for (const char* key : {"kind", "key", "reject", "checks", "columns", "tests", "requires"}) {
        EXPECT_TRUE(properties.contains(key)) << key;
    }
    EXPECT_EQ(schema["$defs"]["model"]["additionalProperties"], false);
    EXPECT_EQ(properties["kind"]["enum"].size(), 9u);
}

/// Two objects of one name would share a definition.
void collect(const Shape& shape, std::map<std::string, const Shape*>& objects) {
    if (shape.element) collect(*shape.element, objects);
    for (const ShapePtr& one : shape.alternatives) collect(*one, objects);
    if (shape.kind != Shape::Kind::kObject) return;
    const auto [at, fresh] = objects.emplace(shape.name, &shape);
    if (!fresh) {
        ASSERT_EQ(at->second->keys.size(), shape.keys.size()) << shape.name;
        for (std::size_t i = 0; i < shape.keys.size(); ++i) {
            EXPECT_EQ(at->second->keys[i].name, shape.keys[i].name) << shape.name;
        }
        return;
    }
    std::set<std::string> keys;
    for (const Key& key : shape.keys) {
        EXPECT_TRUE(keys.insert(key.name).second) << shape.name << "." << key.name;
        EXPECT_FALSE(key.doc.empty()) << shape.name << "." << key.name;
        collect(*key.shape, objects);
    }
    for (const std::string& one : shape.one) EXPECT_TRUE(keys.contains(one)) << shape.name;
}

TEST(FormatShapes, NamesOfObjectsMeanOneThingInAFile) {
    const FormatShapes& shapes = format_shapes();
    for (const ShapePtr& shape : {shapes.project, shapes.source, shapes.model, shapes.seed,
                                  shapes.table_check, shapes.pipeline}) {
        std::map<std::string, const Shape*> objects;
        collect(*shape, objects);
        EXPECT_FALSE(objects.empty());
    }
}

}  // namespace
}  // namespace ingot::project
