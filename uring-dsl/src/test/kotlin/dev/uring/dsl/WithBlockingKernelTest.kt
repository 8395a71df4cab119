package dev.uring.dsl

import dev.uring.worker.Worker
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger

class WithBlockingKernelTest :
    FunSpec({
        driverTest("a blocking call runs beside the workers and comes back to the caller's") {
            testUring {
                val there = withBlocking { Thread.currentThread().name to Worker.current() }
                there.first.startsWith("uring-blocking-") shouldBe true
                there.second shouldBe null
                Worker.current() shouldBe runtime.worker(0)
                shouldThrow<IllegalStateException> { withBlocking { error("thrown by a test") } }.message shouldBe
                    "thrown by a test"
            }
        }

        driverTest(
            "more calls than threads and places wait in order, and no more run at a time than there are threads",
        ) {
            testUring(configure = { blockingThreadsMax(2).blockingQueueMax(1) }) {
                val running = AtomicInteger()
                val runningMax = AtomicInteger()
                List(50) {
                    async {
                        withBlocking {
                            runningMax.accumulateAndGet(running.incrementAndGet(), ::maxOf)
                            Thread.sleep(1)
                            running.decrementAndGet()
                        }
                    }
                }.awaitAll()
                runningMax.get() shouldBe 2
            }
        }

        driverTest("the worker goes on while every thread is blocked") {
            val gate = CountDownLatch(1)
            testUring(configure = { blockingThreadsMax(1) }) {
                val blocked = launch { withBlocking { gate.await() } }
                repeat(100) { onWorker(1) { it } shouldBe it }
                blocked.isActive shouldBe true
                gate.countDown()
                blocked.join()
            }
        }

        driverTest("cancelling interrupts the call and waits for its end") {
            testUring {
                val entered = CompletableDeferred<Unit>()
                val interrupted = CompletableDeferred<Boolean>()
                val call =
                    launch {
                        withBlocking {
                            entered.complete(Unit)
                            try {
                                Thread.sleep(60_000)
                            } catch (interrupt: InterruptedException) {
                                interrupted.complete(true)
                                throw interrupt
                            }
                        }
                    }
                entered.await()
                call.cancelAndJoin()
                interrupted.isCompleted shouldBe true
            }
        }
    })
