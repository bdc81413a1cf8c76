#include <filesystem>
#include <gmock/gmock.h>
#include <thread>

#include "format/test_files.hpp"

namespace ingot::format {
namespace {

using test::scan;
using test::Scanned;
using test::show_rows;
using test::TemporaryFolder;
using test::type_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Scanned read(std::string_view text, FormatSpec spec, ScanOptions options = {}) {
    const TemporaryFolder folder;
    auto result = scan({folder.file("in.json", text)}, std::move(spec), std::move(options));
    EXPECT_TRUE(result) << (result ? "" : result.error().to_string());
    return result ? *std::move(result) : Scanned{};
}

FormatSpec columns(std::vector<ColumnSpec> list) {
    FormatSpec spec;
    spec.columns = std::move(list);
    return spec;
}

std::string bad_detail(std::string_view type, std::string_view value) {
    const Scanned got =
        read(fmt::format("{{\"a\":{}}}\n", value), columns({{.name = "a", .type = type_of(type)}}));
    if (got.rejects.size() != 1) return fmt::format("accepted: {}", show_rows(got).at(0));
    return got.rejects[0].reason;
}

std::string good_value(std::string_view type, std::string_view value) {
    const Scanned got =
        read(fmt::format("{{\"a\":{}}}\n", value), columns({{.name = "a", .type = type_of(type)}}));
    if (!got.rejects.empty()) return got.rejects[0].reason + ": " + got.rejects[0].detail;
    return show_rows(got).at(0);
}

TEST(Ndjson, ColumnsAreFoundByKeyInAnyOrder) {
    const Scanned got = read("{\"a\":1,\"b\":\"x\"}\n{\"b\":\"y\",\"a\":2}\n{\"b\":null}\n",
                             columns({{.name = "a", .type = TypeId::kLong}, {.name = "b"}}),
                             {.metadata = test::kFileAndLine});
    EXPECT_THAT(show_rows(got),
                ElementsAre("1|x|in.json|1", "2|y|in.json|2", "null|null|in.json|3"));
    EXPECT_EQ(got.report.files[0].complete, true);
    EXPECT_EQ(got.report.records(), 3);
}

TEST(Ndjson, JsonColumnsKeepTheTextByteForByte) {
    const Scanned got =
        read("{\"p\": { \"x\" : [1, 2.50,\"\\u00e9\"] } ,\"q\":1}\n{\"p\":\"t\"}\n{\"p\": 1.0 }\n",
             columns({{.name = "p", .is_json = true}}));
    EXPECT_THAT(show_rows(got), ElementsAre("{ \"x\" : [1, 2.50,\"\\u00e9\"] }", "\"t\"", "1.0"));
}

TEST(Ndjson, BlankLinesByteOrderMarkAndCarriageReturnsAreNoRecords) {
    const Scanned got = read("\xEF\xBB\xBF{\"a\":1}\r\n\r\n   \n{\"a\":2}\r\n{\"a\":3}",
                             columns({{.name = "a", .type = TypeId::kLong}}),
                             {.metadata = {{"_line", MetadataColumn::Kind::kLine}}});
    EXPECT_THAT(show_rows(got), ElementsAre("1|1", "2|4", "3|5"));
    EXPECT_EQ(got.report.records(), 3);
}

TEST(Ndjson, DamageStaysWithItsLine) {
    const Scanned got = read(
        "{\"a\":1}\n{\"a\":\n{\"a\":\"open}\n{\"a\":\"\xFF\"}\n{\"a\":2} x\n"
        "nonsense\n[1]\n{\"a\":3}\n",
        columns({{.name = "a", .type = TypeId::kLong}}));
    EXPECT_THAT(show_rows(got), ElementsAre("1", "3"));
    std::vector<std::string> found;
    for (const Reject& reject : got.rejects) {
        found.push_back(fmt::format("{}@{}: {}", reject.line, reject.byte_offset, reject.reason));
    }
    EXPECT_THAT(found,
                ElementsAre("2@8: invalid JSON", "3@14: invalid JSON", "4@26: invalid UTF-8",
                            "5@36: invalid JSON", "6@46: not an object", "7@55: not an object"));
    EXPECT_EQ(got.rejects[3].raw, "{\"a\":2} x");
    EXPECT_EQ(got.report.records(), 8);
    EXPECT_EQ(got.report.good(), 2);
    EXPECT_EQ(got.report.rejected(), 6);
    EXPECT_EQ(got.report.rejects_by_reason.at("invalid JSON"), 3);
}

TEST(Ndjson, ARecordThatIsIndexedAloneEndsWithItsLine) {
    const Scanned got = read("{\"a\":\n\"x\":\n{\"a\":1}\n\"open\n",
                             columns({{.name = "a", .type = TypeId::kLong}}));
    EXPECT_THAT(show_rows(got), ElementsAre("1"));
    std::vector<std::string> found;
    for (const Reject& reject : got.rejects) {
        found.push_back(fmt::format("{}: {}", reject.line, reject.reason));
    }
    EXPECT_THAT(found, ElementsAre("1: invalid JSON", "2: not an object", "4: invalid JSON"));
}

TEST(Ndjson, SkippedValuesMustBeValidJsonToo) {
    for (const std::string value :
         {"{\"x\" 1}", "[1,]", "[1 2]", "{\"x\":01}", "tru", "{,}", "[\"\\q\"]", "\"\\u12G4\"",
          "{\"x\":1,}", "[1}", "-", "1.e5", "nul", "[[}]"}) {
        const Scanned got = read("{\"skip\":" + value + ",\"a\":1}\n",
                                 columns({{.name = "a", .type = TypeId::kLong}}));
        ASSERT_EQ(got.rejects.size(), 1U) << value;
        EXPECT_EQ(got.rejects[0].reason, "invalid JSON") << value;
    }
}

TEST(Ndjson, ValuesAreExactOrBad) {
    EXPECT_EQ(good_value("bigint", "9223372036854775807"), "9223372036854775807");
    EXPECT_EQ(bad_detail("bigint", "9223372036854775808"), "bad value");
    EXPECT_EQ(bad_detail("bigint", "1.0"), "bad value");
    EXPECT_EQ(bad_detail("bigint", "\"12\""), "bad value");
    EXPECT_EQ(bad_detail("integer", "3000000000"), "bad value");
    EXPECT_EQ(good_value("double", "0.1"), "0.1");
    EXPECT_EQ(good_value("double", "9007199254740992"), "9007199254740992");
    EXPECT_EQ(bad_detail("double", "9007199254740993"), "bad value");
    EXPECT_EQ(bad_detail("double", "1e400"), "bad value");
    EXPECT_EQ(good_value("decimal(10,2)", "-12.5"), "-1250");
    EXPECT_EQ(good_value("decimal(10,2)", "1.2e3"), "120000");
    EXPECT_EQ(bad_detail("decimal(10,2)", "0.001"), "bad value");
    EXPECT_EQ(bad_detail("decimal(4,2)", "100"), "bad value");
    EXPECT_EQ(good_value("boolean", "true"), "true");
    EXPECT_EQ(bad_detail("boolean", "1"), "bad value");
    EXPECT_EQ(good_value("varchar", "1.50"), "1.50");
    EXPECT_EQ(good_value("varchar", "\"a\\n\\ud83d\\ude00\""), "a\n\xF0\x9F\x98\x80");
    EXPECT_EQ(bad_detail("varchar", "\"\\ud83d\""), "bad value");
    EXPECT_EQ(bad_detail("varchar", "{}"), "bad value");
}

TEST(Ndjson, TimesAreReadWithFractionAndOffset) {
    EXPECT_EQ(good_value("timestamptz", "\"2015-01-01T15:00:08Z\""), "1420124408000000");
    EXPECT_EQ(good_value("timestamptz", "\"2015-01-01 15:00:08.25\""), "1420124408250000");
    EXPECT_EQ(good_value("timestamptz", "\"2012/04/11 15:01:38 -0700\""), "1334181698000000");
    EXPECT_EQ(good_value("timestamptz", "\"2026-03-05T11:00\""), "1772708400000000");
    EXPECT_EQ(good_value("date", "\"2016-02-29\""), "16860");
    EXPECT_EQ(bad_detail("date", "\"2015-02-29\""), "bad value");
    EXPECT_EQ(bad_detail("timestamptz", "\"2015-01-01T25:00:00Z\""), "bad value");
    EXPECT_EQ(bad_detail("timestamptz", "1420124408"), "bad value");
}

TEST(Ndjson, NestedValuesFillTheirColumns) {
    EXPECT_EQ(good_value("struct(id bigint, tags varchar[])", R"({"tags":["x",null],"id":7})"),
              "{7,[x,null]}");
    EXPECT_EQ(good_value("struct(id bigint)[]", R"([{"id":1},{},null])"), "[{1},{null},null]");
    EXPECT_EQ(good_value("map(varchar, bigint)", R"({"x":1,"y":null})"), "[{x,1},{y,null}]");
    EXPECT_EQ(bad_detail("map(varchar, bigint)", R"({"x":1,"x":2})"), "duplicate key");
    EXPECT_EQ(bad_detail("struct(id bigint)", R"({"id":1,"id":2})"), "duplicate key");
    EXPECT_EQ(bad_detail("struct(id bigint)", "\"login\""), "bad value");
    EXPECT_EQ(bad_detail("bigint[]", "[1,\"x\"]"), "bad value");
}

TEST(Ndjson, ABadValueMayBecomeACountedNull) {
    FormatSpec spec = columns({{.name = "a", .type = type_of("struct(x bigint, y bigint)")},
                               {.name = "b", .type = type_of("bigint[]")}});
    spec.bad_value = BadValue::kNull;
    const Scanned got =
        read("{\"a\":{\"x\":1.5,\"y\":2},\"b\":[1,{},3]}\n{\"a\":5,\"b\":[]}\n", spec);
    EXPECT_THAT(show_rows(got), ElementsAre("{null,2}|[1,null,3]", "null|[]"));
    EXPECT_EQ(got.report.files[0].nulled_values, 3);
}

TEST(Ndjson, ColumnsTakeNestedFieldsAndRequiredOnesAreChecked) {
    const Scanned got = read(
        "{\"actor\":{\"id\":1,\"login\":\"x\"}}\n{\"actor\":{\"login\":\"y\"}}\n{\"actor\":null}\n"
        "{\"actor\":{\"id\":null}}\n",
        columns({{.name = "actor_id",
                  .type = TypeId::kLong,
                  .source = {"actor", "id"},
                  .required = true},
                 {.name = "login", .source = {"actor", "login"}}}));
    EXPECT_THAT(show_rows(got), ElementsAre("1|x"));
    ASSERT_EQ(got.rejects.size(), 3U);
    EXPECT_EQ(got.rejects[0].reason, "missing field");
    EXPECT_EQ(got.rejects[0].detail, "actor.id is missing");
    EXPECT_EQ(got.rejects[2].detail, "actor.id is null");
}

TEST(Ndjson, ARefusedRecordSaysWhyWhateverElseIsWrong) {
    FormatSpec spec = columns({{.name = "actor", .type = type_of("struct(id bigint)")}});
    spec.refuse_when = {{{"repository"}, "legacy format"}};
    const Scanned got = read(
        "{\"actor\":\"x\",\"repository\":{}}\n{\"repository\":1}\n"
        "{\"actor\":{\"id\":1}}\n{\"actor\":\"y\"}\n",
        spec);
    EXPECT_THAT(show_rows(got), ElementsAre("{1}"));
    EXPECT_EQ(got.report.rejects_by_reason.at("legacy format"), 2);
    EXPECT_EQ(got.report.rejects_by_reason.at("bad value"), 1);
}

TEST(Ndjson, ObjectsOnOneLineAreRecordsOfThatLine) {
    const Scanned got = read("{\"a\":1}{\"a\":2} {\"a\":\"x\"}{\"a\":4}\n{\"a\":5}\n",
                             columns({{.name = "a", .type = TypeId::kLong}}),
                             {.metadata = {{"_line", MetadataColumn::Kind::kLine},
                                           {"_at", MetadataColumn::Kind::kByteOffset}}});
    EXPECT_THAT(show_rows(got), ElementsAre("1|1|0", "2|1|7", "4|1|24", "5|2|32"));
    ASSERT_EQ(got.rejects.size(), 1U);
    EXPECT_EQ(got.rejects[0].raw, "{\"a\":\"x\"}");
}

TEST(Ndjson, NewFieldsAreSurprisesAndTheWidenedSpecReadsThem) {
    const std::string text =
        "{\"a\":1}\n{\"a\":2,\"n\":1,\"o\":{\"x\":1}}\n{\"a\":3,\"n\":2.5,\"z\":null}\n";
    const Scanned got = read(text, columns({{.name = "a", .type = TypeId::kLong}}));
    EXPECT_EQ(got.rows(), 3);
    ASSERT_EQ(got.report.surprises.size(), 2U);
    EXPECT_THAT(got.report.surprises[0].path, ElementsAre("n"));
    EXPECT_EQ(got.report.surprises[0].type, DataType(TypeId::kDouble));
    EXPECT_EQ(got.report.surprises[0].count, 2);
    EXPECT_EQ(got.report.surprises[0].first_line, 2);
    const auto wider = widened(got.spec, got.report.surprises);
    ASSERT_TRUE(wider);
    const Scanned again = read(text, *wider);
    EXPECT_THAT(again.report.surprises, IsEmpty());
    EXPECT_THAT(show_rows(again), ElementsAre("1|null|null", "2|1|{1}", "3|2.5|null"));
}

TEST(Ndjson, UnknownFieldsMayBeRejectedOrFail) {
    FormatSpec spec = columns({{.name = "a", .type = TypeId::kLong}});
    spec.unknown_fields = UnknownFields::kReject;
    const Scanned got = read("{\"a\":1,\"b\":2}\n{\"a\":2}\n", spec);
    EXPECT_THAT(show_rows(got), ElementsAre("2"));
    EXPECT_EQ(got.rejects[0].reason, "unknown field");
    spec.unknown_fields = UnknownFields::kFail;
    const TemporaryFolder folder;
    const auto failed = scan({folder.file("in.json", "{\"a\":1,\"b\":2}\n")}, spec);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::kCorruptData);
    EXPECT_THAT(failed.error().message, HasSubstr("in.json, line 1"));
}

TEST(Ndjson, WithoutColumnsTheyAreInferredAndALaterMisfitIsASurprise) {
    std::string text;
    for (int row = 0; row < 50; ++row) {
        text += fmt::format("{{\"id\":{},\"s\":{{\"x\":1}},\"p\":[1,2]}}\n", row);
    }
    text += "{\"id\":\"late\",\"s\":{\"x\":1,\"y\":true},\"p\":[]}\n";
    FormatSpec spec;
    spec.sample_records = 10;
    const Scanned got = read(text, spec);
    ASSERT_EQ(got.schema.fields.size(), 3U);
    EXPECT_EQ(got.schema.fields[0].type, DataType(TypeId::kLong));
    EXPECT_EQ(got.schema.fields[1].type.to_string(), "struct<x:long>");
    EXPECT_EQ(got.schema.fields[2].type.to_string(), "array<long>");
    EXPECT_EQ(got.rows(), 51);
    ASSERT_EQ(got.report.surprises.size(), 2U);
    EXPECT_EQ(got.report.surprises[0].kind, SchemaSurprise::Kind::kWiderType);
    EXPECT_EQ(got.report.surprises[0].type, DataType(TypeId::kString));
    EXPECT_THAT(got.report.surprises[1].path, ElementsAre("s", "y"));
    const auto wider = widened(got.spec, got.report.surprises);
    ASSERT_TRUE(wider);
    const Scanned again = read(text, *wider);
    EXPECT_THAT(again.report.surprises, IsEmpty());
    EXPECT_EQ(show_rows(again)[50], "late|{1,true}|[]");
    EXPECT_EQ(show_rows(again)[0], "0|{1,null}|[1,2]");
}

TEST(Ndjson, LongLinesAndManyBlocksKeepTheirNumbers) {
    std::string text;
    for (int row = 0; row < 40; ++row) {
        text += fmt::format("{{\"a\":{},\"pad\":\"{}\"}}\n", row,
                            std::string(static_cast<std::size_t>(row) * 50'000, 'x'));
    }
    FormatSpec spec = columns({{.name = "a", .type = TypeId::kLong}, {.name = "pad"}});
    const TemporaryFolder folder;
    const auto got = scan({folder.file("in.json", text)}, spec,
                          {.metadata = {{"_line", MetadataColumn::Kind::kLine}}});
    ASSERT_TRUE(got);
    std::int64_t expected = 0;
    for (const ColumnBatch& batch : got->batches) {
        for (std::int64_t row = 0; row < batch.rows; ++row, ++expected) {
            EXPECT_EQ(batch.columns[0].value<std::int64_t>(row), expected);
            EXPECT_EQ(batch.columns[1].text(row).size(), expected * 50'000);
            EXPECT_EQ(batch.columns[2].value<std::int64_t>(row), expected + 1);
        }
    }
    EXPECT_EQ(expected, 40);
}

TEST(Ndjson, NestingBombsAreRejected) {
    const std::string bomb = "{\"a\":" + std::string(1'000'000, '[') + "\n";
    const std::string closed =
        "{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}\n";
    const Scanned got =
        read(bomb + closed + "{\"a\":1}\n", columns({{.name = "a", .is_json = true}}));
    EXPECT_THAT(show_rows(got), ElementsAre("1"));
    ASSERT_EQ(got.rejects.size(), 2U);
    EXPECT_EQ(got.rejects[0].raw.size(), RejectSink::kRawBytesMax);
    EXPECT_EQ(got.rejects[0].raw_length, static_cast<std::int64_t>(bomb.size() - 1));
}

TEST(Ndjson, RecordsWithoutAFieldThatHasANameAreRowsOfTheMetadata) {
    const TemporaryFolder folder;
    FormatSpec spec;
    spec.kind = NdjsonFormat{};
    const auto with_places =
        scan({folder.file("in.json", "{}\n{\"\":2}\n")}, spec, {.metadata = test::kFileAndLine});
    ASSERT_TRUE(with_places);
    EXPECT_EQ(with_places->rows(), 2);
}

TEST(Ndjson, ReadersShareTheBlocksOfOneFile) {
    std::string text;
    for (int row = 0; row < 60'000; ++row) {
        text += fmt::format("{{\"a\":{},\"b\":\"some text to fill the line\"}}\n", row);
        if (row % 100 == 0) text += "broken\n";
    }
    const TemporaryFolder folder;
    FormatSpec spec = columns({{.name = "a", .type = TypeId::kLong}, {.name = "b"}});
    auto source = open_source({folder.file("in.json", text)}, spec, {.readers_max = 4});
    ASSERT_TRUE(source);
    std::atomic<std::int64_t> sum = 0;
    {
        std::vector<std::jthread> threads;
        for (int each = 0; each < 4; ++each) {
            threads.emplace_back([&] {
                auto reader = (*source)->open_reader();
                ASSERT_TRUE(reader);
                while (true) {
                    auto batch = (*reader)->next();
                    ASSERT_TRUE(batch);
                    if (!*batch) break;
                    for (std::int64_t row = 0; row < (*batch)->rows; ++row) {
                        sum += (*batch)->columns[0].value<std::int64_t>(row);
                    }
                }
            });
        }
    }
    EXPECT_EQ(sum, std::int64_t{60'000} * 59'999 / 2);
    EXPECT_EQ((*source)->report().good(), 60'000);
    EXPECT_EQ((*source)->report().rejected(), 600);
    EXPECT_FALSE((*source)->open_reader()) << "a second scan would see no rows";
}

#ifdef INGOT_SHARED_DATA
std::vector<InputFile> hours(std::string_view prefix) {
    std::vector<InputFile> files;
    const std::filesystem::path folder = std::string(INGOT_SHARED_DATA) + "/gharchive";
    if (!std::filesystem::exists(folder)) return files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::string name = entry.path().filename();
        if (name.starts_with(prefix) && name.ends_with(".gz")) {
            files.push_back({.path = entry.path(), .name = name});
        }
    }
    return files;
}

FormatSpec github_events() {
    const DataType account = type_of(
        "struct(id bigint, login varchar, gravatar_id varchar, avatar_url varchar, url "
        "varchar)");
    FormatSpec spec = columns({{.name = "id", .required = true},
                               {.name = "type", .required = true},
                               {.name = "actor", .type = account, .required = true},
                               {.name = "repo",
                                .type = type_of("struct(id bigint, name varchar, url varchar)"),
                                .required = true},
                               {.name = "org", .type = account},
                               {.name = "payload", .is_json = true},
                               {.name = "public", .type = TypeId::kBoolean},
                               {.name = "created_at", .type = TypeId::kTimestamp}});
    spec.unknown_fields = UnknownFields::kReject;
    spec.refuse_when = {{{"repository"}, "legacy format"}, {{"url"}, "legacy format"}};
    return spec;
}

TEST(NdjsonOnRealData, TwelveHoursOfGitHubEventsAreReadWhole) {
    std::vector<InputFile> files = hours("2015");
    for (InputFile& file : hours("2016")) files.push_back(std::move(file));
    if (files.empty()) GTEST_SKIP() << "no sample data at " << INGOT_SHARED_DATA;
    const auto got = scan(files, github_events(), {.metadata = test::kFileAndLine});
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_EQ(got->rows(), 113'530);
    EXPECT_THAT(got->rejects, IsEmpty());
}

TEST(NdjsonOnRealData, LegacyHoursAreRefusedByName) {
    for (const auto& [prefix, records] : {std::pair("2012-04-11", 5712), {"2014-02-15", 7119}}) {
        const std::vector<InputFile> files = hours(prefix);
        if (files.empty()) GTEST_SKIP() << "no sample data at " << INGOT_SHARED_DATA;
        const auto got = scan(files, github_events());
        ASSERT_TRUE(got) << got.error().to_string();
        EXPECT_EQ(got->rows(), 0);
        EXPECT_EQ(got->report.rejects_by_reason.at("legacy format"), records) << prefix;
        EXPECT_EQ(got->report.rejected(), records) << prefix;
    }
}
#endif

}  // namespace
}  // namespace ingot::format
