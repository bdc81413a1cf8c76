// The small pure parts: spellings of values, names and schemas.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <roaring/roaring.hh>

#include "base/hash.hpp"
#include "delta/action_json_internal.hpp"
#include "delta/civil_internal.hpp"
#include "delta/commit.hpp"
#include "delta/decimal_internal.hpp"
#include "delta/deletion_vector_internal.hpp"
#include "delta/json_internal.hpp"
#include "delta/log_segment_internal.hpp"
#include "delta/log_writer_for_test.hpp"
#include "delta/table_config_internal.hpp"
#include "delta/uri_internal.hpp"

namespace ingot::delta {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Json, CanonicalFormIsTheProtocolsExample) {
    const auto canonical = json::canonical_form(
        R"({"k0":"'v 0'", "checksum": "adsaskfljadfkjadfkj", "k1":{"k2": 2, "k3": ["v3", [1, 2], )"
        R"({"k4": "v4", "k5": ["v5", "v6", "v7"]}]}})");
    ASSERT_TRUE(canonical);
    EXPECT_EQ(*canonical, R"("k0"="%27v%200%27","k1"+"k2"=2,"k1"+"k3"+0="v3","k1"+"k3"+1+0=1,)"
                          R"("k1"+"k3"+1+1=2,"k1"+"k3"+2+"k4"="v4","k1"+"k3"+2+"k5"+0="v5",)"
                          R"("k1"+"k3"+2+"k5"+1="v6","k1"+"k3"+2+"k5"+2="v7")");
}

TEST(Json, StringsSurviveTheRoundTrip) {
    std::string every;
    for (int c = 1; c < 128; ++c) every += static_cast<char>(c);
    every += "\u00fc\u4e2d\U0001F600";
    EXPECT_EQ(json::string_of(json::quoted(every)), every);
    EXPECT_EQ(json::string_of("7"), std::nullopt);
    EXPECT_EQ(json::integer_of("7"), 7);
    EXPECT_EQ(json::integer_of("\"7\""), std::nullopt);
    EXPECT_FALSE(json::members_of("[1]"));
    EXPECT_FALSE(json::members_of(""));
}

TEST(ActionJson, ActionsSurviveTheRoundTrip) {
    const std::vector<std::string> lines{
        R"({"commitInfo":{"inCommitTimestamp":2,"timestamp":1,"operation":"WRITE","operationParameters":{"mode":"Append"},"readVersion":4,"isolationLevel":"Serializable","isBlindAppend":true,"operationMetrics":{},"engineInfo":"x","txnId":"t","userMetadata":{"a":[1,2.50]}}})",
        R"({"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["a"],"writerFeatures":["a","b"]}})",
        R"({"add":{"path":"a%20b","partitionValues":{"p":null,"q":"x\"y"},"size":1,"modificationTime":2,"dataChange":false,"stats":"{\"numRecords\":3}","tags":{"t":"v"},"deletionVector":{"storageType":"u","pathOrInlineDv":"ab","offset":1,"sizeInBytes":36,"cardinality":2},"baseRowId":5,"defaultRowCommitVersion":6,"clusteringProvider":"liquid"}})",
        R"({"remove":{"path":"a","deletionTimestamp":9,"dataChange":true,"extendedFileMetadata":true,"partitionValues":{},"size":1}})",
        R"({"cdc":{"path":"c","partitionValues":{},"size":1,"dataChange":false}})",
        R"({"txn":{"appId":"x","version":1,"lastUpdated":2}})",
        R"({"domainMetadata":{"domain":"d","configuration":"{}","removed":true}})",
        R"({"sidecar":{"path":"s","sizeInBytes":1,"modificationTime":2}})",
        R"({"checkpointMetadata":{"version":7}})"};
    for (const auto& line : lines) {
        const auto actions = parse_actions(LogText("test", line));
        ASSERT_TRUE(actions) << actions.error().to_string();
        ASSERT_EQ(actions->size(), 1U) << line;
        std::string out;
        append_action_line(out, actions->front());
        EXPECT_EQ(out, line + "\n");
    }
}

TEST(ActionJson, EveryTruncationIsAnErrorNotACrash) {
    const std::string line =
        R"({"add":{"path":"a\u00e4\n","partitionValues":{"p":"1"},"size":1,"stats":"{\"x\":1}"}})";
    for (std::size_t length = 1; length < line.size(); ++length) {
        EXPECT_FALSE(parse_actions(LogText("test", line.substr(0, length)))) << length;
    }
    for (std::size_t at = 0; at < line.size(); ++at) {
        for (const char c : {'\0', '"', '\\', '}', '\xff', '7'}) {
            std::string damaged = line;
            damaged[at] = c;
            const auto result = parse_actions(LogText("test", damaged));  // Any answer will do.
            EXPECT_TRUE(result || result.error().code == ErrorCode::kCorruptData);
        }
    }
}

