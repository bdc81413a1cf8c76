#!/usr/bin/env bash
# Prints the folder with Delta's jars for PySpark 4.0, fetched once with Maven. Exits 77 when they cannot be had.
# Without their dependencies: those would bring a second Parquet, Hadoop and Jackson beside Spark's own.
set -euo pipefail

version=4.0.0
folder=${INGOT_COMPONENTS:-$HOME/.cache/ingot/components}/delta-spark-$version

if [ ! -d "$folder" ]; then
    mkdir -p "$(dirname "$folder")"
    work=$(mktemp -d "$(dirname "$folder")/.jars.XXXXXX")
    cat >"$work/pom.xml" <<END
<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version><dependencies>
$(for artifact in delta-spark_2.13 delta-storage; do
        echo "<dependency><groupId>io.delta</groupId><artifactId>$artifact</artifactId><version>$version</version>
<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>"
    done)
</dependencies></project>
END
    if ! (cd "$work" && mvn -q -B dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=jars) >&2; then
        rm -rf "$work"
        echo "Delta's jars cannot be had here" >&2
        exit 77
    fi
    mv -T "$work/jars" "$folder" 2>/dev/null || true # Another one was faster.
    rm -rf "$work"
fi
echo "$folder"
