package dev.uring.bench.measure

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.lang.management.ManagementFactory

class CpuTimeTest :
    FunSpec({
        val threads = ManagementFactory.getThreadMXBean()

        test("CPU that a thread of the process used is counted") {
            val before = CpuTime.of(ProcessHandle.current().pid())
            val until = threads.currentThreadCpuTime + 60_000_000
            while (threads.currentThreadCpuTime < until) Thread.onSpinWait()
            // The kernel brings the figure of a running thread up to date at ticks of at most 10 ms.
            CpuTime.of(ProcessHandle.current().pid()).since(before) shouldBeGreaterThan 45_000_000
        }

        test("CPU that the JVM spent on compiling is told apart") {
            val before = CpuTime.of(ProcessHandle.current().pid())
            var words = (1..20_000).map { "word ${it * 7919 % 20_011}" }
            repeat(20) { words = words.sortedBy { it.reversed() }.map { it.trim() } }
            val after = CpuTime.of(ProcessHandle.current().pid())
            after.compilingSince(before) shouldBeGreaterThan 0
            after.compilingSince(before) shouldBeLessThan after.since(before)
        }

        test("CPU of a child that has ended is counted") {
            val before = CpuTime.endedChildrenNanos()
            ProcessBuilder("sh", "-c", "i=0; while [ \$i -lt 200000 ]; do i=\$((i+1)); done").start().waitFor() shouldBe
                0
            CpuTime.endedChildrenNanos() - before shouldBeGreaterThan 0
        }

        test("busy ticks of the wanted CPUs are added up, idle and waiting ones are not") {
            val lines =
                listOf(
                    "cpu  9 9 9 9 9 9 9 9 0 0",
                    "cpu0 1 2 3 1000 1000 4 5 6 0 0",
                    "cpu1 10 0 0 1000 1000 0 0 0 0 0",
                    "cpu10 500 0 0 0 0 0 0 0 0 0",
                    "intr 12345",
                )
            CpuActivity.parse(lines, setOf(0, 1)) shouldBe 31 * NANOS_PER_TICK
        }
    })
