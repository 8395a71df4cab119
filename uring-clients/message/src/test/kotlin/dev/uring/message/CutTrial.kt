package dev.uring.message

import dev.uring.dsl.dispatcher
import dev.uring.message.codec.InvalidMessageException
import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageType
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds

/**
 * Sends numbered messages over some channels while their connections are cut [CUTS] times by chance, and then asks what
 * became of each.
 */
internal fun cutAtRandom(
    rule: ResendRule,
    random: Random,
    receipts: Boolean = true,
) {
    val isExact = rule == ResendRule.EXACTLY_ONCE
    val config =
        EngineConfig(
            features = ChannelFeatures(receipts = receipts),
            reconnect = Reconnect(rule, 1.milliseconds, 5.milliseconds, Int.MAX_VALUE),
            resume = if (isExact) Resume() else null,
        )
    withEngine(config = config) {
        val server = engine.create(worker = 0)
        CuttingProxy(server.listen("tcp|127.0.0.1|0").address.port()).use { proxy ->
            CutTrial(engine.create(worker = 1), server, proxy, random, isExact, receipts).run(rule)
        }
    }
}

private class CutTrial(
    private val client: Group,
    private val server: Group,
    private val proxy: CuttingProxy,
    private val random: Random,
    private val isExact: Boolean,
    private val receipts: Boolean,
) {
    private val toServer = Stream()
    private val toClient = Stream()
    private val serverChannels = ConcurrentHashMap.newKeySet<Int>()

    suspend fun run(rule: ResendRule) =
        coroutineScope {
            val serving = launch(server.home.dispatcher) { serve() }
            val channels = List(CHANNELS) { client.connect(proxy.address) }
            val hearing = launch(client.home.dispatcher) { hear() }
            val cutting =
                Thread.ofVirtual().start {
                    while (proxy.cutsCount < CUTS) {
                        proxy.cutOne(random)
                        Thread.sleep(0, PAUSE_NANOS)
                    }
                }
            val speaking = channels.mapIndexed { n, channel -> launch(client.home.dispatcher) { speak(n, channel) } }
            withTimeout(PATIENCE) { speaking.forEach { it.join() } }
            cutting.join()
            withTimeout(PATIENCE) { while (receipts && !(toServer.isSettled && toClient.isSettled)) delay(1) }
            println(
                "cuts=${proxy.cutsCount} sent=${toServer.sent.size} received=${toServer.received.size} " +
                    "returned=${toServer.returned.size} back=${toClient.sent.size}",
            )
            check(rule)
            client.close()
            server.close()
            hearing.join()
            serving.join()
        }

    private fun check(rule: ResendRule) {
        for (number in toServer.sent) {
            val received = toServer.received[number]?.get() ?: 0
            val returned = toServer.returned[number]?.get() ?: 0
            val isRight =
                when (rule) {
                    // Nobody tells of what the kernel had taken.
                    ResendRule.UNSENT if !receipts -> received <= 1 && returned == 0

                    ResendRule.NONE, ResendRule.UNSENT -> received <= 1 && returned <= 1 && received + returned >= 1

                    ResendRule.AT_LEAST_ONCE -> received >= 1 && returned == 0

                    ResendRule.EXACTLY_ONCE -> received == 1 && returned == 0
                }
            check(isRight) { "message $number was received $received times and came back $returned times" }
        }
        check(toServer.unordered.isEmpty()) { "out of order: ${toServer.unordered}" }
        if (!isExact) return
        for (number in toClient.sent) {
            check(toClient.received[number]?.get() == 1) { "answer $number: ${toClient.received[number]} times" }
        }
        check(toClient.returned.isEmpty() && toClient.unordered.isEmpty()) { "${toClient.unordered}" }
        check(serverChannels.size == CHANNELS) { "the server had $serverChannels" }
    }

    private suspend fun speak(
        line: Int,
        channel: Int,
    ) {
        var n = 0L
        while (proxy.cutsCount < CUTS) {
            repeat(BURST) { client.send(toServer.next(client, channel, line * LINE + n++)) }
            delay(1)
        }
    }

    private suspend fun serve() {
        for (message in server.incoming) {
            when {
                message.isFromEngine -> {
                    if (message.isReturned) toClient.returned(message)
                    message.release()
                }

                message.operation() == MessageOperation.HELLO_REQUEST -> {
                    trying(message) { server.accept(it) }
                }

                else -> {
                    val number = toServer.received(message, message.channel())
                    serverChannels += message.channel()
                    if (isExact) server.send(toClient.next(server, message.channel(), number))
                    message.release()
                }
            }
        }
    }

    // The channel may have ended since, and so may the trial.
    private suspend fun trying(
        message: Message,
        send: suspend (Message) -> Unit,
    ) = try {
        send(message)
    } catch (_: InvalidMessageException) {
        message.release()
    } catch (_: GroupClosedException) {
        message.release()
    }

    private suspend fun hear() {
        for (message in client.incoming) {
            when {
                !message.isFromEngine -> toClient.received(message, message.channel())
                message.isReturned -> toServer.returned(message)
            }
            message.release()
        }
    }
}

private val Message.isReturned: Boolean
    get() =
        isFromEngine && type() == MessageType.REGULAR && body().size() == Long.SIZE_BYTES &&
            !isConnectionLost && !isConnectionBack && !isEndOfChannel

/** Numbered messages of one direction. */
private class Stream {
    val sent: MutableSet<Long> = ConcurrentHashMap.newKeySet()
    val received = ConcurrentHashMap<Long, AtomicInteger>()
    val returned = ConcurrentHashMap<Long, AtomicInteger>()
    val unordered = ArrayList<String>()
    private val last = HashMap<Pair<Int, Long>, Long>()

    val isSettled: Boolean get() = sent.all { received.containsKey(it) || returned.containsKey(it) }

    fun next(
        group: Group,
        channel: Int,
        number: Long,
    ): Message {
        sent += number
        val message = group.message().operation(MessageOperation.SIGNAL).channel(channel)
        return message.also { it.body().appendLong(number) }
    }

    /** Notes a message of [channel], whose numbers rise. */
    fun received(
        message: Message,
        channel: Int,
    ): Long {
        val number = message.body().getLong(0)
        received.computeIfAbsent(number) { AtomicInteger() }.incrementAndGet()
        val before = last.put(channel to number / LINE, number)
        if (before != null && before >= number) unordered += "$number behind $before on channel $channel"
        return number
    }

    fun returned(message: Message) {
        returned.computeIfAbsent(message.body().getLong(0)) { AtomicInteger() }.incrementAndGet()
    }
}

private const val CUTS = 1_000
private const val CHANNELS = 16
private const val BURST = 5
private const val LINE = 1_000_000L
private const val PAUSE_NANOS = 500_000
