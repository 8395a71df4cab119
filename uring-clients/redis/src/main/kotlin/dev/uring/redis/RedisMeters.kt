package dev.uring.redis

import io.micrometer.core.instrument.FunctionCounter
import io.micrometer.core.instrument.Gauge
import io.micrometer.core.instrument.MeterRegistry
import io.micrometer.core.instrument.Tag
import io.micrometer.core.instrument.Tags
import io.micrometer.core.instrument.binder.MeterBinder

/**
 * Shows what a client counts to a Micrometer registry: `RedisMeters(client).bindTo(registry)`.
 *
 * ### Shapes and units
 * Each meter is there once, with the tag `server` = the client's address and the tags given here.
 *
 * | meter | type | unit | what |
 * |---|---|---|---|
 * | `uring.redis.commands` | counter | commands | sent |
 * | `uring.redis.replies` | counter | replies | received, dropped ones included |
 * | `uring.redis.errors` | counter | replies | that refuse a command |
 * | `uring.redis.pushes` | counter | messages | that the server sent by itself |
 * | `uring.redis.timeouts` | counter | commands | not answered in time |
 * | `uring.redis.cancellations` | counter | commands | whose caller was cancelled |
 * | `uring.redis.replays` | counter | commands | sent again after a lost connection |
 * | `uring.redis.connects` | counter | connections | that became ready |
 * | `uring.redis.connects.failed` | counter | attempts | that failed |
 * | `uring.redis.connections.lost` | counter | connections | lost that were ready |
 * | `uring.redis.inflight` | gauge | replies | to come, now |
 * | `uring.redis.waiting` | gauge | commands | that wait for a connection or its room, now |
 *
 * ### Ownership
 * The registry refers to the client weakly: it does not keep one alive that nobody uses.
 * ### Threading and cancellation
 * Any thread. No worker stops for it.
 * ### Errors
 * `NoClassDefFoundError`: `io.micrometer:micrometer-core` is an optional dependency, which a program that uses this class
 * has to name.
 *
 * @sample samples.redis.showMeters
 */
public class RedisMeters(
    private val client: RedisClient,
    private val tags: Iterable<Tag> = emptyList(),
) : MeterBinder {
    override fun bindTo(registry: MeterRegistry) {
        val all = Tags.of(tags).and("server", client.config.address)
        for (meter in COUNTERS) {
            FunctionCounter
                .builder(meter.name, client) { meter.read(it.snapshot()).toDouble() }
                .description(meter.description)
                .baseUnit(meter.unit)
                .tags(all)
                .register(registry)
        }
        for (meter in GAUGES) {
            Gauge
                .builder(meter.name, client) { meter.read(it.snapshot()).toDouble() }
                .description(meter.description)
                .baseUnit(meter.unit)
                .tags(all)
                .register(registry)
        }
    }

    private class Meter(
        val name: String,
        val unit: String,
        val description: String,
        val read: (RedisSnapshot) -> Long,
    )

    private companion object {
        val COUNTERS =
            listOf(
                Meter("uring.redis.commands", "commands", "sent", RedisSnapshot::commandsSent),
                Meter("uring.redis.replies", "replies", "received", RedisSnapshot::repliesReceived),
                Meter("uring.redis.errors", "replies", "that refuse a command", RedisSnapshot::errorReplies),
                Meter("uring.redis.pushes", "messages", "of the server's own", RedisSnapshot::pushesReceived),
                Meter("uring.redis.timeouts", "commands", "not answered in time", RedisSnapshot::timeouts),
                Meter("uring.redis.cancellations", "commands", "given up by callers", RedisSnapshot::cancellations),
                Meter("uring.redis.replays", "commands", "sent again after a loss", RedisSnapshot::replays),
                Meter("uring.redis.connects", "connections", "that became ready", RedisSnapshot::connects),
                Meter("uring.redis.connects.failed", "attempts", "that failed", RedisSnapshot::connectFailures),
                Meter("uring.redis.connections.lost", "connections", "that were ready", RedisSnapshot::connectionsLost),
            )
        val GAUGES =
            listOf(
                Meter("uring.redis.inflight", "replies", "to come", RedisSnapshot::inFlight),
                Meter("uring.redis.waiting", "commands", "waiting for a connection", RedisSnapshot::waiting),
            )
    }
}
