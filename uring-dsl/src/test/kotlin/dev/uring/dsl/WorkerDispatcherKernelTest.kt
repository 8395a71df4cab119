package dev.uring.dsl

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.worker.Worker
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeGreaterThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.asContextElement
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.future.await
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield
import java.util.concurrent.CountDownLatch
import kotlin.coroutines.Continuation
import kotlin.coroutines.startCoroutine
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes

class WorkerDispatcherKernelTest :
    FunSpec({
        driverTest("a coroutine stays on its worker's thread across yield, delay, withTimeout and a trip elsewhere") {
            testUring {
                for (index in 0 until runtime.workersCount()) {
                    withContext(runtime.worker(index).dispatcher) {
                        val threads = mutableListOf(Thread.currentThread())
                        yield()
                        threads += Thread.currentThread()
                        delay(1.milliseconds)
                        threads += Thread.currentThread()
                        shouldThrow<TimeoutCancellationException> { withTimeout(1.milliseconds) { delay(10.minutes) } }
                        threads += Thread.currentThread()
                        withContext(Dispatchers.Default) { Thread.currentThread() shouldNotBe threads[0] }
                        threads += Thread.currentThread()
                        threads.distinct().single().name shouldStartWith "uring-worker-$index"
                        Worker.current() shouldBe runtime.worker(index)
                    }
                }
            }
        }

        driverTest("delay is never early, and uses the worker's own wheel") {
            testUring {
                val firedBefore = runtime.worker(0).snapshot().timersFired()
                repeat(20) {
                    val startedNanos = System.nanoTime()
                    delay(2)
                    System.nanoTime() - startedNanos shouldBeGreaterThanOrEqual 2_000_000
                }
                runtime.worker(0).snapshot().timersFired() - firedBefore shouldBeGreaterThanOrEqual 20
            }
        }

        driverTest("a cancelled delay and a met timeout leave no timer behind") {
            testUring {
                val before = runtime.worker(0).snapshot().timersArmed()
                coroutineScope { launch { delay(10.minutes) }.also { yield() }.cancel() }
                withTimeout(10.minutes) { yield() }
                yield()
                runtime.worker(0).snapshot().timersArmed() shouldBe before
            }
        }

        driverTest("delay works when it is called off the worker, as an undispatched start does") {
            testUring {
                withContext(Dispatchers.IO) {
                    val resumed = CompletableDeferred<Thread>()
                    // The worker is busy until the coroutine waits: a delay that is over by then would not suspend at
                    // all.
                    val isWaiting = CountDownLatch(1)
                    runtime.worker(1).execute(isWaiting::await)
                    val job =
                        launch(runtime.worker(1).dispatcher, CoroutineStart.UNDISPATCHED) {
                            delay(1)
                            resumed.complete(Thread.currentThread())
                        }
                    isWaiting.countDown()
                    resumed.await().name shouldBe "uring-worker-1"
                    job.join()
                    val cancelled =
                        launch(runtime.worker(1).dispatcher, CoroutineStart.UNDISPATCHED) { delay(10.minutes) }
                    cancelled.cancel()
                    cancelled.join()
                }
                onWorker(1) { yield() }
                runtime.worker(1).snapshot().timersArmed() shouldBe 0
            }
        }

        driverTest("dispatched coroutines run in the order of their dispatch, none of them inside another") {
            testUring {
                val events = mutableListOf<String>()
                coroutineScope {
                    for (name in listOf("a", "b", "c")) {
                        launch {
                            events += "$name begins"
                            launch { events += "$name's child" }
                            events += "$name ends"
                        }
                    }
                }
                events shouldContainExactly
                    listOf("a", "b", "c").flatMap { listOf("$it begins", "$it ends") } +
                    listOf("a", "b", "c").map { "$it's child" }
            }
        }

        driverTest("dispatchers of one worker are equal, so that changing between them does not dispatch") {
            testUring {
                runtime.worker(0).dispatcher shouldBe runtime.worker(0).dispatcher
                runtime.worker(0).dispatcher.hashCode() shouldBe runtime.worker(0).dispatcher.hashCode()
                runtime.worker(0).dispatcher shouldNotBe runtime.worker(1).dispatcher
                val tasksBefore = runtime.worker(0).snapshot().tasksRun()
                withContext(runtime.worker(0).dispatcher) { }
                runtime.worker(0).snapshot().tasksRun() shouldBe tasksBefore
            }
        }

        driverTest(
            "a thread context element and a limited view of the worker are honoured at every resume",
        ) {
            val local = ThreadLocal<String>()
            withServer({ conn ->
                withContext(local.asContextElement("set")) {
                    repeat(2) {
                        conn.receive { view ->
                            conn.write("${local.get()}:${view.toUtf8()};")
                            view.size()
                        }
                    }
                }
                withContext(conn.worker.dispatcher.limitedParallelism(1)) {
                    conn.receive { view ->
                        conn.write("${local.get()}:${view.toUtf8()}")
                        view.size()
                    }
                }
            }) { server ->
                server.connect().use {
                    it.send("a")
                    it.receiveText(6) shouldBe "set:a;"
                    it.send("b")
                    it.receiveText(6) shouldBe "set:b;"
                    it.send("c")
                    it.receiveTextToEnd() shouldBe "null:c"
                }
            }
        }

        driverTest("a dispatch after the worker has stopped cancels the job and runs the coroutine's end on IO") {
            val runtime = UringRuntime.start(RuntimeConfig.builder().forTests().build())
            val started = CompletableDeferred<Unit>()
            val proceed = CompletableDeferred<Unit>()
            val ended = CompletableDeferred<String>()
            val job =
                CoroutineScope(runtime.worker(0).dispatcher + Job()).launch {
                    try {
                        started.complete(Unit)
                        proceed.await()
                    } catch (cancellation: CancellationException) {
                        ended.complete("${cancellation.message} on ${Thread.currentThread().name}")
                    }
                }
            started.await()
            runtime.shutdown()
            runtime.termination().await()
            proceed.complete(Unit)
            job.join()
            job.isCancelled shouldBe true
            ended.await() shouldStartWith "worker 0 has stopped on DefaultDispatcher-worker-"
        }

        driverTest("a delay on a stopped worker comes back on IO when there is no job to cancel") {
            val runtime = UringRuntime.start(RuntimeConfig.builder().forTests().build())
            runtime.shutdown()
            runtime.termination().await()
            val ended = CompletableDeferred<String>()
            suspend {
                delay(1)
                Thread.currentThread().name
            }.startCoroutine(Continuation(runtime.worker(0).dispatcher) { ended.complete(it.getOrThrow()) })
            ended.await() shouldStartWith "DefaultDispatcher-worker-"
        }
    })
