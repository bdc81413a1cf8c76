#include "notify/outbox.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <random>

namespace ingot::notify {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

Timestamp utc(std::string_view text) {
    return *parse_timestamp(text);
}
const Timestamp kNow = utc("2026-01-01T10");

Delivery delivery(std::string id, std::string receiver = "oncall") {
    Delivery one{
        std::move(id), std::move(receiver), {"test", "A title", "text", {{"run", "r"}}, kNow}};
    one.created = one.next_at = kNow;
    return one;
}
const Sent kDelivered{Sent::Kind::kDelivered, "status 200"};
const Sent kTryAgain{Sent::Kind::kTryAgain, "status 503"};
const Sent kRefused{Sent::Kind::kRefused, "status 404"};

TEST(Outbox, AFailedAttemptIsMadeAgainAfterGrowingWaits) {
    Outbox outbox;
    outbox.add(delivery("a"));
    Timestamp now = kNow;
    std::string waits;
    for (int i = 0; i < 8; ++i) {
        ASSERT_TRUE(outbox.start(now));
        EXPECT_FALSE(outbox.start(now)) << "it is at work";
        const Delivery after = outbox.ended("a", kTryAgain, now, 0);
        EXPECT_EQ(after.attempts, i + 1);
        EXPECT_EQ(outbox.next_wake(), after.next_at);
        waits += format_duration(after.next_at - now) + " ";
        EXPECT_FALSE(outbox.start(after.next_at - Duration(1)));
        now = after.next_at;
    }
    EXPECT_EQ(waits, "10s 30s 90s 270s 810s 2430s 1h 1h ");
    ASSERT_TRUE(outbox.start(now));
    EXPECT_EQ(outbox.ended("a", kDelivered, now, 0).state, Delivery::State::kDelivered);
    EXPECT_EQ(outbox.next_wake(), std::nullopt);
}

TEST(Outbox, AReceiverIsAskedAsLateAsItSays) {
    Outbox outbox;
    outbox.add(delivery("a"));
    (void)outbox.start(kNow);
    EXPECT_EQ(outbox.ended("a", {Sent::Kind::kTryAgain, "", seconds(90)}, kNow, 0).next_at,
              kNow + seconds(90));
    (void)outbox.start(kNow + seconds(90));
    EXPECT_EQ(outbox.ended("a", {Sent::Kind::kTryAgain, "", hours(900)}, kNow, 0).next_at,
              kNow + hours(1));
}

TEST(Outbox, WhatIsRefusedOrTakesTooLongIsGivenUpAndKept) {
    Outbox outbox;
    outbox.add(delivery("a"));
    outbox.add(delivery("b"));
    (void)outbox.start(kNow);
    EXPECT_EQ(outbox.ended("a", kRefused, kNow, 0).state, Delivery::State::kGivenUp);
    EXPECT_EQ(outbox.start(kNow)->id, "b");
    const Delivery late = outbox.ended("b", kTryAgain, kNow + hours(25), 0);
    EXPECT_EQ(late.state, Delivery::State::kGivenUp);
    EXPECT_EQ(late.outcome, "status 503");
    EXPECT_FALSE(outbox.start(kNow + hours(99)));
    EXPECT_EQ(outbox.deliveries().size(), 2u);
    ASSERT_TRUE(outbox.try_again("b", kNow + hours(30)));
    EXPECT_EQ(outbox.start(kNow + hours(30))->id, "b");
    EXPECT_EQ(outbox.ended("b", kDelivered, kNow + hours(30), 0).state,
              Delivery::State::kDelivered);
    EXPECT_EQ(outbox.try_again("b", kNow).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(outbox.try_again("x", kNow).error().code, ErrorCode::kNotFound);
}

TEST(Outbox, OneReceiverThatIsSlowKeepsNoOtherWaiting) {
    Outbox outbox;
    outbox.add(delivery("a", "slow"));
    outbox.add(delivery("b", "slow"));
    outbox.add(delivery("c", "quick"));
    EXPECT_EQ(outbox.start(kNow)->id, "a");
    EXPECT_EQ(outbox.start(kNow)->id, "c") << "of one receiver one at a time";
    EXPECT_FALSE(outbox.start(kNow));
    (void)outbox.ended("c", kDelivered, kNow, 0);
    EXPECT_FALSE(outbox.start(kNow));
    (void)outbox.ended("a", kDelivered, kNow, 0);
    EXPECT_EQ(outbox.start(kNow)->id, "b");
}

TEST(Outbox, TheOldestThatHaveEndedAreForgotten) {
    Outbox outbox({.kept_ended = 2});
    for (const char* id : {"a", "b", "c", "d"}) {
        outbox.add(delivery(id));
        (void)outbox.start(kNow);
        (void)outbox.ended(id, kDelivered, kNow, 0);
    }
    EXPECT_EQ(outbox.forget(), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(outbox.deliveries().size(), 2u);
    EXPECT_TRUE(outbox.forget().empty());
}

TEST(Outbox, NothingIsLostOrForgottenBeforeItHasEnded) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    std::map<std::string, std::string> stored;  // what a killed process leaves
    std::set<std::string> delivered;
    Outbox outbox({.kept_ended = 1000});
    std::vector<std::string> at_work;
    Timestamp now = kNow;
    int added = 0;
    for (int i = 0; i < 5000; ++i) {
        now = now + seconds(random() % 60);
        const auto kind = random() % 10;
        if (kind < 2 && added < 300) {
            Delivery one =
                delivery(fmt::format("{:05}", added++), fmt::format("r{}", random() % 3));
            one.created = one.next_at = now;
            stored[one.id] = delivery_to_json(one);
            outbox.add(one);
        } else if (kind == 2 && random() % 10 == 0) {
            outbox = Outbox({.kept_ended = 1000});
            at_work.clear();
            for (const auto& [id, json] : stored) outbox.add(*parse_delivery(json));
        } else if (kind < 7) {
            if (const auto begun = outbox.start(now)) at_work.push_back(begun->id);
        } else if (!at_work.empty()) {
            const std::string id = at_work.back();
            at_work.pop_back();
            const bool fine = random() % 3 == 0;
            const Delivery after = outbox.ended(id, fine ? kDelivered : kTryAgain, now, random());
            if (fine) delivered.insert(id);
            stored[id] = delivery_to_json(after);
        }
    }
    for (int i = 0; i < 100'000 && (outbox.next_wake() || !at_work.empty()); ++i) {
        for (const std::string& id : std::exchange(at_work, {})) {
            stored[id] = delivery_to_json(outbox.ended(id, kDelivered, now, 0));
        }
        if (const auto next = outbox.next_wake()) now = std::max(now, *next);
        if (const auto begun = outbox.start(now)) at_work.push_back(begun->id);
    }
    ASSERT_EQ(stored.size(), static_cast<std::size_t>(added));
    for (const auto& [id, json] : stored) {
        EXPECT_NE(parse_delivery(json)->state, Delivery::State::kWaiting) << id;
    }
}

TEST(Delivery, IsReadBackAsItWasWritten) {
    Delivery one = delivery("a");
    one.attempts = 3;
    one.outcome = "status 503: \xC3\xBC";
    one.ended_at = kNow;
    one.state = Delivery::State::kGivenUp;
    EXPECT_EQ(*parse_delivery(delivery_to_json(one)), one);
    for (const char* text : {"", "{}", "{\"id\": 1}"}) EXPECT_FALSE(parse_delivery(text)) << text;
}

TEST(Message, LooksAsEachReceiverTakesIt) {
    const Message message{"run_failed", "hourly failed", "a < b & c\xFF", {{"run", "0198"}}, kNow};
    const auto webhook = nlohmann::json::parse(webhook_body(message, "d1"));
    EXPECT_EQ(webhook["delivery"], "d1");
    EXPECT_EQ(webhook["event"], "run_failed");
    EXPECT_EQ(webhook["run"], "0198");
    EXPECT_EQ(webhook["at"], "2026-01-01T10:00:00Z");
    const auto slack = nlohmann::json::parse(slack_body(message));
    EXPECT_EQ(slack["text"].get<std::string>().substr(0, 32), "*hourly failed*\na &lt; b &amp; c");
    EXPECT_NE(mail_body(message).find("run: 0198\n"), std::string::npos);
}

}  // namespace
}  // namespace ingot::notify
