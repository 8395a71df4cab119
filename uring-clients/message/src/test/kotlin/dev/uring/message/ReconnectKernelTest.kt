package dev.uring.message

import dev.uring.base.ConfigException
import dev.uring.dns.ResolverConfig
import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageStatus
import dev.uring.message.codec.PoolStrategy
import dev.uring.message.codec.encode
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.future.await
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.net.Socket
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** Channels that are opened again: what becomes of their messages, by each rule, and what the programs hear. */
class ReconnectKernelTest :
    FunSpec({
        needsKernel()

        test("pauses double up to the longest, and each is cut by chance by up to a half") {
            val backoff = Backoff(10.milliseconds, 70.milliseconds, Random(1))
            for (millis in listOf(10L, 20L, 40L, 70L, 70L)) {
                val nanos = backoff.nextNanos()
                check(nanos in millis * 500_000..millis * 1_000_000) { "$nanos ns instead of $millis ms" }
            }
            backoff.reset()
            check(backoff.nextNanos() <= 10_000_000)

            fun first(seed: Int) = Backoff(1.seconds, 1.seconds, Random(seed)).nextNanos()
            first(1) shouldBe first(1)
            (first(1) == first(2)) shouldBe false
        }

        test("settings that make no sense are refused by name") {
            shouldThrow<ConfigException> { Reconnect(delayMin = Duration.ZERO) }.message shouldContain "delayMin=0s"
            shouldThrow<ConfigException> { Reconnect(delayMax = 1.milliseconds) }.message shouldContain "delayMax=1ms"
            shouldThrow<ConfigException> { Reconnect(attemptsMax = 0) }.message shouldContain "attemptsMax=0"
            shouldThrow<ConfigException> { Resume(timeout = Duration.INFINITE) }.message shouldContain "timeout="
            shouldThrow<ConfigException> { Resume(awayMax = 0) }.message shouldContain "awayMax=0"
        }

        test("a server that is started again finds its peers back, with what they have sent meanwhile") {
            val path = "uds|${tempdir().resolve("server").path}"
            withEngine(config = EngineConfig(reconnect = QUICK)) {
                val client = engine.create()
                var server = engine.create()
                val pair = connected(client, server, server.listen(path).let { path })
                engine.destroy(server).await()
                val lost = client.next("the word of the loss")
                lost.isConnectionLost shouldBe true
                lost.isEndOfChannel shouldBe false
                lost.channel() shouldBe pair.here
                lost.status() shouldBe MessageStatus.PEER_DISCONNECTED
                lost.operation() shouldBe MessageOperation.SIGNAL
                repeat(3) { client.send(client.signal(pair.here, "$it")) }
                client.send(client.signal(pair.here, "first").oob(true))
                client.metrics(pair.here)!!.messagesQueued shouldBe 4
                server = engine.create()
                val onWire = ArrayList<String>()
                val isAll = CompletableDeferred<Unit>()
                server.onBorrowed { _, message ->
                    onWire += message.body().toUtf8()
                    if (onWire.size == 4) isAll.complete(Unit)
                    true
                }
                server.listen(path)
                val hello = server.next("the hello request")
                hello.headers().first("~connect_to") shouldBe path
                hello.headers().first("~uring") shouldBe null
                server.send(hello.toResponse().also { it.headers().append("epoch", "2") })
                withTimeout(PATIENCE) { isAll.await() }
                onWire shouldBe listOf("first", "0", "1", "2")
                val back = client.next("the word of the return")
                back.isConnectionBack shouldBe true
                back.isFromEngine shouldBe true
                back.channel() shouldBe pair.here
                back.status() shouldBe MessageStatus.SUCCESS
                back.headers().first("epoch") shouldBe "2"
                client.metrics(pair.here)!!.connections shouldBe 2
                client.receive(Duration.ZERO) shouldBe null
            }
        }

        test("a server that comes late is waited for") {
            val path = "uds|${tempdir().resolve("server").path}"
            withEngine(config = EngineConfig(reconnect = QUICK)) {
                coroutineScope {
                    val client = engine.create()
                    val connecting = async { client.connect(path) }
                    while (client.channels().isEmpty()) yield()
                    val server = engine.create()
                    server.listen(path)
                    server.accept(server.next())
                    client.channels() shouldBe setOf(connecting.await())
                }
            }
        }

        test("after the last attempt everything comes back, and then the channel's end") {
            // Pauses that leave a busy machine the time to send what shall come back.
            val settings = QUICK.copy(attemptsMax = 3, delayMin = 500.milliseconds, delayMax = 500.milliseconds)
            withEngine(config = EngineConfig(reconnect = settings)) {
                val pair = pair()
                engine.destroy(pair.server).await()
                pair.client.next().isConnectionLost shouldBe true
                repeat(3) { pair.client.send(pair.client.signal(pair.here, "$it")) }
                repeat(3) {
                    val back = pair.client.nextFromEngine(MessageStatus.CONNECT_FAILED)
                    back.body().toUtf8() shouldBe "$it"
                    back.release()
                }
                val end = pair.client.nextFromEngine(MessageStatus.CHANNEL_CLOSED)
                end.isEndOfChannel shouldBe true
                end.body().toUtf8() shouldContain "given up after attemptsMax=3 attempts to connect in a row: "
                pair.client.channels() shouldBe emptySet()
                val failure =
                    shouldThrow<ChannelFailedException> { engine.create().connect("tcp|127.0.0.1|${closedPort()}") }
                failure.status shouldBe MessageStatus.CONNECT_FAILED
                shouldThrow<ChannelFailedException> { engine.create().connect("tcp|127.0.0.1|0") }.status shouldBe
                    MessageStatus.INVALID_ADDRESS
            }
        }

        test("a name that is none is asked for once") {
            val nobody = InetSocketAddress("127.0.0.1", closedPort())
            val resolver =
                ResolverConfig
                    .builder()
                    .servers(nobody)
                    .attempts(1)
                    .timeout(200.milliseconds)
                    .build()
            val once = Reconnect(delayMin = 1.hours, delayMax = 1.hours)
            withEngine(config = EngineConfig(reconnect = once), resolver = resolver) {
                val group = engine.create()
                val hello = group.message().operation(MessageOperation.HELLO_REQUEST)
                hello.headers().append("~connect_to", "tcp|nobody.test|1")
                group.send(hello)
                group.nextFromEngine(MessageStatus.INVALID_ADDRESS).operation() shouldBe MessageOperation.HELLO_RESPONSE
            }
        }

        test("attempts are counted in a row, and pauses grow in a row: a connection that stood begins both anew") {
            val settings = Reconnect(delayMin = 1.milliseconds, delayMax = 1.hours, attemptsMax = 2)
            withEngine(config = EngineConfig(reconnect = settings)) {
                val server = engine.create()
                val port = server.listen("tcp|127.0.0.1|0").address.port()
                CuttingProxy(port).use { proxy ->
                    val pair = connected(engine.create(), server, proxy.address)
                    // Twenty pauses, each twice as long as the one before, are a quarter of an hour.
                    repeat(20) {
                        proxy.cutAll()
                        pair.client.next().isConnectionLost shouldBe true
                        // The end of the old channel and the new one, in the order that their workers see them.
                        repeat(2) {
                            val heard = server.next()
                            if (heard.operation() == MessageOperation.HELLO_REQUEST) server.accept(heard)
                        }
                        pair.client.next().isConnectionBack shouldBe true
                    }
                }
            }
        }

        test("by the rule NONE all comes back, also what is sent meanwhile") {
            val settings = QUICK.copy(rule = ResendRule.NONE)
            withEngine(config = EngineConfig(reconnect = settings)) {
                val server = engine.create()
                val port = server.listen("tcp|127.0.0.1|0").address.port()
                CuttingProxy(port).use { proxy ->
                    val pair = connected(engine.create(), server, proxy.address)
                    proxy.open(false)
                    pair.client.next().isConnectionLost shouldBe true
                    pair.client.send(pair.client.signal(pair.here, "meanwhile"))
                    val back = pair.client.nextFromEngine(MessageStatus.PEER_DISCONNECTED)
                    back.isConnectionLost shouldBe false
                    back.body().toUtf8() shouldBe "meanwhile"
                    proxy.open(true)
                    server.nextFromEngine(MessageStatus.CHANNEL_CLOSED)
                    server.accept(server.next())
                    pair.client.next().isConnectionBack shouldBe true
                    pair.client.send(back.forResend())
                    server.nextText() shouldBe "meanwhile"
                }
            }
        }

        test("by the rule NONE nothing waits for the next connection") {
            val settings = QUICK.copy(rule = ResendRule.NONE, delayMin = 1.hours, delayMax = 1.hours)
            withEngine(config = EngineConfig(reconnect = settings)) {
                val pair = pair()
                engine.destroy(pair.server).await()
                pair.client.next().isConnectionLost shouldBe true
                pair.client.send(pair.client.signal(pair.here, "meanwhile"))
                val back = pair.client.nextFromEngine(MessageStatus.PEER_DISCONNECTED)
                back.body().toUtf8() shouldBe "meanwhile"
            }
        }

        test("by the rule NONE what waited for the kernel does not go over the next connection") {
            val settings = QUICK.copy(rule = ResendRule.NONE)
            // So much that the messages wait in the channel, and not all in the connection's queue.
            withEngine(config = EngineConfig(reconnect = settings, channelBytesMax = 1L shl 30)) {
                val server = engine.create()
                val port = server.listen("tcp|127.0.0.1|0").address.port()
                CuttingProxy(port).use { proxy ->
                    val pair = connected(engine.create(), server, proxy.address)
                    val body = "x".repeat(60_000)
                    // Nobody receives: the pool there, the sockets, then the channel here fill up.
                    shouldThrow<ChannelFullException> {
                        while (true) pair.client.trySend(pair.client.signal(pair.here, body))
                    }
                    proxy.cutAll()
                    var isBack = false
                    while (!isBack) {
                        val heard = pair.client.receive(1.milliseconds)
                        isBack = heard?.isConnectionBack == true
                        heard?.release()
                        while (true) {
                            val came = server.receive(Duration.ZERO) ?: break
                            if (came.operation() == MessageOperation.HELLO_REQUEST) {
                                server.accept(came)
                            } else {
                                came.channel() shouldBe pair.there
                                came.release()
                            }
                        }
                    }
                    pair.client.send(pair.client.signal(pair.here, "after"))
                    var first = server.next()
                    while (first.channel() == pair.there) first = server.next()
                    first.body().toUtf8() shouldBe "after"
                }
            }
        }

        test("a bye ends the channel for good, from either side") {
            withEngine(config = EngineConfig(reconnect = QUICK)) {
                for (isFromServer in listOf(false, true)) {
                    val pair = pair()
                    val (group, channel) = if (isFromServer) pair.server to pair.there else pair.client to pair.here
                    group.send(group.message().operation(MessageOperation.BYE_SIGNAL).channel(channel))
                    if (isFromServer) pair.client.next().operation() shouldBe MessageOperation.BYE_SIGNAL
                    val end = pair.client.nextFromEngine(MessageStatus.CHANNEL_CLOSED)
                    end.isEndOfChannel shouldBe true
                    pair.client.channels() shouldBe emptySet()
                }
            }
        }

        test("what waits is bounded, can be given up, and comes back when the channel is closed meanwhile") {
            withEngine(workers = 1, config = EngineConfig(reconnect = QUICK, channelMessagesMax = 4)) {
                val pair = pair()
                engine.destroy(pair.server).await()
                pair.client.next().isConnectionLost shouldBe true
                repeat(3) { pair.client.send(pair.client.signal(pair.here, "$it")) }
                coroutineScope {
                    val full = launch { pair.client.send(pair.client.signal(pair.here, "3")) }
                    yield()
                    full.isActive shouldBe true
                    val refused = pair.client.signal(pair.here, "4")
                    shouldThrow<ChannelFullException> { pair.client.trySend(refused) }.message shouldContain
                        "channelMessagesMax=4"
                    refused.release()
                    full.cancelAndJoin()
                }
                pair.client.close(pair.here)
                pair.client.nextFromEngine(MessageStatus.CHANNEL_CLOSED).operation() shouldBe
                    MessageOperation.BYE_SIGNAL
                repeat(4) {
                    pair.client
                        .nextFromEngine(MessageStatus.CHANNEL_CLOSED)
                        .body()
                        .toUtf8() shouldBe "$it"
                }
                pair.client.nextFromEngine(MessageStatus.CHANNEL_CLOSED).isEndOfChannel shouldBe true
                val other = pair(client = engine.create())
                engine.destroy(other.server).await()
                other.client.send(other.client.signal(other.here, "never"))
                engine.destroy(other.client).await()
            }
        }

        test("a plain peer that comes back gets the same hello, and what it had not taken") {
            ServerSocket(0, 2, InetAddress.getLoopbackAddress()).use { listening ->
                withEngine(config = EngineConfig(reconnect = QUICK)) {
                    val group = engine.create()
                    val hello = group.message().operation(MessageOperation.HELLO_REQUEST).id(7)
                    hello.headers().append("~connect_to", "tcp|127.0.0.1|${listening.localPort}")
                    group.send(hello)
                    val first = withContext(Dispatchers.IO) { greet(listening) }
                    group.next().operation() shouldBe MessageOperation.HELLO_RESPONSE
                    val number = group.channels().single()
                    first.second.close()
                    group.next().isConnectionLost shouldBe true
                    group.send(group.signal(number, "hi").id(9))
                    val second = withContext(Dispatchers.IO) { greet(listening) }
                    second.first.toList() shouldBe first.first.toList()
                    group.next().isConnectionBack shouldBe true
                    withContext(Dispatchers.IO) {
                        second.second
                            .getInputStream()
                            .readNBytes(18)[17]
                            .toInt()
                            .toChar() shouldBe 'i'
                    }
                    second.second.close()
                }
            }
        }

        test(
            "a request whose response was lost with its connection is answered by the engine; one that waits is sent",
        ) {
            withEngine(workers = 1, config = EngineConfig(reconnect = QUICK)) {
                val pair = pair()
                coroutineScope {
                    val lost = async { pair.client.request(pair.client.request(pair.here, "lost")) }
                    pair.server.nextText() shouldBe "lost"
                    pair.server.close(pair.there)
                    while (!pair.client.next().isConnectionLost) Unit
                    val later = async { pair.client.request(pair.client.request(pair.here, "later")) }
                    val answer = lost.await()
                    answer.status() shouldBe MessageStatus.COMMUNICATION_FAILED
                    answer.operation() shouldBe MessageOperation.RESPONSE
                    while (pair.server.next().operation() != MessageOperation.HELLO_REQUEST) Unit
                    val asked = pair.server.next()
                    asked.body().toUtf8() shouldBe "later"
                    pair.server.send(echo(asked))
                    later.await().body().toUtf8() shouldBe "later"
                }
            }
        }

        test("exactly once: both programs hear of the break and go on, also when the server has not noticed it") {
            withEngine(config = EngineConfig(reconnect = EXACT, resume = Resume())) {
                val server = engine.create()
                val port = server.listen("tcp|127.0.0.1|0").address.port()
                CuttingProxy(port).use { proxy ->
                    val pair = connected(engine.create(), server, proxy.address)
                    for (round in 0 until 6) {
                        if (round % 2 == 0) proxy.cutAll() else proxy.cutNearSides()
                        pair.client.send(pair.client.signal(pair.here, "c$round"))
                        pair.server.send(pair.server.signal(pair.there, "s$round"))
                        for (
                        (group, text, number) in
                        listOf(
                            Triple(pair.server, "c$round", pair.there),
                            Triple(pair.client, "s$round", pair.here),
                        )
                        ) {
                            val heard = List(3) { group.next() }
                            heard.count { it.isConnectionLost } shouldBe 1
                            heard.count { it.isConnectionBack } shouldBe 1
                            heard.single { !it.isFromEngine }.body().toUtf8() shouldBe text
                            heard.map { it.channel() }.toSet() shouldBe setOf(number)
                        }
                    }
                    pair.server.metrics(pair.there)!!.connections shouldBe 7
                    pair.client.bye(pair.here, pair.server)
                }
            }
        }

        test("exactly once: a server that has lost the channel says so, and what nobody knows comes back") {
            withEngine(workers = 1, config = EngineConfig(reconnect = EXACT, resume = Resume())) {
                val other = MessageEngine(engine.runtime, engine.config)
                val first = other.create()
                CuttingProxy(first.listen("tcp|127.0.0.1|0").address.port()).use { proxy ->
                    val pair = connected(engine.create(), first, proxy.address)
                    // It cannot receive any more, and so confirms nothing.
                    while (first.get(PoolStrategy.POOL_ONLY) != null) Unit
                    coroutineScope {
                        val asked = async { pair.client.request(pair.client.request(pair.here, "unknown")) }
                        yield()
                        pair.client.send(pair.client.signal(pair.here, "unknown too"))
                        proxy.open(false)
                        pair.client.next().isConnectionLost shouldBe true
                        pair.client.send(pair.client.signal(pair.here, "later"))
                        other.close()
                        other.closed().await()
                        val second = engine.create()
                        proxy.port = second.listen("tcp|127.0.0.1|0").address.port()
                        proxy.open(true)
                        second.accept(second.next("the hello request"))
                        second.nextText() shouldBe "later"
                        asked.await().status() shouldBe MessageStatus.COMMUNICATION_FAILED
                        pair.client
                            .nextFromEngine(MessageStatus.COMMUNICATION_FAILED)
                            .body()
                            .toUtf8() shouldBe "unknown too"
                        pair.client.next().isConnectionBack shouldBe true
                    }
                }
            }
        }

        test("exactly once: a peer that stays away for too long has lost its channel, and so has one too many") {
            val config = EngineConfig(reconnect = EXACT, resume = Resume(timeout = 500.milliseconds, awayMax = 1))
            withEngine(workers = 1, config = config) {
                val server = engine.create()
                val port = server.listen("tcp|127.0.0.1|0").address.port()
                CuttingProxy(port).use { proxy ->
                    val pairs = List(2) { connected(engine.create(), server, proxy.address) }
                    // The second time there is room for one again.
                    repeat(2) {
                        proxy.open(false)
                        val reasons = ArrayList<String>()
                        while (reasons.size < 2) {
                            val heard = server.next()
                            if (heard.isEndOfChannel) reasons += heard.body().toUtf8()
                            heard.release()
                        }
                        withClue(reasons) {
                            reasons.count { it == "its peer did not come back within 500ms" } shouldBe 1
                        }
                        engine.sessions.count shouldBe 0
                        pairs.forEach { it.client.next().isConnectionLost shouldBe true }
                        pairs[0].client.send(pairs[0].client.signal(pairs[0].here, "new"))
                        proxy.open(true)
                        // Nothing is sent before the server has answered: it might know how much it has got.
                        repeat(3) {
                            val came = server.next()
                            val isHello = came.operation() == MessageOperation.HELLO_REQUEST
                            if (isHello) server.accept(came) else came.body().toUtf8() shouldBe "new"
                        }
                        // Of what was sent just before a cut nobody may know: then it comes back first.
                        pairs.forEach { while (!it.client.next().isConnectionBack) Unit }
                    }
                }
            }
        }

        test("exactly once: a peer that ends the channel is not waited for") {
            withEngine(config = EngineConfig(reconnect = EXACT, resume = Resume())) {
                val pair = pair()
                engine.destroy(pair.client).await()
                pair.server.nextFromEngine(MessageStatus.CHANNEL_CLOSED).isEndOfChannel shouldBe true
                engine.sessions.count shouldBe 0
            }
        }

        test("what a channel is known by has 32 hexadecimal digits") {
            val id = Sessions.newId()
            Sessions.isId(id) shouldBe true
            for (other in listOf("", "0", id.drop(1), id + "0", "g" + id.drop(1))) Sessions.isId(other) shouldBe false
        }

        test("nobody comes back to a channel with words that are none, or that it has made up") {
            withEngine(config = EngineConfig(resume = Resume())) {
                val group = engine.create()
                val port = group.listen("tcp|127.0.0.1|0").address.port()
                val id = "0123456789abcdef".repeat(2)
                for (words in listOf("resume=$id got=1", "resume=zz got=1", "got=-1", "resume=$id", "elsewhere")) {
                    withContext(Dispatchers.IO) {
                        Socket("127.0.0.1", port).use { socket ->
                            val hello =
                                Message().operation(MessageOperation.HELLO_REQUEST).channel(1).id(5)
                            hello.headers().append("~uring", "receipts $words")
                            socket.getOutputStream().write(hello.encode())
                        }
                    }
                    group.next().operation() shouldBe MessageOperation.HELLO_REQUEST
                    while (!group.next().isEndOfChannel) Unit
                }
            }
        }

        for (rule in ResendRule.entries) {
            test("$rule holds on connections that are cut at random, a thousand times") {
                val seed = System.getProperty("uring.test.seed")?.toLong() ?: System.nanoTime()
                println("$rule: seed=$seed; again with -During.test.seed=$seed")
                withClue("-During.test.seed=$seed") { cutAtRandom(rule, Random(seed)) }
            }
        }

        test("without receipts no message is received twice") {
            val seed = System.getProperty("uring.test.seed")?.toLong() ?: System.nanoTime()
            println("seed=$seed; again with -During.test.seed=$seed")
            withClue("-During.test.seed=$seed") { cutAtRandom(ResendRule.UNSENT, Random(seed), receipts = false) }
        }
    })

private val QUICK = Reconnect(delayMin = 1.milliseconds, delayMax = 5.milliseconds, attemptsMax = 100_000)
private val EXACT = QUICK.copy(rule = ResendRule.EXACTLY_ONCE)

// The hello request that comes over the next connection, which is answered.
private fun greet(listening: ServerSocket): Pair<ByteArray, Socket> {
    val socket = listening.accept()
    val header = socket.getInputStream().readNBytes(16)
    val headers =
        socket.getInputStream().readNBytes((header[12].toInt() and 0xFF shl 8) or (header[13].toInt() and 0xFF))
    val answer = header.copyOf()
    answer[2] = 0x0a
    answer[12] = 0
    answer[13] = 0
    socket.getOutputStream().write(answer)
    return header + headers to socket
}

private suspend fun Group.bye(
    channel: Int,
    server: Group,
) = coroutineScope {
    val parting = async { bye(channel) }
    server.accept(server.next())
    parting.await()
}
