#include "task/isolated_task.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <unistd.h>

namespace ingot::task {
namespace {

namespace fs = std::filesystem;
using orchestrator::TaskOutcome;

class IsolatedTask : public testing::Test {
protected:
    IsolatedTask() { fs::create_directories(folder_); }
    ~IsolatedTask() override { fs::remove_all(folder_); }
    std::string path(const char* name) const { return (folder_ / name).string(); }
    std::string text(const char* name) const {
        std::ifstream file(path(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    IsolatedOrder order() const {
        orchestrator::RunSpec spec;
        spec.plan.pipeline = "p";
        spec.plan.tasks.push_back({.name = "a", .definition = "a", .work = "ingest bronze.a"});
        IsolatedOrder order{"/project", {{"who", "a=b c"}}, "files-1", 4, {}};
        order.attempt.run = orchestrator::RunId("r");
        order.attempt.spec = std::make_shared<const orchestrator::RunSpec>(std::move(spec));
        order.attempt.log = path("a.1.log");
        return order;
    }

private:
    fs::path folder_ = fs::temp_directory_path() / fmt::format("ingot-isolated-{}", ::getpid());
};

TEST_F(IsolatedTask, AnOrderIsTakenOnce) {
    std::ofstream(path("order")) << isolated_order_to_json(order());
    const Result<IsolatedOrder> taken = take_isolated_order(path("order"));
    ASSERT_TRUE(taken) << taken.error().to_string();
    EXPECT_EQ(taken->root, "/project");
    EXPECT_EQ(taken->params, order().params);
    EXPECT_EQ(taken->code, "files-1");
    EXPECT_EQ(taken->parallel, 4U);
    EXPECT_EQ(taken->attempt.planned().name, "a");
    const Result<IsolatedOrder> again = take_isolated_order(path("order"));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::kNotFound);
}

TEST_F(IsolatedTask, AnOrderThatIsNoneIsNamedWithItsFile) {
    const std::string whole = isolated_order_to_json(order());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const Result<IsolatedOrder> read = parse_isolated_order(whole.substr(0, size));
        ASSERT_FALSE(read) << size;
        EXPECT_EQ(read.error().code, ErrorCode::kCorruptData);
    }
    std::ofstream(path("order")) << R"({"format":2})";
    const Result<IsolatedOrder> taken = take_isolated_order(path("order"));
    ASSERT_FALSE(taken);
    EXPECT_NE(taken.error().to_string().find(path("order")), std::string::npos);
}

TEST_F(IsolatedTask, AnOutcomeLiesBesideTheLogEachCheckItsOwn) {
    IsolatedOrder one = order();
    ASSERT_TRUE(leave_outcome(one.attempt, {TaskOutcome::Kind::kFailed, "no", false}));
    EXPECT_EQ(text("a.1.log.outcome"),
              "{\"format\":1,\"outcome\":1,\"message\":\"no\",\"retryable\":false}\n");
    one.attempt.checks = 3;
    ASSERT_TRUE(leave_outcome(one.attempt, {}));
    EXPECT_EQ(text("a.1.log.3.outcome"), "{\"format\":1,\"outcome\":0}\n");
}

}  // namespace
}  // namespace ingot::task
