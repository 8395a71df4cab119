package dev.uring.dsl

import dev.uring.worker.SchedulingGroup
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.doubles.shouldBeGreaterThanOrEqual
import io.kotest.matchers.shouldBe
import io.micrometer.core.instrument.FunctionCounter
import io.micrometer.core.instrument.FunctionTimer
import io.micrometer.core.instrument.Meter
import io.micrometer.core.instrument.MeterRegistry
import io.micrometer.core.instrument.Tag
import io.micrometer.core.instrument.simple.SimpleMeterRegistry
import kotlinx.coroutines.yield
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.io.path.readLines

private const val REQUESTS = 20
private const val REQUEST = "sixteen bytes ok"

class UringMetricsKernelTest :
    FunSpec({
        driverTest("a registry sees the traffic of each worker, while it goes on") {
            withServer({ conn -> conn.forEachView { conn.write(it) } }) { server ->
                val registry = SimpleMeterRegistry()
                UringMetrics(runtime, listOf(Tag.of("service", "echo"))).bindTo(registry)
                val peers = List(4) { server.connect() }
                peers.forEach { peer ->
                    repeat(REQUESTS) {
                        peer.send(REQUEST)
                        peer.receiveText(REQUEST.length) shouldBe REQUEST
                    }
                }
                val bytes = peers.size.toDouble() * REQUESTS * REQUEST.length
                onEachWorker { }
                registry.sum("uring.connections.accepted") shouldBe peers.size.toDouble()
                registry.sum("uring.connections.active") shouldBe peers.size.toDouble()
                registry.sum("uring.bytes.received") shouldBe bytes
                registry.sum("uring.bytes.sent") shouldBe bytes
                registry.sum("uring.send.queue.peak") shouldBeGreaterThanOrEqual REQUEST.length.toDouble()
                registry.sum("uring.sqes") shouldBeGreaterThanOrEqual peers.size.toDouble() * REQUESTS
                registry.sum("uring.cqes.dropped") shouldBe 0.0
                registry.sum("uring.failures") shouldBe 0.0
                peers.forEach { it.close() }
                while (registry.sum("uring.connections.closed") < peers.size) onEachWorker { }
                registry.sum("uring.connections.active") shouldBe 0.0
                registry.meters.forEach { it.id.getTag("service") shouldBe "echo" }
                registry.meters.mapNotNull { it.id.getTag("worker") }.toSet() shouldBe setOf("0", "1")
            }
        }

        driverTest("the loop's timer and its histogram count the same turns") {
            testUring {
                val registry = SimpleMeterRegistry()
                UringMetrics(runtime).bindTo(registry)
                repeat(100) { onEachWorker { } }
                val timer = registry.get("uring.loop.turns").tag("worker", "1").functionTimer()
                timer.count() shouldBeGreaterThan 50.0
                timer.totalTime(TimeUnit.NANOSECONDS) shouldBeGreaterThan 0.0

                fun counted() =
                    registry
                        .get("uring.loop.lag")
                        .tag("worker", "1")
                        .functionCounters()
                        .sortedBy { it.id.getTag("le")!!.toDouble() }
                        .map { it.count() }
                var turns = timer.count()
                var buckets = counted()
                // They are read one after the other, and the worker may just be ending its last turn.
                while (timer.count() != turns) {
                    turns = timer.count()
                    buckets = counted()
                }
                withClue("cumulative, and all turns of this test are under four seconds") {
                    buckets shouldBe buckets.sorted()
                    buckets.last() shouldBe turns
                }
                registry
                    .get(
                        "uring.loop.lag.max",
                    ).tag("worker", "1")
                    .timeGauge()
                    .value(TimeUnit.SECONDS) shouldBeGreaterThan
                    0.0
            }
        }

        driverTest(
            "a scheduling group's tasks and their time are seen on the workers that ran them, from the first one on",
        ) {
            testUring {
                val reports = SchedulingGroup("reports", 50)
                val registry = SimpleMeterRegistry()
                UringMetrics(runtime, groups = listOf(reports)).bindTo(registry)
                registry.sum("uring.group.tasks") shouldBe 0.0
                onWorker(1) {
                    withSchedulingGroup(reports) {
                        repeat(10) {
                            val began = System.nanoTime()
                            while (System.nanoTime() - began < 1_000_000) Thread.onSpinWait()
                            yield()
                        }
                    }
                }
                val timer = registry.get("uring.group.tasks").tags("worker", "1", "group", "reports").functionTimer()
                timer.count() shouldBeGreaterThan 9.0
                timer.totalTime(TimeUnit.MILLISECONDS) shouldBeGreaterThanOrEqual 9.0
                registry
                    .get("uring.group.tasks")
                    .tags("worker", "0")
                    .functionTimer()
                    .count() shouldBe 0.0
                registry.sum("uring.group.waiting") shouldBe 0.0
            }
        }

        driverTest("the documentation lists every meter, with its type, unit and meaning, and no other") {
            testUring {
                val registry = SimpleMeterRegistry()
                UringMetrics(runtime, groups = listOf(SchedulingGroup.DEFAULT)).bindTo(registry)
                val bound =
                    registry.meters
                        .map { meter ->
                            val unit = meter.id.baseUnit
                            "| `${meter.id.name}` | ${meter.kind()} | $unit | ${meter.id.description} |"
                        }.distinct()
                val page =
                    Path.of(
                        System.getProperty("uring.root"),
                        "uring-dsl/src/main/kotlin/dev/uring/dsl/UringMetrics.kt",
                    )
                val documented =
                    page.readLines().map { it.removePrefix(" * ") }.filter { it.startsWith("| `uring.") }
                documented shouldContainExactlyInAnyOrder bound
            }
        }
    })

private fun Meter.kind() =
    when (this) {
        is FunctionTimer -> "timer"
        is FunctionCounter -> "counter"
        else -> "gauge"
    }

private fun MeterRegistry.sum(name: String): Double = get(name).meters().sumOf { it.measure().first().value }