TEST(ActionJson, OddCommitInfoIsKept) {
    const auto actions = parse_actions(LogText(
        "test",
        R"({"commitInfo":{"timestamp":"soon","operationParameters":{"n":1,"o":{"x":[true]},)"
        R"("z":null},"operationMetrics":[1],"isBlindAppend":"maybe"}})"));
    ASSERT_TRUE(actions) << actions.error().to_string();
    const auto& info = std::get<CommitInfo>(actions->front());
    EXPECT_EQ(info.timestamp, std::nullopt);
    EXPECT_EQ(info.operation_parameters.at("n"), "1");
    EXPECT_EQ(info.operation_parameters.at("o"), R"({"x":[true]})");
    EXPECT_EQ(info.extra.at("operationMetrics"), "[1]");
}

TEST(SchemaJson, AllTypesSurviveTheRoundTrip) {
    const std::string text =
        R"j({"type":"struct","fields":[)j"
        R"j({"name":"a","type":"byte","nullable":false,"metadata":{"k":{"x":1.50},"s":"\""}},)j"
        R"j({"name":"d","type":"decimal(38,18)","nullable":true,"metadata":{}},)j"
        R"j({"name":"m","type":{"type":"map","keyType":"string","valueType":)j"
        R"j({"type":"array","elementType":"date","containsNull":false},)j"
        R"j("valueContainsNull":true},"nullable":true,"metadata":{}},)j"
        R"j({"name":"s","type":{"type":"struct","fields":[)j"
        R"j({"name":"n","type":"timestamp_ntz","nullable":true,"metadata":{}}]},)j"
        R"j("nullable":true,"metadata":{}}]})j";
    const auto schema = schema_from_json(text);
    ASSERT_TRUE(schema) << schema.error().to_string();
    EXPECT_EQ(schema_to_json(*schema), text);
    EXPECT_TRUE(has_timestamp_ntz(schema->fields[3].type));
}

TEST(SchemaJson, BrokenOnesAreNamed) {
    EXPECT_EQ(schema_from_json("{").error().code, ErrorCode::kCorruptData);
    EXPECT_EQ(schema_from_json("\"long\"").error().code, ErrorCode::kCorruptData);
    const auto with_type = [](const std::string& type) {
        return schema_from_json(R"({"type":"struct","fields":[{"name":"a","type":)" + type + "}]}");
    };
    EXPECT_THAT(with_type("\"variant\"").error().message, HasSubstr("variant"));
    EXPECT_EQ(with_type("\"variant\"").error().code, ErrorCode::kUnsupported);
    for (const char* bad : {"\"decimal(39,1)\"", "\"decimal(3,4)\"", "\"decimal(3\"", "7", "null",
                            "\"decimal(,)\""}) {
        EXPECT_EQ(with_type(bad).error().code, ErrorCode::kCorruptData) << bad;
    }
    std::string deep = "\"long\"";
    for (int i = 0; i < 3000; ++i) deep = R"({"type":"array","elementType":)" + deep + "}";
    EXPECT_FALSE(with_type(deep));
}

