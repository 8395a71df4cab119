package dev.uring.dsl

import dev.uring.worker.SchedulingGroup
import dev.uring.worker.Worker
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.doubles.shouldBeBetween
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.isActive
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield
import java.util.concurrent.CountDownLatch
import kotlin.time.Duration.Companion.milliseconds

class SchedulingGroupCoroutineKernelTest :
    FunSpec({
        driverTest("a coroutine of a group with three times the shares gets three times the CPU") {
            testUring({ workersCount(1) }) {
                val groups = listOf(SchedulingGroup("one", 100), SchedulingGroup("three", 300))
                // In rounds, of which one has to do: other processes that take the CPU from a coroutine spoil one.
                val ratios = mutableListOf<Double>()
                while (ratios.size < ROUNDS_MAX && ratios.none { it in 2.7..3.3 }) {
                    val used = LongArray(2)
                    val loads =
                        groups.mapIndexed { index, group ->
                            launch(group.asContextElement()) { while (isActive) used[index] += spinAndYield() }
                        }
                    delay(400.milliseconds)
                    loads.forEach { it.cancel() }
                    loads.joinAll()
                    ratios += used[1].toDouble() / used[0]
                }
                withClue("time of three ÷ time of one, in each round: $ratios") {
                    ratios.last().shouldBeBetween(2.7, 3.3, 0.0)
                }
            }
        }

        driverTest(
            "the group goes with the coroutine: through delay, to another worker and back, and to its children",
        ) {
            testUring {
                val group = SchedulingGroup("travelling", 50)
                val onFirst = runtime.worker(0).tasksOf(group)
                launch(group.asContextElement()) {
                    delay(1)
                    yield()
                    onWorker(1) {
                        yield()
                        // Meanwhile the first worker has suspended the coroutine, which else came back without a task.
                        delay(20)
                    }
                    launch { yield() }
                    withContext(Dispatchers.IO) {
                        // The same here: a worker that runs a task has left the coroutine.
                        val isFree = CountDownLatch(1)
                        runtime.worker(0).execute(isFree::countDown)
                        isFree.await()
                    }
                }.join()
                // Its start, each resume, the child's two, and the way back from the worker and from IO.
                runtime.worker(0).tasksOf(group) - onFirst shouldBeGreaterThanOrEqualTo 7
                runtime.worker(1).tasksOf(group) shouldBeGreaterThanOrEqualTo 3
            }
        }

        driverTest("withSchedulingGroup runs its block on the group's account and what follows on the caller's") {
            testUring {
                val group = SchedulingGroup("visited", 50)
                val result =
                    withSchedulingGroup(group) {
                        currentCoroutineContext()[GroupElement]?.group shouldBe group
                        Worker.current() shouldBe runtime.worker(0)
                        runtime.worker(0).tasksOf(group)
                    }
                // Asked from inside its only task, which is counted when it has returned.
                result shouldBe 0
                runtime.worker(0).tasksOf(group) shouldBe 1
                currentCoroutineContext()[GroupElement] shouldBe null
            }
        }

        driverTest("a connection whose handler has a group is served by the group's tasks, byte for byte") {
            val group = SchedulingGroup("served", 50)
            withServer({ conn ->
                withSchedulingGroup(group) { conn.forEachView { conn.write(it) } }
            }, configure = { workersCount(1) }) { server ->
                server.connect().use { peer ->
                    repeat(100) {
                        peer.send("message $it;")
                        peer.receiveText("message $it;".length) shouldBe "message $it;"
                    }
                    peer.finishSending()
                    peer.receiveTextToEnd() shouldBe ""
                }
                onWorker(0) { runtime.worker(0).tasksOf(group) } shouldBeGreaterThanOrEqualTo 100
            }
        }
    })

private const val ROUNDS_MAX = 20

private suspend fun spinAndYield(): Long {
    val began = System.nanoTime()
    while (System.nanoTime() - began < 30_000) Thread.onSpinWait()
    val used = System.nanoTime() - began
    yield()
    return used
}

private fun Worker.tasksOf(group: SchedulingGroup): Long =
    snapshot().groups().find { it.name() == group.name() }?.tasksRun() ?: 0
