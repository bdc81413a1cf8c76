// The history of keys (KeepHistory), with the real engine.
#include "project/history.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <map>
#include <random>

#include "publish/history_sql.hpp"
#include "publish/table_under_test.hpp"
#include "quality/tables.hpp"

namespace ingot::publish {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A table with the history of (id, at, seq, name, score).
class History {
public:
    explicit History(project::Model model = by_time()) : model_(std::move(model)) {
        schema_ = Schema{{{"id", TypeId::kLong},
                          {"at", TypeId::kTimestamp},
                          {"seq", TypeId::kLong},
                          {"name", TypeId::kString},
                          {"score", TypeId::kDouble}}};
        for (const Field& field : must(project::history_columns(model_, schema_)))
            schema_.fields.push_back(field);
    }

    static project::Model by_time() {
        project::Model model;
        model.key = {"id"};
        model.order_by = {"seq"};
        model.time = "at";
        return model;
    }
    static project::Model by_comparison(bool close_missing) {
        project::Model model;
        model.key = {"id"};
        model.order_by = {"at", "seq"};
        model.deletes = close_missing ? project::Deletes::kClose : project::Deletes::kIgnore;
        return model;
    }

    /// `values`: rows in brackets.
    PublishRequest request(const std::string& values, Timestamp now = hour(100)) {
        const KeepHistory mode{model_.key,  model_.order_by,
                               model_.time, model_.deletes == project::Deletes::kClose,
                               now,         false};
        const std::string rows =
            "SELECT id::BIGINT AS id, make_timestamptz((h * 3600000000)::BIGINT) AS at, "
            "seq::BIGINT AS seq, name::VARCHAR AS name, score::DOUBLE AS score FROM (VALUES " +
            values + ") t(id, h, seq, name, score)";
        return table.request(begun_versions(mode, schema_, rows), mode, schema_);
    }
    void see(const std::string& values, Timestamp now = hour(100)) {
        must(table.publish(request(values, now)));
    }
    /// `id name from..to`, in hours.
    std::vector<std::string> versions() {
        return table.rows(
            "id, coalesce(name, 'null') || ' ' || coalesce(score::VARCHAR, 'null') || ' ' || "
            "epoch(valid_from)::BIGINT // 3600 || '..' || coalesce((epoch(valid_to)::BIGINT // "
            "3600)::VARCHAR, '')");
    }

    TableUnderTest table;

private:
    project::Model model_;
    Schema schema_;
};

// ---- with a time

struct Seen {
    int id;
    int at;
    int seq;  ///< 0: null
    std::string name;
    std::string score;

