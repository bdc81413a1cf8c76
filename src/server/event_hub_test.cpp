#include "server/event_hub.hpp"

#include <gmock/gmock.h>

namespace ingot::server {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct EventHubTest : testing::Test {
    ManualClock clock{*parse_timestamp("2026-01-01")};
    EventHub hub{3, clock};
    std::uint64_t first = hub.newest() + 1;
    void publish(const char* id) { hub.publish("run", {{"run_id", id}}); }
};

TEST_F(EventHubTest, AListenerHearsWhatComesAfterIt) {
    publish("a");
    const Stream stream = hub.stream("");
    EXPECT_EQ(stream.pull().bytes, ": hello\n\n");
    EXPECT_EQ(stream.pull().bytes, "");
    publish("b");
    EXPECT_EQ(stream.pull().bytes,
              fmt::format("id: {}\nevent: run\ndata: {{\"run_id\":\"b\",\"at\":"
                          "\"2026-01-01T00:00:00Z\"}}\n\n",
                          first + 1));
    EXPECT_EQ(stream.pull().bytes, "");
}

TEST_F(EventHubTest, WhoComesBackHearsWhatHeMissed) {
    for (const char* id : {"a", "b", "c"}) publish(id);
    EXPECT_THAT(hub.stream(std::to_string(first)).pull().bytes,
                AllOf(Not(HasSubstr("\"a\"")), HasSubstr("\"b\""), HasSubstr("\"c\"")));
}

TEST_F(EventHubTest, WhoComesTooLateIsToldToFetchEverything) {
    const Stream slow = hub.stream("");
    for (const char* id : {"a", "b", "c", "d"}) publish(id);
    EXPECT_THAT(hub.stream(std::to_string(first - 1)).pull().bytes,
                AllOf(HasSubstr("event: reset\n"), Not(HasSubstr("\"b\""))));
    EXPECT_THAT(slow.pull().bytes, HasSubstr("event: reset\n"));
    publish("e");
    EXPECT_THAT(slow.pull().bytes, AllOf(HasSubstr("\"e\""), Not(HasSubstr("\"d\""))));
}

TEST_F(EventHubTest, AnIdOfAnotherProcessOrNoneOfOursIsTooLateToo) {
    publish("a");
    EXPECT_THAT(hub.stream("5").pull().bytes, HasSubstr("event: reset\n"));
    EXPECT_THAT(hub.stream(std::to_string(first + 100)).pull().bytes, HasSubstr("event: reset\n"));
    for (const char* odd : {"x", "-1", "1x", "99999999999999999999999"})
        EXPECT_THAT(hub.stream(odd).pull().bytes, Not(HasSubstr("\"a\""))) << odd;
}

TEST_F(EventHubTest, ALineBreakInAValueDoesNotBreakTheStream) {
    const Stream stream = hub.stream("");
    publish("a\n\ndata: forged");
    EXPECT_THAT(stream.pull().bytes, HasSubstr("a\\n\\ndata: forged"));
}

TEST_F(EventHubTest, EventsWakeListenersAndThoseWhoWaitForTheRun) {
    std::vector<std::string> woken;
    hub.on_event([&](std::string_view topic) { woken.emplace_back(topic); });
    publish("a");
    hub.publish("project", Json::object());
    hub.on_event({});
    publish("b");
    EXPECT_THAT(woken, ElementsAre("events", "run/a", "events"));
}

}  // namespace
}  // namespace ingot::server
