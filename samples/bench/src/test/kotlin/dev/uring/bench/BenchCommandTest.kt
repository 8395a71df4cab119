package dev.uring.bench

import dev.uring.bench.process.ChildFailure
import dev.uring.bench.report.Report
import dev.uring.bench.report.sampleReport
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain

class BenchCommandTest :
    FunSpec({
        class FakeBench(
            private val outcome: () -> Report,
        ) : Bench {
            override val name = "fake"
            override val summary = "measures nothing"
            override val subjects = listOf("a", "b")
            override val workloads = listOf("v", "w")
            lateinit var options: BenchOptions

            override fun run(options: BenchOptions): Report {
                this.options = options
                return outcome()
            }
        }

        class Outcome(
            val code: Int,
            val out: String,
            val err: String,
        )

        fun run(
            bench: Bench,
            vararg arguments: String,
        ): Outcome {
            val out = StringBuilder()
            val err = StringBuilder()
            val code = bench(arguments.toList(), out::append, err::append, listOf(bench))
            return Outcome(code, out.toString(), err.toString())
        }

        test("a missed aim is an honest result: exit code 0") {
            val outcome = run(FakeBench { sampleReport() }, "fake")
            outcome.code shouldBe 0
            outcome.out shouldContain "MISSED"
        }

        test("a failed self-check gives exit code 3 and no report") {
            val outcome = run(FakeBench { throw SelfCheckFailure("One byte was wrong.") }, "fake")
            outcome.code shouldBe 3
            outcome.out shouldBe ""
            outcome.err shouldBe "bench: the self-check failed, so there is no report. One byte was wrong."
        }

        test("something missing on the machine gives exit code 2 and says what") {
            val outcome = run(FakeBench { throw BenchUnusable("Install it.") }, "fake")
            outcome.code shouldBe 2
            outcome.err shouldBe "bench: Install it."
        }

        test("a server that dies gives exit code 1 and its last words") {
            val outcome = run(FakeBench { throw ChildFailure("it died") }, "fake")
            outcome.code shouldBe 1
            outcome.err shouldBe "bench: it died"
        }

        test("options reach the bench") {
            val bench = FakeBench { sampleReport() }
            run(
                bench,
                "fake",
                "--quick",
                "--rounds",
                "3",
                "--seconds",
                "0.5",
                "--only",
                "a",
                "--workload",
                "v,w",
            ).code shouldBe
                0
            bench.options.quick shouldBe true
            bench.options.rounds shouldBe 3
            bench.options.seconds shouldBe 0.5
            bench.options.only shouldContainExactly setOf("a")
            bench.options.workloads shouldContainExactly setOf("v", "w")
        }

        test("an unknown bench, subject or workload is bad usage and the known ones are named") {
            val bench = FakeBench { sampleReport() }
            run(bench, "other").let {
                it.code shouldBe 2
                it.err shouldContain "no bench is called \"other\"; there are: fake"
            }
            run(bench, "fake", "--only", "a,x").let {
                it.code shouldBe 2
                it.err shouldContain "--only: unknown x; known: a, b"
            }
            run(bench, "fake", "--workload", "y").let {
                it.code shouldBe 2
                it.err shouldContain "--workload: unknown y; known: v, w"
            }
        }

        test("a bench must be named, and numbers must lie in their range") {
            val bench = FakeBench { sampleReport() }
            run(bench).code shouldBe 2
            run(bench, "fake", "--rounds", "0").code shouldBe 2
            run(bench, "fake", "--seconds", "0.001").code shouldBe 2
            run(bench, "fake", "--nonsense").code shouldBe 2
        }

        test("help and list are not errors") {
            val bench = FakeBench { sampleReport() }
            run(bench, "--help").let {
                it.code shouldBe 0
                it.out shouldContain "--workload"
            }
            run(bench, "--list").let {
                it.code shouldBe 0
                it.out shouldContain "fake: measures nothing"
                it.out shouldContain "workloads: v,w"
            }
        }
    })
