package dev.uring.dsl

import dev.uring.UringRuntime
import dev.uring.metrics.GroupSnapshot
import dev.uring.metrics.WorkerSnapshot
import dev.uring.worker.SchedulingGroup
import dev.uring.worker.Worker
import io.micrometer.core.instrument.FunctionCounter
import io.micrometer.core.instrument.FunctionTimer
import io.micrometer.core.instrument.Gauge
import io.micrometer.core.instrument.MeterRegistry
import io.micrometer.core.instrument.Tag
import io.micrometer.core.instrument.Tags
import io.micrometer.core.instrument.TimeGauge
import io.micrometer.core.instrument.binder.MeterBinder
import java.util.concurrent.TimeUnit

/**
 * Shows what the workers of a runtime count to a Micrometer registry: `UringMetrics(runtime).bindTo(registry)`.
 *
 * ### Shapes and units
 * Every meter is there once for each worker, with the tag `worker` = its index and the tags given here. Counters only
 * grow; gauges are the present value.
 *
 * | meter | type | unit | what |
 * |---|---|---|---|
 * | `uring.connections.active` | gauge | connections | open now |
 * | `uring.connections.accepted` | counter | connections | accepted |
 * | `uring.connections.connected` | counter | connections | opened to a peer |
 * | `uring.connections.closed` | counter | connections | whose descriptor is closed again |
 * | `uring.accept.failures` | counter | accepts | failed for want of a descriptor or memory |
 * | `uring.accept.pauses` | counter | pauses | of accepting, at connectionsPerWorkerMax |
 * | `uring.bytes.received` | counter | bytes | of payload |
 * | `uring.bytes.sent` | counter | bytes | of payload that the kernel took |
 * | `uring.sends.zerocopy` | counter | sends | that asked the kernel not to copy |
 * | `uring.sends.zerocopy.copied` | counter | sends | of these, that the kernel copied all the same |
 * | `uring.bytes.carried` | counter | bytes | copied because a message was not whole in one buffer |
 * | `uring.receive.pauses` | counter | pauses | of a receive whose bytes nobody took |
 * | `uring.receive.parks` | counter | receives | that found no free buffer (ENOBUFS) and waited for one |
 * | `uring.receive.buffers.held` | gauge | buffers | lent or retained by a send |
 * | `uring.send.queue.peak` | gauge | bytes | most that one connection had unsent |
 * | `uring.blocks.held` | gauge | blocks | of unsent output and unfinished input |
 * | `uring.blocks.taken` | gauge | bytes | that the block pool has taken from the system |
 * | `uring.blocks.exhaustions` | counter | requests | for a block that blockPoolBytesMax refused |
 * | `uring.operations.pending` | gauge | operations | that the kernel has not answered |
 * | `uring.sqes` | counter | operations | handed to the kernel |
 * | `uring.cqes` | counter | completions | delivered |
 * | `uring.cqes.stale` | counter | completions | dropped because their operation was over |
 * | `uring.cqes.dropped` | counter | completions | lost by the kernel for want of memory |
 * | `uring.enters` | counter | calls | of io_uring_enter |
 * | `uring.enters.overflowed` | counter | calls | that left completions in the kernel because the queue was full |
 * | `uring.sqes.per.enter` | gauge | operations | handed over by one call, on average since the start |
 * | `uring.wakes` | counter | wakes | by other threads |
 * | `uring.tasks` | counter | tasks | run |
 * | `uring.failures` | counter | exceptions | that user code let escape |
 * | `uring.timers.armed` | gauge | timers | armed now |
 * | `uring.timers.fired` | counter | timers | fired |
 * | `uring.mailbox.depth` | gauge | messages | waiting in the mailbox now |
 * | `uring.mailbox.full` | counter | messages | that found a full mailbox and waited at their sender |
 * | `uring.loop.turns` | timer | seconds | turns of the loop, and the time spent in them |
 * | `uring.loop.lag.max` | gauge | seconds | the longest turn: what arrived meanwhile waited as long |
 * | `uring.loop.lag` | counter | turns | that took less than the tag `le`, in seconds: a histogram |
 * | `uring.loop.slow.turns` | counter | turns | that took longer than slowTurnThreshold |
 * | `uring.loop.stalls` | counter | turns | that took longer than stallThreshold |
 * | `uring.group.tasks` | timer | seconds | tasks of the scheduling group in the tag `group`, and the time they took |
 * | `uring.group.waiting` | gauge | tasks | of the scheduling group in the tag `group` in its queue now |
 *
 * The last two are there for each of the scheduling groups given here. The default group's are those it ran while
 * another group had tasks: without one no time is taken.
 *
 * ### Ownership
 * The registry refers to the workers weakly: it does not keep a stopped runtime alive.
 * ### Threading and cancellation
 * Any thread. Reading a meter copies the worker's counters and does not stop it; meters of one scrape may be some
 * microseconds apart.
 * ### Errors
 * `NoClassDefFoundError`: `io.micrometer:micrometer-core` is an optional dependency, which a program that uses this
 * class has to name.
 *
 * @sample samples.dsl.metrics
 */
