"""The archive of `make dist`: unpacked anywhere, started from another folder with an empty environment, it does the whole work."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# What a Debian has on which nothing was installed.
SYSTEM = ("linux-vdso", "ld-linux", "libc.", "libm.", "libdl.", "libpthread.", "librt.", "libresolv.", "libstdc++.", "libgcc_s.")


class DistTest(unittest.TestCase):
    build = os.path.join(ROOT, "build/release")

    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.mkdtemp(prefix="ingot dist ")  # With spaces, as folders of people have.
        cls.addClassCleanup(shutil.rmtree, cls.work, True)
        packed = subprocess.run([os.path.join(ROOT, "tools/dist.sh"), os.path.join(cls.work, "packed"), cls.build],
                                capture_output=True, text=True, check=False)
        if packed.returncode != 0:
            raise AssertionError(packed.stdout + packed.stderr)
        archives = [name for name in os.listdir(os.path.join(cls.work, "packed")) if name.endswith(".tar.gz")]
        elsewhere = os.path.join(cls.work, "else where")
        os.makedirs(elsewhere)
        subprocess.run(["tar", "-xzf", os.path.join(cls.work, "packed", archives[0]), "-C", elsewhere], check=True)
        shutil.rmtree(os.path.join(cls.work, "packed"))
        cls.tree = os.path.join(elsewhere, os.listdir(elsewhere)[0])
        cls.ingot = os.path.join(cls.tree, "bin/ingot")

    def succeeds(self, *arguments):
        done = subprocess.run([self.ingot, *arguments], env={}, cwd="/", capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_it_runs_a_project_with_an_empty_environment(self):
        project = os.path.join(self.work, "project")
        self.assertIn("ingot", self.succeeds("version"))
        self.succeeds("init", project)
        self.succeeds("-C", project, "run")
        answer = self.succeeds("-C", project, "sql", "--format", "csv", "select count(*) as days from gold.daily_sales")
        self.assertEqual(answer.split(), ["days", "3"])

    def test_its_libraries_are_its_own(self):
        listing = subprocess.run(["ldd", self.ingot], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True)
        own = 0
        for line in listing.stdout.splitlines():
            name, _, path = line.strip().partition(" => ")
            if os.path.basename(name).startswith(SYSTEM):
                continue
            self.assertTrue(path.startswith(self.tree + "/"), line)
            own += 1
        self.assertGreater(own, 5, listing.stdout)

    def test_every_library_brings_its_licence(self):
        licences = os.listdir(os.path.join(self.tree, "share/licenses"))
        for needed in ("ingot", "duckdb", "libzstd1"):
            self.assertIn(needed, licences)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=DistTest.build)
    options = parser.parse_args()
    DistTest.build = os.path.abspath(options.build)
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(DistTest)
    sys.exit(not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful())


if __name__ == "__main__":
    main()