    std::string to_sql() const {
        return fmt::format("({}, {}, {}, '{}', {})", id, at,
                           seq == 0 ? "NULL" : fmt::format("{}", seq), name, score);
    }
    friend bool operator<(const Seen& a, const Seen& b) {
        const auto rank = [](const Seen& seen) {
            // The order of doubles, null last as in a row of DuckDB.
            const double score = seen.score == "NULL" ? 1e9 : std::stod(seen.score);
            return std::make_tuple(seen.seq, seen.name, score);
        };
        return rank(a) < rank(b);
    }
};

/// What the history of these rows is, by the definition.
std::vector<std::string> expected_versions(const std::vector<Seen>& rows) {
    std::map<int, std::map<int, Seen>> keys;
    for (const Seen& row : rows) {
        const auto [at, inserted] = keys[row.id].emplace(row.at, row);
        if (!inserted && at->second < row) at->second = row;
    }
    std::vector<std::string> lines;
    for (const auto& [id, times] : keys) {
        std::string open;
        std::string values;
        for (const auto& [at, row] : times) {
            const std::string score =
                row.score == "NULL" ? "null" : fmt::format("{:.1f}", std::stod(row.score));
            const std::string now = row.name + " " + score;
            if (now == values) continue;
            if (!open.empty()) lines.push_back(open + fmt::format("{}", at));
            open = fmt::format("{} {} {}..", id, now, at);
            values = now;
        }
        lines.push_back(open);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

TEST(History, OrderAndGroupingDoNotMatter) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937 random(seed);
    const auto below = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
    for (int round = 0; round < 6; ++round) {
        std::vector<Seen> rows;
        // Few values, so that rows repeat, tie and return to earlier values.
        for (int i = 0, n = 1 + below(30); i < n; ++i) {
            rows.push_back({below(3), below(12), below(3), fmt::format("n{}", below(2)),
                            below(4) == 0 ? "NULL" : fmt::format("{}", below(2))});
        }
        const std::vector<std::string> expected = expected_versions(rows);
        for (int order = 0; order < 4; ++order) {
            History history;
            std::string batches;
            for (std::size_t begin = 0; begin < rows.size();) {
                const std::size_t size =
                    order == 0 ? rows.size() : static_cast<std::size_t>(1 + below(6));
                std::string values;
                for (std::size_t i = begin; i < std::min(begin + size, rows.size()); ++i)
                    values += (values.empty() ? "" : ", ") + rows[i].to_sql();
                history.see(values);
                batches += values + "; ";
                begin += size;
            }
            std::vector<std::string> got = history.versions();
            std::sort(got.begin(), got.end());
            EXPECT_EQ(got, expected) << batches;
            EXPECT_THAT(history.table.orphans(), IsEmpty());
            std::shuffle(rows.begin(), rows.end(), random);
        }
    }
}

TEST(History, ALateRowGoesBetweenTheVersionsAndCutsOneThatWasSeenAgain) {
    History history;
    history.see("(1, 10, 1, 'a', 1), (1, 30, 1, 'a', 1), (2, 10, 1, 'x', 0)");
    EXPECT_THAT(history.versions(), ElementsAre("1 a 1.0 10..", "2 x 0.0 10.."));
    history.see("(1, 20, 1, 'b', 1)");
    EXPECT_THAT(history.versions(),
                ElementsAre("1 a 1.0 10..20", "1 a 1.0 30..", "1 b 1.0 20..30", "2 x 0.0 10.."));
    history.see("(1, 20, 2, 'a', 1)");
    EXPECT_THAT(history.versions(), ElementsAre("1 a 1.0 10..", "2 x 0.0 10.."))
        << "a correction with a greater order_by takes the place of its row";
}

TEST(History, EachKeyHasOneCurrentVersionAndVersionsMeet) {
    History history;
    history.see("(1, 1, 1, 'a', NULL), (1, 2, 1, 'a', 5), (1, 3, 1, 'b', 5), (2, 1, 1, 'a', 1)");
    EXPECT_THAT(history.versions(),
                ElementsAre("1 a 5.0 2..3", "1 a null 1..2", "1 b 5.0 3..", "2 a 1.0 1.."));
    EXPECT_THAT(history.table.rows("count(*) FILTER (WHERE valid_to IS NULL), count(DISTINCT id)"),
                ElementsAre("2 2"));
}

TEST(History, ARowWithoutAKeyOrATimeIsRefused) {
    History history;
    const auto key = history.table.publish(history.request("(NULL, 1, 1, 'a', 1)"));
    ASSERT_FALSE(key);
    EXPECT_THAT(key.error().message, HasSubstr("1 rows have a null key"));
    const auto time = history.table.publish(history.request("(1, NULL, 1, 'a', 1)"));
    ASSERT_FALSE(time);
    EXPECT_THAT(time.error().message, HasSubstr("1 rows have a null time"));
    EXPECT_THAT(history.table.objects(), IsEmpty());
}

TEST(History, AnewForgetsWhatWasStored) {
    History history;
    history.see("(1, 1, 1, 'a', 1), (2, 1, 1, 'b', 1)");
    PublishRequest request = history.request("(1, 5, 1, 'c', 1), (1, 6, 1, 'c', 1)");
    std::get<KeepHistory>(request.mode).anew = true;
    must(history.table.publish(request));
    EXPECT_THAT(history.versions(), ElementsAre("1 c 1.0 5.."));
}

TEST(History, AColumnThatIsNewIsNullInOlderVersions) {
    History history;
    history.see("(1, 1, 1, 'a', 1)");
    PublishRequest request = history.request("(1, 5, 1, 'a', 1)");
    request.select.sql = "SELECT *, 'x' AS extra FROM (" + request.select.sql + ")";
    request.shape.schema.fields.push_back({"extra", TypeId::kString, true, {}});
    request.on_schema_change = project::OnSchemaChange::kAdd;
    must(history.table.publish(request));
    EXPECT_THAT(history.table.rows("epoch(valid_from)::BIGINT // 3600, extra"),
                testing::UnorderedElementsAre("1 null", "5 x"));
}

// ---- by comparison

TEST(History, WithoutATimeARowHoldsSinceItWasSeenOtherwise) {
    History history(History::by_comparison(false));
    history.see("(1, 0, 1, 'a', 1), (2, 0, 1, 'b', 1)", hour(10));
    history.see("(1, 0, 9, 'a', 1), (2, 0, 9, 'c', 1)", hour(20));
    EXPECT_THAT(history.versions(), ElementsAre("1 a 1.0 10..", "2 b 1.0 10..20", "2 c 1.0 20.."));
    history.see("(3, 0, 1, 'd', 1)", hour(30));
    EXPECT_THAT(history.versions(),
                ElementsAre("1 a 1.0 10..", "2 b 1.0 10..20", "2 c 1.0 20..", "3 d 1.0 30.."))
        << "missing keys stay";
}

TEST(History, AClockThatGoesBackwardsDoesNotMakeTheNewestStateAnOldOne) {
    History history(History::by_comparison(false));
    history.see("(1, 0, 1, 'a', 1)", hour(10));
    history.see("(1, 0, 1, 'b', 1)", hour(5));
    EXPECT_THAT(history.versions(), ElementsAre("1 a 1.0 10..10", "1 b 1.0 10.."));
    EXPECT_THAT(history.table.rows("name, valid_from < valid_to"),
                testing::UnorderedElementsAre("a true", "b null"));
}

TEST(History, MissingKeysEndAndComeBack) {
    History history(History::by_comparison(true));
    history.see("(1, 0, 1, 'a', 1), (2, 0, 1, 'b', 1)", hour(10));
    history.see("(2, 0, 1, 'b', 1)", hour(20));
    EXPECT_THAT(history.versions(), ElementsAre("1 a 1.0 10..20", "2 b 1.0 10.."));
    history.see("(2, 0, 1, 'b', 1)", hour(25));
    EXPECT_THAT(history.versions(), ElementsAre("1 a 1.0 10..20", "2 b 1.0 10.."));
    history.see("(1, 0, 1, 'a', 1), (2, 0, 1, 'b', 1)", hour(30));
    EXPECT_THAT(history.versions(), ElementsAre("1 a 1.0 10..20", "1 a 1.0 30..", "2 b 1.0 10.."));
}

TEST(History, MissingKeysEndByTimeTooAndAreSeenAgainWithTheirOldTime) {
    project::Model model = History::by_time();
    model.deletes = project::Deletes::kClose;
    History history(model);
    history.see("(1, 1, 1, 'a', 1), (2, 1, 1, 'b', 1)", hour(10));
    history.see("(2, 1, 1, 'b', 1)", hour(20));
    EXPECT_THAT(history.versions(), ElementsAre("1 a 1.0 1..20", "2 b 1.0 1.."));
    history.see("(1, 1, 1, 'a', 1), (2, 1, 1, 'b', 1)", hour(30));
    EXPECT_THAT(history.versions(), ElementsAre("1 a 1.0 1..20", "1 a 1.0 30..", "2 b 1.0 1.."));
    history.see("(1, 1, 1, 'a', 1), (1, 15, 1, 'c', 1), (2, 1, 1, 'b', 1)", hour(40));
    EXPECT_THAT(history.versions(),
                ElementsAre("1 a 1.0 1..15", "1 a 1.0 30..", "1 c 1.0 15..20", "2 b 1.0 1.."));
}

TEST(History, ARejectedRowDoesNotEndItsKey) {
    History history(History::by_comparison(true));
    history.see("(1, 0, 1, 'a', 1), (2, 0, 1, 'b', 1), (3, 0, 1, 'c', 1)", hour(10));
    PublishRequest request = history.request("(2, 0, 1, 'b', 1), (1, 0, 1, 'a', -1)", hour(20));
    request.splits = true;
    request.quarantine = Quarantine{
        history.table.quarantine(), {quality::quarantine_schema(), {}, {}, ""}, "_window_start"};
    request.select.sql =
        "SELECT *, CASE WHEN score < 0 THEN 'BAD' END AS _reject_reason, 'BAD' AS _reason, 'r' AS "
        "_run_id, make_timestamptz(0) AS _rejected_at, NULL::VARCHAR AS _file, NULL::BIGINT AS "
        "_line, CAST(to_json({'id': id, 'name': name}) AS VARCHAR) AS _raw, NULL::TIMESTAMPTZ AS "
        "_window_start FROM (" +
        request.select.sql + ")";
    must(history.table.publish(request));
    EXPECT_THAT(history.versions(), ElementsAre("1 a 1.0 10..", "2 b 1.0 10..", "3 c 1.0 10..20"));
}

TEST(History, DatesAreTheirOwnTick) {
    project::Model model;
    model.key = {"id"};
    model.time = "day";
    model.deletes = project::Deletes::kClose;
    Schema schema{{{"id", TypeId::kLong}, {"day", TypeId::kDate}}};
    for (const Field& field : must(project::history_columns(model, schema)))
        schema.fields.push_back(field);
    TableUnderTest table;
    const auto see = [&](const std::string& values, Timestamp now) {
        const KeepHistory mode{{"id"}, {}, "day", true, now, false};
        must(table.publish(
            table.request(begun_versions(mode, schema,
                                         "SELECT id::BIGINT AS id, day::DATE AS day FROM (VALUES " +
                                             values + ") t(id, day)"),
                          mode, schema)));
    };
    see("(1, '1970-01-02'), (2, '1970-01-02')", hour(30));
    see("(2, '1970-01-02')", hour(31));
    EXPECT_THAT(table.rows("id, valid_from, valid_to"),
                ElementsAre("1 1970-01-02 1970-01-03", "2 1970-01-02 null"));
}

}  // namespace
}  // namespace ingot::publish
