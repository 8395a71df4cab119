package dev.uring.worker

import dev.uring.net.ConnectionHandler
import dev.uring.testing.TestServer
import dev.uring.testing.awaitDone
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.receiveText
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit

private val MEASURED = TimeUnit.MILLISECONDS.toNanos(400)
private const val ROUNDS_MAX = 20
private val echo = ConnectionHandler { connection, bytes -> bytes.size().also { connection.write(bytes) } }

class SchedulingGroupKernelTest :
    FunSpec({
        for ((small, large) in listOf(20L to 20L, 5L to 80L, 80L to 5L)) {
            driverTest("a group with three times the shares gets three times the CPU: tasks of $small and $large µs") {
                withQuietWorker { worker ->
                    val one = Load(worker, SchedulingGroup("one", 100), small)
                    val three = Load(worker, SchedulingGroup("three", 300), large)
                    aRoundWithin(2.7..3.3) {
                        contend(worker, one, three)
                        three.usedNanos.toDouble() / one.usedNanos
                    }
                }
            }
        }

        driverTest("the default group takes part with its hundred shares") {
            withQuietWorker { worker ->
                val main = Load(worker, SchedulingGroup.DEFAULT, 20)
                val background = Load(worker, SchedulingGroup("background", 25), 20)
                aRoundWithin(3.6..4.4) {
                    contend(worker, main, background)
                    main.usedNanos.toDouble() / background.usedNanos
                }
            }
        }

        driverTest("a group that was away comes back to its share, not to what it has missed") {
            withQuietWorker { worker ->
                val steady = Load(worker, SchedulingGroup("steady", 100), 20)
                val other = Load(worker, SchedulingGroup("other", 100), 20)
                val late = Load(worker, SchedulingGroup("late", 100), 20)
                aRoundWithin(0.30..0.37) {
                    contend(worker, steady, other, late)
                    contend(worker, steady, other)
                    contend(worker, steady, other, late)
                    late.usedNanos.toDouble() / (steady.usedNanos + other.usedNanos + late.usedNanos)
                }
            }
        }

        driverTest("connections are served between the slices of groups that never rest") {
            withQuietWorker { worker ->
                val loads = List(3) { Load(worker, SchedulingGroup("load $it", 100), 50) }
                loads.forEach { it.start() }
                connect().use { client ->
                    repeat(200) {
                        client.send("ping")
                        client.receiveText(4) shouldBe "ping"
                    }
                }
                loads.forEach { it.stop() }
            }
        }

        driverTest("tasks of one group run in their order, from outside, from the worker and from its turn") {
            withQuietWorker { worker ->
                val group = SchedulingGroup("ordered", 10)
                val order = ConcurrentLinkedQueue<Int>()
                val done = CountDownLatch(1)
                repeat(500) { worker.execute(group) { order += it } }
                worker.call { repeat(500) { worker.execute(group) { order += 500 + it } } }
                worker.execute(group) { done.countDown() }
                done.awaitDone("tasks of a group")
                order.toList() shouldBe (0 until 1_000).toList()
            }
        }

        driverTest("a task that fails is counted and its group goes on") {
            withQuietWorker { worker ->
                val group = SchedulingGroup("failing", 10)
                val done = CountDownLatch(1)
                worker.execute(group) { error("task") }
                worker.execute(group) { done.countDown() }
                done.awaitDone("task after one that failed")
                worker.snapshot().failures() shouldBe 1
            }
        }

        driverTest("what each group has had is in the snapshot") {
            withQuietWorker { worker ->
                val group = SchedulingGroup("reports", 50)
                val done = CountDownLatch(1)
                repeat(10) { worker.execute(group) { spinFor(1_000_000) } }
                worker.execute(group) { done.countDown() }
                done.awaitDone("tasks of a group")
                val groups = worker.call { worker.snapshot().groups() }
                groups.map { it.name() } shouldBe listOf("default", "reports")
                val reports = groups[1]
                reports.shares() shouldBe 50
                reports.tasksRun() shouldBe 11
                reports.tasksWaiting() shouldBe 0
                reports.usedNanos() shouldBeInRange 10_000_000L..20_000_000_000L
            }
        }

        driverTest("groups beyond the limit run in the default group, and idle ones make room") {
            withQuietWorker { worker ->
                val groups = List(SchedulingGroup.GROUPS_PER_WORKER_MAX + 10) { SchedulingGroup("group $it", 1) }
                val done = CountDownLatch(2 * groups.size)
                // All in one task: none of them has run when the last is added.
                worker.call { groups.forEach { worker.execute(it) { done.countDown() } } }
                worker.call { groups.reversed().forEach { worker.execute(it) { done.countDown() } } }
                done.awaitDone("tasks of many groups")
                worker.call { worker.snapshot().groups().size } shouldBe SchedulingGroup.GROUPS_PER_WORKER_MAX
            }
        }

        test("shares out of bounds are refused with the bounds") {
            shouldThrow<IllegalArgumentException> { SchedulingGroup("none", 0) }.message shouldBe
                "shares=0 of scheduling group \"none\" must be from 1 to 10000; the default group has 100"
            shouldThrow<IllegalArgumentException> { SchedulingGroup("all", 10_001) }
        }
    })

/** Keeps a group busy: a task that adds itself again, and what it has used by its own clock. */
private class Load(
    private val worker: Worker,
    private val group: SchedulingGroup,
    private val taskMicros: Long,
) : Runnable {
    @Volatile
    private var isStopped = true

    @Volatile
    private var ended = CountDownLatch(0)
    var usedNanos = 0L

    fun start() {
        isStopped = false
        ended = CountDownLatch(1)
        worker.execute(group, this)
    }

    fun end() {
        isStopped = true
    }

    fun stop() {
        end()
        ended.awaitDone("a group's task")
    }

    override fun run() {
        if (isStopped) return ended.countDown()
        val began = System.nanoTime()
        spinFor(TimeUnit.MICROSECONDS.toNanos(taskMicros))
        usedNanos += System.nanoTime() - began
        worker.execute(group, this)
    }
}

/**
 * Fails unless one of some rounds gives a figure in [range]: when other processes take the CPU from a task, its group
 * is charged for the time and the task's own count may miss it. A wrong share would be wrong in every round.
 */
private fun aRoundWithin(
    range: ClosedFloatingPointRange<Double>,
    round: () -> Double,
) {
    val figures = ArrayList<Double>()
    while (figures.size < ROUNDS_MAX) {
        figures += round()
        if (figures.last() in range) return
    }
    throw AssertionError("none of $figures is in $range")
}

/** All loads at once, for the measured time; they begin in one task and end in one. */
private fun contend(
    worker: Worker,
    vararg loads: Load,
) {
    worker.call {
        loads.forEach {
            it.usedNanos = 0
            it.start()
        }
    }
    val began = System.nanoTime()
    while (System.nanoTime() - began < MEASURED) Thread.sleep(1)
    worker.call { loads.forEach { it.end() } }
    loads.forEach { it.stop() }
}

private fun spinFor(nanos: Long) {
    val began = System.nanoTime()
    while (System.nanoTime() - began < nanos) Thread.onSpinWait()
}

private fun withQuietWorker(block: TestServer.(Worker) -> Unit) =
    withServer(echo, smallConfig().stallThreshold(Duration.ZERO).build()) { server -> server.block(server.worker) }