public class UringMetrics(
    private val runtime: UringRuntime,
    private val tags: Iterable<Tag> = emptyList(),
    private val groups: Iterable<SchedulingGroup> = emptyList(),
) : MeterBinder {
    override fun bindTo(registry: MeterRegistry) {
        for (index in 0 until runtime.workersCount()) {
            val worker = runtime.worker(index)
            val workerTags = Tags.of(tags).and("worker", index.toString())
            COUNTERS.forEach { it.count(registry, worker, workerTags) }
            GAUGES.forEach { it.gauge(registry, worker, workerTags) }
            bindLoop(registry, worker, workerTags)
            groups.forEach { bindGroup(registry, worker, it, workerTags.and("group", it.name())) }
        }
    }

    private fun bindGroup(
        registry: MeterRegistry,
        worker: Worker,
        group: SchedulingGroup,
        tags: Tags,
    ) {
        FunctionTimer
            .builder(
                "uring.group.tasks",
                worker,
                { it.snapshot().of(group)?.tasksRun() ?: 0 },
                {
                    it
                        .snapshot()
                        .of(group)
                        ?.usedNanos()
                        ?.toDouble() ?: 0.0
                },
                TimeUnit.NANOSECONDS,
            ).description("tasks of the scheduling group in the tag `group`, and the time they took")
            .tags(tags)
            .register(registry)
        Gauge
            .builder("uring.group.waiting", worker) { (it.snapshot().of(group)?.tasksWaiting() ?: 0).toDouble() }
            .description("of the scheduling group in the tag `group` in its queue now")
            .baseUnit("tasks")
            .tags(tags)
            .register(registry)
    }

    /** Null while the worker has not met the group. */
    private fun WorkerSnapshot.of(group: SchedulingGroup): GroupSnapshot? = groups().find { it.name() == group.name() }

    private fun bindLoop(
        registry: MeterRegistry,
        worker: Worker,
        tags: Tags,
    ) {
        FunctionTimer
            .builder(
                "uring.loop.turns",
                worker,
                { it.snapshot().loopLag().count() },
                {
                    it
                        .snapshot()
                        .loopLag()
                        .sum()
                        .toDouble()
                },
                TimeUnit.NANOSECONDS,
            ).description("turns of the loop, and the time spent in them")
            .tags(tags)
            .register(registry)
        TimeGauge
            .builder("uring.loop.lag.max", worker, TimeUnit.NANOSECONDS) {
                it
                    .snapshot()
                    .loopLag()
                    .max()
                    .toDouble()
            }.description("the longest turn: what arrived meanwhile waited as long")
            .tags(tags)
            .register(registry)
        for (bound in LAG_BOUNDS_NANOS) {
            FunctionCounter
                .builder("uring.loop.lag", worker) {
                    it
                        .snapshot()
                        .loopLag()
                        .countBelow(bound)
                        .toDouble()
                }.description("that took less than the tag `le`, in seconds: a histogram")
                .baseUnit("turns")
                .tags(tags.and("le", (bound / NANOS_PER_SECOND).toString()))
                .register(registry)
        }
    }

    private class Figure(
        val name: String,
        val unit: String,
        val what: String,
        val value: (WorkerSnapshot) -> Number,
    ) {
        fun count(
            registry: MeterRegistry,
            worker: Worker,
            tags: Tags,
        ) = FunctionCounter
            .builder(name, worker) { value(it.snapshot()).toDouble() }
            .description(what)
            .baseUnit(unit)
            .tags(tags)
            .register(registry)

        fun gauge(
            registry: MeterRegistry,
            worker: Worker,
            tags: Tags,
        ) = Gauge
            .builder(name, worker) { value(it.snapshot()).toDouble() }
            .description(what)
            .baseUnit(unit)
            .tags(tags)
            .register(registry)
    }

    private companion object {
        const val NANOS_PER_SECOND = 1e9

        // Powers of four, because the worker counts in powers of two: from 1 µs, what a turn takes that does nothing,
        // to 4.3 s, beyond which it does not matter any more.
        val LAG_BOUNDS_NANOS = (10..32 step 2).map { 1L shl it }

        val COUNTERS =
            listOf(
                Figure("uring.connections.accepted", "connections", "accepted") { it.connectionsAccepted() },
                Figure("uring.connections.connected", "connections", "opened to a peer") { it.connectionsConnected() },
                Figure("uring.connections.closed", "connections", "whose descriptor is closed again") {
                    it.connectionsClosed()
                },
                Figure("uring.accept.failures", "accepts", "failed for want of a descriptor or memory") {
                    it.acceptFailures()
                },
                Figure("uring.accept.pauses", "pauses", "of accepting, at connectionsPerWorkerMax") {
                    it.connectionLimitPauses()
                },
                Figure("uring.bytes.received", "bytes", "of payload") { it.bytesReceived() },
                Figure("uring.bytes.sent", "bytes", "of payload that the kernel took") { it.bytesSent() },
                Figure("uring.sends.zerocopy", "sends", "that asked the kernel not to copy") { it.zeroCopySends() },
                Figure("uring.sends.zerocopy.copied", "sends", "of these, that the kernel copied all the same") {
                    it.zeroCopySendsCopied()
                },
                Figure("uring.bytes.carried", "bytes", "copied because a message was not whole in one buffer") {
                    it.bytesCarried()
                },
                Figure("uring.receive.pauses", "pauses", "of a receive whose bytes nobody took") { it.receivePauses() },
                Figure("uring.receive.parks", "receives", "that found no free buffer (ENOBUFS) and waited for one") {
                    it.buffersExhausted()
                },
                Figure("uring.blocks.exhaustions", "requests", "for a block that blockPoolBytesMax refused") {
                    it.blockPoolExhaustions()
                },
                Figure("uring.sqes", "operations", "handed to the kernel") { it.submitted() },
                Figure("uring.cqes", "completions", "delivered") { it.completed() },
                Figure("uring.cqes.stale", "completions", "dropped because their operation was over") {
                    it.staleCompletions()
                },
                Figure("uring.cqes.dropped", "completions", "lost by the kernel for want of memory") {
                    it.completionsDropped()
                },
                Figure("uring.enters", "calls", "of io_uring_enter") { it.enters() },
                Figure(
                    "uring.enters.overflowed",
                    "calls",
                    "that left completions in the kernel because the queue was full",
                ) { it.overflowedEnters() },
                Figure("uring.wakes", "wakes", "by other threads") { it.wakes() },
                Figure("uring.tasks", "tasks", "run") { it.tasksRun() },
                Figure("uring.failures", "exceptions", "that user code let escape") { it.failures() },
                Figure("uring.timers.fired", "timers", "fired") { it.timersFired() },
                Figure("uring.mailbox.full", "messages", "that found a full mailbox and waited at their sender") {
                    it.mailboxFull()
                },
                Figure("uring.loop.slow.turns", "turns", "that took longer than slowTurnThreshold") { it.slowTurns() },
                Figure("uring.loop.stalls", "turns", "that took longer than stallThreshold") { it.stalls() },
            )

        val GAUGES =
            listOf(
                Figure("uring.connections.active", "connections", "open now") { it.connectionsActive() },
                Figure("uring.receive.buffers.held", "buffers", "lent or retained by a send") {
                    it.receiveBuffersHeld()
                },
                Figure("uring.send.queue.peak", "bytes", "most that one connection had unsent") {
                    it.unsentBytesPeak()
                },
                Figure("uring.blocks.held", "blocks", "of unsent output and unfinished input") { it.blocksHeld() },
                Figure("uring.blocks.taken", "bytes", "that the block pool has taken from the system") {
                    it.blockBytesTaken()
                },
                Figure("uring.operations.pending", "operations", "that the kernel has not answered") {
                    it.operationsUnderWay()
                },
                Figure("uring.sqes.per.enter", "operations", "handed over by one call, on average since the start") {
                    it.submittedPerEnter()
                },
                Figure("uring.timers.armed", "timers", "armed now") { it.timersArmed() },
                Figure("uring.mailbox.depth", "messages", "waiting in the mailbox now") { it.mailboxDepth() },
            )
    }
}
