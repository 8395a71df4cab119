package dev.uring.message

import dev.uring.dsl.dispatcher
import dev.uring.message.codec.InvalidMessageException
import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageRole
import dev.uring.testing.leastAllocatedBytesOfEach
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds

/** That each message has exactly one fate, and what a message costs. */
class DeliveryKernelTest :
    FunSpec({
        needsKernel()

        test(
            "with receipts, every message is received once or comes back, on thousands of channels killed at random",
        ) {
            val seed = System.getProperty("uring.test.seed")?.toLong() ?: System.nanoTime()
            println("seed=$seed; again with -During.test.seed=$seed")
            withClue("-During.test.seed=$seed") { killAtRandom(seed, channels = 2_000, messages = 20) }
        }

        test("a request and its response allocate nothing on a worker") {
            withEngine(workers = 1) {
                val pair = pair()
                coroutineScope {
                    val server =
                        launch {
                            for (m in pair.server.incoming) {
                                if (m.isFromEngine) m.release() else pair.server.send(m.answer())
                            }
                        }
                    leastAllocatedBytesOfEach(20_000, EXACT_ENOUGH) {
                        val request =
                            pair.client
                                .message()
                                .operation(MessageOperation.REQUEST)
                                .channel(pair.here)
                        request.body().append(BODY)
                        pair.client.request(request).release()
                    } shouldBeLessThan EXACT_ENOUGH
                    pair.server.close()
                    server.join()
                }
            }
        }

        test("a stream of messages allocates nothing on a worker") {
            withEngine(workers = 1) {
                val pair = pair()
                val received = AtomicInteger()
                coroutineScope {
                    val server =
                        launch {
                            for (m in pair.server.incoming) {
                                received.incrementAndGet()
                                m.release()
                            }
                        }
                    leastAllocatedBytesOfEach(50_000, EXACT_ENOUGH) {
                        pair.client.send(
                            pair.client
                                .message()
                                .operation(
                                    MessageOperation.SIGNAL,
                                ).channel(pair.here)
                                .also { it.body().append(BODY) },
                        )
                    } shouldBeLessThan EXACT_ENOUGH
                    pair.client.close()
                    pair.server.close()
                    server.join()
                }
            }
        }

        test("a stream over many channels allocates nothing: it waits for the messages that its group keeps") {
            withEngine(workers = 1) {
                val server = engine.create()
                val client = engine.create()
                val address = server.listen("tcp|127.0.0.1|0").address.toString()
                val channels = List(64) { connected(client, server, address).here }
                coroutineScope {
                    val taking = launch { for (m in server.incoming) m.release() }
                    var next = 0
                    leastAllocatedBytesOfEach(50_000, EXACT_ENOUGH) {
                        val message = client.message().operation(MessageOperation.SIGNAL)
                        message.body().append(BODY)
                        client.send(message.channel(channels[next++ % channels.size]))
                    } shouldBeLessThan EXACT_ENOUGH
                    client.close()
                    server.close()
                    taking.join()
                }
            }
        }

        test("a sender of large messages waits long before it has as many unsent as of small ones") {
            withEngine(workers = 1) {
                val pair = pair()
                val body = ByteArray(60_000)
                withContext(pair.client.home.dispatcher) {
                    val taking = launch { for (m in pair.server.incoming) m.release() }
                    var unsentMax = 0
                    repeat(1_000) {
                        val message = pair.client.message().operation(MessageOperation.SIGNAL)
                        message.body().append(body)
                        pair.client.send(message.channel(pair.here))
                        unsentMax = maxOf(unsentMax, checkNotNull(pair.client.metrics(pair.here)).messagesQueued)
                    }
                    // 128 KiB, and the one that went beyond.
                    unsentMax shouldBeLessThan 4
                    pair.client.close()
                    pair.server.close()
                    taking.join()
                }
            }
        }

        test("a stream of large messages allocates nothing, also when many grown ones are in the pool already") {
            withEngine(workers = 1, config = EngineConfig(poolKeptBytesMax = 1_000_000)) {
                val pair = pair()
                val body = ByteArray(60_000)
                coroutineScope {
                    val taking = launch { for (m in pair.server.incoming) m.release() }
                    List(64) { pair.client.message().also { m -> m.body().append(body) } }.forEach(Message::release)
                    leastAllocatedBytesOfEach(2_000, EXACT_ENOUGH) {
                        val message = pair.client.message().operation(MessageOperation.SIGNAL)
                        message.body().append(body)
                        pair.client.send(message.channel(pair.here))
                    } shouldBeLessThan EXACT_ENOUGH
                    pair.client.close()
                    pair.server.close()
                    taking.join()
                }
            }
        }

        test("messages that were received and given back are all in the pool again") {
            withEngine(workers = 1, config = EngineConfig(poolInitial = 8, poolMax = 8)) {
                val pair = pair()
                repeat(100) {
                    pair.client.send(pair.client.signal(pair.here, "$it"))
                    var message = pair.server.next()
                    while (message.isFromEngine) message = pair.server.next()
                    message.release()
                }
                withContext(pair.server.home.dispatcher) {
                    pair.server.pooledHere() shouldBe 8
                    pair.server.missingHere() shouldBe 0
                }
            }
        }
    })

