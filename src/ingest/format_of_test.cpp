#include "ingest/format_of.hpp"

#include <gmock/gmock.h>

namespace ingot::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

project::ColumnSpec column(const std::string& name, const DataType& type) {
    project::ColumnSpec spec;
    spec.name = name;
    spec.type = type;
    return spec;
}

struct FormatOf : testing::Test {
    format::FormatSpec spec() const {
        const auto made = format_of(source, table);
        EXPECT_TRUE(made) << made.error().to_string();
        return made ? *made : format::FormatSpec{};
    }
    std::string refusal() const {
        const auto made = format_of(source, table);
        return made ? "none" : made.error().message;
    }
    project::Source source;
    project::SourceTable table;
};

TEST_F(FormatOf, RefusalsAreRulesOfTheReaderInTheirOrder) {
    source.format.refuse_when = {{"repository", "legacy format"}, {"$.actor.node_id", "too new"}};
    const std::vector<format::RefuseRule> rules = spec().refuse_when;
    ASSERT_EQ(rules.size(), 2U);
    EXPECT_THAT(rules[0].has_field, ElementsAre("repository"));
    EXPECT_EQ(rules[0].reason, "legacy format");
    EXPECT_THAT(rules[1].has_field, ElementsAre("actor", "node_id"));
}

TEST_F(FormatOf, ATablesOwnFormatComesBeforeTheSources) {
    source.format.refuse_when = {{"repository", "legacy format"}};
    table.format = project::Format{};
    table.format->kind = project::JsonFormat{"data.items"};
    const format::FormatSpec made = spec();
    EXPECT_THAT(made.refuse_when, IsEmpty());
    EXPECT_THAT(std::get<format::JsonFormat>(made.kind).record_path, ElementsAre("data", "items"));
}

TEST_F(FormatOf, DeclaredColumnsAreReadAndComputedOnesAreNot) {
    table.columns = {column("id", TypeId::kLong), column("day", TypeId::kDate),
                     column("raw", DataType::json())};
    table.columns[1].expr = "created_at::date";
    source.format.rename = {{"Id", "id"}};
    const format::FormatSpec made = spec();
    ASSERT_EQ(made.columns.size(), 2U);
    EXPECT_EQ(made.columns[0].name, "id");
    EXPECT_THAT(made.columns[0].source, ElementsAre("Id"));
    EXPECT_FALSE(made.columns[0].is_json);
    EXPECT_TRUE(made.columns[1].is_json);
}

TEST_F(FormatOf, JsonInsideAStructIsMarked) {
    table.columns = {
        column("actor", DataType::structure({{"id", TypeId::kLong}, {"raw", DataType::json()}}))};
    const std::vector<Field> fields = spec().columns[0].type.fields();
    EXPECT_FALSE(fields[0].metadata.contains(std::string(format::kJsonMetadataKey)));
    EXPECT_TRUE(fields[1].metadata.contains(std::string(format::kJsonMetadataKey)));
}

TEST_F(FormatOf, TimesWithoutAnOffsetAreOfTheWindowsZone) {
    EXPECT_EQ(spec().time_zone, "UTC");
    source.window = project::WindowSpec{{CalendarStep::Unit::kDay, 1}, "Europe/Paris"};
    EXPECT_EQ(spec().time_zone, "Europe/Paris");
}

TEST_F(FormatOf, PoliciesForWhatIsWrongAreKept) {
    source.format.bad_row = project::BadInput::kFail;
    source.format.bad_value = project::BadInput::kNull;
    source.format.unknown_fields = project::UnknownFields::kReject;
    const format::FormatSpec made = spec();
    EXPECT_EQ(made.bad_row, format::BadRow::kFail);
    EXPECT_EQ(made.bad_value, format::BadValue::kNull);
    EXPECT_EQ(made.unknown_fields, format::UnknownFields::kReject);
}

TEST_F(FormatOf, ACsvKeepsItsOneTextForNull) {
    project::CsvFormat csv;
    csv.delimiter = ';';
    csv.null_values = {"", "NA"};
    source.format.kind = csv;
    const auto made = std::get<format::CsvFormat>(spec().kind);
    EXPECT_EQ(made.delimiter, ';');
    EXPECT_EQ(made.null_text, "NA");
}

TEST_F(FormatOf, WhatTheReaderCannotDoYetIsRefusedByNameAndPlace) {
    source.format.place = {"sources/s.yml", 5, 9};
    project::CsvFormat csv;
    csv.null_values = {"NA", "-"};
    source.format.kind = csv;
    EXPECT_EQ(refusal(), "sources/s.yml:5:9: not yet: csv with more than one text for null");
    csv = {};
    csv.encoding = "latin-1";
    source.format.kind = csv;
    EXPECT_THAT(refusal(), HasSubstr("not yet: csv in latin-1"));
    csv = {};
    csv.skip_lines = 2;
    source.format.kind = csv;
    EXPECT_THAT(refusal(), HasSubstr("not yet: csv with skip_lines"));
    source.format.kind = project::TextFormat{};
    EXPECT_THAT(refusal(), HasSubstr("not yet: the format text"));
    source.format.kind = project::ParquetFormat{};
    EXPECT_EQ(refusal(), "none");
    source.format.refuse_when = {{"old", "legacy format"}};
    EXPECT_THAT(refusal(), HasSubstr("not yet: parquet with refuse_when"));
}

}  // namespace
}  // namespace ingot::ingest
