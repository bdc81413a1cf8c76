#include "telemetry/airflow_names.hpp"

#include <gmock/gmock.h>

namespace ingot::telemetry {
namespace {

using testing::ElementsAre;

std::vector<std::string> lines(const Measurement& measurement,
                               const project::StatsdSettings& settings = {}) {
    std::vector<std::string> all;
    for (const StatsdSample& sample : airflow_samples(measurement)) {
        all.push_back(statsd_line(sample, settings));
    }
    return all;
}

const Measurement kDuration = {.metric = Metric::kTaskDuration,
                               .value = 1.2345678,
                               .pipeline = "data_pipeline",
                               .task = "load_to_silver",
                               .state = "success"};

TEST(AirflowNames, ATimeIsInMillisecondsUnderTheTaggedAndTheOlderName) {
    EXPECT_THAT(lines(kDuration),
                ElementsAre("airflow.task.duration:1234.568|ms",
                            "airflow.dag.data_pipeline.load_to_silver.duration:1234.568|ms"));
}

TEST(AirflowNames, TagsAreWrittenInTheDialectOfTheSettings) {
    project::StatsdSettings settings;
    settings.prefix = "";
    settings.constant_tags = {{"env", "prod"}};
    settings.tags = project::StatsdSettings::Tags::kInfluxdb;
    EXPECT_EQ(lines(kDuration, settings)[0],
              "task.duration,dag_id=data_pipeline,task_id=load_to_silver,env=prod:1234.568|ms");
    settings.tags = project::StatsdSettings::Tags::kDatadog;
    EXPECT_EQ(lines(kDuration, settings)[0],
              "task.duration:1234.568|ms|#dag_id:data_pipeline,task_id:load_to_silver,env:prod");
    EXPECT_EQ(lines(kDuration, settings)[1],
              "dag.data_pipeline.load_to_silver.duration:1234.568|ms|#env:prod");
}

TEST(AirflowNames, AnEndCountsForItsStateItsOperationAndAltogether) {
    Measurement ended = {.metric = Metric::kTaskEnded,
                         .pipeline = "p",
                         .task = "load",
                         .operation = "ingest",
                         .state = "up_for_retry"};
    EXPECT_THAT(lines(ended),
                ElementsAre("airflow.ti.finish:1|c", "airflow.ti.finish.p.load.up_for_retry:1|c",
                            "airflow.operator_failures:1|c", "airflow.operator_failures_ingest:1|c",
                            "airflow.ti_failures:1|c"));
    ended.state = "success";
    EXPECT_THAT(lines(ended),
                ElementsAre("airflow.ti.finish:1|c", "airflow.ti.finish.p.load.success:1|c",
                            "airflow.operator_successes:1|c",
                            "airflow.operator_successes_ingest:1|c", "airflow.ti_successes:1|c"));
    ended.state = "skipped";
    EXPECT_EQ(lines(ended).size(), 2u);
}

TEST(AirflowNames, IdsStandWhereAirflowHasThem) {
    EXPECT_THAT(lines({.metric = Metric::kFirstTaskSchedulingDelay, .value = 2, .pipeline = "p"}),
                ElementsAre("airflow.dagrun.first_task_scheduling_delay:2000|ms",
                            "airflow.dagrun.p.first_task_scheduling_delay:2000|ms"));
    EXPECT_THAT(lines({.metric = Metric::kPoolOpen, .value = 3, .pool = "pg"}),
                ElementsAre("airflow.pool.open_slots:3|g", "airflow.pool.open_slots.pg:3|g"));
    EXPECT_THAT(lines({.metric = Metric::kHeartbeat}),
                ElementsAre("airflow.scheduler_heartbeat:1|c"));
    EXPECT_TRUE(
        lines({.metric = Metric::kRunDuration, .pipeline = "p", .state = "cancelled"}).empty());
    EXPECT_TRUE(lines({.metric = Metric::kTriggerLag, .pipeline = "p"}).empty());
}

TEST(AirflowNames, WhatWouldBreakALineIsReplaced) {
    EXPECT_EQ(lines({.metric = Metric::kTaskStarted, .pipeline = "a.b:c|d", .task = "e,f=g\nh"})[1],
              "airflow.ti.start.a_b_c_d.e_f_g_h:1|c");
}

}  // namespace
}  // namespace ingot::telemetry