private val BODY = ByteArray(64) { it.toByte() }
private const val EXACT_ENOUGH = 8L // half of the smallest object

private fun Message.answer() = if (role() == MessageRole.REQUEST) toResponse().also { it.body().append(BODY) } else this

/** What became of one message, by its number. */
private class Fates {
    val received = ConcurrentHashMap<Long, AtomicInteger>()
    val returned = ConcurrentHashMap<Long, AtomicInteger>()

    fun count(
        map: ConcurrentHashMap<Long, AtomicInteger>,
        number: Long,
    ) = map.computeIfAbsent(number) { AtomicInteger() }.incrementAndGet()
}

// Both sides send numbered messages on every channel, and one of them, by chance, kills the channel in between.
private fun killAtRandom(
    seed: Long,
    channels: Int,
    messages: Int,
) = withEngine(config = EngineConfig(features = ChannelFeatures(receipts = true))) {
    KillTrial(engine, Random(seed), channels, messages).run()
}

private class KillTrial(
    engine: MessageEngine,
    private val random: Random,
    private val channels: Int,
    private val messages: Int,
) {
    private val fates = Fates()
    private val sent = ConcurrentHashMap.newKeySet<Long>()
    private val server = engine.create(worker = 0)
    private val client = engine.create(worker = 1, placement = ChannelPlacement.SPREAD)
    private var endedAtServer = 0
    private var endedAtClient = 0

    suspend fun run() {
        val address = server.listen("tcp|127.0.0.1|0").address.toString()
        coroutineScope {
            launch(server.home.dispatcher) { serve() }
            launch(client.home.dispatcher) {
                while (endedAtClient < channels) if (settle(client.next("the end of a channel"))) endedAtClient++
            }
            launch(client.home.dispatcher) { connectAll(address) }
        }
        collectLate()
        for (number in sent) {
            val received = fates.received[number]?.get() ?: 0
            val returned = fates.returned[number]?.get() ?: 0
            check(
                received + returned == 1,
            ) { "message $number was received $received times and came back $returned times" }
        }
        println("sent=${sent.size} received=${fates.received.size} returned=${fates.returned.size}")
        (fates.received.keys + fates.returned.keys) shouldBe sent
        check(fates.received.isNotEmpty() && fates.returned.isNotEmpty())
    }

    private suspend fun CoroutineScope.serve() {
        while (endedAtServer < channels) {
            val message = server.next("the end of a channel")
            if (message.operation() == MessageOperation.HELLO_REQUEST && !message.isFromEngine) {
                val channel = message.channel()
                val number = checkNotNull(message.headers().first("number")).toLong()
                val killAt = checkNotNull(message.headers().first("kill")).toInt()
                server.accept(message)
                launch { speak(server, channel, (2 * number + 1) * STEP, killAt) }
            } else if (settle(message)) {
                endedAtServer++
            }
        }
    }

    private suspend fun connectAll(address: String) {
        val plans = List(channels) { random.nextBoolean() to random.nextInt(0, messages) }
        plans.withIndex().chunked(AT_ONCE).forEach { some ->
            coroutineScope {
                for ((number, plan) in some) launch { talk(address, number.toLong(), plan.first, plan.second) }
            }
        }
    }

    private suspend fun talk(
        address: String,
        number: Long,
        isKiller: Boolean,
        killAt: Int,
    ) {
        val channel =
            client.connect(address) {
                it.headers().append("number", "$number").append("kill", "${if (isKiller) messages else killAt}")
            }
        speak(client, channel, 2 * number * STEP, if (isKiller) killAt else messages)
    }

    private suspend fun speak(
        group: Group,
        channel: Int,
        first: Long,
        killAt: Int,
    ) {
        for (n in 0 until messages) {
            if (n == killAt) group.close(channel)
            val message = group.message().operation(MessageOperation.SIGNAL).channel(channel)
            message.body().appendLong(first + n)
            try {
                group.send(message)
                sent += first + n
            } catch (_: InvalidMessageException) {
                message.release() // The channel is gone, and the program knows: nothing was sent.
            }
        }
    }

    /** Notes what became of a message; true for the word of a channel's end. */
    private fun settle(message: Message): Boolean {
        val isEnd = message.isEndOfChannel
        if (!isEnd && message.body().size() == Long.SIZE_BYTES) {
            val map = if (message.isFromEngine) fates.returned else fates.received
            fates.count(map, message.body().getLong(0))
        }
        message.release()
        return isEnd
    }

    // One that was on its way to its channel's worker when the channel ended comes back behind the word of the end.
    private suspend fun collectLate() {
        var misses = 0
        while (fates.received.size + fates.returned.size < sent.size && misses++ < MISSES_MAX) {
            for (group in listOf(client, server)) settle(group.receive(10.milliseconds) ?: continue)
        }
    }
}

private const val STEP = 1_000L
private const val AT_ONCE = 50
private const val MISSES_MAX = 1_000
