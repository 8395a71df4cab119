package dev.uring

import dev.uring.base.BlockingPoolFullException
import dev.uring.testing.call
import dev.uring.testing.closeInTime
import dev.uring.testing.driverTest
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.smallConfig
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.File
import java.util.concurrent.CompletionStage
import java.util.concurrent.CountDownLatch
import java.util.concurrent.ExecutionException
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.TimeUnit

class BlockingPoolTest :
    FunSpec({
        test("a call's result or failure comes to its stage") {
            val pool = BlockingPool(1, 8, null)
            pool.call { Thread.currentThread().name }.get() shouldBe "uring-blocking-1"
            shouldThrow<ExecutionException> { pool.call { error("thrown by a test") }.get() }.cause!!.message shouldBe
                "thrown by a test"
            pool.close()
            shouldThrow<RejectedExecutionException> { pool.execute { } }
        }

        test("beyond its threads and places a call is refused with the numbers, and an awaited one waits") {
            val pool = BlockingPool(1, 2, null)
            val gate = CountDownLatch(1)
            val entered = CountDownLatch(1)
            pool.execute {
                entered.countDown()
                gate.await()
            }
            entered.await()
            val waiting = List(2) { pool.call { it } }
            val full = shouldThrow<ExecutionException> { pool.call { 3 }.get() }.cause
            full.shouldBeInstanceOf<BlockingPoolFullException>().message shouldBe
                """
                blocking pool is full: threads busy=1, waiting=2, blockingQueueMax=2.
                  Likely cause: what the calls wait for has slowed down or hangs. Give it a time limit, or raise RuntimeConfig.blockingThreadsMax, or wait for earlier calls before making more.
                """.trimIndent()
            val awaited = CountDownLatch(1)
            pool.executeAwaited(awaited::countDown)
            gate.countDown()
            waiting.map { it.get() } shouldBe listOf(0, 1)
            awaited.await(20, TimeUnit.SECONDS) shouldBe true
            pool.close()
        }

        driverTest("a call that a pinned worker makes may run on every CPU") {
            leavesNothingBehind {
                val runtime = UringRuntime.start(smallConfig().pinWorkers(true).build())
                val worker = runtime.worker(0)
                val all = allowedCpus()
                withClue("a worker that is not pinned shows nothing") {
                    if (Runtime.getRuntime().availableProcessors() > 1) worker.call { allowedCpus() } shouldNotBe all
                }
                worker.call { runtime.blocking().call { allowedCpus() } }.get() shouldBe all
                runtime.closeInTime()
            }
        }
    })

/** Of the calling thread. */
private fun allowedCpus(): String =
    File("/proc/thread-self/status").readLines().first {
        it.startsWith("Cpus_allowed_list")
    }

private fun <T> CompletionStage<T>.get(): T = toCompletableFuture().get(20, TimeUnit.SECONDS)
