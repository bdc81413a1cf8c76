#include "quality/schema_change.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::quality {
namespace {

using project::OnSchemaChange;
using testing::ElementsAre;
using testing::HasSubstr;
using Action = SchemaDecision::Action;

Field column(std::string name, DataType type) {
    return Field{std::move(name), std::move(type), true, {}};
}

/// Builds a request and keeps what it points to.
struct Case {
    std::vector<project::ColumnSpec> contract;
    std::optional<Schema> previous;
    std::vector<std::string> partition;
    Schema produced;

    void promise(std::string name, std::optional<DataType> type) {
        project::ColumnSpec spec;
        spec.name = std::move(name);
        spec.type = std::move(type);
        spec.place = {"models/silver/aqi.sql", 4, 3};
        contract.push_back(std::move(spec));
    }

    Result<SchemaDecision> decide(OnSchemaChange policy) const {
        return decide_schema({.table = "silver.aqi",
                              .contract = contract,
                              .previous = previous ? &*previous : nullptr,
                              .partition_columns = partition,
                              .produced = &produced,
                              .policy = policy});
    }
    std::string error(OnSchemaChange policy) const {
        const auto decision = decide(policy);
        return decision ? "accepted" : decision.error().message;
    }
    /// The decision in short: its number and the columns.
    std::string decision(OnSchemaChange policy) const {
        const auto made = decide(policy);
        if (!made) return "refused";
        constexpr const char* kNames[] = {"create", "no change", "add", "widen", "rebuild"};
        std::string text = kNames[static_cast<int>(made->action)];
        for (const Field& field : made->schema.fields) {
            text += " " + field.name + ":" + field.type.to_string();
        }
        return text;
    }
};

TEST(SchemaChange, ANewTableHasTheSelectsColumnsWithThePromisedTypes) {
    Case it;
    it.produced = {{column("AQI", TypeId::kLong), column("site", TypeId::kString)}};
    it.promise("aqi", TypeId::kInteger);
    it.promise("site", std::nullopt);
    EXPECT_EQ(it.decision(OnSchemaChange::kFail), "create aqi:integer site:string");
    it.produced.fields.push_back(column("unnamed", TypeId::kDate));
    EXPECT_EQ(it.decision(OnSchemaChange::kFail), "create aqi:integer site:string unnamed:date");
}

TEST(SchemaChange, BrokenPromisesNameColumnTypesAndWhatToDo) {
    Case it;
    it.produced = {{column("sites", TypeId::kString), column("aqi", TypeId::kString)}};
    it.promise("site", TypeId::kString);
    it.promise("aqi", TypeId::kInteger);
    EXPECT_EQ(
        it.error(OnSchemaChange::kAdd),
        "models/silver/aqi.sql:4:3: silver.aqi: column 'site' is promised, but the SELECT does not "
        "return it: there is no column 'site': did you mean 'sites'?\n"
        "models/silver/aqi.sql:4:3: silver.aqi: column 'aqi' is promised as integer, and the "
        "SELECT "
        "returns string: cast it in the SELECT or change the promise");
}

TEST(SchemaChange, OnlyStoringWithoutSilentLossKeepsAPromise) {
    const auto stores = [](DataType promised, DataType produced) {
        Case it;
        it.produced = {{column("x", std::move(produced))}};
        it.promise("x", std::move(promised));
        return it.decision(OnSchemaChange::kFail) != "refused";
    };
    EXPECT_TRUE(stores(TypeId::kLong, TypeId::kInteger));
    EXPECT_TRUE(stores(TypeId::kInteger, TypeId::kLong));
    EXPECT_TRUE(stores(TypeId::kLong, DataType::decimal(38, 0)));
    EXPECT_TRUE(stores(TypeId::kDouble, TypeId::kInteger));
    EXPECT_TRUE(stores(TypeId::kString, TypeId::kVoid));
    EXPECT_TRUE(stores(DataType::array(TypeId::kLong), DataType::array(TypeId::kInteger)));
    EXPECT_FALSE(stores(TypeId::kInteger, TypeId::kDouble));
    EXPECT_FALSE(stores(DataType::decimal(10, 1), DataType::decimal(10, 2)));
    EXPECT_FALSE(stores(TypeId::kDate, TypeId::kTimestampNtz));
    EXPECT_FALSE(stores(TypeId::kTimestamp, TypeId::kTimestampNtz));
    EXPECT_FALSE(stores(TypeId::kString, TypeId::kLong));
    const DataType small = DataType::structure({column("a", TypeId::kLong)});
    const DataType big =
        DataType::structure({column("a", TypeId::kInteger), column("b", TypeId::kLong)});
    EXPECT_TRUE(stores(big, small));
    EXPECT_FALSE(stores(small, big));
}

TEST(SchemaChange, AColumnThatIsAlwaysNullNeedsAType) {
    Case it;
    it.produced = {{column("x", TypeId::kVoid)}};
    EXPECT_THAT(it.error(OnSchemaChange::kAdd), HasSubstr("column 'x' has no type"));
    it.previous = Schema{{column("x", TypeId::kLong)}};
    EXPECT_EQ(it.decision(OnSchemaChange::kFail), "no change x:long");
    it.produced.fields.push_back(column("y", TypeId::kLong));
    EXPECT_EQ(it.decision(OnSchemaChange::kRebuild), "rebuild x:long y:long");
}

TEST(SchemaChange, NothingChangesWhenTheTableCanHoldTheRows) {
    Case it;
    it.previous = Schema{{column("Id", TypeId::kLong), column("name", TypeId::kString)}};
    it.produced = {{column("name", TypeId::kString), column("id", TypeId::kInteger)}};
    for (const auto policy : {OnSchemaChange::kFail, OnSchemaChange::kAdd, OnSchemaChange::kWiden,
                              OnSchemaChange::kRebuild}) {
        EXPECT_EQ(it.decision(policy), "no change Id:long name:string");
    }
}

TEST(SchemaChange, NewColumnsAreAddedWhereAllowed) {
    Case it;
    it.previous = Schema{{column("id", TypeId::kLong)}};
    it.produced = {{column("extra", TypeId::kString), column("id", TypeId::kLong)}};
    EXPECT_EQ(
        it.error(OnSchemaChange::kFail),
        "silver.aqi: column 'extra' (string) is new: say on_schema_change: add, or take it out of "
        "the SELECT");
    EXPECT_EQ(it.decision(OnSchemaChange::kAdd), "add id:long extra:string");
    EXPECT_EQ(it.decision(OnSchemaChange::kWiden), "add id:long extra:string");
    EXPECT_EQ(it.decision(OnSchemaChange::kRebuild), "rebuild extra:string id:long");
    EXPECT_THAT(it.decide(OnSchemaChange::kAdd)->notes,
                ElementsAre("column 'extra' (string) is added"));
}

TEST(SchemaChange, ColumnsThatAreNoLongerReturnedAreFilledWithNull) {
    Case it;
    it.previous = Schema{{column("id", TypeId::kLong), column("old", TypeId::kString)}};
    it.produced = {{column("id", TypeId::kLong)}};
    EXPECT_THAT(it.error(OnSchemaChange::kFail),
                HasSubstr("column 'old' (string) is no longer returned"));
    EXPECT_EQ(it.decision(OnSchemaChange::kAdd), "no change id:long old:string");
    EXPECT_THAT(it.decide(OnSchemaChange::kAdd)->notes,
                ElementsAre(HasSubstr("new rows hold null")));
    EXPECT_EQ(it.decision(OnSchemaChange::kRebuild), "rebuild id:long");
}

TEST(SchemaChange, TypesWidenWhereAllowed) {
    Case it;
    it.previous = Schema{{column("n", TypeId::kInteger)}};
    it.produced = {{column("n", TypeId::kLong)}};
    EXPECT_EQ(it.error(OnSchemaChange::kAdd),
              "silver.aqi: column 'n' is integer in the table, and now long: cast it in the "
              "SELECT, or say "
              "on_schema_change: widen");
    EXPECT_EQ(it.decision(OnSchemaChange::kFail), "refused");
    EXPECT_EQ(it.decision(OnSchemaChange::kWiden), "widen n:long");
    EXPECT_EQ(it.decision(OnSchemaChange::kRebuild), "rebuild n:long");
    it.partition = {"N"};
    EXPECT_THAT(it.error(OnSchemaChange::kWiden), HasSubstr("a partition column keeps its type"));
}

TEST(SchemaChange, OtherTypesAreRefusedUnlessRebuilt) {
    Case it;
    it.previous = Schema{{column("x", TypeId::kLong)}};
    it.produced = {{column("x", TypeId::kString)}};
    for (const auto policy :
         {OnSchemaChange::kFail, OnSchemaChange::kAdd, OnSchemaChange::kWiden}) {
        EXPECT_EQ(
            it.error(policy),
            "silver.aqi: column 'x' is long in the table, and now string: cast it to long in the "
            "SELECT, or say on_schema_change: rebuild");
    }
    EXPECT_EQ(it.decision(OnSchemaChange::kRebuild), "rebuild x:string");
}

TEST(SchemaChange, StructsGainMembersAsTablesGainColumns) {
    Case it;
    it.previous = Schema{{column("s", DataType::structure({column("a", TypeId::kLong)}))}};
    it.produced = {{column(
        "s", DataType::structure({column("a", TypeId::kLong), column("b", TypeId::kString)}))}};
    EXPECT_THAT(it.error(OnSchemaChange::kFail), HasSubstr("say on_schema_change: add"));
    EXPECT_EQ(it.decision(OnSchemaChange::kAdd), "add s:struct<a:long,b:string>");
    it.produced = {{column("s", DataType::structure({column("a", TypeId::kInteger)}))}};
    EXPECT_EQ(it.decision(OnSchemaChange::kFail), "no change s:struct<a:long>");
    it.produced = {{column("s", DataType::structure({column("a", TypeId::kString)}))}};
    EXPECT_EQ(it.decision(OnSchemaChange::kWiden), "refused");
}

TEST(SchemaChange, AllProblemsAreReportedAtOnce) {
    Case it;
    it.previous = Schema{{column("a", TypeId::kLong), column("b", TypeId::kLong)}};
    it.produced = {{column("a", TypeId::kString), column("c", TypeId::kLong)}};
    const std::string error = it.error(OnSchemaChange::kFail);
    EXPECT_THAT(error, HasSubstr("column 'b'"));
    EXPECT_THAT(error, HasSubstr("column 'a'"));
    EXPECT_THAT(error, HasSubstr("column 'c'"));
}

}  // namespace
}  // namespace ingot::quality
