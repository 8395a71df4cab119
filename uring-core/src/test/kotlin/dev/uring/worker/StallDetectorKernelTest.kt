package dev.uring.worker

import dev.uring.UringRuntime
import dev.uring.testing.await
import dev.uring.testing.awaitDone
import dev.uring.testing.call
import dev.uring.testing.closeInTime
import dev.uring.testing.driverTest
import dev.uring.testing.leavesNothingBehind
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.time.Duration
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit

private val THRESHOLD = TimeUnit.MILLISECONDS.toNanos(100)

class StallDetectorKernelTest :
    FunSpec({
        driverTest("a task that blocks is reported once, while it lasts, with the line where it blocks") {
            withWatchedWorker { worker, lines ->
                // So long that the detector looks at the same turn again and again.
                worker.stallHere(andFor = 3 * THRESHOLD)
                worker.snapshot().stalls() shouldBe 1
                lines.single() shouldContain "worker 0 stalls: its turn has taken "
                lines.single() shouldContain " ms (stallThreshold=100 ms) and its other connections wait.\n"
                lines.single() shouldContain "StallDetectorKernelTestKt.blockUntil"
            }
        }

        driverTest("stalls that follow soon are counted and not logged") {
            withWatchedWorker { worker, lines ->
                repeat(3) { worker.stallHere() }
                worker.snapshot().stalls() shouldBe 3
                lines.size shouldBe 1
            }
        }

        test("the next line says how many were left out") {
            StallDetector.describe(2, 150_400_000, 100_000_000, 7) shouldBe
                "worker 2 stalls: its turn has taken 150 ms (stallThreshold=100 ms) and its other connections wait " +
                "(7 more stalls since the last such line).\n" +
                "  Likely cause: code that blocks or computes for long where the stack below points. " +
                "Move it off the worker."
        }

        driverTest("a worker that sleeps, or has much to do in short turns, does not stall") {
            withWatchedWorker { worker, lines ->
                val began = System.nanoTime()
                val again = BusyTask(worker, began + 2 * THRESHOLD)
                worker.execute(again)
                await { again.isDone }
                // Asleep from here on: there is nothing to do for it.
                await { System.nanoTime() - began > 4 * THRESHOLD }
                // A turn in which the machine kept the worker's CPU for so long is a stall, and this test's alone has none.
                if (worker.call { worker.snapshot().loopLag().max() } < THRESHOLD) {
                    lines.shouldBeEmpty()
                    worker.snapshot().stalls() shouldBe 0
                }
            }
        }

        driverTest("a runtime watches its workers, unless it is told not to, and stops when it ends") {
            leavesNothingBehind {
                // Those of the tests before were told to end, and nobody has waited for them.
                await { detectors() == 0 }
                for (threshold in listOf(Duration.ofMillis(20), Duration.ZERO)) {
                    val runtime = UringRuntime.start(config().stallThreshold(threshold).build())
                    detectors() shouldBe if (threshold.isZero) 0 else 1
                    runtime.closeInTime()
                    await { detectors() == 0 }
                }
            }
        }

        driverTest("a stall shows in the longest turn when it is over") {
            withWatchedWorker { worker, _ ->
                worker.stallHere()
                worker.call { }
                worker.snapshot().loopLag().max() shouldBeGreaterThanOrEqualTo THRESHOLD
            }
        }
    })

private class BusyTask(
    private val worker: Worker,
    private val untilNanos: Long,
) : Runnable {
    @Volatile
    var isDone = false

    override fun run() {
        if (System.nanoTime() - untilNanos < 0) worker.execute(this) else isDone = true
    }
}

private fun detectors() = Thread.getAllStackTraces().keys.count { it.name == "uring-stall-detector" }

private fun Worker.stallHere(andFor: Long = 0) {
    val before = snapshot().stalls()
    val gate = CountDownLatch(1)
    execute { blockUntil(gate) }
    await { snapshot().stalls() > before }
    val seen = System.nanoTime()
    await { System.nanoTime() - seen >= andFor }
    gate.countDown()
    call { }
}

private fun blockUntil(gate: CountDownLatch) = gate.awaitDone("gate of a stalled worker")

private fun withWatchedWorker(block: (Worker, List<String>) -> Unit) =
    leavesNothingBehind {
        val runtime = UringRuntime.start(config().stallThreshold(Duration.ZERO).build())
        val lines = CopyOnWriteArrayList<String>()
        val detector = StallDetector(listOf(runtime.worker(0)), THRESHOLD) { lines += it }
        detector.start()
        try {
            block(runtime.worker(0), lines)
        } finally {
            detector.stop()
            runtime.closeInTime()
        }
    }
