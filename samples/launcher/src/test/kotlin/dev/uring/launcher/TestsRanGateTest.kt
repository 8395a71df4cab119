package dev.uring.launcher

import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.file.Path
import kotlin.io.path.Path
import kotlin.io.path.createParentDirectories
import kotlin.io.path.writeText

/** The build's gate against tests that do not run: `.mvn/tests-ran`. */
class TestsRanGateTest :
    FunSpec({
        val gate = Path(System.getProperty("uring.root"), ".mvn", "tests-ran")

        fun module(): Path {
            val module = tempdir().toPath()
            module.resolve("src/main/kotlin/a/A.kt").createParentDirectories().writeText("package a\n")
            return module
        }

        fun Path.test(name: String) =
            resolve("src/test/kotlin/a/$name.kt")
                .createParentDirectories()
                .writeText("package a\n\nclass $name :\n    FunSpec({\n    })\n")

        fun Path.report(
            name: String,
            casesCount: Int,
        ) = resolve("target/surefire-reports/TEST-a.$name.xml")
            .createParentDirectories()
            .writeText("<testsuite>\n" + "  <testcase name=\"x\"/>\n".repeat(casesCount) + "</testsuite>\n")

        fun run(
            module: Path,
            skipTests: String = "\${skipTests}",
            test: String = "\${test}",
        ): Finished {
            val process = ProcessBuilder("/bin/bash", "$gate", "$module", skipTests, test).start()
            val out = process.inputStream.bufferedReader().readText()
            val err = process.errorStream.bufferedReader().readText()
            return Finished(process.waitFor(), out, err)
        }

        test("every class with a case in its report passes, and the cases are counted") {
            val module = module()
            module.test("OneTest")
            module.test("TwoTest")
            module.report("OneTest", casesCount = 2)
            module.report("TwoTest", casesCount = 1)

            val done = run(module)

            done.status shouldBe 0
            done.out shouldContain ": 3 test cases"
        }

        test("a class whose name surefire does not match is named") {
            val module = module()
            module.test("OneTest")
            module.report("OneTest", casesCount = 1)
            module.test("MisnamedSpec")

            val done = run(module)

            done.status shouldBe 1
            done.err shouldContain "src/test/kotlin/a/MisnamedSpec.kt"
        }

        test("a class that ran without a case is named") {
            val module = module()
            module.test("EmptyTest")
            module.report("EmptyTest", casesCount = 0)

            run(module).err shouldContain "src/test/kotlin/a/EmptyTest.kt"
        }

        test("a module with code and without tests does not pass") {
            run(module()).status shouldBe 1
        }

        test("a run that was asked to skip tests, or to run one of them, is let through") {
            run(module(), skipTests = "true").status shouldBe 0
            run(module(), test = "OneTest").status shouldBe 0
        }

        fun driverCases(
            uring: Int,
            nio: Int,
            uringSkipped: Int = 0,
            sim: Int = 0,
        ): Path {
            val module = module()
            module.test("OneTest")
            val cases =
                List(uring) { "  <testcase name=\"a$it, on uring\" classname=\"a.OneTest\"/>\n" } +
                    List(uringSkipped) { "  <testcase name=\"s$it, on uring\">\n    <skipped/>\n  </testcase>\n" } +
                    List(nio) { "  <testcase name=\"a$it, on nio\" classname=\"a.OneTest\"/>\n" } +
                    List(sim) { "  <testcase name=\"a$it, on sim\" classname=\"a.OneTest\"/>\n" }
            module
                .resolve("target/surefire-reports/TEST-a.OneTest.xml")
                .createParentDirectories()
                .writeText(cases.joinToString("", "<testsuite>\n", "</testsuite>\n"))
            return module
        }

        test("a module whose drivers ran the same number of cases passes, and the numbers are told") {
            val done = run(driverCases(uring = 3, nio = 3))

            done.status shouldBe 0
            done.out shouldContain "3 on driver uring (0 skipped) and 3 on nio (0 skipped)"
        }

        test("cases that simulated hosts played are counted beside those of the drivers") {
            val done = run(driverCases(uring = 3, nio = 3, sim = 2))

            done.status shouldBe 0
            done.out shouldContain "8 test cases, of which 3 on driver uring (0 skipped) and 3 on nio (0 skipped)," +
                " and 2 on simulated hosts"
        }

        test("a module in which one driver ran fewer cases does not pass") {
            val done = run(driverCases(uring = 3, nio = 2))

            done.status shouldBe 1
            done.err shouldContain "3 cases ran on driver uring (0 skipped) and 2 on nio (0 skipped)"
        }

        test("a module without io_uring passes with what the other driver ran") {
            run(driverCases(uring = 0, nio = 3, uringSkipped = 3)).status shouldBe 0
        }

        test("an aggregator has nothing to test") {
            run(tempdir().toPath()).status shouldBe 0
        }
    })
