package dev.uring.bench.measure

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe

class InterleavingTest :
    FunSpec({
        val calm = Conditions(slowdown = 1.0, strangersShare = 0.0)
        val slow = Conditions(slowdown = 1.3, strangersShare = 0.0)
        val crowded = Conditions(slowdown = 1.0, strangersShare = 0.5)

        fun figures(
            cpu: Double,
            compilerCpuNanos: Long = 0,
        ) = RoundFigures(mapOf(Metric.SERVER_CPU_NS to cpu), 1000, compilerCpuNanos, 1000, 2000, 1000)

        fun observer(conditions: Iterator<Conditions>) = Observer { work -> Round(work(), conditions.next()) }

        fun always(conditions: Conditions) = observer(generateSequence { conditions }.iterator())

        test("what the run's own processes use is not counted as strangers'") {
            RoundFigures(emptyMap(), 1000, 0, 1000, busyNanos = 5000, nanos = 2500).strangersNanos shouldBe 3000
            RoundFigures(emptyMap(), 1000, 0, 1000, 5000, 2500, partnersCpuNanos = 2900).strangersNanos shouldBe 100
        }

        test("rounds of the subjects alternate") {
            val order = ArrayList<String>()
            val schedule = Schedule(rounds = 3, seconds = 1.0, warmUpRoundsMax = 0)
            val contestants =
                listOf("a", "b", "c").map { name ->
                    Contestant(name) {
                        order += name
                        figures(1.0)
                    }
                }
            Interleaving(schedule, always(calm)) {}.measure(contestants)
            order shouldContainExactly listOf("a", "b", "c", "a", "b", "c", "a", "b", "c")
        }

        test("a subject is warmed up until its CPU per operation no longer falls") {
            val costs = ArrayDeque(listOf(100.0, 60.0, 59.5, 7.0))
            val schedule = Schedule(rounds = 1, seconds = 1.0, warmUpRoundsMax = 8)
            val contestant = Contestant("a") { figures(costs.removeFirst()) }
            val rounds = Interleaving(schedule, always(calm)) {}.measure(listOf(contestant))
            rounds.getValue("a").map { it.figures.metrics.getValue(Metric.SERVER_CPU_NS) } shouldContainExactly
                listOf(7.0)
        }

        test("a subject is warmed up until its JIT has nothing left to compile") {
            val compilerCpuNanos = ArrayDeque(listOf(500L, 300L, 11L, 10L, 0L))
            val schedule = Schedule(rounds = 1, seconds = 1.0, warmUpRoundsMax = 8)
            var round = 0.0
            val contestant = Contestant("a") { figures(100.0 + ++round, compilerCpuNanos.removeFirst()) }
            val rounds = Interleaving(schedule, always(calm)) {}.measure(listOf(contestant))
            rounds.getValue("a").map { it.figures.metrics.getValue(Metric.SERVER_CPU_NS) } shouldContainExactly
                listOf(105.0)
        }

        test("a subject that never gets steady is measured after the last allowed warm-up round") {
            var cost = 1024.0
            val schedule = Schedule(rounds = 1, seconds = 1.0, warmUpRoundsMax = 3)
            val contestant = Contestant("a") { figures(cost).also { cost /= 2 } }
            Interleaving(schedule, always(calm)) {}.measure(listOf(contestant))
            cost shouldBe 1024.0 / 16
        }

        test("a disturbed round is repeated and the calm attempt kept") {
            var round = 0.0
            val schedule = Schedule(rounds = 1, seconds = 1.0, warmUpRoundsMax = 0)
            val conditions = observer(listOf(slow, crowded, calm).iterator())
            val contestant = Contestant("a") { figures(++round) }
            val kept = Interleaving(schedule, conditions) {}.measure(listOf(contestant)).getValue("a").single()
            kept.figures.metrics[Metric.SERVER_CPU_NS] shouldBe 3.0
            kept.conditions.isDisturbed shouldBe false
        }

        test("repeating is bounded, and then the least disturbed attempt is kept as disturbed") {
            var round = 0.0
            val schedule = Schedule(rounds = 1, seconds = 1.0, warmUpRoundsMax = 0, repeatsPerRoundMax = 2)
            val worse = Conditions(slowdown = 2.0, strangersShare = 0.0)
            val conditions = observer(listOf(worse, slow, worse).iterator())
            val contestant = Contestant("a") { figures(++round) }
            val kept = Interleaving(schedule, conditions) {}.measure(listOf(contestant)).getValue("a").single()
            kept.figures.metrics[Metric.SERVER_CPU_NS] shouldBe 2.0
            kept.conditions shouldBe slow
        }
    })
