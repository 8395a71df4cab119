package dev.uring.worker

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.RingOnly
import dev.uring.testing.await
import dev.uring.testing.awaitDone
import dev.uring.testing.block
import dev.uring.testing.call
import dev.uring.testing.closeInTime
import dev.uring.testing.driverTest
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.ringTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import kotlin.random.Random

class WorkerKernelTest :
    FunSpec({
        driverTest("a task runs on the worker's thread, which knows whose it is") {
            withWorkers { (worker) ->
                worker.isCurrent shouldBe false
                Worker.current() shouldBe null
                worker.call { Worker.current() } shouldBeSameInstanceAs worker
                worker.call { worker.isCurrent } shouldBe true
            }
        }

        driverTest("tasks of one thread run in their order, from outside and from the worker itself") {
            withWorkers { (worker) ->
                val order = ConcurrentLinkedQueue<Int>()
                repeat(1_000) { worker.execute { order += it } }
                worker.call { repeat(1_000) { worker.execute { order += 1_000 + it } } }
                worker.call { }
                order.toList() shouldBe (0 until 2_000).toList()
            }
        }

        driverTest("a task that fails is counted and the next one runs") {
            withWorkers { (worker) ->
                worker.execute { error("task") }
                worker.execute { throw StackOverflowError("task") }
                worker.call { "alive" } shouldBe "alive"
                worker.snapshot().failures() shouldBe 2
            }
        }

        driverTest("a task wakes a worker that sleeps, every time") {
            withWorkers { (worker) ->
                repeat(2_000) { worker.call { it } shouldBe it }
            }
        }

        driverTest("a foreign thread waits while the mailbox is full, and nothing is lost") {
            withWorkers(mailboxCapacity = 16) { (worker) ->
                val gate = worker.block()
                val order = ConcurrentLinkedQueue<Int>()
                val submitted = AtomicInteger()
                val sender =
                    thread {
                        repeat(100) {
                            worker.execute { order += it }
                            submitted.incrementAndGet()
                        }
                    }
                await { submitted.get() == 16 && sender.state == Thread.State.TIMED_WAITING }
                gate.countDown()
                sender.join()
                worker.call { }
                order.toList() shouldBe (0 until 100).toList()
            }
        }

        driverTest("a worker that is behind holds its senders back") {
            val capacity = 256
            withWorkers(mailboxCapacity = capacity, tasksPerTurnMax = 16) { (worker) ->
                val accepted = AtomicInteger()
                val run = AtomicInteger()
                var mostWaiting = 0
                val sender =
                    thread {
                        repeat(20_000) {
                            worker.execute {
                                run.incrementAndGet()
                                repeat(200) { Thread.onSpinWait() }
                            }
                            mostWaiting = maxOf(mostWaiting, accepted.incrementAndGet() - run.get())
                        }
                    }
                sender.join()
                worker.call { }
                run.get() shouldBe 20_000
                // The mailbox, the tasks of one turn, and the one that is counted a moment late.
                mostWaiting shouldBeLessThanOrEqualTo capacity + 2 * 16 + 1
            }
        }

        driverTest("local tasks that never end leave room for messages, and the loop goes on") {
            withWorkers(tasksPerTurnMax = 16) { (worker) ->
                val stop = CompletableFuture<Unit>()
                worker.call { repeat(100) { Again(worker, stop).run() } }
                repeat(100) { worker.call { it } shouldBe it }
                val fired = CountDownLatch(1)
                worker.call { worker.arm(timer { fired.countDown() }, 1_000_000) }
                fired.awaitDone("timer beside endless tasks")
                stop.complete(Unit)
            }
        }

        driverTest("a turn runs no more than its share of tasks, and the others in the turns that follow") {
            withWorkers(tasksPerTurnMax = 16) { (worker) ->
                val turns = ConcurrentLinkedQueue<Long>()
                worker.call { repeat(160) { worker.execute { turns += worker.counters().turns } } }
                await { turns.size == 160 }
                turns
                    .groupingBy { it }
                    .eachCount()
                    .values
                    .max() shouldBe 16
            }
        }

        ringTest(
            RingOnly.THE_RING,
            "a task that comes in the moment in which the worker falls asleep is run all the same",
        ) {
            withWorkers { (worker) ->
                val seed = System.nanoTime()
                println("seed=$seed")
                val random = Random(seed)
                val ran = AtomicInteger()
                val task = Runnable { ran.incrementAndGet() }
                repeat(50_000) { round ->
                    worker.execute(task)
                    val sent = System.nanoTime()
                    while (ran.get() == round) {
                        check(System.nanoTime() - sent < TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)) {
                            "task $round was not run"
                        }
                        Thread.onSpinWait()
                    }
                    // The loop takes less than two microseconds from a task to its sleep: the next one comes anywhere in them.
                    repeat(random.nextInt(40)) { Thread.onSpinWait() }
                }
            }
        }

        driverTest("a worker keeps its messages for a full mailbox, in order, and does not spin over them") {
            withWorkers(workers = 2, mailboxCapacity = 16) { (sender, target) ->
                val gate = target.block()
                val order = ConcurrentLinkedQueue<Int>()
                sender.call { repeat(1_000) { target.execute { order += it } } }
                sender.snapshot().mailboxFull() shouldBeGreaterThanOrEqualTo 1_000L - 16
                val turns = sender.snapshot().turns()
                val began = System.nanoTime()
                repeat(20) { sender.call { } }
                Thread.sleep(50)
                val elapsed = System.nanoTime() - began
                (sender.snapshot().turns() - turns) shouldBeLessThan elapsed / 40_000
                gate.countDown()
                await { order.size == 1_000 }
                order.toList() shouldBe (0 until 1_000).toList()
            }
        }

        driverTest("a worker that is stuck delays no message for another") {
            withWorkers(workers = 3, mailboxCapacity = 16) { (sender, stuck, free) ->
                val gate = stuck.block()
                val arrived = CountDownLatch(1)
                sender.call {
                    repeat(100) { stuck.execute { } }
                    free.execute { arrived.countDown() }
                }
                arrived.awaitDone("message behind those for a stuck worker")
                gate.countDown()
            }
        }

        driverTest("two workers flood each other through tiny mailboxes, in order and without deadlock") {
            withWorkers(workers = 2, mailboxCapacity = 16) { (a, b) ->
                val count = 20_000
                val done = CountDownLatch(2)
                for ((from, to) in listOf(a to b, b to a)) {
                    val next = AtomicInteger()
                    from.execute {
                        repeat(count) { number ->
                            to.execute {
                                check(next.get() == number) { "out of order" }
                                if (next.incrementAndGet() == count) done.countDown()
                            }
                        }
                    }
                }
                done.awaitDone("flood")
                (a.snapshot().failures() + b.snapshot().failures()) shouldBe 0
            }
        }

        driverTest("what belongs to a worker is refused to another thread with both names") {
            withWorkers { (worker) ->
                val refused = shouldThrow<IllegalStateException> { worker.arm(timer { }, 1) }
                refused.message shouldBe
                    "called on thread ${Thread.currentThread().name}, but this belongs to uring-worker-0: " +
                    "use Worker.execute (or onWorker in Kotlin) to get there"
            }
        }

        driverTest("timers never fire early by the real clock, and not much later") {
            withWorkers { (worker) ->
                val lateness = ConcurrentLinkedQueue<Long>()
                val delays = (0L..200).map { it * 100_000 }
                val done = CountDownLatch(delays.size)
                worker.call {
                    for (delay in delays) {
                        val due = System.nanoTime() + delay
                        val timer =
                            timer {
                                lateness += System.nanoTime() - due
                                done.countDown()
                            }
                        worker.arm(timer, delay)
                    }
                }
                done.awaitDone("timers")
                lateness.min() shouldBeGreaterThanOrEqualTo 0L
                worker.snapshot().timersFired() shouldBe delays.size.toLong()
                worker.snapshot().timersArmed() shouldBe 0
            }
        }

        driverTest("a timer at the end of time costs no turns") {
            withWorkers { (worker) ->
                worker.call { worker.arm(timer { }, Long.MAX_VALUE) }
                val turns = worker.snapshot().turns()
                Thread.sleep(100)
                (worker.snapshot().turns() - turns) shouldBeLessThan 5L
            }
        }

        driverTest("a listener that asks for the end of every turn does not keep the worker there") {
            withWorkers { (worker) ->
                val asking = AtomicInteger(1)
                val again =
                    object : EndOfTurn() {
                        override fun endOfTurn() {
                            if (asking.get() == 1) worker.atEndOfTurn(this)
                        }
                    }
                worker.execute { worker.atEndOfTurn(again) }
                repeat(100) { worker.call { it } shouldBe it }
                asking.set(0)
            }
        }

        driverTest("after the stop every task is refused") {
            val worker = withWorkers { (worker) -> worker }
            shouldThrow<RejectedExecutionException> { worker.execute { } }.message shouldBe "worker 0 has stopped"
        }

        driverTest("a task that is accepted while the worker stops still runs") {
            leavesNothingBehind {
                repeat(100) {
                    val runtime = UringRuntime.start(config(workers = 2).build())
                    val accepted = AtomicInteger()
                    val run = AtomicInteger()
                    val senders =
                        List(2) { index ->
                            thread {
                                runCatching {
                                    while (true) {
                                        runtime.worker(index).execute { run.incrementAndGet() }
                                        accepted.incrementAndGet()
                                    }
                                }.exceptionOrNull() as RejectedExecutionException
                            }
                        }
                    await { run.get() > 0 }
                    runtime.closeInTime()
                    senders.forEach { it.join() }
                    run.get() shouldBe accepted.get()
                }
            }
        }
    })

internal fun config(
    workers: Int = 1,
    mailboxCapacity: Int = 1024,
    tasksPerTurnMax: Int = 1024,
): RuntimeConfig.Builder =
    RuntimeConfig
        .builder()
        .workersCount(workers)
        .pinWorkers(false)
        .recvBuffersCount(16)
        .mailboxCapacity(mailboxCapacity)
        .tasksPerTurnMax(tasksPerTurnMax)

private fun <T> withWorkers(
    workers: Int = 1,
    mailboxCapacity: Int = 1024,
    tasksPerTurnMax: Int = 1024,
    block: (List<Worker>) -> T,
): T =
    leavesNothingBehind {
        val runtime = UringRuntime.start(config(workers, mailboxCapacity, tasksPerTurnMax).build())
        try {
            block(List(workers) { runtime.worker(it) })
        } finally {
            runtime.closeInTime()
        }
    }

internal fun timer(onFire: () -> Unit): Timer =
    object : Timer() {
        override fun fire() = onFire()
    }

private class Again(
    private val worker: Worker,
    private val stop: CompletableFuture<Unit>,
) : Runnable {
    override fun run() {
        if (!stop.isDone) worker.execute(this)
    }
}
