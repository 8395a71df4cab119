package dev.uring.dsl

import dev.uring.worker.Worker
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.withContext

class CrossWorkerKernelTest :
    FunSpec({
        driverTest("onWorker runs the block on that worker and comes back to the caller's") {
            testUring {
                val here = Worker.current()
                onWorker(1) { Worker.current().index() } shouldBe 1
                Worker.current() shouldBe here
            }
        }

        driverTest("onWorker on the worker itself is a plain call without a dispatch") {
            testUring {
                val tasksBefore = runtime.worker(0).snapshot().tasksRun()
                var ran = false
                onWorker(0) { ran = true }
                ran shouldBe true
                runtime.worker(0).snapshot().tasksRun() shouldBe tasksBefore
            }
        }

        driverTest("onWorker on the worker's thread but under another dispatcher keeps the block on the worker") {
            testUring {
                withContext(Dispatchers.Unconfined) {
                    val index = Worker.current().index()
                    onWorker(index) {
                        withContext(Dispatchers.Default) { }
                        Worker.current().index()
                    } shouldBe index
                }
            }
        }

        driverTest("an exception comes back from the other worker, and leaves it as it was") {
            testUring {
                shouldThrow<IllegalArgumentException> {
                    onWorker(
                        1,
                    ) { require(false) { "refused there" } }
                }.message shouldBe
                    "refused there"
                onWorker(1) { "alive" } shouldBe "alive"
                shouldThrow<IndexOutOfBoundsException> { onWorker(2) { } }
            }
        }

        driverTest("onEachWorker gives every worker its index and returns the results in their order") {
            testUring {
                onEachWorker { index -> index to Worker.current().index() } shouldBe listOf(0 to 0, 1 to 1)
            }
        }

        driverTest("the first failure of onEachWorker cancels the others") {
            testUring {
                shouldThrow<IllegalStateException> {
                    onEachWorker { index -> if (index == 1) error("worker 1 refuses") else awaitCancellation() }
                }.message shouldBe "worker 1 refuses"
            }
        }

        driverTest("a thousand calls from each worker to the other at once all return what they asked for") {
            testUring(configure = { mailboxCapacity(64) }) {
                onEachWorker { index ->
                    val other = 1 - index
                    List(1_000) { call -> async { onWorker(other) { call * 2 + Worker.current().index() } } }.awaitAll()
                } shouldBe List(2) { index -> List(1_000) { call -> call * 2 + (1 - index) } }
            }
        }

        driverTest("a sharded service has one instance per worker, made there at first use") {
            testUring {
                val shards = sharded { index -> Shard(index, Thread.currentThread().name) }
                shards.size shouldBe 2
                shards.local.madeBy shouldBe "uring-worker-0"
                shards.on(1) { it.madeBy } shouldBe "uring-worker-1"
                shards.onEach { ++it.count } shouldBe listOf(1, 1)
                shards.on(0) { ++it.count } shouldBe 2
                shards.onEach { it.count } shouldBe listOf(2, 1)
                shards.onEach { it === shards.local } shouldBe listOf(true, true)
            }
        }

        driverTest("Sharded.local off the workers says what to use instead") {
            testUring {
                val shards = sharded { Shard(it, "") }
                withContext(Dispatchers.Default) {
                    val message = shouldThrow<IllegalStateException> { shards.local }.message!!
                    message shouldContain "Sharded.local on thread 'DefaultDispatcher-worker-"
                    message shouldContain "Use on(index) { … } or onEach { … } from here."
                }
            }
        }
    })

private class Shard(
    val index: Int,
    val madeBy: String,
) {
    var count = 0
}