TEST(PartitionValue, EveryTypeSurvivesTheRoundTrip) {
    for (const Scalar& value :
         {Scalar::boolean(true), Scalar::integer(TypeId::kByte, -128),
          Scalar::integer(TypeId::kLong, INT64_MIN), Scalar::floating(TypeId::kDouble, 0.1),
          Scalar::floating(TypeId::kFloat, static_cast<double>(1.1F)),
          Scalar::decimal(DataType::decimal(10, 3), -1500), Scalar::text("a/b=c\u00e9"),
          Scalar::binary(std::string("\x00\x80\xff z", 5)),
          Scalar::integer(TypeId::kDate, -719'528),
          Scalar::integer(TypeId::kTimestamp, 1'631'099'471'123'456),
          Scalar::integer(TypeId::kTimestampNtz, -1), Scalar::null(TypeId::kLong)}) {
        const auto text = serialize_partition_value(value);
        const auto back = parse_partition_value(value.type(), text);
        ASSERT_TRUE(back) << back.error().to_string();
        EXPECT_EQ(*back, value) << text.value_or("null");
    }
}

TEST(PartitionValue, OtherWritersSpellingsAreRead) {
    const auto micros = [](const std::string& text) {
        const auto value = parse_partition_value(TypeId::kTimestamp, text);
        EXPECT_TRUE(value) << text;
        return value ? value->as_integer() : 0;
    };
    EXPECT_EQ(micros("2021-09-08 11:11:11"), 1'631'099'471'000'000);
    EXPECT_EQ(micros("2021-09-08T11:11:11.5Z"), 1'631'099'471'500'000);
    EXPECT_EQ(micros("2021-09-08T13:11:11+02:00"), 1'631'099'471'000'000);
    EXPECT_TRUE(parse_partition_value(TypeId::kString, "")->is_null());
    for (const auto& [type, text] :
         std::vector<std::pair<DataType, std::string>>{{TypeId::kByte, "128"},
                                                       {TypeId::kInteger, "1x"},
                                                       {TypeId::kDate, "2021-02-30"},
                                                       {TypeId::kBoolean, "yes"},
                                                       {TypeId::kTimestamp, "2021-09-08 25:00:00"},
                                                       {DataType::decimal(3, 1), "100.5"},
                                                       {TypeId::kDouble, ""}}) {
        const auto value = parse_partition_value(type, text);
        EXPECT_TRUE(text.empty() ? value->is_null() : !value) << text;
    }
}

TEST(Decimal, ReadsAndWritesExactly) {
    EXPECT_EQ(format_decimal(5, 2), "0.05");
    EXPECT_EQ(format_decimal(-1250, 2), "-12.50");
    EXPECT_EQ(format_decimal(0, 0), "0");
    EXPECT_EQ(parse_decimal("1E+2", 5, 1), Int128{1000});
    EXPECT_EQ(parse_decimal("12.500", 4, 1), Int128{125});
    EXPECT_EQ(parse_decimal("12.55", 4, 1), std::nullopt);
    EXPECT_EQ(parse_decimal("99999", 4, 0), std::nullopt);
    EXPECT_EQ(parse_decimal(".", 4, 0), std::nullopt);
    EXPECT_EQ(parse_decimal("1e999999999999", 4, 0), std::nullopt);
    EXPECT_EQ(parse_decimal("", 4, 0), std::nullopt);
}

TEST(Civil, DatesOfAllErasSurviveTheRoundTrip) {
    for (std::int64_t days = -1'000'000; days < 3'000'000; days += 997) {
        EXPECT_EQ(parse_date(format_date(days)), days);
    }
    EXPECT_EQ(format_date(0), "1970-01-01");
    EXPECT_EQ(parse_date("2000-02-29"), 11'016);
    EXPECT_EQ(parse_date("1900-02-29"), std::nullopt);
    EXPECT_EQ(format_instant(-1, 'T'), "1969-12-31T23:59:59.999999");
}

TEST(Uri, EscapesSurviveTheRoundTrip) {
    const std::string path = "p=a%2Fb/\u00e4 #?%.parquet";
    EXPECT_EQ(uri_decode(uri_encode_path(path)), path);
    EXPECT_EQ(uri_decode("%4"), std::nullopt);
    EXPECT_EQ(uri_decode("%zz"), std::nullopt);
    EXPECT_EQ(hive_escape("a/b=c:d"), "a%2Fb%3Dc%3Ad");
    EXPECT_TRUE(is_absolute("s3://bucket/x"));
    EXPECT_FALSE(is_absolute("day=12:00/x"));
}

TEST(LogSegment, NamesAreReadStrictly) {
    const std::string v = "00000000000000000012";
    EXPECT_EQ(parse_log_file_name(v + ".json")->kind, LogFileKind::kCommit);
    EXPECT_EQ(parse_log_file_name(v + ".checkpoint.parquet")->kind,
              LogFileKind::kClassicCheckpoint);
    const auto part = parse_log_file_name(v + ".checkpoint.0000000002.0000000003.parquet");
    EXPECT_EQ(part->part, 2);
    EXPECT_EQ(part->parts, 3);
    EXPECT_TRUE(parse_log_file_name(v + ".checkpoint.80a083e8-7026.json")->is_json);
    EXPECT_EQ(parse_log_file_name(v + "." + v + ".compacted.json")->kind, LogFileKind::kCompaction);
    const auto compaction = parse_log_file_name(v + ".00000000000000000015.compacted.json");
    EXPECT_EQ(compaction->version, TableVersion(12));
    EXPECT_EQ(compaction->last_version(), TableVersion(15));
    for (const char* other :
         {"1.json", "_last_checkpoint", ".tmp.json", "x.checkpoint.parquet",
          "00000000000000000012.checkpoint.4.3.parquet", "0000000000000000001x.json",
          "00000000000000000012.00000000000000000011.compacted.json",
          "00000000000000000012.13.compacted.json"}) {
        EXPECT_FALSE(parse_log_file_name(other)) << other;
    }
}

TEST(LogSegment, IncompleteCheckpointsAreIgnored) {
    const auto file = [](const std::string& name) {
        return storage::ObjectInfo{"_delta_log/" + name, 1, {}, ""};
    };
    const std::string zero(19, '0');
    std::vector<storage::ObjectInfo> listing{
        file(zero + "0.json"), file(zero + "1.json"),
        file(zero + "1.checkpoint.0000000001.0000000002.parquet"), file(zero + "2.json")};
    auto segment = make_segment(log_files(listing), std::nullopt);
    ASSERT_TRUE(segment);
    EXPECT_FALSE(segment->checkpoint);
    EXPECT_EQ(segment->commits.size(), 3U);
    listing.push_back(file(zero + "1.checkpoint.0000000002.0000000002.parquet"));
    segment = make_segment(log_files(listing), std::nullopt);
    ASSERT_TRUE(segment && segment->checkpoint);
    EXPECT_EQ(segment->checkpoint->files.size(), 2U);
    EXPECT_EQ(segment->commits.size(), 1U);
    EXPECT_FALSE(make_segment(log_files(listing), TableVersion(0))->checkpoint);
}

TEST(LogSegment, TimestampsRiseWithVersions) {
    std::vector<storage::ObjectInfo> listing;
    for (const int millis : {50, 20, 20}) {
        listing.push_back(
            {fmt::format("_delta_log/{}", version_name(static_cast<int>(listing.size()))), 1,
             Timestamp::from_millis(millis), ""});
    }
    const auto commits = commit_files(log_files(listing));
    EXPECT_EQ(commits[0].timestamp, Timestamp::from_millis(50));
    EXPECT_EQ(commits[1].timestamp, Timestamp::from_millis(51));
    EXPECT_EQ(commits[2].timestamp, Timestamp::from_millis(52));
}

TEST(TableConfig, IntervalsAreRead) {
    EXPECT_EQ(parse_interval("interval 30 days"), std::chrono::hours(720));
    EXPECT_EQ(parse_interval("INTERVAL 1 week 2 hours"), std::chrono::hours(170));
    EXPECT_EQ(parse_interval("168 hours"), std::chrono::hours(168));
    for (const char* bad : {"", "interval", "30", "interval -1 days", "interval 2 months"}) {
        EXPECT_EQ(parse_interval(bad), std::nullopt) << bad;
    }
}

std::string big_endian_bytes(std::uint32_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
    return bytes;
}

std::string vector_payload(const std::vector<std::uint32_t>& low, std::uint32_t high) {
    Roaring bitmap;
    for (const std::uint32_t row : low) bitmap.add(row);
    std::string bytes(bitmap.getSizeInBytes(), '\0');
    bitmap.write(bytes.data());
    const auto little = [](std::uint64_t value, int count) {
        std::string out;
        for (int i = 0; i < count; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
        return out;
    };
    return little(1'681'511'377, 4) + little(1, 8) + little(high, 4) + bytes;
}

TEST(DeletionVector, FilesAreVerified) {
    TestLog log;
    const std::string payload = vector_payload({1, 5, 70'000}, 2);
    const std::uint32_t checksum = crc32(payload);
    const auto size = static_cast<std::uint32_t>(payload.size());
    std::string file = '\1' + big_endian_bytes(size) + payload + big_endian_bytes(checksum);
    // The protocol's own example of a name: uuid d2c639aa-8816-431a-aaf6-d3fe2512ff61.
    const std::string name = "ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin";
    DeletionVectorDescriptor vector{'u', "ab^-aqEH.-t@S}K{vb[*k^", 1,
                                    static_cast<std::int32_t>(size), 3};
    ASSERT_TRUE(log.location.store->put(log.location.object(name), file));
    auto rows = read_deletion_vector(log.location, vector);
    ASSERT_TRUE(rows) << rows.error().to_string();
    const std::uint64_t base = std::uint64_t{2} << 32;
    EXPECT_THAT(*rows, ElementsAre(base + 1, base + 5, base + 70'000));

    vector.cardinality = 4;
    EXPECT_EQ(read_deletion_vector(log.location, vector).error().code, ErrorCode::kCorruptData);
    vector.cardinality = 3;
    for (std::size_t at = 1; at < file.size(); ++at) {
        std::string damaged = file;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
        ASSERT_TRUE(log.location.store->put(log.location.object(name), damaged));
        EXPECT_EQ(read_deletion_vector(log.location, vector).error().code, ErrorCode::kCorruptData)
            << at;
    }
}

TEST(DeletionVector, EveryTruncatedBitmapIsCorrupt) {
    const std::string payload = vector_payload({1, 5, 70'000}, 0);
    ASSERT_TRUE(parse_deletion_vector(payload));
    for (std::size_t length = 0; length < payload.size(); ++length) {
        const std::string cut = payload.substr(0, length);
        EXPECT_FALSE(parse_deletion_vector(cut)) << length;
    }
}

}  // namespace
}  // namespace ingot::delta
