#include "base/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Log : public ::testing::Test {
protected:
    void SetUp() override {
        ::testing::internal::CaptureStderr();
        ::testing::internal::CaptureStdout();
    }
    void TearDown() override { set_log_level(LogLevel::kWarning); }
    /// What stderr holds; stdout must hold nothing.
    static std::string written() {
        EXPECT_THAT(::testing::internal::GetCapturedStdout(), IsEmpty());
        return ::testing::internal::GetCapturedStderr();
    }
};

TEST_F(Log, WritesToStderrAndNeverToStdout) {
    log_error("cannot read {}", "file");
    EXPECT_THAT(written(), AllOf(HasSubstr("error cannot read file"), HasSubstr("Z ")));
}

TEST_F(Log, HidesWhatIsBelowTheLevel) {
    set_log_level(log_level_of_verbosity(0));
    log_info("quiet");
    log_warning("loud");
    set_log_level(log_level_of_verbosity(-1));
    log_warning("silenced");
    set_log_level(log_level_of_verbosity(1));
    log_info("verbose");
    log_debug("too deep");
    EXPECT_THAT(written(), AllOf(HasSubstr("loud"), HasSubstr("verbose"), Not(HasSubstr("quiet")),
                                 Not(HasSubstr("silenced")), Not(HasSubstr("too deep"))));
}

TEST_F(Log, VerbosityBeyondTheLevelsIsTheNearest) {
    EXPECT_EQ(log_level_of_verbosity(-9), LogLevel::kError);
    EXPECT_EQ(log_level_of_verbosity(9), LogLevel::kTrace);
    EXPECT_THAT(written(), IsEmpty());
}

TEST_F(Log, MasksRegisteredSecretsAlsoPercentEncoded) {
    register_secret("");
    register_secret("p@ss/word");
    register_secret("p@ss/word and more");
    log_error("password p@ss/word, p@ss/word and more, ?key=p%40ss%2Fword&x=1, {}", "p@ss/word");
    EXPECT_THAT(written(), AllOf(HasSubstr("password ***, ***, ?key=***&x=1, ***"),
                                 Not(HasSubstr("word and"))));
    EXPECT_EQ(mask_secrets("p@ss/wordp@ss/word"), "******");
    EXPECT_EQ(mask_secrets("nothing here"), "nothing here");
}

}  // namespace
}  // namespace ingot
