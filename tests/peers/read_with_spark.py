"""Reads every Delta table of a lake with PySpark and Delta: tests/components/spark.sh run THIS ...; see compare.py."""

import os
import sys
import time

# Python turns Spark's instants into local times.
os.environ["TZ"] = "UTC"
time.tzset()

import compare
from pyspark.sql import SparkSession
from pyspark.sql import types as kinds

SETTINGS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.jars": os.environ["SPARK_DELTA_JARS"],
    "spark.driver.memory": "1g",
    # The defaults are made for clusters: 50 tasks to read one small log.
    "spark.sql.shuffle.partitions": "2",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def session():
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2]").appName("ingot peers")
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def reader(spark):
    def read(path):
        frame = spark.read.format("delta").load(path)
        # DESCRIBE HISTORY would say it too, by a job of its own.
        log = spark._jvm.org.apache.spark.sql.delta.DeltaLog.forTable(spark._jsparkSession, path)
        version = log.unsafeVolatileSnapshot().version()
        columns = [(field.name, kind_of(field.dataType)) for field in frame.schema]
        rows = [tuple(plain(value) for value in row) for row in frame.collect()]
        return compare.Table(version, columns, rows)

    return read


def plain(value):
    """Rows within rows as objects."""
    if hasattr(value, "asDict"):
        return {name: plain(inner) for name, inner in value.asDict().items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return value


def kind_of(kind):
    for types, result in [
        ((kinds.TimestampType, kinds.TimestampNTZType), compare.TIMESTAMP),
        ((kinds.ByteType, kinds.ShortType, kinds.IntegerType, kinds.LongType), compare.INTEGER),
        ((kinds.FloatType, kinds.DoubleType), compare.FLOAT), (kinds.DecimalType, compare.DECIMAL),
        (kinds.BooleanType, compare.BOOLEAN), (kinds.DateType, compare.DATE), (kinds.BinaryType, compare.BINARY),
        ((kinds.StructType, kinds.ArrayType, kinds.MapType), compare.NESTED),
    ]:
        if isinstance(kind, types):
            return result
    return compare.TEXT


if __name__ == "__main__":
    spark = session()
    status = compare.run("spark", reader(spark))
    spark.stop()
    sys.exit(status)
