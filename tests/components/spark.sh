#!/usr/bin/env bash
# The reference reader of Delta tables, to read what Ingot wrote: PySpark with Delta. Needs Java 17 and, to install, pip and Maven.
#
#   spark.sh install           once, 450 MB; into $INGOT_COMPONENTS (default ~/.cache/ingot/components); nothing when done
#   spark.sh have              exits 77 when it is not installed
#   spark.sh run SCRIPT ...    runs a Python script with it
set -euo pipefail

packages=pyspark==4.0.1,delta-spark==4.0.0
peers=$(cd "$(dirname "$0")/../../bench/peers" && pwd) # The benchmarks use the same one.
components=${INGOT_COMPONENTS:-$HOME/.cache/ingot/components}

have() {
    [ -d "$components/python-${packages//,/-}" ] && [ -d "$components/delta-spark-${packages##*==}" ] && command -v java >/dev/null && return
    echo "PySpark and Delta are not installed: \`make peers\` does it (with openjdk-17-jre-headless, maven and python3-pip of Debian)"
    return 77
}

case ${1:-} in
    install)
        "$peers/with_packages.sh" "$packages" -c 'import pyspark'
        "$peers/spark_jars.sh" >/dev/null
        have
        ;;
    have) have ;;
    run)
        shift
        have
        jars=$("$peers/spark_jars.sh")
        SPARK_DELTA_JARS=$(printf '%s,' "$jars"/*.jar) exec "$peers/with_packages.sh" "$packages" "$@"
        ;;
    *)
        sed -n '2,6p' "$0" >&2
        exit 2
        ;;
esac
